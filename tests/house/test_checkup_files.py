"""What the doctor says of files: where they lie, whether the browser reads them, how full, and voice notes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests import fresh
from wabox import config as settings
from wabox import datadir
from wabox.checkup import files
from wabox.media.room import Room

MEGABYTE = 1024 * 1024


def program(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_what_a_browser_does_not_read_is_named_with_its_cure(tmp_path: Path) -> None:
    says = 'for last; do :; done; cat "${last#file://}"'
    assert files.readable(program(tmp_path / "reads", says), tmp_path, sandboxed=True).level == "ok"
    found = files.readable(program(tmp_path / "not", 'echo "<body></body>"'), tmp_path, sandboxed=True)
    assert found.level == "bad" and "AppArmor" in found.cure and str(tmp_path) in found.says
    assert sorted(one.name for one in tmp_path.iterdir()) == ["not", "reads"]
    assert files.readable(tmp_path / "reads", tmp_path / "nowhere", sandboxed=True).level == "bad"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    data = datadir.prepare(tmp_path / "data")
    data.media.mkdir(mode=0o500)
    assert files.folder(data).level == "bad"


def test_a_folder_that_is_a_file_is_named_and_one_not_made_yet_is_well(tmp_path: Path) -> None:
    data = datadir.prepare(tmp_path / "data")
    assert files.folder(data).level == "ok" and "first file" in files.folder(data).says
    data.media.write_text("x")
    assert files.folder(data).level == "bad" and "chown" in files.folder(data).cure


def test_ffmpeg_is_no_must_but_one_without_opus_is_named(tmp_path: Path) -> None:
    assert files.voice(None).level == "ok" and "apt-get install ffmpeg" in files.voice(None).says
    able = program(tmp_path / "able", "echo ' A....D libopus              libopus Opus'")
    assert files.voice(str(able)).level == "ok"
    assert files.voice(str(program(tmp_path / "unable", "exit 0"))).level == "warning"


@pytest.mark.parametrize(
    ("used", "needed", "free", "level", "word"),
    [
        (95, 10, 500, "ok", ""),
        (95, 81, 500, "warning", "raise [media] disk_megabytes"),
        (10, 1, 50, "warning", "lower [media] disk_megabytes"),
    ],
)
def test_room_counts_what_something_needs_and_what_the_disk_has(
    used: int, needed: int, free: int, level: str, word: str
) -> None:
    found = files.room(Room(used * MEGABYTE, needed * MEGABYTE), 100, free * MEGABYTE)
    assert (found.level, found.values["used"], found.values["needed"]) == (level, used, needed)
    assert word in found.cure


def test_doctor_reads_how_full_it_is_from_the_database(tmp_path: Path) -> None:
    config = settings.parse({"whatsapp": {"chromium": "/nowhere/chromium"}}, base=tmp_path)
    assert [one.name for one in files.findings(config)] == ["files_folder", "voice_notes"]
    fresh.database(datadir.prepare(config.data.dir).database)
    assert [one.name for one in files.findings(config)] == ["files_folder", "voice_notes", "files_room"]
