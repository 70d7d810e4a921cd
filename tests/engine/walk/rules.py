"""What may happen to a box, in the words of those whom it happens to; each group may walk with any others."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.engine.walk import invariants
from tests.engine.walk.judge import Sending
from tests.engine.walk.world import PEOPLE, SHOPS, World
from wabox.campaigns import control, replies
from wabox.contacts import suppression
from wabox.devices import orders
from wabox.devices import stored as devices
from wabox.media import intake, keeping
from wabox.messages import outbox, revoking
from wabox.whatsapp.driver import NewChats, Timelock
from wabox.whatsapp.fake import Outcome, RevokeOutcome

person = st.sampled_from(PEOPLE)
place = st.sampled_from([0, 1, 2])
more_places = st.sampled_from([1, 2])
SPANS = [
    timedelta(seconds=10),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=2),
    timedelta(hours=13),
]
MINUTE = timedelta(minutes=1)
CRASHES = ["resolved", "armed", "entered", "acked", "recorded"]
OUTCOMES: list[Outcome] = ["refused", "not_entered", "lost_answer", "stuck", "stuck", "vanished", "session_lost"]
UPLOADS: list[Outcome] = [
    "upload_stuck",
    "upload_stuck_late",
    "upload_lost",
    "upload_lost_late",
    "upload_error",
    "lost_answer",
    "acked",
]
REVOKES: list[RevokeOutcome] = ["revoked", "lost_answer", "failed", "refused", "session_lost"]
LIMITS = ["lock", "endless", "quota", "free", "untold"]
CALM = Sending()
CAPPED = Sending(daily=4, hourly=3, new_chats=1)
NIGHTS = Sending(quiet=(21, 8), new_chats=2)


class Box(RuleBasedStateMachine):
    """A box with one linked phone. sendings: the rules it may live under."""

    sendings: tuple[Sending, ...] = (CALM, CAPPED, NIGHTS)
    world: World
    met: ClassVar[Counter[str]] = Counter()  # how messages and campaigns ended, in every walk of this process

    @initialize(data=st.data())
    def begins(self, data: st.DataObject) -> None:
        """The box stands."""
        self.world = World(data.draw(st.sampled_from(self.sendings)))

    def work(self) -> None:
        """wabox has one turn of its clock."""
        self.world.works()
        invariants.owned(self.world)

    def settle(self, which: int) -> None:
        """The owner looks on the phone, and says what is there; what hangs in the page is deleted from it."""
        world = self.world
        found = world.value("select json_group_array(id) from messages where status = 'unknown'")
        ids = [int(one) for one in found.strip("[]").split(",") if one]
        if not ids:
            return
        job_id = ids[which % len(ids)]
        wa_id = world.value("select wa_message_id from messages where id = :id", id=job_id)
        before = self._paces()
        verdict = "sent" if world.whatsapp.has(wa_id) else "not_sent"
        world.tries(outbox.settle, job_id, verdict)
        world.whatsapp.drop(wa_id)
        assert self._paces() == before, "settling touched a device's pause or anchor"

    def _paces(self) -> str:
        found: str = self.world.value(
            """select json_group_array(json_array(id, next_send_at, anchor_message_id)) from
               (select * from devices order by id)"""
        )
        return found

    @invariant()
    def holds(self) -> None:
        if hasattr(self, "world"):
            invariants.hold(self.world)

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.met.update(invariants.ends(self.world))
            self.world.close()


class Singles(Box):
    """Single messages, work, and time."""

    @rule(times=st.integers(1, 4))
    def works(self, times: int) -> None:
        for _ in range(times):
            self.work()
            self.world.hands.at += timedelta(seconds=6)

    @rule(span=st.sampled_from(SPANS))
    def works_after_a_while(self, span: timedelta) -> None:
        self.world.hands.at += span
        self.work()

    @rule(
        to=st.lists(person, min_size=1, max_size=3),
        slot=place,
        kind=st.sampled_from(["now", "now", "later", "brief"]),
        at_once=st.booleans(),
    )
    def sends(self, to: list[str], slot: int, kind: str, at_once: bool) -> None:  # noqa: FBT001
        slot = slot if self.world.slots[slot] is not None else 0
        for phone in to:
            later = 10 * MINUTE if kind == "later" else None
            self.world.send(phone, slot, not_before=later, lasts=5 * MINUTE if kind == "brief" else None)
        if at_once:
            self.work()


class Campaigning(Box):
    """Campaigns from launch to their end."""

    @rule(
        slots=st.sampled_from([None, None, (0,), (1,), (1, 2)]),
        kind=st.sampled_from(["now", "at once", "later"]),
    )
    def launches(self, slots: tuple[int, ...] | None, kind: str) -> None:
        if slots is None or any(self.world.slots[slot] is not None for slot in slots):
            self.world.launch(slots, not_before=10 * MINUTE if kind == "later" else None)
        if kind == "at once":
            self.work()

    @precondition(lambda self: self.world.campaigns)
    @rule(which=st.integers(0, 2), verb=st.sampled_from(["pause", "resume", "stop", "redispatch"]))
    def controls(self, which: int, verb: str) -> None:
        number = which % len(self.world.campaigns)
        campaign_id = self.world.campaigns[number]
        more: dict[str, Any] = {}
        if verb == "resume":
            ids = self.world.value("select json_group_array(id) from contacts")
            more["contact_ids"] = [int(one) for one in ids.strip("[]").split(",")]
        done = self.world.tries(getattr(control, verb), campaign_id, **more)
        state = {"pause": "paused", "resume": "running", "stop": "stopped"}.get(verb)
        if done is not None and state is not None and self.world.judge.campaigns[number] != "stopped":
            self.world.judge.campaigns[number] = state


class Coming(Box):
    """Phones that come."""

    @rule(slot=more_places)
    def adds(self, slot: int) -> None:
        if self.world.slots[slot] is None:
            self.world.add(slot)
            self.world.link(slot, SHOPS[slot])


class Going(Coming):
    """And go."""

    @rule(slot=more_places)
    def removes(self, slot: int) -> None:
        if self.world.slots[slot] is not None:
            self.world.remove(slot)


class Linking(Box):
    """Phones that are unlinked and linked again, also with another number, and whose page is away."""

    @rule(slot=place, by=st.sampled_from(["phone", "owner"]))
    def unlinks(self, slot: int, by: str) -> None:
        number = self.world.slots[slot]
        if number is not None and by == "phone":
            self.world.whatsapp.unlink(number)
        elif number is not None:
            self.world.write(lambda tx: orders.logout(tx, devices.by_id(tx, number)))

    @rule(slot=place, shop=st.sampled_from(SHOPS), word=st.sampled_from([True, True, False]))
    def links(self, slot: int, shop: str, word: bool) -> None:  # noqa: FBT001
        """And its owner says that it goes on from this number, or does not."""
        if self.world.slots[slot] is not None:
            self.world.link(slot, shop)
            if word:
                self.world.goes_on(slot)

    @rule(slot=place, lost=st.booleans())
    def reconnects(self, slot: int, lost: bool) -> None:  # noqa: FBT001
        number = self.world.slots[slot]
        if number in self.world.whatsapp._specs and self.world.whatsapp.link(number).state != "qr":
            if lost:
                self.world.whatsapp.show(number, "starting", "reconnecting")
            else:
                self.world.whatsapp.recover(number)


class Writing(Box):
    """People who write first."""

    @rule(slot=place)
    def everybody_writes(self, slot: int) -> None:
        number = self.world.slots[slot]
        if number is not None and self.world.whatsapp.link(number).state == "ready":
            for phone in PEOPLE:
                self.world.writes(number, phone, "hello")


class Opting(Writing):
    """People who opt out and in, and whose numbers are there or not."""

    @rule(slot=place, phone=person, out=st.booleans())
    def says_stop_or_start(self, slot: int, phone: str, out: bool) -> None:  # noqa: FBT001
        number = self.world.slots[slot]
        if number is None or self.world.whatsapp.link(number).state != "ready" or self.world.whatsapp.slow:
            return
        self.world.writes(number, phone, "STOP" if out else "START")
        if self.world.device(slot).wanted:  # type: ignore[union-attr]
            self._opted(phone, out=out)

    @rule(phone=person, out=st.booleans())
    def owner_opts(self, phone: str, out: bool) -> None:  # noqa: FBT001
        world = self.world
        now, user_id = world.hands.now(), world.stage.asha.id
        if out:
            world.write(replies.opt_out_by_owner, user_id, phone, source="api", by=None, now=now)
        else:
            world.write(suppression.opt_in, user_id, phone, source="api", now=now)
        self._opted(phone, out=out)

    @rule(phone=person, answer=st.sampled_from(["yes", "no", "unknown"]))
    def number_is(self, phone: str, answer: str) -> None:
        there = self.world.whatsapp
        there.not_on_whatsapp.discard(phone)
        there.existence_unknown.discard(phone)
        if answer != "yes":
            (there.not_on_whatsapp if answer == "no" else there.existence_unknown).add(phone)

    def _opted(self, phone: str, *, out: bool) -> None:
        (self.world.judge.opted_out.add if out else self.world.judge.opted_out.discard)(phone)


class Settling(Box):
    """A person who looks on the phone."""

    @rule(which=st.integers(0, 3))
    def owner_settles(self, which: int) -> None:
        self.settle(which)


class Doubts(Box):
    """Answers that are lost, late or no, and an owner who thinks again."""

    @rule(outcomes=st.lists(st.sampled_from(OUTCOMES), min_size=1, max_size=3))
    def hand_overs_will_end(self, outcomes: list[Outcome]) -> None:
        self.world.whatsapp.plan(*outcomes)

    @rule(which=st.integers(0, 3), ack=st.sampled_from([1, 2, 3, -1]))
    def receipt_comes(self, which: int, ack: int) -> None:
        """The page had kept the message until now; or the person's phone has it, and shows it."""
        there = self.world.whatsapp
        if kept := there.without_ack():
            there.push(*kept[which % len(kept)], ack)
        elif (went := there.acknowledged()) and ack > 1:
            there.push(*went[which % len(went)], ack)

    @rule(which=st.integers(0, 7))
    def owner_cancels(self, which: int) -> None:
        world = self.world
        found = world.value("select json_group_array(id) from messages where status in ('queued', 'sending')")
        ids = [int(one) for one in found.strip("[]").split(",") if one]
        if ids:
            job_id = ids[which % len(ids)]
            text = world.value("select text from messages where id = :id", id=job_id)
            if world.tries(outbox.cancel_for, job_id) is not None and text in world.judge.texts:
                world.judge.texts[text].cancelled = True


class Dying(Box):
    """wabox dies at any step, with the machine or without."""

    @rule(
        step=st.sampled_from(CRASHES),
        reboot=st.booleans(),
        unflushed=st.integers(0, 2),
        dead=st.sampled_from([timedelta(seconds=5), *SPANS[2:]]),
    )
    def is_killed(self, step: str, reboot: bool, unflushed: int, dead: timedelta) -> None:  # noqa: FBT001
        self.world.dies(step, reboot=reboot, unflushed=unflushed, dead=dead)


class Weather(Box):
    """News that is slow, and a clock that is set back a little."""

    @rule(seed=st.integers(0, 9))
    def news_is_slow_or_comes(self, seed: int) -> None:
        there = self.world.whatsapp
        there.slow = not there.slow
        if not there.slow:
            there.tell(seed)

    @rule(span=st.sampled_from([timedelta(seconds=3), 4 * MINUTE]))
    def clock_is_set_back(self, span: timedelta) -> None:
        self.world.hands.at -= span


class Limiting(Box):
    """WhatsApp lets a phone write to nobody new, counts its new chats, or the owner blocks somebody."""

    @rule(
        slot=place,
        how=st.sampled_from(["lock", "endless", "quota", "free", "untold"]),
        span=st.sampled_from(SPANS),
    )
    def whatsapp_limits(self, slot: int, how: str, span: timedelta) -> None:
        number, there = self.world.slots[slot], self.world.whatsapp
        if number is None or number not in there._specs:
            return
        until = self.world.hands.at + span
        if how == "untold":
            there._limits.pop(number, None)
        elif how == "quota":
            there.limit(number, new_chats=NewChats("second_warning", 9, 10, until))
        else:
            lock = None if how == "free" else Timelock("DEFAULT", until if how == "lock" else None)
            there.limit(number, timelock=lock)

    @rule(phone=person, yes=st.booleans())
    def owner_blocks(self, phone: str, yes: bool) -> None:  # noqa: FBT001
        blocked = self.world.whatsapp.blocked
        (blocked.add if yes else blocked.discard)(phone)


class Files(Box):
    """Messages with a file, uploads that end badly, a file that somebody wants to be rid of."""

    @rule(to=st.lists(person, min_size=1, max_size=2), slot=place, later=st.booleans())
    def sends_a_file(self, to: list[str], slot: int, later: bool) -> None:  # noqa: FBT001
        slot = slot if self.world.slots[slot] is not None else 0
        for phone in to:
            self.world.send(phone, slot, not_before=10 * MINUTE if later else None, lasts=None, with_file=True)

    @rule(outcomes=st.lists(st.sampled_from(UPLOADS), min_size=1, max_size=3))
    def uploads_will_end(self, outcomes: list[Outcome]) -> None:
        self.world.whatsapp.uploads.extend(outcomes)

    @rule()
    def files_are_removed(self) -> None:
        """Those that may be; with their bytes, as soon as no row names them."""
        for media_id in self.world.files:
            self.world.tries(keeping.remove, media_id)
        intake.clear(self.world.box.db, self.world.box.media)


class Deleting(Box):
    """An owner who deletes for everyone what has arrived."""

    @rule(which=st.integers(0, 3), how=st.lists(st.sampled_from(REVOKES), max_size=2))
    def owner_deletes(self, which: int, how: list[RevokeOutcome]) -> None:
        world = self.world
        found = world.value(
            "select json_group_array(id) from messages where status in ('sent', 'delivered', 'read')"
        )
        ids = [int(one) for one in found.strip("[]").split(",") if one]
        world.whatsapp.revokes.extend(how)
        if ids:
            world.tries(revoking.ask, ids[which % len(ids)])


class Carrying(Files, Deleting):
    """Files, and what is taken back."""


class Everything(
    Carrying, Singles, Campaigning, Going, Linking, Opting, Settling, Doubts, Dying, Weather, Limiting
):
    """All of it."""
