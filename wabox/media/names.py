"""What a file is called where it arrives: the end of its path, without what no name should hold."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 120
# Marks that turn the reading around, so that `exe.fdp` looks like `pdf.exe`, and all that cannot be seen.
_UNFIT = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]')
_SAME = {"jpg": {"jpg", "jpeg", "jpe", "jfif"}, "mp4": {"mp4", "m4v", "3gp"}, "ogg": {"ogg", "opus", "oga"}}
_SAME["txt"] = {"txt", "text", "md", "log"}
_SAME |= {"webm": {"webm", "weba", "mka"}, "aiff": {"aiff", "aif", "aifc"}, "wav": {"wav", "wave"}}
_SAME["mov"] = {"mov", "qt"}
_SAME["m4a"] = {"m4a", "mp4", "m4b"}


def tidy(given: str | None, suffix: str) -> str:
    """The name that goes out. given: what its sender calls it; None or nothing makes `file`.

    suffix: what it is by its content. A name that ends otherwise gets that end too: it opens as what it is.
    """
    last = re.split(r"[/\\]", given or "")[-1]
    name = _UNFIT.sub("", unicodedata.normalize("NFC", last)).strip(" .")
    stem, _, end = name.rpartition(".")
    if not stem or end.lower() not in _SAME.get(suffix, {suffix}):
        stem, end = name or "file", suffix
    return f"{stem[: LONGEST - len(end) - 1].rstrip(' .') or 'file'}.{end}"


def beside(given: str, before: str) -> str:
    """Another name of a file that has a tidy one already, as tidy."""
    end, wished = before.rpartition(".")[2].lower(), given.rpartition(".")[2].lower()
    return tidy(given, next((one for one, same in _SAME.items() if {end, wished} <= same), end))
