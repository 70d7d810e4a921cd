"""Short walks: few things may happen, each as likely as the others, so that a fault is met within seconds."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.engine.walk.rules import CALM, CAPPED, Box
from tests.engine.walk.world import PEOPLE, SHOPS
from wabox.campaigns import control
from wabox.media import intake, keeping
from wabox.whatsapp.driver import Timelock


class Short(Box):
    """deeds: what may happen, by the methods' names."""

    sendings = (CALM,)
    deeds: tuple[str, ...] = ()

    @rule(which=st.integers(0, 11))
    def happens(self, which: int) -> None:
        getattr(self, self.deeds[which % len(self.deeds)])()

    def second_phone_comes(self) -> None:
        if self.world.slots[1] is None:
            self.world.add(1)
            self.world.link(1, SHOPS[1])


class Rooms(Short):
    """A campaign whose phone is deleted."""

    deeds = ("second_phone_comes", "launches", "second_phone_is_deleted", "work")

    def launches(self) -> None:
        if self.world.slots[1] is not None:
            self.world.launch((1,), not_before=None)

    def second_phone_is_deleted(self) -> None:
        if self.world.slots[1] is not None:
            self.world.remove(1)


class Chats(Short):
    """A campaign whose second phone, which everybody knows, is lost."""

    sendings = (CAPPED,)
    deeds = ("known_phone_comes", "launches", "known_phone_is_lost", "works_for_half_a_minute")

    def known_phone_comes(self) -> None:
        self.second_phone_comes()
        number = self.world.slots[1]
        assert number is not None
        for phone in PEOPLE:
            self.world.writes(number, phone, "hello")

    def launches(self) -> None:
        """And its messages are made, one of them sent."""
        self.world.launch(None, not_before=None)
        self.work()

    def known_phone_is_lost(self) -> None:
        """And what it had is given to the first."""
        number = self.world.slots[1]
        if number is not None and self.world.campaigns:
            self.world.whatsapp.unlink(number)
            self.world.tries(control.redispatch, self.world.campaigns[-1])

    def works_for_half_a_minute(self) -> None:
        for _ in range(3):
            self.work()
            self.world.hands.at += timedelta(seconds=10)


class Numbers(Short):
    """A phone in whose place another number is linked."""

    deeds = ("sends", "other_number_is_linked", "owner_lets_it_go_on", "work")

    def sends(self) -> None:
        self.world.send(PEOPLE[0], 0, not_before=None, lasts=None)

    def other_number_is_linked(self) -> None:
        """By its phone, which has unlinked the one before."""
        number = self.world.slots[0]
        assert number is not None
        was = self.world.whatsapp.link(number).phone
        self.world.whatsapp.unlink(number)
        self.world.link(0, SHOPS[1] if was == SHOPS[0] else SHOPS[0])

    def owner_lets_it_go_on(self) -> None:
        self.world.goes_on(0)


class Bills(Short):
    """A file that somebody removes while it goes out, or cannot get up."""

    deeds = ("sends_bills", "bills_are_removed", "uploads_get_stuck", "works_for_a_while")

    def sends_bills(self) -> None:
        for phone in PEOPLE[:2]:
            self.world.send(phone, 0, not_before=None, lasts=None, with_file=True)

    def bills_are_removed(self) -> None:
        for media_id in self.world.files:
            self.world.tries(keeping.remove, media_id)
        intake.clear(self.world.box.db, self.world.box.media)

    def uploads_get_stuck(self) -> None:
        self.world.whatsapp.uploads += ["upload_lost_late", "upload_lost", "upload_stuck", "upload_error"]

    def works_for_a_while(self) -> None:
        for _ in range(5):
            self.work()
            self.world.hands.at += timedelta(seconds=40)


class Pace(Short):
    """Messages that are lost from sight when the machine dies, and are settled by a person."""

    deeds = ("sends", "machine_dies_handing_over", "settles", "work")

    def sends(self) -> None:
        self.world.send(PEOPLE[0], 0, not_before=None, lasts=None)

    def machine_dies_handing_over(self) -> None:
        self.world.dies("entered", reboot=True, unflushed=1, dead=timedelta(seconds=30))

    def settles(self) -> None:
        self.settle(0)


class Recovery(Short):
    """Messages that last five minutes, and a wabox that dies with them in hand."""

    deeds = ("sends", "dies_before_it_hands_over", "ten_minutes_pass", "work")

    def sends(self) -> None:
        self.world.send(PEOPLE[0], 0, not_before=None, lasts=timedelta(minutes=5))

    def dies_before_it_hands_over(self) -> None:
        self.world.dies("armed", reboot=False, unflushed=0, dead=timedelta(seconds=5))

    def ten_minutes_pass(self) -> None:
        self.world.hands.at += timedelta(minutes=10)


class Limits(Short):
    """A campaign and singles under a lock that comes, ends, and is not always told in time; and deaths."""

    deeds = (
        "lock_comes",
        "lock_ends",
        "launches",
        "somebody_writes",
        "dies",
        "works_for_a_while",
        "works_for_a_while",
    )

    def lock_comes(self) -> None:
        until = self.world.hands.at + timedelta(days=30)
        self.world.whatsapp.limit(self._number(), timelock=Timelock("DEFAULT", until))

    def lock_ends(self) -> None:
        self.world.whatsapp.limit(self._number())

    def launches(self) -> None:
        self.world.launch(None, not_before=None)

    def somebody_writes(self) -> None:
        if self.world.whatsapp.link(self._number()).state == "ready":
            self.world.writes(self._number(), PEOPLE[0], "hello")

    def dies(self) -> None:
        self.world.dies("armed", reboot=False, unflushed=0, dead=timedelta(seconds=5))

    def works_for_a_while(self) -> None:
        for _ in range(10):
            self.work()
            self.world.hands.at += timedelta(seconds=6)

    def teardown(self) -> None:
        """Free for a day, everything that was held has gone."""
        if hasattr(self, "world"):
            self._all_gone()
        super().teardown()

    def _all_gone(self) -> None:
        self.lock_ends()
        for _ in range(40):
            self.world.hands.at += timedelta(minutes=10)
            self.work()
        waiting = "select count(*) from messages where status in ('queued', 'sending')"
        assert self.world.value(waiting) == 0, "a lock that is over holds somebody"

    def _number(self) -> int:
        number = self.world.slots[0]
        assert number is not None
        return number
