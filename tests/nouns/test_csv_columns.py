from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from wabox.contacts import exporting, fields
from wabox.contacts.lists import answers, columns, guessing
from wabox.contacts.lists import cells as cell_texts
from wabox.contacts.lists.cells import FORMULA, guarded, unguarded
from wabox.contacts.lists.columns import Columns
from wabox.contacts.stored import Consent, Contact
from wabox.errors import Invalid

NOON = datetime(2025, 11, 3, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "cell",
    [
        "01711123456",
        "1711123456",
        "8801711123456",
        "+880 1711-123456",
        "০১৭১১১২৩৪৫৬",
        "০১৭১১-123456",
        "'01711123456",
        '="01711123456"',
        "tel:+8801711123456",
        "8801711123456.0",
        "8801711123456,00",
        "8.801711123456E+12",
        "8,801711123456e12",
        "1.711123456E+09",
        "8801711123456@c.us",
        "8801711123456@s.whatsapp.net",
        " 01711123456\u200e ",
        "(017) 1112 3456",
    ],
)
def test_a_number_is_recovered_from_what_a_spreadsheet_made_of_it(cell: str) -> None:
    assert cell_texts.phone_of(cell, country="BD").digits == "8801711123456"


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("", "no phone number"),
        ("  ", "no phone number"),
        ("'", "no phone number"),
        ("8.80171E+12", "cut this number off .8.80171E.12"),
        ("8,80171E+12", "cut this number off"),
        ("1.71112E+09", "cut this number off"),
        ("Ali", "only digits"),
        ("01711123456, 01811123456", "only digits"),
        ("123", "7 to 15 digits"),
        ("#REF!", "only digits"),
        ("01711123456" * 20, "not that long"),
    ],
)
def test_a_number_that_cannot_be_known_is_refused_with_the_reason(cell: str, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        cell_texts.phone_of(cell, country="BD")


@pytest.mark.parametrize(
    ("header", "row", "found"),
    [
        ("Phone,Name,Tag,Custom", "01711000001,Ali,vip,x", Columns(0, 1, 3, 2)),
        ("Customer Name;Mobile No.;Notes;Groups", "Ali;01711000001;x;vip", Columns(1, 0, 2, 3)),
        ("নাম,মোবাইল নম্বর,মন্তব্য,গ্রুপ", "রহিম,০১৭১১০০০০০১,x,vip", Columns(1, 0, 2, 3)),
        ("গ্রাহকের নাম,ফোন নাম্বার", "রহিম,০১৭১১০০০০০১", Columns(1, 0)),
        ("ID,WhatsApp number,Phone,Full name", "1,01711000001,,Ali", Columns(1, 3)),
        ("Phone,WhatsApp", "Nokia,01711000001", Columns(1)),
        ("First Name,Phone 1 - Type,Phone 1 - Value", "Ali,Mobile,01711000001", Columns(2, 0)),
        ("a,b,c", "Ali,01711000001,x", Columns(1)),
        ("Name,Phone", "Ali,", Columns(1, 0)),
    ],
)
def test_columns_are_guessed_from_names_and_contents(header: str, row: str, found: Columns) -> None:
    delimiter = ";" if ";" in header else ","
    assert guessing.guess(header.split(delimiter), [row.split(delimiter)], country="BD") == found


def test_columns_are_guessed_without_a_header() -> None:
    assert guessing.guess(
        None, [("1", "রহিম", "01711000001"), ("2", "Ali", "8801711000002")], country="BD"
    ) == Columns(2, 1)
    assert guessing.guess(None, [("a", "b")], country="BD") is None
    assert guessing.guess(["a", "b"], [("1", "2")], country="BD") is None


@pytest.mark.parametrize(
    ("chosen", "field"), [(Columns(3), "phone"), (Columns(-1), "phone"), (Columns(0, 0), "phone")]
)
def test_columns_must_be_there_and_used_once(chosen: Columns, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        columns.checked(chosen, 3)
    assert field in refused.value.details


def test_a_row_says_what_its_cells_say_and_empty_ones_say_nothing() -> None:
    chosen = Columns(0, 1, 2, 3)
    full = columns.draft(
        ("01711000001", " Ali  Khan ", "'=1+1", "VIP; dhaka, vip|eid"),
        chosen,
        country="BD",
        tags=("all",),
        consent=None,
    )
    assert (full.name, full.custom, full.tags) == ("Ali Khan", "=1+1", ("VIP", "dhaka", "eid", "all"))
    assert full.add_tags
    bare = columns.draft(("01711000001", "", " "), chosen, country="BD", consent=None)
    assert (bare.name, bare.custom, bare.tags, bare.consent) == (UNSET, UNSET, UNSET, UNSET)


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        (("01711000001", "x" * 201), "A name has at most 200"),
        (("01711000001", "x", "x" * 1_001), "custom text has at most 1,000"),
        (("01711000001", "x", "x", "x" * 65), "A tag has at most 64"),
        ((), "no phone number"),
    ],
)
def test_a_row_that_does_not_fit_is_refused_with_the_reason(cells: tuple[str, ...], says: str) -> None:
    with pytest.raises(Invalid, match=says):
        columns.draft(cells, Columns(0, 1, 2, 3), country="BD", consent=None)


# -- out ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\u00a0=1", "＝1", "＋1", "－1", "＠x", "'=1"],
)
def test_nothing_that_is_exported_can_become_a_formula(text: str) -> None:
    assert guarded(text) == f"'{text}"
    assert unguarded(guarded(text)) == text


@pytest.mark.parametrize("text", ["", "Ali", "a=b", "'quoted'", "''", "০১৭", "1-2", "👍"])
def test_harmless_text_is_exported_as_it_is(text: str) -> None:
    assert guarded(text) == text
    assert unguarded(text) == text


@given(st.text())
def test_guarding_loses_nothing(text: str) -> None:
    assert unguarded(guarded(text)) == text
    assert not guarded(text).lstrip(" \u00a0\u3000").startswith(FORMULA)


@given(st.text(max_size=80))
def test_any_cell_is_a_phone_or_refused(cell: str) -> None:
    try:
        assert cell_texts.phone_of(cell, country="BD").digits.isdigit()
    except Invalid as refusal:
        assert refusal.sentence


@given(
    st.lists(st.text(max_size=20), max_size=5), st.lists(st.lists(st.text(max_size=20), max_size=5), max_size=5)
)
def test_any_table_gets_a_guess_that_fits_it(header: list[str], sample: list[list[str]]) -> None:
    guessed = guessing.guess(header, sample, country="BD")
    if guessed is not None:
        columns.checked(guessed, max(len(header), *(len(cells) for cells in sample), 1))


def test_an_export_is_read_back_as_it_was() -> None:
    contact = Contact(
        id=1,
        phone="8801711000001",
        flagged=False,
        name='=HYPERLINK("http://evil.example")',
        custom='two\nlines, "quoted"; ০১',
        tags=("VIP", "Eid sale", "VIP, Dhaka", 'a "b"; c', "x ::: y", "* z", "=1+1"),
        fields=(),
        consent=Consent("order", NOON, "asha@example.com", "by phone, at noon"),
        opted_out=True,
        last_out_at=NOON,
        last_in_at=None,
        created_at=NOON,
        updated_at=NOON,
    )
    whole = "".join(exporting.pieces([[contact], []]))
    assert whole.startswith("\ufeffphone,name,")
    header, row = csv.reader(io.StringIO(whole.removeprefix("\ufeff")))
    assert row[1] == '\'=HYPERLINK("http://evil.example")'
    assert row[4:7] == ["yes", "order", "2025-11-03T12:00:00+00:00"]
    guessed = guessing.guess(header, [row], country="BD")
    assert guessed is not None
    said = columns.consent_of(dict(zip(header, row, strict=True)), now=NOON)
    back = columns.draft(row, guessed, country="BD", consent=said, ours=guessing.is_ours(header))
    assert (back.phone.digits, back.name, back.custom) == (contact.phone, contact.name, contact.custom)
    assert back.tags == fields.tags(contact.tags)
    assert (back.consent, back.opted_out) == (contact.consent, True)


# -- what a cell may hold ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cell",
    [
        "01711000112 ::: 01811000112",
        "01711000112, 01811000112",
        "01711000112;01811000112",
        "01711000112/01811000112",
        "01711000112 / 01811000112",
        "01711000112 | 01811000112",
        "01711000112\n01811000112",
        "01711000112 or 01811000112",
        "০১৭১১০০০১১২ অথবা ০১৮১১০০০১১২",
        "01711000112 & 01811000112",
        "01711-000112 01811-000112",
        "01711000112 (wife), 01811000112",
        "Mobile: 01711000112, Home: 01811000112",
        "Tel. 01711000112 (WhatsApp) / 01811000112 (home)",
    ],
)
def test_a_cell_may_hold_several_numbers(cell: str) -> None:
    found = cell_texts.numbers([cell], country="BD")
    assert (found.phone.digits, found.others) == ("8801711000112", ("+880 1811-000112",))


@pytest.mark.parametrize(
    ("texts", "phone", "others"),
    [
        (["02-9550100", "01911000113"], "8801911000113", ("+880 2-9550100",)),  # a mobile before a landline
        (["01711000113", "01911000113"], "8801711000113", ("+880 1911-000113",)),  # of two the first
        (["", "01911000113"], "8801911000113", ()),
        (["call me", "01911000113"], "8801911000113", ()),
        (["02-9550100 / 01911000113"], "8801911000113", ("+880 2-9550100",)),
        (["01711000113", "+8801711000113"], "8801711000113", ()),  # the same number is no other one
        (["01711/000112"], "8801711000112", ()),  # a stroke inside a number parts nothing
        (["01711000112,"], "8801711000112", ()),
        (["01711000203/04"], "8801711000203", ("+880 1711-000204",)),  # two with one beginning
        (["01711000203/4/5"], "8801711000203", ("+880 1711-000204", "+880 1711-000205")),
        (["01711000203-04"], "8801711000203", ("+880 1711-000204",)),
        (["8801711000203/04"], "8801711000203", ("+880 1711-000204",)),
        (["01711-000203, 04"], "8801711000203", ("+880 1711-000204",)),
        (["মোবাইল ০১৭১১০০০২০৩/০৪"], "8801711000203", ("+880 1711-000204",)),
        (["02-9550100-4, 01711000203"], "8801711000203", ("+880 2-9550100", "+880 2-9550104")),
        (["01711000112 (wrong), 01811000112"], "8801811000112", ()),
        (["01711000112 (Karim)"], "8801711000112", ()),
        (["01711000203 24/7"], "8801711000203", ()),
        (["01711000203 2026"], "8801711000203", ()),
        (["02-9550100 ext 5", "01811000112"], "8801811000112", ()),
    ],
)
def test_the_first_usable_number_is_written_to_and_the_others_are_kept(
    texts: list[str], phone: str, others: tuple[str, ...]
) -> None:
    found = cell_texts.numbers(texts, country="BD")
    assert (found.phone.digits, found.others) == (phone, others)


@pytest.mark.parametrize(
    "cell", ["01711000112 (old)", "পুরনো: 01711000112", "+54/9351123456", "don't call: 01711000112"]
)
def test_a_number_that_may_not_be_the_one_is_none(cell: str) -> None:
    with pytest.raises(Invalid):
        cell_texts.numbers([cell], country="BD")


@pytest.mark.parametrize("cell", ["030 1234 / 5678", "030 1234/5678", "030/123456/57"])
def test_what_may_be_one_number_or_two_is_none(cell: str) -> None:
    with pytest.raises(Invalid):
        cell_texts.numbers([cell], country="DE")


def test_another_ending_is_told_from_a_number_of_another_country() -> None:
    found = cell_texts.numbers(["9876543210/11"], country="IN")  # +98 76 5432 1011 is one of Iran
    assert (found.phone.digits, found.others) == ("919876543210", ("+91 98765 43211",))


@pytest.mark.parametrize("cell", ["2026-11-01", "2) 01711000203", "1,234,567"])
def test_a_day_a_place_and_an_amount_are_no_numbers(cell: str) -> None:
    with pytest.raises(Invalid):
        cell_texts.numbers([cell], country="BD")


def test_without_a_number_the_first_cell_that_is_not_blank_says_why() -> None:
    with pytest.raises(Invalid, match="7 to 15 digits"):
        cell_texts.numbers(["", "123", "call me"], country="BD")


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("Wholesale ::: Dhaka ::: * myContacts", ["Wholesale", "Dhaka"]),
        ("* myContacts", []),
        ("* starred ::: VIP", ["starred", "VIP"]),
        ("VIP, Dhaka; Eid|2026", ["VIP", "Dhaka", "Eid", "2026"]),
        ("VIP\nDhaka", ["VIP", "Dhaka"]),
        ('"VIP, Dhaka"; Eid', ["VIP, Dhaka", "Eid"]),
        ('5" pipe, x', ['5" pipe', "x"]),
        (" , ;", []),
    ],
)
def test_a_cell_may_hold_several_tags(cell: str, found: list[str]) -> None:
    assert cell_texts.tags(cell, ours=False) == found


def test_in_our_own_export_a_comma_belongs_to_its_tag() -> None:
    assert cell_texts.tags("VIP, Dhaka; Eid", ours=True) == ["VIP, Dhaka", "Eid"]


@given(st.lists(st.text(st.sampled_from("ab,;|\":* ='x"), min_size=1, max_size=8), min_size=1, max_size=5))
def test_tags_are_read_back_from_our_export_whatever_they_hold(texts: list[str]) -> None:
    tagged = fields.tags(text for text in texts if text.strip())
    cell = unguarded(guarded(cell_texts.tags_text(tagged)))
    assert fields.tags(cell_texts.tags(cell, ours=True)) == tagged


@pytest.mark.parametrize(
    "cell",
    [
        *("yes", "YES", "1", "true", "x", "Unsubscribed", "opted_out", "bounced", "cleaned", "2026-05-01", "হ্যাঁ"),
        *(
            "Opted-Out",
            "TRUE",
            "1.0",
            "✔️",
            "☑",
            "১",
            "BLOCKLISTED",
            "hard_bounced",
            "Do not contact",
            "DND",
            "spam",
        ),
        *(
            "2026-05-01T10:11:12Z",
            "01/05/2026 10:00",
            "May 1, 2026",
            "1 Jan 2026 10:00",
            "০১/০৫/২০২৬",
            "আনসাবস্ক্রাইবড",
        ),
    ],
)
def test_this_says_that_somebody_is_out(cell: str) -> None:
    assert answers.says_out(cell)


@pytest.mark.parametrize(
    "cell",
    [
        "",
        " ",
        "no",
        "0",
        "false",
        "subscribed",
        "active",
        "n/a",
        "-",
        "না",
        "cancelled",
        "delivered",
        "Mirpur 10",
        "2026",
    ],
)
def test_this_does_not(cell: str) -> None:
    assert not answers.says_out(cell)


@pytest.mark.parametrize(
    "cell",
    [
        *(
            "no",
            "No",
            "FALSE",
            "0",
            "0.0",
            "n",
            "off",
            "না",
            "নাই",
            "nein",
            "✗",
            "❌",
            "Unsubscribed",
            "cleaned",
            "bounced",
        ),
        *("NEVER_SUBSCRIBED", "not subscribed", "nonsubscribed", "denied", "opted_out", "সম্মতি নেই", "۰", "০"),
    ],
)
def test_this_says_that_somebody_has_not_agreed(cell: str) -> None:
    assert answers.says_not_in(cell)


@pytest.mark.parametrize(
    "cell", ["", "yes", "TRUE", "1", "subscribed", "granted", "pending", "2026-05-01", "?", "হ্যাঁ"]
)
def test_this_does_not_say_so(cell: str) -> None:
    assert not answers.says_not_in(cell)


@pytest.mark.parametrize("said", ["no", "yes", "", "subscribed"])
def test_no_answer_ever_opts_in(said: str) -> None:
    for chosen in (Columns(0, opted_out=1), Columns(0, opted_in=1)):
        found = columns.draft(("01711000100", said), chosen, country="BD", consent=None)
        assert found.opted_out is (
            (said == "yes" and chosen.opted_out == 1) or (said == "no" and chosen.opted_in == 1)
        )
        assert found.consent is UNSET


# -- which column, which row -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "row", "called"),
    [
        ("Number,Customer,Contact", "2600001,Shirin,01711000731", "Contact"),
        ("Business Phone,Home Phone,Mobile Phone", "+880 2 9550100,02-9550200,01711000100", "Mobile Phone"),
        ("Phone,Mobile", "2026-11-01,01711000100", "Mobile"),
        ("Date,Phone,Order no", "01/11/2026,01711000100,20261101", "Phone"),
        ("Fax,Telephone", "02-9550100,02-9550200", "Telephone"),
        ("Primary Phone,Mobile", "01711000100,01711000101", "Mobile"),  # equal: the name that says it exactly
        ("Invoice,Phone", "1234567890123,4915123456", "Phone"),  # neither is valid: the name again
        ("created_time,phone_number", "2025-03-01T10:11:12+06:00,p:+8801711000501", "phone_number"),
    ],
)
def test_the_guess_knows_numbers(header: str, row: str, called: str) -> None:
    names = header.split(",")
    found = guessing.guess(names, [row.split(",")], country="BD")
    assert found is not None
    assert names[found.phone] == called


@pytest.mark.parametrize(
    ("table", "head"),
    [
        (["Akter Stores - list,,", "Printed on 01/11/2026,,", "SL,Name,Mobile", "1,Ali,01711000201"], 2),
        (["Title", "Mobile,Name", "01711000201,Ali"], 1),
        (["Name,Phone", "Ali,", "Bina,01711000201"], 0),
        (["Name,Phone", "Ali,call me", "Bina,01711000201"], 0),
        (["Name,Contact", "Ali,call me", "Bina,01711000201"], 0),
        (["Ali,01711000201", "Bina,01711000202"], None),
        (["1,Ali,01711000201", "2,Bina,01711000202"], None),
        (["Ali,12", "Bina,13"], 0),
    ],
)
def test_the_row_with_the_names_is_found(table: list[str], head: int | None) -> None:
    assert guessing.header([row.split(",") for row in table], country="BD") == head


@pytest.mark.parametrize(
    ("header", "row", "called"),
    [
        ("Phone,Unsubscribed", "01711000100,yes", "Unsubscribed"),
        ("Phone,opted_out", "01711000100,no", "opted_out"),
        ("Phone,Email status", "01711000100,bounced", "Email status"),
        ("Phone,UNSUB_TIME", "01711000100,2026-05-01 10:00:00", "UNSUB_TIME"),
        ("Phone,Status", "01711000100,delivered", None),
        ("Phone,Status", "01711000100,cancelled", None),  # an order
        ("Phone,Status", "01711000100,subscribed", "Status"),  # somebody further down may be no more
        ("Phone,Status", "01711000100,Blocklisted", "Status"),
        ("Phone,Email subscriber status", "01711000100,Never subscribed", None),
        ("Phone,Email subscriber status", "01711000100,Subscribed", "Email subscriber status"),
        ("Phone,Email Opt Out", "01711000100,1", "Email Opt Out"),
        ("Phone,Email Opt Out,SMS Opt Out", "01711000100,1,0", "SMS Opt Out"),
        ("Phone,Has Opted Out of Email", "01711000100,false", "Has Opted Out of Email"),
        ("Phone,emailOptOut", "01711000100,false", "emailOptOut"),
        ("Phone,Do not contact", "01711000100,", "Do not contact"),
        ("Phone,Do Not Call", "01711000100,x", "Do Not Call"),
        ("Phone,EMAIL_BLOCKLISTED", "01711000100,Yes", "EMAIL_BLOCKLISTED"),
        ("Phone,Unsubscribed from all email", "01711000100,true", "Unsubscribed from all email"),
        ("Phone,Not subscribed", "01711000100,no", "Not subscribed"),
        ("Phone,No marketing consent", "01711000100,no", "No marketing consent"),
        ("মোবাইল,বার্তা চান না", "০১৭১১০০০১০০,হ্যাঁ", "বার্তা চান না"),
        ("মোবাইল,মেসেজ বন্ধ", "০১৭১১০০০১০০,না", "মেসেজ বন্ধ"),
        ("মোবাইল,অবস্থা", "০১৭১১০০০১০০,আনসাবস্ক্রাইবড", "অবস্থা"),
        ("মোবাইল,অবস্থা", "০১৭১১০০০১০০,বন্ধ", None),  # a shop that is closed
        ("Phone,Contact No", "01711000100,02-9550100", None),
        ("Phone,Don't contact", "01711000100,x", "Don't contact"),
        ("Phone,No SMS", "01711000100,yes", "No SMS"),
    ],
)
def test_a_column_about_opt_outs_is_offered(header: str, row: str, called: str | None) -> None:
    names = header.split(",")
    found = guessing.guess(names, [row.split(",")], country="BD")
    assert found is not None
    assert (None if found.opted_out is None else names[found.opted_out]) == called


@pytest.mark.parametrize(
    ("header", "row", "called"),
    [
        ("Phone,Subscribed", "01711000100,no", "Subscribed"),
        ("Phone,Opt-in", "01711000100,no", "Opt-in"),
        ("Phone,opted_in", "01711000100,FALSE", "opted_in"),
        ("Phone,Accepts Marketing", "01711000100,no", "Accepts Marketing"),
        ("Phone,Accepts Email Marketing,Accepts SMS Marketing", "01711000100,yes,no", "Accepts SMS Marketing"),
        ("Phone,acceptsMarketing", "01711000100,false", "acceptsMarketing"),
        ("Phone,SMS consent", "01711000100,", "SMS consent"),
        ("Phone,SMS Marketing Consent", "01711000100,NEVER_SUBSCRIBED", "SMS Marketing Consent"),
        ("Phone,WhatsApp Opted In", "01711000100,true", "WhatsApp Opted In"),
        ("Phone,Allow Broadcast", "01711000100,FALSE", "Allow Broadcast"),
        ("Phone,Newsletter", "01711000100,0", "Newsletter"),
        ("Phone,Can be contacted", "01711000100,no", "Can be contacted"),
        ("Phone,Einwilligung", "01711000100,nein", "Einwilligung"),
        ("মোবাইল,সম্মতি", "০১৭১১০০০১০০,না", "সম্মতি"),
        ("মোবাইল,মেসেজ চান", "০১৭১১০০০১০০,হ্যাঁ", "মেসেজ চান"),
        ("Phone,OPTIN_TIME", "01711000100,2026-05-01 10:00:00", None),
        ("Phone,Consent source", "01711000100,order", None),
        ("Phone,Unsubscribed", "01711000100,no", None),
        ("Phone,Description", "01711000100,no", None),
    ],
)
def test_a_column_about_consent_is_offered_turned_round(header: str, row: str, called: str | None) -> None:
    names, cells = header.split(","), row.split(",")
    found = guessing.guess(names, [cells], country="BD")
    assert found is not None
    assert (None if found.opted_in is None else names[found.opted_in]) == called
    draft = columns.draft(cells, found, country="BD", consent=None)
    assert draft.opted_out == (called is not None and answers.says_not_in(cells[names.index(called)]))
