"""WhatsApp limits a phone in the midst of a campaign: no new person burns, known ones go on, the rest follows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.journeys.box import ARRIVED, PHONE, Shop, alone, once_each, until

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A box of its own, linked."""
    with alone(tmp_path_factory.mktemp("limits")) as box:
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
