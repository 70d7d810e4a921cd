"""Reads a form that may hold a file as it comes: our token first, then fields, and the file straight to its place.

Nothing of it goes through a spool. Where the file is refused the fields come all the same, so that the form can be
shown again with what was typed.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from wabox import uploads
from wabox.accounts.sessions import Session
from wabox.dashboard.frame import form, guard
from wabox.dashboard.frame.form import MOST_FIELDS, Form
from wabox.errors import Invalid, Refusal, TooLarge
from wabox.languages import later
from wabox.media import store
from wabox.mounting import box_of

ONE = later("Send one file at a time.")


class Into(Protocol):
    """Where the bytes of a file go."""

    def write(self, piece: bytes) -> None:
        """More of it. Raises a Refusal."""

    def drop(self) -> None:
        """Nothing of it is left."""


@dataclass(slots=True)
class File:
    """The file of a form. name, kind: as its sender says. refused: why it was not taken, and is gone."""

    name: str
    kind: str
    into: Into | None = None
    refused: Refusal | None = None
    thrown_away: int = 0

    def open(self, opens: Opens, size: int) -> None:
        """It begins, in a body of so many bytes."""
        try:
            self.into = opens(self, size)
        except Refusal as refusal:
            self.refuse(refusal)

    def write(self, piece: bytes) -> None:
        """More of it, thrown away once it was refused. Raises that refusal after much of it."""
        if self.refused is None and self.into is not None:
            try:
                self.into.write(piece)
            except Refusal as refusal:
                self.refuse(refusal)
            return
        self.thrown_away += len(piece)
        if self.thrown_away > uploads.MOST_DRAINED:
            raise self.refused or form.bad()

    def refuse(self, refusal: Refusal) -> None:
        """It is not taken."""
        self.refused = self.refused or refusal
        if self.into is not None:
            self.into.drop()
            self.into = None


Opens = Callable[[File, int], Into]  # raises a Refusal. int: bytes of the body, 0 if nobody says


async def read(
    request: guard.Asked, session: Session | None, opens: Opens, *, field: str
) -> tuple[Form, File | None]:
    """The fields of a posted form, and its file if one was chosen.

    field: of the file. opens: where its bytes go; asked in a thread aside. Raises Forbidden before a byte of the
    file is kept if the form is not ours, Invalid `bad_form`, `upload_too_slow`, TooLarge.
    """
    if request.content_type[0] != "multipart/form-data":
        return form.parse(await form.body(request)), None  # the guard has judged it
    parts = _Parts(request, session, opens, field)
    try:
        await uploads.read(
            request,
            parts,
            ready=lambda: None,
            most_seconds=uploads.SLOWEST_SECONDS,
            most_parts=MOST_FIELDS,
            bad=lambda sentence: Invalid("bad_form", sentence, details={field: sentence}),
            how=form.BAD,
        )
    except Refusal as refusal:
        if parts.file is None or refusal is not parts.file.refused:
            raise
    parts.admit()
    return parts.form(), parts.file


class _Parts:
    """What has come so far."""

    def __init__(self, request: guard.Asked, session: Session | None, opens: Opens, field: str) -> None:
        self._request = request
        self._session = session
        self._opens = opens
        self._field = field
        self._admitted = False
        self._at: bytearray | File = bytearray()
        self._fields: dict[str, list[bytearray]] = {}
        self._room = box_of(request).config.limits.body_kilobytes * 1024
        self.file: File | None = None

    def admit(self) -> None:
        """The form is ours. Raises Forbidden."""
        if not self._admitted:
            field = self._fields.get("_csrf", [bytearray()])[0].decode("utf-8", "replace")
            guard.check_token(self._request, self._session, self._request.headers.get("x-csrf-token") or field)
            self._admitted = True

    def begin(self, name: str, filename: str | None, kind: str) -> None:
        """A field begins, or the file. Raises Forbidden, Invalid `bad_form`."""
        if filename is not None:
            self.admit()  # texts may come before the token: they are few, and kept nowhere
        if filename is None:
            self._at = bytearray()
            self._fields.setdefault(name, []).append(self._at)
        elif name != self._field:
            raise form.bad()
        elif self.file is None or not filename:
            self._at = File(filename, kind)
            if filename:
                self.file = self._at
                self.file.open(self._opens, self._request.content_length or 0)
        else:
            self._at = self.file
            self.file.refuse(Invalid("bad_form", ONE, details={name: ONE}))

    def write(self, piece: bytes) -> None:
        """More of it. Raises TooLarge for more text than any form has."""
        if isinstance(self._at, File):
            self._at.write(piece)
            return
        self._room -= len(piece)
        if self._room < 0:
            raise form.too_long()
        self._at += piece

    def form(self) -> Form:
        """The fields. Raises Invalid `bad_form`."""
        texts = {name: [one.decode("utf-8", "replace") for one in some] for name, some in self._fields.items()}
        if any("\0" in one or len(one) > form.LONGEST for some in texts.values() for one in some):
            raise form.bad()
        return Form(texts)


@dataclass(frozen=True, slots=True)
class Small:
    """A file that is held in memory, because whoever wants it reads it whole."""

    name: str
    refused: Refusal | None
    _bytes: bytes

    def data(self) -> bytes:
        """All of it. Raises Invalid, TooLarge if it was not taken."""
        if self.refused is not None:
            raise self.refused
        return self._bytes


class _Memory:
    """Holds a file up to its limit."""

    def __init__(self, field: str, most_bytes: int, size: int) -> None:
        """Raises TooLarge for a body of so many bytes."""
        self._field = field
        self._most = most_bytes
        self._held = io.BytesIO()
        if size > most_bytes + uploads.MOST_AROUND:
            raise self._too_large()

    def write(self, piece: bytes) -> None:
        """More of it. Raises TooLarge."""
        if self._held.tell() + len(piece) > self._most:
            raise self._too_large()
        self._held.write(piece)

    def drop(self) -> None:
        """Nothing of it is held."""
        self._held = io.BytesIO()

    def data(self) -> bytes:
        """What came."""
        return self._held.getvalue()

    def _too_large(self) -> TooLarge:
        sentence = store.too_large(self._most).sentence
        return TooLarge("too_large", sentence, details={self._field: sentence})


async def small(
    request: guard.Asked, session: Session | None, *, field: str, most_bytes: int
) -> tuple[Form, Small | None]:
    """As `read`, with the file in memory."""
    found, file = await read(request, session, lambda _, size: _Memory(field, most_bytes, size), field=field)
    if file is None:
        return found, None
    held = file.into.data() if isinstance(file.into, _Memory) else b""
    return found, Small(file.name, file.refused, held)
