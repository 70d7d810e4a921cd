"""A body as it comes: unpacked, in UTF-8, as JSON; what is something else is called by its name, with the cure."""

from __future__ import annotations

import json
import re
import zlib

from wabox.errors import Invalid, TooLarge

EXAMPLE = '{"phone": "8801711000001", "message": "Hello"}'
_AS_JSON = f"send JSON, like {EXAMPLE}, with Content-Type: application/json"
_PLAIN = frozenset({"", "identity"})
_WINDOW = {"gzip": 31, "x-gzip": 31, "deflate": 47}  # of zlib; 47 looks for the head itself
_MARKS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16", b"\x1f\x8b": "gzip", b"PK\x03\x04": "zip"}
_FORM = re.compile(r"[^\s={}<>\"]{1,100}=[^{}]*\Z", re.S)
_IN_WORDS = (
    ("'", "Names and texts stand in double quotation marks, not in single ones."),
    ("“", "Names and texts stand in straight quotation marks, not in typographic ones."),
    ("”", "Names and texts stand in straight quotation marks, not in typographic ones."),
    ("//", "JSON has no comments; take them out."),
    ("/*", "JSON has no comments; take them out."),
    ("#", "JSON has no comments; take them out."),
    ("True", "true, false and null are written in small letters."),
    ("False", "true, false and null are written in small letters."),
    ("None", "true, false and null are written in small letters; None is null."),
    ("undefined", "There is no undefined; send null, or leave the field out."),
)
_OF_PARSER = {
    "Invalid control character at": "A line break or a tab inside a text is written \\n or \\t.",
    "Invalid \\escape": "A backslash inside a text is written \\\\.",
    "Invalid \\uXXXX escape": "Behind \\u stand four digits, like \\u09ac.",
    "Unterminated string starting at": "The text that begins there has no end; is the body cut off?",
    "Expecting ':' delimiter": "Between a name and its value stands a colon.",
    "Expecting ',' delimiter": "A comma or a closing bracket is missing there.",
    "Extra data": "The JSON ends there, and something stands behind it; send one object.",
}


def unpacked(body: bytes, encoding: str, *, most_bytes: int) -> bytes:
    """The bytes as Content-Encoding packed them. Raises Invalid `bad_json`; TooLarge, before more is unpacked."""
    packed = encoding.strip().lower()
    if packed in _PLAIN or not body:
        return body
    if packed not in _WINDOW:
        raise bad(f"The body is packed with {packed[:40]}; send it as it is, or with gzip.")
    opened = zlib.decompressobj(_WINDOW[packed])
    try:
        plain = opened.decompress(body, most_bytes + 1)
    except zlib.error:
        raise bad(f"The body is not {packed}, though Content-Encoding says so; send it as it is.") from None
    if len(plain) > most_bytes:
        raise TooLarge("too_large", "The body is too large once it is unpacked; send less at once.")
    if not opened.eof:
        raise bad("The packed body is not whole; send it again.")
    return plain


def text_of(body: bytes, kind: str, charset: str) -> str:
    """The body as text. kind, charset: as Content-Type says. Raises Invalid `bad_json`."""
    if not body.strip():
        raise empty()
    body = body.removeprefix(b"\xef\xbb\xbf")
    for mark, name in _MARKS.items():
        if body.startswith(mark):
            raise bad(f"The body is {name}, and nothing says so; send JSON in UTF-8.")
    if b"\0" in body[:4] and len(body) > 3:
        raise bad("The body is UTF-16 or UTF-32; send it as UTF-8.")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        said = f"; its Content-Type says {charset[:40]}" if charset else ""
        raise bad(f"The body is not UTF-8 (byte {error.start + 1}{said}); send it as UTF-8.") from None


def refusal(text: str, error: ValueError, kind: str) -> Invalid:
    """What a text is that no JSON parser takes. kind: as Content-Type says."""
    bare = text.strip()
    if kind == "multipart/form-data" or re.match(r"--\S+\r?\n(?i:content-)", bare):
        return bad(f"The body is a form with parts (multipart/form-data); {_AS_JSON}.")
    if _FORM.match(bare):
        return bad(f"The body is a form (application/x-www-form-urlencoded); {_AS_JSON}.")
    if bare.startswith("<"):
        return bad(f"The body is XML or a web page; {_AS_JSON}.")
    if bare[:1] == "'" and bare[1:2] in ("{", "[", "'"):
        return bad(
            "The body begins with a single quotation mark, which the shell of Windows hands on; put double ones "
            f'around it and \\" inside: -d "{EXAMPLE.replace(chr(34), chr(92) + chr(34))}".'
        )
    if isinstance(error, json.JSONDecodeError):
        return bad(f"The body is not valid JSON at line {error.lineno}, column {error.colno}. {_why(text, error)}")
    return bad(f"The body is not valid JSON: {error}.")


def of_other_shape(document: object) -> str | None:
    """What to say of a document that is no object, where one is wanted; None of an object."""
    if isinstance(document, str) and document.lstrip()[:1] in ("{", "["):
        return "This is JSON inside a text: it was encoded twice; encode it once."
    if isinstance(document, list):
        return "This is a list; send one object, in { and }."
    return None if isinstance(document, dict) else "Send one object, in { and }."


def bad(sentence: str) -> Invalid:
    """A body that is no JSON, with what to do."""
    return Invalid("bad_json", sentence, details={"body": sentence})


def empty() -> Invalid:
    """There is no body where one must be."""
    return bad(f"The body is empty; {_AS_JSON}.")


def _why(text: str, error: json.JSONDecodeError) -> str:
    rest = text[error.pos :].lstrip()
    if error.msg in _OF_PARSER:
        return next((said for mark, said in _IN_WORDS[3:6] if rest.startswith(mark)), _OF_PARSER[error.msg])
    if not rest:
        return "The body ends there; a closing bracket is missing, or the body is cut off."
    before = text[: error.pos].rstrip()
    if before[-1:] == "," and rest[0] in "}]":
        return f"There is a comma too many before the {rest[0]}."
    if error.msg.startswith("Illegal trailing comma"):
        return "There is a comma too many before the closing bracket."
    said = next((said for mark, said in _IN_WORDS if rest.startswith(mark)), None)
    if said is None and error.msg.startswith("Expecting property name"):
        return "Names stand in double quotation marks."
    return said or "A value is missing there; texts stand in double quotation marks."
