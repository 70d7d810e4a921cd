"""What goes over the wire is small, whole, and tells no secret by its length."""

from __future__ import annotations

import gzip

import pytest

from tests.faces.scene import Scene
from tests.faces.tab import Tab
from wabox import packing

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")
PLAIN = {"Accept-Encoding": "identity"}
PACKED = {"Accept-Encoding": "br, gzip;q=0.8"}


def test_pages_assets_and_json_are_a_fraction_and_the_same(scene: Scene, asha: Tab) -> None:
    for path, share in (
        ("/", 0.35),
        ("/webhooks", 0.35),
        ("/static/app.css", 0.35),
        ("/static/icons.svg", 0.5),
        ("/api/v1/openapi.json", 0.2),
    ):
        plain, packed = asha.get(path, headers=PLAIN), asha.get(path, headers=PACKED)
        assert "content-encoding" not in plain.headers and plain.headers["vary"] == "Accept-Encoding", path
        assert packed.headers["content-encoding"] == "gzip", path
        assert int(packed.headers["content-length"]) < share * len(plain.content), path
        if path != "/":
            assert packed.content == plain.content, path


def test_who_takes_no_gzip_gets_none(asha: Tab) -> None:
    for takes in ("", "br", "gzip;q=0", "deflate, gzip; q=0.0"):
        assert "content-encoding" not in asha.get("/", headers={"Accept-Encoding": takes}).headers, takes


def test_a_page_is_not_packed_for_another_site(asha: Tab) -> None:
    """A site that could see the length of what it made a reader ask for would learn what stands in it."""
    for site in ("cross-site", "same-site"):
        assert "content-encoding" not in asha.get("/messages?q=guess", headers={"Sec-Fetch-Site": site}).headers
    assert "content-encoding" in asha.get("/messages", headers={"Sec-Fetch-Site": "same-origin"}).headers


def test_the_same_page_is_not_always_as_long(asha: Tab) -> None:
    lengths = {asha.get("/texts/new", headers=PACKED).headers["content-length"] for _ in range(12)}
    assert len(lengths) > 1


def test_an_asset_is_packed_once() -> None:
    body = b"one style " * 400
    before = packing._once.cache_info().hits
    assert gzip.decompress(packing._once(body)) == body
    packing._once(body)
    assert packing._once.cache_info().hits == before + 1


def test_a_head_says_what_a_get_would(asha: Tab) -> None:
    got = asha.ask("HEAD", "/static/app.css", headers=PACKED)
    assert got.status_code == 200 and got.content == b""
    assert got.headers["content-length"] == asha.get("/static/app.css", headers=PACKED).headers["content-length"]
    for path in ("/", "/login", "/contacts"):
        assert asha.ask("HEAD", path).status_code in (200, 303), path


def test_downloads_and_refusals_come_as_they_are(asha: Tab) -> None:
    assert asha.get("/contacts/export.csv", headers=PACKED).status_code == 200
    assert "content-encoding" not in asha.get("/contacts/export.csv", headers=PACKED).headers
    assert asha.get("/api/v1/nothing", headers=PACKED).status_code == 404
