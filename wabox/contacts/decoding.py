"""What somebody uploaded as a list, as text: in which encoding it was written, or what it is instead; pure.

The whole file bears witness. One stray byte in a file of UTF-8 spoils its own character, and no other.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from wabox.errors import Invalid
from wabox.languages import later

SPOILT = "\ufffd"  # stands where a character could not be read
WINDOWS = "cp1252"
_ASKED = 256 * 1024  # bytes that the detector is shown
_CONTROL = re.compile("[\x01-\x08\x0e-\x1a\x1c-\x1f]")
_NOT_ASCII = re.compile(f"[^\x00-\x7f{SPOILT}]")
_WORD = re.compile(rb"[A-Za-z\x80-\xff]*[\x80-\xff][A-Za-z\x80-\xff]*")
_OF_A_SCRIPT = (  # each has a script of its own; Windows' Latin ones cannot be told from each other
    *("cp1251", "cp1253", "cp1255", "cp1256", "cp874", "koi8_r", "gb18030", "big5", "shift_jis", "euc_jp"),
    *("euc_kr", "cp949"),
)
_PACKED = later("This file is packed; unpack it, then upload the list that is in it.")
_PICTURE = later("This is a picture; upload the list itself, as an Excel workbook or a CSV file.")
_BY_MAGIC = {
    b"PK\x03\x04": _PACKED,
    b"\x1f\x8b": _PACKED,
    b"Rar!": _PACKED,
    b"7z\xbc\xaf": _PACKED,
    b"BZh": _PACKED,
    b"\xfd7zXZ": _PACKED,
    b"\xd0\xcf\x11\xe0": later(
        "This workbook cannot be read; open it in Excel, save it as CSV UTF-8, and upload that."
    ),
    b"%PDF": later("This is a PDF; upload the list itself, as an Excel workbook or a CSV file."),
    b"\x89PNG": _PICTURE,
    b"\xff\xd8\xff": _PICTURE,
    b"GIF8": _PICTURE,
    b"RIFF": _PICTURE,
    b"{\\rtf": later("This is a text document; put the list into a spreadsheet, and save it as CSV UTF-8."),
}
_BY_BEGINNING = (
    (
        re.compile(r"<(?:!doctype|html|head|body|table|meta|style|div)\b", re.I),
        later(
            "This is a web page, whatever its name says; open it in Excel, save it as CSV UTF-8, and upload that."
        ),
    ),
    (
        re.compile(r"<\?xml|<\w+[\s>:]", re.I),
        later(
            "This is an XML file, whatever its name says; open it in Excel, save it as CSV UTF-8, and upload that."
        ),
    ),
    (
        re.compile(r"\{\s*[\"}]|\[\s*[{\[\"]"),
        later("This is a JSON file; save the list as CSV, or send it through POST /contacts/bulk of the API."),
    ),
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text with \\n at the end of lines. spoilt: characters that could not be read; each stands as SPOILT."""

    text: str
    encoding: str
    spoilt: int


def decoded(data: bytes) -> Decoded:
    """The text of a file. Raises Invalid `bad_csv` for what is no text, with what it is and what to do."""
    refuse_other_kinds(data)
    encoding = encoding_of(data)
    text = data.decode(encoding, "replace")
    if "\0" in text or len(_CONTROL.findall(text[:65_536])) > len(text[:65_536]) // 100:
        raise bad(later("This is no text file; upload an Excel workbook or a CSV file."))
    spoilt = text.count(SPOILT) - (data.decode("utf-8", "ignore").count(SPOILT) if encoding[:5] == "utf-8" else 0)
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    for beginning, sentence in _BY_BEGINNING:
        if beginning.match(text.lstrip()[:200]):
            raise bad(sentence)
    return Decoded(text, encoding, spoilt)


def refuse_other_kinds(data: bytes) -> None:
    """Raises Invalid `bad_csv` for what its first bytes call something else than a list."""
    for magic, sentence in _BY_MAGIC.items():
        if data.startswith(magic):
            raise bad(sentence)


def encoding_of(data: bytes) -> str:
    """The encoding that most of the file speaks for."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return encoding
    head = data[:4_096]
    zeros = (head[0::2].count(0), head[1::2].count(0))
    if max(zeros) * 10 > len(head):
        return "utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "utf-8" if _is_mostly_utf_8(data) else _older(data)
    return "utf-8"


def _is_mostly_utf_8(data: bytes) -> bool:
    """Whether more characters beyond ASCII are sound than broken: what is older has hardly any that are."""
    text = data.decode("utf-8", "replace")
    return len(_NOT_ASCII.findall(text)) >= text.count(SPOILT)


def _older(data: bytes) -> str:
    """As Windows wrote it; where whole words are beyond ASCII, in the script that a detector knows them by."""
    words = _WORD.findall(data)
    beyond = sum(sum(byte > 127 for byte in word) for word in words[:20_000])
    if beyond * 5 < 3 * sum(map(len, words[:20_000])):
        return WINDOWS
    import charset_normalizer  # noqa: PLC0415  rarely needed, and slow to load

    lines = [line for line in data[: 16 * _ASKED].splitlines() if not line.isascii()]
    best = charset_normalizer.from_bytes(b"\n".join(lines)[:_ASKED], cp_isolation=[WINDOWS, *_OF_A_SCRIPT]).best()
    return WINDOWS if best is None else best.encoding


def bad(sentence: str) -> Invalid:
    """A file that cannot be imported, with what to do."""
    return Invalid("bad_csv", sentence, details={"file": sentence})
