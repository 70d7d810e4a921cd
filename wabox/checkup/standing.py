"""What the running box finds wrong with itself: the doctor's findings, and what only the process can know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from wabox.checkup import box, chromium, files, machine, surroundings, wear
from wabox.checkup.box import CURES, LOG, RESTORE
from wabox.checkup.counts import Counts
from wabox.checkup.findings import Finding, bad, ok, warning
from wabox.checkup.vitals import Vitals
from wabox.config import Config
from wabox.datadir import DataDir
from wabox.pulse import Turns

MUCH = 1_000
MEGABYTE = 1_000_000
MOST_OF_FILES = 0.8
OLD_CHECK = timedelta(hours=50)
MORE_FILES = (
    "Restart wabox (sudo systemctl restart wabox); if it comes again, raise LimitNOFILE in its systemd unit."
)


def of_machine(config: Config) -> list[Finding]:
    """What `wabox doctor` finds, without starting a browser or reading the database. Slow: not for the loop."""
    data = DataDir(config.data.dir)
    return [
        *machine.findings(config),
        *surroundings.findings(config),
        *chromium.installed(config),
        *files.without_browser(config),
        box.privacy(data),
        box.key(data),
    ]


def of_process(vitals: Vitals) -> Iterator[Finding]:
    """What the process knows of itself, the worst first."""
    yield from _damage(vitals)
    yield from _writing(vitals)
    yield from box.journal(vitals.files.wal)
    yield from _shortage(vitals)
    yield from wear.findings(vitals.written, seconds=vitals.up_seconds, disk=vitals.files.disk)
    if vitals.damaged is None:  # on a damaged file the engine stands still, as it must
        yield from _engine(vitals)
        yield from _database(vitals)
    if vitals.counts is not None:
        yield from box.held(vitals.counts.fence)
        yield from _work(vitals.counts)
        yield from _room(vitals.counts)
        yield files.room(vitals.counts.files, vitals.counts.files_megabytes, vitals.files.free)


def _damage(vitals: Vitals) -> Iterator[Finding]:
    if vitals.damaged is not None:
        says = "The database is damaged, so nothing is sent or changed: %(what)s."
        yield bad("database_damaged", says, RESTORE, what=vitals.damaged.rstrip("."))


def _writing(vitals: Vitals) -> Iterator[Finding]:
    if vitals.failing is not None:
        cure = CURES.get(vitals.failing_code or "", LOG)
        yield bad("writing", "Nothing can be written: %(why)s.", cure, why=vitals.failing)
    elif vitals.damaged is not None:
        return
    elif vitals.queue > MUCH:
        cure = "Wait a minute; if it stays, use a faster disk, or send less at once."
        yield warning("writing", "%(n)s changes wait to be written.", cure, n=vitals.queue)
    else:
        yield ok("writing", "Changes are written at once.")
    yield from box.clock_wrong(found=vitals.counts is not None and vitals.counts.clock_wrong)


def _shortage(vitals: Vitals) -> Iterator[Finding]:
    """What the process ran out of within the hour, or is about to."""
    now, most = vitals.open_files
    if "files" in vitals.short_of:
        says = "wabox could not open a file within the last hour: it has %(n)s open of the %(most)s it may have."
        yield bad("open_files", says, MORE_FILES, n=now, most=most)
    elif now > most * MOST_OF_FILES:
        says = "wabox has %(n)s files open of the %(most)s it may have."
        yield warning("open_files", says, MORE_FILES, n=now, most=most)
    if "memory" in vitals.short_of:
        cure = (
            "Stop other programs, unlink a phone, or add memory; then restart wabox: sudo systemctl restart wabox"
        )
        yield bad("out_of_memory", "wabox ran out of memory within the last hour.", cure)


def _engine(vitals: Vitals) -> Iterator[Finding]:
    if vitals.late:
        cure = "Restart wabox: sudo systemctl restart wabox"
        yield bad("engine", "The engine stands still: %(steps)s.", cure, steps=", ".join(vitals.late))
    elif not vitals.steps:
        yield bad("engine", "The engine does not run.", "Restart wabox: sudo systemctl restart wabox")
    else:
        yield ok("engine", "The engine runs.")
    for step in vitals.steps:
        if step.error is not None:
            says = "%(step)s failed at its last run: %(error)s."
            yield warning("step", says, LOG, step=step.name, error=step.error.rstrip("."))
    yield from turns(vitals.turns)


def turns(found: Iterable[Turns]) -> Iterator[Finding]:
    """Turns that hang, and turns that fail again and again."""
    kinds = list(found)
    if stuck := sum(one.stuck for one in kinds):
        says = "Turns that do not end: %(n)s. They hold up nobody else."
        yield warning("stuck", says, LOG, n=stuck)
    if resting := sum(one.resting for one in kinds):
        says = "Turns that failed and are tried again after a rest: %(n)s. They hold up nobody else."
        yield warning("resting", says, LOG, n=resting)


def _database(vitals: Vitals) -> Iterator[Finding]:
    checked = vitals.checked
    if checked is None:
        yield ok("database", "The database is looked through for the first time within an hour or so.")
        return
    yield from checked.findings
    if vitals.at - checked.at > OLD_CHECK:
        cure = "Press Check now; if that does not help, look at the log (journalctl -u wabox)."
        yield warning("check", "The database was not looked through for two nights.", cure)


def _room(found: Counts) -> Iterator[Finding]:
    """Old rows make room by themselves; here they cannot any more."""
    values = {"used": found.database_used // MEGABYTE, "most": found.database_megabytes}
    if found.database_megabytes and found.database_used > found.database_megabytes * MEGABYTE:
        cure = "Raise [data] database_megabytes: what is left is too young to be removed, or has to be kept."
        yield warning("database_room", "The database takes %(used)s MB of %(most)s MB.", cure, **values)


def _work(found: Counts) -> Iterator[Finding]:
    if found.astray:
        cure = "Open WhatsApp in the menu; each phone says there what to do."
        yield warning("phones", "Phones that shall send and are not linked: %(n)s.", cure, n=found.astray)
    if found.leaving:
        yield box.logouts(found.leaving)
    if found.unknown:
        cure = "Open Messages, choose Unsure, look on the phone, then settle each one."
        yield warning("unknown", "Messages that may have gone or not: %(n)s.", cure, n=found.unknown)
    if found.parked:
        cure = "Open Webhooks, put the address right, then replay them."
        yield warning("parked", "Webhook posts that gave up: %(n)s.", cure, n=found.parked)
    if found.late:
        cure = "Open Webhooks and see whether the address answers."
        yield warning("late", "Webhook posts that are late: %(n)s.", cure, n=found.late)
    failed = found.mails.get("failed", 0) + found.mails.get("skipped", 0)
    if failed:
        cure = "Open E-mail in Settings; the reasons stand there."
        yield warning("mail", "Mails that did not go: %(n)s.", cure, n=failed)
    if found.stuck:
        cure = "See the reason in Settings, E-mail; check [smtp] in wabox.toml. They are tried for two days."
        yield warning("mail_stuck", "Mails the mail server has not taken yet: %(n)s.", cure, n=found.stuck)
