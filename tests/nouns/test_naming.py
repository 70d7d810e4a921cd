"""Who is called so: contacts and people who wrote, by name or number, the likeliest first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cast import Stage, stage
from wabox.contacts import identities, naming, suppression, writing
from wabox.contacts.naming import Called
from wabox.db import Tx

NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Stage]:
    """A box with asha and bilal."""
    made = stage(tmp_path)
    yield made
    made.close()


def add(shop: Stage, phone: str, name: str | None, user_id: int | None = None) -> int:
    found, _ = shop.box.db.write_now(writing.upsert, user_id or shop.asha.id, phone=phone, name=name, now=NOW)
    return found.id


def heard(shop: Stage, address: str, *, name: str | None = None, username: str | None = None) -> None:
    def verb(tx: Tx) -> None:
        identities.call(tx, identities.ensure(tx, shop.asha.id, address, now=NOW), name=name, username=username)

    shop.box.db.write_now(verb)


def called(shop: Stage, text: str, most: int = 8) -> list[Called]:
    return shop.box.db.read_here(naming.called, shop.asha.id, text, most=most)


def phones(shop: Stage, text: str) -> list[str]:
    return [one.phone for one in called(shop, text)]


def test_who_is_called_just_so_comes_first_then_who_begins_so(shop: Stage) -> None:
    add(shop, "8801711000001", "Abdul Karim")
    add(shop, "8801711000002", "Karim Hossain")
    add(shop, "8801711000003", "Karim")
    add(shop, "8801711000004", "Rina Akter")
    assert phones(shop, "karim") == ["8801711000003", "8801711000002", "8801711000001"]
    assert phones(shop, "  KARIM ") == phones(shop, "karim")
    assert phones(shop, "hossain ka") == ["8801711000002"]
    assert called(shop, "") == called(shop, "  ") == called(shop, "nobody") == []
    assert len(called(shop, "a", most=2)) == 2


def test_letters_are_met_however_they_are_composed(shop: Stage) -> None:
    add(shop, "8801711000001", "\u09af\u09bc\u09be\u09b8\u09bf\u09b0 হোসেন")  # ya with its dot apart
    assert phones(shop, "য়াসির") == phones(shop, "হোসেন") == ["8801711000001"]


@pytest.mark.parametrize("text", ["01711000007", "+880 1711-000007", "০১৭১১০০০০০৭", "1711000", "000007"])
def test_a_part_of_a_number_finds_it_in_any_digits(shop: Stage, text: str) -> None:
    add(shop, "8801711000007", None)
    add(shop, "8801999111222", "1711 street")
    assert [(one.phone, one.name) for one in called(shop, text)][0] == ("8801711000007", "")


def test_who_wrote_is_found_by_what_they_call_themselves(shop: Stage) -> None:
    heard(shop, "8801711000001", name="Tania Begum")
    heard(shop, "8801711000002", username="tania.shop")
    heard(shop, "123456789012345@lid", name="Tania hidden")
    assert called(shop, "tania") == [
        Called("8801711000001", "Tania Begum", opted_out=False, contact_id=None),
        Called("8801711000002", "@tania.shop", opted_out=False, contact_id=None),
    ]
    listed = add(shop, "8801711000001", "Mrs. Begum")  # as the owner calls her, from now on
    assert called(shop, "begum") == [Called("8801711000001", "Mrs. Begum", opted_out=False, contact_id=listed)]
    nameless = add(shop, "8801711000002", None)
    assert called(shop, "8801711000002") == [
        Called("8801711000002", "@tania.shop", opted_out=False, contact_id=nameless)
    ]


def test_who_opted_out_is_told_so_and_others_people_are_not_found(shop: Stage) -> None:
    add(shop, "8801711000001", "Karim")
    add(shop, "8801711000002", "Karim of bilal", shop.bilal.id)
    shop.box.db.write_now(suppression.opt_out, shop.asha.id, "8801711000001", source="owner", now=NOW)
    assert [(one.phone, one.opted_out) for one in called(shop, "karim")] == [("8801711000001", True)]


@pytest.mark.parametrize(
    "text", ["%", "_", "' or 1=1 --", "a" * 300, "x y z a b c d e f g", "🙂", "\u202eabc", "*"]
)
def test_odd_searches_find_nobody(shop: Stage, text: str) -> None:
    add(shop, "8801711000001", "Karim")
    assert called(shop, text) == []
