"""Requests no browser makes: broken host names, forms in no alphabet. Each is refused in words."""

from __future__ import annotations

import pytest

from tests.faces.tab import Tab

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

UPLOAD = "/contacts/import"


@pytest.mark.parametrize("host", ["[", "[::1", "name:99999999", "a.b]:1", "shop.local:x"])
@pytest.mark.parametrize("path", ["/", "/login", "/docs", "/metrics", "/nowhere", "/api/v1/devices"])
def test_a_host_that_is_no_host_is_refused_in_words(asha: Tab, path: str, host: str) -> None:
    answer = asha.get(path, headers={"Host": host})
    assert answer.status_code in (401, 403, 404)
    assert answer.text


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "]", "http://a:b:c"])
def test_an_origin_that_is_no_address_is_somebody_elses(asha: Tab, origin: str) -> None:
    answer = asha.post("/settings/locale", {"language": "en"}, headers={"Origin": origin})
    assert answer.status_code == 403


def _part(name: str, value: bytes, kind: bytes = b"") -> bytes:
    head = b'--x\r\nContent-Disposition: form-data; name="' + name.encode() + b'"\r\n'
    return head + kind + b"\r\n" + value + b"\r\n"


@pytest.mark.parametrize(
    "part",
    [
        _part("note", b"\xff\xfe"),
        _part("note", b"abc", b"Content-Type: text/plain; charset=klingon\r\n"),
        _part("note", b"\\ud800", b"Content-Type: text/plain; charset=unicode_escape\r\n"),
        _part("note", b"abc", b"Content-Type: text/plain; charset=base64\r\n"),
        _part('f"; filename="\udcff.csv'.encode("utf-8", "surrogateescape").decode("latin-1"), b"phone\n"),
    ],
)
@pytest.mark.parametrize("by_header", [1, 0])
def test_an_upload_in_no_alphabet_is_refused_in_words(asha: Tab, part: bytes, by_header: int) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    if by_header:
        headers["X-CSRF-Token"] = asha.csrf
    body = _part("_csrf", asha.csrf.encode()) + part + b"--x--\r\n"
    answer = asha.ask("POST", UPLOAD, content=body, headers=headers)
    assert answer.status_code == 422
    assert answer.text
