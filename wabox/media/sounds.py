"""Reads sound as far as it must be known: Ogg with Opus in it, MP3, AAC; whole from end to end, and how long."""

from __future__ import annotations

import mmap
import re

from wabox.media.found import Found, Refused, refused
from wabox.pictures.behind import runs

OPUS = "audio/ogg; codecs=opus"
OPUS_RATE = 48_000  # of an Opus stream's clock, whatever was recorded
FEWEST_FRAMES = 3
MOST_STRAY = 4_096  # bytes behind the last frame: one that was cut off, and blanks
MOST_HEAD = 64 * 1024  # bytes of a WebM in which its tracks are named
_FILM_CODEC = re.compile(rb"V_(?:VP8|VP9|AV1|MPEG|THEORA|MS/|REAL|UNCOMPRESSED)")
_SOUND_CODEC = re.compile(rb"A_(?:OPUS|VORBIS|AAC|FLAC|PCM|MPEG)")
_WEBM_FILM = "This is a WebM film, which WhatsApp does not take; save it as MP4 and send that."
_NOT_OPUS = "This Ogg file holds no Opus sound; save it as Ogg/Opus or MP3 and send that."
_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_KBITS_FIRST = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBITS_LATER = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_AAC_RATES = (96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350)


def wav(data: mmap.mmap) -> Found:
    """WAV, which WhatsApp does not play. It is looked at by what makes other sound of it."""
    return _foreign(data[8:12] == b"WAVE", "audio/wav", "wav")


def aiff(data: mmap.mmap) -> Found:
    """AIFF, likewise."""
    return _foreign(data[8:12] in (b"AIFF", b"AIFC"), "audio/aiff", "aiff")


def flac(data: mmap.mmap) -> Found:
    """FLAC, likewise."""
    return _foreign(data[4] & 0x7F == 0, "audio/flac", "flac")


def amr(_: mmap.mmap) -> Found:
    """AMR, as old phones record, likewise."""
    return _foreign(True, "audio/amr", "amr")


def webm(data: mmap.mmap) -> Found:
    """The sound of a WebM or Matroska file, likewise. Raises Invalid for a film."""
    head = data[:MOST_HEAD]
    if _FILM_CODEC.search(head):
        raise refused(_WEBM_FILM)
    return _foreign(_SOUND_CODEC.search(head) is not None, "audio/webm", "webm")


def _foreign(good: bool, mime: str, suffix: str) -> Found:  # noqa: FBT001
    if not good:
        raise Refused
    return Found("audio", mime, suffix)


def ogg(data: mmap.mmap) -> Found:
    """Opus in Ogg, as a phone's voice note is. Raises Invalid where something else is in it."""
    body = 27 + data[26]
    if data[body : body + 8] != b"OpusHead":
        raise refused(_NOT_OPUS)
    skipped = int.from_bytes(data[body + 10 : body + 12], "little")
    return Found("voice", OPUS, "ogg", seconds=_span(_granule(data) - skipped, OPUS_RATE))


def _granule(data: mmap.mmap) -> int:
    """The clock of the last page. Raises Refused where the pages do not follow each other to the end."""
    at, last = 0, 0
    while at < len(data):
        if data[at : at + 4] != b"OggS" or at + 27 > len(data):
            raise Refused
        body = at + 27 + data[at + 26]
        last = max(last, int.from_bytes(data[at + 6 : at + 14], "little", signed=True))
        at = body + sum(data[at + 27 : body])
    if at > len(data):
        raise Refused
    return last


def mp3(data: mmap.mmap) -> Found:
    """MP3, with or without its notes. Raises Refused."""
    at, end, frames, samples, rate = _behind_notes(data), _before_notes(data), 0, 0, 1
    while at < end:
        length, rate_now, samples_now = _frame(data, at)
        if not length:
            break
        at, frames, samples, rate = at + length, frames + 1, samples + samples_now, rate_now
    stray = data[at:end].strip(b"\0")
    if frames < FEWEST_FRAMES or len(stray) > MOST_STRAY or runs(stray):
        raise Refused
    return Found("audio", "audio/mpeg", "mp3", seconds=_span(samples, rate))


def _before_notes(data: mmap.mmap) -> int:
    """Where the notes at the end begin: the old ones, those of APE, and blanks."""
    end = len(data)
    if data[end - 128 : end - 125] == b"TAG":
        end -= 128
    if data[end - 32 : end - 24] == b"APETAGEX":
        size, told = data[end - 20 : end - 16], data[end - 9]
        end = max(end - int.from_bytes(size, "little") - (32 if told & 0x80 else 0), 0)
    return end


def is_frame(data: mmap.mmap, at: int) -> bool:
    """Whether a frame of MP3 begins here, and another behind it."""
    length = _frame(data, at)[0]
    return bool(length and _frame(data, at + length)[0])


def aac(data: mmap.mmap) -> Found:
    """AAC in its bare frames. Raises Refused."""
    at, frames = 0, 0
    rate = _AAC_RATES[data[2] >> 2 & 0x0F]
    while at < len(data):
        if not is_aac(data, at):
            raise Refused
        at, frames = at + _aac_length(data, at), frames + 1
    if frames < FEWEST_FRAMES or at != len(data):
        raise Refused
    return Found("audio", "audio/aac", "aac", seconds=_span(frames * 1024, rate))


def is_aac(data: mmap.mmap, at: int) -> bool:
    """Whether a frame of AAC begins here."""
    head = data[at : at + 7]
    return len(head) == 7 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0 and _aac_length(data, at) >= 7


def _aac_length(data: mmap.mmap, at: int) -> int:
    return (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5


def _behind_notes(data: mmap.mmap) -> int:
    at = 0
    while data[at : at + 3] == b"ID3":
        size = data[at + 6 : at + 10]
        at += 10 + (size[0] << 21 | size[1] << 14 | size[2] << 7 | size[3])
    while at < len(data) and data[at] == 0:  # padding
        at += 1
    return at


def _frame(data: mmap.mmap, at: int) -> tuple[int, int, int]:
    """(bytes, samples a second, samples) of the frame of layer III here; (0, 1, 0) if there is none."""
    head = data[at : at + 4]
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return 0, 1, 0
    version, kbits, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or kbits in (0, 15) or rate == 3:
        return 0, 1, 0
    first = version == 3
    bits = (_KBITS_FIRST if first else _KBITS_LATER)[kbits - 1] * 1_000
    hertz, samples = _RATES[version][rate], 1_152 if first else 576
    return samples // 8 * bits // hertz + (head[2] >> 1 & 1), hertz, samples


def _span(samples: int, rate: int) -> float | None:
    return round(samples / rate, 2) if 0 < samples < 86_400 * rate else None
