"""A process whose power goes under load: `python -m tests.power.load DIRECTORY MESSAGES`.

Customers post, some with a file, a campaign is expanded, a phone sends, receipts come; files, stored texts and own
fields are kept and removed, and what arrived is deleted for everyone. DIRECTORY/notes has what the disk got and
what anybody learned. Then the process ends as it stands.
"""

from __future__ import annotations

import asyncio
import base64
import os
import sys
import threading
from pathlib import Path
from typing import Any

import httpx

from tests.cast import Stage, settings, stage
from tests.files import pdf
from tests.power.disk import Recorder
from wabox import app
from wabox.billing import ledger
from wabox.campaigns import launching
from wabox.contacts import phones, writing
from wabox.db import Tx
from wabox.devices import orders
from wabox.devices import stored as devices
from wabox.engine import page_events
from wabox.engine.expansion import Expansion
from wabox.engine.turns import Turns
from wabox.messages import revoking
from wabox.webhooks import endpoints
from wabox.webhooks.targets import Allow
from wabox.whatsapp.driver import Event
from wabox.whatsapp.fake import FakeDriver

ACCEPTED, ENTERED, SENT = "accepted", "entered", "sent"
KEPT, REMOVED, STORED, FILLED, DELETED = "kept", "removed", "stored", "filled", "deleted"
POSTERS = 6
CHORES = 24
PEOPLE = 60
FAST = settings(limits={"send_burst": 100_000, "send_per_second": 10_000})


def main() -> None:
    """Run the load, leave the notes, end."""
    place, messages = Path(sys.argv[1]), int(sys.argv[2])
    disk = Recorder(place / "data" / "wabox.db")
    made = stage(place, **FAST)
    phone = _Phone(made, disk)
    made.box.db.write_now(_shop, made)
    phone.thread.start()
    asyncio.run(_post_all(made, disk, messages))
    phone.over.set()
    phone.thread.join()
    (place / "notes").write_bytes(disk.written())
    os._exit(0)


def _shop(tx: Tx, made: Stage) -> None:
    """asha has credits, a webhook and people."""
    now = made.hands.now()
    ledger.grant(tx, made.asha.id, 1_000_000, note="bKash 8N7A6D5", by="admin", now=now)
    endpoints.put(
        tx,
        made.asha.id,
        url="https://shop.example/wa",
        events=endpoints.EVENTS,
        allow=Allow(),
        seal=made.box.seal,
        now=now,
    )
    people = [writing.Draft(phones.parse(f"88017110{n:05d}", country="BD")) for n in range(PEOPLE)]
    writing.bulk(tx, made.asha.id, people, now=now)


class _Phone:
    """asha's phone, linked: it sends what is due, with receipts, until it is over and nothing is left."""

    def __init__(self, made: Stage, disk: Recorder) -> None:
        self.made, self.disk = made, disk
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._work, daemon=True)  # it must not outlive a load that broke
        self.driver = FakeDriver(self._hear, now=made.hands.now)
        self.driver.before_hand_over = lambda _, wa_id: disk.told(ENTERED, number_of(wa_id))
        made.box.db.write_now(lambda tx: orders.start(tx, devices.by_id(tx, made.asha.device_id)))
        self.driver.open(made.device().spec)
        self.driver.scan(made.asha.device_id, "8801700000009")

    def _hear(self, event: Event) -> None:
        self.made.box.db.write_now(page_events.verb(event, self.made.box))

    def _work(self) -> None:
        turns = Turns(self.made.box, self.driver, "boot-1")
        sent = 0
        while True:
            last = self.over.is_set()
            turns.turn(self.made.asha.device_id)
            new = list(self.driver.taken)[sent:]
            for wa_id in new:
                self.disk.told(SENT, number_of(wa_id))
                self.driver.ack(self.made.asha.device_id, wa_id, 2 + sent % 2)
                sent += 1
                if sent % 10 == 0:
                    self._delete(wa_id)
            self.made.hands.forward(seconds=1)
            if last and not new:
                return

    def _delete(self, wa_id: str) -> None:
        """asha deletes it for everyone."""
        box, user_id = self.made.box, self.made.asha.id
        job_id = self.made.value("select id from messages where wa_message_id = :id", id=wa_id)
        box.db.write_now(revoking.ask, user_id, job_id, now=self.made.hands.now())
        self.disk.told(DELETED, job_id)


def number_of(wa_message_id: str) -> int:
    """WhatsApp's id as a number."""
    return int(wa_message_id[4:16], 16)


async def _post_all(made: Stage, disk: Recorder, messages: int) -> None:
    transport = httpx.ASGITransport(app.create(made.box))  # type: ignore[arg-type]
    base, headers = "http://testserver.local/api/v1", {"X-API-Key": made.asha.key}
    async with httpx.AsyncClient(transport=transport, base_url=base, headers=headers) as client:
        posters = (_post(client, disk, poster, messages // POSTERS) for poster in range(POSTERS))
        await asyncio.gather(*posters, _keep_house(client, disk), asyncio.to_thread(_campaign, made))


async def _post(client: httpx.AsyncClient, disk: Recorder, poster: int, count: int) -> None:
    for number in range(count):
        body: dict[str, Any] = {
            "phone": f"88017120{poster}{number:04d}",
            "message": f"Hello {number} " + "x" * (37 * number % 200),
        }
        if number % 5 == 0:
            content = base64.b64encode(pdf(f"{poster} {number}")).decode()
            body["media"] = {"base64": content, "filename": "bill.pdf"}
        answer = await client.post("/send", json=body, headers={"Idempotency-Key": f"{poster} {number}"})
        assert answer.status_code == 202, answer.text
        disk.told(ACCEPTED, answer.json()["job_id"])


async def _keep_house(client: httpx.AsyncClient, disk: Recorder) -> None:
    """Files, stored texts and own fields come; every third file goes again."""
    for number in range(CHORES):
        files = {"file": ("list.pdf", pdf(f"list {number}"), "application/pdf")}
        media_id = (await _done(client, "POST", "/media", files=files)).json()["media_id"]
        disk.told(KEPT, media_id)
        text = {"name": f"Text {number}", "message": "From {city:us}", "media": {"id": media_id}}
        if number % 3:
            disk.told(STORED, (await _done(client, "POST", "/templates", json=text)).json()["id"])
        else:
            await _done(client, "DELETE", f"/media/{media_id}")
            disk.told(REMOVED, media_id)
        contact = {"phone": f"880171300{number:04d}", "fields": {"city": "Dhaka", "due": number}}
        disk.told(FILLED, (await _done(client, "POST", "/contacts", json=contact)).json()["id"])


async def _done(client: httpx.AsyncClient, method: str, path: str, **more: Any) -> httpx.Response:
    answer = await client.request(method, path, **more)
    assert answer.status_code < 300, answer.text
    return answer


def _campaign(made: Stage) -> None:
    now = made.hands.now()
    ids = made.box.db.read_here(
        lambda rows: [row["id"] for row in rows.all("select id from contacts order by id")]
    )
    created = made.box.db.write_now(
        launching.create,
        made.asha.id,
        name="Eid sale",
        message="Hello {name:friend}!",
        audience="{}",
        contact_ids=ids,
        device_ids=None,
        scheduled_for=None,
        now=now,
    )
    Expansion(made.box).turn(created.id)


if __name__ == "__main__":
    main()
