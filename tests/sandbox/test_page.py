"""What unmodified wa-js sees on the healthy page."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, async_playwright

from tests import browsers
from tests.sandbox.client import ASHA, CHROMIUM_ARGS, NOBODY, SHOP, Client, key
from wabox.sandbox.server import Sandbox

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_page_becomes_ready_shows_a_qr_and_throws_nothing(client: Client) -> None:
    await client.open()
    qr = await client.until("qr")
    assert len(qr.split(",")) == 4
    assert await client.page.locator("[data-ref]").get_attribute("data-ref") == qr
    assert await client.page.evaluate("typeof webpackChunkwhatsapp_web_client") == "undefined"
    assert await client.page.evaluate("WPP.conn.isAuthenticated()") is False
    assert client.errors == []


async def test_policy_blocks_inline_scripts_and_eval(client: Client) -> None:
    await client.load()
    with pytest.raises(Exception, match="Content Security Policy"):
        await client.page.add_script_tag(content="window.inline = 1")
    later = """() => new Promise((resolve) => setTimeout(() => {
      try { resolve((0, eval)('1')); } catch (error) { resolve(error.name); }
    }, 0))"""
    assert await client.page.evaluate(later) == "EvalError"


async def test_linked_page_asks_sends_hears_and_finds(client: Client, control: httpx.AsyncClient) -> None:
    await client.link(control)
    assert await client.page.evaluate("String(WPP.conn.getMyUserWid())") == f"{SHOP}@c.us"
    assert await client.exists(ASHA) == f"{ASHA}@c.us"
    assert await client.exists(NOBODY) is None

    full, bare = key(1)
    sent = await client.send(f"{ASHA}@c.us", "hello", full)
    assert sent == {"id": full, "ack": 1, "result": "OK"}
    await client.until_true("happened.some(([what,, ack]) => what === 'ack' && ack === 3)")
    acks = [event[2] for event in await client.happened() if event[0] == "ack"]
    assert acks == [1, 2, 3]
    assert await client.find(full) == {"ack": 3, "body": "hello"}
    assert (await client.find(key(9)[0]))["code"] == "msg_not_found"
    assert (await client.find(key(9, "8801711999999")[0]))["code"] == "chat_not_found"

    got = (await control.get("/sandbox/messages", params={"to": ASHA})).json()["messages"]
    assert [(each["id"], each["text"], each["copies"]) for each in got] == [(bare, "hello", 1)]

    body = {"from": ASHA, "to": SHOP, "text": "good morning"}
    await control.post("/sandbox/inbound", json=body)
    await client.until_true("happened.some(([what,, text]) => text === 'good morning')")
    names = [event[0] for event in await client.happened()]
    assert "conn.authenticated" in names
    assert "conn.main_loaded" in names
    assert client.errors == []


async def test_a_file_goes_out_with_its_name_and_hash(client: Client, control: httpx.AsyncClient) -> None:
    await client.link(control)
    sent = await client.page.evaluate(
        """async (chat) => (await WPP.chat.sendFileMessage(chat, 'data:text/plain;base64,aGVsbG8=',
        {type: 'document', filename: 'price.txt', caption: 'prices', waitForAck: true,
         createChat: true, markIsRead: false})).sendMsgResult""",
        f"{ASHA}@c.us",
    )
    assert sent["messageSendResult"] == "OK"
    [got] = (await control.get("/sandbox/messages")).json()["messages"]
    assert got["text"] == "prices"
    assert got["media"] == {
        "kind": "document",
        "mime": "text/plain",
        "filename": "price.txt",
        "bytes": 5,
        "sha256": hashlib.sha256(b"hello").hexdigest(),
    }
    there = await control.get(f"/sandbox/mms/{got['media']['sha256']}")
    assert there.content == b"hello"
    assert there.headers["content-disposition"].startswith("attachment")


async def test_a_caption_that_nobody_wrote_is_not_shown(client: Client, control: httpx.AsyncClient) -> None:
    await client.link(control)
    await client.page.evaluate(
        """(chat) => WPP.chat.sendFileMessage(chat, 'data:text/plain;base64,aGVsbG8=',
        {type: 'document', filename: 'price.txt', markIsRead: false})""",
        f"{ASHA}@c.us",
    )
    [got] = (await control.get("/sandbox/messages")).json()["messages"]
    assert (got["text"], got["media"]["filename"]) == ("", "price.txt")


async def test_what_cannot_be_shown_is_refused_and_not_dropped(client: Client, control: httpx.AsyncClient) -> None:
    await client.link(control)
    results = await client.page.evaluate(
        """async (chat) => {
          const options = { markIsRead: false, waitForAck: true };
          const poll = await WPP.chat.sendCreatePollMessage(chat, 'When?', ['only one'], options);
          const nowhere = await WPP.chat.sendLocationMessage(chat, { lat: 91, lng: 90.4, ...options });
          const two = [{ id: chat, name: 'One' }, { id: chat, name: 'Two' }];
          const cards = await WPP.chat.sendVCardContactMessage(chat, two, options);
          return [poll, nowhere, cards].map((one) => one.sendMsgResult.messageSendResult);
        }""",
        f"{ASHA}@c.us",
    )
    assert results == ["ERROR_UNKNOWN"] * 3
    assert (await control.get("/sandbox/messages")).json()["messages"] == []


async def test_a_place_and_a_contact_card_arrive_with_what_they_say(
    client: Client, control: httpx.AsyncClient
) -> None:
    await client.link(control)
    results = await client.page.evaluate(
        """async (chat) => {
          const how = { markIsRead: false, waitForAck: true };
          const shop = { lat: 23.7, lng: 90.4, name: 'Shop', address: '12 Road' };
          const place = await WPP.chat.sendLocationMessage(chat, { ...shop, ...how });
          const karim = [{ id: '8801711999999@c.us', name: 'Karim' }];
          const card = await WPP.chat.sendVCardContactMessage(chat, karim, how);
          return [place, card].map((one) => one.sendMsgResult.messageSendResult);
        }""",
        f"{ASHA}@c.us",
    )
    assert results == ["OK", "OK"]
    place, card = (await control.get("/sandbox/messages")).json()["messages"]
    assert place["location"] == {"latitude": 23.7, "longitude": 90.4, "name": "Shop", "address": "12 Road"}
    assert card["contact"] == {"name": "Karim", "phone": "8801711999999"}
    assert (place["text"], card["text"]) == ("", "")


async def test_a_second_copy_of_an_id_is_counted_and_delivered_once(
    client: Client, control: httpx.AsyncClient
) -> None:
    await client.link(control)
    full, _ = key(2)
    await control.put("/sandbox/faults", json={"drop_ack": 1})
    await client.start_send(f"{ASHA}@c.us", "once", full)
    await client.until_true("WPP.whatsapp.MsgStore.get('" + full + "')?.ack === 3")
    assert await client.page.evaluate("sent") is None
    again = await client.send(f"{ASHA}@c.us", "once", full)
    assert again["result"] == "OK"
    [got] = (await control.get("/sandbox/messages")).json()["messages"]
    assert got["copies"] == 2


async def test_phone_links_with_a_pairing_code_either_way(client: Client, control: httpx.AsyncClient) -> None:
    await client.open()
    first = await client.page.evaluate(f"WPP.conn.genLinkDeviceCodeForPhoneNumber('{SHOP}')")
    code = await client.page.evaluate(f"WPP.conn.startLinkDeviceCodeForPhoneNumber('{SHOP}')")
    assert len(code) == 8
    refused = await control.post("/sandbox/link", json={"phone": SHOP, "code": first})
    assert refused.json()["code"] == "unknown_code"
    stranger = await control.post("/sandbox/link", json={"phone": ASHA, "code": code})
    assert stranger.json()["code"] == "wrong_phone"
    written = f"{code[:4]}-{code[4:]}".lower()
    linked = await control.post("/sandbox/link", json={"phone": SHOP, "code": written})
    assert linked.json()["linked"] is True
    await client.until("main")


async def test_own_logout_starts_afresh_with_a_new_qr(client: Client, control: httpx.AsyncClient) -> None:
    await client.link(control)
    async with client.page.expect_navigation(url="**/?post_logout=1**"):
        assert await client.page.evaluate("WPP.conn.logout()") is True
    assert (await control.get("/sandbox/state")).json()["phones"] == []
    await client.open()
    assert await client.until("qr")


async def test_phone_side_unlink_says_unknown_companion(client: Client, control: httpx.AsyncClient) -> None:
    await client.link(control)
    reasons: list[str] = []
    await client.page.expose_function("heard", lambda reason: reasons.append(reason))
    await client.page.evaluate("WPP.on('conn.logout_reason', (reason) => heard(reason))")
    async with client.page.expect_navigation(url="**/?post_logout=1**"):
        await control.post("/sandbox/unlink", json={"phone": SHOP})
    assert reasons == ["unknown_companion"]
    await client.open()
    assert await client.until("unlinked")


async def test_what_arrives_while_the_page_is_away_is_there_on_return(
    client: Client, control: httpx.AsyncClient
) -> None:
    await client.link(control)
    await client.page.goto("about:blank")
    for text in ("one", "two"):
        body = {"from": ASHA, "to": SHOP, "text": text}
        await control.post("/sandbox/inbound", json=body)
    await client.open()
    await client.until("main")
    bodies = "WPP.whatsapp.MsgStore.getModelsArray().map((each) => each.body)"
    assert await client.page.evaluate(bodies) == ["one", "two"]


async def test_killed_browser_comes_back_linked_and_remembers(
    sandbox: Sandbox, control: httpx.AsyncClient, tmp_path: Path
) -> None:
    full, lost, never = key(3)[0], key(4)[0], key(5)[0]
    async with async_playwright() as playwright:
        for life in (1, 2):
            context = await playwright.chromium.launch_persistent_context(
                tmp_path / "profile", executable_path=browsers.WHOLE, args=CHROMIUM_ARGS
            )
            client = Client(context.pages[0], sandbox.url)
            if life == 1:
                await client.link(control)
                await client.send(f"{ASHA}@c.us", "taken", full)
                await client.until_true(f"WPP.whatsapp.MsgStore.get('{full}').ack === 3")
                await control.put("/sandbox/faults", json={"blackhole": True})
                await client.start_send(f"{ASHA}@c.us", "lost", lost)
                await client.until_true(f"WPP.whatsapp.ChatStore.get('{ASHA}@c.us').msgs.get('{lost}')")
                async with context.expect_event("close"):
                    _kill_chromium(tmp_path / "profile")
                await control.delete("/sandbox/faults")
            else:
                await client.open()
                await client.until("main")
                assert await client.find(full) == {"ack": 3, "body": "taken"}
                assert await client.find(lost) == {"ack": 0, "body": "lost"}
                assert (await client.find(never))["code"] == "msg_not_found"
                assert (await client.send(f"{ASHA}@c.us", "lost", lost))["result"] == "OK"
            await context.close()
    got = (await control.get("/sandbox/messages")).json()["messages"]
    assert [(each["text"], each["copies"]) for each in got] == [("taken", 1), ("lost", 1)]


def _kill_chromium(profile: Path) -> None:
    """SIGKILL to the browser on this profile; its lock is gone."""
    lock = (profile / "SingletonLock").readlink()
    os.kill(int(lock.name.rsplit("-", 1)[1]), signal.SIGKILL)
    for name in ("SingletonLock", "SingletonCookie", "SingletonSocket"):
        (profile / name).unlink(missing_ok=True)


async def test_restarted_sandbox_knows_its_links_only_with_its_data(client: Client, tmp_path: Path) -> None:
    port = 0
    for life, data in enumerate((tmp_path, tmp_path, None)):
        sandbox = Sandbox(port=port, data=data)
        await sandbox.start()
        port, client.url = sandbox.port, sandbox.url
        async with httpx.AsyncClient(base_url=sandbox.url) as control:
            if life == 0:
                await client.link(control)
            elif life == 1:
                await client.until("main")
                assert (await client.send(f"{ASHA}@c.us", "still linked"))["ack"] == 1
            else:
                await client.page.wait_for_url("**/?post_logout=1**")
        async with asyncio.timeout(20):  # an open page holds up nobody
            await sandbox.stop()


async def test_two_devices_of_one_account_see_the_same_chat(
    chromium: Browser, client: Client, sandbox: Sandbox, control: httpx.AsyncClient
) -> None:
    await client.link(control)
    context = await chromium.new_context()
    second = Client(await context.new_page(), sandbox.url)
    await second.link(control)
    await client.send(f"{ASHA}@c.us", "from the first")
    await second.until_true("happened.some(([what,, text]) => text === 'from the first')")
    await control.post("/sandbox/inbound", json={"from": ASHA, "to": SHOP, "text": "to both"})
    for each in (client, second):
        await each.until_true("happened.some(([what,, text]) => text === 'to both')")
    await context.close()


async def test_reference_rotates_and_the_old_one_is_stale(client: Client, control: httpx.AsyncClient) -> None:
    await control.put("/sandbox/faults", json={"ref_ms": 1500, "refresh_qr": "cmd"})
    await client.open()
    old = await client.until("qr")
    await client.page.evaluate("WPP.conn.refreshQR()")
    fresh = await client.until("qr")
    assert fresh != old
    stale = await control.post("/sandbox/link", json={"phone": SHOP, "qr": old})
    assert (stale.status_code, stale.json()["code"]) == (422, "unknown_qr")
    await client.until_true("WPP.whatsapp.Conn.ref !== " + repr(fresh.split(",")[0]))
    tail_differs = (await client.until("qr")).split(",")[0] + ",other,tail"
    linked = await control.post("/sandbox/link", json={"phone": SHOP, "qr": tail_differs})
    assert linked.status_code == 200
