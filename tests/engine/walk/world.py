"""The box of a walk with its people and phones: the real verbs and engine, turned by hand, killed anywhere."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.cast import stage
from tests.engine.walk.judge import Asked, Judge, Sending
from tests.engine.walk.whatsapp import HandedOver, Killed, WhatsApp
from tests.files import pdf
from wabox import crash
from wabox.billing import ledger
from wabox.campaigns import launching
from wabox.contacts import phones, segments, writing
from wabox.db import Tx
from wabox.devices import linking, orders
from wabox.devices import stored as devices
from wabox.engine import page_events
from wabox.engine.expansion import Campaigns, Expansion
from wabox.engine.leaving import Leaving
from wabox.engine.links import Links
from wabox.engine.turns import Turns
from wabox.errors import Refusal
from wabox.media import intake, keeping
from wabox.media.kinds import MEGABYTE
from wabox.media.store import Incoming
from wabox.messages import carrying, chats, claiming, leaving, outbox, template
from wabox.whatsapp.driver import Event, Link

PEOPLE = tuple(f"880171100000{n}" for n in range(1, 5))
SHOPS = tuple(f"880170000000{n}" for n in range(1, 4))
CREDITS = 500
BILL = pdf()
FAST_PLACE = Path("/dev/shm")  # a file in memory, where there is one: nothing here is about disks


class Turned:
    """Takes the wake-ups of a tick, as the workers do; the world gives the turns itself."""

    def __init__(self) -> None:
        self.due: list[int] = []

    def give(self, kind: str, number: int) -> None:
        self.due.append(number)


class World:
    """Everything outside of wabox, and wabox."""

    def __init__(self, sending: Sending) -> None:
        fast = FAST_PLACE if FAST_PLACE.is_dir() else None
        self._place = tempfile.TemporaryDirectory(prefix="wabox-walk-", dir=fast)
        self.stage = stage(Path(self._place.name), sending=sending.settings())
        self.hands, self.box = self.stage.hands, self.stage.box
        self.whatsapp = WhatsApp(self._event, now=self.hands.now)
        self.judge = Judge(self.whatsapp, sending)
        self.whatsapp.asked_for, self.whatsapp.entered = self._judged, lambda: self._point("entered")
        self.violations: list[str] = []
        self.dies_at: str | None = None
        self.boots = 1
        self.slots: list[int | None] = [self.stage.asha.device_id, None, None]
        self.campaigns: list[int] = []
        self.files: list[int] = []
        self._texts = 0
        self._crash_point, crash.point = crash.point, self._point
        self._loop = asyncio.Runner()
        self._rows = sqlite3.connect(self.box.db.path, isolation_level=None)
        self._rows.row_factory = sqlite3.Row
        self.write(self._cast)
        self._start()
        self.link(0, SHOPS[0])

    def close(self) -> None:
        crash.point = self._crash_point
        self._rows.close()
        self._loop.close()
        self.stage.close()
        self._place.cleanup()

    @contextmanager
    def looking(self) -> Iterator[sqlite3.Connection]:
        """The database as it is now, on a connection of which wabox knows nothing."""
        self._rows.execute("begin")
        try:
            yield self._rows
        finally:
            self._rows.execute("rollback")

    # wabox

    def write(self, verb: Any, *args: Any, **more: Any) -> Any:
        """The verb has happened, as if a face had called it."""
        return self.box.db.write_now(verb, *args, **more)

    def value(self, sql: str, **params: Any) -> Any:
        return self.stage.value(sql, **params)

    def works(self) -> None:
        """One tick of the clock with every turn that it gives; what is asked is that none of them raises."""
        given = Turned()
        self._loop.run(self._tick(given))
        for campaign_id in given.due:
            self.expansion.turn(campaign_id)
        self.write(leaving.expire, now=self.hands.now())
        for due in self.box.db.read_here(claiming.devices_due, now=self.hands.now()):
            self.turns.turn(due.device_id)
        self._loop.run(self.links.tick())

    async def _tick(self, given: Turned) -> None:
        await self.links.tick()
        campaigns = Campaigns(self.box, given)  # type: ignore[arg-type]
        await campaigns.tick()
        going = Leaving(self.box)
        await going.tick()
        assert not len(self.links._failed) + len(campaigns._failed) + len(going._failed), "a step failed"

    def dies(self, step: str, *, reboot: bool, unflushed: int, dead: timedelta) -> None:
        """wabox works, is killed at this step or at the end, and is started again after a while."""
        self.dies_at = step
        try:
            self.works()
        except Killed:
            pass
        finally:
            self.dies_at = None
        self.boots += reboot
        self.whatsapp.die(reboot=reboot, unflushed=unflushed)
        self.hands.at += dead
        self._start()

    def _start(self) -> None:
        """Nothing in memory is left of an earlier life."""
        self.turns = Turns(self.box, self.whatsapp, f"boot-{self.boots}")
        self.expansion = Expansion(self.box)
        self.links = Links(self.box, self.whatsapp)
        self.write(linking.all_starting)
        self._loop.run(self.links.begin())

    def _point(self, step: str) -> None:
        if self.dies_at == step:
            raise Killed

    def _event(self, event: Event) -> None:
        if isinstance(event, Link) and event.state == "ready" and event.phone is not None:
            device = self.stage.device(event.device_id)
            if device.wanted and event.session == device.session:
                self.judge.sends_as.setdefault(device.id, event.phone)
        self.write(page_events.verb(event, self.box))

    def _judged(self, attempt: HandedOver) -> None:
        self.judge.took(self.whatsapp.log)
        why = self.judge.why_not(attempt)
        if why is not None:
            self.violations.append(f"{attempt.text!r} was handed over although: {why}")

    # phones

    def device(self, slot: int) -> devices.Device | None:
        """The device in this place, if there is one."""
        number = self.slots[slot]
        return None if number is None else self.stage.device(number)

    def add(self, slot: int) -> None:
        made = self.write(orders.create, self.stage.asha.id, f"phone-{slot}", most=5, now=self.hands.now())
        self.slots[slot] = made.id

    def remove(self, slot: int) -> None:
        number = self.slots[slot]
        assert number is not None
        now = self.hands.now()
        self.write(lambda tx: leaving.device_removed(tx, devices.by_id(tx, number), now=now))
        self.judge.removed.add(number)
        self.slots[slot] = None

    def link(self, slot: int, shop: str) -> None:
        """The device shows a QR, and this phone scans it."""
        number = self.slots[slot]
        assert number is not None
        self.write(lambda tx: orders.start(tx, devices.by_id(tx, number)))
        for _ in range(3):
            self._loop.run(self.links.tick())
        if self.whatsapp.link(number).state == "qr":
            self.whatsapp.scan(number, shop)

    def writes(self, number: int, phone: str, text: str) -> None:
        """A person writes to the device."""
        self.whatsapp.write(number, phone, text)
        self.judge.wrote(self.whatsapp.link(number).phone, phone)

    def goes_on(self, slot: int) -> None:
        """The owner lets the device send from the number that they see there."""
        device = self.device(slot)
        if device is not None and device.linked and device.phone is not None:
            self.write(chats.go_on, device, device.phone, now=self.hands.now())
            self.judge.sends_as[device.id] = device.phone

    # messages

    def file(self) -> int:
        """asha's bill, kept now if it is not here."""
        with Incoming(self.box.media, most_bytes=MEGABYTE) as incoming:
            incoming.write(BILL)
            with intake.taken_here(self.box.db, self.box.media, incoming, "bill.pdf") as examined:
                kept = self.write(
                    keeping.keep,
                    self.stage.asha.id,
                    examined,
                    origin="upload",
                    disk_megabytes=9,
                    now=self.hands.now(),
                )
        self.files.append(kept.media.id)
        found: int = kept.media.id
        return found

    def send(
        self,
        phone: str,
        slot: int,
        *,
        not_before: timedelta | None,
        lasts: timedelta | None,
        with_file: bool = False,
    ) -> None:
        now, text = self.hands.now(), self.next_text()
        asked = Asked(
            phone,
            not_before=None if not_before is None else now + not_before,
            expires_at=None if lasts is None else now + lasts,
            file=BILL if with_file else None,
        )
        self.judge.texts[text] = asked
        self.write(self._accept, slot, text, asked, self.file() if with_file else None)

    def next_text(self) -> str:
        """What no other message of the walk says."""
        self._texts += 1
        return f"single {self._texts}"

    def _accept(self, tx: Tx, slot: int, text: str, asked: Asked, media_id: int | None) -> int:
        number, user_id = self.slots[slot], self.stage.asha.id
        assert number is not None
        carried = None if media_id is None else carrying.carry(tx, user_id, media_id, now=self.hands.now())
        return outbox.accept(
            tx,
            devices.by_id(tx, number),
            phone=asked.phone,
            template=template.parse(text),
            values={},
            now=self.hands.now(),
            scheduled_for=asked.not_before,
            expires_at=asked.expires_at,
            carried=carried,
        )

    def launch(
        self,
        slots: tuple[int, ...] | None,
        *,
        not_before: timedelta | None,
        ending: str = "",
        reads: Sequence[str] = ("",),
    ) -> None:
        """A campaign to everybody, from these devices or from all.

        ending: what its text ends with. reads: how that may read when a message is made.
        """
        number, now = len(self.campaigns), self.hands.now()
        segment = segments.of_tag("people")
        ids = self.box.db.read_here(segments.ids, self.stage.asha.id, segment)
        named = None if slots is None else [one for slot in slots if (one := self.slots[slot]) is not None]
        time = None if not_before is None else now + not_before
        made = self.write(
            launching.create,
            self.stage.asha.id,
            name=f"campaign {number}",
            message=f"campaign {number} {{phone}}{ending}",
            audience=segments.write(segment),
            contact_ids=ids,
            device_ids=named,
            scheduled_for=time,
            now=now,
        )
        self.campaigns.append(made.id)
        self.judge.campaigns[number] = "running"
        for phone in PEOPLE:
            asked = Asked(phone, not_before=time, campaign=number)
            for read in reads:
                self.judge.texts[f"campaign {number} {phone}{read}"] = asked

    def tries(self, verb: Any, *args: Any, **more: Any) -> Any:
        """What the verb answered; None if it refused."""
        try:
            return self.write(verb, self.stage.asha.id, *args, **more, now=self.hands.now())
        except Refusal:
            return None

    def _cast(self, tx: Tx) -> None:
        now = self.hands.now()
        drafts = [writing.Draft(phones.parse(one, country="BD"), name="P", tags=("people",)) for one in PEOPLE]
        writing.bulk(tx, self.stage.asha.id, drafts, now=now)
        ledger.grant(tx, self.stage.asha.id, CREDITS, note="walk", by="test", now=now)
