"""A file as its owner holds it: its row, and the bytes that go with a message."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from wabox.db import Rows, reader
from wabox.errors import NotFound
from wabox.whatsapp.driver import File

Kind = Literal["image", "video", "audio", "voice", "document"]
Origin = Literal["upload", "url", "inbound"]

KINDS: tuple[Kind, ...] = ("image", "video", "audio", "voice", "document")


@dataclass(frozen=True, slots=True)
class Media:
    """A row. sha256: of what was given; stored_sha256: of what lies on the disk, is `bytes` long, and goes out.

    width, height: dots, None if it has none or nobody looked. seconds: how long it plays, None likewise.
    removed_at: the file is gone, and only the log still names it. own_name: what the use at hand calls it, which
    then is the filename; None if that calls it as it is kept.
    """

    id: int
    user_id: int
    sha256: str
    stored_sha256: str
    kind: Kind
    mime: str
    filename: str
    bytes: int
    width: int | None
    height: int | None
    seconds: float | None
    origin: Origin
    created_at: datetime
    last_used_at: datetime
    removed_at: datetime | None
    own_name: str | None = None

    def called(self, name: str | None) -> Media:
        """The file as something calls that carries it; None: as it is kept."""
        return self if name in (None, self.filename) else replace(self, filename=name or "", own_name=name)

    @property
    def number(self) -> str:
        """What a form holds of it: its id, and its own name behind that."""
        return str(self.id) if self.own_name is None else f"{self.id} {self.own_name}"

    @property
    def stripped(self) -> bool:
        """Whether something was taken out of what was given."""
        return self.sha256 != self.stored_sha256


of_row = reader(Media, own_name=lambda _: None)


def by_id(rows: Rows, media_id: int) -> Media:
    """The file, whoever's, removed or not. For the engine. Raises NotFound."""
    row = rows.one("select * from media where id = :id", id=media_id)
    if row is None:
        raise gone()
    return of_row(row)


def of_user(rows: Rows, user_id: int, media_id: int) -> Media:
    """The user's file. Raises NotFound: for somebody else's too, and for one that was removed."""
    row = rows.one(
        "select * from media where id = :id and user_id = :user_id and removed_at is null",
        id=media_id,
        user_id=user_id,
    )
    if row is None:
        raise gone()
    return of_row(row)


@dataclass(frozen=True, slots=True)
class Page:
    """Files, newest first. total: of all pages. next_cursor: for the page after this, None at the end."""

    files: list[Media]
    total: int
    next_cursor: int | None


def page(
    rows: Rows,
    user_id: int,
    *,
    kind: Kind | None = None,
    number: int = 1,
    per_page: int = 50,
    cursor: int | None = None,
) -> Page:
    """One page of the files that the user holds; with a cursor the number is not looked at."""
    params = {"user_id": user_id, "kind": kind}
    where = "user_id = :user_id and removed_at is null and (:kind is null or kind = :kind)"
    total = int(rows.value(f"select count(*) from media where {where}", **params))  # noqa: S608 - a constant
    found = rows.all(
        f"""select * from media where {where} and id < ifnull(:cursor, 9e18)
            order by id desc limit :limit offset :offset""",  # noqa: S608 - a constant
        cursor=cursor,
        limit=per_page + 1,
        offset=0 if cursor is not None else (number - 1) * per_page,
        **params,
    )
    files = [of_row(row) for row in found[:per_page]]
    return Page(files, total, files[-1].id if len(found) > per_page else None)


def named(rows: Rows, media_ids: Iterable[int | None]) -> dict[int, Media]:
    """The files that messages carry, by id; removed ones too, for the log still says what went."""
    ids = {one for one in media_ids if one is not None}
    return {one: by_id(rows, one) for one in sorted(ids)}


def file_of(
    rows: Rows, folder: Path, media_id: int | None, kind: Kind | None, name: str | None = None
) -> File | None:
    """What goes with a message that has this `media_id`, `media_kind` and `media_name`; None: the text alone.

    folder: `data/media`. Raises NotFound if the file has been removed, or its bytes are not there.
    """
    if media_id is None or kind is None:
        return None
    found = by_id(rows, media_id)
    path = path_of(folder, found.stored_sha256)
    if found.removed_at is not None or not path.is_file():
        raise gone()
    return File(path, kind, found.mime, name or found.filename, found.bytes)


def words(rows: Rows, text: str, media_id: int | None, name: str | None) -> str:
    """What rules read of a message: its text, and what its file is called. name: by the message."""
    return text if media_id is None else f"{text}\n{name or by_id(rows, media_id).filename}"


def path_of(folder: Path, stored_sha256: str) -> Path:
    """Where the bytes of this hash lie. folder: `data/media`."""
    return folder / stored_sha256[:2] / stored_sha256


def gone() -> NotFound:
    """What is said of a file that is not there, or is another user's."""
    return NotFound("not_found", "There is no such file; GET /media lists yours.")
