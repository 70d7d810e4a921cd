"""The control API over HTTP: answers, refusals, and that nothing crashes it."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx
import pytest

from tests.sandbox.client import ASHA, NOBODY, SHOP
from wabox.sandbox.faults import Faults
from wabox.sandbox.server import Sandbox

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_state_of_a_fresh_sandbox(control: httpx.AsyncClient) -> None:
    state = (await control.get("/sandbox/state")).json()
    assert state["sandbox"] is True
    assert (state["phones"], state["accounts"], state["pages"]) == ([], [], [])
    assert state["totals"]["sent"] == 0
    assert set(state["faults"]) == set(Faults.__struct_fields__)


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("POST", "/sandbox/link", {"phone": SHOP}, "qr_or_code"),
        ("POST", "/sandbox/link", {"phone": SHOP, "qr": "a", "code": "b"}, "qr_or_code"),
        ("POST", "/sandbox/link", {"phone": SHOP, "qr": "2@none,a,b,c"}, "unknown_qr"),
        ("POST", "/sandbox/link", {"phone": SHOP, "code": "ABCD1234"}, "unknown_code"),
        ("POST", "/sandbox/link", {"phone": "12", "qr": "x"}, "invalid_phone"),
        ("POST", "/sandbox/link", {"phone": 8801711000001, "qr": "x"}, "invalid_body"),
        ("POST", "/sandbox/link", {"phone": SHOP, "qr": "x", "more": 1}, "invalid_body"),
        ("POST", "/sandbox/link", ["phone"], "invalid_body"),
        ("POST", "/sandbox/unlink", {"phone": SHOP}, "not_linked"),
        ("POST", "/sandbox/unlink", {}, "invalid_body"),
        ("POST", "/sandbox/inbound", {"from": ASHA, "to": SHOP, "text": "hi"}, "not_linked"),
        ("POST", "/sandbox/outbound", {"from": SHOP, "to": ASHA, "text": "hi"}, "not_linked"),
        ("POST", "/sandbox/outbound", {"from": SHOP, "text": "hi"}, "invalid_body"),
        ("POST", "/sandbox/inbound", {"from": ASHA, "to": SHOP, "text": " "}, "invalid_text"),
        ("POST", "/sandbox/inbound", {"from": ASHA, "to": SHOP, "text": "a\x00"}, "invalid_text"),
        ("POST", "/sandbox/inbound", {"from": ASHA, "text": "hi"}, "invalid_body"),
        ("POST", "/sandbox/inbound", {"from": ASHA, "to": SHOP, "text": "hi", "kind": "call_log"}, "invalid_kind"),
        ("POST", "/sandbox/inbound", {"from": ASHA, "to": SHOP, "location": {"latitude": 1}}, "invalid_body"),
        (
            "POST",
            "/sandbox/inbound",
            {"from": ASHA, "to": SHOP, "location": {"latitude": 91, "longitude": 1}},
            "invalid_location",
        ),
        (
            "POST",
            "/sandbox/inbound",
            {"from": ASHA, "to": SHOP, "contact": {"name": " ", "phone": ASHA}},
            "invalid_contact",
        ),
        (
            "POST",
            "/sandbox/inbound",
            {"from": ASHA, "to": SHOP, "text": "hi", "contact": {"name": "Rina", "phone": ASHA}},
            "invalid_body",
        ),
        ("POST", "/sandbox/edit", {"from": ASHA, "to": SHOP, "text": "hi"}, "nothing_written"),
        ("POST", "/sandbox/revoke", {"from": ASHA, "to": SHOP}, "nothing_written"),
        ("POST", "/sandbox/revoke", {"from": ASHA}, "invalid_body"),
        ("POST", "/sandbox/vanishing", {"from": ASHA, "to": SHOP, "seconds": 86400}, "not_linked"),
        ("POST", "/sandbox/vanishing", {"from": ASHA, "to": SHOP, "seconds": 5}, "invalid_body"),
        ("POST", "/sandbox/vote", {"from": ASHA, "to": SHOP, "options": ["Yes"]}, "no_such_poll"),
        ("POST", "/sandbox/vote", {"from": ASHA, "to": SHOP}, "invalid_body"),
        ("POST", "/sandbox/notice", {"from": ASHA, "to": SHOP, "kind": "call_log"}, "not_linked"),
        ("POST", "/sandbox/notice", {"from": ASHA, "to": SHOP, "chat": "x"}, "invalid_body"),
        ("PUT", "/sandbox/faults", {"pair_code_revokes": "all"}, "invalid_fault"),
        ("PUT", "/sandbox/faults", {"vanish_ms": -1}, "invalid_fault"),
        ("PUT", "/sandbox/faults", {"nonsense": 1}, "invalid_fault"),
        ("PUT", "/sandbox/faults", {"ack_ms": "10"}, "invalid_fault"),
        ("PUT", "/sandbox/faults", {"ack_ms": True}, "invalid_fault"),
        ("PUT", "/sandbox/faults", {"ack_ms": -1}, "invalid_fault"),
        ("PUT", "/sandbox/faults", {"send_error": "ERROR_OF_MINE"}, "invalid_fault"),
        ("PUT", "/sandbox/faults", {"missing_exports": ["NoDot"]}, "invalid_fault"),
        ("PUT", "/sandbox/faults", {"not_on_whatsapp": "x"}, "invalid_fault"),
        ("PUT", "/sandbox/faults", {"timelock": {"type": "DEFAULT", "until": "tomorrow"}}, "invalid_fault"),
        (
            "PUT",
            "/sandbox/faults",
            {"timelock": {"type": "DEFAULT", "until": "2030-01-01T00:00:00"}},
            "invalid_fault",
        ),
        ("PUT", "/sandbox/faults", {"timelock": {"until": None}}, "invalid_fault"),
        ("PUT", "/sandbox/faults", {"capping": {"total": 9, "used": 1}}, "invalid_fault"),
        ("PUT", "/sandbox/faults", {"nack": {"code": 500, "chats": "cold"}}, "invalid_fault"),
        ("PUT", "/sandbox/faults", {"exists_rate": -1}, "invalid_fault"),
        ("PUT", "/sandbox/faults", {"sync_end": "a_name_of_mine"}, "invalid_fault"),
        ("PUT", "/sandbox/faults", {"checkpoint": "pin"}, "invalid_fault"),
        ("PUT", "/sandbox/faults", {"storm": {"every_ms": 1, "down_ms": 0}}, "invalid_fault"),
        ("PUT", "/sandbox/faults", {"registered_not_requirable": "WAWebX"}, "invalid_fault"),
        ("PUT", "/sandbox/faults", [], "invalid_body"),
        ("PUT", "/sandbox/phone", {"phone": NOBODY, "on": True}, "not_on_whatsapp"),
        ("PUT", "/sandbox/phone", {"phone": SHOP, "on": 1}, "invalid_body"),
        ("GET", "/sandbox/messages?after=never", None, "invalid_after"),
        ("GET", "/sandbox/messages?to=abc", None, "invalid_phone"),
        ("GET", "/sandbox/messages?colour=red", None, "invalid_query"),
        ("GET", "/sandbox/qr", None, "invalid_text"),
        ("GET", "/phones/messages", None, "invalid_phone"),
    ],
)
async def test_wrong_input_is_refused_with_a_sentence_and_a_code(
    control: httpx.AsyncClient, method: str, path: str, body: Any, code: str
) -> None:
    answer = await control.request(method, path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert len(answer.json()["error"]) > 10


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"null", b'{"phone": "\\ud800"}'])
@pytest.mark.parametrize("path", ["link", "unlink", "inbound"])
async def test_broken_json_is_refused(control: httpx.AsyncClient, path: str, body: bytes) -> None:
    answer = await control.post(f"/sandbox/{path}", content=body)
    assert (answer.status_code, answer.json()["code"]) in [(422, "invalid_body"), (422, "invalid_phone")]


async def test_unknown_paths_and_methods_answer_as_json(control: httpx.AsyncClient) -> None:
    for path in ("/sandbox/nothing", "/sandbox/site/../server.py", "/sandbox/site/index.html"):
        assert (await control.get(path)).json()["code"] == "not_found"
    assert (await control.delete("/sandbox/state")).json()["code"] == "method_not_allowed"


async def test_faults_are_set_by_name_and_reset_together(control: httpx.AsyncClient) -> None:
    await control.put("/sandbox/faults", json={"ack_ms": 7})
    until = "2100-01-01T06:00:00+06:00"
    answer = await control.put(
        "/sandbox/faults", json={"blackhole": True, "timelock": {"type": "DEFAULT", "until": until}}
    )
    assert answer.status_code == 200
    now = answer.json()
    assert (now["ack_ms"], now["blackhole"]) == (7, True)
    assert now["timelock"] == {"type": "DEFAULT", "until": "2100-01-01T00:00:00+00:00"}
    healthy = (await control.delete("/sandbox/faults")).json()
    assert healthy == Faults().shown()


async def test_one_bad_fault_spoils_none(control: httpx.AsyncClient) -> None:
    answer = await control.put("/sandbox/faults", json={"drop_ack": True, "ack_ms": "x", "y": 1})
    assert set(answer.json()["details"]) == {"ack_ms", "y"}
    assert (await control.get("/sandbox/state")).json()["faults"]["drop_ack"] is False


async def test_page_carries_a_fresh_nonce_policy(control: httpx.AsyncClient) -> None:
    policies = {(await control.get("/")).headers["content-security-policy"] for _ in range(2)}
    assert len(policies) == 2
    assert all("unsafe" not in each for each in policies)
    text = (await control.get("/")).text
    assert "SANDBOX" in text
    assert "{{" not in text


async def test_slow_load_holds_the_page_back(control: httpx.AsyncClient) -> None:
    await control.put("/sandbox/faults", json={"slow_load_ms": 200})
    began = time.monotonic()
    await control.get("/")
    assert time.monotonic() - began > 0.19


async def test_second_sandbox_on_the_same_port_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(OSError, match="in use"):
        await Sandbox(port=sandbox.port).start()


@pytest.mark.parametrize("path", ["/sandbox/state", "/sandbox/messages", "/phones", "/phones/messages?phone=1"])
async def test_a_page_of_a_strange_name_plays_no_phones(control: httpx.AsyncClient, path: str) -> None:
    for name in ("evil.example", "web.whatsapp.com", "127.0.0.1.evil.example", "[::1", ""):
        answer = await control.get(path, headers={"Host": name})
        assert answer.status_code in (400, 403), name
    for name in ("127.0.0.1:8471", "localhost:8471", "[::1]:8471", "wabox.localhost"):
        assert (await control.get(path, headers={"Host": name})).status_code in (200, 422), name


async def test_sandbox_stops_though_something_moves_at_that_very_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox = Sandbox(port=0)
    await sandbox.start()
    monkeypatch.setattr(type(sandbox.world), "next_due", lambda _: time.time() + 60)
    sandbox.wire.moved.set()
    driving = sandbox._driving
    assert driving is not None
    await asyncio.sleep(0.05)  # it waits for something to move
    sandbox.wire.moved.set()
    driving.cancel()
    done, _ = await asyncio.wait({driving}, timeout=5)
    await sandbox.stop()
    assert driving in done


@pytest.mark.parametrize(
    ("host", "status"), [("web.whatsapp.com", 404), ("127.0.0.1", 404), ("evil.example", 403)]
)
async def test_clients_bring_and_fetch_bytes_by_the_sites_own_name(
    control: httpx.AsyncClient, host: str, status: int
) -> None:
    answer = await control.get(f"/sandbox/mms/{'0' * 64}", headers={"host": host})
    assert answer.status_code == status
    answer = await control.post("/sandbox/mms", content=b"bytes", headers={"host": host})
    assert answer.status_code == (403 if status == 403 else 201)
    if host == "web.whatsapp.com":
        assert (await control.get("/sandbox/state", headers={"host": host})).status_code == 403
