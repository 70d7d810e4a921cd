"""What people send, on a whole box: told by the webhook, fetched through a browser whole, or said why not."""

from __future__ import annotations

import base64
import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.journeys.box import FIRST_PERSON, PHONE, Shop, alone, until
from tests.journeys.conftest import long_only
from tests.journeys.receiver import Receiver
from tests.pictures import drawn

pytestmark = pytest.mark.timeout(240)

PICTURE = drawn("png", 640, 480)
OTHER = drawn("png", 320, 240)
PROGRAM = b"MZ" + b"\x00" * 4_000


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> Iterator[Shop]:
    """A box of its own, linked, whose webhook hears of files."""
    with alone(tmp_path_factory.mktemp("sent"), webhooks={"allow": [receiver.address]}) as box:
        asked = {"webhook_url": receiver.url, "events": ["message.received", "media.ready"]}
        assert box.call("PUT", "/webhooks", asked).status_code == 200
        yield box


def told(receiver: Receiver, event: str, person: int) -> dict[str, Any]:
    """What the webhook hears of this person."""

    def heard() -> dict[str, Any] | None:
        found = [one.event for one in receiver.posts if one.event["event"] == event]
        return next((one for one in found if one["phone"] == str(FIRST_PERSON + person)), None)

    found = until(heard, 30, what=f"{event} is heard")
    assert found is not None
    return found


def sends(shop: Shop, receiver: Receiver, person: int, content: bytes, **media: Any) -> dict[str, Any]:
    """The person sends a file; what the webhook hears of it."""
    given = {"base64": base64.b64encode(content).decode(), **media}
    body = {"from": str(FIRST_PERSON + person), "to": PHONE, "text": "", "media": given}
    shop.whatsapp.ask("POST", "inbound", body)
    return told(receiver, "message.received", person)


def becomes(shop: Shop, message_id: int, state: str) -> dict[str, Any]:
    """It comes to this in the end."""

    def now() -> dict[str, Any] | None:
        found: dict[str, Any] = shop.get(f"/media/inbound/{message_id}")
        return found if found["state"] == state and found["asked_at"] is None else None

    found = until(now, 90, what=f"it is {state}")
    assert found is not None
    return found


def ask(shop: Shop, message_id: int) -> None:
    answer = shop.call("POST", f"/media/inbound/{message_id}")
    assert answer.status_code == 202, answer.text


def test_a_picture_is_told_asked_for_and_here_byte_for_byte(shop: Shop, receiver: Receiver) -> None:
    heard = sends(shop, receiver, 41_000, PICTURE, mime="image/png", filename="mug.png")
    assert (heard["kind"], heard["media"]["media_id"], heard["media"]["bytes"]) == ("image", None, len(PICTURE))
    ask(shop, heard["message_id"])
    ready = told(receiver, "media.ready", 41_000)
    assert ready["message_id"] == heard["message_id"]
    content = shop.call("GET", f"/media/{ready['media']['media_id']}/content").content
    assert hashlib.sha256(content).digest() == hashlib.sha256(PICTURE).digest()


def test_a_program_that_is_called_a_picture_is_not_kept(shop: Shop, receiver: Receiver) -> None:
    heard = sends(shop, receiver, 41_001, PROGRAM, mime="image/png", filename="mug.png")
    ask(shop, heard["message_id"])
    becomes(shop, heard["message_id"], "refused")
    held = {one["sha256"] for one in shop.get("/media")["data"]}
    assert hashlib.sha256(PROGRAM).hexdigest() not in held


def test_what_is_gone_at_whatsapp_is_said_and_comes_when_it_is_there_again(shop: Shop, receiver: Receiver) -> None:
    heard = sends(shop, receiver, 41_002, OTHER, mime="image/png", filename="mug.png")
    shop.whatsapp.ask("PUT", "faults", {"media_expired": True})
    ask(shop, heard["message_id"])
    becomes(shop, heard["message_id"], "expired")
    shop.whatsapp.ask("DELETE", "faults")
    ask(shop, heard["message_id"])
    becomes(shop, heard["message_id"], "here")


def tries(shop: Shop, message_id: int) -> int:
    """How often the box has begun to fetch it."""
    with closing(sqlite3.connect(f"file:{shop.data / 'wabox.db'}?mode=ro", uri=True)) as connection:
        asked = connection.execute("select tries from inbox_files where inbox_id = ?", (message_id,))
        return int(asked.fetchone()[0])


@long_only()
def test_what_was_asked_for_comes_after_a_kill_in_mid_download(shop: Shop, receiver: Receiver) -> None:
    heard = sends(shop, receiver, 41_003, PICTURE, mime="image/png", filename="mug.png")
    shop.whatsapp.ask("PUT", "faults", {"media_expired": "hang"})
    ask(shop, heard["message_id"])
    until(lambda: tries(shop, heard["message_id"]), 30, what="the page is asked, which never says so")
    shop.program.kill()
    shop.whatsapp.ask("DELETE", "faults")
    shop.start()
    shop.is_device("ready")
    becomes(shop, heard["message_id"], "here")
