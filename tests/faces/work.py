"""asha's people, campaigns and talks; `python -m tests.faces.work` serves them on the port given."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from pathlib import Path

import uvicorn

from tests.cast import Person, Stage, stage
from tests.faces.scene import PASSWORD, SECTIONS, dress
from wabox import app, times
from wabox.billing import ledger
from wabox.campaigns import control, expansion, launching, repeating, replies, running
from wabox.campaigns.occasions import Occasion
from wabox.campaigns.repeating import Wanted
from wabox.contacts import own, segments, writing
from wabox.contacts.segments import Segment
from wabox.contacts.stored import Consent
from wabox.db import Tx
from wabox.devices import stored as devices
from wabox.messages import answers, handing, outbox, stored
from wabox.whatsapp.driver import Attached, Inbound

NAMES = (
    "Rina Akter",
    "মোহাম্মদ রহিম উদ্দিন",
    "Karim & Sons",
    "শিরিন সুলতানা",
    "Abdul Hannan Chowdhury of the Riverside Cloth House",
    "Tania",
    "Jamal Uddin",
    "নাসরিন আক্তার",
)
TAGS = (("VIP", "Dhaka"), ("নতুন",), ("Dhaka",), ("VIP",), ("wholesale", "Dhaka"), ())
OFFER = "{Hi|Hello} {name:friend}! Eid sale: 20 % off all saris until Friday. {custom}\nWrite STOP to get no more."


@dataclass(slots=True)
class Work:
    """Ids of asha's things. contacts: in the order they were made."""

    contacts: list[int]
    running: int
    paused: int
    done: int
    planned: int


def busy(made: Stage, *, people: int = 60) -> Work:
    """Sixty contacts, four campaigns, five talks."""
    write = made.box.db.write_now
    ids = write(_people, made, made.asha, people)
    write(_people, made, made.bilal, 3)
    done = _campaign(made, "Winter saris are here", Segment(tags_any=("VIP",)))
    _run(made, done, sent=19, failed=1)
    made.box.db.write_now(running.finish, now=made.hands.now())
    paused = _campaign(made, "আবার দেখা হোক", Segment(tags_any=("নতুন",)))
    _run(made, paused, sent=3, failed=1)
    write(control.pause, made.asha.id, paused, now=made.hands.now())
    current = _campaign(made, "Eid sale, all customers", Segment())
    _run(made, current, sent=21, failed=2)
    planned = _campaign(made, "Friday reminder", Segment(tags_any=("Dhaka",)), later=timedelta(days=2))
    write(_birthdays, made)
    for number, (phone, name, text) in enumerate(TALKS):
        at = made.hands.now() - timedelta(minutes=50 - 9 * number)
        event = Inbound(made.asha.device_id, 1, f"false_{number}", f"{phone}@c.us", phone, name, text, "chat", at)
        event = replace(event, media=SENT.get(number))
        write(replies.hear, event, now=at)
    return Work(ids, current, paused, done, planned)


def _birthdays(tx: Tx, made: Stage) -> None:
    """asha wishes everybody a happy birthday, three days early."""
    field = own.of_user(tx, made.asha.id, "birthday")
    occasion = Occasion("date", time(10), (), field.id, 3)
    wanted = Wanted("Birthdays, three days before", OFFER, "{}", occasion)
    repeating.add(tx, made.asha.id, wanted, config=made.box.config, now=made.hands.now())


TALKS = (
    ("8801711300001", "Rina Akter", "Is the blue one still there?"),
    ("8801711300002", None, "কাল কি দোকান খোলা?"),
    (
        "8801711300001",
        "Rina Akter",
        "And what about the red one? I would come by tomorrow after five, if you keep it.",
    ),
    ("8801999000111", "Somebody new", "Hello, do you deliver to Sylhet?"),
    ("8801711300005", "Tania", "please stop sending me this"),
    ("8801711300006", "Jamal", "STOP"),
)


# What came with some of them.
SENT = {
    0: Attached("image", "image/jpeg", None, 182_000),
    2: Attached("document", "application/pdf", "The order of Rina Akter, in all sizes and colours.pdf", 2_400_000),
    3: Attached("voice", "audio/ogg", None, 9_000, 12),
}


OWN: tuple[dict[str, str | int | float | None], ...] = (
    {"place": "ঢাকা", "due": 1250, "birthday": "1990-04-25"},
    {},
    {"place": "Chattogram, Agrabad Commercial Area, behind the old post office", "due": 0},
)


def _people(tx: Tx, made: Stage, person: Person, count: int) -> list[int]:
    now = made.hands.now()
    own.create(tx, person.id, name="due", kind="number", display="money", currency="BDT", now=now)
    own.create(tx, person.id, name="birthday", kind="date", currency="BDT", now=now)
    found = []
    for number in range(count):
        agreed = Consent("order", now - timedelta(days=number), "asha@example.com", f"order {2400 + number}")
        contact, _ = writing.upsert(
            tx,
            person.id,
            phone=f"88017113{number:05d}",
            name=NAMES[number % len(NAMES)] if number % 9 else None,
            custom="Your last order: blue jamdani." if number % 4 == 0 else None,
            tags=TAGS[number % len(TAGS)],
            consent=agreed if number % 3 else None,
            fields=OWN[number % len(OWN)],
            now=now,
        )
        found.append(contact.id)
    return found


def _campaign(made: Stage, name: str, segment: Segment, *, later: timedelta | None = None) -> int:
    now = made.hands.now()
    ids = made.box.db.read_here(segments.ids, made.asha.id, segment)
    created = made.box.db.write_now(
        launching.create,
        made.asha.id,
        name=name,
        message=OFFER,
        audience=segments.write(segment),
        contact_ids=ids,
        device_ids=None,
        scheduled_for=None if later is None else now + later,
        now=now - timedelta(minutes=20),
    )
    while later is None:
        part = made.box.db.read_here(expansion.prepare, created.id, require_consent=False, now=now)
        if part is None:
            break
        made.box.db.write_now(expansion.write, part, now=now)
    return created.id


def _run(made: Stage, campaign_id: int, *, sent: int, failed: int) -> None:
    """The first of its messages go."""

    def verb(tx: Tx) -> None:
        rows = tx.all(
            "select id from messages where campaign_id = :id and status = 'queued' order by id limit :n",
            id=campaign_id,
            n=sent + failed,
        )
        now = made.hands.now()
        for number, row in enumerate(rows):
            if number < failed:
                outbox.fail(tx, stored.by_id(tx, row["id"]), "not_on_whatsapp", now=now)
            else:
                _hand_over(tx, row["id"], number % 3 + 1, now - timedelta(minutes=14) + timedelta(seconds=number))
        tx.run("update devices set next_send_at = :now", now=times.stored(now))  # the pause after the last is over

    made.box.db.write_now(verb)


def _hand_over(tx: Tx, message_id: int, ack: int, at: datetime) -> None:
    handing.claim(tx, message_id, now=at)
    message = stored.by_id(tx, message_id)
    chat = f"{message.phone}@c.us"
    armed = handing.armed(tx, message, chat_id=chat, other_chat_ids=(), machine_boot="boot", now=at)
    for step in range(1, ack + 1):
        answers.receipt(tx, armed.wa_message_id or "", step, at=at, next_send_at=at)


def limited(made: Stage, credits: int = 500) -> None:
    """asha's account has credits, and spends them."""

    def verb(tx: Tx) -> None:
        ledger.grant(tx, made.asha.id, credits, note="bKash 8N7A6D5", by="admin", now=made.hands.now())
        devices.by_id(tx, made.asha.device_id)

    made.box.db.write_now(verb)


def main() -> None:
    """Serve it, for looking at it."""
    with tempfile.TemporaryDirectory() as place:
        made = stage(Path(place), **SECTIONS)
        dress(made)
        if "limited" in sys.argv:
            limited(made)
        if "empty" not in sys.argv:
            busy(made)
        sys.stderr.write(f"asha@example.com / {PASSWORD}\n")
        web = uvicorn.Config(app.create(made.box), port=int(sys.argv[1]), lifespan="off")
        asyncio.run(uvicorn.Server(web).serve())
        made.close()


if __name__ == "__main__":
    main()
