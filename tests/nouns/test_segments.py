from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wabox.accounts.users import User
from wabox.config import Config
from wabox.contacts import own, segments, writing
from wabox.contacts.conditions import OPS, Condition, Op
from wabox.contacts.own_values import Kind, Sent
from wabox.contacts.phones import Phone
from wabox.contacts.segments import Segment
from wabox.contacts.stored import Consent
from wabox.contacts.writing import Draft
from wabox.db import Tx
from wabox.errors import Invalid


@pytest.fixture
def people(tx: Tx, asha: User, bilal: User, now: datetime) -> dict[int, str]:
    """asha's people by id; bilal has the same tags."""
    consent = Consent("order", now)
    drafts = {
        "vip in Dhaka, agreed": Draft(
            Phone("8801711000001", flagged=False), tags=("VIP", "dhaka"), consent=consent
        ),
        "vip": Draft(Phone("8801711000002", flagged=False), tags=("vip",)),
        "in Dhaka": Draft(Phone("8801711000003", flagged=False), tags=("Dhaka",)),
        "nobody's": Draft(Phone("8801711000004", flagged=False), consent=consent),
    }
    for user in (bilal, asha):
        writing.write(tx, user.id, drafts.values(), now=now)
    names = {draft.phone.digits: name for name, draft in drafts.items()}
    _met(tx, asha, "8801711000001", out=now - timedelta(days=40), came=None)
    _met(tx, asha, "8801711000002", out=now - timedelta(days=2), came=now - timedelta(days=1))
    return {
        row["id"]: names[row["phone"]]
        for row in tx.all("select id, phone from contacts where user_id = :id", id=asha.id)
    }


def _met(tx: Tx, user: User, phone: str, *, out: datetime, came: datetime | None) -> None:
    tx.run(
        "update contacts set last_out_at = :out, last_in_at = :came where phone = :phone and user_id = :id",
        out=out.isoformat(timespec="microseconds"),
        came=came and came.isoformat(timespec="microseconds"),
        phone=phone,
        id=user.id,
    )


ALL = {"vip in Dhaka, agreed", "vip", "in Dhaka", "nobody's"}


@pytest.mark.parametrize(
    ("wanted", "meant"),
    [
        ({}, ALL),
        ({"tag": "ViP"}, {"vip in Dhaka, agreed", "vip"}),
        ({"tags_any": ["vip", "dhaka"]}, {"vip in Dhaka, agreed", "vip", "in Dhaka"}),
        ({"tags_all": ["vip", "Dhaka", "VIP"]}, {"vip in Dhaka, agreed"}),
        ({"tags_none": ["vip"]}, {"in Dhaka", "nobody's"}),
        ({"tags_any": ["dhaka"], "tags_none": ["vip"]}, {"in Dhaka"}),
        ({"tag": "nothing like it"}, set()),
        ({"consent": "yes"}, {"vip in Dhaka, agreed", "nobody's"}),
        ({"consent": "no"}, {"vip", "in Dhaka"}),
        ({"contacted": "never"}, {"in Dhaka", "nobody's"}),
        ({"contacted": "ever"}, {"vip in Dhaka, agreed", "vip"}),
        ({"not_contacted_since": "2025-10-20T00:00:00+00:00"}, {"vip in Dhaka, agreed", "in Dhaka", "nobody's"}),
        ({"contacted": "ever", "not_contacted_since": "2025-10-20T00:00:00+00:00"}, {"vip in Dhaka, agreed"}),
        ({"wrote_to_us": True}, {"vip"}),
        ({"wrote_to_us": False, "tag": "vip"}, {"vip in Dhaka, agreed"}),
    ],
)
def test_a_segment_means_these_people(
    wanted: dict[str, object], meant: set[str], tx: Tx, asha: User, people: dict[int, str]
) -> None:
    segment = segments.read(json.dumps(wanted))
    found = segments.ids(tx, asha.id, segment)
    assert {people[one] for one in found} == meant
    assert found == sorted(found)
    assert segments.count(tx, asha.id, segment) == len(found)
    assert segments.first(tx, asha.id, segment, most=1) == found[-1:]
    assert segments.ids(tx, asha.id, segments.read(segments.write(segment))) == found


# -- by fields of the user's own ----------------------------------------------------------------------


@pytest.fixture
def filled(tx: Tx, asha: User, people: dict[int, str], now: datetime) -> dict[int, str]:
    """The same people with fields; bilal has a city of another kind."""
    kinds: tuple[tuple[str, Kind], ...] = (("city", "text"), ("due", "number"), ("birthday", "date"))
    for name, kind in kinds:
        own.create(tx, asha.id, name=name, kind=kind, currency="BDT", now=now)
    rows: tuple[dict[str, Sent], ...] = (
        {"city": "Dhaka", "due": 1250, "birthday": "1990-11-03"},
        {"city": "dhaka", "due": "-5.5", "birthday": "--11-09"},
        {"city": "ঢাকা", "due": 0, "birthday": "2000-02-29"},
        {},
    )
    for number, fields in enumerate(rows, 1):
        writing.upsert(tx, asha.id, phone=f"880171100000{number}", fields=fields, now=now)
    return people


ONE, TWO, THREE, FOUR = "vip in Dhaka, agreed", "vip", "in Dhaka", "nobody's"


@pytest.mark.parametrize(
    ("conditions", "meant"),
    [
        ([("city", "is", " DHAKA ")], {ONE, TWO}),
        ([("city", "is", "Dhak")], set()),
        ([("city", "is_not", "dhaka")], {THREE, FOUR}),
        ([("city", "contains", "HAK")], {ONE, TWO}),
        ([("city", "contains", "কা")], {THREE}),
        ([("city", "contains", "%")], set()),
        ([("city", "empty", None)], {FOUR}),
        ([("city", "present", None)], {ONE, TWO, THREE}),
        ([("due", "is", "১,২৫০")], {ONE}),
        ([("due", "is", -5.5)], {TWO}),
        ([("due", "is_not", 0)], {ONE, TWO, FOUR}),
        ([("due", "more", 0)], {ONE}),
        ([("due", "more", "-6")], {ONE, TWO, THREE}),
        ([("due", "less", 0)], {TWO}),
        ([("due", "less", 100000)], {ONE, TWO, THREE}),
        ([("birthday", "is", "3 Nov 1990")], {ONE}),
        ([("birthday", "is", "--11-09")], {TWO}),
        ([("birthday", "before", "2000-02-29")], {ONE}),
        ([("birthday", "after", "1990-11-03")], {THREE}),
        ([("birthday", "after", "1000-01-01")], {ONE, THREE}),
        ([("birthday", "on_day", "today")], {ONE}),
        ([("birthday", "on_day", "11-09")], {TWO}),
        ([("birthday", "on_day", "29 February")], {THREE}),
        ([("birthday", "within_days", 0)], {ONE}),
        ([("birthday", "within_days", "6")], {ONE, TWO}),
        ([("birthday", "within_days", 5)], {ONE}),
        ([("birthday", "within_days", 366)], {ONE, TWO, THREE}),
        ([("city", "is", "Dhaka"), ("due", "less", 0)], {TWO}),
        ([("city", "empty", None), ("due", "present", None)], set()),
    ],
)
def test_a_segment_asks_for_fields(
    conditions: list[tuple[str, str, object]],
    meant: set[str],
    tx: Tx,
    asha: User,
    filled: dict[int, str],
    now: datetime,
) -> None:
    wanted = [{"field": a, "op": b, **({} if c is None else {"value": c})} for a, b, c in conditions]
    segment = segments.read(json.dumps({"fields": wanted}))
    found = segments.ids(tx, asha.id, segment, today=now.date())
    assert {filled[one] for one in found} == meant
    assert segments.ids(tx, asha.id, segments.read(segments.write(segment)), today=now.date()) == found


@pytest.mark.parametrize(
    ("today", "meant"),
    [("2025-02-28", {THREE}), ("2024-02-28", set()), ("2024-02-29", {THREE}), ("2025-03-01", set())],
)
def test_who_was_born_on_29_february_has_a_birthday_every_year(
    today: str, meant: set[str], tx: Tx, asha: User, filled: dict[int, str]
) -> None:
    segment = Segment(fields=(Condition("birthday", "on_day", "today"),))
    found = segments.ids(tx, asha.id, segment, today=date.fromisoformat(today))
    assert {filled[one] for one in found} == meant


def test_the_next_days_go_over_the_new_year(tx: Tx, asha: User, filled: dict[int, str]) -> None:
    segment = Segment(fields=(Condition("birthday", "within_days", 63),))
    assert {filled[one] for one in segments.ids(tx, asha.id, segment, today=date(2025, 12, 28))} == {THREE}


def test_today_is_a_day_of_the_users_own_calendar(tx: Tx, asha: User) -> None:
    tx.run("update users set timezone = 'Asia/Dhaka' where id = :id", id=asha.id)
    late = datetime(2025, 11, 2, 18, 30, tzinfo=UTC)
    assert segments.day(tx, asha.id, Config(), late) == date(2025, 11, 3)
    tx.run("update users set timezone = 'America/New_York' where id = :id", id=asha.id)
    assert segments.day(tx, asha.id, Config(), late) == date(2025, 11, 2)


@pytest.mark.parametrize(
    ("field", "op", "value", "says"),
    [
        ("town", "is", "x", "there are birthday, city, due"),
        ("city", "more", "5", "city holds text"),
        ("city", "on_day", "today", "city holds text"),
        ("due", "contains", "5", "due holds numbers"),
        ("due", "is", "n/a", "no number"),
        ("due", "more", None, "compared with"),
        ("city", "contains", " ", "must contain"),
        ("birthday", "is", "soon", "no date"),
        ("birthday", "before", "25 April", "with its year"),
        ("birthday", "on_day", "02-30", "day of the year"),
        ("birthday", "within_days", 367, "0 to 366"),
        ("birthday", "within_days", "-1", "0 to 366"),
        ("birthday", "within_days", 1.5, "0 to 366"),
        ("birthday", "within_days", None, "0 to 366"),
    ],
)
def test_a_field_that_cannot_be_asked_so_is_named(
    field: str,
    op: Op,
    value: str | float | None,
    says: str,
    tx: Tx,
    asha: User,
    filled: dict[int, str],
    now: datetime,
) -> None:
    segment = Segment(fields=(Condition(field, op, value),))
    with pytest.raises(Invalid) as refused:
        segments.ids(tx, asha.id, segment, today=now.date())
    assert refused.value.code == "bad_segment" and says in refused.value.details["fields"]


VALUES = {
    "city": st.sampled_from(["Dhaka", "DHAKA", "ঢাকা", "a%b_", "'; drop table contacts --", "ẞ"]),
    "due": st.sampled_from(["-5.5", "0", "7", "1250.25", "999999999999999"]),
    "birthday": st.sampled_from(["--02-29", "--11-03", "1990-11-03", "2000-02-29", "2024-12-31", "1000-01-01"]),
}
held = st.fixed_dictionaries({name: st.none() | value for name, value in VALUES.items()})
ops = {"city": OPS["text"], "due": OPS["number"], "birthday": OPS["date"]}


@st.composite
def asked(draw: st.DrawFn) -> Condition:
    field = draw(st.sampled_from(sorted(VALUES)))
    op = draw(st.sampled_from(ops[field]))
    if op in ("present", "empty"):
        return Condition(field, op)
    if op == "within_days":
        return Condition(field, op, draw(st.integers(0, 366)))
    if op == "on_day":
        return Condition(field, op, draw(st.sampled_from(["today", "02-28", "02-29", "12-31"])))
    value = draw(VALUES[field])
    return Condition(field, op, f"2000{value[1:]}" if op in ("before", "after") and value[0] == "-" else value)


@given(
    st.lists(asked(), min_size=1, max_size=3),
    st.lists(held, min_size=1, max_size=5),
    st.dates(date(2023, 1, 1), date(2026, 12, 31)),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_query_agrees_with_the_plain_meaning_of_fields(
    tx: Tx, asha: User, now: datetime, wanted: list[Condition], people: list[dict[str, str | None]], today: date
) -> None:
    tx.run("delete from contacts")
    if not own.every(tx, asha.id):
        for name, kind in (("city", "text"), ("due", "number"), ("birthday", "date")):
            own.create(tx, asha.id, name=name, kind=kind, currency="BDT", now=now)  # type: ignore[arg-type]
    drafts = [Draft(Phone(f"880171100000{n}", flagged=False), fields=one) for n, one in enumerate(people)]
    writing.write(tx, asha.id, drafts, now=now)
    found = segments.ids(tx, asha.id, Segment(fields=tuple(wanted)), today=today)
    phones = [tx.value("select phone from contacts where id = :id", id=one) for one in found]
    meant = [n for n, one in enumerate(people) if all(_holds(one[each.field], each, today) for each in wanted)]
    assert phones == [f"880171100000{n}" for n in meant]


def _holds(value: str | None, wanted: Condition, today: date) -> bool:
    op, sought = wanted.op, wanted.value
    if op in ("empty", "present"):
        return (value is None) == (op == "empty")
    if op == "is_not":
        return not _holds(value, Condition(wanted.field, "is", sought), today)
    if value is None:
        return False
    if op in ("on_day", "within_days"):
        days = 0 if op == "on_day" else int(str(sought))
        if op == "on_day" and sought != "today":
            return value[-5:] == sought
        return any(_is_kept(value[-5:], today + timedelta(days=n)) for n in range(days + 1))
    if wanted.field == "due":
        have, want = float(value), float(str(sought))
        return {"is": have == want, "more": have > want, "less": have < want}[op]
    if op in ("before", "after"):
        have_day, want_day = (
            date.fromisoformat(value) if value[0] != "-" else None,
            date.fromisoformat(str(sought)),
        )
        return have_day is not None and (have_day < want_day if op == "before" else have_day > want_day)
    have_text, want_text = value.casefold(), str(sought).casefold()
    return want_text in have_text if op == "contains" else have_text == want_text


def _is_kept(birthday: str, day: date) -> bool:
    """Whether the birthday is kept on this day: on 28 February, too, where there is no 29th."""
    there_is_none = (day.month, day.day) == (2, 28) and (day + timedelta(days=1)).month == 3
    return f"{day:%m-%d}" == birthday or (birthday == "02-29" and there_is_none)


def test_bilal_cannot_ask_for_ashas_fields(tx: Tx, bilal: User, filled: dict[int, str]) -> None:
    with pytest.raises(Invalid) as refused:
        segments.ids(tx, bilal.id, Segment(fields=(Condition("city", "is", "Dhaka"),)))
    assert "none of your own" in refused.value.sentence
    writing.upsert(tx, bilal.id, phone="8801711000009", fields={"city": "Dhaka"}, now=datetime.now(UTC))
    assert segments.count(tx, bilal.id, Segment(fields=(Condition("city", "is", "Dhaka"),))) == 1


def test_the_shorthand_is_stored_as_one_tag_of_any() -> None:
    assert segments.write(Segment(tag=" Eid  sale ")) == '{"tags_any":["Eid sale"]}'
    assert segments.write(segments.of_tag("leads")) == '{"tags_any":["leads"]}'
    assert segments.write(segments.of_tag(None)) == "{}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        '{"tags": ["a"]}',
        '{"tags_any": [""]}',
        '{"tag": 7}',
        '{"fields": [{"field": "city", "op": "like", "value": "x"}]}',
        '{"fields": [{"field": "city"}]}',
        '{"fields": [{"field": "city", "op": "is", "value": true}]}',
        '{"fields": [' + ",".join(['{"field": "a", "op": "empty"}'] * 11) + "]}",
        '{"tag": "a", "tags_any": ["b"]}',
        '{"consent": "maybe"}',
        '{"not_contacted_since": "2025-10-20T00:00:00"}',
        '{"tags_all": ["' + "x" * 65 + '"]}',
        "\ud800",
    ],
)
def test_what_is_no_segment_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        segments.read(text)
    assert refused.value.details


tags = st.lists(st.sampled_from(["a", "A", "b", "ব", "c'; drop table contacts --"]), max_size=3).map(tuple)


@given(
    st.builds(
        Segment,
        tags_any=tags,
        tags_all=tags,
        tags_none=tags,
        consent=st.sampled_from(["yes", "no", None]),
        contacted=st.sampled_from(["ever", "never", None]),
        wrote_to_us=st.sampled_from([True, False, None]),
    ),
    st.lists(st.tuples(tags, st.booleans()), max_size=6),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_query_agrees_with_the_plain_meaning(
    tx: Tx, asha: User, now: datetime, segment: Segment, people: list[tuple[tuple[str, ...], bool]]
) -> None:
    tx.run("delete from contacts")
    blank = Draft(Phone("8801711000000", flagged=False))
    for number, (tagged, agreed) in enumerate(people):
        consent = Consent("order", now) if agreed else None
        phone = Phone(f"880171100000{number}", flagged=False)
        own = tuple({tag.casefold(): tag for tag in tagged}.values())
        writing.write(tx, asha.id, [replace(blank, phone=phone, tags=own, consent=consent)], now=now)
    meant = [_is_meant(segment, {tag.casefold() for tag in tagged}, agreed=agreed) for tagged, agreed in people]
    found = segments.ids(tx, asha.id, segment)
    phones = [tx.value("select phone from contacts where id = :id", id=one) for one in found]
    assert phones == [f"880171100000{number}" for number, yes in enumerate(meant) if yes]


def _is_meant(segment: Segment, own: set[str], *, agreed: bool) -> bool:
    """Nobody here was ever written to, and nobody wrote."""
    any_of, all_of, none_of = (
        {tag.casefold() for tag in tags} for tags in (segment.tags_any, segment.tags_all, segment.tags_none)
    )
    return (
        (not any_of or bool(any_of & own))
        and all_of <= own
        and not none_of & own
        and segment.consent in (None, "yes" if agreed else "no")
        and segment.contacted != "ever"
        and segment.wrote_to_us is not True
    )
