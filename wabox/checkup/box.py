"""Looks at the box: its data directory, its database, the process that runs, the port it wants."""

from __future__ import annotations

import contextlib
import os
import socket
import sqlite3
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from wabox import datadir, migrations
from wabox.accounts import mail
from wabox.checkup.findings import Finding, bad, ok, warning
from wabox.config import Config, is_loopback
from wabox.datadir import DataDir
from wabox.db import Rows
from wabox.errors import ConfigError

HEALTH_SECONDS = 5

# What must be true in every database, each as a question whose answer is the number of rows that break it.
INVARIANTS = {
    "every account has a primary device": """
        select count(*) from users where closed_at is null and not exists (select 1 from devices
            where devices.user_id = users.id and devices.label = 'primary' and devices.removed_at is null)""",
    "no device has two messages in doubt": """
        select count(*) from (select 1 from messages where status = 'sending'
            group by device_id having count(*) > 1)""",
    "a message belongs to its device's account": """
        select count(*) from messages join devices on devices.id = messages.device_id
            where devices.user_id <> messages.user_id""",
    "a sent message has its time": """
        select count(*) from messages where status in ('sent', 'delivered', 'read') and sent_at is null""",
    "no two messages share WhatsApp's id": """
        select count(*) from (select 1 from messages where wa_message_id is not null
            group by wa_message_id having count(*) > 1)""",
    "credits are the sum of the ledger": """
        select count(*) from users where credits <>
            (select coalesce(sum(amount), 0) from ledger where ledger.user_id = users.id)""",
    "invoices have no gap": """
        select coalesce(max(number), 0) - count(*) from invoices""",
    "an approved payment has its invoice": """
        select count(*) from payments where status = 'approved' and not exists
            (select 1 from invoices where invoices.payment_id = payments.id)""",
}


def findings(config: Config) -> Iterator[Finding]:
    """Everything about this box."""
    said = f"Settings come from {config.path}." if config.path else "No wabox.toml; the defaults are in force."
    yield ok("config", said)
    data = DataDir(config.data.dir)
    running = None
    if not data.path.is_dir():
        yield ok("data", f"{data.path} is not there yet; it is made at the first start.")
    else:
        yield privacy(data)
        yield key(data)
        yield from database(data, config)
        with contextlib.suppress(PermissionError):
            running = datadir.holder(data)
    yield process(running) if running else port(config)


def privacy(data: DataDir) -> Finding:
    """Nobody else on the machine can read the data."""
    try:
        open_ones = data.open_to_others()
    except PermissionError:
        cure = "Run the doctor as the user that wabox runs as: sudo -u wabox wabox doctor"
        return bad("data", f"{data.path} cannot be read by this user.", cure)
    if not os.access(data.path, os.W_OK):
        return bad("data", f"{data.path} cannot be written.", "Make it writable, or run as wabox's user.")
    if open_ones:
        names = ", ".join(one.name for one in open_ones[:5])
        cure = f"Close them: chmod -R go= {data.path}"
        return bad("data", f"Others on this machine can read {names} in {data.path}.", cure)
    return ok("data", f"{data.path} is private.")


def key(data: DataDir) -> Finding:
    """The key that opens the secrets is there, if there are any."""
    if not data.key_file.exists() and not data.database.exists():
        return ok("key", "secret.key is made at the first start.")
    try:
        if data.key_file.exists():
            datadir.secret_key(data)
            return ok("key", "secret.key is there.")
    except (ConfigError, OSError) as error:
        return bad("key", str(error), "Put secret.key back from a backup of this box.")
    return bad("key", "secret.key is missing.", "Put it back from a backup of this box.")


def database(data: DataDir, config: Config) -> Iterator[Finding]:
    """The database is whole and says nothing impossible."""
    if not data.database.exists():
        yield ok("database", "There is no database yet; make the box with wabox init, or open wabox serve.")
        return
    try:
        connection = sqlite3.connect(f"file:{data.database}?mode=ro", uri=True, timeout=5)
        with contextlib.closing(connection):
            yield integrity(connection)
            waiting = migrations.pending(connection)
            if waiting:
                says = f"The database needs {len(waiting)} step(s) of an upgrade."
                yield warning("schema", says, "Start wabox serve; it makes a copy and takes them.")
                return
            yield ok("schema", "The database is up to date.")
            yield invariants(connection)
            yield mails(connection, config)
    except sqlite3.Error as error:
        cure = "Stop wabox and put the database back from a backup."
        yield bad("database", f"The database cannot be read: {error}.", cure)


def integrity(connection: sqlite3.Connection) -> Finding:
    """SQLite finds the file whole."""
    said = [row[0] for row in connection.execute("pragma integrity_check(5)")]
    loose = connection.execute("pragma foreign_key_check").fetchmany(5)
    if said != ["ok"] or loose:
        what = said[0] if said != ["ok"] else f"{loose[0][0]} points at nothing"
        return bad("database", f"The database is damaged: {what}.", "Stop wabox and restore a backup.")
    return ok("database", "The database is whole.")


def invariants(connection: sqlite3.Connection) -> Finding:
    """What wabox promises of its rows is true of them."""
    for promise, question in INVARIANTS.items():
        broken = connection.execute(question).fetchone()[0]
        if broken:
            cure = "This is a fault in wabox: keep a copy of the database and report it."
            return bad("invariants", f"Not true of {broken} row(s): {promise}.", cure)
    return ok("invariants", "Nothing impossible is stored.")


def mails(connection: sqlite3.Connection, config: Config) -> Finding:
    """What the box owed by mail in the last week has gone."""
    connection.row_factory = sqlite3.Row
    count = mail.unsent(Rows(connection), since=datetime.now(UTC) - timedelta(days=7))
    if not count:
        return ok("mail", "No mail is left unsent.")
    says = f"{count} mail(s) of the last week did not go; the owner sees them at /admin/mail."
    if config.smtp.host is None:
        return warning("mail", says, "Set [smtp] host and the keys below it in wabox.toml, then restart wabox.")
    return warning("mail", says, "Look at the errors there; check [smtp] in wabox.toml.")


def process(running: datadir.InUse) -> Finding:
    """The process that holds the data answers."""
    by = f"{running.what} runs as process {running.pid}"
    if running.url is None:
        return ok("running", f"{by}.")
    if is_healthy(running.url):
        return ok("running", f"{by} and answers at {running.url}.")
    cure = "Look at its log (journalctl -u wabox), then restart it: sudo systemctl restart wabox"
    return bad("running", f"{by}, but {running.url}/healthz does not answer.", cure)


def port(config: Config) -> Finding:
    """Nobody else listens where wabox wants to."""
    server = config.server
    where = f"{server.host} port {server.port}"
    family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((server.host, server.port))
        except OSError as error:
            cure = "Stop the program that uses it, or set another [server] port."
            return bad("port", f"wabox cannot listen on {where}: {error.strerror}.", cure)
    return ok("port", f"wabox does not run; {where} is free.")


def is_healthy(url: str) -> bool:
    """Whether a wabox answers there, on this machine."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/healthz", timeout=HEALTH_SECONDS) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError, ValueError):
        return False


def local_url(config: Config) -> str:
    """Where this machine itself reaches the box."""
    host = config.server.host
    if host in ("0.0.0.0", "::"):
        host = "127.0.0.1" if host == "0.0.0.0" else "::1"
    shown = f"[{host}]" if ":" in host and is_loopback(host) else host
    return f"http://{shown}:{config.server.port}"
