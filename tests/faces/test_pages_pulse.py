"""The strip under the header and the counts of the menu: the worst thing on every page, and one small question."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.cast import Stage
from tests.faces.scene import Scene
from tests.faces.tab import Tab, tags, words
from tests.faces.work import Work
from tests.some import some
from wabox import fence
from wabox.contacts import inbox
from wabox.messages import line

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")
PAGES = ("/campaigns", "/inbox", "/contacts", "/queue", "/webhooks", "/settings", "/messages/3")
FRAGMENT = {"HX-Request": "true"}
UNLINKED = "primary : Not linked any more · "


def run(shop: Stage, sql: str, **params: Any) -> None:
    """Something has come about."""
    shop.box.db.write_now(lambda tx: tx.run(sql, **params))


def unlink(shop: Stage) -> None:
    """asha's phone has thrown the box out."""
    run(
        shop,
        "update devices set state = 'disconnected', detail = 'logged_out', linked = 0 where id = :id",
        id=shop.asha.device_id,
    )


def counts(page: str) -> dict[str, str]:
    """What the side of the page counts, by place."""
    found = re.findall(r'data-count="(\w+)"\s*>([^<]*)<', page)
    return {key: text.strip() for key, text in found}


def test_every_page_says_that_the_phone_is_unlinked_how_much_waits_and_where_to_go(shop: Stage, asha: Tab) -> None:
    waits = shop.value(
        "select count(*) from messages where device_id = :id and status = 'queued'", id=shop.asha.device_id
    )
    for path in PAGES:
        assert "Not linked any more ·" not in words(asha.get(path).text), path
    unlink(shop)
    for path in PAGES:
        page = asha.get(path).text
        assert f"{UNLINKED}{waits} messages wait." in words(page), path
        assert "/whatsapp#device-primary" in [attrs.get("href") for tag, attrs in tags(page) if tag == "a"]
        assert counts(page)["whatsapp"] == "1"


def test_pages_that_show_it_themselves_need_no_strip(shop: Stage, asha: Tab) -> None:
    unlink(shop)
    for path in ("/", "/whatsapp"):
        assert UNLINKED not in words(asha.get(path).text), path
        assert UNLINKED not in words(asha.get("/pulse", params={"at": path}, headers=FRAGMENT).text), path


def test_a_phone_that_was_never_linked_or_was_logged_out_here_is_no_trouble(shop: Stage, asha: Tab) -> None:
    """The scene's second phone waits for its first scan."""
    assert "whatsapp" not in counts(asha.get("/contacts").text)
    run(shop, "update devices set state = 'not_started', wanted = 0, linked = 0")
    assert "whatsapp" not in counts(asha.get("/contacts").text)


def test_the_worst_thing_alone_is_said(shop: Stage, asha: Tab, bilal: Tab) -> None:
    unlink(shop)
    run(shop, "update users set state = 'suspended' where id = :id", id=shop.asha.id)
    said = words(asha.get("/contacts").text)
    assert "Your account is suspended" in said and UNLINKED not in said
    now = shop.hands.now()
    shop.box.db.write_now(lambda tx: fence.quarantine(tx, why="copied", behind=None, now=now))
    said = words(asha.get("/contacts").text)
    assert "was copied from another place" in said and "suspended" not in said
    assert "This box is held" in words(bilal.get("/contacts").text)
    assert "was copied from another place" not in words(bilal.get("/contacts").text)
    shop.box.db.damage.latch("hurt")
    assert "put the database back from a backup" in words(asha.get("/contacts").text)
    assert "put the database back from a backup" in words(asha.get("/pulse", headers=FRAGMENT).text)


def test_what_fails_beside_the_messages_is_said_when_nothing_worse_is(shop: Stage, asha: Tab) -> None:
    failing = "update webhooks set failing_since = '2026-03-13T05:00:00.000000+00:00' where user_id = :id"
    run(shop, failing, id=shop.asha.id)
    assert "Your webhook does not answer." in words(asha.get("/contacts").text)
    assert "Your webhook does not answer." not in words(asha.get("/webhooks").text)
    run(shop, "insert or replace into box (key, value) values ('clock_wrong', '2026-03-13T05:00:00.000000+00:00')")
    assert "The clock of this machine looks wrong, so nothing is sent." in words(asha.get("/contacts").text)


def test_the_menu_and_the_title_count_what_nobody_has_read(work: Work, shop: Stage, asha: Tab, bilal: Tab) -> None:
    unseen = shop.box.db.read_here(inbox.unseen, shop.asha.id)
    assert unseen
    page = asha.get("/contacts").text
    assert counts(page)["inbox"] == str(unseen)
    assert f"<title>({unseen}) Contacts" in page
    other = bilal.get("/contacts").text
    assert "inbox" not in counts(other) and "<title>Contacts" in other
    run(shop, "update users set language = 'bn'")
    assert counts(asha.get("/contacts").text)["inbox"] == "৬"


def test_counts_end_where_nobody_reads_them(work: Work, shop: Stage) -> None:
    assert shop.box.db.read_here(inbox.unseen, shop.asha.id, most=2) == 2
    assert shop.box.db.read_here(line.waiting, shop.asha.device_id, most=3) == 3


def test_the_pulse_is_small_and_says_nothing_twice(shop: Stage, asha: Tab) -> None:
    first = asha.get("/pulse", params={"at": "/contacts"}, headers=FRAGMENT)
    assert first.status_code == 200 and len(first.content) < 1_500
    known = {**FRAGMENT, "If-None-Match": first.headers["etag"]}
    again = asha.get("/pulse", params={"at": "/contacts"}, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    unlink(shop)
    changed = asha.get("/pulse", params={"at": "/contacts"}, headers=known)
    assert changed.status_code == 200 and UNLINKED in words(changed.text)


def test_live_parts_say_nothing_twice(scene: Scene, work: Work, asha: Tab) -> None:
    for path in ("/webhooks/live", "/messages/live", "/campaigns/live", "/inbox/live", "/home/today"):
        first = asha.get(path, headers=FRAGMENT)
        known = {**FRAGMENT, "If-None-Match": first.headers["etag"]}
        again = asha.get(path, headers=known)
        assert again.status_code == 304, path
        for piece in (first, again):
            assert len(piece.headers.raw) < 9 and piece.headers["x-content-type-options"] == "nosniff", path
            assert piece.headers["cache-control"] == "no-store", path
        assert sum(len(name) + len(value) + 4 for name, value in again.headers.raw) < 300, path
        assert asha.get(path, headers={"If-None-Match": first.headers["etag"]}).status_code == 200, path


def test_an_account_of_another_sees_nothing_of_the_phones(shop: Stage, bilal: Tab) -> None:
    unlink(shop)
    for path in some(("/contacts", "/pulse")):
        assert UNLINKED not in words(bilal.get(path).text)


def test_the_menu_has_four_groups_and_a_phone_five_places(asha: Tab) -> None:
    page = asha.get("/contacts").text
    side, bar = page.split('<nav class="bar"')
    assert re.findall(r'class="nav-head">([^<]+)<', side) == ["Talk", "Results", "Phones", "More"]
    main = [attrs.get("href") for tag, attrs in tags(bar.split("bar-sheet")[0]) if tag == "a"]
    assert main == ["/", "/inbox", "/#send", "/campaigns"]
    for path in ("/queue", "/messages"):
        assert words(asha.get(path).text).count("Queue") >= 1
