"""What somebody uploaded as a list, as text: in which encoding it was written; pure.

The whole file bears witness. One stray byte in a file of UTF-8 spoils its own character, and no other.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from wabox.contacts.lists.file_kinds import bad, refuse_other_texts, refuse_others
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
ENCODINGS = (  # that the owner can choose from
    *("utf-8", "utf-16-le", "utf-16-be", "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256"),
    *(
        "cp1257",
        "cp1258",
        "cp874",
        "koi8_r",
        "gb18030",
        "big5",
        "shift_jis",
        "euc_jp",
        "cp949",
        "mac_roman",
        "cp850",
    ),
)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MARKS = re.compile("^\ufeff+", re.M)
_PADDING = re.compile('\0{2,}|\0+(?=[\n,;\t|"]|$)')


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text with \\n at the end of lines. spoilt: characters that could not be read; each stands as SPOILT."""

    text: str
    encoding: str
    spoilt: int


def decoded(data: bytes, encoding: str | None = None) -> Decoded:
    """The text of a file. Raises Invalid `bad_csv` for what is no text, with what it is and what to do.

    encoding: in which it is to be read, None = what it speaks for itself.
    """
    refuse_others(data)
    encoding = encoding or encoding_of(data)
    if encoding.startswith("utf-16"):  # one that was cut off ends with half a character
        data = data[: len(data) // 2 * 2]
    text = data.decode(encoding, "replace")
    before = data.decode("utf-8", "ignore").count(SPOILT) if encoding == "utf-8" else 0
    text = re.sub("\r+\n|\r", "\n", text).removeprefix("\ufeff")
    if "\0" in text:
        text = _without_zeros(text)
    if len(_CONTROL.findall(text[:65_536])) > max(8, len(text[:65_536]) // 100):
        raise _no_text()
    refuse_other_texts(text)
    return Decoded(text, encoding, text.count(SPOILT) - before)


def without_marks(text: str) -> str:
    """The text without the marks with which files began that were put one behind the other."""
    return _MARKS.sub("", text)


def _without_zeros(text: str) -> str:
    """What pads a cell or the file is gone; a zero within a text is a character that could not be read."""
    bare = _PADDING.sub("", text)
    if bare.count("\0") * 20 > len(bare):
        raise _no_text()
    return bare.replace("\0", SPOILT)


def encoding_of(data: bytes) -> str:
    """The encoding that most of the file speaks for."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return encoding
    wide = _wide(data[:65_536])
    if wide is not None:
        return wide
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "utf-8" if _is_mostly_utf_8(data) else _older(data)
    return "utf-8"


def _wide(head: bytes) -> str | None:
    """UTF-16 without its mark: every comma, blank and end of a line has a zero on one and the same side."""
    zeros = (head[0::2].count(0), head[1::2].count(0))
    if max(zeros) < 4 * min(zeros) or max(zeros) * 50 < len(head):
        return None
    encoding = "utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"
    text = head[: len(head) // 2 * 2].decode(encoding, "replace")
    strange = sum(not (one.isprintable() or one in "\r\n\t\ufeff\u200c\u200d") for one in text) + text.count(
        SPOILT
    )
    return encoding if strange * 50 <= len(text) else None


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


def _no_text() -> Invalid:
    return bad(later("This is no text file; upload an Excel workbook or a CSV file."))
