"""Draws the picture that the demo sends: a small shop with a striped awning, a PNG made of nothing but numbers."""

from __future__ import annotations

import struct
import zlib

WIDTH, HEIGHT = 480, 320
SKY, WALL, RED, WHITE, WOOD, GLASS, GROUND = range(7)
PALETTE = bytes.fromhex("cfe8f3 f4e3c1 c8443c ffffff 7a4f2b 9fd0e6 8fae6b")


def shop() -> bytes:
    """The picture, a PNG of a few kilobytes; the same each time."""
    lines = b"".join(b"\0" + bytes(_colour(x, y) for x in range(WIDTH)) for y in range(HEIGHT))
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 3, 0, 0, 0)
    parts = ((b"IHDR", head), (b"PLTE", PALETTE), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_part(name, body) for name, body in parts)


def _part(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _colour(x: int, y: int) -> int:
    """What is seen at a dot, from the top left."""
    if y >= 280:
        return GROUND
    if not 80 <= x < 400 or y < 70:
        return SKY
    if y < 140 - abs(x % 40 - 20) // 2:  # scallops below the stripes
        return RED if x // 40 % 2 else WHITE
    if 280 <= x < 350 and y >= 165:
        return GLASS if 292 <= x < 338 and 177 <= y < 220 else WOOD
    if 105 <= x < 245 and 165 <= y < 245:
        return WOOD if min(x - 105, 244 - x, y - 165, 244 - y) < 6 or abs(x - 175) < 3 else GLASS
    return WALL
