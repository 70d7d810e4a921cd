"""A shop's busy day for asha, so that pages have something to show; `python -m tests.faces.scene` serves it."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn

from tests.cast import Person, Stage, stage
from wabox import app
from wabox.accounts import passwords, users
from wabox.db import Tx
from wabox.devices import limits, linking, orders
from wabox.devices import stored as devices
from wabox.messages import answers, handing, outbox, stored, template
from wabox.webhooks import endpoints
from wabox.webhooks.targets import Allow
from wabox.whatsapp.driver import Link, Pairing

if TYPE_CHECKING:
    from tests.faces.work import Work

PASSWORD = "four tall palms by a river"
SECTIONS: dict[str, dict[str, Any]] = {
    "sending": {
        "gap_seconds": [8, 20],
        "quiet_hours": ["21:00", "08:00"],
        "daily_cap": 250,
        "hourly_cap": 60,
        "new_chats_per_day": 10,
        "warmup": True,
    }
}
TEXTS = (
    "Assalamu alaikum {name:friend}! Your order #2417 is packed and leaves with the 5 o'clock courier.",
    "আপনার অর্ডারটি আজ বিকেলে পৌঁছে যাবে। ধন্যবাদ, রহিম স্টোর।",
    "{Hi|Hello}! The sari you asked about is back in stock. Shall we keep one for you?",
    "Your code is 482913. It is good for ten minutes.",
    "Payment of 1,250 taka received. Thank you!",
)


@dataclass(slots=True)
class Scene:
    """asha's box on that day. ids: messages by what became of them. work: what she did besides, if she did."""

    stage: Stage
    ids: dict[str, int]
    work: Work | None = None


def dress(made: Stage) -> Scene:
    """Two phones, messages in every state, a webhook with a past."""
    write = made.box.db.write_now
    for person in (made.asha, made.bilal):
        write(users.set_password, person.id, password_hash())
    write(_link, made, made.asha.device_id)
    made.hands.forward(days=3)
    write(_webhook, made)
    ids = write(_messages, made)
    write(_second_phone, made)
    write(_posts, made)
    return Scene(made, ids)


_hashes: dict[object, str] = {}


def password_hash() -> str:
    """The hash of everybody's password, made once for each strength."""
    strength = passwords._HASHER
    if strength not in _hashes:
        _hashes[strength] = passwords.hashed(PASSWORD)
    return _hashes[strength]


def _link(tx: Tx, made: Stage, device_id: int) -> None:
    number = orders.start(tx, devices.by_id(tx, device_id)).session
    link = Link(device_id, number, "ready", phone="8801711123456", pushname="Rahim Store", synced=True)
    linking.saw(tx, link, now=made.hands.now())


def _second_phone(tx: Tx, made: Stage) -> None:
    now = made.hands.now()
    sales = orders.start(tx, orders.create(tx, made.asha.id, "sales", most=5, now=now))
    link = Link(sales.id, sales.session, "qr", qr="2@kJ7f,Zm9v,YmFy,cXV4,1")
    linking.saw(tx, link, now=now - timedelta(seconds=7))


def _messages(tx: Tx, made: Stage) -> dict[str, int]:
    now = made.hands.now()
    ids: dict[str, int] = {}
    for number in range(14):
        message = _message(tx, made, made.asha, number, now - timedelta(minutes=95 - 6 * number))
        _send(tx, message, now - timedelta(minutes=94 - 6 * number), ack=1 + number % 3)
        ids["sent"] = message.id
    for error in ("not_on_whatsapp", "refused"):
        message = _message(tx, made, made.asha, 20, now - timedelta(minutes=9))
        outbox.fail(tx, message, error, now=now - timedelta(minutes=8))
        ids["failed"] = message.id
    message = _message(tx, made, made.asha, 3, now - timedelta(minutes=7))
    handing.claim(tx, message.id, now=now)
    outbox.lose(tx, stored.by_id(tx, message.id), "no_answer", now=now)
    ids["unknown"] = message.id
    message = _message(tx, made, made.asha, 4, now - timedelta(minutes=6))
    outbox.cancel(tx, message, now=now)
    ids["cancelled"] = message.id
    for number in range(12):
        ids["queued"] = _message(tx, made, made.asha, number, now - timedelta(minutes=2)).id
    ids["new"] = _message(tx, made, made.asha, 30, now - timedelta(minutes=1)).id
    later = now + timedelta(days=1, hours=3)
    ids["scheduled"] = _message(tx, made, made.asha, 1, now, scheduled_for=later).id
    ids["bilal"] = _message(tx, made, made.bilal, 1, now).id
    limits.rest(tx, made.asha.device_id, now + timedelta(seconds=14))
    return ids


def _message(tx: Tx, made: Stage, person: Person, number: int, at: datetime, **more: Any) -> stored.Message:
    device = devices.by_id(tx, person.device_id)
    text = template.parse(TEXTS[number % len(TEXTS)])
    phone = f"88017112{number:05d}"
    job_id = outbox.accept(tx, device, phone=phone, template=text, values={"phone": phone}, now=at, **more)
    return stored.by_id(tx, job_id)


def _send(tx: Tx, message: stored.Message, at: datetime, *, ack: int) -> None:
    handing.claim(tx, message.id, now=at)
    chat = f"{message.phone}@c.us"
    armed = handing.armed(
        tx,
        stored.by_id(tx, message.id),
        chat_id=chat,
        other_chat_ids=(),
        machine_boot="boot",
        now=at + timedelta(seconds=1),
    )
    assert armed.wa_message_id is not None
    for step in range(1, ack + 1):
        seen = at + timedelta(seconds=1 + 3 * step)
        answers.receipt(tx, armed.wa_message_id, step, at=seen, next_send_at=seen)


def _webhook(tx: Tx, made: Stage) -> None:
    endpoints.put(
        tx,
        made.asha.id,
        url="https://shop.example.com/wa-events",
        events=["delivery.sent", "delivery.failed", "delivery.skipped", "delivery.unknown"],
        allow=Allow(),
        seal=made.box.seal,
        now=made.hands.now(),
    )


def _posts(tx: Tx, made: Stage) -> None:
    """Most posts arrived; one was given up; the rest are still owed."""
    now = made.hands.now()
    owed = [
        row["id"] for row in tx.all("select id from deliveries where user_id = :id order by id", id=made.asha.id)
    ]
    for number, delivery_id in enumerate(owed[:-2]):
        tx.run(
            """insert into delivery_attempts (user_id, delivery_id, at, status, error, milliseconds)
               values (:user_id, :id, :at, :status, :error, :ms)""",
            user_id=made.asha.id,
            id=delivery_id,
            at=now.isoformat(timespec="microseconds"),
            status=200 if number else None,
            error=None if number else "The connection was refused.",
            ms=84 + number,
        )
        tx.run(
            """update deliveries set status = :status, attempts = 1, last_at = :at, last_status = :answer,
               last_error = :error, last_excerpt = :excerpt where id = :id""",
            status="delivered" if number else "parked",
            at=now.isoformat(timespec="microseconds"),
            answer=200 if number else None,
            error=None if number else "The connection was refused.",
            excerpt="ok" if number else None,
            id=delivery_id,
        )


def pairing_code(made: Stage) -> None:
    """asha's second phone has got a code."""

    def verb(tx: Tx) -> None:
        sales = devices.by_label(tx, made.asha.id, "sales")
        orders.ask_pairing_code(tx, sales, "8801911222333")
        orders.command_done(tx, devices.by_id(tx, sales.id))
        until = made.hands.now() + timedelta(minutes=3)
        linking.paired(tx, Pairing(sales.id, sales.session, code="K7QX9M2P", reason=None, expires_at=until))

    made.box.db.write_now(verb)


def main() -> None:
    """Serve the scene on the port given, for looking at it."""
    with tempfile.TemporaryDirectory() as place:
        made = stage(Path(place), **SECTIONS)
        dress(made)
        sys.stderr.write(f"asha@example.com / {PASSWORD}\n")
        asyncio.run(
            uvicorn.Server(uvicorn.Config(app.create(made.box), port=int(sys.argv[1]), lifespan="off")).serve()
        )
        made.close()


if __name__ == "__main__":
    main()
