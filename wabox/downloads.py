"""Gives files out so that no browser runs what is in them, a piece at a time: a stretch, or what was said."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from litestar import Request
from litestar.response import Stream

from wabox.contacts import exporting
from wabox.db import Database
from wabox.errors import Refusal
from wabox.messages import dossier

Form = Literal["jsonl", "csv"]
PIECE = 64 * 1024
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
# What is opened here may neither run anything nor reach anybody.
_SAFELY = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class NotThere(Refusal):
    """The stretch that was asked for lies beyond the file's end."""

    status = 416


@dataclass(frozen=True, slots=True)
class Given:
    """A file to give out. mime: by its content; tag: changes when it does. inline: shown in a page of ours."""

    path: Path
    mime: str
    filename: str
    tag: str
    inline: bool = False


def give(request: Request[Any, Any, Any], given: Given) -> Stream:
    """The answer: the file, or the one stretch that a Range header names; 304 for who has it as it is.

    Raises NotThere `bad_range`; FileNotFoundError.
    """
    size = given.path.stat().st_size
    known = _has_it(request.headers.get("if-none-match"), given.tag)
    first, last = (0, size - 1) if known else _stretch(request.headers.get("range"), size)
    partly = (first, last) != (0, size - 1)
    way: Literal["inline", "attachment"] = "inline" if given.inline else "attachment"
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Length": str(last - first + 1),
        "Content-Disposition": f"{way}; filename*=UTF-8''{quote(given.filename, safe='')}",
        "ETag": f'"{given.tag}"',
        "Cache-Control": "private, no-cache",
        **_SAFELY,
    }
    if known:
        del headers["Content-Length"]
        return Stream(_nothing, media_type=given.mime, status_code=304, headers=headers)
    if partly:
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    return Stream(
        lambda: _pieces(given.path, first, last),
        media_type=given.mime,
        status_code=206 if partly else 200,
        headers=headers,
    )


def said(db: Database, user_id: int, address: str | None, form: Form, *, now: datetime) -> Stream:
    """What people wrote, made while it is fetched; of one person what was said both ways, and who they are.

    address: theirs; None for everybody. form: an object a line, or a file for spreadsheets.
    """
    name = f"{'inbox' if address is None else 'person'}-{now.date()}.{form}"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "private, no-store",
        **_SAFELY,
    }
    media_type = "text/csv" if form == "csv" else "application/x-ndjson"
    return Stream(lambda: _said(db, user_id, address, form), media_type=media_type, headers=headers)


async def _said(db: Database, user_id: int, address: str | None, form: Form) -> AsyncIterator[str]:
    if form == "csv":
        yield exporting.text([dossier.COLUMNS], start=True)
    elif address is not None:
        yield dossier.written([await db.read(dossier.person, user_id, address)])
    last = 0
    while batch := await db.read(dossier.received, user_id, address, after=last):
        last = batch[-1]["message_id"]
        yield _as(form, batch)
    last = 0
    while address is not None and (batch := await db.read(dossier.sent, user_id, address, after=last)):
        last = batch[-1]["message_id"]
        yield _as(form, batch)


def _as(form: Form, batch: list[dossier.Line]) -> str:
    if form == "csv":
        return exporting.text([tuple(dossier.cells(one)) for one in batch], start=False)
    return dossier.written(batch)


def _has_it(tags: str | None, tag: str) -> bool:
    """Whether a tag that came along is the file's. By HTTP a `W/` before it changes nothing, and `*` is any."""
    found = {one.strip().removeprefix("W/") for one in (tags or "").split(",")}
    return bool(found & {"*", f'"{tag}"'})


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""


def _stretch(asked: str | None, size: int) -> tuple[int, int]:
    """The first and last byte. Several stretches, or other units, are answered with the whole, as HTTP allows."""
    found = _RANGE.fullmatch((asked or "").replace(" ", ""))
    if found is None or not any(found.groups()):
        return 0, size - 1
    start, end = found.groups()
    first = int(start) if start else max(size - int(end), 0)
    last = min(int(end), size - 1) if start and end else size - 1
    if start and end and int(end) < first:
        return 0, size - 1
    if first >= size or (not start and int(end) == 0):
        raise NotThere("bad_range", f"The file has {size} bytes; ask for a stretch within them.")
    return first, last


async def _pieces(path: Path, first: int, last: int) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        file.seek(first)
        left = last - first + 1
        while left > 0:
            piece = await asyncio.to_thread(file.read, min(PIECE, left))
            if not piece:
                return
            left -= len(piece)
            yield piece
