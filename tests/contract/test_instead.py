"""Places and contact cards that people send are told for what they are; with a real Chromium and without."""

from __future__ import annotations

import json

import pytest

from tests.contract.test_driver import Shop
from tests.contract.worlds import World
from wabox.whatsapp import instead
from wabox.whatsapp.driver import Inbound, Place, SentCard

HOME = Place(23.7806, -90.2792, "Rina's home", "12 Road 5, ঢাকা")
KARIM = SentCard("Karim; Sons, \\ & Co", ("8801711999999", "8801811999999"))


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (HOME, "location"),
        (Place(0.0, 0.0), "location"),
        ((KARIM,), "vcard"),
        ((KARIM, SentCard("রিনা", ("8801711999998",))), "multi_vcard"),
    ],
    ids=["place", "bare place", "card", "cards"],
)
def test_what_a_person_sends_instead_of_a_text_is_told(
    world: World, shop: Shop, given: Place | tuple[SentCard, ...], kind: str
) -> None:
    (spec, phone), person, mark = shop, world.new_phone(), world.diary.mark()
    world.write_instead(spec.device_id, phone, person, given)
    told = world.diary.wait(Inbound, lambda one: one.phone == person, mark)
    assert (told.kind, told.text, told.media) == (kind, "", None)
    assert (told.place or told.cards) == given


def test_it_is_told_again_after_the_page_was_away(world: World, shop: Shop) -> None:
    (spec, phone), person, mark = shop, world.new_phone(), world.diary.mark()
    given = (KARIM, SentCard("Rina", ("8801711999998",)))
    world.write_instead(spec.device_id, phone, person, given)
    world.diary.wait(Inbound, lambda one: one.phone == person, mark)
    mark = world.diary.mark()
    fresh = world.restart(spec)
    world.synced(fresh.device_id, mark)
    again = [one for one in world.diary.all(Inbound, mark) if one.phone == person]  # the fake tells all once
    assert {one.cards for one in again} <= {given}


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (["FN:Karim", "TEL;type=CELL;waid=8801711999999:+880 1711-999999"], SentCard("Karim", ("8801711999999",))),
        (["FN;CHARSET=UTF-8:রিনা", "item1.TEL:01711 999999"], SentCard("রিনা", ("01711 999999",))),
        (["FN:A", "TEL;VALUE=uri:tel:+88-02-9876543"], SentCard("A", ("88029876543",))),
        (["TEL:+1 (555) 010-9999", "TEL:+1 555 010 9999"], SentCard("", ("15550109999",))),
        (["FN:<script>alert(1)</script>", "TEL:javascript:alert(1)"], SentCard("<script>alert(1)</script>", ())),
        (["FN:x" * 1, "TEL:"], SentCard("x", ())),
    ],
)
def test_cards_are_read_as_people_write_them(lines: list[str], wanted: SentCard) -> None:
    assert instead.cards([{"name": None, "lines": lines}]) == (wanted,)


@pytest.mark.parametrize(
    "raw", [None, 7, [], {}, [1], [{}], [{"lines": 5}], [{"name": "", "lines": [None, "FN:", "TEL"]}], "x" * 99]
)
def test_what_is_no_card_is_none(raw: object) -> None:
    assert instead.cards(raw) == ()


@pytest.mark.parametrize(
    "raw",
    [
        None,
        {},
        {"lat": "1", "lng": 2},
        {"lat": 91, "lng": 2},
        {"lat": True, "lng": 1},
        *json.loads('[{"lat": 1e999, "lng": 1}]'),
    ],
)
def test_what_is_no_point_is_no_place(raw: object) -> None:
    assert instead.place(raw) is None


def test_of_what_is_told_only_a_little_is_kept() -> None:
    many = [{"name": "n" * 900, "lines": [f"TEL:+88017{number:08}" for number in range(40)]}] * 90
    found = instead.cards(many)
    assert (len(found), len(found[0].name), len(found[0].phones)) == (20, 200, 10)
    place = instead.place({"lat": 1, "lng": 2, "loc": "a\x00b\u202e" + "c" * 900 + "\nd\ne"})
    assert (
        place is not None and place.name is not None and place.name.startswith("a b c") and place.address == "d e"
    )
