"""PHP, Node, Python, cURL and wget as they are, against a box as it is served."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.clients.programs import Ask, Client, Got, Kind, Wget, need, run
from tests.files import pdf
from tests.journeys.box import Shop

PERSON = "8801711000001"
TEXT = {"phone": PERSON, "message": "Hi {name:friend}", "queue_if_offline": True}
PAGES = [
    "/healthz",
    "/docs",
    "/login",
    "/api/v1/openapi.json",
    "/api/v1/messages",
    "/api/v1/devices",
    "/api/v1/nothing",
]

BY_CHANCE = {"connection", "keep-alive", "set-cookie", "transfer-encoding"}
FRESH = {"date", "content-security-policy", "etag", "content-length"}


def ask(
    box: Shop, client: Client, method: str, path: str, kind: Kind = "none", body: Any = None, **more: Any
) -> Got:
    """One request with the key; what the client cannot make is skipped."""
    if kind not in client.kinds:
        pytest.skip(f"this client makes no body of this kind: {kind}")
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    headers = {"X-API-Key": box.http.headers["X-API-Key"], **more.pop("headers", {})}
    url = f"http://127.0.0.1:{box.port}{path}"
    return client.ask(Ask(method, url, headers, kind, content, more.get("file", "")))


def send(box: Shop, client: Client, kind: Kind = "json", body: Any = None, **headers: str) -> Got:
    return ask(box, client, "POST", "/api/v1/send", kind, TEXT if body is None else body, headers=headers)


def said(box: Shop, got: Got) -> str:
    """What the person would read of the message that this answer tells of."""
    assert got.status == 202, got.body
    text: str = box.message(got.json["job_id"])["message"]
    return text


def count(box: Shop) -> int:
    total: int = box.get("/messages")["total"]
    return total


def test_a_text_is_sent(box: Shop, client: Client) -> None:
    assert said(box, send(box, client)) == "Hi friend"


@pytest.mark.parametrize("text", ["{order} a|b {", 'Überweisung \'n "q" \\ / 50 %', "বন্ধুরা, ছাড় আছে 🎉\nকাল"])
def test_a_plain_text_is_sent_letter_for_letter(box: Shop, client: Client, text: str) -> None:
    assert said(box, send(box, client, body={**TEXT, "message": text, "plain": True})) == text


def test_a_file_is_uploaded_in_parts_and_goes_with_a_text(box: Shop, client: Client, tmp_path: Path) -> None:
    paper = tmp_path / "শাড়ি 1.pdf"
    paper.write_bytes(pdf("a saree"))
    got = ask(box, client, "POST", "/api/v1/media", "file", file=str(paper))
    assert got.status in (200, 201), got.body
    assert got.json["filename"] == paper.name
    media = {"media": {"id": got.json["media_id"]}}
    sent = send(box, client, body={**TEXT, **media, "message": "New in"})
    assert box.message(sent.json["job_id"])["media"]["filename"] == paper.name


def test_a_file_of_megabytes_is_taken(box: Shop, client: Client, tmp_path: Path) -> None:
    large = tmp_path / "large.pdf"
    large.write_bytes(pdf("x" * 3_000_000))
    got = ask(box, client, "POST", "/api/v1/media", "file", file=str(large))
    assert got.status in (200, 201), got.body
    assert got.json["bytes"] == large.stat().st_size


def test_a_list_is_filtered(box: Shop, client: Client) -> None:
    body = {**TEXT, "message": "Filter বাংলা & more", "plain": True}
    job = send(box, client, body=body).json["job_id"]
    query = "status=Queued&phone=%2B880+1711-000001&q=%E0%A6%AC%E0%A6%BE%E0%A6%82%E0%A6%B2%E0%A6%BE&per_page=1"
    got = ask(box, client, "GET", f"/api/v1/messages?{query}")
    assert [one["job_id"] for one in got.json["data"]] == [job]
    assert ask(box, client, "GET", "/api/v1/messages?status=failed").json["total"] == 0


def test_an_unknown_or_repeated_parameter_is_named(box: Shop, client: Client) -> None:
    got = ask(box, client, "GET", "/api/v1/messages?colour=red")
    assert (got.status, list(got.json["details"])) == (422, ["colour"])
    got = ask(box, client, "GET", "/api/v1/messages?status=queued&status=sent")
    assert (got.status, list(got.json["details"])) == (422, ["status"])
    got = ask(box, client, "GET", "/api/v1/messages?status=flying")
    assert got.status == 422 and "queued" in got.json["details"]["status"]


@pytest.mark.parametrize("path", PAGES)
def test_head_is_get_without_a_body(box: Shop, client: Client, path: str) -> None:
    got, head = (ask(box, client, method, path) for method in ("GET", "HEAD"))
    assert (head.status, head.body) == (got.status, b"")
    assert _lasting(head) == _lasting(got)
    assert head.headers["content-type"] and head.headers.keys() - BY_CHANCE == got.headers.keys() - BY_CHANCE


def _lasting(got: Got) -> dict[str, str]:
    """Without what is another each time. Node's fetch wants a HEAD's connection closed."""
    return {name: value for name, value in got.headers.items() if name not in BY_CHANCE | FRESH}


@pytest.mark.parametrize("kind", ["form", "parts"])
def test_a_form_is_refused_in_a_sentence_and_sends_nothing(box: Shop, client: Client, kind: Kind) -> None:
    before = count(box)
    got = send(box, client, kind, f"phone={PERSON}&message=Hello".encode())
    assert got.status == 422, got.body
    assert "form" in got.json["error"] and "JSON" in got.json["error"]
    assert count(box) == before


def test_a_packed_body_is_read(box: Shop, client: Client) -> None:
    packed = gzip.compress(json.dumps(TEXT).encode())
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    assert said(box, send(box, client, "raw", packed, **headers)) == "Hi friend"


def test_a_body_with_a_mark_before_it_is_read(box: Shop, client: Client) -> None:
    body = b"\xef\xbb\xbf" + json.dumps(TEXT).encode()
    assert said(box, send(box, client, "raw", body, **{"Content-Type": "application/json"})) == "Hi friend"


@pytest.mark.parametrize(
    "kind",
    [
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
        "APPLICATION/JSON",
        "application/vnd.api+json",
        "text/plain;charset=UTF-8",
        "text/json",
    ],
)
def test_json_is_read_whatever_it_is_called(box: Shop, client: Client, kind: str) -> None:
    body = json.dumps({**TEXT, "message": "বাংলা"}, ensure_ascii=False).encode()
    assert said(box, send(box, client, "raw", body, **{"Content-Type": kind})) == "বাংলা"


def test_a_body_in_chunks_is_read(box: Shop, client: Client) -> None:
    body = json.dumps(TEXT).encode()
    assert said(box, send(box, client, "chunked", body, **{"Content-Type": "application/json"})) == "Hi friend"


def test_who_expects_to_be_told_to_go_on_is(box: Shop, client: Client, request: pytest.FixtureRequest) -> None:
    if request.node.callspec.params["client"] == "node-fetch":
        pytest.skip("fetch sends no Expect")
    assert said(box, send(box, client, Expect="100-continue")) == "Hi friend"


def test_one_connection_serves_many_requests(box: Shop, client: Client) -> None:
    """Also after a refusal, whose body was not read to its end."""
    got = [
        send(box, client),
        send(box, client, "raw", b"{"),
        send(box, client),
        ask(box, client, "HEAD", "/healthz"),
    ]
    got.append(send(box, client))
    assert [one.status for one in got] == [202, 422, 202, 200, 202]
    if got[0].reused is None:
        pytest.skip("this client does not tell")
    assert all(one.reused for one in got[1:])


def test_a_wrong_key_is_refused_in_a_sentence(box: Shop, client: Client) -> None:
    got = ask(box, client, "GET", "/api/v1/messages", headers={"X-API-Key": "wbx_wrong"})
    assert got.status == 401
    if isinstance(client, Wget):
        pytest.skip("wget keeps what is said with a 401 for itself")
    assert (got.json["code"], got.json["error"][-1]) == ("unauthorized", ".")


def test_wget_as_a_monitor_is_content(box: Shop) -> None:
    need("wget")
    url = f"http://127.0.0.1:{box.port}"
    for path in ("/healthz", "/docs", "/login"):
        done = run("wget", "--no-proxy", "--tries=1", "--spider", f"{url}{path}")
        assert done.returncode == 0, done.stderr
    key = f"--header=X-API-Key: {box.http.headers['X-API-Key']}"
    sent = run("wget", "-qO-", "--no-proxy", key, f"--post-data={json.dumps(TEXT)}", f"{url}/api/v1/send")
    assert sent.returncode == 0 and json.loads(sent.stdout)["status"] == "queued"


def test_curl_waits_for_a_hundred_continue(box: Shop, tmp_path: Path) -> None:
    need("curl")
    url, key = f"http://127.0.0.1:{box.port}/api/v1/send", f"X-API-Key: {box.http.headers['X-API-Key']}"
    words = ["-sSv", "--noproxy", "*", "-H", key, "-H", "Expect: 100-continue", "--expect100-timeout", "15"]
    done = run("curl", *words, "-d", json.dumps(TEXT), url)
    assert b"< HTTP/1.1 100" in done.stderr, done.stderr
    assert json.loads(done.stdout)["status"] == "queued"
    refused = run(
        "curl", *words[:4], "-H", "X-API-Key: wrong", *words[6:], "-H", words[7], "-d", json.dumps(TEXT), url
    )
    assert b"401" in refused.stderr
