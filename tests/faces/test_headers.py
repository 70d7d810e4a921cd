"""What every answer carries, whoever asks for what; and by which names the box answers."""

from __future__ import annotations

import asyncio
import contextlib
import io
import ssl
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from tests import webs
from tests.cast import Stage, stage
from tests.faces.api.serving import serving
from tests.faces.tab import tags
from tests.some import some

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

PUBLIC = "https://wabox.shop.example"
PROXY = "10.0.0.2"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Stage]:
    made = stage(tmp_path, server={"public_url": PUBLIC, "trusted_proxies": [PROXY]})
    yield made
    made.close()


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Stage]:
    made = stage(tmp_path)
    yield made
    made.close()


def ask(made: Stage, method: str, path: str, client: str = "127.0.0.1", **headers: str) -> httpx.Response:
    """The answer to somebody who connects from there, as the server would give it."""
    proxies = list(made.box.config.server.trusted_proxies)

    async def call(web: Any) -> httpx.Response:
        if proxies:
            web = ProxyHeadersMiddleware(web, trusted_hosts=proxies)
        transport = httpx.ASGITransport(app=web, client=(client, 40_000))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8470") as http:
            sent = {name.replace("_", "-"): value for name, value in headers.items()}
            return await http.request(method, path, headers=sent)

    with webs.web(made.box) as web:
        return asyncio.run(call(web))


KINDS = [
    ("GET", "/api/v1/devices", 200),
    ("HEAD", "/api/v1/devices", 200),
    ("OPTIONS", "/api/v1/send", 204),
    ("GET", "/api/v1/openapi.json", 200),
    ("GET", "/api/v1/nowhere", 404),
    ("GET", "/api/v1/messages/99", 404),
    ("DELETE", "/api/v1/send", 405),
    ("POST", "/api/v1/send", 422),
    ("GET", "/healthz", 200),
    ("GET", "/readyz", 503),
    ("GET", "/metrics", 200),
    ("GET", "/login", 200),
    ("GET", "/messages", 303),
    ("POST", "/login", 403),
    ("GET", "/nowhere", 404),
]


@pytest.mark.parametrize(("method", "path", "status"), KINDS)
def test_no_answer_is_kept_or_guessed_at(bare: Stage, method: str, path: str, status: int) -> None:
    answer = ask(bare, method, path, X_API_Key=bare.asha.key)
    assert answer.status_code == status
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    ["/api/v1/devices", "/api/v1/nowhere", "/healthz", "/metrics", "/login", "/messages", "/static/app.css"],
)
def test_head_answers_as_get_does_without_its_body(bare: Stage, path: str) -> None:
    head, whole = (ask(bare, method, path, X_API_Key=bare.asha.key) for method in ("HEAD", "GET"))
    assert head.status_code == whole.status_code
    assert (head.content, head.headers["content-type"]) == (b"", whole.headers["content-type"])
    assert "content-length" in head.headers


def test_a_head_leaves_its_connection_to_the_next_request(bare: Stage, caplog: pytest.LogCaptureFixture) -> None:
    with serving(bare) as address, contextlib.closing(HTTPConnection(address.removeprefix("http://"))) as line:
        for path in some(["/healthz", "/login", "/static/app.css", "/api/v1/devices"]):
            line.request("HEAD", path, headers={"X-API-Key": bare.asha.key})
            head = line.getresponse()
            assert head.read() == b""
            there = line.sock
            line.request("GET", path, headers={"X-API-Key": bare.asha.key})
            whole = line.getresponse()
            assert len(whole.read()) == int(head.headers["content-length"]), path
            assert line.sock is there, path
    assert [one.message for one in caplog.records if one.levelname == "ERROR"] == []


def test_head_of_what_only_a_post_does_is_refused(bare: Stage) -> None:
    assert ask(bare, "HEAD", "/api/v1/send", X_API_Key=bare.asha.key).status_code == 405


def test_a_fault_carries_the_same(bare: Stage) -> None:
    bare.box.db.write_now(lambda tx: tx.run("alter table devices rename to gone"))
    answer = ask(bare, "GET", "/api/v1/devices", X_API_Key=bare.asha.key)
    bare.box.db.write_now(lambda tx: tx.run("alter table gone rename to devices"))
    assert answer.status_code == 500
    assert (answer.headers["cache-control"], answer.headers["x-content-type-options"]) == ("no-store", "nosniff")


def test_what_never_changes_may_still_be_kept(bare: Stage) -> None:
    answer = ask(bare, "GET", "/static/app.css")
    assert answer.status_code == 200
    assert "max-age=31536000" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(("path", "key"), [("/api/v1/devices", ""), ("/api/v1/devices", "wbx_wrong")])
def test_who_is_not_known_is_told_how_to_say_who_they_are(bare: Stage, path: str, key: str) -> None:
    answer = ask(bare, "GET", path, X_API_Key=key)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="wabox"'
    assert ask(bare, "GET", path, Authorization=f"Bearer {bare.asha.key}").status_code == 200


@pytest.mark.parametrize(("method", "path", "status"), KINDS)
def test_a_browser_that_came_by_https_comes_so_for_a_year(
    shop: Stage, method: str, path: str, status: int
) -> None:
    behind = {"X_API_Key": shop.asha.key, "X_Forwarded_Proto": "https", "X_Forwarded_For": "203.0.113.9"}
    answer = ask(shop, method, path, PROXY, **behind)
    assert answer.status_code in (status, 404)  # /metrics is not for others
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


def test_only_a_trusted_proxy_says_that_it_was_https(shop: Stage, tmp_path: Path) -> None:
    bare, https = stage(tmp_path / "bare"), {"X_Forwarded_Proto": "https"}
    for made, client in ((shop, "10.0.0.3"), (bare, PROXY), (bare, "127.0.0.1")):
        assert "strict-transport-security" not in ask(made, "GET", "/login", client, **https).headers
    bare.close()
    assert "strict-transport-security" not in ask(shop, "GET", "/login", PROXY).headers


@pytest.mark.parametrize("path", ["/api/v1/devices", "/api/v1/openapi.json", "/login", "/metrics"])
def test_a_strange_name_opens_nothing(shop: Stage, path: str) -> None:
    for name in ("evil.example", "wabox.shop.example.evil.example", "127.0.0.1.evil.example:8470", "[::1"):
        assert ask(shop, "GET", path, Host=name, X_API_Key=shop.asha.key).status_code == 403, name
    names = (
        "127.0.0.1:8470",
        "localhost:8470",
        "LOCALHOST",
        "wabox.shop.example",
        "[::1]:8470",
        "pi.local",
        "box",
    )
    for name in some(names):
        assert ask(shop, "GET", path, Host=name, X_API_Key=shop.asha.key).status_code == 200, name


def test_a_strange_name_is_refused_before_the_key_is_looked_at(shop: Stage) -> None:
    answer = ask(shop, "GET", "/api/v1/devices", Host="evil.example", X_API_Key="wrong")
    assert (answer.status_code, answer.json()["code"]) == (403, "unknown_host")
    assert "[server] public_url" in answer.json()["error"]


@pytest.mark.parametrize(("method", "path"), [(method, path) for method, path, _ in KINDS])
def test_no_answer_is_for_another_sites_scripts(bare: Stage, method: str, path: str) -> None:
    asks = {"Origin": "https://evil.example", "Access_Control_Request_Method": "POST"}
    for verb in (method, "OPTIONS"):
        answer = ask(bare, verb, path, X_API_Key=bare.asha.key, **asks)
        assert [name for name in answer.headers if name.startswith("access-control-")] == []


TEXTS = ["/static/app.js", "/static/app.css", "/static/icons.svg", "/login", "/nowhere", "/docs", "/metrics"]


@pytest.mark.parametrize("path", TEXTS)
def test_every_text_says_its_alphabet(bare: Stage, path: str) -> None:
    kind = ask(bare, "GET", path).headers["content-type"]
    assert kind.startswith("text/") or "xml" in kind
    assert "charset=utf-8" in kind


def test_nothing_beside_the_static_files_is_served(bare: Stage) -> None:
    for path in ("/.git/config", "/static/../app.py", "/static/%2e%2e/answers.py", "/static//etc/passwd"):
        assert ask(bare, "GET", path).status_code == 404, path


def test_a_password_is_typed_unseen_and_may_be_pasted(bare: Stage) -> None:
    page = ask(bare, "GET", "/login").text
    fields = [attrs for tag, attrs in tags(page) if tag == "input" and attrs.get("name") == "password"]
    assert [one["type"] for one in fields] == ["password"]
    assert fields[0]["autocomplete"] == "current-password" and "onpaste" not in fields[0]


def test_no_old_tls_is_spoken_outwards() -> None:
    for context in (httpx.create_ssl_context(), ssl.create_default_context()):
        assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
        assert context.verify_mode == ssl.CERT_REQUIRED


# -- as an app on a home screen ------------------------------------------------------------------------


def test_the_app_says_truly_what_it_is(shop: Stage) -> None:
    page = ask(shop, "GET", "/login")
    links = {attrs.get("rel"): attrs["href"] for tag, attrs in tags(page.text) if tag == "link"}
    address = str(links["manifest"])
    told = ask(shop, "GET", address)
    assert told.headers["content-type"].startswith("application/manifest+json")
    assert "manifest-src 'self'" in page.headers["content-security-policy"]
    found = told.json()
    drawn = [one for one in found["icons"] if one["type"] == "image/png"]
    assert {one["sizes"] for one in drawn} == {"192x192", "512x512"}
    icons = [(f"/static/{one['src']}", one["sizes"]) for one in drawn]
    for path, size in some([*icons, (str(links["apple-touch-icon"]), "180x180")]):
        icon = ask(shop, "GET", path)
        assert icon.headers["content-type"] == "image/png"
        with Image.open(io.BytesIO(icon.content)) as image:
            assert "{}x{}".format(*image.size) == size
    for entry in some(found["shortcuts"]):
        assert ask(shop, "GET", entry["url"]).status_code == 303  # to the log-in, and not to nowhere
