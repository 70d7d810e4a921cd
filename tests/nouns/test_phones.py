from __future__ import annotations

import time
import unicodedata

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import tries
from tests.some import some
from wabox.contacts import phones
from wabox.contacts.phones import Phone, display, mask, parse
from wabox.errors import Invalid

DIGITS = "8801711123456"


@pytest.mark.parametrize(
    "typed",
    [
        "01711123456",
        "1711123456",
        "8801711123456",
        "+8801711123456",
        "008801711123456",
        "+880 1711-123456",
        "+880 (1711) 123 456",
        "880/1711.123456",
        " 01711-123456\t\n",
        "০১৭১১১২৩৪৫৬",
        "+৮৮০১৭১১১২৩৪৫৬",
        "০17১১123456",
        "٠١٧١١١٢٣٤٥٦",
        "०१७११123456",
        "０１７１１１２３４５６",
        "＋８８０（１７１１）１２３４５６",
        "\u200e+880\u00a01711\u2011123456\u202c",
        "\ufeff01711\u200d123\u200c456",
        "01711\u2013123\u2212456",
        "1\ufe0f711123456",
        "p:+8801711123456",  # Meta's lead ads
        "tel:01711123456",
        "TEL: +880-1711-123456",
        "tel:+880-1711-123456;phone-context=example.com",
        "sms:+8801711123456",
        "callto://+8801711123456",
        "whatsapp:+8801711123456",
        "WhatsApp: 01711123456",
        "Mobile: 01711123456",
        "whatsapp://send?phone=8801711123456&text=hi",
        "wa.me/8801711123456",
        "https://wa.me/8801711123456?text=Is%20it%20there%3F",
        "https://wa.me/+8801711123456/",
        "https://api.whatsapp.com/send?phone=8801711123456&text=01811999999",
        "https://web.whatsapp.com/send/?text=hello&phone=%2B8801711123456#now",
        "8801711123456@c.us",
        "8801711123456:12@s.whatsapp.net",
        "+880 (0)1711-123456",
        "00880 (0) 1711 123456",
        "880(0)1711123456",
        "+৮৮০ (০) ১৭১১ ১২৩৪৫৬",
        "＋８８０［０］１７１１１２３４５６",
        "\u200ep:+880 (0)1711 123456",
        "880 01711123456",  # the 0 that is dialled at home alone
        "+880 01711-123456",
        "00880 01711123456",
        "8800 1711123456",
        "8801711123456.0",  # what spreadsheets make of it
        "8801711123456,00",
        "8.801711123456E+12",
        "8,801,711,123,456",
        "88,01,71,11,23,456",
        "'01711123456",
        '="01711123456"',
        "=+8801711123456",
        "`01711123456",
        "«01711123456»",
        "<+880 1711-123456>",
        "01711_123456",
        "+8801711123456,",
        "01711123456;",
        "01711123456.",
        "01711123456 |",
        "\u2066+880\u202f1711\u2060123456\u2069",
        "0️⃣1️⃣7️⃣1️⃣1️⃣1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣",
        "facetime:+8801711123456",
        "facetime-audio://+8801711123456",
        "viber:+8801711123456",
        "viber://chat?number=%2B8801711123456",
        "viber://add?number=8801711123456",
        "skype:+8801711123456?call",
        "https://signal.me/#p/+8801711123456",
        "t.me/+8801711123456",
        "Tel. 01711123456",
        "ph. 01711123456",
        "Ph# 01711123456",
        "Mob: 01711123456",
        "Mobile No. - 01711123456",
        "Cell - 01711123456",
        "M: 01711123456",
        "(M) 01711123456",
        "No. 01711123456",
        "Tel / WhatsApp: 01711123456",
        "01711123456 (WhatsApp)",
        "01711123456 [mobile]",
        "01711123456 - WhatsApp",
        "📱 01711123456",
        "☎️: 01711123456",
        "মোবাইল: ০১৭১১১২৩৪৫৬",
        "মোবাঃ ০১৭১১১২৩৪৫৬",
        "মোঃ ০১৭১১-১২৩৪৫৬",
        "ফোন নং ০১৭১১১২৩৪৫৬",
        "০১৭১১১২৩৪৫৬ (বিকাশ)",
        "फ़ोन: ०१७११ १२३४५६",
        "جوال: ٠١٧١١١٢٣٤٥٦",
        "01711123456 ext 5",  # no mobile has one
        "01711123456x5",
        "01711-123456 (ext. 12)",
        "tel:+8801711123456;ext=5",
    ],
)
def test_one_number_however_it_is_written(typed: str) -> None:
    assert parse(typed, country="BD") == Phone(DIGITS, flagged=False)


@pytest.mark.parametrize(
    ("typed", "country", "digits"),
    [
        ("2125551234", "US", "12125551234"),
        ("02079460018", "GB", "442079460018"),
        ("06 1234 5678", "IT", "390612345678"),  # the 0 belongs to the number there
        ("+39 06 1234 5678", "BD", "390612345678"),
        ("12125551234", "BD", "12125551234"),
        ("098765 43210", "IN", "919876543210"),
        ("02-9881234", "BD", "88029881234"),
        ("+01711123456", "BD", DIGITS),
        ("+800 1234 5678", "BD", "80012345678"),  # no country's, still valid
        ("+49 (0)171 1234567", "BD", "491711234567"),
        ("0049 (0) 171/1234567", "BD", "491711234567"),
        ("+44(0)20 7946 0018", "IT", "442079460018"),
        ("+39 (0)6 1234 5678", "BD", "390612345678"),  # kept, in brackets too
        ("+39 (0)333 123 4567", "BD", "393331234567"),  # but not before a mobile
        ("+7 (0)912 345-67-89", "BD", "79123456789"),
        ("+1 (0)212 555 1234", "BD", "12125551234"),
        ("(0)171 1123456", "BD", DIGITS),  # no country code before it: the 0 is the national one
        ("wa.me/12125551234", "BD", "12125551234"),
        ("+49 0171 1234567", "BD", "491711234567"),
        ("49 0171 1234567", "BD", "491711234567"),
        ("+44 07911 123456", "US", "447911123456"),
        ("+91-0-98765 43210", "BD", "919876543210"),
        ("+7 8 912 345 67 89", "BD", "79123456789"),
        ("+39 06 1234 5678", "IT", "390612345678"),  # Italy keeps it
        ("+54 011 15 2345 6789", "BD", "5491123456789"),
        ("+1 212 555 1234 x5", "BD", "12125551234"),  # may be a mobile there
        ("030/123456-57", "DE", "493012345657"),  # an extension that is dialled through
    ],
)
def test_numbers_of_other_countries(typed: str, country: str, digits: str) -> None:
    assert parse(typed, country=country) == Phone(digits, flagged=False)


@pytest.mark.parametrize("country", ["BD", "BR", "MX"])
@pytest.mark.parametrize("digits", ["551187654321", "5215512345678", "5493511234567"])
def test_a_number_with_its_country_code_is_never_rewritten(digits: str, country: str) -> None:
    assert parse(digits, country=country).digits == digits
    assert parse(f"+{digits}", country=country).digits == digits


@pytest.mark.parametrize(
    "digits", ["551187654321", "5215512345678", "3903331234567", "4401234", "9999999", "999999999999999"]
)
def test_a_number_no_plan_knows_is_kept_and_flagged(digits: str) -> None:
    assert parse(f"+{digits}", country="BD") == Phone(digits, flagged=True)
    assert parse(digits, country="BD") == Phone(digits, flagged=True)


def test_a_plus_keeps_a_number_from_being_read_as_national() -> None:
    assert parse("+1711123456", country="BD") == Phone("1711123456", flagged=True)
    assert parse("001711123456", country="BD") == Phone("1711123456", flagged=True)


def test_a_new_national_range_is_kept_and_flagged() -> None:
    assert parse("01211111111", country="BD") == Phone("8801211111111", flagged=True)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "+",
        "00",
        "0",
        "123456",
        "01711",
        "017111234567",
        "0000000000",
        "0" * 40,
        "9" * 16,
        "9" * 100,
        "call me",
        "02-9550100 ext 5",
        "01711123456 (wrong number)",
        "01711123456?",
        "p:",
        "wa.me/",
        "wa.me/message/ABCDEF",
        "https://wa.me/?text=01711123456",
        "https://example.com/8801711123456",
        "8801711123456@lid",
        "120363041234567890@g.us",
        "tel:" * 1_000,
        "+(0)" + "(" * 40,
        "2.12e3000000",
        "01711+123456",
        "++8801711123456",
        "01711\x00123456",
        "01711\ud800123456",
        "①②③④⑤⑥⑦⑧",
        "¹²³⁴⁵⁶⁷⁸",
        "一二三四五六七八",
        "01711;123456",
        "<b>01711123456</b>",
        "-01711123456e",
        "01711123456,01711123457",
    ],
)
def test_what_is_no_number_is_refused_with_a_sentence(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse(typed, country="BD")
    assert refused.value.code == "bad_phone"
    assert refused.value.details == {"phone": refused.value.sentence}


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("01711000203/04", "several numbers"),
        ("01711000203/4", "several numbers"),
        ("01711000203-04", "several numbers"),
        ("01711-000203, 04", "several numbers"),
        ("8801711000203/04", "several numbers"),
        ("+880 1711-000203 / 04 / 05", "several numbers"),
        ("মোবাইল ০১৭১১০০০২০৩/০৪", "several numbers"),
        ("02-9550100-4", "several numbers"),
        ("8801711123456.5", "several numbers"),
        ("9550100/9550200", "not clear which digits"),
        ("2) 01711000203", "not clear which digits"),
        ("1. 01711000203", "not clear which digits"),
        ("2026-11-01", "not clear which digits"),
        ("1,234,567", "not clear which digits"),
        ("01711000203 24/7", "several numbers"),
        ("01711000203p5", "only digits"),
        ("No. 1234567", "not clear which digits"),
        ("M1234567", "not clear which digits"),
        ("# 202511030", "not clear which digits"),
        ("8.80171E+12", "cut this number off"),
        ("8,80171E+12", "cut this number off"),
        ("02-9550100 ext. 12", "knows no extensions"),
    ],
)
def test_what_may_be_another_number_is_refused_with_what_to_write(typed: str, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        parse(typed, country="BD")


@pytest.mark.parametrize(
    ("typed", "country"),
    [
        ("7) 9832112345", "IN"),
        ("Tel 7-9832112345", "IN"),
        ("WhatsApp 7 98321 12345", "IN"),
        ("1) 9832112345", "IN"),
        ("Phone 1 9832112345", "IN"),
        ("98) 01711000203", "BD"),
        ("WhatsApp 98 01711000203", "BD"),
        ("7. ৯৮৩২১১২৩৪৫", "IN"),
    ],
)
def test_a_place_in_a_list_is_no_country_code(typed: str, country: str) -> None:
    with pytest.raises(Invalid, match="not clear which digits"):
        parse(typed, country=country)


@pytest.mark.parametrize(
    ("typed", "country", "digits"),
    [
        ("+7 983 211-23-45", "IN", "79832112345"),
        ("7 983 211-23-45", "RU", "79832112345"),
        ("44 07911 123456", "GB", "447911123456"),
        ("44 7911 123456", "BD", "447911123456"),
        ("91 98321 12345", "IN", "919832112345"),
        ("1 (604) 555-0123", "US", "16045550123"),
        ("880 1711-000203", "BD", "8801711000203"),
    ],
)
def test_a_country_code_apart_from_its_number_stays_one(typed: str, country: str, digits: str) -> None:
    assert parse(typed, country=country) == Phone(digits, flagged=False)


@pytest.mark.parametrize(
    ("typed", "country", "says"),
    [
        ("9607712345", "IN", r"\+960 771-2345 or \+91 96077 12345"),  # a mobile in the Maldives and in India
        ("3281234567", "IT", r"\+32 81 23 45 67 or \+39 328 123 4567"),
        ("6045550123", "US", r"\+60 4-555 0123 or \+1 604-555-0123"),
        ("16012345678", "DE", r"\+1 601-234-5678 or \+49 160 12345678"),
    ],
)
def test_digits_of_two_countries_in_a_list_are_refused_with_both(typed: str, country: str, says: str) -> None:
    assert parse(typed, country=country).digits == typed  # a program says so, country code first
    with pytest.raises(Invalid, match=says):
        parse(typed, country=country, listed=True)


@pytest.mark.parametrize("listed", [False, True])
@pytest.mark.parametrize(
    ("typed", "country", "digits"),
    [
        ("96077 12345", "IN", "919607712345"),
        ("960 771-2345", "IN", "9607712345"),
        ("+9607712345", "IN", "9607712345"),
        ("328 1234567", "IT", "393281234567"),
        ("32 81 23 45 67", "IT", "3281234567"),
        ("(604) 555-0123", "US", "16045550123"),
        ("016012345678", "DE", "4916012345678"),
        ("919607712345", "IN", "919607712345"),
        ("8801812340678", "DE", "8801812340678"),  # at home it would be no mobile
    ],
)
def test_how_digits_are_grouped_tells_the_country(typed: str, country: str, digits: str, listed: bool) -> None:  # noqa: FBT001
    assert parse(typed, country=country, listed=listed) == Phone(digits, flagged=False)


@pytest.mark.parametrize("country", ["BD", "DE", "IN", "GB", "FR", "ID", "PK", "TR", "AR", "BR", "EG", "NG"])
@pytest.mark.parametrize("between", ["", " ", "-", " (", "/"])
def test_the_zero_dialled_at_home_is_dropped_behind_any_country_code(country: str, between: str) -> None:
    example = phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.MOBILE)
    assert example is not None
    code, rest = str(example.country_code), str(example.national_number)
    middle = " (0) " if between == " (" else f"{between}0"
    for typed in (f"+{code}{middle}{rest}", f"00{code}{middle}{rest}"):
        assert parse(typed, country="BD") == Phone(code + rest, flagged=False)


AROUND = (
    "Tel. {}",
    "WhatsApp: {}",
    "{} (mobile)",
    "📱{}",
    "'{}",
    "{};",
    "\u202d{}\u202c",
    "<{}>",
    "sms:{}",
    "{} x7",
)


@settings(max_examples=tries(600), deadline=None)
@given(st.sampled_from(["BD", "DE", "IT", "IN", "US", "MX", "BR", "AR"]), st.sampled_from(AROUND), st.booleans())
def test_what_stands_around_a_number_changes_it_in_no_country(country: str, around: str, plain: bool) -> None:  # noqa: FBT001
    example = phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.MOBILE)
    assert example is not None
    form = phonenumbers.PhoneNumberFormat.NATIONAL if plain else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    digits = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)[1:]
    typed = around.format(phonenumbers.format_number(example, form))
    assert parse(typed, country=country) == Phone(digits, flagged=False)


@pytest.mark.parametrize(
    "typed", ["(" * 2_000, " " * 2_000 + "1", "0171 " * 400, "tel" * 600, "1 " * 1_000 + "/", "1/" * 900]
)
def test_a_long_text_is_refused_quickly(typed: str) -> None:
    began = time.process_time()
    with pytest.raises(Invalid):
        parse(typed, country="BD")
    assert time.process_time() - began < 0.2


@settings(max_examples=tries(3_000), deadline=None)
@given(
    st.one_of(
        st.text(max_size=70),
        st.text(st.sampled_from("0123456789০১২৩٤５+ -()\u200d\0\ud800x"), max_size=30),
    ),
    st.sampled_from(["BD", "US", "IT", "BR", "MX", "AR", "JP", "SM"]),
)
def test_any_text_is_a_number_or_refused(typed: str, country: str) -> None:
    try:
        phone = parse(typed, country=country)
    except Invalid as refused:
        assert refused.code == "bad_phone"
        return
    assert phone.digits.isascii()
    assert phone.digits.isdigit()
    assert 7 <= len(phone.digits) <= 15
    assert not phone.digits.startswith("0")
    assert parse(f"+{phone.digits}", country=country) == phone
    assert display(phone.digits).startswith("+")
    assert mask(phone.digits) not in phone.digits


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)))
def test_every_countrys_example_is_understood_both_ways(country: str) -> None:
    example = phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.MOBILE)
    if example is None:
        return
    digits = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)[1:]
    if len(digits) < 7:
        return
    assert parse(f"+{digits}", country="BD") == Phone(digits, flagged=False)
    assert parse(digits, country=country) == Phone(digits, flagged=False)
    national = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.NATIONAL)
    if national.startswith("0"):
        assert parse(national, country=country) == Phone(digits, flagged=False)


def test_every_decimal_digit_of_unicode_counts() -> None:
    decimals = (chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) == "Nd")
    for seven in some(one for one in decimals if unicodedata.decimal(one) == 7):
        assert parse(f"01{seven}11123456", country="BD").digits == DIGITS


@pytest.mark.parametrize(
    ("digits", "masked"),
    [("8801711000678", "88017****678"), ("1234567", "12****67"), ("123", "****"), ("", "****")],
)
def test_logs_show_the_ends_only(digits: str, masked: str) -> None:
    assert mask(digits) == masked


@pytest.mark.parametrize(
    ("digits", "shown"),
    [
        ("8801711123456", "+880 1711-123456"),
        ("12125551234", "+1 212-555-1234"),
        ("5215512345678", "+5215512345678"),
        ("390612345678", "+39 06 1234 5678"),
        ("0", "+0"),
        ("", "+"),
    ],
)
def test_people_read_a_number_in_groups(digits: str, shown: str) -> None:
    assert display(digits) == shown


def test_a_bulk_of_numbers_is_quick() -> None:
    began = time.process_time()
    for number in range(5_000):
        parse(f"88017{number:08}", country="BD")
    assert time.process_time() - began < 1


@given(
    st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)),
    st.sampled_from([0, 1, 3, 7]),
    st.lists(st.tuples(st.integers(0, 20), st.sampled_from("0123456789")), max_size=3),
)
@settings(max_examples=400, deadline=None)
def test_the_quick_way_to_a_national_number_finds_what_the_parser_finds(
    region: str, kind: int, changes: list[tuple[int, str]]
) -> None:
    example = phonenumbers.example_number_for_type(region, kind)
    digits = list(str(example.national_number)) if example else list("1711123456")
    for place, digit in changes:
        digits[place % len(digits)] = digit
    typed = "0" + "".join(digits)
    quick = phones._after_zero(typed, region)
    if quick is not None:
        parsed = phones._parsed(typed, region)
        assert parsed is not None
        assert quick == phones._e164(parsed)
        assert phonenumbers.is_valid_number(parsed)


@given(
    country=st.sampled_from(["BD", "DE", "IT", "IN", "US", "MX", "BR", "AR"]),
    code=st.sampled_from(["880", "49", "39", "91", "1", "52", "55", "54", ""]),
    rest=st.text("0123456789", max_size=13),
    listed=st.booleans(),
)
@settings(deadline=None, max_examples=tries(200))
def test_a_plus_and_digits_alone_are_read_as_with_all_that_may_stand_around_them(
    country: str, code: str, rest: str, *, listed: bool
) -> None:
    def read() -> Phone | str:
        try:
            return parse(f"+{code}{rest}", country=country, listed=listed)
        except Invalid as refused:
            return refused.sentence

    short = read()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(phones, "_plain", lambda text, country: None)
        assert read() == short
