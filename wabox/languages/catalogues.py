"""What a text is in another language: gettext catalogues, compiled from the .po files when first asked."""

from __future__ import annotations

import functools
import gettext
import io
import re
from typing import TYPE_CHECKING

from wabox.languages import ALL, FIRST, HOME, later
from wabox.late import late

if TYPE_CHECKING:
    from babel.messages import mofile, pofile
else:
    mofile, pofile = late("babel.messages.mofile"), late("babel.messages.pofile")

TEXT_OF_FILE = later("Text %(n)s of the file: %(advice)s")

# Sentences of the rules with values in them, as they are written there; `say` finds the values again.
FILLED = (
    later("This needs %(needed)s credits and you have %(left)s; buy credits first."),
    later("You may have %(most)s devices; delete one first."),
    later(
        "The device %(label)s is not linked to WhatsApp: link it on the page /whatsapp, then send again, "
        'or send with "queue_if_offline": true.'
    ),
    later(
        "The device %(label)s cannot send now. %(advice)s To let the message wait for it, send with "
        '"queue_if_offline": true.'
    ),
    later("This device is linked and needs no code. %(advice)s"),
    later("%(advice)s Ask for a code once the QR code is there."),
    later("The file is over %(most)s MB; make it smaller."),
    later("WhatsApp takes up to %(most)s MB of this kind; make it smaller."),
    later("WhatsApp takes up to %(most)s MB of this kind; make it smaller, or send it as a document."),
    later(
        "The files of this box take all of the %(most)s MB that they may; delete some that nothing needs, or "
        "raise [media] disk_megabytes."
    ),
    later(
        "Your files take all of the %(most)s MB that are your part of this box; delete some that nothing needs, "
        "or ask the owner of the box for more."
    ),
    later("Files need a plan, and you have none yet; choose one under Billing."),
    later("%(most)s files of yours are on their way already; send this one when they are here."),
    later("Files of yours are on their way, and there is room for %(most)s MB; send this one when they are here."),
    later(
        "There is room for %(most)s MB more of your files beside those that something needs; make this one "
        "smaller, or take files off stored texts and campaigns."
    ),
    later("%(n)s claims of payment were false."),
    later("%(n)s people complained about its messages within 30 days."),
    later("%(field)s is what wabox calls something else; give the field another name."),
    later("There is a field %(field)s already; choose another name."),
    later("There are at most %(most)s fields of your own; remove one first."),
    later("%(field)s has more than %(most)s characters; shorten it."),
    later("%(field)s has more than %(most)s digits; make it a field of text."),
    later("%(field)s is no number: “%(said)s”; write it like 1250 or 1250.50."),
    later("%(field)s is no date: “%(said)s”; write it like 1990-04-25 or 25/04/1990."),
    later("%(n)s values are no numbers, like %(said)s; change them first."),
    later("%(n)s values are no dates, like %(said)s; change them first."),
    later("The planned campaign “%(said)s” asks for %(tag)s; stop it, or wait until it has begun."),
    later("The campaign “%(said)s” still needs %(field)s; stop it, or wait until it is through."),
    later("The stored texts %(said)s say {%(field)s}; take it out of them first."),
    later("The import of “%(said)s” still fills %(field)s; cancel it, or wait until it is done."),
    later("There is no field %(field)s; there are %(said)s."),
    later("There is no field %(field)s; you have none of your own yet."),
    later("%(field)s holds text: ask whether it is, is not or contains something, is empty or filled in."),
    later("%(field)s holds numbers: ask whether it is, is not, is more or less than one, is empty or filled in."),
    later(
        "%(field)s holds dates: ask whether it is, is not, is before or after one, falls on a day of the year or "
        "within the next days, is empty or filled in."
    ),
    later("Say what %(field)s must contain."),
    later("Say what %(field)s is compared with; or ask whether it is filled in or empty."),
    later("The file is larger than %(most)s MB; split it and import the parts."),
    later("The file has more than %(most)s rows; split it and import the parts."),
    later("Row %(n)s has %(many)s columns; at most %(most)s can be shown."),
    later("Row %(n)s cannot be read; look for a stray quotation mark in it."),
    later("A phone number has %(least)s to %(most)s digits; this one has %(n)s."),
    later("This is no phone number of %(said)s; write it with its country code, like +880 1711-123456."),
    later("This may be %(said)s or %(known)s; write it with a plus and its country code."),
    later("A spreadsheet has cut this number off (%(said)s); format the column as text there, and save it again."),
    later("The same phone number is in line %(n)s; the first one counts."),
    later("A name has at most %(most)s characters."),
    later("The custom text has at most %(most)s characters."),
    later("A note has at most %(most)s characters."),
    later("A tag has at most %(most)s characters."),
    later("A contact has at most %(most)s tags."),
    TEXT_OF_FILE,
    later(
        "At position %(n)s: %(said)s draws one of these words. Did you mean {%(field)s}? How its value reads, as "
        "money or as a date, is set once at the field, under Contacts, Fields."
    ),
    later(
        "%(said)s draws one of these words. If you want what a contact has, write {%(field)s}, or {%(known)s} "
        "with a word for who has nothing."
    ),
    later(
        "Who has nothing in {%(field)s} reads “%(said)s”. How the value reads, as money or as a date, is set once "
        "at the field, under Contacts, Fields."
    ),
    later("At position %(n)s: one brace is enough; write {%(field)s}."),
    later(
        "At position %(n)s: this brace holds no known variable; did you mean {%(field)s}? Else use %(said)s or "
        "{one|another}, or write \\{ for a plain brace."
    ),
    later(
        "At position %(n)s: this brace holds no known variable; use %(said)s or {one|another}, or write \\{ for a "
        "plain brace."
    ),
    later("At position %(n)s: braces are nested more than %(most)s deep; write it with fewer."),
    later("At position %(n)s: %(advice)s."),
    later("%(advice)s Line %(n)s of wabox.toml sets that, [sending] %(field)s; change it there and start anew."),
    later("%(advice)s wabox.toml leaves [sending] %(field)s as delivered; write it there and start anew."),
    later("At most %(most)s are allowed here; choose from 1 to %(top)s."),
    later("Your plan allows %(most)s messages a day over all your phones; choose from 1 to %(top)s."),
    later("Pauses of at least %(least)s to %(most)s seconds are kept here; choose no shorter ones."),
    later("From %(first)s to %(last)s it is quiet here each day; choose hours that cover that."),
    later("Nobody fills in %(said)s; did you mean %(meant)s?"),
    later("Write something in place of %(said)s; nobody fills that in. People have %(known)s."),
    later("The backup was not made: damage %(advice)s."),
    later("The backup was not made in %(said)s: %(advice)s."),
    later("The backup was not made: %(said)s has %(n)s MB free, and it takes %(most)s MB. Free some space."),
    later("[backup] passphrase_file %(said)s cannot be read."),
    later("[backup] passphrase_file %(said)s is empty."),
    later("[backup] recipient is wrong: %(advice)s."),
    later("a recipient of age begins with age1"),
    later("a letter of the recipient is wrong"),
    later("the recipient has a wrong length"),
    later("%(said)s is not there; plug the stick in, or mount it."),
    later("%(said)s cannot be run: %(advice)s."),
    later("It ended with %(n)s and said: %(said)s"),
    later("It ended with %(n)s and said nothing."),
    later("rows of %(said)s point at nothing"),
    later("%(said)s is damaged %(advice)s; take another backup."),
    later("at its start: it is no backup of wabox"),
    later("at its end"),
    later("in its head"),
    later("in its manifest"),
    later("in its manifest: what a box needs is not all there"),
    later("in what was written: it says other things"),
    later("in the database itself (%(advice)s)"),
    later("in what was written (%(advice)s)"),
    later("in its database: it is not what it says it is (%(advice)s)"),
    later("in its database (%(advice)s)"),
    later("in %(said)s, which changed while it was packed"),
    later("in %(said)s"),
    later("where %(said)s should begin"),
    later("at byte %(n)s of what it holds, or it is cut off there"),
    later("at byte %(n)s: it is cut off there"),
    later("at byte %(n)s"),
    later("somewhere before byte %(n)s: its hash is another"),
    later("after byte %(n)s: there is more than it should hold"),
    later("This box is held because it is %(field)s; use %(said)s."),
    later("%(said)s is damaged; put it back from a backup of this box."),
)

# What the system and SQLite say of a disk, a file or a connection, in their own words.
OF_SYSTEM = (
    later("No space left on device"),
    later("Disk quota exceeded"),
    later("Input/output error"),
    later("Read-only file system"),
    later("Permission denied"),
    later("Operation not permitted"),
    later("No such file or directory"),
    later("Not a directory"),
    later("Is a directory"),
    later("File exists"),
    later("File name too long"),
    later("File too large"),
    later("Device or resource busy"),
    later("No such device"),
    later("Stale file handle"),
    later("Transport endpoint is not connected"),
    later("Too many open files"),
    later("Cannot allocate memory"),
    later("Exec format error"),
    later("Connection refused"),
    later("Connection timed out"),
    later("database or disk is full"),
    later("disk I/O error"),
    later("unable to open database file"),
    later("database is locked"),
    later("database disk image is malformed"),
    later("file is not a database"),
    later("attempt to write a readonly database"),
)


_ADVICE = "advice"  # the name of a value that is a whole text itself
_SAID = ("said", "known")  # of those that may have words in them, and are the same in every language
_AS_THEY_ARE = (*_SAID, "field", "label")  # of those that somebody may copy, digits and all


@functools.cache
def catalogue(language: str) -> gettext.NullTranslations:
    """The translations of a language; English is what the code says."""
    source = HOME / language / "wabox.po"
    if language not in ALL or not source.is_file():
        return gettext.NullTranslations()
    with source.open("rb") as file:
        read = pofile.read_po(file, locale=language)
    compiled = io.BytesIO()
    mofile.write_mo(compiled, read)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def say(language: str, text: str, **values: object) -> str:
    """The text in this language. values: for its %(name)s; without any, the text may be one of FILLED, filled."""
    said = catalogue(language).gettext(text) if text else ""
    if said == text and not values and language != FIRST:
        said = _filled(language, text)
    return said % values if values else said


def _filled(language: str, text: str) -> str:
    """One of FILLED with its values, in this language; else the text as it is."""
    for shape, looks in _shapes():
        found = looks.fullmatch(text)
        if found is not None:
            said = {name: _value(language, name, value) for name, value in found.groupdict().items()}
            return ALL[language].written(catalogue(language).gettext(shape)) % said
    return text


def _value(language: str, name: str, value: str) -> str:
    """An advice is a text of its own, filled or not; numbers are in its digits; a name stays letter for letter."""
    if name in _AS_THEY_ARE:
        return value
    if name != _ADVICE:
        return ALL[language].written(value)
    said = catalogue(language).gettext(value)
    return _filled(language, value) if said == value else ALL[language].written(said)


@functools.cache
def _shapes() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Each of FILLED with what it looks like once it is filled."""
    slot = re.compile(r"%\((\w+)\)s")
    return tuple((text, re.compile(_looks(slot.split(text)), re.DOTALL)) for text in FILLED)


def _looks(parts: list[str]) -> str:
    """parts: words and names of values in turn."""
    return "".join(_slot(part) if n % 2 else re.escape(part) for n, part in enumerate(parts))


def _slot(name: str) -> str:
    return f"(?P<{name}>.+)" if name in (_ADVICE, *_SAID) else f"(?P<{name}>\\S+)"
