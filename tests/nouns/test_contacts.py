from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from wabox.accounts.users import User
from wabox.contacts import fields, phones, suppression, writing
from wabox.contacts import stored as contacts
from wabox.contacts.stored import Consent, Contact, Wanted
from wabox.contacts.writing import Draft
from wabox.db import Tx
from wabox.errors import Invalid, NotFound
from wabox.messages import chats

SHOP = "8801700000009"
LATER = timedelta(hours=1)


def draft(phone: str, **more: object) -> Draft:
    return replace(Draft(phones.parse(phone, country="BD")), **more)  # type: ignore[arg-type]


def put(tx: Tx, user: User, phone: str, now: datetime, **more: object) -> Contact:
    return upsert(tx, user, draft(phone, **more), now)[0]


def upsert(tx: Tx, user: User, one: Draft, now: datetime) -> tuple[Contact, bool]:
    outcome = writing.write(tx, user.id, [one], now=now)[one.phone.digits]
    contact = contacts.by_phone(tx, user.id, one.phone.digits)
    assert contact is not None
    return contact, outcome == "created"


def test_a_new_person_stands_as_written(tx: Tx, asha: User, now: datetime) -> None:
    contact, created = writing.upsert(
        tx, asha.id, phone="8801711123456", name="Alice", custom="VIP", tags=("leads",), now=now
    )
    assert created
    assert (contact.phone, contact.name, contact.custom, contact.tag) == ("8801711123456", "Alice", "VIP", "leads")
    assert (contact.created_at, contact.updated_at) == (now, now)
    assert not contact.opted_out
    assert contact.consent is None


def test_the_same_phone_in_another_spelling_is_the_same_person(tx: Tx, asha: User, now: datetime) -> None:
    first = put(tx, asha, "01711123456", now)
    for spelling in ("+880 1711-123456", "০১৭১১১২৩৪৫৬", "1711123456", "008801711123456"):
        contact, created = upsert(tx, asha, draft(spelling), now)
        assert (contact.id, created) == (first.id, False)


def test_what_is_absent_stays_and_none_clears(tx: Tx, asha: User, now: datetime) -> None:
    contact = put(tx, asha, "01711123456", now, name="Alice", custom="VIP", tags=("a", "b"))
    renamed = writing.patch(tx, asha.id, contact.id, name="Alicia", now=now + LATER)
    assert (renamed.name, renamed.custom, renamed.tags) == ("Alicia", "VIP", ("a", "b"))
    cleared = writing.patch(tx, asha.id, contact.id, name=None, custom=None, tags=(), now=now + LATER)
    assert (cleared.name, cleared.custom, cleared.tags, cleared.tag) == (None, None, (), None)


def test_writing_what_stands_already_changes_nothing(tx: Tx, asha: User, now: datetime) -> None:
    put(tx, asha, "01711123456", now, name="Alice", tags=("a",))
    contact = put(tx, asha, "01711123456", now + LATER, name="Alice", tags=("a",))
    assert contact.updated_at == now


def test_writing_tags_replaces_the_set_in_its_order(tx: Tx, asha: User, now: datetime) -> None:
    put(tx, asha, "01711123456", now, tags=("old", "kept"))
    assert put(tx, asha, "01711123456", now, tags=("kept", "new")).tags == ("kept", "new")


def test_tags_can_be_added_instead(tx: Tx, asha: User, now: datetime) -> None:
    put(tx, asha, "01711123456", now, tags=("VIP",))
    assert put(tx, asha, "01711123456", now, tags=("vip", "eid"), add_tags=True).tags == ("VIP", "eid")


def test_a_phone_that_comes_twice_is_created_once_and_the_last_wins(tx: Tx, asha: User, now: datetime) -> None:
    put(tx, asha, "01811000000", now)
    counts = writing.bulk(
        tx,
        asha.id,
        [
            draft("01711123456", name="Alice", custom="first"),
            draft("01811000000", name="Bob"),
            draft("+8801711123456", name="Alicia"),
        ],
        now=now,
    )
    assert (counts.created, counts.updated, counts.total) == (1, 2, 3)
    contact = contacts.by_phone(tx, asha.id, "8801711123456")
    assert contact is not None
    assert (contact.name, contact.custom) == ("Alicia", "first")


def test_a_thousand_go_in_one_call_and_one_more_does_not(tx: Tx, asha: User, now: datetime) -> None:
    drafts = [draft(f"88017{n:08d}") for n in range(1_001)]
    with pytest.raises(Invalid, match="at most 1,000"):
        writing.bulk(tx, asha.id, drafts, now=now)
    assert writing.bulk(tx, asha.id, drafts[:1_000], now=now).created == 1_000
    assert writing.bulk(tx, asha.id, drafts[:1_000], now=now).updated == 1_000


def test_ids_are_never_used_again(tx: Tx, asha: User, now: datetime) -> None:
    first = put(tx, asha, "01711123456", now)
    writing.remove(tx, asha.id, first.id)
    assert put(tx, asha, "01711123456", now).id > first.id


def test_a_removed_contact_is_gone_with_its_tags_but_stays_opted_out(tx: Tx, asha: User, now: datetime) -> None:
    contact = put(tx, asha, "01711123456", now, tags=("a",))
    suppression.opt_out(tx, asha.id, contact.phone, source="word", word="STOP", now=now)
    writing.remove(tx, asha.id, contact.id)
    with pytest.raises(NotFound):
        contacts.of_user(tx, asha.id, contact.id)
    assert tx.value("select count(*) from contact_tags") == 0
    assert put(tx, asha, "01711123456", now).opted_out


def test_bilal_neither_sees_nor_changes_ashas_people(tx: Tx, asha: User, bilal: User, now: datetime) -> None:
    contact = put(tx, asha, "01711123456", now, name="Alice", tags=("leads",))
    suppression.opt_out(tx, asha.id, contact.phone, source="owner", now=now)
    assert contacts.by_phone(tx, bilal.id, contact.phone) is None
    assert contacts.values_for(tx, bilal.id, contact.phone) == (None, {"phone": contact.phone})
    assert contacts.page(tx, bilal.id, Wanted(tag="leads")).contacts == []
    assert contacts.page(tx, bilal.id, Wanted(text="alice")).total == 0
    assert contacts.tags(tx, bilal.id) == []
    assert contacts.some(tx, bilal.id, [contact.id]) == []
    for verb in (
        lambda: contacts.of_user(tx, bilal.id, contact.id),
        lambda: writing.remove(tx, bilal.id, contact.id),
        lambda: writing.patch(tx, bilal.id, contact.id, name="Mallory", now=now),
    ):
        with pytest.raises(NotFound):
            verb()
    his = put(tx, bilal, "01711123456", now, name="Robert")
    assert not his.opted_out
    assert contacts.of_user(tx, asha.id, contact.id).name == "Alice"


def test_a_person_met_before_keeps_when(tx: Tx, asha: User, now: datetime) -> None:
    chats.wrote(tx, asha.id, SHOP, "8801711123456", inbound=True, at=now)
    contact = put(tx, asha, "01711123456", now + LATER)
    assert (contact.last_in_at, contact.last_out_at) == (now, None)
    chats.wrote(tx, asha.id, SHOP, "8801711123456", inbound=False, at=now + LATER)
    assert contacts.of_user(tx, asha.id, contact.id).last_out_at == now + LATER


def test_templates_get_what_is_known(tx: Tx, asha: User, now: datetime) -> None:
    contact = put(tx, asha, "01711123456", now, name="Alice", custom="VIP")
    known = {"name": "Alice", "custom": "VIP", "phone": "8801711123456"}
    assert contacts.values(contact) == known
    assert contacts.values_for(tx, asha.id, contact.phone) == (contact.id, known)
    assert contacts.values_for(tx, asha.id, "8801811000000") == (None, {"phone": "8801811000000"})


# -- consent -----------------------------------------------------------------------------------------


def test_consent_is_kept_with_source_time_and_who(tx: Tx, asha: User, now: datetime) -> None:
    consent = Consent("web_form", now, "asha@example.com", "checkout page")
    assert put(tx, asha, "01711123456", now, consent=consent).consent == consent
    assert put(tx, asha, "01711123456", now, consent=None).consent is None


def test_the_same_consent_said_again_keeps_its_first_date(tx: Tx, asha: User, now: datetime) -> None:
    put(tx, asha, "01711123456", now, consent=Consent("order", now))
    again = put(tx, asha, "01711123456", now, consent=Consent("order", now + LATER))
    assert again.consent == Consent("order", now)
    earlier = put(tx, asha, "01711123456", now, consent=Consent("order", now - LATER))
    assert earlier.consent == Consent("order", now - LATER)


def test_an_imports_word_does_not_replace_a_better_consent(tx: Tx, asha: User, now: datetime) -> None:
    put(tx, asha, "01711123456", now, consent=Consent("in_person", now))
    after = put(tx, asha, "01711123456", now, consent=Consent("import_attested", now + LATER))
    assert after.consent == Consent("in_person", now)


# -- lists -------------------------------------------------------------------------------------------


def test_a_tag_is_found_in_any_spelling(tx: Tx, asha: User, now: datetime) -> None:
    put(tx, asha, "01711000001", now, tags=("VIP", "Dhaka"))
    put(tx, asha, "01711000002", now, tags=("vip",))
    put(tx, asha, "01711000003", now, tags=("ঢাকা",))
    assert [one.phone for one in contacts.page(tx, asha.id, Wanted(tag=" Vip ")).contacts] == [
        "8801711000002",
        "8801711000001",
    ]
    assert contacts.page(tx, asha.id, Wanted(tag="ঢাকা")).total == 1
    assert [(one.tag, one.contacts) for one in contacts.tags(tx, asha.id)] == [("Dhaka", 1), ("VIP", 2), ("ঢাকা", 1)]


@pytest.mark.parametrize(
    "text", ["alice", "ALI", "রহিম", "special", "01711 000001", "০১৭১১০০০০০১", "+8801711-000001", "lead", "000001"]
)
def test_search_looks_in_names_phones_custom_and_tags(text: str, tx: Tx, asha: User, now: datetime) -> None:
    put(tx, asha, "01711000001", now, name="Alice রহিম", custom="Special price", tags=("leads",))
    put(tx, asha, "01811222333", now, name="Bob")
    assert [one.phone for one in contacts.page(tx, asha.id, Wanted(text=text)).contacts] == ["8801711000001"]


def test_search_takes_wildcards_and_quotes_as_they_are(tx: Tx, asha: User, now: datetime) -> None:
    put(tx, asha, "01711000001", now, name="100% 'cotton'_")
    for text in ("%", "_", "'", "100%"):
        assert contacts.page(tx, asha.id, Wanted(text=text)).total == 1
    for text in ("%%", "\\", '"', "' or 1=1 --"):
        assert contacts.page(tx, asha.id, Wanted(text=text)).total == 0


def test_search_within_a_tag(tx: Tx, asha: User, now: datetime) -> None:
    put(tx, asha, "01711000001", now, name="Alice", tags=("a",))
    put(tx, asha, "01711000002", now, name="Alice", tags=("b",))
    assert contacts.page(tx, asha.id, Wanted(tag="A", text="alice")).total == 1


@pytest.mark.parametrize("wanted", [Wanted(), Wanted(tag="t"), Wanted(text="p"), Wanted(tag="t", text="p")])
def test_every_list_can_be_walked_by_number_and_by_cursor(
    wanted: Wanted, tx: Tx, asha: User, now: datetime
) -> None:
    drafts = [draft(f"0171100{n:04d}", name=f"P{n}", tags=("t",)) for n in range(7)]
    writing.bulk(tx, asha.id, drafts, now=now)
    numbered = [
        one.id for n in (1, 2, 3) for one in contacts.page(tx, asha.id, wanted, number=n, per_page=3).contacts
    ]
    walked: list[int] = []
    cursor: int | None = None
    while True:
        page = contacts.page(tx, asha.id, wanted, per_page=3, cursor=cursor)
        assert page.total == 7
        walked += [one.id for one in page.contacts]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert walked == numbered == sorted(numbered, reverse=True)
    assert len(walked) == 7


# -- fields ------------------------------------------------------------------------------------------


def test_fields_are_tidied() -> None:
    assert fields.name("  Al\tice\n Khan ") == "Al ice Khan"
    assert fields.name("   ") is None
    assert fields.custom(" two\nlines ") == "two\nlines"
    assert fields.custom(None) is None
    assert fields.tags([" VIP ", "vip", "Eid  sale"]) == ("VIP", "Eid sale")


@pytest.mark.parametrize(
    ("clean", "text", "code"),
    [
        (fields.name, "x" * 201, "bad_name"),
        (fields.custom, "x" * 1_001, "bad_custom"),
        (fields.note, "x" * 501, "bad_note"),
        (fields.tag, "x" * 65, "bad_tag"),
        (fields.tag, "x" * 100_000, "bad_tag"),
        (fields.tag, "  ", "bad_tag"),
        (fields.tag, "\x01", "bad_tag"),
    ],
)
def test_fields_that_are_too_long_or_blank_are_refused(clean: object, text: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        clean(text)  # type: ignore[operator]
    assert refused.value.code == code
    assert list(refused.value.details) == [code.removeprefix("bad_")]


def test_a_contact_has_at_most_fifty_tags() -> None:
    assert len(fields.tags(str(n) for n in range(50))) == 50
    with pytest.raises(Invalid, match="at most 50 tags"):
        fields.tags(str(n) for n in range(51))
