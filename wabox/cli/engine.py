"""`wabox engine`: which wa-js the phones have; another one is brought, tried, and gone back from."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import click

from wabox import datadir, fetching, logs, migrations, open_box, opening, times
from wabox.box import Box
from wabox.cli import CONFIG_HELP, shared
from wabox.config import Config
from wabox.db import Tx, beside
from wabox.engine.trying import Trials
from wabox.errors import ConfigError
from wabox.media.store import Incoming
from wabox.renewal import archive, sentences, shown, store, stored, switching
from wabox.renewal.archive import Package
from wabox.renewal.shown import Shown
from wabox.renewal.stored import Installed, Phone
from wabox.webhooks import lookups
from wabox.webhooks.targets import Allow
from wabox.whatsapp import wajs

P = ParamSpec("P")
T = TypeVar("T")
LOOK_SECONDS = 0.3
MOST_SECONDS = 1_200.0


@click.group("engine", invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.option("--config", "config_file", type=click.Path(dir_okay=False, path_type=Path), help=CONFIG_HELP)
@click.pass_context
def command(context: click.Context, config_file: Path | None, *, as_json: bool) -> None:
    """Say which wa-js the phones have, since when, and what WhatsApp's page lacks."""
    if context.invoked_subcommand is not None:
        return
    with shared.reading(shared.load(config_file)) as rows:
        found = shown.of(rows)
    click.echo(json.dumps(_data(found)) if as_json else _text(found))


@command.command("install")
@click.argument("source")
@click.option("--sha512", help="What the archive must be: 128 hexadecimal digits, or npm's sha512-….")
@click.option(
    "--send-to-self", is_flag=True, help="Each phone writes to its own number, and goes back if that fails."
)
@click.option("--json", "as_json", is_flag=True, help="The last line is JSON, for scripts.")
@shared.configured
def install(config: Config, source: str, sha512: str | None, *, send_to_self: bool, as_json: bool) -> None:
    """Bring another wa-js: FILE or URL of a package as npm packs it. Exit code 1: its trial failed.

    It is tried on a pretend WhatsApp and on the log-in page first; then the phones get it one after the other.
    """
    data = datadir.prepare(config.data.dir)
    package = archive.read(_bytes(config, data, source), sha512=sha512)
    store.keep(data.engines, package)
    with _Desk(config, data) as desk:
        added = desk.write(switching.add, package, archive.origin_of(source), now=desk.now(), canary=send_to_self)
        click.echo(f"wa-js {added.version} is tried; that takes a minute or two.", err=as_json)
        ended = desk.tried(added.id, quiet=as_json)
    _tell(ended, package, runs=desk.runs, as_json=as_json)


@command.command("back")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@shared.configured
def back(config: Config, *, as_json: bool) -> None:
    """Give the phones the engine that they had before, one after the other; no phone must be linked anew."""
    data = datadir.prepare(config.data.dir)
    with _Desk(config, data) as desk:
        chosen = desk.write(switching.back, now=desk.now())
    version = wajs.VERSION if chosen is None else chosen.version
    if as_json:
        click.echo(json.dumps({"version": version}))
        return
    when = "one after the other, now" if desk.runs else "when wabox runs"
    click.echo(f"The phones go back to wa-js {version}, {when}.")


class _Desk:
    """Changes the rows: alone, or beside the wabox that runs, which then does the work."""

    def __init__(self, config: Config, data: datadir.DataDir) -> None:
        self._config, self._data = config, data
        self._stack = contextlib.ExitStack()
        self._box: Box | None = None
        self.now = open_box.now_of(config)

    @property
    def runs(self) -> bool:
        """Whether wabox runs."""
        return self._box is None

    def __enter__(self) -> _Desk:
        logs.configure(self._config.logs)
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(datadir.held(self._data, what="wabox engine"))
                self._box = stack.enter_context(open_box.opened(self._config, self._data))
            except datadir.InUse as used:
                if used.url is None:
                    raise
                self._same_schema()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def write(self, verb: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The verb is done, durably."""
        if self._box is not None:
            return self._box.db.write_now(verb, *args, **kwargs)
        try:
            return beside.write(self._data.database, verb, *args, **kwargs)
        except sqlite3.Error as error:
            raise opening.unfit(self._data, error) from error

    def tried(self, engine_id: int, *, quiet: bool) -> Installed:
        """What came of the trial; each step is said on the way."""
        if self._box is not None:
            asyncio.run(Trials(self._box).now())
            return self._read(engine_id)
        until, step = time.monotonic() + MOST_SECONDS, None
        while (found := self._read(engine_id)).state in ("waiting", "trying"):
            if found.step not in (step, None):
                step = found.step
                click.echo(f"  {sentences.STEPS.get(step or '', step or '')}", err=quiet)
            if time.monotonic() > until:
                raise ConfigError("The trial does not end; look at the log (journalctl -u wabox).")
            time.sleep(LOOK_SECONDS)
        return found

    def _read(self, engine_id: int) -> Installed:
        with shared.reading(self._config) as rows:
            found = stored.by_id(rows, engine_id)
        assert found is not None
        return found

    def _same_schema(self) -> None:
        with opening.connected(self._data, query_only=True) as connection:
            if migrations.pending(connection):
                raise ConfigError("The wabox that runs is an older one than this command; restart it first.")


def _bytes(config: Config, data: datadir.DataDir, source: str) -> bytes:
    """The archive. Raises ConfigError, Invalid."""
    if "://" in source:
        with Incoming(data.media, most_bytes=archive.MOST_PACKED) as incoming:
            asyncio.run(_fetch(config, source, incoming))
            incoming.finish()
            return incoming.path.read_bytes()
    try:
        with Path(source).open("rb") as file:
            return file.read(archive.MOST_PACKED + 1)
    except OSError as error:
        raise ConfigError(f"{source} cannot be read: {error.strerror}.") from None


async def _fetch(config: Config, url: str, incoming: Incoming) -> None:
    allow = Allow.parse(config.webhooks.allow)
    await fetching.fetch(url, incoming, most_bytes=archive.MOST_PACKED, allow=allow, resolver=lookups.of_system)


def _tell(ended: Installed, package: Package, *, runs: bool, as_json: bool) -> None:
    good = ended.state == "good"
    if as_json:
        click.echo(json.dumps(_installed(ended)))
    elif good:
        how = "One phone after the other gets it; wabox engine shows how far."
        how = how if runs else "The phones get it when wabox runs."
        click.echo(f"wa-js {package.version} is good. {how}")
    else:
        where = sentences.failed_at(ended.reason or "")
        at = "" if where is None else f" It failed at: {where}."
        click.echo(f"wa-js {package.version} is refused.{at} {sentences.why(ended.reason or '')}")
    raise SystemExit(0 if good else 1)


def _data(found: Shown) -> dict[str, Any]:
    return {
        "version": found.version,
        "sha256": found.sha256,
        "built_in": found.chosen is None,
        "since": times.wire_or_none(found.since),
        "stopped": found.stopped,
        "news": found.news,
        "installed": [_installed(one) for one in found.installed],
        "phones": [_phone(found, one) for one in found.phones],
    }


def _installed(one: Installed) -> dict[str, Any]:
    return {
        "version": one.version,
        "sha256": one.sha256,
        "sha512": one.sha512,
        "origin": one.origin,
        "state": one.state,
        "step": one.step,
        "reason": one.reason,
        "lacks": list(one.lacks),
        "added_at": times.wire(one.added_at),
        "tried_at": times.wire_or_none(one.tried_at),
    }


def _phone(found: Shown, phone: Phone) -> dict[str, Any]:
    return {
        "device_id": phone.id,
        "device_label": phone.label,
        "version": found.version_of(phone),
        "since": times.wire_or_none(phone.since),
        "move": phone.move,
        "reason": phone.reason,
        "page_version": phone.page_version,
        "page_wajs_version": phone.wajs_version,
        "missing": _named(phone.missing if phone.incompatible else ()),
        "lacks": _named(phone.lacks),
        "patches": phone.patches,
        "seen_at": times.wire_or_none(phone.seen_at),
    }


def _named(names: Sequence[str]) -> list[dict[str, str]]:
    return [
        {"name": one.name, "module": one.module, "export": one.export, "why": one.why, "for": one.needed_for}
        for one in shown.named(names)
    ]


def _text(found: Shown) -> str:
    return "\n".join(_lines(found))


def _lines(found: Shown) -> Iterator[str]:
    whence = "the one that came with wabox" if found.chosen is None else f"from {found.chosen.origin}"
    since = "" if found.since is None else f", since {found.since:%Y-%m-%d %H:%M} UTC"
    yield f"wa-js {found.version}, {whence}{since}"
    yield f"SHA-256 {found.sha256}"
    if found.stopped is not None:
        yield f"No further phone gets it. {sentences.why(found.stopped)}"
    if found.news is not None:
        yield f"wa-js {found.news} is out; nothing is fetched or installed by itself."
    for one in found.phones:
        yield from _lines_of(found, one)
    others = [one for one in found.installed if found.chosen is None or one.id != found.chosen.id]
    for each in others:
        why = f": {sentences.why(each.reason)}" if each.reason else ""
        yield f"wa-js {each.version}, from {each.origin}: {each.state}{why}"


def _lines_of(found: Shown, phone: Phone) -> Iterator[str]:
    move = f", {sentences.MOVES[phone.move]}" if phone.move else ""
    page = f", WhatsApp Web {phone.page_version}" if phone.page_version else ""
    yield f"{phone.label} (phone {phone.id}): wa-js {found.version_of(phone)}{page}{move}"
    if phone.reason:
        yield f"  {sentences.why(phone.reason)}"
    for one in shown.named(phone.missing if phone.incompatible else ()):
        yield f"  missing: {one.name} ({one.module}.{one.export}), {one.why}; nothing is sent"
    for one in shown.named(phone.lacks):
        yield f"  lacks: {one.name} ({one.module}.{one.export}), {one.why}; sending goes on"
    on = [name for name, how in phone.patches.items() if how == "in_force"]
    if on:
        yield f"  our own mends in force: {', '.join(on)}"
