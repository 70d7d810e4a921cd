"""The socket of one page: reads what it says into verbs of the world, writes what the world tells it."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import msgspec
from litestar import WebSocket
from litestar.exceptions import WebSocketDisconnect, WebSocketException

from wabox.errors import Refusal, TooMany
from wabox.sandbox import limits, linking, mail, reacting
from wabox.sandbox.faults import clean_phone
from wabox.sandbox.keeping import Keeper
from wabox.sandbox.world import Page, World, fresh_token


class Hello(msgspec.Struct, tag="hello", tag_field="op"):
    """The page's first word. pending: ids of its messages that have no ack yet."""

    companion: dict[str, Any] | None = None
    pending: list[str] = []
    takeover: bool = False


class Ask(msgspec.Struct, tag="ask", tag_field="op"):
    """A question; its answer carries the same n."""

    n: int
    what: str
    data: dict[str, Any] = msgspec.field(name="with")


class Tell(msgspec.Struct, tag="tell", tag_field="op"):
    """Something that has no answer."""

    what: str
    data: dict[str, Any] = msgspec.field(name="with")


class Got(msgspec.Struct, tag="got", tag_field="op"):
    """The page has stored every event up to seq."""

    seq: int


class Wid(msgspec.Struct):
    """An account as a page names it."""

    user: str
    server: str


class Media(msgspec.Struct):
    """What a sent file is; direct_path: where its bytes went before."""

    mimetype: str
    filename: str | None = None
    size: int | None = None
    direct_path: str | None = None


class Spot(msgspec.Struct):
    """A point on the map. loc: its name and address, a line each."""

    lat: float
    lng: float
    loc: str = ""


class Asked(msgspec.Struct):
    """A poll. selectable: how many answers one may choose, 0 = any number."""

    name: str
    options: list[str]
    selectable: int = 0


class Sent(msgspec.Struct):
    """A message as a page hands it over."""

    id: str
    to: Wid
    type: str = "chat"
    text: str = ""
    caption: str | None = None
    media: Media | None = None
    place: Spot | None = None
    poll: Asked | None = None


class Revoke(msgspec.Struct):
    """Which message of its own a page wants deleted for everyone."""

    id: str
    to: Wid


class Edit(msgspec.Struct):
    """What a message of the page's own is to say."""

    id: str
    to: Wid
    text: str


class React(msgspec.Struct):
    """Which message a page puts an emoji to; from_me: whether it is the account's own. Empty takes it back."""

    id: str
    to: Wid
    from_me: bool
    emoji: str


_decoder = msgspec.json.Decoder(Hello | Ask | Tell | Got)


class Wire:
    """Every open page's socket. moved: set after each change, so that the owner drives the world."""

    def __init__(self, world: World, keeper: Keeper) -> None:
        self.world = world
        self._keeper = keeper
        self.moved = asyncio.Event()
        self._lines: dict[str, asyncio.Queue[dict[str, Any] | None]] = {}

    async def serve(self, socket: WebSocket[Any, Any, Any]) -> None:
        """One page's socket from its opening to its end."""
        if self.world.faults.offline or time.time() < self.world.away_until:
            await socket.close(code=1013)
            return
        await socket.accept()
        page_id = fresh_token(6)
        line: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._lines[page_id] = line
        linking.open_page(self.world, page_id, time.time())
        writer = asyncio.create_task(self._write(socket, line))
        try:
            await self._read(socket, page_id)
        finally:
            writer.cancel()
            self._lines.pop(page_id, None)
            linking.close_page(self.world, page_id, time.time())
            self.flush()

    async def _read(self, socket: WebSocket[Any, Any, Any], page_id: str) -> None:
        try:
            while True:
                self._take(page_id, await socket.receive_data(mode="text"))
                self.flush()
        except (WebSocketDisconnect, WebSocketException, msgspec.MsgspecError, RuntimeError):
            return

    async def _write(self, socket: WebSocket[Any, Any, Any], line: asyncio.Queue[dict[str, Any] | None]) -> None:
        while (message := await line.get()) is not None:
            await socket.send_data(msgspec.json.encode(message).decode(), mode="text")
        await socket.close(code=1012)

    def flush(self) -> None:
        """What has changed is kept, then told to the pages, and the world's timer is set anew."""
        self._keeper.save(self.world.unsaved)
        self.world.unsaved.clear()
        for page_id, message in self.world.outgoing:
            if page_id in self._lines:
                self._lines[page_id].put_nowait(message)
        self.world.outgoing.clear()
        for page_id in self.world.closing:
            if page_id in self._lines:
                self._lines[page_id].put_nowait(None)
        self.world.closing.clear()
        self.moved.set()

    def hang_up(self) -> None:
        """Every page's socket closes."""
        for line in self._lines.values():
            line.put_nowait(None)

    def _take(self, page_id: str, text: str) -> None:
        message = _decoder.decode(text)
        now = time.time()
        page = self.world.pages[page_id]
        if page.dead:
            return
        match message:
            case Hello():
                linking.greet(self.world, page_id, msgspec.to_builtins(message), now)
            case Got(seq=seq):
                companion = self.world.kept.companions.get(page.companion or "")
                if companion is not None:
                    self.world.dequeue(companion.id, seq)
            case Tell(what=what, data=data):
                self._hear(page, what, data, now)
            case Ask(n=n, what=what, data=data):
                self._answer(page, n, what, data, now)

    def _hear(self, page: Page, what: str, data: dict[str, Any], now: float) -> None:
        if what == "refresh_ref":
            linking.refresh_ref(self.world, page, now)
        elif what == "dialog_answered":
            page.unanswered.discard(int(data.get("number", -1)))
        elif what in ("seen", "unread") and page.companion is not None:
            wid = msgspec.convert(data, Wid)
            me = self.world.kept.companions[page.companion].phone
            person = self.world.phone_behind(wid.user, wid.server) or ""
            if what == "seen":
                mail.seen(self.world, me, person)
            else:
                mail.mark(self.world, me, person, unread=True)

    def _answer(self, page: Page, n: int, what: str, data: dict[str, Any], now: float) -> None:
        def answer(result: dict[str, Any]) -> None:
            self.world.push(page.id, {"op": "answer", "n": n, "ok": result})

        try:
            if what == "send":
                sent = msgspec.to_builtins(msgspec.convert(data, Sent))
                mail.hand_over(self.world, page, sent, answer, now)
            else:
                answer(self._ask(page, what, data, now))
        except Refusal as refusal:
            self.world.push(page.id, {"op": "answer", "n": n, "error": refusal.sentence, "code": refusal.status})

    def _ask(self, page: Page, what: str, data: dict[str, Any], now: float) -> dict[str, Any]:
        if what == "exists":
            return self._exists(page, msgspec.convert(data, Wid), now)
        if what == "limits":
            return {"timelock": limits.timelock(self.world, now), "capping": limits.capping(self.world, now)}
        if what in ("revoke", "edit", "react"):
            self._change(page, what, data, now)
            return {}
        if what == "pairing_code":
            phone = clean_phone(data.get("phone"))
            return {"code": linking.make_code(self.world, page, phone, now)}
        if what == "logout":
            if page.companion is not None:
                linking.remove(self.world, page.companion, told=False)
            return {}
        raise Refusal("unknown_question", f"The server does not know {what}.")

    def _change(self, page: Page, what: str, data: dict[str, Any], now: float) -> None:
        """What a page makes of a message that is there."""
        if what == "revoke":
            mail.revoke(self.world, page, msgspec.convert(data, Revoke).id, now)
        elif what == "edit":
            change = msgspec.convert(data, Edit)
            mail.edit(self.world, page, change.id, change.text, now)
        else:
            asked = msgspec.convert(data, React)
            reacting.by_page(self.world, page, asked.id, asked.emoji, own=asked.from_me, now=now)

    def _exists(self, page: Page, wid: Wid, now: float) -> dict[str, Any]:
        companion = self.world.kept.companions.get(page.companion or "")
        if companion is not None and limits.too_many_questions(self.world, companion.phone, now):
            raise TooMany("rate-overlimit", "rate-overlimit", retry_after=60)
        if self.world.strikes("exists_error"):
            raise Refusal("exists_error", "The server failed to answer (fault exists_error).")
        phone = self.world.phone_behind(wid.user, wid.server)
        if phone is None or not phone.isdigit() or not self.world.is_on_whatsapp(phone):
            return {"exists": False}
        if self.world.strikes("exists_lies"):
            return {"exists": False}
        account = self.world.account(phone)
        return {"exists": True, "phone": phone, "lid": account.lid, "hidden": self.world.faults.hides(phone)}
