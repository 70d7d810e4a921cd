"""Fields of a user's own: names, kinds, values, how they read in a text, and what becomes of them."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wabox.accounts.users import User
from wabox.contacts import days, own, own_values, writing
from wabox.contacts import stored as contacts
from wabox.contacts.own_values import RESERVED, Display, Field, Kind, Sent
from wabox.contacts.phones import Phone
from wabox.contacts.stored import Contact, Wanted
from wabox.contacts.writing import Draft
from wabox.db import Tx
from wabox.errors import Invalid, NotFound

RINA, KARIM = "8801711000001", "8801711000002"


def put(tx: Tx, user: User, now: datetime, phone: str = RINA, **fields: Sent) -> Contact:
    contact, _ = writing.upsert(tx, user.id, phone=phone, fields=fields, now=now)
    return contact


def plain(contact: Contact) -> dict[str, str | int | float]:
    return {one.field.name: one.plain for one in contact.fields}


def make(
    tx: Tx, user: User, now: datetime, name: str, kind: Kind = "text", display: Display | None = None
) -> Field:
    return own.create(tx, user.id, name=name, kind=kind, display=display, currency="BDT", now=now)


# -- names -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["", "City", "1st", "_a", "a-b", "a b", "শহর", "a" * 33, "a\n", "ä", *sorted(RESERVED)]
)
def test_a_name_that_cannot_be_one_is_refused_in_words(tx: Tx, asha: User, now: datetime, name: str) -> None:
    with pytest.raises(Invalid) as refused:
        make(tx, asha, now, name)
    assert refused.value.code == "bad_field" and set(refused.value.details) == {"name"}
    with pytest.raises(Invalid) as refused:
        writing.upsert(tx, asha.id, phone=RINA, fields={name: "x"}, now=now)
    assert set(refused.value.details) == {f"fields.{name}"}
    assert tx.value("select count(*) from contact_fields") == 0


def test_what_a_text_or_an_export_calls_otherwise_is_reserved() -> None:
    from wabox.contacts.exporting import HEADER  # noqa: PLC0415
    from wabox.messages.spintax import VARIABLES  # noqa: PLC0415

    assert set(VARIABLES) | set(HEADER) <= RESERVED


def test_there_are_at_most_fifty_and_the_longest_name_is_one(
    tx: Tx, asha: User, bilal: User, now: datetime
) -> None:
    for number in range(50):
        make(tx, asha, now, f"f{number}".ljust(32, "x"))
    with pytest.raises(Invalid) as refused:
        make(tx, asha, now, "more")
    assert refused.value.code == "too_many_fields"
    with pytest.raises(Invalid) as refused:
        put(tx, asha, now, more="x")
    assert set(refused.value.details) == {"fields.more"}
    assert contacts.by_phone(tx, asha.id, RINA) is None
    make(tx, bilal, now, "more")


# -- values ------------------------------------------------------------------------------------------


def test_values_are_merged_and_null_takes_one_away(tx: Tx, asha: User, now: datetime) -> None:
    put(tx, asha, now, city="Dhaka", due=1250, note_2=" kept ")
    assert plain(put(tx, asha, now, city="Sylhet")) == {"city": "Sylhet", "due": 1250, "note_2": "kept"}
    assert plain(put(tx, asha, now, due=None, city="  ")) == {"note_2": "kept"}
    assert [one.name for one in own.every(tx, asha.id)] == ["city", "due", "note_2"]
    assert plain(put(tx, asha, now, never_there=None)) == {"note_2": "kept"}
    assert "never_there" not in own.names(tx, asha.id)


def test_a_new_name_becomes_a_field_of_what_was_sent(tx: Tx, asha: User, now: datetime) -> None:
    put(tx, asha, now, city="1250", due=12.5)
    assert {one.name: one.kind for one in own.every(tx, asha.id)} == {"city": "text", "due": "number"}


@pytest.mark.parametrize(
    ("kind", "sent", "kept"),
    [
        ("text", "x" * 1_024, "x" * 1_024),
        ("text", " two\nlines ", "two\nlines"),
        ("text", "\0", None),
        ("number", 0, "0"),
        ("number", -0.0, "0"),
        ("number", 1250.50, "1250.5"),
        ("number", "৳ ১,২৫০.৫০", "1250.5"),
        ("number", "1250/-", "1250"),
        ("number", "Tk 12,34,567", "1234567"),
        ("number", "-5", "-5"),
        ("number", "\u22125", "-5"),
        ("number", "999999999999999", "999999999999999"),
        ("number", " ", None),
        ("date", "1990-04-25", "1990-04-25"),
        ("date", "25/4/1990", "1990-04-25"),
        ("date", "25.04.90", "1990-04-25"),
        ("date", "২৫/০৪/১৯৯০", "1990-04-25"),
        ("date", "২৫ এপ্রিল ১৯৯০", "1990-04-25"),
        ("date", "25th Apr, 1990", "1990-04-25"),
        ("date", "April 25, 1990", "1990-04-25"),
        ("date", "1990-04-25 00:00:00", "1990-04-25"),
        ("date", "25 April", "--04-25"),
        ("date", "--02-29", "--02-29"),
    ],
)
def test_a_value_is_read_as_its_kind(kind: Kind, sent: Sent, kept: str | None) -> None:
    assert own_values.read("x", kind, sent) == kept
    assert kept is None or own_values.read("x", kind, kept) == kept


@pytest.mark.parametrize(
    ("kind", "sent"),
    [
        ("text", "x" * 1_025),
        ("text", 5),
        ("number", "n/a"),
        ("number", "1,25"),
        ("number", "1.2.3"),
        ("number", "1234567890123456"),
        ("number", 1e20),
        ("number", 1e-7),
        ("number", float("inf")),
        ("number", "1" * 4_000),
        ("date", 19900425),
        ("date", "31/02/2000"),
        ("date", "1990-02-29"),
        ("date", "25/04"),
        ("date", "soon"),
        ("date", "4/25/1990"),
        ("date", "1" * 1_000),
    ],
)
def test_what_is_none_of_its_kind_is_refused_by_name(kind: Kind, sent: Sent) -> None:
    with pytest.raises(Invalid) as refused:
        own_values.read("due", kind, sent)
    assert refused.value.code == "bad_value" and set(refused.value.details) == {"fields.due"}
    assert refused.value.sentence.startswith("due ") and len(refused.value.sentence) < 160


def test_a_column_may_have_its_months_first() -> None:
    assert days.read("4/5/1990", month_first=True) == "1990-04-05"
    assert days.read("4/5/1990") == "1990-05-04"
    assert days.read("1990-04-25", month_first=True) == "1990-04-25"


@given(st.dates(min_value=date(1000, 1, 1)))
def test_every_day_is_read_back_as_it_is_kept_and_as_it_is_shown(day: date) -> None:
    kept = day.isoformat()
    assert days.read(kept) == kept
    for display in own_values.DISPLAYS["date"]:
        for language in ("en", "bn"):
            shown = own_values.said(Field(1, "x", "date", display, None), kept, language)
            again = days.read(shown)
            assert again is None or again[-5:] == kept[-5:], shown
            assert again == kept or display == "day_and_month", shown


@given(st.text(max_size=80))
def test_nothing_that_is_typed_breaks_the_readers(text: str) -> None:
    for kind in own_values.KINDS:
        try:
            kept = own_values.read("x", kind, text)
        except Invalid:
            continue
        assert kept is None or own_values.read("x", kind, kept) == kept
        if kept is not None:
            own_values.key(kind, kept)
            for display in own_values.DISPLAYS[kind]:
                own_values.said(Field(1, "x", kind, display, "BDT" if display == "money" else None), kept, "bn")


# -- in a text ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "display", "kept", "english", "bengali"),
    [
        ("text", "plain", "Dhaka 1205", "Dhaka 1205", "Dhaka 1205"),
        ("number", "plain", "1250.5", "1250.5", "১২৫০.৫"),
        ("number", "thousands", "1250.125", "1,250.125", "১,২৫০.১২৫"),
        ("number", "money", "1250", "৳1,250", "৳১,২৫০"),
        ("number", "money", "-1250.5", "-৳1,250.50", "-৳১,২৫০.৫০"),
        ("date", "day", "1990-04-05", "5 April 1990", "৫ এপ্রিল ১৯৯০"),
        ("date", "day", "--04-05", "5 April", "৫ এপ্রিল"),
        ("date", "day_and_month", "1990-04-05", "5 April", "৫ এপ্রিল"),
        ("date", "digits", "1990-04-05", "05/04/1990", "০৫/০৪/১৯৯০"),
        ("date", "digits", "--02-29", "29/02", "২৯/০২"),
    ],
)
def test_a_value_reads_as_its_field_and_the_texts_language_want(
    kind: Kind, display: Display, kept: str, english: str, bengali: str
) -> None:
    field = Field(1, "x", kind, display, "BDT" if display == "money" else None)
    assert (own_values.said(field, kept, "en"), own_values.said(field, kept, "bn")) == (english, bengali)


def test_a_text_gets_them_beside_name_and_custom(tx: Tx, asha: User, bilal: User, now: datetime) -> None:
    make(tx, asha, now, "due", "number", "money")
    contact = put(tx, asha, now, city="Dhaka", due="1,250")
    assert contacts.values(contact, "bn") == {
        "name": "",
        "custom": "",
        "phone": RINA,
        "city": "Dhaka",
        "due": "৳১,২৫০",
    }
    assert contacts.values_for(tx, asha.id, RINA, ("due",), "You owe {due}")[1]["due"] == "৳1,250"
    assert contacts.values_for(tx, asha.id, RINA, ("due",), "আপনার বাকি {due}")[1]["due"] == "৳১,২৫০"
    assert "due" not in contacts.values_for(tx, asha.id, RINA)[1]
    assert contacts.values_for(tx, bilal.id, RINA, ("due",), "{due}") == (None, {"phone": RINA})


# -- the fields themselves ---------------------------------------------------------------------------


def test_a_new_name_keeps_every_value(tx: Tx, asha: User, now: datetime) -> None:
    field = make(tx, asha, now, "town")
    put(tx, asha, now, town="Dhaka")
    own.change(tx, asha.id, field.id, name="city", currency="BDT", now=now)
    found = contacts.by_phone(tx, asha.id, RINA)
    assert found is not None and plain(found) == {"city": "Dhaka"}
    make(tx, asha, now, "town")
    with pytest.raises(Invalid) as refused:
        own.change(tx, asha.id, field.id, name="town", currency="BDT", now=now)
    assert refused.value.code == "name_taken"


def test_another_kind_reads_every_value_anew_or_changes_nothing(
    tx: Tx, asha: User, bilal: User, now: datetime
) -> None:
    field = make(tx, asha, now, "due")
    make(tx, bilal, now, "due")
    put(tx, asha, now, due="1,250.50")
    put(tx, asha, now, KARIM, due="n/a")
    put(tx, bilal, now, due="1,250.50")
    before = tx.all("select * from field_values order by contact_id")
    with pytest.raises(Invalid) as refused:
        own.change(tx, asha.id, field.id, kind="number", display="money", currency="BDT", now=now)
    assert refused.value.code == "values_do_not_fit" and "n/a" in refused.value.sentence
    assert [tuple(row) for row in tx.all("select * from field_values order by contact_id")] == [
        tuple(one) for one in before
    ]
    put(tx, asha, now, KARIM, due="0")
    changed = own.change(tx, asha.id, field.id, kind="number", display="money", currency="BDT", now=now)
    assert (changed.kind, changed.display, changed.currency) == ("number", "money", "BDT")
    shown = [plain(one) for one in contacts.page(tx, asha.id, Wanted()).contacts]
    assert shown == [{"due": 0}, {"due": 1250.5}]
    back = own.change(tx, asha.id, field.id, kind="text", currency="BDT", now=now)
    assert (back.display, back.currency) == ("plain", None)
    assert [plain(one) for one in contacts.page(tx, bilal.id, Wanted()).contacts] == [{"due": "1,250.50"}]


def test_a_display_must_be_one_of_its_kind(tx: Tx, asha: User, now: datetime) -> None:
    with pytest.raises(Invalid) as refused:
        make(tx, asha, now, "city", "text", "money")
    assert set(refused.value.details) == {"display"}


def test_a_removed_field_is_gone_with_its_values(tx: Tx, asha: User, now: datetime) -> None:
    put(tx, asha, now, city="Dhaka", due=5)
    assert own.remove(tx, asha.id, own.of_user(tx, asha.id, "city").id, now=now) == 1
    found = contacts.by_phone(tx, asha.id, RINA)
    assert found is not None and plain(found) == {"due": 5}
    assert tx.value("select count(*) from field_values") == 1


def test_bilal_neither_sees_nor_changes_ashas_fields(tx: Tx, asha: User, bilal: User, now: datetime) -> None:
    put(tx, asha, now, city="Dhaka")
    field = own.of_user(tx, asha.id, "city")
    assert own.every(tx, bilal.id) == [] and own.names(tx, bilal.id) == ()
    for verb in (
        lambda: own.of_user(tx, bilal.id, "city"),
        lambda: own.by_id(tx, bilal.id, field.id),
        lambda: own.change(tx, bilal.id, field.id, name="mine", currency="BDT", now=now),
        lambda: own.remove(tx, bilal.id, field.id, now=now),
    ):
        with pytest.raises(NotFound):
            verb()
    assert contacts.page(tx, bilal.id, Wanted(text="dhaka")).total == 0
    assert own.counted(tx, asha.id)[0].contacts == 1


def test_values_go_with_their_contact(tx: Tx, asha: User, now: datetime) -> None:
    contact = put(tx, asha, now, city="Dhaka")
    writing.remove(tx, asha.id, contact.id)
    assert tx.value("select count(*) from field_values") == 0
    assert own.names(tx, asha.id) == ("city",)


# -- many --------------------------------------------------------------------------------------------


def test_a_thousand_are_all_or_none_and_each_wrong_row_is_named(tx: Tx, asha: User, now: datetime) -> None:
    make(tx, asha, now, "due", "number")
    drafts = [
        Draft(Phone(f"8801711{n:06d}", flagged=False), fields={"due": n, "city": f"City {n}"}) for n in range(9)
    ]
    wrong = [
        Draft(Phone(RINA, flagged=False), fields={"due": "soon"}),
        Draft(Phone(KARIM, flagged=False), fields={"phone": "x"}),
    ]
    with pytest.raises(Invalid) as refused:
        writing.bulk(tx, asha.id, [*drafts, *wrong], now=now)
    assert set(refused.value.details) == {"contacts[9].fields.due", "contacts[10].fields.phone"}
    assert tx.value("select count(*) from contacts") == 0
    assert writing.bulk(tx, asha.id, drafts, now=now).created == 9
    again = writing.bulk(tx, asha.id, drafts, now=now)
    assert again.updated == 9
    assert tx.value("select count(*) from field_values") == 18


def test_the_same_phone_twice_in_one_call_is_merged(tx: Tx, asha: User, now: datetime) -> None:
    one = Phone(RINA, flagged=False)
    drafts = [Draft(one, fields={"city": "Dhaka", "due": 5}), Draft(one, fields={"due": None, "size": "M"})]
    writing.bulk(tx, asha.id, drafts, now=now)
    found = contacts.by_phone(tx, asha.id, RINA)
    assert found is not None and plain(found) == {"city": "Dhaka", "size": "M"}


def test_an_unchanged_value_changes_nothing(tx: Tx, asha: User, now: datetime) -> None:
    put(tx, asha, now, due=1250)
    draft = Draft(Phone(RINA, flagged=False), fields={"due": "1,250.00"})
    assert writing.write(tx, asha.id, [draft], now=now) == {RINA: "unchanged"}


# -- search ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("dhaka", [RINA]),
        ("DHAK", [RINA]),
        ("ঢাকা", [KARIM]),
        ("1250", [KARIM]),
        ("1990-04", [RINA]),
        ("city:dhaka", [RINA]),
        ("city: ঢা", [KARIM]),
        ("size:dhaka", []),
        ("city:", []),
        ("nowhere", []),
    ],
)
def test_a_search_looks_in_fields(tx: Tx, asha: User, now: datetime, text: str, found: list[str]) -> None:
    make(tx, asha, now, "birthday", "date")
    put(tx, asha, now, city="Dhaka", size="M", birthday="1990-04-25")
    put(tx, asha, now, KARIM, city="ঢাকা", due=1250)
    assert [one.phone for one in contacts.page(tx, asha.id, Wanted(text=text)).contacts] == found
