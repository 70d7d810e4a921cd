"""A file in a form goes straight to its place: through no spool, and not before the form is known to be ours."""

from __future__ import annotations

import shutil
import socket
import time
from collections import namedtuple
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from litestar.handlers import HTTPRouteHandler

from tests.cast import Stage
from tests.faces.tab import Tab, words
from tests.faces.test_pages_files import PICTURE, left, put
from tests.faces.windows import served
from tests.faces.work import Work
from tests.files import pdf
from wabox import dashboard, uploads
from wabox.media import coming, store
from wabox.media.kinds import MEGABYTE
from wabox.mounting import Mount

pytestmark = [
    pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning:PIL"),
]
FILES = ("/files", "/send", "/texts", "/campaigns/new/review", "/inbox/8801711300001")
Free = namedtuple("Free", "free")


@pytest.fixture(autouse=True)
def no_spool(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody makes a file where all temporary files lie."""

    def never(*_: object, **__: object) -> None:
        raise AssertionError("a form went through a spool")

    monkeypatch.setattr("litestar.datastructures.upload_file.SpooledTemporaryFile", never)


@pytest.fixture
def limit(shop: Stage) -> int:
    """What a file may have at most, in bytes."""
    set_up = shop.box.config
    small = replace(set_up, media=replace(set_up.media, max_megabytes=1))
    object.__setattr__(shop.box, "config", small)
    return MEGABYTE


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many bytes went to the disk, piece by piece."""
    seen: list[int] = []
    write = store.Incoming.write

    def watched(self: store.Incoming, piece: bytes) -> None:
        write(self, piece)
        seen.append(len(piece))

    monkeypatch.setattr(store.Incoming, "write", watched)
    return seen


def part(name: str, text: str) -> bytes:
    return f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'.encode()


def file_part(data: bytes, name: str = "mug.png", *, field: str = "file") -> bytes:
    head = f'--x\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
    return head.encode() + b"Content-Type: image/png\r\n\r\n" + data + b"\r\n"


def send(tab: Tab, path: str, *parts: bytes, chunked: bool = False) -> tuple[int, str]:
    """A form of these parts, made by hand; what it is answered, and what a person reads then."""
    body = b"".join(parts) + b"--x--\r\n"
    pieces: Iterator[bytes] = (body[at : at + 65_536] for at in range(0, len(body), 65_536))
    kind = {"content-type": "multipart/form-data; boundary=x"}
    answer = tab.ask("POST", path, content=pieces if chunked else body, headers=kind)
    return answer.status_code, words(answer.text)


@pytest.mark.parametrize("path", FILES)
def test_a_file_over_the_limit_is_said_and_not_a_byte_of_it_is_written(
    shop: Stage, asha: Tab, work: Work, limit: int, written: list[int], path: str
) -> None:
    before = left(shop)
    typed = part("_csrf", asha.csrf) + part("message", "Come by") + part("name", "Fair")
    status, said = send(asha, path, typed, file_part(bytes(limit + 2**17)), part("phone", "01711000009"))
    assert status == 413 and "over 1 MB" in said, said
    assert written == [] and left(shop) == before
    assert path == "/files" or "Come by" in said


def test_whoever_does_not_say_how_much_comes_is_stopped_at_the_limit(
    shop: Stage, asha: Tab, limit: int, written: list[int]
) -> None:
    parts = [part("_csrf", asha.csrf), file_part(bytes(2 * limit))]
    status, said = send(asha, "/files", *parts, chunked=True)
    assert status == 413 and "over 1 MB" in said and sum(written) <= limit and left(shop) == []


def test_what_comes_after_a_refusal_is_not_listened_to_for_ever(
    shop: Stage, asha: Tab, limit: int, written: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MOST_DRAINED", 100_000)
    status, said = send(
        asha, "/send", part("_csrf", asha.csrf), part("message", "Hi"), file_part(bytes(2 * limit))
    )
    assert status == 413 and "over 1 MB" in said and "Hi" in said and written == []


def streaming() -> list[HTTPRouteHandler]:
    """Every page that reads a form itself, as one who may see it asks."""
    found: dict[str, HTTPRouteHandler] = {}
    for path, by_method in Mount(
        path="/", route_handlers=[dashboard.router(sells=True)]
    ).route_handler_method_map.items():
        handler = by_method.get("POST")
        if isinstance(handler, HTTPRouteHandler) and handler.opt.get("streams") and not handler.opt.get("public"):
            found[path] = handler
    return list(found.values())


def test_a_form_that_is_not_ours_is_refused_before_anything_is_kept(
    shop: Stage, asha: Tab, work: Work, written: list[int]
) -> None:
    paths = [path for handler in streaming() for path in handler.paths]
    assert len(paths) == 14
    for path in paths:
        path = (
            path.replace("{phone:str}", "8801711300001")
            .replace("{text_id:int}", "1")
            .replace("{plan_id:int}", "1")
        )
        for token in ("", "wrong"):
            status, said = send(asha, path, part("_csrf", token), file_part(PICTURE))
            assert status in (403, 404), (path, said)
        status, said = send(asha, path, file_part(PICTURE), part("_csrf", asha.csrf))
        assert status in (403, 404), (path, said)
        bare = asha.ask("POST", path, data={"phone": "1"})
        assert bare.status_code in (403, 404), path
    assert written == [] and left(shop) == []


def test_two_files_at_once_are_refused_and_none_is_kept(shop: Stage, asha: Tab) -> None:
    both = file_part(PICTURE) + file_part(pdf(), "bill.pdf")
    status, said = send(asha, "/send", part("_csrf", asha.csrf), part("message", "Hello"), both)
    assert status == 422 and "one file at a time" in said and "Hello" in said and left(shop) == []
    other = file_part(PICTURE, field="picture")
    assert send(asha, "/files", part("_csrf", asha.csrf), other)[0] == 422 and left(shop) == []


def test_a_form_that_is_no_form_is_refused_in_words(shop: Stage, asha: Tab) -> None:
    ours = part("_csrf", asha.csrf)
    for parts in (
        [ours, b"--x\r\nno header\r\n"],
        [ours, part("message", "a\0b")],
        [ours, b"--x\r\nno: name\r\n\r\nx\r\n"],
    ):
        status, said = send(asha, "/send", *parts)
        assert status == 422 and "could not be read" in said, said
    most = shop.box.config.limits.body_kilobytes * 1024
    many = b"".join(part(f"f{number}", "x") for number in range(600))
    assert send(asha, "/send", ours, many)[0] == 422
    status, said = send(asha, "/send", ours, part("message", "x" * most))
    assert status == 413 and "too much text" in said
    long = asha.ask("POST", "/send", data={"_csrf": asha.csrf, "message": "x" * most})
    assert long.status_code == 413 and "too much text" in words(long.text)


def test_a_full_disk_is_said_before_a_byte_is_kept(
    shop: Stage, asha: Tab, written: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = shutil.disk_usage
    monkeypatch.setattr("wabox.media.store.shutil.disk_usage", lambda _: Free(free=store.LEFT_FREE))
    answer = put(asha, "/send", PICTURE, message="Hello", phone="01711000009")
    assert answer.status_code == 503 and "The disk of the box is full" in words(answer.text)
    assert "Hello" in answer.text and written == [] and left(shop) == []
    monkeypatch.setattr("wabox.media.store.shutil.disk_usage", real)
    without = put(asha, "/send", None, message="Hello", phone="01711000009", ticket="a", keep="1")
    assert without.status_code == 303


def until(true: Callable[[], bool]) -> None:
    """Waits until it is. Fails after ten seconds."""
    ends = time.monotonic() + 10
    while not true():
        assert time.monotonic() < ends, "it did not come to that"
        time.sleep(0.01)


def test_whoever_goes_away_in_the_middle_leaves_nothing(shop: Stage, asha: Tab) -> None:
    incoming = shop.box.media / store.INCOMING

    def parts() -> list[Path]:
        return [one for one in incoming.glob("*") if one.stat().st_size]

    cookies = "; ".join(f"{name}={value}" for name, value in asha.cookies.items())
    begun = part("_csrf", asha.csrf) + file_part(bytes(300_000))[:-2]
    with served(shop.box) as address:
        host = address.removeprefix("http://")
        head = f"POST /files HTTP/1.1\r\nHost: {host}\r\nCookie: {cookies}\r\nContent-Length: 900000\r\n"
        head += "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
        with socket.create_connection(("127.0.0.1", int(host.rpartition(":")[2]))) as line:
            line.sendall(head.encode() + begun)
            until(lambda: len(parts()) == 1)
            assert len(coming._places) == 1
        until(lambda: left(shop) == [])
        until(lambda: not coming._places)
    assert shop.value("select count(*) from media") == 0
