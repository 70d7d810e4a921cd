"""Files for tests: a small whole one of each kind that may be sent, and what only looks like one."""

from __future__ import annotations

import io
import struct
import zipfile

from tests.pictures import drawn, moving

OFFICE = "[Content_Types].xml"


def pdf(text: str = "bill") -> bytes:
    """A paper."""
    return b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\n% " + text.encode() + b"\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def archive(*names: str, first: bytes | None = None) -> bytes:
    """An archive of files with these names. first: what stands in its `mimetype`."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        if first is not None:
            made.writestr("mimetype", first)
        for name in names:
            made.writestr(name, "x")
    return file.getvalue()


def _page(serial: int, granule: int, body: bytes) -> bytes:
    return struct.pack("<4sBBqIIIBB", b"OggS", 0, 0, granule, serial, 0, 0, 1, len(body)) + body


def opus(seconds: float = 2.0) -> bytes:
    """A voice note, as far as its pages go."""
    head = b"OpusHead\x01\x01" + (312).to_bytes(2, "little") + b"\x80\xbb\0\0\0\0\0"
    return _page(7, 0, head) + _page(7, 0, b"OpusTags") + _page(7, 312 + int(seconds * 48_000), b"\xfc" * 200)


def vorbis() -> bytes:
    """Ogg that holds no Opus."""
    return _page(7, 0, b"\x01vorbis" + b"\0" * 30) + _page(7, 9, b"\0" * 30)


def mp3(frames: int = 40) -> bytes:
    """Silence, 26 milliseconds a frame."""
    frame = b"\xff\xfb\x90\x00" + b"\0" * 413
    return b"ID3\x04\0\0\0\0\0\x05title" + frame * frames


def _box(name: bytes, *inside: bytes) -> bytes:
    body = b"".join(inside)
    return struct.pack(">I4s", len(body) + 8, name) + body


def mp4(handler: bytes = b"vide", brand: bytes = b"isom", seconds: int = 5, *notes: bytes) -> bytes:
    """A film, or sound, of five seconds, as far as its boxes go. notes: boxes that tell of it."""
    movie = _box(b"mvhd", b"\0" * 12 + struct.pack(">II", 1_000, seconds * 1_000) + b"\0" * 80)
    track = _box(b"tkhd", b"\0" * 76 + struct.pack(">HHHH", 640, 0, 360, 0))
    media = _box(b"mdia", _box(b"hdlr", b"\0" * 8 + handler + b"\0" * 13))
    film = _box(b"moov", movie, _box(b"trak", track, media), *notes)
    return _box(b"ftyp", brand, b"\0\0\2\0isommp41") + film + _box(b"mdat", b"\0" * 100)


PLACE = _box(b"udta", _box(b"\xa9xyz", b"\0\x12\x15\xc7+23.7806+090.2792/"))
TITLE = _box(b"udta", _box(b"meta", b"\0" * 4 + _box(b"ilst", _box(b"\xa9too", b"Lavf60"))))

# name as sent → bytes, kind, mime, and the end its name gets
GOOD: dict[str, tuple[bytes, str, str, str]] = {
    "a.png": (drawn("png"), "image", "image/png", "png"),
    "a.jpeg": (drawn("jpg"), "image", "image/jpeg", "jpeg"),
    "a.webp": (drawn("webp"), "image", "image/webp", "webp"),
    "a.gif": (moving("gif"), "document", "image/gif", "gif"),
    "moves.webp": (moving("webp"), "document", "image/webp", "webp"),
    "film.mp4": (mp4(), "video", "video/mp4", "mp4"),
    "song.m4a": (mp4(b"soun", b"M4A "), "audio", "audio/mp4", "m4a"),
    "note.ogg": (opus(), "voice", "audio/ogg; codecs=opus", "ogg"),
    "song.mp3": (mp3(), "audio", "audio/mpeg", "mp3"),
    "song.aac": (b"\xff\xf1\x50\x80\x04\x1f\xfc" * 1 + b"\0" * 25, "audio", "audio/aac", "aac"),
    "bill.pdf": (pdf(), "document", "application/pdf", "pdf"),
    "late.pdf": (b"\n" * 500 + pdf(), "document", "application/pdf", "pdf"),
    "a.docx": (archive(OFFICE, "word/document.xml"), "document", "", "docx"),
    "a.xlsx": (archive(OFFICE, "xl/workbook.xml"), "document", "", "xlsx"),
    "a.pptx": (archive(OFFICE, "ppt/presentation.xml"), "document", "", "pptx"),
    "a.odt": (
        archive("content.xml", first=b"application/vnd.oasis.opendocument.text"),
        "document",
        "application/vnd.oasis.opendocument.text",
        "odt",
    ),
    "a.txt": ("দাম ৫০ টাকা\n".encode(), "document", "text/plain", "txt"),
    "list.csv": (b"name,phone\r\nRina,01711000001\r\n", "document", "text/csv", "csv"),
    "utf16.csv": ("name,phone\r\n".encode("utf-16"), "document", "text/csv", "csv"),
    "shop.vcf": (b"BEGIN:VCARD\r\nVERSION:3.0\r\nEND:VCARD\r\n", "document", "text/vcard", "vcf"),
}
GOOD["song.aac"] = (GOOD["song.aac"][0] * 4, *GOOD["song.aac"][1:])

# name as sent → bytes that are refused, and a word of the reason
BAD: dict[str, tuple[bytes, str]] = {
    "empty.png": (b"", "empty"),
    "program.png": (b"MZ\x90\0" + b"\0" * 200, "program"),
    "elf.pdf": (b"\x7fELF" + b"\0" * 200, "program"),
    "script.txt": (b"#!/bin/sh\nrm -rf /\n", "script"),
    "run.bat": (b"@echo off\r\ndel *.*\r\n", "script"),
    "page.txt": (b"\n\n<!DOCTYPE html><html><script>alert(1)</script>", "page"),
    "page.jpg": (b"<html><body>hi</body></html>", "page"),
    "drawing.png": (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "page"),
    "drawing2.png": (b'<svg onload="x"/>', "page"),
    "app.zip": (archive("AndroidManifest.xml", "classes.dex"), "program"),
    "jar.zip": (archive("META-INF/MANIFEST.MF", "A.class"), "program"),
    "macros.docx": (archive(OFFICE, "word/document.xml", "word/vbaProject.bin"), "macros"),
    "old.doc": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500, "old form"),
    "many.zip": (archive("a.txt", "b.txt"), "Archives"),
    "zip in a picture.png": (drawn("png") + archive("a.txt"), "two things"),
    "zip in a photo.jpg": (drawn("jpg") + archive("a.txt"), "two things"),
    "page behind.png": (drawn("png") + b"<html><script>alert(1)</script>", "two things"),
    "page behind.gif": (moving("gif") + b"<html>", "two things"),
    "script behind.gif": (moving("gif") + b"*/=1;alert(1)//", "two things"),
    "script around.gif": (b"GIF89a/*" + moving("gif")[8:] + b"*/=1;alert(1)", "two things"),
    "page behind.webp": (drawn("webp") + b"<html>", "two things"),
    "page behind.jpg": (drawn("jpg") + b"<html><script>alert(1)</script>", "two things"),
    "program behind.jpg": (drawn("jpg") + b"\x7fELF" + b"\0" * 200, "two things"),
    "noise behind.jpg": (drawn("jpg") + bytes(range(1, 200)), "two things"),
    "page before.jpg": (b"<b>hi</b>" + drawn("jpg"), "not sent"),
    "page before.pdf": (b"<b onclick='x'>hi</b>\n" + pdf(), "two things"),
    "page behind.pdf": (pdf() + b"<script>alert(1)</script>", "two things"),
    "program behind.pdf": (pdf() + b"\nMZ\x90\0" + b"\0" * 99, "two things"),
    "page in a cut one.pdf": (b"%PDF-1.4\n<html><script>x</script>", "two things"),
    "page behind.ogg": (opus() + b"<html><script>x</script>", "damaged"),
    "cut.ogg": (opus()[:-20], "damaged"),
    "page behind.mp3": (mp3() + b"<html><script>x</script>", "damaged"),
    "much behind.mp3": (mp3() + b"x" * 5_000, "damaged"),
    "page behind.mp4": (mp4() + b"<html><script>x</script>", "damaged"),
    "page in a box.mp4": (mp4() + _box(b"free", b"<html><script>x</script>"), "damaged"),
    "page behind.docx": (
        archive(OFFICE, "word/document.xml")[:-2] + b"\x06\0<html>",
        "two things",
    ),
    "drawing.txt": (b"<!--" + b"x" * 2_000 + b'--><svg onload="x"/>', "page"),
    "drawing16.txt": ('<svg onload="x"/>'.encode("utf-16"), "page"),
    "late page.txt": (b"hello\n" * 900 + b"<script>x</script>", "page"),
    "error.jpg": (b'{"error": "not found"}', "plain text"),
    "zip in a paper.pdf": (pdf() + archive("a.txt"), "two things"),
    "paper in an archive.zip": (b"PK\x03\x04" + pdf(), "damaged"),
    "cut.png": (drawn("png")[:60], "damaged"),
    "cut.jpg": (drawn("jpg")[:400], "damaged"),
    "cut.webp": (drawn("webp")[:60], "damaged"),
    "cut.mp4": (mp4()[:-20], "damaged"),
    "no moov.mp4": (_box(b"ftyp", b"isom", b"\0\0\2\0") + _box(b"mdat", b"\0" * 9), "damaged"),
    "apple.jpg": (_box(b"ftyp", b"heic", b"\0\0\0\0mif1heic") + _box(b"meta", b"\0" * 9), "HEIC"),
    "film.webm": (b"\x1a\x45\xdf\xa3" + b"\0" * 40 + b"V_VP9" + b"\0" * 40, "WebM film"),
    "data.webm": (b"\x1a\x45\xdf\xa3" + b"\0" * 90, "damaged"),
    "noise.wav": (b"RIFF" + b"\0" * 90, "damaged"),
    "vorbis.ogg": (vorbis(), "no Opus"),
    "named.ogg": (b"OggS" + b"\0" * 300, "no Opus"),
    "noise.mp3": (b"ID3\x04\0\0\0\0\0\0" + b"\x55" * 3_000, "damaged"),
    "noise.bin": (bytes(range(256)) * 20, "not sent"),
    "rar.pdf": (b"Rar!\x1a\x07\x01\0" + b"\0" * 100, "not sent"),
}
