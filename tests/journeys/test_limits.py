"""What WhatsApp limits and hides. A limit burns no new person, known ones go on, the rest follows; who writes
without a number is heard, and their STOP counts before and after it is known who they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.asking import PLAIN
from tests.faces.tab import csrf_of
from tests.journeys.box import ARRIVED, EMAIL, ENDED, PASSWORD, PHONE, Shop, alone, once_each, until
from tests.journeys.receiver import Receiver

pytestmark = pytest.mark.timeout(600)
LID, NAMED, LATER, OWNERS, KNOWN, BUSINESS, MIDWAY = (f"88018{n:08d}" for n in range(1, 8))
OUT = ("skipped", "opted_out")
EVENTS = ["message.received", "contact.opted_out", "delivery.sent", "delivery.skipped"]


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    """The shop's own server."""
    found = Receiver()
    yield found
    found.close()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> Iterator[Shop]:
    """A box of its own, linked, that tells its webhook."""
    with alone(tmp_path_factory.mktemp("limits"), webhooks={"allow": [receiver.address]}) as box:
        asked = {"webhook_url": receiver.url, "events": EVENTS}
        assert box.call("PUT", "/webhooks", asked).status_code == 200
        yield box


def people(first: int, count: int) -> list[str]:
    return [f"88019{n:08d}" for n in range(first, first + count)]


def campaign(shop: Shop, tag: str, phones: list[str]) -> int:
    rows = [{"phone": phone, "name": f"Person {phone[-4:]}", "tag": tag} for phone in phones]
    assert shop.call("POST", "/contacts/bulk", {"contacts": rows}).is_success
    answer = shop.call("POST", "/campaigns", {"name": tag, "message": "Hello {name}", "tag": tag})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def at(moment: datetime) -> str:
    return moment.replace(microsecond=0).isoformat()


def by_phone(shop: Shop, campaign_id: int) -> dict[str, dict[str, Any]]:
    return {one["phone"]: one for one in shop.messages() if one["campaign_id"] == campaign_id}


def test_a_timelock_holds_only_new_people_and_the_campaign_resumes_by_itself(shop: Shop) -> None:
    warm, cold = people(1, 4), people(101, 8)
    for phone in warm:
        shop.whatsapp.ask("POST", "inbound", {"from": phone, "to": PHONE, "text": "Do you have tea?"})
    ends = datetime.now(UTC) + timedelta(hours=2)
    shop.whatsapp.ask("PUT", "faults", {"timelock": {"type": "WEB_COMPANION_ONLY", "until": at(ends)}})
    shop.is_device("ready", "restricted")
    lock = {"type": "WEB_COMPANION_ONLY", "until": at(ends)}
    assert shop.device()["limits"] == {"timelock": lock, "new_chats": None}
    campaign_id = campaign(shop, "lock", cold[:4] + warm + cold[4:])

    def warm_arrived() -> bool:
        found = by_phone(shop, campaign_id)
        return all(phone in found and found[phone]["status"] in ARRIVED for phone in warm)

    until(warm_arrived, 60, what="known people get it")
    found = by_phone(shop, campaign_id)
    waits = {(one["status"], one["wait_reason"], one["waits_until"]) for one in map(found.__getitem__, cold)}
    assert waits == {("queued", "restricted", at(ends))}
    seen = shop.get(f"/campaigns/{campaign_id}")
    assert (seen["status"], seen["queued"], seen["failed"]) == ("sending", 8, 0)
    assert datetime.fromisoformat(seen["eta"]) >= ends.replace(microsecond=0)
    assert {one["to"] for one in shop.whatsapp.messages()} == set(warm)
    shop.whatsapp.ask("PUT", "faults", {"timelock": None})
    until(lambda: shop.get(f"/campaigns/{campaign_id}")["status"] == "completed", 60, what="it resumes by itself")
    shop.all_end()
    once_each(shop)


def test_a_full_cycle_holds_new_people_until_the_next_begins(shop: Shop) -> None:
    warm, cold = people(1, 2), people(201, 6)
    now = datetime.now(UTC)
    start, ends = now - timedelta(days=1), now + timedelta(hours=1)
    cap = {"total": 10, "used": 7, "cycle_start": at(start), "cycle_end": at(ends)}
    shop.whatsapp.ask("PUT", "faults", {"capping": cap})
    told = {"status": "first_warning", "used": 7, "total": 10, "resets_at": at(ends)}
    until(lambda: shop.device()["limits"]["new_chats"] == told, 20, what="the page tells the cap")
    campaign_id = campaign(shop, "cap", cold + warm)

    def full() -> bool:
        limits = shop.device()["limits"]["new_chats"]
        found = by_phone(shop, campaign_id)
        arrived = [phone for phone in (*warm, *cold) if found.get(phone, {}).get("status") in ARRIVED]
        return bool(limits and limits["status"] == "capped" and len(arrived) == 5)

    until(full, 60, what="three new and two known people get it")
    waiting = [one for one in by_phone(shop, campaign_id).values() if one["status"] == "queued"]
    assert {(one["wait_reason"], one["waits_until"]) for one in waiting} == {("new_chats_capped", at(ends))}
    assert {one["phone"] for one in waiting} <= set(cold) and len(waiting) == 3
    soon = at(datetime.now(UTC) + timedelta(seconds=3))
    shop.whatsapp.ask("PUT", "faults", {"capping": {**cap, "used": 10, "cycle_end": soon}})
    until(lambda: shop.get(f"/campaigns/{campaign_id}")["status"] == "completed", 60, what="the next cycle")
    shop.all_end()
    once_each(shop)
    shop.whatsapp.ask("DELETE", "faults")


def test_a_silent_lock_fails_nobody_and_who_writes_gets_it(shop: Shop) -> None:
    """Neither where the page hears of the lock when it asks after the first refusal, nor where it never does."""
    cold = people(301, 5)
    ends = at(datetime.now(UTC) + timedelta(hours=1))
    told = {"timelock_silent": True, "timelock": {"type": "DEFAULT", "until": ends}}
    shop.whatsapp.ask("PUT", "faults", told)
    campaign_id = campaign(shop, "silent", cold)
    where = f"/campaigns/{campaign_id}"

    def wait_for(reason: str) -> bool:
        return {one["wait_reason"] for one in by_phone(shop, campaign_id).values()} == {reason}

    until(lambda: wait_for("restricted"), 20, what="the page has heard of the lock")
    shop.whatsapp.ask("PUT", "faults", {"timelock": None})
    until(lambda: wait_for("new_chats_refused"), 20, what="three were refused")
    seen = shop.get(where)
    assert (seen["status"], seen["queued"], seen["failed"]) == ("sending", 5, 0)
    refused = min(by_phone(shop, campaign_id).values(), key=lambda one: int(one["job_id"]))
    shop.whatsapp.ask("POST", "inbound", {"from": refused["phone"], "to": PHONE, "text": "I am here"})
    until(lambda: shop.message(refused["job_id"])["status"] in ARRIVED, 20, what="who writes is new no more")
    assert texts(shop, refused["phone"]) == [refused["message"]]
    assert shop.call("POST", f"{where}/stop").is_success
    assert (shop.get(where)["failed"], shop.get(where)["cancelled"]) == (0, 4)
    shop.whatsapp.ask("PUT", "faults", {**told, "timelock_silent": False})
    shop.is_device("ready", "restricted")  # a lock that is told ends what was only seen
    shop.whatsapp.ask("DELETE", "faults")
    until(lambda: shop.device()["limits"]["timelock"] is None, 20, what="the lock is lifted")


# -- people whose number WhatsApp hides: they end their line, so they come last ---------------------------------


def hide(shop: Shop, **faults: Any) -> None:
    shop.whatsapp.ask("PUT", "faults", {"lid_unknown": [], "username_only": [], "hidden_number": [], **faults})


def writes(shop: Shop, receiver: Receiver, phone: str, text: str) -> dict[str, Any]:
    """The person writes; what the webhook hears of it."""
    before = len(receiver.posts)
    shop.whatsapp.ask("POST", "inbound", {"from": phone, "to": PHONE, "text": text})

    def told() -> dict[str, Any] | None:
        heard = [one.event for one in receiver.posts[before:] if one.event["event"] == "message.received"]
        return next((one for one in heard if one["text"] == text), None)

    found = until(told, 20, what=f"{text} is heard")
    assert found is not None
    return found


def ends(shop: Shop, body: dict[str, Any]) -> tuple[str, str | None]:
    """What becomes of a message."""
    answer = shop.call("POST", "/send", {"message": "Hello", **body})
    assert answer.status_code == 202, answer.text
    job_id = answer.json()["job_id"]
    until(lambda: shop.message(job_id)["status"] in (*ENDED[1:], "sent"), 20, what="it ends")
    found = shop.message(job_id)
    return found["status"] if found["status"] not in ARRIVED else "sent", found["error"]


def contact(shop: Shop, phone: str) -> int:
    """The id of the contact with this number."""
    (found,) = shop.get(f"/contacts?q={phone}")["data"]
    return int(found["id"])


def erase(shop: Shop, contact_id: int) -> None:
    """The owner erases this person on the dashboard."""
    with httpx.Client(base_url=f"http://127.0.0.1:{shop.port}", timeout=20, **PLAIN) as tab:
        sign_in = {"_csrf": csrf_of(tab.get("/login").text), "email": EMAIL, "password": PASSWORD, "next": "/"}
        assert tab.post("/login", data=sign_in).status_code == 303
        token = csrf_of(tab.get(f"/contacts/{contact_id}").text)
        assert tab.post(f"/contacts/{contact_id}/erase", data={"_csrf": token}).status_code == 303


def texts(shop: Shop, phone: str) -> list[str]:
    return [one["text"] for one in shop.whatsapp.messages() if one["to"] == phone]


def test_who_stops_without_a_number_stays_stopped_when_it_is_known(shop: Shop, receiver: Receiver) -> None:
    hide(shop, lid_unknown=[LID], username_only=[NAMED])
    hello = writes(shop, receiver, LID, "do you have tea")
    assert (hello["phone"], hello["username"]) == (None, None)
    assert ends(shop, {"person_id": hello["person_id"]}) == ("sent", None)
    assert texts(shop, LID) == ["Hello"]
    stops = [writes(shop, receiver, one, "STOP") for one in (LID, NAMED)]
    assert [(one["phone"], bool(one["username"])) for one in stops] == [(None, False), (None, True)]
    assert stops[0]["person_id"] == hello["person_id"]
    assert [ends(shop, {"person_id": one["person_id"]}) for one in stops] == [OUT, OUT]
    until(lambda: len(texts(shop, NAMED)) == 1, 20, what="the opt-out is confirmed")
    hide(shop)
    ids = {one["person_id"]: phone for one, phone in zip(stops, (LID, NAMED), strict=True)}

    def joined() -> bool:
        rows = [shop.get(f"/messages?person_id={one}")["data"] for one in ids]
        return all(
            {row["phone"] for row in found} == {phone} for found, phone in zip(rows, ids.values(), strict=True)
        )

    until(joined, 20, what="both are known by number, under the ids they had")
    where = f"/campaigns/{campaign(shop, 'after', [LID, NAMED, KNOWN])}"
    until(lambda: shop.get(where)["status"] == "completed", 40, what="the campaign is over")
    assert shop.get(where)["sent"] == 1
    for again in (0, 1):
        for phone in (LID, NAMED):
            assert ends(shop, {"phone": phone}) == OUT
            if not again:
                erase(shop, contact(shop, phone))
        rows = [{"phone": one, "name": "again", "tag": "again"} for one in ids.values()]
        assert shop.call("POST", "/contacts/bulk", {"contacts": rows}).is_success
    assert (len(texts(shop, LID)), len(texts(shop, NAMED)), len(texts(shop, KNOWN))) == (2, 1, 1)


def test_who_is_known_and_then_hides_is_heard_and_the_stricter_word_wins(shop: Shop, receiver: Receiver) -> None:
    assert ends(shop, {"phone": LATER}) == ("sent", None)
    hide(shop, hidden_number=[LATER], lid_unknown=[OWNERS])
    stop = writes(shop, receiver, LATER, "STOP")
    hidden = writes(shop, receiver, OWNERS, "hello from nowhere")
    assert hidden["phone"] is None
    assert shop.call("POST", "/contacts", {"phone": OWNERS, "name": "Owner's"}).is_success
    assert shop.call("POST", f"/contacts/{contact(shop, OWNERS)}/opt-out").is_success
    hide(shop)
    assert ends(shop, {"person_id": stop["person_id"]}) == OUT
    until(
        lambda: ends(shop, {"person_id": hidden["person_id"]}) == OUT, 20, what="the owner's word counts for both"
    )
    assert writes(shop, receiver, LATER, "START")["phone"] == LATER
    assert ends(shop, {"phone": LATER}) == ("sent", None)
    assert ends(shop, {"phone": OWNERS}) == OUT


def test_what_a_machine_answers_is_nobodys_word(shop: Shop, receiver: Receiver) -> None:
    shop.whatsapp.ask("PUT", "faults", {"auto_reply_ms": 300})
    before = len(receiver.posts)
    assert ends(shop, {"phone": BUSINESS}) == ("sent", None)

    def told() -> list[dict[str, Any]]:
        heard = [one.event for one in receiver.posts[before:]]
        return [one for one in heard if one["event"] == "message.received" and one["phone"] == BUSINESS]

    (answer,) = until(told, 20, what="the machine's answer is heard")
    assert answer["automatic"]
    refused = shop.call("POST", "/send", {"message": "Hello", "person_id": answer["person_id"]})
    assert (refused.status_code, refused.json()["code"]) == (422, "never_wrote")
    shop.whatsapp.ask("PUT", "faults", {"auto_reply_ms": None})


def test_a_kill_between_the_stop_and_the_number_lets_nothing_of_a_campaign_go(
    shop: Shop, receiver: Receiver
) -> None:
    ends_at = at(datetime.now(UTC) + timedelta(hours=2))
    hide(shop, hidden_number=[MIDWAY], timelock={"type": "DEFAULT", "until": ends_at})
    shop.is_device("ready", "restricted")
    where = f"/campaigns/{campaign(shop, 'midway', [MIDWAY])}"
    until(lambda: shop.get(where)["queued"] == 1, 20, what="it waits for the lock")
    assert writes(shop, receiver, MIDWAY, "STOP")["phone"] is None
    shop.program.kill()
    hide(shop, timelock=None)
    shop.start()
    until(lambda: shop.get(where)["status"] == "completed", 60, what="the campaign is over")
    (found,) = [one for one in shop.messages() if one["phone"] == MIDWAY and one["campaign_id"]]
    assert (found["status"], found["error"]) == OUT
    assert not [one for one in texts(shop, MIDWAY) if one.startswith("Hello")]
