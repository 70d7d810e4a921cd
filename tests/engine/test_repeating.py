"""A repeating campaign by its dates, beside whatever else happens: one run a date, or a word why there is none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from tests.cast import NOON
from tests.engine.conftest import Engine
from tests.engine.test_campaigns import people
from tests.engine.test_pairs import remove, shop_with_second_phone
from wabox import closing, fence, times
from wabox.accounts import states, users
from wabox.accounts.states import Actor
from wabox.alerts import looking
from wabox.backup import releasing
from wabox.campaigns import (
    control,
    following,
    greeted,
    launching,
    occasions,
    repeat_runs,
    repeating,
    repeats,
    retagging,
)
from wabox.campaigns import stored as campaigns
from wabox.campaigns.occasions import Occasion
from wabox.campaigns.repeating import Wanted
from wabox.campaigns.repeats import Repeat
from wabox.campaigns.stored import Campaign
from wabox.contacts import audiences, own, phones, segments, suppression, writing
from wabox.contacts.segments import Segment
from wabox.db import Tx
from wabox.engine.clock import AT_HOME
from wabox.engine.expansion import Campaigns, Expansion
from wabox.engine.repeating import Repeating
from wabox.errors import Invalid, NotFound
from wabox.texts import renaming

LEADS = segments.write(segments.of_tag("leads"))
FRIDAY = Occasion("week", time(10), (4,))  # NOON is a Tuesday
FRIDAY_AT = datetime(2026, 3, 13, 4, tzinfo=NOON.tzinfo)
WEEK = timedelta(days=7)


class Shop:
    """A box, its clock, and what is asked of both."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.box, self.asha = engine, engine.stage.box, engine.stage.asha

    def write(self, verb: Callable[..., Any], *args: Any, **more: Any) -> Any:
        return self.box.db.write_now(verb, *args, **more)

    @property
    def now(self) -> datetime:
        return self.engine.stage.hands.now()

    def plan(self, occasion: Occasion = FRIDAY, **more: Any) -> Repeat:
        given: dict[str, Any] = {"name": "Offer", "message": "Hi {name}", "audience": LEADS, "occasion": occasion}
        wanted = Wanted(**given | more)
        made = self.write(repeating.add, self.asha.id, wanted, config=self.box.config, now=self.now)
        assert isinstance(made, Repeat)
        return made

    def at(self, moment: datetime) -> None:
        """The clock shows this, and looks: runs are made, and begun."""
        self.engine.stage.hands.at = moment
        self.look()

    def look(self) -> None:
        async def look() -> None:
            await Repeating(self.box).tick()
            await Campaigns(self.box, Nobody()).tick()  # type: ignore[arg-type]

        asyncio.run(look())

    def show(self, one: Repeat) -> Repeat:
        return self.box.db.read_here(repeats.of_user, self.asha.id, one.id)

    def runs(self, one: Repeat) -> list[Campaign]:
        return self.box.db.read_here(campaigns.runs, self.asha.id, one.id).campaigns

    def stop_all(self, one: Repeat) -> None:
        for run in self.runs(one):
            if run.status == "sending":
                self.write(control.stop, self.asha.id, run.id, now=self.now)

    def days(self, one: Repeat) -> list[str]:
        return sorted(f"{run.repeat_day:%m-%d}" for run in self.runs(one))


class Nobody:
    def give(self, *_: object) -> None:
        """What is expanded is of no interest here."""


@pytest.fixture
def shop(engine: Engine) -> Shop:
    people(engine, 3)
    return Shop(engine)


def test_each_date_is_a_campaign_of_its_own_with_who_is_meant_then(shop: Shop) -> None:
    one = shop.plan()
    assert (one.next_day, one.next_at) == (date(2026, 3, 13), FRIDAY_AT)
    shop.at(FRIDAY_AT - timedelta(seconds=1))
    assert shop.runs(one) == []
    shop.at(FRIDAY_AT)
    shop.look()
    (first,) = shop.runs(one)
    assert (first.name, first.status, first.total) == ("Offer (2026-03-13)", "sending", 3)
    assert (first.repeat_id, first.scheduled_for) == (one.id, FRIDAY_AT)
    assert (shop.show(one).last_result, shop.show(one).next_at) == ("made", FRIDAY_AT + WEEK)
    shop.write(control.stop, shop.asha.id, first.id, now=shop.now)
    gone = shop.box.db.read_here(segments.ids, shop.asha.id, segments.of_tag("leads"))[0]
    shop.write(writing.remove, shop.asha.id, gone)
    shop.at(FRIDAY_AT + WEEK)
    assert [run.total for run in shop.runs(one)] == [2, 3]


def test_its_messages_go_as_any_and_who_opted_out_is_left_out(shop: Shop) -> None:
    one = shop.plan()
    phone = shop.engine.stage.value("select phone from contacts order by id limit 1")
    shop.write(suppression.opt_out, shop.asha.id, phone, source="api", now=shop.now)
    shop.at(FRIDAY_AT)
    (run,) = shop.runs(one)
    Expansion(shop.box).turn(run.id)
    shop.engine.turn()
    found = shop.runs(one)[0]
    assert (found.skipped, found.sent + found.queued) == (1, 2)


def test_two_clocks_make_one_run_a_date(shop: Shop) -> None:
    one = shop.plan()
    shop.engine.stage.hands.at = FRIDAY_AT
    first, second = (
        shop.box.db.read_here(repeat_runs.prepare, one.id, config=shop.box.config, now=FRIDAY_AT) for _ in "ab"
    )
    made = [shop.write(repeat_runs.write, run, now=FRIDAY_AT) for run in (first, second)]
    assert [run is None for run in made] == [False, True]
    assert shop.write(repeat_runs.halt, second, "file_gone", now=FRIDAY_AT) is False
    assert (shop.days(one), shop.show(one).runs, shop.show(one).status) == (["03-13"], 1, "active")


def test_killed_while_the_run_is_made_it_is_made_whole_by_the_next_life(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = shop.plan()
    whole = launching.create

    def dies(*args: Any, **more: Any) -> None:
        whole(*args, **more)
        raise ValueError("killed")

    monkeypatch.setattr(launching, "create", dies)
    run = shop.box.db.read_here(repeat_runs.prepare, one.id, config=shop.box.config, now=FRIDAY_AT)
    with pytest.raises(ValueError, match="killed"):
        shop.write(repeat_runs.write, run, now=FRIDAY_AT)
    assert (shop.runs(one), shop.show(one).next_at) == ([], FRIDAY_AT)
    monkeypatch.undo()
    shop.at(FRIDAY_AT)
    assert shop.days(one) == ["03-13"]


@pytest.mark.parametrize(
    ("late", "days", "result", "missed"),
    [
        (timedelta(hours=11), ["03-13"], "made", 0),
        (timedelta(hours=13), [], "missed", 1),
        (3 * WEEK + timedelta(hours=1), ["04-03"], "made", 3),  # never several at once
        (3 * WEEK + timedelta(days=2), [], "missed", 4),
    ],
)
def test_a_box_that_was_off_keeps_the_last_date_if_it_is_not_too_late(
    shop: Shop, late: timedelta, days: list[str], result: str, missed: int
) -> None:
    one = shop.plan()
    shop.at(FRIDAY_AT + late)
    shop.look()
    found = shop.show(one)
    assert (shop.days(one), found.last_result, found.missed) == (days, result, missed)
    assert found.next_at is not None and found.next_at > shop.now


def test_a_clock_set_back_and_forward_makes_no_date_twice(shop: Shop) -> None:
    one = shop.plan(Occasion("week", time(10), (0, 1, 2, 3, 4, 5, 6)))
    for run in range(2):
        shop.at(NOON + timedelta(days=1 + run))
        for made in shop.runs(one):
            shop.write(control.stop, shop.asha.id, made.id, now=shop.now)
    shop.write(lambda tx: tx.run("delete from box where key in ('seen_at', 'clock_wrong')"))
    shop.at(NOON)
    assert shop.show(one).next_day == date(2026, 3, 13)  # 11 and 12 were made
    for hours in range(0, 97, 12):
        shop.at(NOON + timedelta(hours=hours))
    assert shop.days(one) == ["03-11", "03-12", "03-13"]
    assert shop.show(one).last_result == "still_running"


def test_a_clock_that_ran_ahead_is_forgotten(shop: Shop) -> None:
    one = shop.plan()
    shop.at(FRIDAY_AT + timedelta(days=3_650))
    assert shop.show(one).next_at > FRIDAY_AT + timedelta(days=3_600)  # type: ignore[operator]
    shop.write(lambda tx: tx.run("delete from box where key in ('seen_at', 'clock_wrong')"))
    shop.at(NOON)
    assert shop.show(one).next_at == FRIDAY_AT


def test_a_day_that_a_clock_made_ahead_is_passed_over(shop: Shop) -> None:
    one = shop.plan()
    shop.at(FRIDAY_AT + WEEK)  # ahead: the 20th is made, the 13th is not
    shop.stop_all(one)
    shop.write(lambda tx: tx.run("delete from box where key in ('seen_at', 'clock_wrong')"))
    shop.at(NOON)
    assert shop.show(one).next_at == FRIDAY_AT
    shop.at(FRIDAY_AT)
    shop.stop_all(one)
    assert (shop.days(one), shop.show(one).next_at) == (["03-13", "03-20"], FRIDAY_AT + 2 * WEEK)
    again = times.stored(FRIDAY_AT + WEEK)
    shop.write(lambda tx: tx.run("update repeats set next_day = '2026-03-20', next_at = :at", at=again))
    shop.at(FRIDAY_AT + WEEK + timedelta(hours=13))  # whoever counted it as its next: it is kept, not missed
    found = shop.show(one)
    assert (found.next_at, found.last_result, found.missed) == (FRIDAY_AT + 2 * WEEK, "made", 1)
    shop.at(FRIDAY_AT + 2 * WEEK)
    assert (shop.days(one), shop.show(one).runs) == (["03-13", "03-20", "03-27"], 3)


def test_one_that_a_clock_ahead_ended_goes_on(shop: Shop) -> None:
    one, over = shop.plan(ends_on=date(2026, 4, 30)), shop.plan(most_runs=1)
    shop.at(FRIDAY_AT + 9 * WEEK)
    assert [shop.show(each).status for each in (one, over)] == ["ended", "ended"]
    shop.write(lambda tx: tx.run("delete from box where key in ('seen_at', 'clock_wrong')"))
    shop.at(NOON)
    assert [shop.show(each).status for each in (one, over)] == ["active", "ended"]
    assert shop.box.db.read_here(repeats.due, zone=shop.box.config.zone, now=NOON) == []
    shop.at(FRIDAY_AT)
    assert shop.days(one) == ["03-13"]


def test_while_the_clock_looks_wrong_nothing_is_made(shop: Shop) -> None:
    one = shop.plan()
    ahead = (FRIDAY_AT + timedelta(days=99)).isoformat()
    shop.write(lambda tx: tx.run("insert into box (key, value) values ('seen_at', :at)", at=ahead))
    shop.at(FRIDAY_AT)
    assert (shop.runs(one), shop.show(one).next_at) == ([], FRIDAY_AT)


def test_in_another_zone_it_is_the_same_day_and_time_on_its_clock(shop: Shop) -> None:
    one = shop.plan()
    shop.write(users.set_timezone, shop.asha.id, "Europe/Berlin")
    shop.look()
    assert shop.show(one).next_at == datetime(2026, 3, 13, 9, tzinfo=NOON.tzinfo)
    shop.at(FRIDAY_AT)
    assert shop.runs(one) == []
    shop.at(datetime(2026, 3, 13, 9, tzinfo=NOON.tzinfo))
    assert shop.days(one) == ["03-13"]
    shop.write(users.set_timezone, shop.asha.id, "America/New_York")  # the 13th comes once more
    shop.at(datetime(2026, 3, 13, 15, tzinfo=NOON.tzinfo))
    assert shop.days(one) == ["03-13"]


def test_it_ends_with_its_day_or_its_number_and_goes_on_when_that_is_changed(shop: Shop) -> None:
    one = shop.plan(ends_on=date(2026, 3, 19))
    two = shop.plan(most_runs=1)
    shop.at(FRIDAY_AT)
    assert [shop.show(each).status for each in (one, two)] == ["ended", "ended"]
    with pytest.raises(Invalid, match="has ended"):
        shop.write(repeating.resume, shop.asha.id, one.id, config=shop.box.config, now=shop.now)
    wanted = replace(shop.box.db.read_here(repeating.wanted_of, shop.show(two)), most_runs=2)
    shop.write(repeating.change, shop.asha.id, two.id, wanted, config=shop.box.config, now=shop.now)
    assert shop.show(two).next_at == FRIDAY_AT + WEEK
    with pytest.raises(Invalid, match="no such day"):
        shop.plan(ends_on=date(2026, 3, 13))


def test_paused_it_makes_none_and_resumed_none_is_made_up_for(shop: Shop) -> None:
    one = shop.plan()
    shop.write(repeating.pause, shop.asha.id, one.id, now=shop.now)
    shop.at(FRIDAY_AT + timedelta(hours=1))
    shop.write(repeating.resume, shop.asha.id, one.id, config=shop.box.config, now=shop.now)
    shop.look()
    assert (shop.runs(one), shop.show(one).next_at) == ([], FRIDAY_AT + WEEK)


@pytest.mark.parametrize("verb", ["change", "pause"])
def test_a_date_that_somebody_moves_it_on_from_is_counted_as_missed(shop: Shop, verb: str) -> None:
    one = shop.plan()
    shop.engine.stage.hands.at = FRIDAY_AT + timedelta(minutes=20)
    if verb == "change":
        wanted = replace(shop.box.db.read_here(repeating.wanted_of, one), name="Sale")
        shop.write(repeating.change, shop.asha.id, one.id, wanted, config=shop.box.config, now=shop.now)
    else:
        shop.write(repeating.pause, shop.asha.id, one.id, now=shop.now)
        shop.write(repeating.resume, shop.asha.id, one.id, config=shop.box.config, now=shop.now)
    found = shop.show(one)
    assert (found.missed, found.last_day, found.last_result) == (1, date(2026, 3, 13), "missed")
    assert found.next_at == FRIDAY_AT + WEEK


def test_one_that_ended_says_that_its_audience_is_gone(shop: Shop) -> None:
    saved = shop.write(audiences.add, shop.asha.id, "VIP", segments.of_tag("leads"), now=shop.now)
    one = shop.plan(audience_id=saved.id, most_runs=1)
    shop.at(FRIDAY_AT)
    shop.write(following.remove, shop.asha.id, saved.id)
    wanted = replace(shop.box.db.read_here(repeating.wanted_of, shop.show(one)), most_runs=5)
    with pytest.raises(Invalid, match="audience is gone"):
        shop.write(repeating.change, shop.asha.id, one.id, wanted, config=shop.box.config, now=shop.now)
    assert shop.show(one).status == "ended"


def test_a_change_is_for_the_next_run_and_not_for_one_that_goes(shop: Shop) -> None:
    one = shop.plan()
    shop.at(FRIDAY_AT)
    later = Occasion("week", time(18), (4,))
    wanted = Wanted("Other", "Bye", LEADS, later)
    shop.write(repeating.change, shop.asha.id, one.id, wanted, config=shop.box.config, now=shop.now)
    assert shop.show(one).next_day == date(2026, 3, 20)  # today's was made
    assert [(run.message, run.total) for run in shop.runs(one)] == [("Hi {name}", 3)]
    stale = shop.show(one).version - 1
    with pytest.raises(Invalid, match="changed meanwhile"):
        shop.write(
            repeating.change, shop.asha.id, one.id, wanted, version=stale, config=shop.box.config, now=shop.now
        )


def test_deleted_its_runs_go_on(shop: Shop) -> None:
    one = shop.plan()
    shop.at(FRIDAY_AT)
    shop.write(repeating.remove, shop.asha.id, one.id)
    with pytest.raises(NotFound):
        shop.show(one)
    assert [run.status for run in shop.runs(one)] == ["sending"]


def test_as_long_as_a_run_is_not_over_no_other_is_made(shop: Shop) -> None:
    one = shop.plan()
    shop.at(FRIDAY_AT)
    shop.at(FRIDAY_AT + WEEK)
    found = shop.show(one)
    assert (shop.days(one), found.last_result, found.missed) == (["03-13"], "still_running", 1)


# -- dates of people -----------------------------------------------------------------------------------


@pytest.fixture
def birthdays(shop: Shop) -> Iterator[Callable[..., list[int]]]:
    """Gives people these birthdays, in a field of their own."""

    def give(*given: str) -> list[int]:
        def add(tx: Tx) -> list[int]:
            if not own.every(tx, shop.asha.id):
                own.create(tx, shop.asha.id, name="birthday", kind="date", currency="", now=NOON)
            phone = [phones.Phone(f"88018110000{n:02d}", flagged=False) for n in range(len(given))]
            drafts = [
                writing.Draft(number, name="Rina", fields={"birthday": day})
                for number, day in zip(phone, given, strict=True)
            ]
            writing.write(tx, shop.asha.id, drafts, now=NOON)
            return [tx.value("select id from contacts where phone = :phone", phone=one.digits) for one in phone]

        found = shop.write(add)
        assert isinstance(found, list)
        return found

    yield give


def birthday(shop: Shop, **more: Any) -> Repeat:
    field_id = shop.engine.stage.value("select id from contact_fields")
    occasion = Occasion("date", time(10), (), field_id, more.pop("days_before", 0))
    return shop.plan(occasion, name="Birthday", audience="{}", **more)


def test_on_each_day_it_is_for_whose_date_that_is(shop: Shop, birthdays: Callable[..., list[int]]) -> None:
    birthdays("1990-03-11", "--03-11", "2001-03-12", "1999-07-01")
    one, early = birthday(shop), birthday(shop, days_before=3)
    for day in range(4):
        shop.at(NOON + timedelta(days=day))
    assert [(f"{run.repeat_day:%m-%d}", run.total) for run in shop.runs(one)] == [("03-12", 1), ("03-11", 2)]
    assert shop.runs(early) == []  # who is in the three days has had it before it began
    assert shop.show(one).last_result == "nobody"


def test_who_was_born_on_29_february_has_it_every_year(shop: Shop, birthdays: Callable[..., list[int]]) -> None:
    birthdays("2000-02-29")
    one = birthday(shop)
    for day in (date(2027, 2, 28), date(2027, 3, 1), date(2028, 2, 28), date(2028, 2, 29), date(2028, 3, 1)):
        shop.at(occasions.moment(one.occasion, day, shop.box.config.zone))
    assert [str(run.repeat_day) for run in shop.runs(one)] == ["2028-02-29", "2027-02-28"]


def test_nobody_has_it_twice_a_year_whatever_becomes_of_their_date(
    shop: Shop, birthdays: Callable[..., list[int]]
) -> None:
    birthdays("1990-03-11")
    one = birthday(shop)
    shop.at(NOON + timedelta(days=1))
    Expansion(shop.box).turn(shop.runs(one)[0].id)
    birthdays("1990-03-12")
    shop.at(NOON + timedelta(days=2))
    assert shop.days(one) == ["03-11"]
    shop.at(occasions.moment(one.occasion, date(2027, 3, 12), shop.box.config.zone))
    assert shop.days(one) == ["03-11", "03-12"]


def test_one_that_goes_each_week_from_now_on_leaves_nobody_out(
    shop: Shop, birthdays: Callable[..., list[int]]
) -> None:
    (rina,) = birthdays("1990-03-11")
    one = birthday(shop)
    shop.write(greeted.note, one.id, [rina], date(2026, 3, 11))
    weekly = replace(shop.box.db.read_here(repeating.wanted_of, shop.show(one)), occasion=FRIDAY)
    shop.write(repeating.change, shop.asha.id, one.id, weekly, config=shop.box.config, now=shop.now)
    shop.at(FRIDAY_AT)
    assert [run.total for run in shop.runs(one)] == [4]


def test_a_run_that_begins_late_leaves_out_who_had_it_since(
    shop: Shop, birthdays: Callable[..., list[int]]
) -> None:
    (rina,) = birthdays("1990-03-11")
    one = birthday(shop)
    shop.engine.stage.hands.at = NOON + timedelta(days=1)
    asyncio.run(Repeating(shop.box).tick())
    shop.write(greeted.note, one.id, [rina], date(2026, 3, 10))
    shop.write(launching.launch, shop.runs(one)[0].id, [rina], now=shop.now)
    found = shop.runs(one)[0]
    assert (found.total, found.expanded) == (0, True)


def test_of_two_runs_that_wait_at_once_one_comes_to_a_person(
    shop: Shop, birthdays: Callable[..., list[int]]
) -> None:
    birthdays("1990-03-11")
    one = birthday(shop)
    shop.at(NOON + timedelta(days=1))
    birthdays("1990-03-12")
    shop.at(NOON + timedelta(days=2))
    for run in shop.runs(one):
        Expansion(shop.box).turn(run.id)
    assert [(run.total, run.skipped, run.queued) for run in shop.runs(one)] == [(1, 0, 1), (1, 1, 0)]
    assert shop.engine.stage.value("select count(*) from messages") == 1
    assert shop.engine.stage.value("select day from repeat_people") == "2026-03-12"


def test_when_the_messages_of_a_run_end_stays_whatever_becomes_of_its_plan(
    shop: Shop, birthdays: Callable[..., list[int]]
) -> None:
    birthdays("1990-03-11")
    offer, other, gone = shop.plan(Occasion("week", time(10), (2,))), birthday(shop), birthday(shop)
    shop.at(NOON + timedelta(days=1))
    runs = [shop.runs(one)[0] for one in (offer, other, gone)]
    field_id = other.occasion.field_id
    for one, occasion in ((offer, other.occasion), (other, Occasion("date", time(20), (), field_id, 9))):
        wanted = replace(shop.box.db.read_here(repeating.wanted_of, shop.show(one)), occasion=occasion)
        shop.write(repeating.change, shop.asha.id, one.id, wanted, config=shop.box.config, now=shop.now)
    shop.write(repeating.remove, shop.asha.id, gone.id)
    for run in runs:
        Expansion(shop.box).turn(run.id)
    wanted_end = times.stored(datetime(2026, 3, 12, 18, tzinfo=NOON.tzinfo))
    sql = "select distinct expires_at from messages where campaign_id = :id"
    assert [shop.engine.stage.value(sql, id=run.id) for run in runs] == [None, wanted_end, wanted_end]
    noted = shop.box.db.read_here(lambda rows: rows.all("select distinct repeat_id from repeat_people"))
    assert [row["repeat_id"] for row in noted] == [other.id]


def test_a_run_that_its_user_gives_another_time_has_a_day_for_its_messages(
    shop: Shop, birthdays: Callable[..., list[int]]
) -> None:
    birthdays("1990-03-11")
    one = birthday(shop)
    shop.engine.stage.hands.at = NOON + timedelta(days=1)
    asyncio.run(Repeating(shop.box).tick())
    ends = []
    for days in (0, 30):
        (run,) = shop.runs(one)
        stamp, ids = shop.box.db.read_here(launching.meant_now, run.id, shop.box.config, shop.now)
        new = {"name": "B", "message": "Hi", "audience": run.audience, "contact_ids": ids, "device_ids": None}
        at = shop.now + timedelta(days=days, hours=1)
        changed = shop.write(
            launching.replan, shop.asha.id, run.id, stamp=stamp, scheduled_for=at, now=shop.now, **new
        )
        ends.append(changed.messages_end_at)
    assert ends == [datetime(2026, 3, 12, 18, tzinfo=NOON.tzinfo), at + timedelta(days=1)]


@pytest.mark.parametrize("way", ["deleted", "closed"])
def test_who_had_it_is_forgotten_in_pieces(shop: Shop, birthdays: Callable[..., list[int]], way: str) -> None:
    birthdays("1990-03-11")
    one = birthday(shop)
    people(shop.engine, 1_200)
    ids = shop.box.db.read_here(segments.ids, shop.asha.id, segments.of_tag("leads"))
    shop.write(greeted.note, one.id, ids[:1_100], date(2026, 3, 1))
    left = []

    def piece(tx: Tx) -> bool:
        if way == "deleted":
            more = repeating.wind_up(tx, shop.asha.id, one.id, now=shop.now)
        else:
            more = closing.forget(tx, shop.asha.id, now=shop.now)
        left.append(tx.value("select count(*) from repeat_people"))
        return more

    while shop.write(piece) and left[-1]:
        pass
    assert [n for n in left if n < 1_100] == [600, 100, 0]
    assert shop.box.db.read_here(repeats.known, one.id) is not None


def test_what_is_for_a_date_goes_a_day_late_at_most(shop: Shop, birthdays: Callable[..., list[int]]) -> None:
    birthdays("1990-03-11", "1990-03-14")
    offer, there, early = shop.plan(), birthday(shop), birthday(shop, days_before=3)
    ends = {}
    for days in (1, 3):
        shop.at(NOON + timedelta(days=days))
        for one in (offer, there, early):
            for run in shop.runs(one):
                Expansion(shop.box).turn(run.id)
                wanted = "select distinct expires_at from messages where campaign_id = :id"
                ends[one.id] = shop.engine.stage.value(wanted, id=run.id)
    assert ends == {
        offer.id: None,
        there.id: times.stored(datetime(2026, 3, 12, 18, tzinfo=NOON.tzinfo)),
        early.id: times.stored(datetime(2026, 3, 15, 18, tzinfo=NOON.tzinfo)),
    }


# -- pairs: what may happen to what it counts on -------------------------------------------------------


def test_what_it_counts_on_is_not_deleted_and_renamed_it_is_followed(
    shop: Shop, birthdays: Callable[..., list[int]]
) -> None:
    birthdays("1990-03-11")
    now, config, asha = shop.now, shop.box.config, shop.asha.id
    saved = shop.write(audiences.add, asha, "Regulars", Segment(tags_any=("leads",)), now=now)
    one, two = shop.plan(message="Hi {birthday:you}"), shop.plan(audience_id=saved.id, audience=saved.kept)
    field = shop.box.db.read_here(own.of_user, asha, "birthday")
    for refused in (
        lambda: shop.write(following.remove, asha, saved.id),
        lambda: shop.write(retagging.drop, asha, "leads", now=now),
        lambda: shop.write(renaming.remove, asha, field.id, now=now),
        lambda: shop.write(renaming.change, asha, field.id, kind="text", currency="", now=now),
    ):
        with pytest.raises(Invalid, match=r"Offer|Regulars") as wrong:
            refused()  # type: ignore[no-untyped-call]
        assert wrong.value.code == "in_use"
    shop.write(retagging.rename, asha, "leads", "buyers", now=now)
    shop.write(renaming.change, asha, field.id, name="born", currency="", now=now)
    assert (shop.show(one).message, shop.show(one).audience) == ("Hi {born:you}", '{"tags_any":["buyers"]}')
    shop.write(following.change, asha, saved.id, segment=Segment(tags_none=("buyers",)), config=config, now=now)
    assert shop.show(two).audience == '{"tags_none":["buyers"]}'
    shop.at(FRIDAY_AT)
    assert [shop.runs(each)[0].total for each in (one, two)] == [3, 1]


def test_without_its_phones_it_rests_with_the_reason_and_is_told(shop: Shop) -> None:
    second = shop_with_second_phone(shop.engine)
    one = shop.plan(device_ids=(second,))
    remove(shop.engine, second)
    shop.at(FRIDAY_AT)
    found = shop.show(one)
    assert (found.status, found.status_reason, found.next_at) == ("paused", "no_devices", None)
    assert shop.runs(one) == []
    seen = shop.box.db.read_here(looking.look, {}, now=shop.now)
    told = {key.about: ill.words["name"] for key, ill in seen.ill.items() if key.kind == "campaign_held"}
    assert told == {f"repeats/{one.id}": "Offer"}
    with pytest.raises(Invalid, match="phones"):
        shop.write(repeating.resume, shop.asha.id, one.id, config=shop.box.config, now=shop.now)


@pytest.mark.parametrize("gone", ["audience_gone", "field_gone"])
def test_what_is_gone_all_the_same_is_named(shop: Shop, birthdays: Callable[..., list[int]], gone: str) -> None:
    birthdays("1990-03-11")
    one = birthday(shop) if gone == "field_gone" else shop.plan()
    if gone == "audience_gone":
        shop.write(lambda tx: tx.run("update repeats set audience_id = 99"))
    shop.write(lambda tx: tx.run("delete from field_values"))
    shop.write(lambda tx: tx.run("delete from contact_fields"))
    shop.at(FRIDAY_AT)
    assert (shop.show(one).status, shop.show(one).status_reason) == ("paused", gone)


def test_an_account_that_is_held_or_closed_makes_none(shop: Shop) -> None:
    bilal = shop.engine.stage.bilal.id
    wanted = Wanted("Offer", "Hi", "{}", FRIDAY)

    def person(tx: Tx) -> Repeat:
        writing.write(tx, bilal, [writing.Draft(phones.Phone("8801911000001", flagged=False))], now=NOON)
        return repeating.add(tx, bilal, wanted, config=shop.box.config, now=NOON)

    one = shop.write(person)
    shop.write(states.move, bilal, "suspend", by=Actor(shop.asha.id, None), reason="unpaid", now=NOON)
    shop.at(FRIDAY_AT)
    assert shop.engine.stage.value("select count(*) from campaigns") == 0
    shop.write(closing.close, bilal, by=Actor(shop.asha.id, None), now=shop.now)
    shop.at(FRIDAY_AT + WEEK)
    while shop.write(closing.forget, bilal, now=shop.now):
        pass
    assert shop.box.db.read_here(repeats.known, one.id) is None
    assert shop.engine.stage.value("select count(*) from campaigns") == 0


def test_after_a_restore_no_date_that_came_meanwhile_is_made_up_for(shop: Shop) -> None:
    one = shop.plan()
    shop.write(fence.quarantine, "restored", behind=NOON, now=FRIDAY_AT - timedelta(hours=1))
    assert shop.box.db.read_here(releasing.pending, now=FRIDAY_AT).repeats == 1
    shop.write(releasing.release, user_id=shop.asha.id, now=FRIDAY_AT + timedelta(hours=1))
    shop.at(FRIDAY_AT + timedelta(hours=1))
    assert (shop.runs(one), shop.show(one).last_result) == ([], "missed")
    shop.at(FRIDAY_AT + WEEK)
    assert shop.days(one) == ["03-20"]


def test_the_clock_of_a_held_box_looks_for_none() -> None:
    assert "repeating" not in AT_HOME


def test_a_date_in_time_for_10000_people_is_one_look(shop: Shop) -> None:
    people(shop.engine, 10_000)
    one = shop.plan()
    shop.at(FRIDAY_AT)
    (run,) = shop.runs(one)
    assert (run.total, run.status) == (10_000, "sending")


def test_a_text_that_the_rules_refuse_meanwhile_rests_with_the_reason(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = shop.plan()

    def refuses(*_: object, **__: object) -> None:
        raise Invalid("content_refused", "No.")

    monkeypatch.setattr(launching, "fit", refuses)
    shop.at(FRIDAY_AT)
    assert (shop.show(one).status_reason, shop.runs(one)) == ("content_refused", [])


def test_no_more_than_fifty_and_nobody_elses(shop: Shop) -> None:
    first = shop.plan()
    with pytest.raises(NotFound):
        shop.box.db.read_here(repeats.of_user, shop.engine.stage.bilal.id, first.id)
    for _ in range(49):
        shop.plan()
    with pytest.raises(Invalid, match="50"):
        shop.plan()
