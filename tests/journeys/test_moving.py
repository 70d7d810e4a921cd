"""A linked box is moved with real browsers: the other one takes the phones up without a scan, and sends."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests import browsers
from tests.asking import PLAIN
from tests.faces.tab import csrf_of, words
from tests.journeys.box import EMAIL, PASSWORD, Shop, WhatsApp, until
from tests.journeys.test_restore import bring

pytestmark = pytest.mark.skipif(browsers.SHELL is None, reason="there is no chromium on this machine")
PHRASE = "seven lamps under the tree"
OLDER = os.environ.get("WABOX_OLDER_CHROMIUM")


@contextmanager
def logged_in(shop: Shop) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{shop.port}", timeout=60, **PLAIN) as client:
        page = client.get("/login")
        sent = {"_csrf": csrf_of(page.text), "email": EMAIL, "password": PASSWORD, "next": "/"}
        assert client.post("/login", data=sent).status_code == 303
        yield client


def press(client: httpx.Client, page: str, path: str, **fields: str) -> httpx.Response:
    return client.post(path, data={"_csrf": csrf_of(client.get(page).text), **fields})


def arrives(shop: Shop, person: int) -> None:
    job = shop.send(person)
    until(lambda: shop.message(job)["status"] in ("delivered", "read"), what=f"the message to {person} arrives")


def packed(old: Shop) -> bytes:
    """The file that the page gives, once the box is packed; what comes meanwhile waits."""
    with logged_in(old) as page:
        assert press(page, "/admin/move", "/admin/move", passphrase=PHRASE, again=PHRASE).status_code == 303
        waits = old.send(2)
        until(lambda: "Install wabox there" in page.get("/admin/move").text, 60, what="it is packed")
        assert old.browsers() == []
        assert old.message(waits)["wait_reason"] == "moved_away"
        name = page.get("/admin/move").text.partition("/admin/backups/files/")[2].partition('"')[0]
        return page.get(f"/admin/backups/files/{name}").content


def taken_up(new: Shop, raw: bytes) -> None:
    """The new box has it, by its set-up link, and was let go on."""
    kept = new.data / "setup-link"
    token = until(lambda: kept.exists() and kept.read_text().strip())
    link = f"http://127.0.0.1:{new.port}/setup/{token}/restore"
    with httpx.Client(**PLAIN, timeout=60) as client:
        assert bring(client, link, raw, PHRASE).status_code == 303

        def at_the_log_in() -> bool:
            answer = client.get(link)
            assert 'role="alert" tabindex' not in answer.text, words(answer.text)
            return str(answer.headers.get("location")) == "/login?next=/admin/held"

        until(at_the_log_in, 60, what="the new box asks for the log-in")
    with logged_in(new) as page:
        assert "This box was moved here" in words(page.get("/admin/held").text)
        assert press(page, "/admin/held", "/admin/held/release", older="").status_code == 303


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[Shop, Shop]]:
    """A linked box, and a new one that nobody owns, on the same WhatsApp."""
    with beside(tmp_path, browsers.SHELL, browsers.SHELL) as found:
        yield found


@contextmanager
def beside(place: Path, first: str | None, second: str | None) -> Iterator[tuple[Shop, Shop]]:
    """Such two, each with a browser of its own."""
    whatsapp = WhatsApp(place)
    whatsapp.start()
    for name in ("old", "new"):
        (place / name).mkdir()
    old, new = (
        Shop(place / name, whatsapp, chromium=chromium) for name, chromium in (("old", first), ("new", second))
    )
    try:
        old.init()
        old.start()
        old.link()
        new.start()
        yield old, new
    finally:
        old.close()
        new.close()
        whatsapp.program.kill()


@pytest.mark.heavy("two boxes with browsers")
def test_a_box_is_moved_by_its_pages_and_the_phone_is_not_scanned_again(both: tuple[Shop, Shop]) -> None:
    old, new = both
    arrives(old, 1)
    taken_up(new, packed(old))
    new.http.headers["X-API-Key"] = old.http.headers["X-API-Key"]
    new.is_device("ready")
    arrives(new, 3)
    assert {one["copies"] for one in new.whatsapp.messages()} == {1}
    assert old.browsers() == []
    assert old.device()["state"] != "ready"
    with logged_in(
        old
    ) as page:  # called back though the other one runs: it asks for a scan, and fights over nothing
        assert press(page, "/admin/held", "/admin/held/unmove").status_code == 303
        assert press(page, "/admin/held", "/admin/held/release", older="all").status_code == 303
    assert old.call("POST", "/devices/primary/start").status_code == 202
    old.is_device("qr")
    assert new.device()["state"] == "ready"
    arrives(new, 4)


@pytest.mark.skipif(not OLDER, reason="set WABOX_OLDER_CHROMIUM to the program of an older Chromium")
@pytest.mark.parametrize("goes_to", ["newer", "older"])
@pytest.mark.heavy("two boxes with browsers, each of another age")
def test_links_go_to_a_newer_browser_and_an_older_one_asks_for_a_scan(tmp_path: Path, goes_to: str) -> None:
    there = (OLDER, browsers.WHOLE)
    with beside(tmp_path, *(there if goes_to == "newer" else there[::-1])) as (old, new):
        arrives(old, 1)
        taken_up(new, packed(old))
        new.http.headers["X-API-Key"] = old.http.headers["X-API-Key"]
        if goes_to == "newer":
            new.is_device("ready")
            arrives(new, 3)
            assert {one["copies"] for one in new.whatsapp.messages()} == {1}
        else:
            assert (new.device()["state"], new.device()["detail"]) == ("disconnected", "logged_out")
            assert new.call("POST", "/devices/primary/start").status_code == 202
            new.is_device("qr")


@pytest.mark.heavy("two boxes with browsers")
def test_two_boxes_with_one_link_are_noticed_and_fight_over_nothing(both: tuple[Shop, Shop]) -> None:
    """As somebody could bring about who takes the hold out of the old one's database by hand."""
    old, new = both
    taken_up(new, packed(old))
    new.http.headers["X-API-Key"] = old.http.headers["X-API-Key"]
    new.is_device("ready")
    old.program.terminate()
    with contextlib.closing(sqlite3.connect(old.data / "wabox.db")) as connection, connection:
        connection.execute("delete from box where key = 'fence'")
    old.start(XDG_STATE_HOME=str(old.place / "another machine"))
    until(
        lambda: {states(old), states(new)} == {"ready", "conflict"},
        60,
        what="one is ready, the other says why not",
    )
    before = (states(old), states(new))
    winner = old if before[0] == "ready" else new
    arrives(winner, 5)
    arrives(winner, 6)
    assert (states(old), states(new)) == before
    assert {one["copies"] for one in new.whatsapp.messages()} == {1}


def states(shop: Shop) -> str:
    """What the phone shows: a conflict, or its state."""
    device = shop.device()
    return "conflict" if device["detail"] == "conflict" else str(device["state"])
