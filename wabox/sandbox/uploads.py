"""The files that pages upload: real bytes, named by the hash of what came, and given back to whoever looks.

`POST /sandbox/mms` takes them as they are (on the real WhatsApp they are encrypted), `GET /sandbox/mms/<sha256>`
gives them back. They lie beside the sandbox's memory, or in a directory that goes with the process.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import secrets
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import File, Response

from wabox.errors import Invalid, Refusal
from wabox.sandbox.wire import Wire
from wabox.sandbox.world import World

MOST_BYTES = 2048 * 1024 * 1024  # what WhatsApp takes as a document
MOST_INBOUND = 128 * 1024 * 1024  # of a request that a person makes, with its base64
MIME = re.compile(r"[a-z]+/[A-Za-z0-9.+-]+(; ?[A-Za-z0-9=.+-]+)?")
DIRECTORY = "uploads"
SHOWN = re.compile(r"(image/(jpeg|png|gif|webp)|audio/[\w.+-]+|video/[\w.+-]+)")


class Shelf:
    """Where uploaded files lie, each once. Without a data directory they go when it is closed."""

    def __init__(self, data: Path | None) -> None:
        self._passing = None if data else tempfile.TemporaryDirectory(prefix="wabox-sandbox-")
        self._directory = data / DIRECTORY if data else Path(self._passing.name if self._passing else "")
        self._directory.mkdir(parents=True, exist_ok=True)

    def there(self) -> dict[str, int]:
        """{sha256: bytes} of what it holds; what did not come whole is removed."""
        found = {}
        for path in self._directory.iterdir():
            if path.suffix == ".part":
                path.unlink()
            else:
                found[path.name] = path.stat().st_size
        return found

    async def put(self, chunks: AsyncIterator[bytes]) -> tuple[str, int]:
        """The file lies under its hash; its hash and bytes. Raises Refusal if it is larger than WhatsApp takes."""
        part = self._directory / f"{secrets.token_hex(8)}.part"
        hashed, count = hashlib.sha256(), 0
        try:
            with part.open("wb") as file:
                async for chunk in chunks:
                    count += len(chunk)
                    if count > MOST_BYTES:
                        raise Refusal("file_too_large", "WhatsApp takes no file over 2 GB.")
                    hashed.update(chunk)
                    file.write(chunk)
            part.rename(self.path(hashed.hexdigest()))
        finally:
            part.unlink(missing_ok=True)
        return hashed.hexdigest(), count

    async def put_whole(self, content: bytes) -> str:
        """The same, for bytes that are here already."""

        async def one() -> AsyncIterator[bytes]:
            yield content

        return (await self.put(one()))[0]

    def path(self, sha256: str) -> Path:
        """Where the file of this hash lies."""
        return self._directory / sha256

    def close(self) -> None:
        """What goes with the process is gone."""
        if self._passing is not None:
            self._passing.cleanup()


class MediaBody(msgspec.Struct, forbid_unknown_fields=True):
    """A file that a person sends. voice: as a voice note. once: to be seen once, which linked devices cannot.

    gif: a video that plays by itself, over and over.
    """

    base64: str
    mime: str
    filename: str | None = None
    voice: bool = False
    once: bool = False
    gif: bool = False

    @property
    def kind(self) -> str:
        """What the control API calls it."""
        family = self.mime.partition("/")[0]
        return "voice" if self.voice else family if family in ("image", "video", "audio") else "document"


async def written(media: MediaBody, world: World, shelf: Shelf) -> dict[str, Any]:
    """The file is here, as Message has it. Raises Invalid."""
    if not MIME.fullmatch(media.mime):
        raise Invalid("invalid_media", "Give `mime` as image/png.")
    try:
        content = base64.b64decode(media.base64, validate=True)
    except ValueError:
        raise Invalid("invalid_media", "Give the file's bytes as base64.") from None
    sha256 = await shelf.put_whole(content)
    world.uploaded[sha256] = len(content)
    return {
        "kind": media.kind,
        "mime": media.mime,
        "filename": media.filename if media.filename and media.filename.isprintable() else None,
        "bytes": len(content),
        "sha256": sha256,
        **({"view_once": True} if media.once else {}),
        **({"gif": True} if media.gif else {}),
    }


@post("/sandbox/mms", request_max_body_size=None)
async def take_upload(request: Request[Any, Any, Any], state: State) -> Response[dict[str, Any]]:
    """A page uploads a file; refused, late or never answered as the faults say."""
    world: World = state.world
    wire: Wire = state.wire
    shelf: Shelf = state.shelf
    sha256, count = await shelf.put(request.stream())
    await asyncio.sleep(world.faults.upload_ms / 1000)
    if not isinstance(world.faults.upload_stuck, str) and world.strikes("upload_stuck"):
        wire.flush()
        while (await request.receive())["type"] != "http.disconnect":
            pass
    if world.strikes("upload_error"):
        wire.flush()
        return Response({"error": "The server takes no bytes (fault upload_error)."}, status_code=507)
    world.uploaded[sha256] = count
    return Response({"direct_path": f"/sandbox/mms/{sha256}"}, status_code=201)


@get("/sandbox/mms/{sha256:str}")
async def give_upload(request: Request[Any, Any, Any], sha256: FromPath[str], state: State) -> File:
    """A file as it came; only what a browser can show without running it is shown. for: a page, not a person."""
    world: World = state.world
    shelf: Shelf = state.shelf
    if "for" in request.query_params and world.faults.media_expired == "hang":
        while (await request.receive())["type"] != "http.disconnect":
            pass
    if "for" in request.query_params and world.strikes("media_expired"):
        raise HTTPException(status_code=410, detail="WhatsApp does not have this file any more.")
    if sha256 not in world.uploaded:
        raise HTTPException(status_code=404, detail="There is no such file.")
    media = next((one.media for one in world.kept.messages if one.media and one.media.get("sha256") == sha256), {})
    mime = str(media.get("mime") or "").partition(";")[0]
    shown = SHOWN.fullmatch(mime) is not None
    return File(
        shelf.path(sha256),
        filename=str(media.get("filename") or sha256),
        media_type=mime if shown else "application/octet-stream",
        content_disposition_type="inline" if shown else "attachment",
        headers={"x-content-type-options": "nosniff", "content-security-policy": "sandbox; default-src 'none'"},
    )


ROUTES: list[HTTPRouteHandler] = [take_upload, give_upload]
