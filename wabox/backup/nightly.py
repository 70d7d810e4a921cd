"""The backup that is made by itself: where, when, sealed for whom, how many are kept, and what is run after it.

The directory may be a stick or a mount. Its mark, made by the first backup there, tells it from the empty folder
that an unplugged stick leaves behind: without it nothing is written to the card instead, and the owner is told.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from wabox import times
from wabox.backup import age, making, record
from wabox.backup.age import Key, Lock
from wabox.backup.record import Entry
from wabox.checkup.findings import Finding, bad, ok, warning
from wabox.config import Config
from wabox.datadir import DataDir
from wabox.errors import Invalid, Refusal, Unavailable
from wabox.languages import later

MARK = ".wabox-backups"
AGAIN = timedelta(hours=1)
OLD = timedelta(hours=50)
AFTER_SECONDS = 3_600
ITS_DAY = timedelta(days=1)
NOT_YET = ("busy", "stopping")  # refusals after which it is simply made later
SAID = 400  # characters of what the owner's command says
STOPPED = later("wabox was stopped meanwhile; it is made after the next start.")
AGAIN_SOON = later(
    "It is tried again every hour; once it is put right, press Make it now under Settings, Backups."
)
MAY_NOT = later(
    "Let the service write there: sudo chown -R wabox: %(place)s; sudo systemctl edit wabox, and write there "
    "[Service] and ReadWritePaths=-%(place)s; then restart wabox."
)
_NAME = re.compile(r"wabox-([0-9]{4}-[0-9]{2}-[0-9]{2})-[0-9]{6}\.tar(\.age)?")


@dataclass(slots=True)
class Work:
    """What a backup that is being made has come to. stopping: set to break it off."""

    stopping: threading.Event
    done: int = 0
    of: int = 0

    def progress(self, done: int, of: int) -> None:
        """So far; raises Unavailable when the box stops."""
        self.done, self.of = done, of
        if self.stopping.is_set():
            raise Unavailable("stopping", STOPPED)


def place_of(config: Config) -> Path | None:
    """Where backups go by themselves, or None. Relative to the settings' file."""
    if config.backup.dir is None:
        return None
    return (config.path.parent if config.path else Path.cwd()) / config.backup.dir


def due(config: Config, data: DataDir, *, now: datetime) -> bool:
    """Whether tonight's is to be made: once a day from `at` on; one that failed is tried again after an hour."""
    if place_of(config) is None:
        return False
    local = now.astimezone(config.zone)
    today = datetime.combine(local.date(), config.backup.at, tzinfo=config.zone)
    since = today if local >= today else today - timedelta(days=1)
    mine = [one for one in record.entries(data) if one.by == "night"]
    if not mine:
        return local >= today
    if mine[0].well:
        return mine[0].at < since
    return now - mine[0].at >= AGAIN or now < mine[0].at


def run(config: Config, data: DataDir, work: Work, *, by: str, now: datetime) -> Entry:
    """One is made, old ones go, the owner's command is run; whatever became of it is on record.

    Raises Unavailable `busy`, `stopping`: it was not its turn yet, nothing failed, and nothing is on record.
    """
    place = place_of(config)
    assert place is not None
    name = f"wabox-{now.astimezone(config.zone):%Y-%m-%d-%H%M%S}.tar"
    entry = Entry(at=now, by=by, name=name, place=str(place))
    try:
        lock, key = _lock(config)
        entry = _with(entry, name=name if lock is None else f"{name}.age", sealed=lock is not None)
        _check_place(data, place)
        wanted = making.Wanted(place / entry.name, lock, key)
        made = making.make(config, data, wanted, now=now, progress=work.progress)
        (place / MARK).touch(mode=0o600)
        entry = _with(
            entry,
            bytes=made.bytes,
            tried_at=now,
            messages=made.manifest.counts["messages"],
            doubts=list(made.doubts),
        )
        _prune(config, place, now)
        entry = _after(config, entry)
    except Refusal as refusal:
        if refusal.code in NOT_YET:
            raise
        entry = _with(entry, why=refusal.sentence, missing=refusal.code == "backup_missing")
    except OSError as error:
        entry = _with(entry, why=f"The backup was not made in {place}: {error.strerror}.")
    record.add(data, entry)
    return entry


def gave_up(config: Config, data: DataDir, why: str, *, now: datetime) -> Entry:
    """It could not be its turn within its day; that is on record as a failure."""
    entry = Entry(at=now, by="night", name="", place=str(place_of(config)), why=why)
    record.add(data, entry)
    return entry


def made_by_hand(config: Config, data: DataDir, passphrase: str, work: Work, *, now: datetime) -> Entry:
    """One that its owner asked for on the page, in `backups/made`; the last three are kept."""
    place = data.backups / "made"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = f"wabox-{now.astimezone(config.zone):%Y-%m-%d-%H%M%S}.tar.age"
    entry = Entry(at=now, by="page", name=name, place=str(place), sealed=True)
    wanted = making.Wanted(place / name, Lock(passphrase=passphrase), Key(passphrase=passphrase))
    try:
        made = making.make(config, data, wanted, now=now, progress=work.progress)
        messages = made.manifest.counts["messages"]
        entry = _with(entry, bytes=made.bytes, tried_at=now, messages=messages, doubts=list(made.doubts))
        for old in sorted(place.glob("wabox-*.tar.age"))[:-3]:
            old.unlink()
    except Refusal as refusal:
        entry = _with(entry, why=refusal.sentence)
    record.add(data, entry)
    return entry


def findings(config: Config) -> Iterator[Finding]:
    """Whether the box could be put back, had it died just now."""
    data = DataDir(config.data.dir)
    night = [one for one in record.entries(data) if one.by == "night"]
    if place_of(config) is None:
        if not config.site_is_loopback:
            cure = later(
                "Set [backup] dir in wabox.toml, best to a stick; until then run wabox backup now and then."
            )
            yield warning("backup", later("Nothing is backed up by itself."), cure)
        return
    yield from judged(config, night)


def alarms(config: Config, *, now: datetime) -> bool:
    """Whether the owner should look at their backups soon."""
    if place_of(config) is None:
        return False
    night = [one for one in record.entries(DataDir(config.data.dir)) if one.by == "night"]
    return any(one.level == "bad" for one in judged(config, night, now=now))


def judged(config: Config, night: list[Entry], *, now: datetime | None = None) -> Iterator[Finding]:
    """What the latest nights came to. now: to say that the last good one is old."""
    if not night:
        yield ok("backup", later("The first backup is made tonight."))
        return
    last = night[0]
    good = next((one for one in night if one.well), None)
    if last.missing:
        says = later("The last backup was not made, for %(place)s is not there.")
        yield bad(
            "backup_missing",
            says,
            later("Plug the stick in, mount it, or make that directory; it is tried again every hour."),
            place=last.place,
        )
    elif not last.well:
        yield bad(
            "backup",
            later("The last backup failed: %(why)s"),
            MAY_NOT if any(one in last.why for one in ("Read-only", "Permission denied")) else AGAIN_SOON,
            why=last.why,
            place=last.place,
        )
    elif now is not None and now - last.at > OLD:
        yield bad(
            "backup", later("There was no backup for two nights."), later("Look at the log (journalctl -u wabox).")
        )
    else:
        when = f"{last.at.astimezone(config.zone):%Y-%m-%d %H:%M}"
        yield ok("backup", later("The last backup is of %(when)s; it was opened again and is whole."), when=when)
    if last.well and last.after_failed:
        says = later("After the last backup your command failed: %(said)s")
        yield bad("backup_after", says, later("Put [backup] after right."), said=last.after or "")
    if last.well and not last.sealed:
        says = later("Backups are not sealed: whoever has %(place)s has everything.")
        yield warning("backup_open", says, later("Set [backup] recipient or passphrase_file."), place=last.place)
    if good is not None and good is not last:
        when = f"{good.at.astimezone(config.zone):%Y-%m-%d %H:%M}"
        yield ok("backup_last", later("The last good backup is of %(when)s."), when=when)


def _lock(config: Config) -> tuple[Lock | None, Key | None]:
    """For whom it is sealed, and what opens it again here: for a recipient a key that lives only that long."""
    settings = config.backup
    if settings.passphrase_file is not None:
        path = (config.path.parent if config.path else Path.cwd()) / settings.passphrase_file
        try:
            passphrase = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise Invalid("bad_lock", f"[backup] passphrase_file {path} cannot be read.") from None
        if not passphrase:
            raise Invalid("bad_lock", f"[backup] passphrase_file {path} is empty.")
        return Lock(passphrase=passphrase), Key(passphrase=passphrase)
    if settings.recipient is not None:
        own = age.identity()
        try:
            theirs = age.recipient(settings.recipient)
        except ValueError as error:
            raise Invalid("bad_lock", f"[backup] recipient is wrong: {error}.") from None
        return Lock(recipients=(theirs, age.recipient_of(own))), Key(identity=own)
    return None, None


def _check_place(data: DataDir, place: Path) -> None:
    """It is there, and it is the one that the backups before this went to."""
    before = any(one.by == "night" and one.well and one.place == str(place) for one in record.entries(data))
    if not place.is_dir() or (before and not (place / MARK).exists()):
        raise Unavailable("backup_missing", f"{place} is not there; plug the stick in, or mount it.")


def _prune(config: Config, place: Path, now: datetime) -> None:
    """Of the box's own backups there stay the last of each of the last days, and of each of the last weeks."""
    found = sorted((one for one in place.iterdir() if _NAME.fullmatch(one.name)), key=lambda one: one.name)
    today = times.local_day(now, config.zone)
    last_of_day: dict[str, Path] = {}
    for one in found:
        last_of_day[one.name[6:16]] = one
    keep = {found[-1]} if found else set()
    weeks: set[tuple[int, int]] = set()
    for n, day in enumerate(sorted(last_of_day, reverse=True)):
        week = datetime.fromisoformat(day).isocalendar()[:2]
        if n < config.backup.keep_daily or day > today.isoformat():
            keep.add(last_of_day[day])
        elif week not in weeks and len(weeks) < config.backup.keep_weekly:
            weeks.add(week)
            keep.add(last_of_day[day])
    for one in found:
        if one not in keep:
            one.unlink(missing_ok=True)


def _after(config: Config, entry: Entry) -> Entry:
    """The owner's command has run; `{file}` in it is the backup. Nothing of it goes through a shell."""
    if config.backup.after is None:
        return entry
    words = [one.replace("{file}", str(entry.path)) for one in shlex.split(config.backup.after)]
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=AFTER_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return _with(entry, after=later("It did not end within an hour."), after_failed=True)
    except OSError as error:
        return _with(entry, after=f"{words[0]} cannot be run: {error.strerror}.", after_failed=True)
    said = done.stdout.decode("utf-8", "replace").strip()[-SAID:]
    if done.returncode == 0:
        return _with(entry, after=said)
    ended = f"It ended with {done.returncode} and said"
    return _with(entry, after=f"{ended}: {said}" if said else f"{ended} nothing.", after_failed=True)


def _with(entry: Entry, **changed: object) -> Entry:
    return Entry(**{**{name: getattr(entry, name) for name in entry.__struct_fields__}, **changed})
