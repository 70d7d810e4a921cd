"""A campaign on a real box, page and sandbox: everybody once, with their own name, through control and death."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.asking import PLAIN
from tests.journeys.box import PHONE, Shop, alone, until
from tests.journeys.conftest import long_only

pytestmark = pytest.mark.timeout(900)

LONG = bool(os.environ.get("WABOX_LONG"))
OVER = ("completed", "stopped", "failed")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A box of its own, linked."""
    with alone(tmp_path_factory.mktemp("campaign"), guards={"tripwires": False}) as box:
        yield box


def people(shop: Shop, tag: str, first: int, count: int) -> list[str]:
    """This many contacts, every tenth written twice in another spelling."""
    phones = [f"88018{n:08d}" for n in range(first, first + count)]
    rows = [{"phone": phone, "name": f"Person {phone[-4:]}", "tag": tag} for phone in phones]
    again = [{**row, "phone": f"+{row['phone'][:3]} {row['phone'][3:]}"} for row in rows[::10]]
    for at in range(0, len(rows + again), 1_000):
        answer = shop.call("POST", "/contacts/bulk", {"contacts": (rows + again)[at : at + 1_000]})
        assert answer.status_code == 200, answer.text
    return phones


def launch(shop: Shop, tag: str) -> int:
    answer = shop.call("POST", "/campaigns", {"name": tag, "message": "Hello {name}, {Save|Get} 20%", "tag": tag})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def seen(shop: Shop, campaign_id: int) -> dict[str, Any]:
    """The campaign now; its counters must add up."""
    one: dict[str, Any] = shop.get(f"/campaigns/{campaign_id}")
    ends = sum(one[name] for name in ("sent", "failed", "skipped", "cancelled", "unknown"))
    assert one["total"] == one["queued"] + ends, one
    return one


def ended(shop: Shop, campaign_id: int, seconds: float) -> dict[str, Any]:
    until(lambda: seen(shop, campaign_id)["status"] in OVER, seconds, what="the campaign ends")
    return seen(shop, campaign_id)


def received(shop: Shop, phones: list[str]) -> Counter[str]:
    """How often each phone got something; every text is its own, every id went once."""
    got = [one for one in shop.whatsapp.messages() if one["to"] in set(phones) and one["from"] == PHONE]
    assert {one["copies"] for one in got} <= {1}
    helloes = [one for one in got if "Hello" in one["text"]]
    assert [one for one in helloes if f"Person {one['to'][-4:]}" not in one["text"]] == []
    return Counter(one["to"] for one in helloes)


def test_each_eligible_phone_gets_one_message_of_its_own(shop: Shop) -> None:
    count = 500 if LONG else 120
    phones = people(shop, "first", 0, count)  # 8801800000000 ends in 0000: not on WhatsApp
    out = phones[5]
    contact = shop.get(f"/contacts?q={out}")["data"][0]
    assert shop.call("POST", f"/contacts/{contact['id']}/opt-out").is_success
    campaign_id = launch(shop, "first")
    later = phones[-1]
    body = {"from": later, "to": PHONE, "text": "STOP"}
    httpx.post(f"{shop.whatsapp.url}/sandbox/inbound", json=body, timeout=20, **PLAIN).raise_for_status()
    campaign = ended(shop, campaign_id, 300)
    assert campaign["total"] == count
    assert (campaign["failed"], campaign["unknown"], campaign["cancelled"]) == (1, 0, 0)
    got = received(shop, phones)
    assert set(got.values()) == {1}
    assert set(phones) - set(got) == {phones[0], out, later}
    assert campaign["skipped"] == 2
    refused = shop.call("POST", "/send", {"phone": later, "message": "Hello again"})
    assert refused.json()["status"] == "skipped"


def control(shop: Shop, campaign_id: int, dice: random.Random) -> None:
    verb = dice.choice(["pause", "resume", "redispatch", "look"])
    if verb == "look":
        seen(shop, campaign_id)
        return
    answer = shop.call("POST", f"/campaigns/{campaign_id}/{verb}")
    assert answer.status_code in (200, 422), answer.text


def stir(shop: Shop, campaign_id: int, *, kills: int, dice: random.Random) -> None:
    """Random control and death, until it has died often enough."""
    for _ in range(kills):
        until_dead = time.monotonic() + dice.uniform(0.5, 6)
        while time.monotonic() < until_dead:
            control(shop, campaign_id, dice)
            time.sleep(0.05)
        shop.program.kill()
        shop.start()


def nobody_missed(shop: Shop, tag: str, first: int, *, count: int, kills: int, seed: int) -> None:
    phones = people(shop, tag, first, count)
    campaign_id = launch(shop, tag)
    stir(shop, campaign_id, kills=kills, dice=random.Random(seed))
    if seen(shop, campaign_id)["status"] == "paused":
        shop.call("POST", f"/campaigns/{campaign_id}/resume")
    campaign = ended(shop, campaign_id, 300)
    assert (campaign["sent"], campaign["status"]) == (count, "completed"), campaign
    assert received(shop, phones) == Counter(phones)


def test_control_and_death_in_between_miss_nobody_and_write_nobody_twice(shop: Shop) -> None:
    """Row 42, with kills."""
    nobody_missed(shop, "second", 10_001, count=80, kills=2, seed=7)


@long_only()
def test_twenty_deaths_under_a_campaign_to_five_hundred(shop: Shop) -> None:
    nobody_missed(shop, "third", 20_001, count=500, kills=20, seed=8)


def test_stop_ends_it_at_once_and_for_good(shop: Shop) -> None:
    phones = people(shop, "fourth", 30_001, 200)
    campaign_id = launch(shop, "fourth")
    until(lambda: seen(shop, campaign_id)["sent"] > 5, 60, what="it has begun")
    answer = shop.call("POST", f"/campaigns/{campaign_id}/stop").json()
    assert (answer["status"], answer["credits_refunded"]) == ("stopped", 0)
    until(lambda: seen(shop, campaign_id)["queued"] == 0, 30, what="the message in hand ends")
    campaign = seen(shop, campaign_id)
    assert campaign["sent"] + campaign["cancelled"] == 200
    assert sum(received(shop, phones).values()) == campaign["sent"]


def test_people_read_their_own_fields_and_only_who_was_asked_for(shop: Shop) -> None:
    assert shop.call("POST", "/fields", {"name": "due", "kind": "number", "display": "money"}).status_code == 201
    rows = [
        {"phone": f"8801899{n:06d}", "fields": {"due": n * 1_000, **({"city": "ঢাকা"} if n % 2 else {})}}
        for n in range(4)
    ]
    assert shop.call("POST", "/contacts/bulk", {"contacts": rows}).status_code == 200
    segment = {"fields": [{"field": "due", "op": "more", "value": 500}]}
    body = {"name": "due", "message": "{city:আপনার শহর}: বাকি {due}", "segment": segment}
    made = shop.call("POST", "/campaigns", body)
    assert made.status_code == 201, made.text
    assert ended(shop, made.json()["id"], 60)["sent"] == 3
    got = {one["to"]: one["text"] for one in shop.whatsapp.messages() if one["to"].startswith("8801899")}
    assert got == {
        "8801899000001": "ঢাকা: বাকি ৳১,০০০",
        "8801899000002": "আপনার শহর: বাকি ৳২,০০০",
        "8801899000003": "ঢাকা: বাকি ৳৩,০০০",
    }
