"""Pictures for tests: whole ones of each kind, and some made to hurt whoever draws them."""

from __future__ import annotations

import io
import zlib

from PIL import Image

FORMATS = {"png": "PNG", "jpg": "JPEG", "webp": "WEBP", "gif": "GIF"}


def drawn(kind: str, width: int = 36, height: int = 64, **how: object) -> bytes:
    """A picture of this kind. how: what Pillow is told beside, as `progressive=True`."""
    file = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save(file, FORMATS[kind], **how)
    return file.getvalue()


def flat(kind: str, width: int, height: int) -> bytes:
    """A picture of one colour: few bytes, many dots."""
    file = io.BytesIO()
    Image.new("1" if kind == "png" else "L", (width, height)).save(file, FORMATS[kind])
    return file.getvalue()


def moving(kind: str) -> bytes:
    """Two frames."""
    frames = [Image.new("RGB", (36, 64), colour) for colour in ("red", "blue")]
    file = io.BytesIO()
    frames[0].save(file, FORMATS[kind], save_all=True, append_images=frames[1:])
    return file.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG of so many black dots of one bit, of which a small part is there."""
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\1\0\0\0\0"
    rows = zlib.compress(b"\0" * (width // 8 + 1) * min(height, 2_000), 9)
    chunks = ((b"IHDR", head), (b"IDAT", rows), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")
        for name, body in chunks
    )
