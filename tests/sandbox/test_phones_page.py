"""A person plays the phones in the browser, on a narrow screen."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.contract.test_files import PNG
from tests.files import mp4
from tests.sandbox.client import ASHA, SHOP, Client
from tests.some import some
from wabox.sandbox.server import Sandbox

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def phones(chromium: Browser, sandbox: Sandbox) -> AsyncIterator[Page]:
    """The phones page, 360 pixels wide; it must not complain in the console."""
    context = await chromium.new_context(viewport={"width": 360, "height": 740})
    page = await context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    await page.goto(f"{sandbox.url}/phones")
    yield page
    assert errors == []
    await context.close()


async def add(phones: Page, phone: str, name: str) -> None:
    await phones.get_by_label("Number", exact=True).fill(phone)
    await phones.get_by_label("Name", exact=True).fill(name)
    await phones.get_by_role("button", name="Add").click()
    await expect(phones.get_by_role("heading", name=f"{name}, +{phone}")).to_be_visible()


async def link_shop(phones: Page, client: Client) -> None:
    await client.load()
    await client.page.locator("[data-ref]").wait_for()
    await add(phones, SHOP, "Shop")
    await phones.get_by_text("Link a device to this phone").click()
    await phones.get_by_role("button", name="Scan this QR").click()
    await client.page.locator("#pane-side").wait_for()


async def test_person_scans_writes_and_stops(phones: Page, client: Client, control: httpx.AsyncClient) -> None:
    await expect(phones.get_by_text("SANDBOX")).to_be_visible()
    await link_shop(phones, client)
    await add(phones, ASHA, "Asha")
    await phones.get_by_role("textbox", name="Text", exact=True).fill("is it open?")
    await phones.get_by_role("button", name="Send").click()
    await expect(phones.get_by_label("Messages").get_by_text("is it open?")).to_be_visible()
    await phones.get_by_role("button", name="STOP").click()
    await expect(phones.get_by_label("Messages").get_by_text("STOP")).to_be_visible()
    got = (await control.get("/sandbox/messages", params={"to": SHOP})).json()["messages"]
    assert [each["text"] for each in got] == ["is it open?", "STOP"]
    await client.page.get_by_role("button", name="Asha").click()
    await expect(client.page.get_by_label("Messages")).to_contain_text("is it open?")
    assert await phones.evaluate("document.documentElement.scrollWidth") == 360


async def test_person_switches_off_sets_faults_and_unlinks(
    phones: Page, client: Client, control: httpx.AsyncClient
) -> None:
    await link_shop(phones, client)
    await phones.get_by_role("button", name="Switch this phone off").click()
    await expect(phones.get_by_role("button", name="Switch this phone on")).to_be_visible()
    await phones.get_by_label("blackhole").check()
    await phones.get_by_role("button", name="Apply").click()
    await expect(phones.get_by_role("status")).to_have_text("Applied.")
    assert (await control.get("/sandbox/state")).json()["faults"]["blackhole"] is True
    await phones.get_by_role("button", name="All healthy").click()
    await phones.get_by_role("button", name="Unlink all devices").click()
    await client.page.wait_for_url("**/?post_logout=1**")


async def test_files_are_shown_played_and_offered(
    phones: Page, client: Client, control: httpx.AsyncClient
) -> None:
    await client.link(control)
    await add(phones, ASHA, "Asha")
    files = [
        ("image", "image/png", "shelf.png", PNG),
        ("audio", "audio/ogg; codecs=opus", "note.ogg", b"OggS" + b"\x00" * 3000),
        ("document", "text/html", "page.html", b"<script>alert(1)</script>"),
    ]
    for kind, mime, name, content in some(files):
        await client.page.evaluate(
            """([chat, bytes, type, name, options]) => WPP.chat.sendFileMessage(chat,
              new File([Uint8Array.from(atob(bytes), (one) => one.charCodeAt(0))], name, { type }), options)""",
            [
                f"{ASHA}@c.us",
                base64.b64encode(content).decode(),
                mime,
                name,
                {"type": kind, "isPtt": kind == "audio", "markIsRead": False, "caption": f"see {name}"},
            ],
        )
    bubbles = phones.get_by_label("Messages")
    picture = bubbles.get_by_role("img", name="shelf.png")
    await expect(picture).to_be_visible()
    await expect(picture).to_have_js_property("naturalWidth", 1)
    await expect(bubbles.get_by_label("voice note.ogg")).to_be_visible()
    offered = bubbles.get_by_role("link", name="page.html, document, 25 bytes")
    await expect(offered).to_be_visible()
    address = await offered.get_attribute("href")
    answer = await phones.request.get(f"{phones.url.partition('/phones')[0]}{address}")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert await phones.evaluate("document.documentElement.scrollWidth") == 360


async def test_a_person_sends_files_and_keeps_what_is_refused(
    phones: Page, client: Client, control: httpx.AsyncClient
) -> None:
    await client.link(control)
    await add(phones, ASHA, "Asha")
    bubbles, chosen = phones.get_by_label("Messages"), phones.get_by_label("File", exact=True)
    send = phones.get_by_role("button", name="Send", exact=True)
    await chosen.set_input_files({"name": "shelf.png", "mimeType": "image/png", "buffer": PNG})
    await phones.get_by_role("textbox", name="Text", exact=True).fill("this one?")
    async with phones.expect_response("**/sandbox/inbound"):
        await send.click()
    await expect(bubbles.get_by_role("img", name="shelf.png")).to_be_visible()
    await expect(bubbles.get_by_text("this one?")).to_be_visible()
    await expect(chosen).to_have_value("")
    note = {"name": "note.ogg", "mimeType": "audio/ogg", "buffer": b"OggS" + b"\x00" * 300}
    await chosen.set_input_files(note)  # type: ignore[arg-type]
    await phones.get_by_label("The file goes").select_option("as a voice note")
    async with phones.expect_response("**/sandbox/inbound"):
        await send.click()
    await expect(bubbles.get_by_label("voice note.ogg")).to_be_visible()
    await expect(phones.get_by_label("The file goes")).to_have_value("as it is")
    got = (await control.get("/sandbox/messages", params={"to": SHOP})).json()["messages"]
    assert [(each["media"]["kind"], each["text"]) for each in got] == [("image", "this one?"), ("voice", "")]
    assert await phones.evaluate("document.documentElement.scrollWidth") == 360


async def test_a_person_sends_every_kind(phones: Page, client: Client, control: httpx.AsyncClient) -> None:
    await client.link(control)
    await add(phones, ASHA, "Asha")
    film = {"name": "film.mp4", "mimeType": "video/mp4", "buffer": mp4()}
    for how in ("as a sticker", "as a round video", "as a GIF", "to be seen once"):
        await phones.get_by_label("File", exact=True).set_input_files(film)  # type: ignore[arg-type]
        await phones.get_by_label("The file goes").select_option(how)
        async with phones.expect_response("**/sandbox/inbound"):
            await phones.get_by_role("button", name="Send", exact=True).click()
        await expect(phones.get_by_label("File", exact=True)).to_have_value("")
    await phones.get_by_role("textbox", name="Text", exact=True).fill("When?\nAt six\nNever")
    await phones.get_by_text("Send something else").click()
    for what in ("A live location", "A contact card", "Two contact cards", "A poll", "A type of tomorrow"):
        async with phones.expect_response("**/sandbox/inbound") as told:
            await phones.get_by_role("button", name=what).click()
        assert (await told.value).ok, what
    got = (await control.get("/sandbox/messages", params={"to": SHOP})).json()["messages"]
    shown = [one.get("media", {}).get("kind") or ("location" in one and "place") or "card" for one in got]
    assert shown == ["sticker", "ptv", "video", "video", "place", "card", "card", "poll_creation", "of_tomorrow"]
    assert (got[2]["media"]["gif"], got[3]["media"]["view_once"]) == (True, True)
    assert await phones.evaluate("document.documentElement.scrollWidth") == 360


async def test_a_person_answers_reacts_and_deletes(
    phones: Page, client: Client, control: httpx.AsyncClient
) -> None:
    await client.link(control)
    await add(phones, ASHA, "Asha")
    await phones.get_by_role("button", name="STOP", exact=True).click()
    last = phones.get_by_label("Messages").get_by_role("listitem").first
    await last.get_by_text("Answer, react").click()
    async with phones.expect_response("**/sandbox/react"):
        await last.get_by_role("button", name="👍").click()
    await expect(last.get_by_title(f"+{ASHA}")).to_be_visible()
    await last.get_by_role("button", name="Answer", exact=True).click()
    await expect(phones.get_by_text("Answers “STOP”")).to_be_visible()
    await phones.get_by_role("button", name="STOP", exact=True).click()
    await expect(phones.locator(".quote")).to_have_text("STOP")
    await last.get_by_role("button", name="Delete for everyone").click()
    await expect(last).to_contain_text("was deleted for everyone")
    got = (await control.get("/sandbox/messages", params={"to": SHOP})).json()["messages"]
    assert [(one["text"], one.get("quote")) for one in got] == [("", None), ("STOP", got[0]["id"])]
    assert await phones.evaluate("document.documentElement.scrollWidth") == 360


async def test_a_place_and_a_card_are_shown_in_words_and_load_nothing(
    phones: Page, client: Client, control: httpx.AsyncClient
) -> None:
    await client.link(control)
    await add(phones, ASHA, "Asha")
    asked: list[str] = []
    phones.on("request", lambda request: asked.append(request.url))
    await client.page.evaluate(
        """async (chat) => {
          const shop = { lat: 23.78, lng: 90.27, name: '<img src=x>', address: '12 Road', markIsRead: false };
          await WPP.chat.sendLocationMessage(chat, shop);
          const card = [{ id: '8801711999999@c.us', name: 'Karim' }];
          await WPP.chat.sendVCardContactMessage(chat, card, { markIsRead: false });
        }""",
        f"{ASHA}@c.us",
    )
    bubbles = phones.get_by_label("Messages")
    await expect(bubbles.get_by_text("<img src=x> 12 Road 23.78, 90.27")).to_be_visible()
    await expect(bubbles.get_by_text("Karim +8801711999999")).to_be_visible()
    here = phones.url.partition("/phones")[0]
    assert [one for one in asked if not one.startswith(here)] == []


async def test_a_person_votes_and_shows_what_nobody_wrote(
    phones: Page, client: Client, control: httpx.AsyncClient
) -> None:
    await client.link(control)
    await add(phones, ASHA, "Asha")
    await client.page.evaluate(
        "(chat) => WPP.chat.sendCreatePollMessage(chat, 'When?', ['Today', 'Later'], { selectableCount: 1 })",
        f"{ASHA}@c.us",
    )
    bubbles = phones.get_by_label("Messages")
    for option, shown in (("Today", "Today ✓ 1"), ("Later", "Later ✓ 1"), ("Later ✓ 1", "Later")):
        await bubbles.get_by_role("button", name=option, exact=True).click()
        await expect(bubbles.get_by_role("button", name=shown, exact=True)).to_be_visible()
    (message,) = (await control.get("/sandbox/messages", params={"to": ASHA})).json()["messages"]
    assert message["votes"] == [{"from": ASHA, "options": []}]
    await phones.get_by_text("Show what nobody wrote").click()
    every = await phones.locator("#unwritten button").all()
    assert len(every) >= 12
    for button in every:
        async with phones.expect_response("**/sandbox/notice") as answer:
            await button.click()
        assert (await answer.value).ok
    assert await client.until_true(f"happened.filter(([what]) => what === 'message').length === {len(every) + 1}")
    assert await phones.evaluate("document.documentElement.scrollWidth") == 360
