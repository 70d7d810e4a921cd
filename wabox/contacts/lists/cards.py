"""Reads vCards of every version, as phones and programs write them: a table with a row a card; pure.

Each line of a card stands for itself: one that cannot be read takes nothing else with it, and a card that never
ends does so where the next one begins. Source: RFC 6350, RFC 2426, versit's vCard 2.1.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import quopri
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

NAMES = ("Name", "Organization")
REST = ("Tags", "Note", "Email", "Birthday", "Address")
MOST_PHONES = 20

_BEGINS = re.compile(r"^[ \t]*BEGIN[ \t]*:[ \t]*VCARD[ \t]*$", re.I | re.M)
_CHARSET = re.compile(rb";\s*CHARSET=\"?([A-Za-z0-9._-]+)", re.I)
_BEFORE_NAME = re.compile(r"[A-Za-z0-9._-]+[;:]")
_ESCAPED = re.compile(r"\\(.)", re.S)
_KEPT = frozenset(
    ("FN", "N", "NICKNAME", "ORG", "TEL", "EMAIL", "NOTE", "BDAY", "ADR", "CATEGORIES", "IMPP", "X-ABLABEL")
)
_MOBILE = frozenset({"cell", "mobile", "iphone", "whatsapp", "handy", "mobil", "gsm", "মোবাইল"})
_NO_PHONE = frozenset({"fax", "pager", "modem", "isdn", "bbs", "telex"})


@dataclass(frozen=True, slots=True)
class Line:
    """One property. words: its types and parameters without a name, in small letters."""

    group: str
    name: str
    words: frozenset[str]
    charset: str
    value: str


@dataclass(slots=True)
class Card:
    """What stands in a card, by the names of its lines."""

    lines: list[Line] = field(default_factory=list)

    def all(self, name: str) -> list[Line]:
        """Its lines of this name."""
        return [line for line in self.lines if line.name == name]

    def first(self, name: str) -> str:
        """The first of them that says something; "" if none does."""
        return next((text for line in self.all(name) if (text := _text(line.value))), "")


def is_book(text: str) -> bool:
    """Whether it is an address book of vCards."""
    return _BEGINS.search(text[:4_096]) is not None


def charset(data: bytes) -> str | None:
    """The encoding that its lines name, if it is one and not UTF-8's."""
    named = {one.decode().casefold() for one in _CHARSET.findall(data)} - {"utf-8", "utf8"}
    if len(named) != 1:
        return None
    try:
        return codecs.lookup(named.pop()).name
    except LookupError:
        return None


def table(text: str) -> list[list[str]]:
    """The names of the columns, then a row a card; with as many columns for phones as somebody has numbers."""
    read = [(_name(card), _numbers(card), card) for card in _cards(text)]
    width = max([1, *(len(numbers) for _, numbers, _ in read)])
    phones = ["Phone", *(f"Phone {number}" for number in range(2, width + 1))]
    return [
        [*NAMES, *phones, *REST],
        *(
            [name, _organisation(card), *numbers, *[""] * (width - len(numbers)), *_rest(card)]
            for name, numbers, card in read
        ),
    ]


# -- cards and lines ---------------------------------------------------------------------------------


def _cards(text: str) -> Iterator[Card]:
    """Each card, without those that lie in another one as its agent."""
    card: Card | None = None
    is_inside = False
    for mark, line in _marked(text):
        if card is not None and mark in ("begin", "end") and not (is_inside and mark == "end"):
            yield card
            card = None
        if mark == "begin":
            card = Card()
        elif mark == "line" and card is not None and not is_inside:
            card.lines.append(_line(line))
        is_inside = mark == "agent" or (is_inside and mark == "line")
    if card is not None:
        yield card


def _marked(text: str) -> Iterator[tuple[Literal["begin", "end", "agent", "line"], str]]:
    """The lines of cards that are asked for, with where cards and agents begin and where either ends."""
    of_agent = False
    for name, line in _lines(text):
        value = line.partition(":")[2].strip().casefold()
        if name == "END":
            yield "end", ""
        elif name == "BEGIN" and value == "vcard":
            yield "agent" if of_agent else "begin", ""
        elif name == "AGENT" and value == "begin:vcard":
            yield "agent", ""
        elif name in _KEPT:
            yield "line", line
        of_agent = name == "AGENT" and not value


def _lines(text: str) -> Iterator[tuple[str, str]]:
    """Each property with its name, unfolded: by a blank, by = at its end, or as a block of base64 goes on."""
    held: list[str] = []
    for line in text.split("\n"):
        if held and _goes_on(held, line):
            held.append(line)
            continue
        if held:
            yield _unfolded(held)
        held = [line] if line.strip() else []
    if held:
        yield _unfolded(held)


def _goes_on(held: list[str], line: str) -> bool:
    begins = _BEFORE_NAME.match(line) is not None
    if _is_soft(held):
        return not begins or line.startswith("=")
    return line[:1] in " \t" and bool(line.strip()) or (bool(line) and not begins and ":" in held[0])


def _is_soft(held: list[str]) -> bool:
    """Whether the line is quoted-printable and says by = that it goes on."""
    return held[-1].endswith("=") and "QUOTED-PRINTABLE" in held[0].partition(":")[0].upper()


def _unfolded(held: list[str]) -> tuple[str, str]:
    head = held[0].partition(":")[0].upper()
    name = head.partition(";")[0].rpartition(".")[2].strip()
    if len(held) == 1 or name not in _KEPT:
        return name, held[0]
    if "QUOTED-PRINTABLE" in head:
        rest = [line[1:] if line[:1] in " \t" else line for line in held[1:]]
        return name, "".join(line.removesuffix("=") for line in [held[0], *rest])
    loose = "\\n{}" if name == "NOTE" else ""
    return name, held[0] + "".join(line[1:] if line[:1] in " \t" else loose.format(line) for line in held[1:])


def _line(text: str) -> Line:
    head, value = _parted(text)
    named, *parameters = _split(head, ";")
    group, _, name = named.strip().upper().rpartition(".")
    words: list[str] = []
    found = {"CHARSET": "", "ENCODING": ""}
    for one in parameters:
        key, mark, said = one.partition("=")
        key = key.strip().upper()
        if not mark:
            key, said = "TYPE", one
        said = said.strip().strip('"')
        found[key] = said
        words += [key.casefold(), *said.casefold().replace('"', "").split(",")]
    encoding = found["ENCODING"].upper() or next(
        (one.upper() for one in words if one in ("quoted-printable", "base64")), ""
    )
    return Line(group, name, frozenset(words), found["CHARSET"], _decoded(value, encoding, found["CHARSET"]))


def _parted(text: str) -> tuple[str, str]:
    """What stands before the first colon outside quotation marks, and what after it."""
    parts = _split(text, ":")
    if len(parts) == 1:
        head, _, value = text.partition(":")
        return head, value
    return parts[0], text[len(parts[0]) + 1 :]


def _split(text: str, mark: str) -> list[str]:
    """The parts between the marks outside quotation marks; where one is never closed, between all of them."""
    if '"' not in text:
        return text.split(mark)
    parts, quoted = [""], False
    for character in text:
        quoted ^= character == '"'
        if character == mark and not quoted:
            parts.append("")
        else:
            parts[-1] += character
    return text.split(mark) if quoted else parts


def _decoded(value: str, encoding: str, charset: str) -> str:
    try:
        if encoding == "QUOTED-PRINTABLE":
            return _from_bytes(quopri.decodestring(value.encode("utf-8", "replace")), charset)
        if encoding in ("B", "BASE64"):
            return _from_bytes(base64.b64decode("".join(value.split())), charset)
    except (binascii.Error, ValueError):
        return ""
    return value


def _from_bytes(data: bytes, charset: str) -> str:
    for encoding in ("utf-8", charset or "cp1252"):
        try:
            return data.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
        except (UnicodeDecodeError, LookupError):
            continue
    return data.decode("cp1252", "replace")


# -- what a card says --------------------------------------------------------------------------------


def _text(value: str) -> str:
    """The value without its escapes."""
    return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value).strip()


def _parts(value: str, mark: str = ";") -> list[str]:
    """The parts of a value that has several."""
    parts = re.split(rf"(?<!\\){mark}", value)
    return [_text(part) for part in parts]


def _name(card: Card) -> str:
    whole = card.first("FN")
    if whole:
        return " ".join(whole.split())
    for line in card.all("N"):
        last, first, middle, before, after = [*_parts(line.value), *[""] * 5][:5]
        found = " ".join(part for part in (before, first, middle, last, after) if part)
        if found:
            return " ".join(found.replace("\n", " ").split())
    return card.first("NICKNAME") or _organisation(card)


def _organisation(card: Card) -> str:
    return "; ".join(part for line in card.all("ORG") for part in _parts(line.value) if part)


def _numbers(card: Card) -> list[str]:
    """Its numbers, the preferred one first, then mobiles, what is no phone last."""
    labels = {line.group: _text(line.value).casefold() for line in card.all("X-ABLABEL") if line.group}
    found: list[tuple[int, str]] = []
    for line in card.lines:
        if line.name == "TEL" or (
            line.name == "IMPP" and "whatsapp" in {*line.words, *re.split(r"\W", line.value.casefold())}
        ):
            number = re.sub(
                r"^(?:tel|x-apple|whatsapp|sms)\s*:|;.*$", "", _text(line.value), flags=re.I | re.S
            ).strip()
            if number and number not in [one for _, one in found]:
                found.append((_rank(line.words, labels.get(line.group, "")), number))
    return [number for _, number in sorted(found, key=lambda one: one[0])][:MOST_PHONES]


def _rank(words: Iterable[str], label: str) -> int:
    said = {*words, *re.split(r"[^\w]+", label)}
    if said & _NO_PHONE:
        return 3
    return 0 if "pref" in said else 1 if said & _MOBILE else 2


def _rest(card: Card) -> Sequence[str]:
    tags = [part for line in card.all("CATEGORIES") for part in _parts(line.value, "[,;]") if part]
    address = [part for line in card.all("ADR")[:1] for part in _parts(line.value) if part]
    return (
        "; ".join(tags),
        card.first("NOTE"),
        card.first("EMAIL"),
        card.first("BDAY"),
        ", ".join(" ".join(part.split()) for part in address),
    )
