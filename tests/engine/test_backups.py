"""The nightly backup: when it is due, where it goes and where not, what is kept, and who hears that it failed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyrage
import pytest

from tests.cast import Stage, stage
from wabox import config
from wabox.backup import making, nightly, reading, record
from wabox.backup.age import Key
from wabox.backup.record import Entry
from wabox.checkup import promises
from wabox.checkup.findings import Finding
from wabox.datadir import DataDir
from wabox.engine.alerting import Alerting
from wabox.engine.backups import Backups
from wabox.errors import ConfigError, Unavailable

Make = Callable[..., Stage]
THREE = datetime(2026, 3, 10, 21, 0, tzinfo=UTC)  # three at night in Dhaka


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """A box whose backups go to `stick`."""
    made: list[Stage] = []

    def box(**settings: Any) -> Stage:
        (tmp_path / "stick").mkdir(exist_ok=True)
        given = {"dir": str(tmp_path / "stick"), **settings}
        made.append(stage(tmp_path, backup={key: value for key, value in given.items() if value}))
        made[-1].hands.at = THREE
        return made[-1]

    yield box
    made[-1].close()


def data_of(made: Stage) -> DataDir:
    return DataDir(made.box.config.data.dir)


def run(made: Stage) -> Entry:
    work = nightly.Work(threading.Event())
    return nightly.run(made.box.config, data_of(made), work, by="night", now=made.hands.now())


def is_due(made: Stage) -> bool:
    return nightly.due(made.box.config, data_of(made), now=made.hands.now())


def found(made: Stage) -> dict[str, Finding]:
    night = record.entries(data_of(made))
    return {one.name: one for one in nightly.judged(made.box.config, night, now=made.hands.now())}


def test_it_is_made_once_a_night_at_its_hour(make: Make) -> None:
    made = make()
    made.hands.at = THREE - timedelta(minutes=1)
    assert not is_due(made)
    made.hands.at = THREE
    assert is_due(made)
    assert run(made).well
    assert not is_due(made)
    made.hands.forward(hours=23, minutes=59)
    assert not is_due(made)
    made.hands.forward(minutes=1)
    assert is_due(made)


def test_a_box_that_was_off_at_night_makes_it_when_it_is_on(make: Make) -> None:
    made = make()
    run(made)
    made.hands.forward(hours=24 + 9)
    assert is_due(made)


def test_without_a_directory_nothing_is_made(make: Make) -> None:
    assert not is_due(make(dir=None))


def test_for_a_recipient_it_is_opened_again_here_and_later_only_by_them(make: Make, tmp_path: Path) -> None:
    theirs = pyrage.x25519.Identity.generate()
    entry = run(make(recipient=str(theirs.to_public())))
    assert (entry.why, entry.sealed, entry.tried_at) == ("", True, THREE)
    assert pyrage.decrypt(entry.path.read_bytes(), [theirs])[257:262] == b"ustar"
    assert entry.path.stat().st_mode & 0o077 == 0


@pytest.mark.heavy("a key is stretched from a passphrase, three times")
def test_a_passphrase_is_read_from_its_file_each_time(make: Make, tmp_path: Path) -> None:
    made = make(passphrase_file=str(tmp_path / "phrase"))
    assert "cannot be read" in run(made).why
    (tmp_path / "phrase").write_text("seven lamps\n")
    assert reading.check(run(made).path, Key(passphrase="seven lamps")).kind == "backup"


def test_a_stick_that_is_not_there_is_said_and_nothing_is_written_elsewhere(make: Make, tmp_path: Path) -> None:
    made = make()
    assert run(made).well
    stick = tmp_path / "stick"
    stick.rename(tmp_path / "unplugged")
    made.hands.forward(days=1)
    gone = run(made)
    assert (gone.missing, stick.exists()) == (True, False)
    stick.mkdir()  # the empty folder that it was mounted on
    made.hands.forward(days=1)
    assert run(made).missing
    assert not list(stick.iterdir())
    assert found(made)["backup_missing"].level == "bad"
    assert nightly.alarms(made.box.config, now=made.hands.now())
    made.hands.forward(minutes=59)
    assert not is_due(made)
    made.hands.forward(minutes=1)
    assert is_due(made)  # an hour later it may be there again
    stick.rmdir()
    (tmp_path / "unplugged").rename(stick)
    assert run(made).well
    assert not nightly.alarms(made.box.config, now=made.hands.now())


def test_of_days_and_weeks_the_last_ones_stay_and_what_is_not_ours_is_left_alone(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make(keep_daily=3, keep_weekly=2)
    stick = tmp_path / "stick"
    (stick / "family.jpg").write_bytes(b"x")
    (stick / "wabox-notes.tar").write_bytes(b"x")
    for day in range(40):
        (stick / f"wabox-{THREE + timedelta(days=day):%Y-%m-%d}-030000.tar").write_bytes(b"x")
        (stick / f"wabox-{THREE + timedelta(days=day):%Y-%m-%d}-010000.tar").write_bytes(b"x")
    made.hands.forward(days=39)
    nightly._prune(made.box.config, stick, made.hands.now())
    left = sorted(one.name for one in stick.iterdir())
    # 2026-04-18 is a Saturday: three days, then the last one left of this week, and of the week before.
    assert left == [
        "family.jpg",
        "wabox-2026-04-12-030000.tar",
        "wabox-2026-04-15-030000.tar",
        "wabox-2026-04-16-030000.tar",
        "wabox-2026-04-17-030000.tar",
        "wabox-2026-04-18-030000.tar",
        "wabox-notes.tar",
    ]


def test_one_that_failed_takes_no_older_one_away(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make(keep_daily=1, keep_weekly=0)
    first = run(made)
    monkeypatch.setattr(promises, "broken", _full_disk)
    made.hands.forward(days=1)
    assert "No space left" in run(made).why
    assert first.path.exists()
    assert found(made)["backup"].level == "bad"
    assert found(made)["backup_last"].level == "ok"


def _full_disk(_: object) -> None:
    raise OSError(28, "No space left on device")


def test_the_owners_command_gets_the_file_and_its_failure_is_shown(make: Make, tmp_path: Path) -> None:
    script = tmp_path / "up.py"
    script.write_text("import sys; print('quota of', sys.argv[1:]); sys.exit(3)")
    made = make(after=f"{sys.executable} {script} {{file}} remote:shop;id")
    entry = run(made)
    assert entry.well
    assert entry.after is not None
    assert entry.after == f"It ended with 3 and said: quota of ['{entry.path}', 'remote:shop;id']"
    assert found(made)["backup_after"].level == "bad"
    script.write_text("print('copied')")
    made.hands.forward(days=1)
    assert (run(made).after, "backup_after" in found(made)) == ("copied", False)


def test_a_command_that_is_not_there_is_said(make: Make) -> None:
    entry = run(make(after="/no/such/rclone copy {file}"))
    assert (entry.well, entry.after_failed) == (True, True)


def test_two_nights_without_one_are_told(make: Make) -> None:
    made = make()
    run(made)
    made.hands.forward(days=3)
    assert found(made)["backup"].text == "There was no backup for two nights."


def test_what_is_not_sealed_is_said(make: Make) -> None:
    made = make()
    run(made)
    assert found(made)["backup_open"].level == "warning"


def test_broken_off_by_a_stop_nothing_is_left_of_it(make: Make, tmp_path: Path) -> None:
    made = make()
    work = nightly.Work(threading.Event())
    work.stopping.set()
    with pytest.raises(Unavailable, match="stopped"):
        nightly.run(made.box.config, data_of(made), work, by="night", now=made.hands.now())
    assert not list((tmp_path / "stick").iterdir())
    assert not (data_of(made).backups / "work").exists()
    assert record.entries(data_of(made)) == []
    assert is_due(made)  # at the next start, at once


def test_a_record_that_is_damaged_is_none(make: Make) -> None:
    made = make()
    run(made)
    (data_of(made).backups / record.FILE).write_text("{")
    assert record.entries(data_of(made)) == []
    assert run(made).well
    assert len(record.entries(data_of(made))) == 1


async def night(step: Backups) -> None:
    """What the clock does of it now, to its end."""
    for _ in range(2):
        step._looked_at = -1_000.0
        await step.tick()
        while step._task is not None and not step._task.done():
            await asyncio.wait([step._task])


@contextlib.contextmanager
def another(made: Stage) -> Iterator[None]:
    """A backup by hand, or a move, is being made meanwhile."""
    with making._alone(data_of(made)):
        yield


def test_while_another_one_or_a_move_is_made_it_waits_and_comes_after(make: Make) -> None:
    made = make()
    step = Backups(made.box)
    with another(made):
        for _ in range(3):
            asyncio.run(night(step))
            made.hands.forward(minutes=10)
        assert record.entries(data_of(made)) == []
        assert not nightly.alarms(made.box.config, now=made.hands.now())
    asyncio.run(night(step))
    assert [one.why for one in record.entries(data_of(made))] == [""]


def test_one_that_could_not_be_made_within_its_day_fails_and_is_made_when_it_can(make: Make) -> None:
    """Also where the box is started anew each hour: since when it waits lies on the disk."""
    made = make()
    assert run(made).well
    made.hands.forward(days=1)
    with another(made):
        for _ in range(26):
            asyncio.run(night(Backups(made.box)))
            made.hands.forward(hours=1)
        assert [one.why for one in record.entries(data_of(made))] == [making.BUSY, ""]
        assert nightly.alarms(made.box.config, now=made.hands.now())
    asyncio.run(night(Backups(made.box)))
    assert record.entries(data_of(made))[0].well
    assert record.waits_since(data_of(made)) is None
    assert not nightly.alarms(made.box.config, now=made.hands.now())


def trial(made: Stage, state: str) -> None:
    """An engine in this state."""
    made.box.db.write_now(
        lambda tx: tx.run(
            """insert into engines (version, sha256, sha512, origin, state, added_at)
               values ('4.5.0', :sha256, :sha512, 'x.tgz', :state, '2026-03-10')
               on conflict do update set state = :state""",
            sha256="a" * 64,
            sha512="b" * 128,
            state=state,
        )
    )


def test_while_an_engine_is_tried_it_waits_a_day_at_most(make: Make) -> None:
    made = make()
    step = Backups(made.box)
    trial(made, "trying")
    asyncio.run(night(step))
    assert record.entries(data_of(made)) == []
    trial(made, "good")
    asyncio.run(night(step))
    assert record.entries(data_of(made))[0].well
    trial(made, "waiting")
    made.hands.forward(days=1)
    asyncio.run(night(step))
    assert len(record.entries(data_of(made))) == 1
    made.hands.forward(days=1)
    asyncio.run(night(step))
    assert [one.well for one in record.entries(data_of(made))] == [True, True]


def test_a_box_that_nobody_owns_yet_is_not_backed_up(make: Make) -> None:
    made = make()
    made.box.db.write_now(lambda tx: tx.run("update users set role = 'user' where role = 'owner'"))
    asyncio.run(night(Backups(made.box)))
    assert record.entries(data_of(made)) == []


def test_a_stop_is_no_failure(make: Make) -> None:
    made = make()
    step = Backups(made.box)

    async def stopped() -> None:
        step._looked_at = -1_000.0
        await step.tick()
        await step.stop()

    asyncio.run(stopped())
    assert [one for one in record.entries(data_of(made)) if not one.well] == []


def test_the_clock_makes_it_and_the_owner_hears_once_a_day_that_it_fails(make: Make, tmp_path: Path) -> None:
    made = make()
    step = Backups(made.box)
    asyncio.run(night(step))
    assert record.entries(data_of(made))[0].well
    mails = "select count(*) from mails"
    alerts(made)
    assert made.value(mails) == 0
    (tmp_path / "stick").rename(tmp_path / "unplugged")
    for _ in range(3):
        made.hands.forward(hours=24)
        asyncio.run(night(step))
        alerts(made)
        alerts(made)
    assert [one.missing for one in record.entries(data_of(made))] == [True, True, True, False]
    subjects = "select group_concat(subject, '|') from (select subject from mails order by id)"
    began = "Your box has no good backup of last night."
    assert made.value(subjects) == f"{began}|Still: {began}|Still: {began}"
    (tmp_path / "unplugged").rename(tmp_path / "stick")
    made.hands.forward(hours=2)
    asyncio.run(night(step))
    alerts(made)
    assert made.value("select subject from mails order by id desc") == "Your box has a good backup again."


def alerts(made: Stage) -> None:
    """What ails is looked for, as the clock has it done."""

    async def looked() -> None:
        step = Alerting(made.box)
        await step.tick()
        await step.quiet()

    asyncio.run(looked())


@pytest.mark.parametrize(
    ("key", "value"), [("at", "3"), ("recipient", "age1short"), ("keep_daily", 0), ("at", "24:00")]
)
def test_a_setting_that_makes_no_sense_stops_the_start(tmp_path: Path, key: str, value: object) -> None:
    with pytest.raises(ConfigError, match=f"backup.*{key}"):
        config.parse(json.loads(json.dumps({"backup": {key: value}})), base=tmp_path)
