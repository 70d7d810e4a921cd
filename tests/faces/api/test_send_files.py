"""POST /send with a file: by id, in the body, from an address; captions, kinds, limits, keys and rules."""

from __future__ import annotations

import base64
import os
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from httpx import Response

from tests.faces.api.conftest import PHONE, Api, Open
from tests.faces.api.test_media_api import left, upload
from tests.files import BAD, mp3, mp4, opus, pdf
from tests.pictures import drawn
from wabox import fetching
from wabox.billing import plans, subscriptions
from wabox.billing.plans import Terms
from wabox.content import rules
from wabox.db import Tx
from wabox.media import kinds
from wabox.media import stored as files

pytestmark = [
    pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning:PIL"),
]
PICTURE = drawn("png")


def send(api: Api, key: str | None = None, /, *, headers: Any = None, **body: Any) -> Response:
    return api.call("POST", "/send", key, json={"phone": PHONE, **body}, headers=headers or {})


def inline(data: bytes, filename: str | None = None) -> dict[str, Any]:
    given: dict[str, Any] = {"base64": base64.b64encode(data).decode()}
    return given if filename is None else {**given, "filename": filename}


def carried(api: Api, job_id: int) -> Any:
    return api.call("GET", f"/messages/{job_id}").json()["media"]


def test_a_file_goes_by_its_id_and_the_message_tells_of_it(api: Api) -> None:
    media_id = upload(api).json()["media_id"]
    answer = send(api, message="Your bill, {name:friend}", media={"id": media_id})
    assert answer.status_code == 202, answer.text
    job_id = answer.json()["job_id"]
    told = {"media_id": media_id, "kind": "document", "filename": "bill.pdf", "bytes": len(pdf())}
    found = api.call("GET", f"/messages/{job_id}").json()
    assert (found["message"], found["media"]) == ("Your bill, friend", told)
    assert api.call("GET", "/messages").json()["data"][0]["media"] == told
    assert api.call("GET", f"/media/{media_id}").json()["in_use"] is True
    assert api.call("DELETE", f"/media/{media_id}").json()["code"] == "in_use"
    plain = api.send()
    assert carried(api, plain.json()["job_id"]) is None
    assert api.call("POST", f"/messages/{job_id}/cancel").json()["media"] == told
    assert api.call("DELETE", f"/media/{media_id}").status_code == 204
    assert carried(api, job_id) == told


def test_the_filter_reads_the_name_that_this_message_gives(open_api: Open) -> None:
    api = open_api(accounts={"registration": "open"})
    assert send(api, media=inline(pdf(), "bill.pdf")).status_code == 202

    def add(tx: Tx) -> None:
        draft = rules.Draft(kind="word", text="quick loan", action="refuse", reason="No loans.")
        rules.add(tx, draft, by=rules.Actor(api.stage.asha.id, "127.0.0.1"), now=api.stage.hands.now())

    api.stage.box.db.write_now(add)
    answer = send(api, media=inline(pdf(), "quick loan.pdf"))
    assert (answer.status_code, answer.json()["code"]) == (422, "content_refused")
    assert send(api, media=inline(pdf(), "bill-2.pdf")).status_code == 202


def test_a_file_comes_in_the_body_and_is_kept_once(api: Api) -> None:
    first = send(api, media=inline(PICTURE, "mug.png"))
    again = send(api, message="", media=inline(PICTURE, "cup.png"))
    assert (first.status_code, again.status_code) == (202, 202), first.text
    found = carried(api, first.json()["job_id"])
    assert found == {"media_id": 1, "kind": "image", "filename": "mug.png", "bytes": len(PICTURE)}
    assert carried(api, again.json()["job_id"]) == {**found, "filename": "cup.png"}
    assert api.call("GET", "/media/1/content").content == PICTURE
    as_url = {"base64": "data:image/png;base64," + base64.encodebytes(PICTURE).decode()}
    assert send(api, media=as_url).status_code == 202
    assert api.stage.value("select group_concat(text, '|') from messages") == "||"


@pytest.mark.parametrize(
    ("data", "how", "kind"),
    [
        (PICTURE, {}, "image"),
        (PICTURE, {"as_document": True}, "document"),
        (mp4(), {}, "video"),
        (mp3(), {}, "audio"),
        (opus(), {}, "voice"),
        (opus(), {"voice": True}, "voice"),
        (opus(), {"voice": False}, "audio"),
        (opus(), {"as_document": True}, "document"),
        (pdf(), {}, "document"),
    ],
)
def test_it_goes_as_what_it_is_or_as_was_said(api: Api, data: bytes, how: dict[str, Any], kind: str) -> None:
    answer = send(api, media=inline(data), **how)
    assert answer.status_code == 202, answer.text
    assert carried(api, answer.json()["job_id"])["kind"] == kind
    assert api.stage.value("select media_kind from messages") == kind


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"media": inline(PICTURE), "voice": True}, "voice_needs_opus", "voice"),
        ({"media": inline(opus()), "voice": True, "as_document": True}, "invalid", "voice"),
        ({"media": inline(opus()), "message": "Listen"}, "no_text_with_sound", "message"),
        ({"media": inline(mp3()), "message": "Listen"}, "no_text_with_sound", "message"),
        ({"media": inline(PICTURE), "message": "x" * 1_025}, "caption_too_long", "message"),
        ({"media": inline(PICTURE), "message": "{name:" + "x" * 1_025 + "}"}, "caption_too_long", "message"),
        ({"media": inline(PICTURE), "message": "{nmae}"}, "bad_template", "message"),
        ({"media": {"base64": "?"}}, "bad_base64", "media.base64"),
        ({"media": {"base64": ""}}, "bad_file", "media"),
        ({"media": inline(BAD["program.png"][0], "a.png")}, "bad_file", "media"),
        ({"media": inline(BAD["page behind.png"][0], "a.png")}, "bad_file", "media"),
        ({"media": {}}, "invalid", "media"),
        ({"media": {"id": 1, "base64": "AA=="}}, "invalid", "media"),
        ({"media": {"id": 1, "filename": "x"}}, "invalid", "media.filename"),
        ({"media": {"path": "/etc/passwd"}}, "invalid", "media.path"),
        ({"media": 1}, "invalid", "media"),
        ({"message": "Hi", "as_document": True}, "invalid", "as_document"),
        ({"message": "Hi", "voice": False}, "invalid", "voice"),
        ({"message": " "}, "message_empty", "message"),
        ({}, "message_or_template_id", "message"),
    ],
)
def test_what_cannot_go_is_refused_in_words_and_leaves_nothing(
    api: Api, body: dict[str, Any], code: str, field: str
) -> None:
    answer = send(api, **body)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert answer.json()["details"][field]
    assert left(api) == [] and api.count("media") == 0 and api.count("messages") == 0


def test_without_ffmpeg_other_sound_is_no_voice_note(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    answer = send(api, media=inline(mp3()), voice=True)
    assert (answer.status_code, answer.json()["code"]) == (422, "voice_needs_opus")
    assert "ffmpeg -i" in answer.json()["error"] and left(api) == []


def test_what_is_over_the_plans_megabytes_is_refused_and_leaves_nothing(open_api: Open) -> None:
    api = open_api(billing={"enabled": True})

    def sell(tx: Tx) -> None:
        now, terms = api.stage.hands.now(), Terms("Small", 1, "BDT", 30, None, daily_megabytes=1)
        subscriptions.begin(tx, api.stage.bilal.id, plans.create(tx, terms, now=now), now=now)
        tx.run("update media set user_id = :bilal, bytes = 1048576", bilal=api.stage.bilal.id)

    upload(api, PICTURE)
    api.stage.box.db.write_now(sell)
    before = left(api)
    body = {"phone": "8801711000001", "media": inline(pdf())}
    answer = api.call("POST", "/send", json=body, key=api.stage.bilal.key)
    assert (answer.status_code, answer.json()["code"]) == (422, "plan_megabytes")
    assert "0 MB are left" in answer.json()["error"] and left(api) == before
    answer = upload(api, pdf(), key=api.stage.bilal.key)
    assert (answer.status_code, answer.json()["code"]) == (422, "plan_megabytes")
    body["media"] = {"id": 1}
    answer = api.call("POST", "/send", json=body, key=api.stage.bilal.key)
    assert answer.json().get("code") != "plan_megabytes"
    assert upload(api, pdf()).status_code == 201


def test_caption_is_judged_after_it_is_filled_in(api: Api) -> None:
    body: dict[str, Any] = {"message": "{order}", "variables": {"order": "x" * 1_024}, "media": inline(PICTURE)}
    assert send(api, **body).status_code == 202
    body["message"] = "{order}!"
    assert send(api, **body).json()["code"] == "caption_too_long"


def test_a_stored_text_goes_as_the_caption(api: Api) -> None:
    made = api.call("POST", "/templates", json={"name": "Bill", "message": "Bill {order}"}).json()
    answer = send(api, template_id=made["id"], variables={"order": "7"}, media=inline(pdf()))
    assert answer.status_code == 202
    assert api.stage.value("select text from messages") == "Bill 7"


def test_more_than_whatsapp_takes_of_a_kind_is_said_before_it_is_queued(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(kinds.MOST_OF, "image", 10)
    answer = send(api, media=inline(PICTURE))
    assert (answer.status_code, answer.json()["code"]) == (422, "file_too_large")
    assert "as a document" in answer.json()["error"] and left(api) == []
    assert send(api, media=inline(PICTURE), as_document=True).status_code == 202


def test_another_users_file_is_not_there(api: Api) -> None:
    media_id = upload(api).json()["media_id"]
    api.link(api.stage.bilal.device_id)
    theirs = send(api, api.stage.bilal.key, media={"id": media_id})
    missing = send(api, api.stage.bilal.key, media={"id": 999})
    assert theirs.status_code == missing.status_code == 404 and theirs.json() == missing.json()
    assert api.count("messages") == 0


def test_refused_for_another_reason_the_file_is_not_kept(api: Api) -> None:
    answer = send(api, media=inline(PICTURE), device_label="nobody")
    assert answer.status_code == 404 and left(api) == [] and api.count("media") == 0


def test_same_key_and_file_is_one_message(api: Api) -> None:
    key = {"Idempotency-Key": "order-7"}
    first = send(api, headers=key, media=inline(PICTURE))
    second = send(api, headers=key, media=inline(PICTURE))
    assert first.json() == second.json() and second.headers["Idempotent-Replayed"] == "true"
    assert send(api, headers=key, media=inline(pdf())).status_code == 409
    assert api.count("messages") == 1 and len(left(api)) == 2  # with its small picture


def test_name_of_a_file_is_judged_with_the_text(open_api: Open) -> None:
    api = open_api(accounts={"registration": "open"})

    def verb(tx: Tx) -> None:
        draft = rules.Draft(kind="word", text="quick loan", action="refuse", reason="No loans.")
        rules.add(tx, draft, by=rules.Actor(api.stage.asha.id, "127.0.0.1"), now=api.stage.hands.now())

    api.stage.box.db.write_now(verb)
    answer = send(api, media=inline(pdf(), "Quick loan.pdf"))
    assert (answer.status_code, answer.json()["code"]) == (422, "content_refused"), answer.text
    assert left(api) == []
    assert send(api, media=inline(pdf(), "bill.pdf")).status_code == 202


class Shelf(BaseHTTPRequestHandler):
    """Gives files out, and leads on."""

    files: dict[str, bytes] = {}
    asked: list[str] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path.startswith("/to?"):
            self.send_response(302)
            self.send_header("Location", self.path[4:])
            self.end_headers()
            return
        body = self.files.get(self.path)
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(body or b"a secret of the shop's network")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def shelf() -> Iterator[str]:
    Shelf.files, Shelf.asked = {"/bills/bill%207.pdf": pdf(), "/big": pdf() + b" " * 1_100_000}, []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Shelf)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def shop(open_api: Open, shelf: str) -> Api:
    """A box that may reach the shelf."""
    return open_api(webhooks={"allow": [shelf.removeprefix("http://")]}, media={"max_megabytes": 1})


def test_the_same_bytes_go_by_the_name_that_each_message_gives(open_api: Open, shelf: str) -> None:
    api = shop(open_api, shelf)
    for name in ("bill-1001.pdf", "bill-1002.pdf", "bill-1001.pdf", None):
        assert send(api, media=inline(pdf(), name)).status_code == 202
    link = {"url": f"{shelf}/bills/bill%207.pdf"}
    for given in (link, {**link, "filename": "bill-1007.pdf"}):
        assert send(api, media=given).status_code == 202
    rows = api.stage.box.db.read_here(
        lambda rows: [
            (one["id"], files.file_of(rows, api.stage.box.media, one["media_id"], "document", one["media_name"]))
            for one in rows.all("select id, media_id, media_name from messages order by id")
        ]
    )
    sent = ["bill-1001.pdf", "bill-1002.pdf", "bill-1001.pdf", "bill-1001.pdf"]
    assert [file and file.filename for _, file in rows][:4] == sent
    assert [carried(api, one)["filename"] for one, _ in rows] == [file and file.filename for _, file in rows]
    assert [carried(api, one)["filename"] for one, _ in rows][-1] == "bill-1007.pdf"
    assert [one["filename"] for one in api.call("GET", "/media").json()["data"]][-1] == "bill-1001.pdf"
    path = api.call("POST", "/templates", json={"name": "T", "media": inline(pdf(), "list.pdf")}).json()
    assert path["media"]["filename"] == "list.pdf"
    changed = api.call("PATCH", f"/templates/{path['id']}", json={"as_document": True, "message": "Here"})
    assert changed.json()["media"]["filename"] == "list.pdf"
    job = send(api, template_id=path["id"]).json()["job_id"]
    assert carried(api, job)["filename"] == "list.pdf"


@pytest.mark.enable_socket
def test_a_file_is_fetched_from_an_address_before_the_answer(open_api: Open, shelf: str) -> None:
    api = shop(open_api, shelf)
    key = {"Idempotency-Key": "bill-7"}
    where = {"url": f"{shelf}/to?/to?{shelf}/bills/bill%207.pdf"}
    answer = send(api, headers=key, media=where)
    assert answer.status_code == 202, answer.text
    assert carried(api, answer.json()["job_id"])["filename"] == "bill 7.pdf"
    assert len(Shelf.asked) == 3
    assert send(api, headers=key, media=where).headers["Idempotent-Replayed"] == "true"
    assert len(Shelf.asked) == 3, "a repeated request fetches nothing"


@pytest.mark.enable_socket
@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/nothing", "url_failed"),
        ("/to?/to?/to?/to?/bills/bill%207.pdf", "url_failed"),
        ("/to?http://127.0.0.1:1/x", "bad_url"),
        ("/to?http://169.254.169.254/latest/meta-data", "bad_url"),
        ("/to?http://[::1]:80/x", "bad_url"),
        ("/to?http://2130706433/x", "bad_url"),
        ("/to?http://10.0.0.1/x", "bad_url"),
        ("/to?file:///etc/passwd", "bad_url"),
        ("/to?ftp://10.0.0.1/x", "bad_url"),
        ("/to?http://user:word@10.0.0.1/", "bad_url"),
        ("/to?http://[bad/", "bad_url"),
    ],
)
def test_every_redirect_is_judged_anew(open_api: Open, shelf: str, path: str, code: str) -> None:
    api = shop(open_api, shelf)
    answer = send(api, media={"url": shelf + path})
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert "secret" not in answer.text and answer.json()["details"]["media.url"]
    assert left(api) == [] and api.count("messages") == 0


@pytest.mark.enable_socket
def test_too_large_and_wrong_a_file_is_not_taken_from_an_address_either(open_api: Open, shelf: str) -> None:
    api = shop(open_api, shelf)
    assert send(api, media={"url": f"{shelf}/big"}).status_code == 413
    Shelf.files["/page.png"] = b"<html><script>alert(1)</script>"
    assert send(api, media={"url": f"{shelf}/page.png"}).json()["code"] == "bad_file"
    assert left(api) == []


@pytest.mark.enable_socket
def test_the_box_itself_is_no_address(api: Api, shelf: str) -> None:
    for url in (f"{shelf}/bills/bill%207.pdf", "http://localhost:8470/", "http://0.0.0.0/", "gopher://x/", "x"):
        answer = send(api, media={"url": url})
        assert answer.status_code == 422, url
    assert Shelf.asked == []


@pytest.mark.enable_socket
def test_a_name_that_means_this_machine_is_refused(
    open_api: Open, shelf: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wabox.webhooks.lookups.addresses", lambda host, port: ["93.184.216.34", "127.0.0.1"])
    api = open_api()
    answer = send(api, media={"url": "http://rebind.example:8080/a.pdf"})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_url") and Shelf.asked == []


@pytest.mark.enable_socket
def test_a_slow_address_is_given_up(open_api: Open, shelf: str, monkeypatch: pytest.MonkeyPatch) -> None:
    hasty = fetching.Patience(connect=0.2, first=0.2, total=0.4)
    monkeypatch.setattr(
        fetching.fetch, "__kwdefaults__", {**(fetching.fetch.__kwdefaults__ or {}), "patience": hasty}
    )

    def stall(self: Shelf) -> None:
        self.rfile.read(1)

    monkeypatch.setattr(Shelf, "do_GET", stall)
    api = shop(open_api, shelf)
    answer = send(api, media={"url": f"{shelf}/bills/bill%207.pdf"})
    assert (answer.status_code, answer.json()["code"]) == (422, "url_failed"), answer.text


FFMPEG = """#!{python}
import pathlib, sys
words = sys.argv
assert "-nostdin" in words and words[words.index("-protocol_whitelist") + 1] == "file"
given = pathlib.Path(words[words.index("-i") + 1]).read_bytes()
assert given.startswith(b"ID3") and words[words.index("-f") + 1] == "mp3"
if b"broken" in given:
    sys.exit(1)
pathlib.Path(words[-1]).write_bytes(bytes.fromhex("{opus}"))
"""


@pytest.fixture
def ffmpeg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine has one; this one makes the same note of everything."""
    program = tmp_path / "bin" / "ffmpeg"
    program.parent.mkdir()
    program.write_text(FFMPEG.format(python=sys.executable, opus=opus().hex()))
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")


@pytest.mark.usefixtures("ffmpeg")
def test_where_there_is_ffmpeg_other_sound_becomes_a_voice_note(api: Api) -> None:
    answer = send(api, media=inline(mp3(), "hello.mp3"), voice=True)
    assert answer.status_code == 202, answer.text
    told = {"media_id": 1, "kind": "voice", "filename": "hello.ogg", "bytes": len(opus())}
    assert carried(api, answer.json()["job_id"]) == told
    assert api.call("GET", "/media/1/content").content == opus()
    song = upload(api, mp3(50), "song.mp3").json()["media_id"]
    again = send(api, media={"id": song}, voice=True)
    assert carried(api, again.json()["job_id"])["media_id"] == 1, "the same note is the same file"
    assert carried(api, send(api, media={"id": song}).json()["job_id"])["kind"] == "audio"
    assert send(api, media=inline(pdf()), voice=True).json()["code"] == "voice_needs_opus"
    theirs = send(api, api.stage.bilal.key, media={"id": song}, voice=True)
    assert theirs.status_code == 404


@pytest.mark.usefixtures("ffmpeg")
def test_sound_that_cannot_be_converted_leaves_nothing(api: Api) -> None:
    answer = send(api, media=inline(mp3() + b"broken"), voice=True)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_file"), answer.text
    assert left(api) == [] and api.count("messages") == 0


@pytest.mark.parametrize(
    "url", ["http://", "http://user:word@shop.example/a.pdf", "https://shop.example:99999/a.pdf"]
)
def test_what_is_wrong_with_an_address_is_said_in_words_of_files(open_api: Open, url: str) -> None:
    answer = send(open_api(), media={"url": url})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_url"), answer.text
    assert not {"webhook", "wabox", "signature"} & set(
        answer.text.lower().replace("/", " ").replace(".", " ").split()
    )
