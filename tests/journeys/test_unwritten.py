"""What WhatsApp shows in a chat and nobody wrote comes to nothing, in the box as it is served."""

from __future__ import annotations

import json
from typing import Any

from tests.contract.test_unwritten import NOT_A_PERSONS, OF_THE_SYSTEM
from tests.journeys.box import FIRST_PERSON, PHONE, Shop, until
from tests.journeys.receiver import Receiver

EVENTS = ["message.received", "contact.opted_out", "message.reaction"]


def told(receiver: Receiver) -> list[tuple[str, str | None]]:
    found = [post.event for post in receiver.posts]
    return [(one["event"], one.get("text")) for one in found if one["event"] in EVENTS]


def contact(shop: Shop, phone: str) -> dict[str, Any]:
    (found,) = shop.get(f"/contacts?phone={phone}")["data"]
    return dict(found)


def test_nobody_is_heard_who_wrote_nothing(shop: Shop, receiver: Receiver) -> None:
    asked, writes = str(FIRST_PERSON + 801), str(FIRST_PERSON + 802)
    for phone in (asked, writes):
        assert shop.call("POST", "/contacts", {"phone": phone}).status_code == 201
    poll = {"question": "Shall we stop?", "options": ["STOP", "Go on"]}
    answer = shop.call("POST", "/send", {"phone": asked, "poll": poll})
    assert answer.status_code == 202, answer.text
    until(
        lambda: shop.message(answer.json()["job_id"])["status"] in ("delivered", "read"), what="the poll is there"
    )
    url = shop.get("/webhooks")["webhook_url"]
    assert shop.call("PUT", "/webhooks", {"webhook_url": url, "events": EVENTS}).status_code == 200
    receiver.posts.clear()
    person = {"from": asked, "to": PHONE}
    for kind in OF_THE_SYSTEM:
        shop.whatsapp.ask("POST", "notice", {**person, "kind": kind, "text": "STOP"})
    for chat in NOT_A_PERSONS:
        shop.whatsapp.ask("POST", "notice", {**person, "chat": chat, "kind": "chat", "text": "STOP"})
    shop.whatsapp.ask("POST", "vote", {**person, "options": ["STOP"]})
    shop.whatsapp.ask("POST", "react", {**person, "emoji": "🛑"})
    shop.whatsapp.ask("POST", "inbound", {"from": writes, "to": PHONE, "text": "STOP"})
    until(lambda: ("contact.opted_out", None) in told(receiver) and len(told(receiver)) >= 3, what="STOP is heard")
    assert sorted(told(receiver), key=str) == [
        ("contact.opted_out", None),
        ("message.reaction", None),
        ("message.received", "STOP"),
    ]
    lines = shop.call("GET", "/inbox/export").text.splitlines()
    assert [one["text"] for one in map(json.loads, lines)][-1] == "STOP"
    assert asked not in shop.call("GET", "/inbox/export").text
    assert (contact(shop, asked)["opted_out"], contact(shop, asked)["last_received_at"]) == (False, None)
    assert contact(shop, writes)["opted_out"] is True
    assert shop.call("PUT", "/webhooks", {"webhook_url": url, "events": None}).status_code == 200
