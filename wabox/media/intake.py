"""Takes a finished file in: what it is, cleaned of what it tells, in its place under its hash."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from wabox.db import Database
from wabox.errors import Unavailable
from wabox.media import converting, films, keeping, kinds, names, papers, store, stored
from wabox.media.found import Found, refused
from wabox.media.keeping import Examined
from wabox.media.store import Incoming
from wabox.media.stored import Media
from wabox.pictures import looking

MOST_PIXELS = 50_000_000  # what a good phone's camera makes
_DAMAGED = "The picture is damaged or cut off; save it anew and send that."
_DOTS = "The picture has over 50 million dots; make it smaller, or send it as a PDF."


@asynccontextmanager
async def taken(
    db: Database, folder: Path, incoming: Incoming, filename: str | None, *, voice: bool = False
) -> AsyncIterator[Examined]:
    """The file lies in its place, and nobody takes it away inside the block: write its row there.

    folder: `data/media`. filename: as its sender calls it. voice: other sound is made a voice note, if this
    machine can. Raises Invalid `bad_file`, Unavailable `storage_full`.
    If the block raises, nothing of the file is left.
    """
    examined = await asyncio.to_thread(_examine, folder, incoming, filename, voice)
    try:
        yield examined
    except BaseException:
        store.unpin(examined.stored_sha256)
        await asyncio.to_thread(clear, db, folder, [examined.stored_sha256])
        raise
    store.unpin(examined.stored_sha256)


@contextmanager
def taken_here(db: Database, folder: Path, incoming: Incoming, filename: str | None) -> Iterator[Examined]:
    """As `taken`, in a thread that may wait."""
    examined = _examine(folder, incoming, filename, voice=False)
    try:
        yield examined
    except BaseException:
        store.unpin(examined.stored_sha256)
        clear(db, folder, [examined.stored_sha256])
        raise
    store.unpin(examined.stored_sha256)


async def opened(db: Database, user_id: int, media_id: int, *, now: datetime) -> Media:
    """The user's file, which somebody opens: used now, so that it is kept on. Raises NotFound.

    A box that cannot write just now gives it all the same.
    """
    found = await db.read(stored.of_user, user_id, media_id)
    if keeping.is_stale(found, now):
        with suppress(Unavailable):
            await db.write(keeping.use, media_id, now=now)
    return found


async def cleared(db: Database, folder: Path, found: Collection[str] | None = None) -> None:
    """As `clear`, from the loop."""
    await asyncio.to_thread(clear, db, folder, found)


def clear(db: Database, folder: Path, found: Collection[str] | None = None) -> int:
    """Files that no row names are gone: of these hashes, else of all; how many. Not on the loop."""
    there = store.held(folder) if found is None else found
    return store.sweep(folder, there, lambda: db.write_now(keeping.named_files))


def _examine(folder: Path, incoming: Incoming, filename: str | None, voice: bool) -> Examined:  # noqa: FBT001
    """Takes up to ten seconds, a voice note up to a minute. The file is pinned."""
    sha256 = incoming.finish()
    found = kinds.of(incoming.path, filename or "", incoming.claims)
    clean, small = store.part(folder), store.part(folder)
    try:
        if found.picture is not None:
            found = _drawn(found, incoming.path, clean, small)
        if made := _made_playable(found, incoming.path, clean, voice=voice):
            filename, found = Path(names.tidy(filename, found.suffix)).stem, made
            sha256 = store.hashed(clean) if voice else sha256
        if found.telling:
            shutil.copyfile(incoming.path, clean)
            films.blank(clean, found.telling)
        source = clean if clean.exists() else incoming.path
        stored_sha256 = store.hashed(source) if source is clean else sha256
        store.pin(stored_sha256)
        try:
            store.place(folder, source, stored_sha256, small)
        except BaseException:
            store.unpin(stored_sha256)
            raise
        return Examined(sha256, stored_sha256, source.stat().st_size, names.tidy(filename, found.suffix), found)
    finally:
        clean.unlink(missing_ok=True)
        small.unlink(missing_ok=True)


def _made_playable(found: Found, path: Path, clean: Path, *, voice: bool) -> Found | None:
    """A voice note, if that is wanted, or sound or a film that WhatsApp plays; None: it goes as it is."""
    if voice and converting.can(found.mime):
        converting.to_voice(path, found.mime, clean)
    elif found.mime in converting.FOREIGN:
        converting.to_sound(path, found.mime, clean)
    elif found.mime != films.QUICKTIME or not converting.to_film(path, clean):
        return None
    return kinds.of(clean, "")


def _drawn(found: Found, path: Path, clean: Path, small: Path) -> Found:
    """What is known once it was drawn, by another process."""
    assert found.picture is not None
    try:
        seen = looking.look(path, found.picture, most_pixels=MOST_PIXELS, clean_to=clean, small_to=small)
    except looking.TooLarge:
        raise refused(_DOTS) from None
    except looking.Unreadable:
        raise refused(_DAMAGED) from None
    if seen.two_things:
        raise refused(papers.TWO_THINGS)
    kind = "document" if seen.moves else found.kind
    return replace(found, kind=kind, width=seen.width, height=seen.height)
