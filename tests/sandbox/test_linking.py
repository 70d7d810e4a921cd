"""Pages, references, codes, links: the world's crank turned by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.client import ASHA, NOBODY, SHOP
from wabox.errors import Invalid
from wabox.sandbox import faulting, linking, mail, persons
from wabox.sandbox.world import Companion, World

NOW = 1_800_000_000.0


def heard(world: World, page_id: str) -> list[dict[str, Any]]:
    """What the page was told since the last look."""
    told = [message for to, message in world.outgoing if to == page_id]
    world.outgoing = [each for each in world.outgoing if each[0] != page_id]
    return told


def open_page(world: World, page_id: str = "p", now: float = NOW, **hello: Any) -> None:
    linking.open_page(world, page_id, now)
    linking.greet(world, page_id, hello, now)


def link(world: World, phone: str = SHOP, page_id: str = "p") -> Companion:
    open_page(world, page_id)
    page = linking.page_with_ref(world, f"{world.pages[page_id].ref},a,b,c")
    companion = linking.link(world, phone, "Shop", page, NOW)
    assert companion is not None
    return companion


def credentials(companion: Companion) -> dict[str, str]:
    return {"id": companion.id, "secret": companion.secret}


def test_new_page_gets_a_reference_and_a_new_one_when_it_is_due(world: World) -> None:
    open_page(world)
    [first] = heard(world, "p")
    world.advance(NOW + 59.9)
    assert heard(world, "p") == []
    world.advance(NOW + 60.1)
    [second] = heard(world, "p")
    assert (first["op"], second["op"]) == ("ref", "ref")
    assert first["ref"] != second["ref"]
    with pytest.raises(Invalid, match="newest"):
        linking.page_with_ref(world, first["ref"])
    assert linking.page_with_ref(world, second["ref"] + ",whatever").id == "p"


def test_closed_page_takes_its_reference_along(world: World) -> None:
    open_page(world)
    ref = world.pages["p"].ref or ""
    linking.close_page(world, "p")
    with pytest.raises(Invalid):
        linking.page_with_ref(world, ref)
    world.advance(NOW + 60)


def test_link_gives_credentials_then_a_session_then_caught_up(world: World) -> None:
    companion = link(world)
    told = [each for each in heard(world, "p") if each["op"] != "ref"]
    assert [each["op"] for each in told] == ["linked", "session", "caught_up"]
    assert told[0]["companion"]["id"] == companion.id
    assert told[1]["me"]["phone"] == SHOP
    world.advance(NOW + 60)
    assert heard(world, "p") == [], "a linked page shows no more references"


def test_known_credentials_come_back_and_wrong_ones_are_removed(world: World) -> None:
    companion = link(world)
    linking.close_page(world, "p")
    open_page(world, "again", companion=credentials(companion))
    assert heard(world, "again")[0]["op"] == "session"
    open_page(world, "thief", companion={"id": companion.id, "secret": "guessed"})
    assert heard(world, "thief") == [{"op": "removed", "reason": "unknown_companion"}]


def test_newest_page_of_a_device_wins_and_the_older_one_is_told(world: World) -> None:
    companion = link(world)
    heard(world, "p")
    open_page(world, "second", companion=credentials(companion))
    assert heard(world, "p") == [{"op": "conflict", "conflict": True}]
    assert world.page_of(companion.id) is world.pages["second"]


def test_unlink_removes_all_devices_of_the_phone_only(world: World) -> None:
    link(world, page_id="p")
    link(world, page_id="q")
    other = link(world, phone=ASHA, page_id="r")
    for page_id in "pqr":
        heard(world, page_id)
    assert linking.unlink(world, SHOP) == 2
    assert heard(world, "p") == [{"op": "removed", "reason": "unknown_companion"}]
    assert list(world.kept.companions) == [other.id]


def test_code_links_its_own_phone_within_three_minutes(world: World) -> None:
    open_page(world)
    code = linking.make_code(world, world.pages["p"], SHOP, NOW)
    with pytest.raises(Invalid, match="another phone"):
        linking.page_with_code(world, ASHA, code, NOW)
    assert linking.page_with_code(world, SHOP, f" {code[:4]}-{code[4:].lower()}", NOW + 179)
    with pytest.raises(Invalid, match="new one"):
        linking.page_with_code(world, SHOP, code, NOW + 181)


def test_who_is_not_on_whatsapp_or_off_or_full_cannot_link(world: World) -> None:
    open_page(world, "x")
    page = world.pages["x"]
    with pytest.raises(Invalid, match="not on WhatsApp"):
        linking.link(world, NOBODY, None, page, NOW)
    world.account(ASHA).on = False
    with pytest.raises(Invalid, match="switched off"):
        linking.link(world, ASHA, None, page, NOW)
    for number in range(linking.MAX_DEVICES):
        link(world, page_id=f"p{number}")
    with pytest.raises(Invalid, match="at most"):
        linking.link(world, SHOP, None, page, NOW)


def test_passkey_gate_holds_the_link_until_it_opens(world: World) -> None:
    faulting.set_faults(world, {"passkey_gate": True}, NOW)
    open_page(world)
    page = linking.page_with_ref(world, world.pages["p"].ref or "")
    assert linking.link(world, SHOP, "Shop", page, NOW) is None
    assert heard(world, "p")[-1]["op"] == "passkey"
    assert world.kept.companions == {}
    world.advance(NOW + 60)
    faulting.reset(world, NOW + 60)
    assert [each["op"] for each in heard(world, "p")] == ["linked", "session", "caught_up"]


def test_a_refresh_ends_the_passkey_step(world: World) -> None:
    faulting.set_faults(world, {"passkey_gate": "web"}, NOW)
    open_page(world)
    linking.link(world, SHOP, "Shop", linking.page_with_ref(world, world.pages["p"].ref or ""), NOW)
    linking.refresh_ref(world, world.pages["p"], NOW + 1)
    faulting.reset(world, NOW + 2)
    assert world.kept.companions == {}


def test_after_six_references_the_last_is_dead_and_stays_until_a_refresh(world: World) -> None:
    open_page(world)
    for seconds in (60, 80, 100, 120, 140, 160, 300):
        world.advance(NOW + seconds)
    refs = [each["ref"] for each in heard(world, "p")]
    assert len(refs) == 6
    with pytest.raises(Invalid):
        linking.page_with_ref(world, refs[-1])
    linking.refresh_ref(world, world.pages["p"], NOW + 301)
    assert linking.page_with_ref(world, heard(world, "p")[-1]["ref"]).id == "p"


def test_an_unanswered_box_unlinks(world: World) -> None:
    box = {"role": "dialog", "text": "নতুন", "button": "ঠিক আছে", "unlink_after_ms": 5000}
    faulting.set_faults(world, {"dialogs": [box]}, NOW)
    link(world, page_id="p")
    assert [each["op"] for each in heard(world, "p")][-2:] == ["checkpoint", "dialogs"]
    world.pages["p"].unanswered.discard(0)
    world.advance(NOW + 6)
    assert len(world.kept.companions) == 1
    faulting.set_faults(world, {"dialogs": [{**box, "text": "another"}]}, NOW + 7)
    world.advance(NOW + 13)
    assert world.kept.companions == {}


def test_the_time_of_an_answered_box_ends_nothing_of_the_next_ones(world: World) -> None:
    box = {"role": "dialog", "text": "নতুন", "button": "ঠিক আছে", "unlink_after_ms": 5000}
    faulting.set_faults(world, {"dialogs": [box]}, NOW)
    link(world, page_id="p")
    world.pages["p"].unanswered.discard(0)
    faulting.set_faults(world, {"dialogs": [{**box, "unlink_after_ms": 60_000}]}, NOW + 2)
    world.advance(NOW + 10)
    assert len(world.kept.companions) == 1
    world.advance(NOW + 63)
    assert world.kept.companions == {}


def test_idle_page_waits_for_a_refresh(world: World) -> None:
    faulting.set_faults(world, {"qr_idle_after": 2}, NOW)
    open_page(world)
    world.advance(NOW + 60)
    world.advance(NOW + 80)
    assert [each["idle"] for each in heard(world, "p")] == [False, False, True]
    with pytest.raises(Invalid):
        linking.page_with_ref(world, world.pages["p"].ref or "")
    linking.refresh_ref(world, world.pages["p"], NOW + 90)
    assert heard(world, "p")[0]["idle"] is False


def test_a_timelock_is_told_and_ends_by_itself(world: World) -> None:
    link(world)
    heard(world, "p")
    until = int(NOW) + 100
    faulting.set_faults(world, {"timelock": {"type": "DEFAULT", "until": until}}, NOW)
    [told] = heard(world, "p")
    lock = {"state": "VISIBLE", "enforcement_type": "DEFAULT", "time_enforcement_ends": until * 1000}
    assert told == {"op": "limits", "timelock": lock, "capping": None, "tokens": [], "blocked": []}
    world.advance(NOW + 101)
    assert [each["timelock"] for each in heard(world, "p")] == [None]


def test_lid_is_the_same_every_time_and_leads_back(world: World) -> None:
    lid = world.account(ASHA).lid
    assert World().account(ASHA).lid == lid
    assert world.phone_behind(lid, "lid") == ASHA
    assert world.phone_behind("1", "lid") is None


def test_a_removal_carries_the_reason_that_a_fault_names(world: World) -> None:
    link(world, page_id="p")
    heard(world, "p")
    faulting.set_faults(world, {"logout_reason": "account_locked"}, NOW)
    assert heard(world, "p") == [{"op": "removed", "reason": "account_locked"}]
    assert world.companions_of(SHOP) == []


def test_a_page_that_is_logged_out_may_keep_its_link(world: World) -> None:
    link(world, page_id="p")
    heard(world, "p")
    faulting.set_faults(world, {"logout_reason": "syncd_timeout", "logout_keeps": True}, NOW)
    assert heard(world, "p") == [{"op": "removed", "reason": "syncd_timeout", "kept": True}]
    assert len(world.companions_of(SHOP)) == 1


def test_a_pairing_code_for_a_linked_phone_may_take_its_link_away(world: World) -> None:
    link(world, page_id="p")
    open_page(world, "q")
    linking.make_code(world, world.pages["q"], SHOP, NOW)
    assert len(world.companions_of(SHOP)) == 1
    world.faults.pair_code_revokes = True
    linking.make_code(world, world.pages["q"], SHOP, NOW)
    assert world.companions_of(SHOP) == []
    assert {"op": "removed", "reason": "unknown_companion"} in heard(world, "p")


@pytest.mark.parametrize(("days", "known"), [(29, True), (31, False)])
def test_a_device_that_was_away_for_too_long_is_logged_out(world: World, days: int, known: bool) -> None:  # noqa: FBT001
    companion = link(world, page_id="p")
    world.faults.idle_logout_days = 30
    left = NOW + 100 * 86_400  # it was in use until then
    linking.close_page(world, "p", left)
    heard(world, "p")
    open_page(world, "q", left + days * 86_400, companion=credentials(companion))
    assert ({"op": "removed", "reason": "unknown_companion"} in heard(world, "q")) is not known
    assert bool(world.companions_of(SHOP)) is known


def test_a_pairing_code_may_take_every_link_away(world: World) -> None:
    link(world, page_id="p")
    open_page(world, "q")
    faulting.set_faults(world, {"pair_code_revokes": "any"}, NOW)
    linking.make_code(world, world.pages["q"], ASHA, NOW)
    assert world.companions_of(SHOP) == []


def test_a_page_that_is_loaded_anew_may_lose_its_link(world: World) -> None:
    companion = link(world, page_id="p")
    faulting.set_faults(world, {"reload_revokes": True}, NOW)
    linking.close_page(world, "p", NOW)
    open_page(world, "q", NOW + 1, companion=credentials(companion))
    assert {"op": "removed", "reason": "unknown_companion"} in heard(world, "q")
    assert world.companions_of(SHOP) == []


def test_a_removal_may_not_be_told(world: World) -> None:
    link(world, page_id="p")
    heard(world, "p")
    faulting.set_faults(world, {"unlink_untold": True}, NOW)
    assert linking.unlink(world, SHOP) == 1
    assert heard(world, "p") == []


def test_what_came_meanwhile_may_not_be_handed_over(world: World) -> None:
    companion = link(world, page_id="p")
    linking.close_page(world, "p", NOW)
    mail.write(world, ASHA, SHOP, "lost", NOW)
    faulting.set_faults(world, {"offline_withheld": True}, NOW)
    open_page(world, "q", NOW + 1, companion=credentials(companion))
    assert [each["op"] for each in heard(world, "q")] == ["session", "caught_up"]


def test_a_linked_device_may_need_its_phone(world: World) -> None:
    link(world, page_id="p")
    faulting.set_faults(world, {"needs_phone": True}, NOW)
    sent = {"id": "3EB0" + "0" * 18, "to": {"user": ASHA, "server": "c.us"}, "type": "chat", "text": "hi"}
    answers: list[Any] = []
    mail.switch(world, SHOP, on=False, now=NOW)
    mail.hand_over(world, world.pages["p"], sent, answers.append, NOW)
    world.advance(NOW + 10)
    assert (answers, world.kept.messages) == ([], [])
    mail.switch(world, SHOP, on=True, now=NOW + 10)
    mail.hand_over(world, world.pages["p"], sent, answers.append, NOW + 10)
    world.advance(NOW + 20)
    assert len(answers) == len(world.kept.messages) == 1


def test_what_was_never_written_is_neither_changed_nor_taken_back(world: World) -> None:
    link(world, page_id="p")
    with pytest.raises(Invalid, match="nothing"):
        persons.last_of(world, ASHA, SHOP)
    with pytest.raises(Invalid, match="linked"):
        persons.let_vanish(world, SHOP, ASHA, 86_400)
