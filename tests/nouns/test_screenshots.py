"""A payment's picture is on the disk before its row can be."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from tests.pictures import drawn
from wabox.billing import screenshots


def test_picture_and_its_name_are_flushed_before_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[str] = []
    flush = os.fsync

    def noted(handle: int) -> None:
        is_directory = stat.S_ISDIR(os.fstat(handle).st_mode)
        flushed.append("directory" if is_directory else f"{os.fstat(handle).st_size} bytes")
        flush(handle)

    monkeypatch.setattr(os, "fsync", noted)
    picture = drawn("png")
    for _ in range(2):
        screenshots.keep(tmp_path / "receipts", picture)
    whole = f"{len(picture)} bytes"
    assert flushed == ["directory", whole, "directory", whole, "directory"]


def test_picture_that_cannot_be_flushed_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_handle: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    (tmp_path / "receipts").mkdir()
    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(OSError, match="Input/output"):
        screenshots.keep(tmp_path / "receipts", drawn("png"))
    assert list((tmp_path / "receipts").iterdir()) == []
