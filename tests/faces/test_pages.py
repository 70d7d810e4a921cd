"""Who may see which page, and what every answer carries."""

from __future__ import annotations

import re
from typing import Any

import pytest
from litestar.handlers import HTTPRouteHandler

from tests import webs
from tests.cast import Stage
from tests.faces.conftest import OpenTab
from tests.faces.scene import Scene
from tests.faces.tab import Tab, words
from tests.some import some
from wabox.box import Box
from wabox.dashboard.frame.guard import local_path

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
OPEN_TO_ALL = {
    "/setup",
    "/setup/{token}",
    "/setup/{token}/restore",
    "/setup/{token}/restore/live",
    "/setup/{token}/restore/open",
    "/setup/{token}/restore/other",
    "/login",
    "/login/code",
    "/login/forgot",
    "/register",
    "/terms",
    "/verify/{token}",
    "/reset/{token}",
    "/docs",
    "/docs/{chapter}",
    "/help",
    "/help/{text}",
}
PAGES = (
    "/",
    "/whatsapp",
    "/messages",
    "/webhooks",
    "/settings",
    "/settings/security",
    "/settings/keys",
    "/docs",
    "/help",
)


def routes(box: Box) -> list[tuple[str, str]]:
    """(method, path) of everything the dashboard serves but static files."""
    found = set()
    for route in some(webs.pages_of(box).routes):
        if route.path.startswith("/static"):
            continue
        for handler in some(getattr(route, "route_handlers", [])):
            assert isinstance(handler, HTTPRouteHandler)
            found |= {(method, route.path_format) for method in handler.http_methods if method != "OPTIONS"}
    return sorted(found)


def filled(path: str, scene: Scene) -> str:
    """The path with ids of asha's things."""
    path = path.replace("{message_id}", str(scene.ids["queued"])).replace("{label}", "sales")
    return re.sub(r"\{[^}]*\}", "x" * 43, re.sub(r"\{[^}]*id\}", "1", path))


def test_a_stranger_is_sent_to_the_login_page_from_everywhere(scene: Scene, shop: Stage, chen: Tab) -> None:
    closed = [one for one in routes(shop.box) if one[1] not in OPEN_TO_ALL]
    assert len(closed) > 20
    before = shop.value("select count(*) from audit")
    for method, path in closed:
        answer = chen.ask(method, filled(path, scene))
        assert answer.status_code == 303, (method, path)
        assert answer.headers["location"].startswith("/login"), (method, path)
        assert answer.headers["content-security-policy"] == CSP
    assert shop.value("select count(*) from audit") == before


def test_the_reference_is_open_and_holds_no_secret(chen: Tab) -> None:
    page = chen.get("/docs").text + chen.get("/docs/messages").text
    assert "http://testserver.local/api/v1/send" in page
    assert "asha" not in page


def test_a_set_up_box_leads_from_set_up_to_login(chen: Tab) -> None:
    for path in ("/setup", "/setup/" + "x" * 43):
        assert chen.get(path).headers["location"] == "/login"


def test_htmx_of_an_ended_session_goes_to_login_with_the_whole_window(chen: Tab) -> None:
    answer = chen.get("/home/live", headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == "/login"


def test_every_page_is_there_for_its_user(asha: Tab, bilal: Tab) -> None:
    for tab in (asha, bilal):
        for path in (*PAGES, "/home/live", "/home/today", "/messages/live", "/whatsapp/live", "/webhooks/live"):
            answer = tab.get(path)
            assert answer.status_code == 200, path
            assert answer.headers["content-type"].startswith("text/html")
            assert answer.headers["content-security-policy"] == CSP
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "no-referrer"
            assert answer.headers["cross-origin-opener-policy"] == "same-origin"
            assert answer.headers["cross-origin-resource-policy"] == "same-origin"


def test_bilal_sees_nothing_of_ashas(scene: Scene, bilal: Tab) -> None:
    for path in (*PAGES, "/messages?q=01711200003", "/home/live", "/whatsapp/live", "/webhooks/live"):
        seen = words(bilal.get(path).text)
        for hers in (
            "1711-200003",
            "1711-200020",
            "1711-123456",
            "Rahim Store",
            "order #2417",
            "asha@example.com",
        ):
            assert hers not in seen, (path, hers)
    for number in range(1, max(scene.ids.values()) + 1):
        if number == scene.ids["bilal"]:
            continue
        assert bilal.get(f"/messages/{number}").status_code == 404
        assert bilal.get(f"/messages/{number}/live").status_code == 404


def test_bilal_changes_nothing_of_ashas(scene: Scene, shop: Stage, bilal: Tab) -> None:
    queued, unknown = scene.ids["queued"], scene.ids["unknown"]
    rows = "select count(*) from (select id, status from messages where user_id = 1 and status = :status)"
    before = [shop.value(rows, status=status) for status in ("queued", "unknown")]
    tries: list[tuple[str, dict[str, Any]]] = [
        (f"/messages/{queued}/cancel", {}),
        (f"/messages/{unknown}/settle", {"as": "sent"}),
        ("/whatsapp/devices/sales/start", {}),
        ("/whatsapp/devices/sales/delete", {}),
        ("/whatsapp/devices/sales/pairing-code", {"phone": "01711123456"}),
        ("/webhooks/deliveries/1/replay", {}),
    ]
    for path, fields in some(tries):
        assert bilal.post(path, fields).status_code == 404, path
    assert [shop.value(rows, status=status) for status in ("queued", "unknown")] == before
    assert (
        bilal.post("/send", {"phone": "01711123456", "message": "x", "device_label": "sales"}).status_code == 404
    )


def test_bilal_ends_none_of_ashas_sessions(shop: Stage, asha: Tab, bilal: Tab) -> None:
    hers = shop.value("select token_hash from sessions where user_id = 1")
    bilal.post("/settings/sessions/end", {"session": hers})
    assert asha.get("/").status_code == 200


def test_every_form_without_its_token_is_refused(scene: Scene, shop: Stage, asha: Tab) -> None:
    posts = [path for method, path in routes(shop.box) if method == "POST"]
    assert len(posts) > 15
    for path in posts:
        where = filled(path, scene)
        for body in ({}, {"_csrf": ""}, {"_csrf": "x" * 43}, {"_csrf": "আ"}):
            answer = asha.ask("POST", where, data=body)
            assert answer.status_code == 403, (path, body)
            assert answer.headers["content-security-policy"] == CSP


def test_a_strangers_login_form_needs_its_own_token(open_tab: OpenTab) -> None:
    tab = open_tab()
    answer = tab.ask("POST", "/login", data={"email": "asha@example.com", "password": "x"})
    assert answer.status_code == 403


def test_a_form_from_another_site_is_refused_even_with_the_token(asha: Tab) -> None:
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert asha.post("/settings/locale", {"language": "bn"}, headers=headers).status_code == 403
    fine = {"Origin": "http://testserver.local", "Sec-Fetch-Site": "same-origin"}
    assert asha.post("/settings/locale", {"language": "en"}, headers=fine).status_code == 303


def test_the_token_may_come_in_a_header_as_htmx_sends_it(asha: Tab) -> None:
    answer = asha.ask(
        "POST", "/send/preview", data={"message": "{Hi|Hello} there"}, headers={"X-CSRF-Token": asha.csrf}
    )
    assert answer.status_code == 200
    assert "Hi there" in answer.text and "Hello there" in answer.text


def test_get_changes_nothing(scene: Scene, shop: Stage, asha: Tab) -> None:
    for path in ("/logout", "/send", f"/messages/{scene.ids['queued']}/cancel", "/settings/key"):
        assert asha.get(path).status_code in (404, 405), path
    assert asha.get("/").status_code == 200


def test_a_name_that_is_not_ours_is_refused(chen: Tab) -> None:
    for name in ("localhost:8470", "127.0.0.1:8470", "192.168.1.20", "[::1]:8470", "raspberrypi", "shop.local"):
        assert chen.get("/login", headers={"Host": name}).status_code == 200, name
    refused = chen.get("/login", headers={"Host": "rebound.evil.example"})
    assert refused.status_code == 403
    assert "public_url" in refused.text


@pytest.mark.parametrize("path", ["/nothing", "/messages/0", "/messages/99999999999999999999", "/messages/abc"])
def test_what_is_not_there_is_a_friendly_page(asha: Tab, path: str) -> None:
    answer = asha.get(path)
    assert answer.status_code == 404
    assert "Nothing here" in answer.text
    assert answer.headers["content-security-policy"] == CSP


@pytest.mark.parametrize(("method", "path"), [("GET", "/nothing"), ("GET", "/billing"), ("PUT", "/messages")])
def test_an_address_that_leads_nowhere_knows_its_reader(asha: Tab, chen: Tab, method: str, path: str) -> None:
    """In the reader's own language, with the menu, and without a word of the API."""
    asha.post("/settings/locale", {"language": "bn"})
    answer = asha.ask(method, path, headers={"Accept-Language": "en-GB"})
    assert answer.status_code in (404, 405)
    assert (
        '<html lang="bn">' in answer.text and 'href="/campaigns"' in answer.text and "openapi" not in answer.text
    )
    stranger = chen.ask(method, path, headers={"Accept-Language": "bn-BD,bn;q=0.9,en;q=0.8"})
    assert '<html lang="bn">' in stranger.text and 'href="/campaigns"' not in stranger.text
    assert "openapi.json" in asha.get("/api/v1/nothing").text


def test_what_was_done_is_said_once_and_by_no_link_alone(asha: Tab, bilal: Tab) -> None:
    forged = "/?said=replied"
    assert "Your reply is accepted" not in words(asha.get(forged).text)
    done = asha.post("/settings/locale", {"language": "en"}).headers["location"]
    assert "said=saved" in done
    assert "Your reply is accepted" not in words(asha.get(forged).text)  # not by another's leave either
    asha.get("/pulse", headers={"HX-Request": "true"})  # a piece of another page takes nothing away
    assert "Saved." in words(asha.get(done).text)
    assert "Saved." not in words(asha.get(done).text)
    assert "Saved." not in words(bilal.get(done).text)


def test_a_wrong_method_is_a_friendly_page(asha: Tab) -> None:
    answer = asha.ask("PUT", "/messages")
    assert answer.status_code == 405
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    "query",
    [
        "?q=%00",
        "?q=%ff",
        "?cursor=-1",
        "?cursor=" + "9" * 30,
        "?since=yesterday",
        "?status=x",
        "?device=%27",
        "?until=9999-12-31",
    ],
)
def test_strange_queries_are_no_fault(asha: Tab, query: str) -> None:
    assert asha.get("/messages" + query).status_code == 200


@pytest.mark.parametrize("body", [b"\xff\xfe", b"_csrf=%00", b"a=1&" * 300, b"", b"\x00" * 100])
def test_strange_bodies_are_no_fault(asha: Tab, body: bytes) -> None:
    answer = asha.ask("POST", "/send", content=body, headers={"X-CSRF-Token": asha.csrf})
    assert answer.status_code == 422


def test_static_files_may_be_kept_for_ever_and_their_address_changes_with_them(chen: Tab) -> None:
    page = chen.get("/login").text
    addresses = re.findall(r'(?:href|src)="(/static/[^"#]+)', page)
    assert len(addresses) >= 4
    for address in addresses:
        assert "?v=" in address
        answer = chen.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:x", "", "/\n/x"]
)
def test_login_leads_only_to_pages_of_this_box(path: str) -> None:
    assert local_path(path) == "/"


def test_login_leads_back_to_where_one_was_going(scene: Scene, open_tab: OpenTab) -> None:
    tab = open_tab()
    wanted = tab.get("/messages")
    assert wanted.headers["location"] == "/login?next=/messages"
    assert local_path("/messages") == "/messages"
