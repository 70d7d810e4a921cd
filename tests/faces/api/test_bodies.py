"""What programs send in place of JSON, and what each is told; what is JSON in another wrapping is read."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

import pytest

from tests.faces.api.conftest import PHONE, Api

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

GOOD = {"phone": PHONE, "message": "Hello"}
TEXT = json.dumps(GOOD)
FORM = "application/x-www-form-urlencoded"
LATIN = "application/json; charset=iso-8859-1"
PARTS = '--x\r\nContent-Disposition: form-data; name="phone"\r\n\r\n8801711000001\r\n--x--\r\n'

NAMED: dict[str, tuple[str | bytes, str, str]] = {
    "nothing": ("", "", "The body is empty; send JSON, like {"),
    "blanks": (" \n", "application/json", "The body is empty"),
    "a form": ("phone=8801711000001&message=Hello", FORM, f"The body is a form ({FORM})"),
    "a form of PHP": ("phone=8801711000001&message=Hello+you%21", "", "The body is a form"),
    "a form of one field": ("phone=8801711000001", "application/json", "The body is a form"),
    "parts": (PARTS, "multipart/form-data; boundary=x", "The body is a form with parts (multipart/form-data)"),
    "parts of another name": (PARTS, "", "The body is a form with parts"),
    "xml": ("<?xml version='1.0'?><send/>", "text/xml", "The body is XML or a web page"),
    "single quotes": ("{'phone': '8801711000001'}", "", "Names and texts stand in double quotation marks, not"),
    "a single-quoted value": ('{"phone": \'880\'}', "", "column 11. Names and texts stand in double"),
    "typographic quotes": ("{“phone”: “880”}", "", "straight quotation marks"),
    "the shell of Windows": ("'{phone:", "", "the shell of Windows"),
    "bare names": ("{phone: 1}", "", "Names stand in double quotation marks."),
    "bare words": ('{"phone": hello}', "", "texts stand in double quotation marks"),
    "a comma too many": ('{"phone": "1",}', "", "There is a comma too many before the }."),
    "a comma too many in a list": ('{"tags": ["1",]}', "", "There is a comma too many before the ]."),
    "a comma too few": ('{"phone": "1" "message": "x"}', "", "A comma or a closing bracket is missing there."),
    "no colon": ('{"phone" "1"}', "", "stands a colon"),
    "Python": ('{"plain": True}', "", "true, false and null are written in small letters."),
    "Python's None": ('{"plain": None}', "", "None is null"),
    "JavaScript": ('{"plain": undefined}', "", "There is no undefined"),
    "a comment": ('{"phone": "1" // hers\n}', "", "JSON has no comments"),
    "a comment before": ("/* send */ {}", "", "JSON has no comments"),
    "a line break": ('{"message": "a\nb"}', "", "is written \\n"),
    "a backslash": ('{"message": "C:\\data"}', "", "A backslash inside a text is written"),
    "half a text": ('{"message": "a', "", "has no end; is the body cut off?"),
    "half an object": ('{"message": ', "", "cut off"),
    "two objects": ('{"a": 1}{"a": 2}', "", "something stands behind it"),
    "no number": ('{"phone": NaN}', "", "NaN is no number in JSON"),
    "endless": ('{"phone": -Infinity}', "", "-Infinity is no number in JSON"),
    "a name twice": ('{"phone": "1", "phone": "2"}', "", "The name 'phone' stands twice in one object"),
    "depth": ('{"a":' * 40 + "1" + "}" * 40, "", "nested too deeply; 32 levels"),
    "endless depth": ("[" * 100_000, "", "nested too deeply"),
    "UTF-16": (TEXT.encode("utf-16"), "", "The body is UTF-16"),
    "UTF-16 without a mark": (TEXT.encode("utf-16-le"), "", "UTF-16 or UTF-32; send it as UTF-8"),
    "Latin": ('{"message": "café"}'.encode("latin-1"), LATIN, "says iso-8859-1"),
    "Bengali of old": (b'{"message": "\xa0\xa1"}', "", "The body is not UTF-8 (byte 14)"),
    "gzip that nobody told of": (gzip.compress(TEXT.encode()), "", "The body is gzip, and nothing says so"),
}  # fmt: skip

SHAPES = {
    "[]": "This is a list; send one object",
    json.dumps([GOOD, GOOD]): "This is a list; send one object",
    json.dumps(TEXT): "it was encoded twice",
    "7": "Send one object",
    "null": "Send one object",
    '"text"': "Send one object",
}


@pytest.mark.parametrize("name", NAMED)
def test_what_is_no_json_is_called_by_its_name(api: Api, name: str) -> None:
    body, kind, said = NAMED[name]
    answer = api.raw(body, **({"Content-Type": kind} if kind else {}))
    found = answer.json()
    assert (answer.status_code, found["code"], list(found["details"])) == (422, "bad_json", ["body"]), found
    assert said in found["error"] == found["details"]["body"]
    assert not any(word in found["error"] for word in ("Expecting", "delimiter", "Traceback", "codec", "char "))
    assert api.count("messages") == 0


@pytest.mark.parametrize("body", SHAPES)
def test_what_is_no_object_is_told_what_one_is(api: Api, body: str) -> None:
    found = api.raw(body)
    assert (found.status_code, found.json()["code"]) == (422, "invalid")
    assert SHAPES[body] in found.json()["details"]["body"]


@pytest.mark.parametrize("how", ["", "identity", "gzip", "GZIP", "x-gzip", "deflate"])
def test_json_is_read_however_it_is_wrapped(api: Api, how: str) -> None:
    plain = b"\xef\xbb\xbf" + json.dumps({**GOOD, "message": "বাংলা"}, ensure_ascii=False).encode()
    packed = gzip.compress(plain) if "gzip" in how.lower() else zlib.compress(plain) if how == "deflate" else plain
    headers = {"Content-Encoding": how} if how else {}
    answer = api.raw(packed, **headers, **{"Idempotency-Key": "one"})
    assert answer.status_code == 202, answer.text
    assert api.call("GET", f"/messages/{answer.json()['job_id']}").json()["message"] == "বাংলা"
    again = api.raw(json.dumps({"message": "বাংলা", "phone": PHONE}), **{"Idempotency-Key": "one"})
    assert (again.status_code, again.json()["job_id"]) == (202, answer.json()["job_id"])


@pytest.mark.parametrize(
    ("encoding", "body", "status", "said"),
    [
        ("br", b"x", 422, "packed with br; send it as it is, or with gzip"),
        ("gzip, gzip", gzip.compress(gzip.compress(TEXT.encode())), 422, "packed with gzip, gzip"),
        ("gzip", TEXT.encode(), 422, "The body is not gzip, though Content-Encoding says so"),
        ("gzip", gzip.compress(TEXT.encode())[:-9], 422, "The packed body is not whole"),
        ("gzip", gzip.compress(b" " * 50_000_000), 413, "too large once it is unpacked"),
        ("gzip", gzip.compress(b"phone=1"), 422, "The body is a form"),
        ("gzip", b"", 422, "The body is empty"),
    ],
)
def test_what_cannot_be_unpacked_is_refused_and_a_bomb_is_not_opened(
    api: Api, encoding: str, body: bytes, status: int, said: str
) -> None:
    answer = api.raw(body, **{"Content-Encoding": encoding})
    assert (answer.status_code, said in answer.json()["error"]) == (status, True), answer.text


def test_what_is_nearly_right_is_named(api: Api) -> None:
    def details(body: dict[str, Any], path: str = "/send") -> dict[str, str]:
        answer = api.call("POST", path, json=body)
        assert answer.status_code == 422
        found: dict[str, str] = answer.json()["details"]
        return found

    assert (
        details({**GOOD, "priority": "High"})["priority"]
        == "This must be one of high, normal, low. Did you mean high?"
    )
    assert details({**GOOD, "priority": "urgent"})["priority"] == "This must be one of high, normal, low."
    assert details({**GOOD, "queueIfOffline": True})["queueIfOffline"].endswith(" Did you mean queue_if_offline?")
    assert details({**GOOD, "Phone": "1"})["Phone"].endswith(" Did you mean phone?")
    assert details({**GOOD, "zzz": 1})["zzz"].endswith("expires_at.")
    assert details({"phone": PHONE, "consent": {"source": "web-form"}}, "/contacts")["consent.source"].endswith(
        " Did you mean web_form?"
    )
    asked = api.call("GET", "/messages?campaignId=1&status=queeud").json()["details"]
    assert asked["campaignId"].endswith(" Did you mean campaign_id?")
    asked = api.call("GET", "/messages?status=queud").json()["details"]
    assert asked["status"].endswith(" Did you mean queued?")
