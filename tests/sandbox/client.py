"""An ordinary client of WhatsApp Web: unmodified wa-js in a page, asked through evaluate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Page

import wabox

CHROMIUM_ARGS = ["--no-sandbox"]
BUNDLE = Path(wabox.__file__).parent / "whatsapp" / "wa-js" / "wppconnect-wa.js"
SHOP = "8801711000001"
ASHA = "8801711000002"
NOBODY = "8801711110000"
GATE = [
    "WAWebSocketModel",
    "WAWebConnModel",
    "WAWebStreamModel",
    "WAWebCmd",
    "WAWebMsgCollection",
    "WAWebChatCollection",
    "WAWebUserPrefsMeUser",
    "WAWebSendMsgChatAction",
]
UNTIL = """([test, ms]) => new Promise((resolve, reject) => {
  const end = performance.now() + ms;
  const look = async () => {
    const value = await Promise.resolve().then(() => globalThis.tests[test]()).catch(() => null);
    if (value) return resolve(value);
    if (performance.now() > end) return reject(new Error(`waited in vain for ${test}`));
    setTimeout(look, 20);
  };
  look();
})"""
TESTS = """(gate) => {
  globalThis.happened = [];
  globalThis.tests = {
    gate: () => gate.every((id) => id in require('__debug').modulesMap),
    full: () => WPP.isFullReady,
    qr: async () => (await WPP.conn.getAuthCode())?.fullCode,
    unlinked: () => WPP.whatsapp.Stream.mode === 'QR' && WPP.whatsapp.Socket.state === 'UNPAIRED',
    main: () => WPP.conn.isAuthenticated() && WPP.whatsapp.Stream.mode === 'MAIN'
      && WPP.whatsapp.Socket.state === 'CONNECTED' && WPP.whatsapp.Socket.hasSynced,
    away: () => WPP.whatsapp.Socket.state !== 'CONNECTED',
    conflict: () => WPP.whatsapp.Socket.state === 'CONFLICT',
    locked: () => require('WAWebReachoutTimelockUtils').isUserReachoutTimelocked(),
    free: () => !require('WAWebReachoutTimelockUtils').isUserReachoutTimelocked(),
    passkey: () => document.querySelector('[data-testid=shortcake_passkey_screen]'),
    idle: () => WPP.whatsapp.Socket.state === 'UNPAIRED_IDLE',
  };
}"""
WATCH = """() => {
  const names = ['conn.authenticated', 'conn.logout', 'conn.logout_reason', 'conn.main_loaded',
    'conn.require_auth', 'conn.stream_mode_changed', 'conn.backend_event', 'conn.qrcode_idle'];
  for (const name of names) WPP.on(name, (detail) => happened.push([name, detail ?? null]));
  WPP.on('chat.new_message', (msg) => happened.push(['message', String(msg.id), msg.body]));
  WPP.on('chat.msg_ack_change', ({ ack, ids }) => happened.push(['ack', String(ids[0]), ack]));
}"""
SEND = """async ([chat, text, id]) => {
  const sent = await WPP.chat.sendTextMessage(chat, text, { waitForAck: true, createChat: true,
    linkPreview: false, markIsRead: false, detectMentioned: false, messageId: id ?? undefined });
  return { id: sent.id, ack: sent.ack, result: sent.sendMsgResult?.messageSendResult };
}"""
EXISTS = """async (id) => {
  const found = await WPP.whatsapp.functions.queryWidExists(WPP.whatsapp.WidFactory.createWid(id));
  return found && String(found.wid);
}"""
FIND = """async (id) => {
  try {
    const found = await WPP.chat.getMessageById(id);
    return { ack: found.ack, body: found.body };
  } catch (error) {
    return { code: error.code };
  }
}"""


class Client:
    """One page with wa-js, as a driver holds it."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    async def load(self) -> None:
        """The page is open and all modules are known."""
        await self.page.goto(self.url)
        await self.page.evaluate(TESTS, GATE)
        await self.until("gate")

    async def inject(self) -> None:
        """wa-js is in the page and ready."""
        await self.page.evaluate("window.WPPConfig = {disableGoogleAnalytics: true, linkPreviewApiServers: []}")
        await self.page.evaluate(BUNDLE.read_text() + ";0")
        await self.until("full")
        await self.page.evaluate(WATCH)

    async def open(self) -> None:
        """The page is open with wa-js ready."""
        await self.load()
        await self.inject()

    async def link(self, control: httpx.AsyncClient, phone: str = SHOP) -> None:
        """The page is open and linked to the phone."""
        await self.open()
        await self.scan(control, phone)
        await self.until("main")

    async def scan(self, control: httpx.AsyncClient, phone: str = SHOP) -> dict[str, Any]:
        """The phone has scanned what the page shows."""
        qr = await self.until("qr")
        answer = await control.post("/sandbox/link", json={"phone": phone, "name": "Shop", "qr": qr})
        assert answer.status_code == 200, answer.text
        result: dict[str, Any] = answer.json()
        return result

    async def until(self, test: str, ms: int = 10_000) -> Any:
        """What a named test gives once it gives something."""
        return await self.page.evaluate(UNTIL, [test, ms])

    async def until_true(self, expression: str, ms: int = 10_000) -> Any:
        """What an expression gives once it is truthy."""
        await self.page.evaluate(f"globalThis.tests['it'] = () => ({expression})")
        return await self.until("it", ms)

    async def happened(self) -> list[list[Any]]:
        """Every event since the page was opened."""
        events: list[list[Any]] = await self.page.evaluate("happened")
        return events

    async def send(self, chat: str, text: str, message_id: str | None = None) -> dict[str, Any]:
        """Sends a text; what came of it."""
        sent: dict[str, Any] = await self.page.evaluate(SEND, [chat, text, message_id])
        return sent

    async def start_send(self, chat: str, text: str, message_id: str) -> None:
        """Sends a text without waiting for what comes of it; the page's `sent` says it later."""
        await self.page.evaluate(
            f"(args) => {{ globalThis.sent = null; ({SEND})(args).then((it) => (sent = it)); }}",
            [chat, text, message_id],
        )

    async def exists(self, phone: str) -> str | None:
        """The wid of a number on WhatsApp, or None. Raises on a server error."""
        wid: str | None = await self.page.evaluate(EXISTS, f"{phone}@c.us")
        return wid

    async def find(self, key: str) -> dict[str, Any]:
        """What the page's history says of a message key."""
        found: dict[str, Any] = await self.page.evaluate(FIND, key)
        return found


def key(number: int, phone: str = ASHA, server: str = "c.us") -> tuple[str, str]:
    """A message key to that phone and its bare id."""
    bare = f"3EB0{number:018X}"
    return f"true_{phone}@{server}_{bare}", bare
