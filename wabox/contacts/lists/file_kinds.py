"""What an uploaded file is by its first bytes and words: a list, or what else and what to do instead; pure."""

from __future__ import annotations

import io
import re
import zipfile

from wabox.errors import Invalid
from wabox.languages import later

OLD, PACKED = b"\xd0\xcf\x11\xe0", b"PK\x03\x04"
MOST_UNPACKED = 1_024 * 1024 * 1024  # bytes, as the file itself says: a workbook of 25 MB has no more
PASSWORD = later("This workbook has a password; take it away in Excel, and upload it again.")
UNREADABLE = later("This workbook cannot be read; open it in Excel, save it as CSV UTF-8, and upload that.")
TOO_LARGE = later("This workbook is too large; split it, or save the sheet as CSV UTF-8.")

_IS_PACKED = later("This file is packed; unpack it, then upload the list that is in it.")
_PICTURE = later("This is a picture; upload the list itself, as an Excel workbook or a CSV file.")
_PDF = later("This is a PDF; upload the list itself, as an Excel workbook or a CSV file.")
_SOUND = later("This is a recording or a film; upload the list itself, as an Excel workbook or a CSV file.")
_DOCUMENT = later("This is a text document; put the list into a spreadsheet, and save it as CSV UTF-8.")
_SLIDES = later("This is a presentation; put the list into a spreadsheet, and save it as CSV UTF-8.")
_NUMBERS = later("This is a file of Apple's Numbers or Pages; there choose File, Export To, CSV, and upload that.")
_LINK = later("This is only a link to a sheet; open it, choose File, Download, Microsoft Excel, and upload that.")
_MAIL = later("This is a mail or a saved page; upload the list itself, as an Excel workbook or a CSV file.")
_DATABASE = later("This is a database; export the table with the numbers as CSV, and upload that.")
_PROGRAM = later("This is a program; upload a list, as an Excel workbook or a CSV file.")
_SECRET = later("This file is encrypted; open it with the program that made it, and upload the list itself.")
_CALENDAR = later("This is a calendar; export the contacts instead, as vCard or CSV.")
_LDIF = later("This address book is in LDIF; export it as vCard or CSV, and upload that.")
_OLD_SHEET = later("This is an old kind of spreadsheet; open it in Excel, save it as CSV UTF-8, and upload that.")
_BINARY_TABLE = later("This is a file of data for programs; save the table as CSV UTF-8, and upload that.")
_JSON = later("This is a JSON file; save the list as CSV, or send it through POST /contacts/bulk of the API.")
_PAGE = later(
    "This is a web page, whatever its name says; open it in Excel, save it as CSV UTF-8, and upload that."
)
_XML = later(
    "This is an XML file, whatever its name says; open it in Excel, save it as CSV UTF-8, and upload that."
)

_BY_FIRST_BYTES: tuple[tuple[bytes, str], ...] = (
    (rb"\x1f\x8b|Rar!\x1a|7z\xbc\xaf|BZh[1-9]|\xfd7zXZ|\x28\xb5\x2f\xfd|\x04\x22\x4d\x18", _IS_PACKED),
    (rb"MSCF\0|.{257}ustar", _IS_PACKED),
    (rb"\x89PNG|\xff\xd8\xff|GIF8[79]a|RIFF.{4}WEBP|II\*\0|MM\0\*|\0\0\x01\0[\x01-\x10]\0|8BPS", _PICTURE),
    (rb".{4}ftyp(?:hei[cfsx]|mif1|avif|msf1)|BM.{4}\0{4}", _PICTURE),
    (rb"RIFF.{4}(?:WAVE|AVI )|.{4}ftyp|OggS|ID3[\x02-\x04]|fLaC|\x1aE\xdf\xa3|\xff[\xfb\xf3\xf2][^\0]*\0", _SOUND),
    (rb"\s*(?:\xef\xbb\xbf)?%PDF", _PDF),
    (rb"\{\\rtf|%!PS", _DOCUMENT),
    (rb"SQLite format 3\0|\0\x01\0\0Standard (?:Jet|ACE) DB|PGDMP|!BDN", _DATABASE),
    (rb"\x7fELF|MZ[^,;\t\n]{0,60}\0|\xca\xfe\xba\xbe|\xcf\xfa\xed\xfe", _PROGRAM),
    (rb"-----BEGIN PGP|age-encryption\.org|Salted__", _SECRET),
    (rb"PAR1|ARROW1|\x89HDF|\$FL[23]@|bplist00", _BINARY_TABLE),
)  # fmt: skip
_BY_FIRST_WORDS: tuple[tuple[str, str], ...] = (
    (r"\{[^{}]*\"(?:url|doc_id|resource_id)\"\s*:[^{}]*(?:docs|drive)\.google\.com|\[InternetShortcut\]", _LINK),
    (r"\{[^{}]*\"doc_id\"\s*:|<\?xml[^>]*>\s*<!DOCTYPE plist.{0,200}<key>URL<", _LINK),
    (r"\{\s*[\"}]|\[\s*[{\[\"]|\[\s*\]\s*$", _JSON),
    (r"(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|table|meta|style|div|p|span|tr|h[1-6])\b", _PAGE),
    (r"<\?xml|<[a-z_][\w:.-]*(?:\s[^<>]*)?/?>\s*<|<[a-z_][\w:.-]*\s[^<>]*xmlns|<!doctype", _XML),
    (r"BEGIN:VCALENDAR", _CALENDAR),
    (r"(?:version: 1\s+)?dn:{1,2} ", _LDIF),
    (r"ID;P[^;\n]*\n(?:[A-Z];|;)|ID;P[A-Z]+;N|TABLE\n0,1\n", _OLD_SHEET),
    (r"(?:MIME-Version|Return-Path|Received|Delivered-To|From|Message-ID): \S", _MAIL),
    (r"-- (?:MySQL|MariaDB|PostgreSQL|phpMyAdmin|SQLite|Dump)|(?:INSERT INTO|CREATE TABLE|PRAGMA)\s", _DATABASE),
)  # fmt: skip
_BYTES = tuple((re.compile(pattern, re.S), sentence) for pattern, sentence in _BY_FIRST_BYTES)
_WORDS = tuple((re.compile(pattern, re.I | re.S), sentence) for pattern, sentence in _BY_FIRST_WORDS)
_LOCKED = re.compile(rb"\x09\x08(?:\x10\0.{16}|\x08\0.{8})(?:\x86\0\0\0)?\x2f\0", re.S)  # XLS: its FilePass record
_STREAMS = (  # of an old document, by their names inside
    ("EncryptedPackage", PASSWORD),
    ("Workbook", None),
    ("Book", None),
    ("WordDocument", _DOCUMENT),
    ("PowerPoint Document", _SLIDES),
    ("__substg1.0", _MAIL),
)


def is_workbook(data: bytes) -> bool:
    """Whether it is a workbook that can be tried: XLSX, XLSM, XLSB, ODS or XLS.

    Raises Invalid `bad_csv` for other documents and for what is packed. A workbook with a password, or one that
    would fill the memory, is refused here, before anything of it is unpacked.
    """
    if data.startswith(OLD):
        if _LOCKED.search(data):
            raise bad(PASSWORD)
        for name, sentence in _STREAMS:
            if re.search(re.escape(name.encode("utf-16-le")), data, re.I):
                return _unless(sentence)
        raise bad(UNREADABLE)
    return data.startswith(PACKED) and _unless(_of_package(data))


def refuse_others(data: bytes) -> None:
    """Raises Invalid `bad_csv` for what its first bytes call something else than a list."""
    for pattern, sentence in _BYTES:
        if pattern.match(data[:600]):
            raise bad(sentence)


def refuse_other_texts(text: str) -> None:
    """Raises Invalid `bad_csv` for a text that is something else than a list."""
    head = text[:4_096].lstrip()[:2_000]
    for pattern, sentence in _WORDS:
        if pattern.match(head):
            raise bad(sentence)


def bad(sentence: str) -> Invalid:
    """A file that cannot be imported, with what to do."""
    return Invalid("bad_csv", sentence, details={"file": sentence})


def _unless(sentence: str | None) -> bool:
    if sentence is not None:
        raise bad(sentence)
    return True


def _of_package(data: bytes) -> str | None:
    """What is wrong with a packed file; None for a workbook."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            parts = package.infolist()
            manifest = _part(package, "meta-inf/manifest.xml")
            kind = _part(package, "mimetype") + _part(package, "[content_types].xml")
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError):
        is_ours = any(mark in data for mark in (b"xl/workbook", b"opendocument.spreadsheet"))
        return UNREADABLE if is_ours else _IS_PACKED
    names = {one.filename.casefold().replace("\\", "/") for one in parts}
    if any(mark in kind for mark in (b"spreadsheetml", b"ms-excel", b"opendocument.spreadsheet")):
        if b"encryption-data" in manifest or any(one.flag_bits & 1 for one in parts):
            return PASSWORD
        return TOO_LARGE if sum(one.file_size for one in parts) > MOST_UNPACKED else None
    if any(name.endswith(".iwa") or name in ("index.zip", "index.apxl") for name in names):
        return _NUMBERS
    if any(name.startswith("ppt/") for name in names) or b"opendocument.presentation" in kind:
        return _SLIDES
    return (
        _DOCUMENT
        if any(name.startswith("word/") for name in names) or b"opendocument.text" in kind
        else _IS_PACKED
    )


def _part(package: zipfile.ZipFile, name: str) -> bytes:
    """The beginning of a part; b"" without it."""
    found = next((one for one in package.infolist() if one.filename.casefold() == name), None)
    if found is None:
        return b""
    with package.open(found) as part:
        return part.read(64 * 1024)
