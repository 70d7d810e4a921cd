"""The box in Prometheus's text format: counts only, no phone number, no user, no label of a device."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric

from wabox import __version__, fence
from wabox.backup.record import Entry
from wabox.checkup.counts import Counts
from wabox.checkup.vitals import Vitals
from wabox.messages import stored

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
STATES = ("not_started", "starting", "qr", "ready", "disconnected")
BACKUPS = ("night", "page")
MAILS = ("queued", "sent", "failed", "skipped")


def text(vitals: Vitals, backups: Sequence[Entry] = ()) -> bytes:
    """All metrics of this moment. backups: the latest tries, the newest first."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Once([*_all(vitals), *_backups(backups)]))
    return generate_latest(registry)


class _Once:
    """A collector that has one answer."""

    def __init__(self, found: Iterable[Metric]) -> None:
        self._found = list(found)

    def collect(self) -> list[Metric]:
        """The answer."""
        return self._found


def _all(vitals: Vitals) -> Iterator[Metric]:
    yield InfoMetricFamily("wabox", "The version that runs.", {"version": __version__})
    yield _gauge("wabox_uptime_seconds", "Seconds since the process started.", vitals.up_seconds)
    if vitals.counts is not None:
        yield from _messages(vitals.counts)
        yield from _neighbours(vitals.counts)
    yield from _machine(vitals)
    yield from _engine(vitals)
    requests = CounterMetricFamily("wabox_http_requests", "Requests answered.", labels=("face", "class"))
    for (face, kind), n in sorted(vitals.requests.items()):
        requests.add_metric((face, kind), n)
    yield requests


def _messages(found: Counts) -> Iterator[Metric]:
    ended = CounterMetricFamily("wabox_messages", "Messages that came to this status.", labels=("status",))
    for status in stored.STATUSES:
        if status not in stored.OPEN:
            ended.add_metric((status,), found.totals.ended.get(status, 0))
    yield ended
    help_waiting = "Messages that wait, by reason; each phone's share of a reason is counted up to 10,000."
    yield _gauges("wabox_messages_waiting", help_waiting, "reason", found.waiting)
    yield _gauge("wabox_messages_sending", "Messages being handed over or in doubt, one a phone.", found.sending)
    yield _gauge("wabox_messages_unknown", "Messages that may have gone, until they are settled.", found.unknown)
    oldest = 0.0 if found.oldest is None else found.oldest.timestamp()
    help_oldest = "When the message that waits longest was queued, planned ones aside; 0 = none waits."
    yield _gauge("wabox_oldest_waiting_timestamp_seconds", help_oldest, oldest)


def _neighbours(found: Counts) -> Iterator[Metric]:
    devices = {state: found.devices.get(state, 0) for state in STATES}
    yield _gauges("wabox_devices", "Phones of all users, by state.", "state", devices)
    help_limited = "Phones that WhatsApp lets begin no new chats: for a time, or for having begun all it allows."
    yield _gauges("wabox_devices_limited", help_limited, "limit", found.limited)
    posts = {"due": found.due, "late": found.late, "parked": found.parked}
    yield _gauges("wabox_webhook_posts", "Posts owed, late for over a minute, given up.", "state", posts)
    mails = {status: found.mails.get(status, 0) for status in MAILS}
    yield _gauges("wabox_mails", "Mails that are kept in the log, by status.", "status", mails)
    yield _gauge("wabox_clock_wrong", "1 while sending is held because the clock looks wrong.", found.clock_wrong)
    help_held = "1 while the whole box is held: it was restored or copied, or moved away."
    holds: dict[str, float] = {
        one: float(found.fence is not None and found.fence.reason == one) for one in fence.REASONS
    }
    yield _gauges("wabox_held", help_held, "reason", holds)


def _machine(vitals: Vitals) -> Iterator[Metric]:
    files = vitals.files
    sizes = {"database": files.database, "wal": files.wal}
    if files.data is not None:
        sizes["all"] = files.data
    yield _gauges("wabox_data_bytes", "Size of the data directory and of files in it.", "part", sizes)
    yield _gauge("wabox_disk_free_bytes", "Room left where the data lies.", files.free)
    yield _gauges("wabox_memory_bytes", "Memory, shared parts divided.", "process", vitals.memory)
    help_written = "Bytes given to the disk by processes that run now."
    yield _gauges("wabox_disk_written_bytes", help_written, "process", vitals.written)


def _engine(vitals: Vitals) -> Iterator[Metric]:
    yield _gauge("wabox_writer_queue", "Changes that wait to be written.", vitals.queue)
    damaged = vitals.damaged is not None
    yield _gauge("wabox_database_damaged", "1 once the database was found damaged; nothing is sent then.", damaged)
    now, most = vitals.open_files
    yield _gauges(
        "wabox_open_files", "Files this process has open, and may have.", "part", {"now": now, "most": most}
    )
    yield _gauge("wabox_writer_failing", "1 while nothing can be written.", vitals.failing is not None)
    ages = {step.name: step.age for step in vitals.steps}
    yield _gauges("wabox_step_age_seconds", "Seconds since this step of the engine ended last.", "step", ages)
    failures = CounterMetricFamily("wabox_step_failures", "Runs of a step that failed.", labels=("step",))
    for step in vitals.steps:
        failures.add_metric((step.name,), step.failures)
    yield failures
    yield from _turns(vitals)
    if vitals.checked is not None:
        at = vitals.checked.at.timestamp()
        yield _gauge("wabox_database_check_timestamp_seconds", "When the database was last checked.", at)
        well = vitals.checked.well
        yield _gauge("wabox_database_check_well", "1 if that check found nothing wrong.", well)


def _backups(tries: Sequence[Entry]) -> Iterator[Metric]:
    """By what made them: the night, or somebody on the page. Who has tried none has no line of its outcome."""
    latest = {by: [one for one in tries if one.by == by] for by in BACKUPS}
    good = {by: next((one.at.timestamp() for one in of if one.well), 0.0) for by, of in latest.items()}
    help_good = "When the last good backup was made, opened again and found whole; 0 = none on record."
    yield _gauges("wabox_backup_timestamp_seconds", help_good, "by", good)
    well = {by: float(of[0].well) for by, of in latest.items() if of}
    yield _gauges("wabox_backup_well", "1 if the last try to make a backup came to one.", "by", well)


def _turns(vitals: Vitals) -> Iterator[Metric]:
    threads = {one.kind: one.threads for one in vitals.turns}
    yield _gauges("wabox_worker_threads", "Threads that give turns of this kind.", "kind", threads)
    busy = {one.kind: len(one.busy) for one in vitals.turns}
    yield _gauges("wabox_turns_busy", "Turns that run now.", "kind", busy)
    resting = {one.kind: one.resting for one in vitals.turns}
    yield _gauges("wabox_turns_resting", "Who failed last and rests, or is tried again.", "kind", resting)
    failed = CounterMetricFamily("wabox_turn_failures", "Turns that failed.", labels=("kind",))
    for one in vitals.turns:
        failed.add_metric((one.kind,), one.failures)
    yield failed


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(name, meaning, value=float(value))


def _gauges(name: str, meaning: str, label: str, values: Mapping[str, float]) -> Metric:
    found = GaugeMetricFamily(name, meaning, labels=(label,))
    for key, value in sorted(values.items()):
        found.add_metric((key,), float(value))
    return found
