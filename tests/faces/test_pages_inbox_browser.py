"""Twenty kinds of what people send, in a real Chromium: both languages, on a phone and on a desk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests import browsers
from tests.cast import Stage
from tests.faces.windows import chromium, log_in, look, served, window
from tests.files import GOOD
from wabox.campaigns import replies
from wabox.contacts import inbox_files, withdrawing
from wabox.db import Tx
from wabox.engine.fetching import Fetching
from wabox.whatsapp.driver import (
    Attached,
    Downloaded,
    FileKind,
    Inbound,
    Place,
    Quoted,
    SentCard,
    SentPoll,
    Withdrawn,
)

__all__ = ["chromium"]
pytestmark = [
    pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning:PIL"),
    pytest.mark.skipif(browsers.SHELL is None, reason="there is no chromium on this machine"),
]
RINA = "8801711300001"
LONG = "Rahimuddin-Chowdhury-and-Grandsons-Wholesale-of-Everything " * 3
TYPES: dict[FileKind, str] = {"voice": "ptt"}
# Those with bytes are here, the others were not fetched.
FILES: list[tuple[Attached, str, bytes]] = [
    (Attached("image", "image/jpeg", None, 182_000), "Is this the blue one?", GOOD["a.jpeg"][0]),
    (Attached("image", "image/png", None, 9_000), "", b""),
    (Attached("document", "application/pdf", "অর্ডার ১২.pdf", 48_000), "my order", GOOD["bill.pdf"][0]),
    (Attached("document", "application/zip", f"{LONG}.zip", 2**31), "", b""),
    (Attached("voice", "audio/ogg; codecs=opus", None, 9_000, 12.2), "", GOOD["note.ogg"][0]),
    (Attached("audio", "audio/mpeg", None, 3_000_000, 205), "", GOOD["song.mp3"][0]),
    (Attached("video", "video/mp4", None, 7_000_000, 75), "look", GOOD["film.mp4"][0]),
    (Attached("video", "video/mp4", None, None, None), "", b""),
]
INSTEAD: list[Place | tuple[SentCard, ...]] = [
    Place(23.7806, 90.2792, "Rina's home", "12 Road 5, Dhaka"),
    Place(-33.8567844, 151.2152967),
    Place(23.78, 90.27, LONG.strip(), f"<b>{LONG}</b>".strip()),
    (SentCard("Karim", ("8801711999999",)),),
    (SentCard("করিম ও ছেলেরা", ("8801711999998", "01811 999999")), SentCard("", ("8801711999997",))),
    (SentCard(LONG.strip(), ()),),
]
KINDS = ["sticker", "poll_creation", "order", "product", "ptv", "hologram"]


@pytest.fixture
def talked(shop: Stage) -> Stage:
    """Rina has sent all of them."""
    for attached, caption, content in FILES:
        inbox_id = _hears(shop, attached, caption)
        if content:
            _comes(shop, inbox_id, content)
    for instead in INSTEAD:
        _hears(shop, None, instead=instead)
    for kind in KINDS:
        _hears(shop, None, kind=kind)
    _hears(shop, Attached("video", "video/mp4", None, 90_000), kind="gif")
    _hears(shop, None, kind="live_location", instead=INSTEAD[0])
    _hears(shop, None, LONG, kind="poll_creation", poll=SentPoll(("At six", LONG.strip(), "কখনো না")))
    _hears(shop, None, "এটা নেব", kind="chat", quoted=Quoted("3A0", False, "image", "Is this the blue one?"))
    _hears(shop, None, "Yes", kind="chat", quoted=Quoted("3EB0FF", True, "chat", LONG.strip()))
    gone = _hears(shop, Attached("image", "image/png", None, 9_000), "Pay me")
    there = shop.asha.device_id, 1, f"3A{gone - 1}", f"{RINA}@c.us"
    shop.box.db.write_now(withdrawing.hear, Withdrawn(*there), now=shop.hands.now())
    return shop


def _hears(
    shop: Stage,
    media: Attached | None,
    text: str = "",
    *,
    kind: str = "",
    instead: Place | tuple[SentCard, ...] = (),
    **more: Any,
) -> int:
    now = shop.hands.now()
    known = kind or (TYPES.get(media.kind, media.kind) if media else "location")

    def verb(tx: Tx) -> int:
        count = tx.value("select count(*) from inbox")
        chat, place = f"{RINA}@c.us", instead if isinstance(instead, Place) else None
        cards = () if isinstance(instead, Place) else instead
        event = Inbound(
            shop.asha.device_id,
            1,
            f"3A{count}",
            chat,
            RINA,
            "Rina",
            text,
            known,
            now,
            media=media,
            place=place,
            cards=cards,
        )
        replies.hear(tx, replace(event, **more), now=now)
        found: int = tx.value("select max(id) from inbox")
        return found

    return shop.box.db.write_now(verb)


def _comes(shop: Stage, inbox_id: int, content: bytes) -> None:
    settings, now = shop.box.config.media, shop.hands.now()
    shop.box.db.write_now(inbox_files.ask, shop.asha.id, inbox_id, settings, now=now)
    shop.box.db.write_now(lambda tx: tx.run("update devices set state = 'ready', synced = 1"))

    class Phone:
        def download(self, device_id: int, chat_id: str, message_id: str, into: Path, most: int) -> Downloaded:
            into.write_bytes(content)
            return Downloaded("here", len(content))

    Fetching(shop.box, Phone()).turn(shop.asha.device_id)  # type: ignore[arg-type]


@pytest.mark.heavy("draws twenty kinds of messages in Chromium, and pictures in processes of their own")
@pytest.mark.parametrize(("width", "language"), [(360, "bn"), (1280, "en")])
def test_twenty_kinds_of_inbound_fit_a_thumb_in_both_languages(
    talked: Stage, chromium: Browser, width: int, language: str
) -> None:
    talked.box.db.write_now(lambda tx: tx.run("update users set language = :language", language=language))
    with served(talked.box) as address, window(chromium, width) as (_, page, said):
        log_in(page, address)
        for path in (f"/inbox/{RINA}", "/inbox", f"/inbox/{RINA}/enclose", "/campaigns/new"):
            page.goto(address + path)
            for summary in page.locator("main details.help summary").all():
                summary.click()
            assert look(page, width) == [], path
        assert said == []


@pytest.mark.parametrize("width", [360, 1280])
def test_after_a_reply_it_is_in_sight_with_what_became_of_it(chromium: Browser, talked: Stage, width: int) -> None:
    with served(talked.box) as address, window(chromium, width) as (_, page, _said):
        log_in(page, address)
        page.goto(f"{address}/inbox/{RINA}#latest")
        page.fill("#message", "Yes, the blue one")
        page.get_by_role("button", name="Send", exact=True).click()
        page.wait_for_url("**/*said=replied*")
        expect(page.locator(".talk-ours .bubble").last).to_be_in_viewport(ratio=1)
        expect(page.locator("main [role=status]")).to_be_in_viewport(ratio=1)
