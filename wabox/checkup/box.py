"""Looks at the box: its data directory, its database, the process that runs, the port it wants."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import sqlite3
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from wabox import datadir, fence, opening
from wabox.accounts import mail, mail_server
from wabox.checkup import database, engines, machine, machine_clock, promises, wear
from wabox.checkup.findings import Finding, bad, ok, warning
from wabox.config import Config, is_loopback
from wabox.datadir import DataDir
from wabox.db import JOURNAL_ALARM_BYTES, Database, Rows
from wabox.devices import orders
from wabox.errors import ConfigError
from wabox.fence import Fence
from wabox.memory_there import memory_mb

HEALTH_SECONDS = 5
RESTORE = "Stop wabox (sudo systemctl stop wabox), put the database back from a backup (see Help), then start it."
CURES = {
    "database_damaged": RESTORE,
    "storage_full": "Free some space on the disk; wabox goes on by itself within a minute.",
    "storage_failing": "The disk cannot be read or written: check it, and copy the data while you can.",
}
LOG = "Look at the log (journalctl -u wabox); if it stays, restart wabox: sudo systemctl restart wabox"

# Each promise as a question whose answer is the number of rows that break it.
INVARIANTS = {text: f"select count(*) from ({ids})" for text, ids in promises.PROMISES.items()}  # noqa: S608


def findings(config: Config) -> Iterator[Finding]:
    """Everything about this box."""
    if config.path:
        yield ok("config", "Settings come from %(path)s.", path=config.path)
    else:
        yield ok("config", "No wabox.toml; the defaults are in force.")
    data = DataDir(config.data.dir)
    running = None
    if data.path.exists() and not data.path.is_dir():
        cure = "Set another [data] dir in wabox.toml, or move that file away."
        yield bad("data", "%(path)s is no directory.", cure, path=data.path)
    elif not data.path.is_dir():
        yield ok("data", "%(path)s is not there yet; it is made at the first start.", path=data.path)
    else:
        yield privacy(data)
        if not os.access(data.path, os.R_OK | os.X_OK):
            return  # whether it runs cannot be said, either
        yield key(data)
        yield from stored(data, config)
        with contextlib.suppress(PermissionError):
            running = datadir.holder(data)
    yield process(running) if running else port(config)
    if running is not None and running.pid is not None:
        disk, seconds = shutil.disk_usage(data.path).total, wear.up_seconds(running.pid)
        yield from wear.findings(wear.of_family(running.pid), seconds=seconds, disk=disk)


def privacy(data: DataDir) -> Finding:
    """Nobody else on the machine can read the data."""
    try:
        open_ones = data.open_to_others()
    except PermissionError:
        cure = "Run the doctor as the user that wabox runs as: sudo wabox doctor"
        return bad("data", "%(path)s cannot be read by this user.", cure, path=data.path)
    if os.statvfs(data.path).f_flag & os.ST_RDONLY:
        cure = (
            "A system does that when its disk fails: copy the data, see sudo dmesg | tail, and replace the disk "
            "or card; else: sudo mount -o remount,rw %(mount)s"
        )
        says = "%(path)s lies on a disk that can only be read."
        return bad("data", says, cure, path=data.path, mount=machine.mount_of(data.path))
    if not os.access(data.path, os.W_OK):
        cure = "Give it to the user that wabox runs as; of the service: sudo chown -R wabox: %(path)s"
        return bad("data", "%(path)s cannot be written.", cure, path=data.path)
    if open_ones:
        names = ", ".join(one.name for one in open_ones[:5])
        says = "Others on this machine can read %(names)s in %(path)s."
        return bad("data", says, "Close them: chmod -R go= %(path)s", names=names, path=data.path)
    return ok("data", "%(path)s is private.", path=data.path)


def key(data: DataDir) -> Finding:
    """The key that opens the secrets is there, if there are any."""
    if not data.key_file.exists() and not data.database.exists():
        return ok("key", "secret.key is made at the first start.")
    try:
        if data.key_file.exists():
            datadir.secret_key(data)
            return ok("key", "secret.key is there.")
    except (ConfigError, OSError) as error:
        why = f"{error.strerror}: {data.key_file}" if isinstance(error, OSError) else str(error)
        return bad("key", "%(why)s", "Put secret.key back from a backup of this box.", why=why)
    return bad("key", "secret.key is missing.", "Put it back from a backup of this box.")


def stored(data: DataDir, config: Config) -> Iterator[Finding]:
    """What is in the database: whole, nothing impossible, and no mail left unsent."""
    try:
        opening.check(data)
    except ConfigError as error:
        yield bad("database", "%(why)s", "Do one of the two; nothing is sent until then.", why=error)
        return
    if not data.database.exists():
        yield ok("database", "There is no database yet; make the box with wabox init, or open wabox serve.")
        return
    yield from journal(Database(data.database).journal_bytes)
    found = list(database.findings(data.database))
    yield from found
    if any(one.name == "schema" and one.level == "ok" for one in found):
        connection = sqlite3.connect(f"file:{data.database}?mode=ro", uri=True, timeout=5)
        with contextlib.closing(connection):
            connection.row_factory = sqlite3.Row
            yield mails(Rows(connection), config, now=datetime.now(UTC))
            wanted = int(Rows(connection).value("select count(*) from devices where wanted = 1"))
            yield from clock_wrong(found=machine_clock.looks_wrong(Rows(connection), datetime.now(UTC)))
            yield machine.for_phones(memory_mb()[0], wanted)
            yield from held(fence.of(Rows(connection)))
            yield engines.finding(Rows(connection), data)
            if stuck := orders.stuck_logouts(Rows(connection)):
                yield logouts(stuck)


def held(found: Fence | None) -> Iterator[Finding]:
    """The box itself may be held: it was restored, copied or moved away."""
    if found is None:
        return
    if found.reason == "moved_away":
        cure = "Send from the other box. If that one is gone for good: stop wabox, then wabox unmove."
        yield bad("moved_away", fence.SAID[found.why], cure)
    else:
        cure = "Open Settings, Held, and say what goes; or stop wabox and run wabox release."
        yield bad("quarantined", fence.SAID[found.why], cure)


def clock_wrong(*, found: bool) -> Iterator[Finding]:
    """The box itself took the clock for wrong, and waits until it is right or somebody says that it is."""
    if found:
        cure = "Set this machine's clock; if it is right already, say so on the home page."
        yield bad("clock_wrong", "The clock looks wrong, so nothing is sent.", cure)


def journal(length: int) -> Iterator[Finding]:
    """The journal beside the database is tidied again and again; where it is not, somebody holds it."""
    if length > JOURNAL_ALARM_BYTES:
        says = "The journal of the database is %(n)s MB long: something has been reading for too long."
        cure = "Close other programs that have wabox.db open; if it stays: sudo systemctl restart wabox"
        yield bad("journal", says, cure, n=length // 1_000_000)


def mails(rows: Rows, config: Config, *, now: datetime) -> Finding:
    """What the box owed by mail in the last week has gone."""
    count = mail.unsent(rows, since=now - timedelta(days=7))
    if not count:
        return _stuck(mail.stuck(rows))
    says = "Mails of the last week that did not go: %(n)s. The owner sees them at /admin/mail."
    if not mail_server.is_set(rows, config):
        cure = "Set a mail server under Settings, E-mail, or [smtp] host in wabox.toml."
        return warning("mail", says, cure, n=count)
    return warning("mail", says, "Look at the errors there; check [smtp] in wabox.toml.", n=count)


def _stuck(count: int) -> Finding:
    if not count:
        return ok("mail", "No mail is left unsent.")
    cure = "See the reason at /admin/mail; check [smtp] in wabox.toml. They are tried for two days."
    return warning("mail", "Mails the mail server has not taken yet: %(n)s.", cure, n=count)


def logouts(count: int) -> Finding:
    """So many phones wait to be logged out because WhatsApp could not be told."""
    says = "Phones that wait to be logged out, because WhatsApp could not be told: %(n)s."
    cure = (
        "Check this machine's internet connection. wabox tries for a day, then wipes the link here; "
        "remove it on the phone, too, under Linked devices."
    )
    return warning("logouts", says, cure, n=count)


def process(running: datadir.InUse) -> Finding:
    """The process that holds the data answers."""
    values = {"what": running.what, "pid": running.pid, "url": running.url}
    if running.url is None:
        return ok("running", "%(what)s runs as process %(pid)s.", **values)
    if is_healthy(running.url):
        return ok("running", "%(what)s runs as process %(pid)s and answers at %(url)s.", **values)
    reasons = _reasons(running.url)
    if reasons:
        says = "%(what)s runs as process %(pid)s and answers, but says: %(reasons)s."
        cure = next((CURES[one] for one in reasons if one in CURES), LOG)
        return bad("running", says, cure, reasons=", ".join(reasons), **values)
    says = "%(what)s runs as process %(pid)s, but %(url)s/healthz does not answer."
    return bad("running", says, LOG, **values)


def _reasons(url: str) -> list[str]:
    """Why a wabox that answers there is not well; empty if it does not say."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/readyz", timeout=HEALTH_SECONDS):
            return []
    except urllib.error.HTTPError as answer:
        with contextlib.closing(answer), contextlib.suppress(OSError, ValueError, TypeError):
            found = json.loads(answer.read(10_000)).get("reasons", [])
            return [str(one) for one in found]
    except (urllib.error.URLError, OSError, ValueError):
        pass
    return []


def port(config: Config) -> Finding:
    """Nobody else listens where wabox wants to."""
    server = config.server
    family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
    values = {"host": server.host, "port": server.port}
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((server.host, server.port))
        except OSError as error:
            cure = "Stop the program that uses it, or set another [server] port."
            says = "wabox cannot listen on %(host)s port %(port)s: %(why)s."
            return bad("port", says, cure, why=error.strerror, **values)
    return ok("port", "wabox does not run; %(host)s port %(port)s is free.", **values)


def is_healthy(url: str) -> bool:
    """Whether a wabox answers there, on this machine."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/healthz", timeout=HEALTH_SECONDS) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError, ValueError):
        return False


def is_well(url: str) -> bool:
    """Whether a wabox answers there that can write, and whose engine runs."""
    return is_healthy(url) and "engine" not in _reasons(url)


def local_url(config: Config) -> str:
    """Where this machine itself reaches the box."""
    host = config.server.host
    if host in ("0.0.0.0", "::"):
        host = "127.0.0.1" if host == "0.0.0.0" else "::1"
    shown = f"[{host}]" if ":" in host and is_loopback(host) else host
    return f"http://{shown}:{config.server.port}"
