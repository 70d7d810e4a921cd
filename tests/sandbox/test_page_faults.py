"""Every fault, as unmodified wa-js sees it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.sandbox.client import ASHA, SHOP, Client, key

pytestmark = pytest.mark.asyncio(loop_scope="session")
CHAT = f"{ASHA}@c.us"


async def test_refused_lost_and_swallowed_messages(client: Client, control: httpx.AsyncClient) -> None:
    await client.link(control)
    await control.put("/sandbox/faults", json={"send_error": True})
    refused = await client.send(CHAT, "refused", key(1)[0])
    assert (refused["ack"], refused["result"]) == (-1, "ERROR_UNKNOWN")
    await control.put("/sandbox/faults", json={"send_error": "ERROR_EXPIRED"})
    assert (await client.send(CHAT, "expired", key(2)[0]))["result"] == "ERROR_EXPIRED"

    await control.put("/sandbox/faults", json={"send_error": False, "blackhole": 1})
    await client.start_send(CHAT, "swallowed", key(3)[0])
    async with asyncio.timeout(30):
        while (await control.put("/sandbox/faults", json={"deliver_ms": None})).json()["blackhole"]:  # noqa: ASYNC110 - the sandbox says it
            await asyncio.sleep(0.02)
    assert (await client.send(CHAT, "next", key(4)[0]))["ack"] == 1
    assert await client.page.evaluate("sent") is None
    assert (await client.find(key(3)[0]))["ack"] == 0

    got = (await control.get("/sandbox/messages")).json()["messages"]
    assert [each["text"] for each in got] == ["next"]


async def test_server_error_on_exists_rejects_and_is_no_answer(client: Client, control: httpx.AsyncClient) -> None:
    await client.link(control)
    await control.put("/sandbox/faults", json={"exists_error": 1, "not_on_whatsapp": [ASHA]})
    with pytest.raises(Exception, match="exists_error"):
        await client.exists(ASHA)
    assert await client.exists(ASHA) is None
    await control.delete("/sandbox/faults")
    assert await client.exists(ASHA) == CHAT


@pytest.mark.parametrize("wave", [1500, 4000])
async def test_modules_that_come_late_do_not_stop_gate_and_inject(
    client: Client, control: httpx.AsyncClient, wave: int
) -> None:
    await control.put("/sandbox/faults", json={"module_wave_ms": wave})
    await client.page.goto(client.url)
    assert await client.page.evaluate("Object.keys(require('__debug').modulesMap).length") < 50
    await client.link(control)
    assert (await client.send(CHAT, "late"))["ack"] == 1
    assert client.errors == []


async def test_missing_exports_are_missing_for_the_client_only(client: Client, control: httpx.AsyncClient) -> None:
    paths = [
        "WAWebSendMsgChatAction.addAndSendMsgToChat",
        "WAWebQueryExistsJob.queryWidExists",
        "WAWebMsgKey.fromString",
    ]
    await control.put("/sandbox/faults", json={"missing_exports": paths})
    await client.open()
    for name in ("functions.addAndSendMsgToChat", "functions.queryWidExists", "MsgKey.fromString"):
        assert await client.page.evaluate(f"typeof WPP.whatsapp.{name}") == "undefined"
    assert await client.page.evaluate("typeof WPP.whatsapp.MsgKey.newId") == "function"
    await client.page.locator("[data-ref]").wait_for()
    assert client.errors == []


async def test_a_timelock_is_kept_by_the_page_refuses_the_cold_and_passes(
    client: Client, control: httpx.AsyncClient
) -> None:
    await client.link(control)
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=2)
    lock = {"type": "WEB_COMPANION_ONLY", "until": until.isoformat()}
    await control.put("/sandbox/faults", json={"timelock": lock})
    assert await client.until("locked")
    kept = await client.page.evaluate(
        "require('WAWebUserPrefsIndexedDBStorage').userPrefsIdb.get('WAReachoutTimelockState')"
    )
    assert (kept["enforcement_type"], kept["time_enforcement_ends"]) == (
        "WEB_COMPANION_ONLY",
        until.timestamp() * 1000,
    )
    bar = client.page.locator("[data-testid=butterbar]")
    assert await bar.count() == 1 and await client.page.locator("[role=alert], [role=dialog], time").count() == 0
    assert (await client.send(CHAT, "refused"))["ack"] == -1
    await control.post("/sandbox/inbound", json={"from": ASHA, "to": SHOP, "text": "hello"})
    await client.until_true(f"WPP.whatsapp.ChatStore.get('{CHAT}').getTcToken()")
    assert (await client.send(CHAT, "warm"))["ack"] == 1
    await control.delete("/sandbox/faults")
    await client.until("free")
    assert await bar.count() == 0
    assert (await client.send("8801711000077@c.us", "free"))["ack"] == 1


async def test_blocked_people_reject_and_stay_at_ack_0_and_questions_have_a_rate(
    client: Client, control: httpx.AsyncClient
) -> None:
    await client.link(control)
    await control.put("/sandbox/faults", json={"blocked_by_me": [ASHA], "exists_rate": 2})
    await client.until_true(f"WPP.whatsapp.BlocklistStore.get('{CHAT}')")
    error = await client.page.evaluate(
        """async ([chat, id]) => WPP.chat.sendTextMessage(chat, 'no', { messageId: id, waitForAck: true,
             createChat: true }).then(() => null, (error) => error.message)""",
        [CHAT, key(9)[0]],
    )
    assert "blocked" in error
    assert (await client.find(key(9)[0]))["ack"] == 0
    asks = """async (phone) => {
      const wid = WPP.whatsapp.WidFactory.createWid(`${phone}@c.us`);
      return WPP.whatsapp.functions.queryWidExists(wid).then(Boolean, (error) => error.status);
    }"""
    answers = [await client.page.evaluate(asks, f"880171100020{n}") for n in range(4)]
    assert answers[-1] == 429 and True in answers
    await control.put("/sandbox/faults", json={"exists_rate": 0, "exists_lies": 1})
    lied = [await client.page.evaluate(asks, "8801711000300") for _ in range(2)]
    assert lied == [False, True]


async def test_passkey_gate_holds_the_link_until_a_person_answers(
    client: Client, control: httpx.AsyncClient
) -> None:
    await control.put("/sandbox/faults", json={"passkey_gate": True})
    await client.open()
    answer = await client.scan(control)
    assert (answer["linked"], answer["passkey_required"]) == (False, True)
    await client.until("passkey")
    assert await client.page.locator("[role=dialog]").count() == 0
    assert await client.page.evaluate("WPP.conn.getAuthCode()") is not None
    assert await client.page.evaluate("WPP.conn.isAuthenticated()") is False
    await control.put("/sandbox/faults", json={"passkey_gate": False})
    await client.until("main")
    assert await client.page.locator("[data-testid=shortcake_passkey_screen]").count() == 0


async def test_lid_accounts_have_their_chats_under_the_lid(client: Client, control: httpx.AsyncClient) -> None:
    await control.put("/sandbox/faults", json={"lid_accounts": True})
    await client.link(control)
    with pytest.raises(Exception, match="No LID"):
        await client.send(CHAT, "too early")
    wid = await client.exists(ASHA)
    assert wid is not None
    assert wid.endswith("@lid")
    with pytest.raises(Exception, match="not same of chat"):
        await client.send(CHAT, "wrong key", key(1)[0])
    full, bare = key(2, wid.split("@")[0], "lid")
    assert (await client.send(wid, "to the lid", full))["ack"] == 1
    await client.until_true("happened.some(([what,, ack]) => what === 'ack' && ack === 3)")
    assert (await client.find(full))["ack"] == 3
    assert (await client.find(f"true_{CHAT}_{bare}"))["code"] == "chat_not_found"
    [got] = (await control.get("/sandbox/messages", params={"to": ASHA})).json()["messages"]
    assert got["id"] == bare

    await control.post("/sandbox/inbound", json={"from": ASHA, "to": SHOP, "text": "hi"})
    await client.until_true("happened.some(([what,, text]) => text === 'hi')")
    phone = f"String(WPP.whatsapp.lidPnCache.getPhoneNumber(WPP.whatsapp.WidFactory.createWid('{wid}')))"
    assert await client.page.evaluate(phone) == CHAT
    await client.open()
    await client.until("main")
    assert (await client.find(full))["ack"] == 3
    assert await client.page.evaluate(phone) == CHAT


async def test_conflict_holds_sends_until_use_here(client: Client, control: httpx.AsyncClient) -> None:
    await client.link(control)
    await control.put("/sandbox/faults", json={"conflict": True})
    await client.until("conflict")
    await client.start_send(CHAT, "held", key(1)[0])
    await client.page.get_by_role("button", name="Use here").click()
    await client.until("main")
    await client.until_true("sent")
    [got] = (await control.get("/sandbox/messages")).json()["messages"]
    assert (got["text"], got["copies"]) == ("held", 1)


async def test_servers_away_and_back_lose_nothing(client: Client, control: httpx.AsyncClient) -> None:
    await client.link(control)
    await control.put("/sandbox/faults", json={"offline": True})
    await client.until("away")
    await client.start_send(CHAT, "later", key(1)[0])
    await control.post("/sandbox/inbound", json={"from": ASHA, "to": SHOP, "text": "meanwhile"})
    await control.delete("/sandbox/faults")
    await client.until("main")
    await client.until_true("sent && happened.some(([what,, text]) => text === 'meanwhile')")
    [got] = (await control.get("/sandbox/messages")).json()["messages"]
    assert (got["text"], got["copies"]) == ("later", 1)


async def test_qr_goes_idle_and_wakes_on_refresh(client: Client, control: httpx.AsyncClient) -> None:
    await control.put("/sandbox/faults", json={"ref_ms": 500, "qr_idle_after": 1, "refresh_qr": "cmd"})
    await client.open()
    await client.until("idle")
    await client.page.evaluate("void WPP.conn.refreshQR()")
    await client.until("unlinked")


async def test_people_change_take_back_send_pictures_and_let_messages_vanish(
    client: Client, control: httpx.AsyncClient
) -> None:
    await client.link(control)
    between = {"from": ASHA, "to": SHOP}
    mine = f"WPP.whatsapp.ChatStore.get('{CHAT}').msgs.getModelsArray().filter((one) => !one.id.fromMe)"
    await control.post("/sandbox/inbound", json={**between, "text": "yes"})
    await control.post("/sandbox/edit", json={**between, "text": "STOP"})
    await client.until_true(f"{mine}[0]?.body === 'STOP' && {mine}[0]?.latestEditMsgKey")
    await control.post("/sandbox/revoke", json=between)
    await client.until_true(f"{mine}[0]?.type === 'revoked' && !{mine}[0]?.body")
    await control.post("/sandbox/inbound", json={**between, "text": "look", "kind": "image"})
    await client.until_true(f"{mine}[1]?.type === 'image' && {mine}[1]?.caption === 'look' && !{mine}[1]?.body")

    await control.put("/sandbox/faults", json={"vanish_ms": 0})
    await control.post("/sandbox/vanishing", json={**between, "seconds": 86400})
    await client.until_true(f"WPP.whatsapp.ChatStore.get('{CHAT}').ephemeralDuration === 86400")
    await client.send(CHAT, "gone at once", key(1)[0])
    await client.until_true(f"!WPP.whatsapp.MsgStore.get('{key(1)[0]}')")
    await control.post("/sandbox/vanishing", json={**between, "seconds": 0})
    await client.until_true(f"!WPP.whatsapp.ChatStore.get('{CHAT}').ephemeralDuration")
    assert (await client.send(CHAT, "stays", key(2)[0]))["ack"] == 1
    assert (await client.find(key(2)[0]))["body"] == "stays"

    await control.put("/sandbox/faults", json={"forgets": True})
    await client.load()
    await client.inject()
    await client.until("main")
    assert (await client.find(key(2)[0]))["code"] == "msg_not_found"
