"""Trying the API from its page: the real route, the reader's own account, the same answers as with a key."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
from httpx import Response

from tests.cast import Stage
from tests.faces.tab import Tab, words
from tests.some import some
from wabox import fence, reference
from wabox.api import guard
from wabox.dashboard.docs import trying
from wabox.reference.events import EVENTS
from wabox.webhooks import endpoints

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

SEND = "/docs/try/post-send"
BODY = {"phone": "8801711999001", "message": "Hello from the page"}


def queued(shop: Stage, user_id: int) -> int:
    return int(shop.value("select count(*) from messages where user_id = :id and text = :text",
                          id=user_id, text=BODY["message"]))  # fmt: skip


def answer(page: Response) -> Any:
    found = re.search(r'<pre id="answer"[^>]*><code>(.*?)</code>', page.text, re.S)
    assert found is not None, words(page.text)
    return json.loads(html.unescape(found[1]))


def tried(tab: Tab, **more: str) -> Response:
    return tab.post(SEND, {"body": json.dumps(BODY), "really": "1", **more})


def test_a_try_sends_for_real_and_says_what_the_route_says(asha: Tab, shop: Stage) -> None:
    page = asha.get(SEND)
    assert "This is no rehearsal" in words(page.text)
    assert "8801711123456" in page.text
    before = shop.value("select max(last_used_at) from api_keys")
    done = tried(asha)
    assert (done.status_code, answer(done)["status"]) == (200, "queued")
    assert queued(shop, shop.asha.id) == 1
    assert shop.value("select max(last_used_at) from api_keys") == before


def test_without_the_tick_nothing_goes(asha: Tab, shop: Stage) -> None:
    refused = asha.post(SEND, {"body": json.dumps(BODY)})
    assert refused.status_code == 422
    assert "Nothing was sent." in words(refused.text) and BODY["message"] in refused.text
    forged = asha.ask("POST", SEND, data={"body": json.dumps(BODY), "really": "1", "_csrf": "no"})
    assert forged.status_code == 403
    assert queued(shop, shop.asha.id) == 0


def test_what_is_wrong_is_told_as_to_any_caller(asha: Tab, bilal: Tab, shop: Stage) -> None:
    assert answer(tried(asha, body="{"))["code"] == "bad_json"
    assert answer(tried(asha, body=json.dumps({**BODY, "phone": "12"})))["code"] == "bad_phone"
    mine = shop.value("select max(id) from messages where user_id = :id", id=shop.asha.id)
    told = bilal.post("/docs/try/get-messages-job_id", {"path.job_id": str(mine)})
    assert (told.status_code, answer(told)["code"]) == (422, "not_found")
    seen = asha.post("/docs/try/get-messages-job_id", {"path.job_id": str(mine)})
    assert (seen.status_code, answer(seen)["job_id"]) == (200, mine)
    away = asha.post("/docs/try/get-messages-job_id", {"path.job_id": "../webhooks"})
    assert answer(away)["code"] == "not_found"
    assert answer(asha.post("/docs/try/get-messages", {"query": "?nosuch=1&per_page=1"}))["code"] == "invalid"
    assert asha.get("/docs/try/post-media").status_code == 404


def test_every_route_without_a_file_can_be_opened(asha: Tab) -> None:
    routes = [one for chapter in reference.CHAPTERS for one in chapter.routes if one.upload is None]
    opened = {one.anchor: asha.get(f"/docs/try/{one.anchor}").status_code for one in routes}
    assert len(opened) == len(routes)
    assert set(opened.values()) == {200}


def test_every_route_that_only_tells_can_be_tried(asha: Tab, shop: Stage) -> None:
    file = {"file": ("much.txt", b"A line of a text.\n" * 20_000, "text/plain")}
    kept = asha.ask("POST", "/api/v1/media", headers={"X-API-Key": shop.asha.key}, files=file).json()
    got = {}
    for route in [one for chapter in reference.CHAPTERS for one in chapter.routes if one.method == "GET"]:
        given = {f"path.{name}": route.example.get(name, "1") for name in trying.names(route)}
        given |= {"path.media_id": str(kept["media_id"])} if "path.media_id" in given else {}
        page = asha.post(
            f"/docs/try/{route.anchor}", {**given, "query": "" if route.path == "/inbox/export" else route.query}
        )
        got[route.path] = (page.status_code, words(page.text))
    assert {path: found[0] for path, found in got.items() if found[0] not in (200, 422)} == {}
    assert got["/inbox/export"][0] == 200
    assert "A line of a text." in got["/media/{media_id}/content"][1]


def test_a_suspended_account_tries_nothing(bilal: Tab, shop: Stage) -> None:
    shop.box.db.write_now(
        lambda tx: tx.run("update users set state = 'suspended' where id = :id", id=shop.bilal.id)
    )
    assert tried(bilal).status_code == 403
    assert queued(shop, shop.bilal.id) == 0


def test_a_held_box_takes_it_and_says_why_it_waits(asha: Tab, shop: Stage) -> None:
    shop.box.db.write_now(fence.quarantine, why="restored", behind=None, now=shop.hands.now())
    told = answer(tried(asha))
    assert told["wait_reason"] == "quarantined"
    with_key = asha.ask("POST", "/api/v1/send", headers={"X-API-Key": shop.asha.key}, json=BODY).json()
    assert (told["status"], told["wait_reason"]) == (with_key["status"], with_key["wait_reason"])


def test_tries_have_the_limits_of_a_key(asha: Tab, shop: Stage) -> None:
    meters, now = guard._METERS.of(shop.box), shop.hands.now()
    for _ in range(shop.box.config.limits.send_burst):
        meters.charge(-shop.asha.id, "send", now)
    assert answer(tried(asha))["code"] == "too_many_requests"
    assert queued(shop, shop.asha.id) == 0


def test_no_header_vouches_for_anybody(chen: Tab) -> None:
    for name in some(("vouched", "X-Vouched", "state")):
        assert chen.get("/api/v1/messages", headers={name: "1"}).status_code == 401


def test_each_event_is_sent_as_a_test_that_nothing_takes_for_real(asha: Tab, bilal: Tab, shop: Stage) -> None:
    assert words(asha.get("/docs/events").text).count("Send me this one") >= len(EVENTS)
    for one in some(EVENTS):
        assert asha.post("/webhooks/test", {"event": one.name}).status_code == 303
    posted = [
        json.loads(row["payload"])
        for row in shop.box.db.read_here(
            lambda rows: rows.all("select payload from deliveries where event like 'test.%' order by id")
        )
    ]
    assert [one["event"] for one in posted] == [f"test.{one.name}" for one in EVENTS]
    assert not {one["event"] for one in posted} & set(endpoints.EVENTS)
    assert all(one["test"] is True for one in posted)
    assert [{k: v for k, v in one.items() if k not in ("event", "test")} for one in posted] == [
        dict(one.body) for one in EVENTS
    ]
    assert asha.post("/webhooks/test", {"event": "delivery.invented"}).status_code == 404
    assert "Send me this one" not in bilal.get("/docs/events").text
    assert bilal.post("/webhooks/test", {"event": "delivery.sent"}).status_code == 422
