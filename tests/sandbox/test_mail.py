"""Messages and receipts: the world's crank turned by hand."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.sandbox.client import ASHA, NOBODY, SHOP
from tests.sandbox.test_linking import NOW, credentials, heard, link, open_page
from tests.some import some
from wabox.errors import Invalid, Refusal
from wabox.sandbox import faulting, limits, linking, mail, view
from wabox.sandbox.world import Kept, World

MINUTE = 60.0
CAPPED = "UserReachedMaxMonthlyLimitForNewMessages"
LOCK = {"type": "DEFAULT", "until": int(NOW) + 9999}
CAP = {"total": 10, "used": 4, "cycle_start": int(NOW) - 100, "cycle_end": int(NOW) + 1000}


def hand_over(
    world: World, number: int = 1, to: str = ASHA, now: float = NOW, server: str = "c.us"
) -> list[dict[str, Any]]:
    """One message handed over on page `p`; the list fills with the server's answer when it comes."""
    answers: list[dict[str, Any]] = []
    sent = {
        "id": f"3EB0{number:018X}",
        "to": {"user": to, "server": server},
        "type": "chat",
        "text": f"text {number}",
        "caption": None,
        "media": None,
    }
    mail.hand_over(world, world.pages["p"], sent, answers.append, now)
    return answers


def texts(world: World, **filters: str | None) -> list[str]:
    wanted = {"to": None, "sender": None, "after": None} | filters
    return [each["text"] for each in view.messages(world, **wanted)]


def receipts(world: World) -> list[int]:
    told = [each["event"] for each in heard(world, "p") if each["op"] == "event"]
    return [each["ack"] for each in told if each["kind"] == "receipt"]


def test_message_is_taken_delivered_and_read_in_time(world: World) -> None:
    link(world)
    answers = hand_over(world)
    assert answers == []
    world.advance(NOW + 0.05)
    assert answers == [{"t": int(NOW)}]
    world.advance(NOW + 0.34)
    assert receipts(world) == []
    world.advance(NOW + 0.36)
    assert receipts(world) == [2]
    world.advance(NOW + 1.4)
    assert receipts(world) == [3]
    assert texts(world) == ["text 1"]


def test_same_id_is_taken_once_and_counted(world: World) -> None:
    link(world)
    hand_over(world)
    world.advance(NOW + MINUTE)
    assert receipts(world) == [2, 3]
    answers = hand_over(world, now=NOW + 3 * MINUTE)
    world.advance(NOW + 4 * MINUTE)
    assert answers == [{"t": int(NOW)}]
    assert receipts(world) == []
    [got] = view.messages(world, to=ASHA, sender=None, after=None)
    assert got["copies"] == 2


def test_same_id_from_another_account_is_another_message(world: World) -> None:
    link(world)
    hand_over(world)
    linking.close_page(world, "p")
    link(world, phone="8801711000003")
    hand_over(world)
    assert len(view.messages(world, to=ASHA, sender=None, after=None)) == 2


@pytest.mark.parametrize(
    ("fault", "answer", "taken"),
    [
        ({"send_error": True}, [{"refused": "ERROR_UNKNOWN"}], []),
        ({"send_error": "ERROR_NETWORK"}, [{"refused": "ERROR_NETWORK"}], []),
        ({"blackhole": True}, [], []),
        ({"drop_ack": True}, [], ["text 1"]),
        ({"not_on_whatsapp": [ASHA]}, [{"refused": "ERROR_UNKNOWN"}], []),
        ({"timelock": LOCK}, [{"refused": "ERROR_UNKNOWN"}], []),
        ({"timelock_silent": True}, [{"refused": "ERROR_UNKNOWN"}], []),
        ({"nack": {"code": 463, "chats": "all"}}, [{"refused": "ERROR_UNKNOWN", "code": 463}], []),
        ({"capping": {**CAP, "used": 10}}, [{"refused": "ERROR_UNKNOWN", "code": CAPPED}], []),
    ],
)
def test_each_fault_of_sending(world: World, fault: dict[str, Any], answer: list[Any], taken: list[str]) -> None:
    link(world)
    faulting.set_faults(world, fault, NOW)
    answers = hand_over(world)
    world.advance(NOW + MINUTE)
    assert answers == answer
    assert texts(world) == taken


@pytest.mark.parametrize(
    "fault", [{"timelock": LOCK}, {"timelock_silent": True}, {"nack": {"code": "capped", "chats": "cold"}}]
)
def test_limits_bind_only_people_who_never_wrote(world: World, fault: dict[str, Any]) -> None:
    link(world)
    mail.write(world, ASHA, SHOP, "hello", NOW)
    faulting.set_faults(world, fault, NOW)
    warm, cold = hand_over(world), hand_over(world, 2, to="8801711000099")
    world.advance(NOW + MINUTE)
    assert "refused" not in warm[0] and "refused" in cold[0]
    assert texts(world) == ["text 1"]


def test_each_new_person_counts_once_with_two_warnings_and_a_new_cycle_begins(world: World) -> None:
    link(world)
    faulting.set_faults(world, {"capping": CAP}, NOW)
    mail.write(world, ASHA, SHOP, "hello", NOW)
    statuses = []
    for number in range(8):
        hand_over(world, 10 + number, to=ASHA)
        hand_over(world, 100 + number, to=f"880171100010{number}")
        hand_over(world, 200 + number, to=f"880171100010{number}")
        told = limits.capping(world, NOW) or {}
        statuses.append((told["used_quota"], told["capping_status"]))
    assert statuses[:6] == [
        (5, "FIRST_WARNING"),
        (6, "FIRST_WARNING"),
        (7, "FIRST_WARNING"),
        (8, "SECOND_WARNING"),
        (9, "SECOND_WARNING"),
        (10, "CAPPED"),
    ]
    assert statuses[6:] == [(10, "CAPPED")] * 2
    heard(world, "p")
    world.advance(NOW + 1001)
    [news] = [each for each in heard(world, "p") if each["op"] == "limits"]
    assert (news["capping"]["used_quota"], news["capping"]["capping_status"]) == (0, "NONE")
    answers = hand_over(world, 300, to="8801711000199", now=NOW + 1001)
    world.advance(NOW + 1002)
    assert "refused" not in answers[0]


def test_counted_fault_strikes_that_often(world: World) -> None:
    link(world)
    faulting.set_faults(world, {"send_error": 2}, NOW)
    results = [hand_over(world, number) for number in (1, 2, 3)]
    world.advance(NOW + MINUTE)
    assert ["refused" in each[0] for each in results] == [True, True, False]
    assert world.faults.send_error is False


def test_dropped_answer_still_brings_receipts(world: World) -> None:
    link(world)
    faulting.set_faults(world, {"drop_ack": True}, NOW)
    hand_over(world)
    world.advance(NOW + MINUTE)
    assert receipts(world) == [2, 3]


def test_unknown_numbers_and_unknown_lids_are_refused(world: World) -> None:
    link(world)
    results = [hand_over(world, 1, to=NOBODY), hand_over(world, 2, to="1", server="lid")]
    world.advance(NOW + MINUTE)
    assert all(each == [{"refused": "ERROR_UNKNOWN"}] for each in some(results))


def test_message_to_a_lid_reaches_its_phone(world: World) -> None:
    link(world)
    hand_over(world, to=world.account(ASHA).lid, server="lid")
    assert texts(world, to=ASHA) == ["text 1"]


def test_phone_that_is_off_gets_its_messages_when_it_is_on(world: World) -> None:
    link(world)
    world.account(ASHA).on = False
    hand_over(world)
    world.advance(NOW + MINUTE)
    assert receipts(world) == []
    world.account(ASHA).on = True
    mail.resume(world, NOW + MINUTE)
    world.advance(NOW + 2 * MINUTE)
    assert receipts(world) == [2, 3]


def test_never_delivered_then_healthy_again(world: World) -> None:
    link(world)
    faulting.set_faults(world, {"deliver_ms": None}, NOW)
    hand_over(world)
    world.advance(NOW + MINUTE)
    assert receipts(world) == []
    faulting.reset(world, NOW + MINUTE)
    world.advance(NOW + 2 * MINUTE)
    assert receipts(world) == [2, 3]


def test_event_is_told_again_until_it_is_confirmed(world: World) -> None:
    companion = link(world)
    heard(world, "p")
    linking.close_page(world, "p")
    mail.write(world, ASHA, SHOP, "while away", NOW)
    for page_id in ("p", "q"):
        open_page(world, page_id, companion=credentials(companion))
        told = [each for each in heard(world, page_id) if each["op"] == "event"]
        assert [each["event"]["text"] for each in told] == ["while away"]
    world.dequeue(companion.id, told[0]["seq"])
    open_page(world, "r", companion=credentials(companion))
    assert all(each["op"] != "event" for each in some(heard(world, "r")))


def test_what_a_page_was_not_told_of_yet_it_has_not_confirmed(world: World) -> None:
    companion = link(world)
    faulting.set_faults(world, {"late_receipts": True}, NOW)
    hand_over(world)
    world.advance(NOW + MINUTE)
    heard(world, "p")
    mail.write(world, ASHA, SHOP, "meanwhile", NOW + MINUTE)
    [told] = [each for each in heard(world, "p") if each["op"] == "event"]
    world.dequeue(companion.id, told["seq"])
    open_page(world, "q", companion=credentials(companion))
    late = [each for each in heard(world, "q") if each["op"] == "event"]
    assert [each["event"]["ack"] for each in late] == [2, 3]
    world.dequeue(companion.id, late[-1]["seq"])
    assert world.kept.queued.get(companion.id, []) == []


def test_returning_page_learns_what_became_of_its_messages(world: World) -> None:
    companion = link(world)
    faulting.set_faults(world, {"drop_ack": True, "deliver_ms": None}, NOW)
    hand_over(world, 1)
    known, unknown = f"3EB0{1:018X}", f"3EB0{2:018X}"
    open_page(world, "q", companion=credentials(companion), pending=[known, unknown])
    assert heard(world, "q")[0]["known"] == {known: 1}


def test_linked_phones_write_to_each_other(world: World) -> None:
    link(world)
    link(world, phone=ASHA, page_id="asha")
    heard(world, "asha")
    hand_over(world)
    world.advance(NOW + MINUTE)
    [event] = [each["event"] for each in heard(world, "asha") if each["op"] == "event"]
    assert (event["text"], event["phone"], event["from_me"]) == ("text 1", SHOP, False)


def test_message_to_oneself_is_delivered_without_an_echo(world: World) -> None:
    link(world)
    heard(world, "p")
    hand_over(world, to=SHOP)
    world.advance(NOW + MINUTE)
    events = [each["event"] for each in heard(world, "p") if each["op"] == "event"]
    assert [each["kind"] for each in events] == ["receipt", "receipt"]


def test_list_shows_inbound_only_for_a_linked_phone(world: World) -> None:
    link(world)
    hand_over(world)
    mail.write(world, ASHA, SHOP, "an answer", NOW + 1)
    assert texts(world) == ["text 1"]
    assert texts(world, sender=SHOP) == ["text 1"]
    assert texts(world, to=SHOP) == ["an answer"]
    assert texts(world, to=SHOP, sender=ASHA) == ["an answer"]
    linking.unlink(world, SHOP)
    assert texts(world, to=SHOP) == []


def test_list_after_an_id_or_a_moment(world: World) -> None:
    link(world)
    for number in (1, 2, 3):
        hand_over(world, number, now=NOW + number)
    assert texts(world, after=f"3EB0{2:018X}") == ["text 3"]
    assert texts(world, after=str(NOW + 1)) == ["text 2", "text 3"]
    assert texts(world, after="2027-01-15T08:00:02 00:00") == ["text 3"]
    with pytest.raises(Invalid, match="after"):
        texts(world, after="yesterday")


def test_writing_needs_a_linked_phone_and_a_sender_on_whatsapp(world: World) -> None:
    with pytest.raises(Invalid, match="Link it first"):
        mail.write(world, ASHA, SHOP, "hello", NOW)
    link(world)
    with pytest.raises(Invalid, match="not on WhatsApp"):
        mail.write(world, NOBODY, SHOP, "hello", NOW)


def test_world_survives_being_written_and_read(world: World) -> None:
    companion = link(world)
    hand_over(world)
    mail.write(world, ASHA, SHOP, "kept", NOW)
    kept = msgspec.json.decode(msgspec.json.encode(world.kept), type=Kept)
    again = World(kept)
    mail.resume(again, NOW + MINUTE)
    open_page(again, "q", companion=credentials(companion))
    told = [each["event"]["text"] for each in heard(again, "q") if each["op"] == "event"]
    assert told == ["kept"]
    again.advance(NOW + 2 * MINUTE)
    assert again.kept.messages[0].ack == 3
    linking.close_page(again, "q")
    open_page(again, "p", companion=credentials(companion))
    hand_over(again)
    assert again.kept.messages[0].copies == 2


def test_what_its_sender_deletes_for_everyone_leaves_only_that_it_was_there(world: World) -> None:
    link(world)
    linking.open_page(world, "q", NOW)
    linking.link(world, ASHA, None, world.pages["q"], NOW)
    hand_over(world, 1)
    hand_over(world, 2)
    world.advance(NOW + 2)
    for _ in range(2):
        mail.revoke(world, world.pages["p"], f"3EB0{1:018X}", NOW + 3)
    first, second = view.messages(world, to=ASHA, sender=None, after=None)
    assert (first["text"], first["revoked"], first["copies"]) == ("", True, 1)
    assert (second["text"], "revoked" in second) == ("text 2", False)
    told = [each["event"] for each in heard(world, "q") if each["op"] == "event"]
    assert {each["id"] for each in told if each["kind"] == "revoke"} == {f"3EB0{1:018X}"}


def test_nobody_deletes_what_is_not_theirs_and_a_fault_deletes_nothing(world: World) -> None:
    link(world)
    hand_over(world, 1)
    written = mail.write(world, ASHA, SHOP, "hello", NOW)
    for message_id in (written.id, "3EB0" + "F" * 18):
        with pytest.raises(Refusal):
            mail.revoke(world, world.pages["p"], message_id, NOW)
    faulting.set_faults(world, {"revoke_lost": 1}, NOW)
    with pytest.raises(Refusal):
        mail.revoke(world, world.pages["p"], f"3EB0{1:018X}", NOW)
    assert "text 1" in texts(world)
    mail.revoke(world, world.pages["p"], f"3EB0{1:018X}", NOW)
    assert "text 1" not in texts(world)
