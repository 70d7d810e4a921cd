"""Which hosts in private networks the box's owner opened by page or API, and for whom.

What `wabox.toml` lists is open to all and stays so. What is opened here lies within `[webhooks] allow_within` at
every reading, is for the owner's webhooks and alerts unless it is said to be everyone's, never this machine.
Nobody is shown what such a host answers, and no file is fetched from there.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from wabox.accounts.users import User
from wabox.config import Config
from wabox.db import Rows, Tx
from wabox.errors import ConfigError, Forbidden, Invalid
from wabox.languages import later
from wabox.webhooks import targets
from wabox.webhooks.lookups import Resolver
from wabox.webhooks.targets import Address, Allow, Reach, Target

KEY = "webhook_allow"
MOST = 50
LOOK_SECONDS = 5.0
SPELLING = later("Write a network like 192.168.1.0/24 or host:port like 192.168.1.20:8080.")
OUTSIDE = later("This is not within [webhooks] allow_within of wabox.toml, which bounds what may be opened here.")
CLOSED = later("Webhooks may never go there, or it is no network; write one like 192.168.1.0/24.")
HERE = later("This machine itself is opened in wabox.toml only, by [webhooks] allow.")
MANY = later("At most 50 entries are kept; open a network instead of its hosts.")
OWNERS = later("Whoever runs this box says which hosts webhooks may reach.")
NO_NAME = later("Nobody knows this name; look at its spelling.")
SLOW = later("Nobody answered in five seconds what this name leads to.")


@dataclass(frozen=True, slots=True)
class Entry:
    """entry: a network, or host:port. everyone: open to the webhooks of all users, not only to the owner's."""

    entry: str
    everyone: bool = False


@dataclass(frozen=True, slots=True)
class Tried:
    """What would become of a post. error: why none of the owner's goes, None = it may.

    everyone: whether those of other users may go too. addresses: with what refuses each.
    """

    error: str | None
    everyone: bool = False
    addresses: tuple[tuple[str, str | None], ...] = ()


def of_box(rows: Rows) -> tuple[Entry, ...]:
    """What was opened, as it was written down, in order."""
    text = rows.value("select value from box where key = :key", key=KEY)
    return () if text is None else tuple(Entry(**one) for one in json.loads(text))


def by_file(config: Config) -> Reach:
    """What `wabox.toml` lists, and the bound of what is opened besides."""
    webhooks = config.webhooks
    return Reach(webhooks.allow, webhooks.allow_within, own_port=config.server.port)


def in_force(rows: Rows, file: Reach, user_id: int) -> Reach:
    """What this user's webhooks may reach now."""
    opened = of_box(rows)
    if not opened:
        return file
    owner = rows.value("select role from users where id = :id", id=user_id) == "owner"
    return file.with_page(one.entry for one in opened if owner or one.everyone)


def both(rows: Rows, config: Config) -> tuple[Reach, Reach]:
    """What the owner's webhooks may reach now, and what everybody's may."""
    file, opened = by_file(config), of_box(rows)
    return (
        file.with_page(one.entry for one in opened),
        file.with_page(one.entry for one in opened if one.everyone),
    )


def allow(rows: Rows, config: Config, user_id: int) -> Allow:
    """The same, to judge addresses by."""
    return in_force(rows, by_file(config), user_id).allow()


def change(tx: Tx, by: User, entries: Sequence[Entry], *, config: Config) -> dict[str, Any]:
    """These hosts are open and no others; it holds from the next post on. Returns what is told on record.

    Raises Forbidden `not_the_owner`; Invalid `bad_allow` with details of `allow[n]`.
    """
    if by.role != "owner":
        raise Forbidden("not_the_owner", OWNERS)
    wrong: dict[str, str] = {}
    after: dict[str, Entry] = {}
    for at, one in enumerate(entries):
        try:
            spelled = _checked(one.entry, config)
        except Invalid as refused:
            wrong[f"allow[{at}]"] = refused.sentence
        else:
            after[spelled] = Entry(spelled, one.everyone)
    if len(after) > MOST:
        wrong[f"allow[{MOST}]"] = MANY
    if wrong:
        raise Invalid("bad_allow", next(iter(wrong.values())), details=wrong)
    before = {one.entry: one for one in of_box(tx)}
    if after == before:
        return {}
    text = json.dumps([asdict(one) for one in after.values()])
    tx.run("insert or replace into box (key, value) values (:key, :value)", key=KEY, value=text)
    return {
        "opened": [_told(one) for name, one in after.items() if before.get(name) != one],
        "closed": [name for name in before if name not in after],
    }


async def tried(url: str, mine: Allow, others: Allow, resolver: Resolver) -> Tried:
    """What would become of a post of the owner's to this address, and of others'; nothing is connected to.

    One bad address among those of a name refuses it, as when a post goes.
    """
    try:
        target = targets.parse_url(url, mine)
        found = [target.address] if target.address else await _found(target, resolver)
    except Invalid as refused:
        return Tried(refused.sentence)
    judged = tuple((str(one), _why(one, target, mine)) for one in found)
    error = next((why for _, why in judged if why), None)
    theirs = _is_fine(url, others) and not any(_why(one, target, others) for one in found)
    return Tried(error, theirs, judged)


async def _found(target: Target, resolver: Resolver) -> list[Address]:
    """The addresses of the name. Raises Invalid."""
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            return [ipaddress.ip_address(one) for one in await resolver(target.host, target.port)]
    except TimeoutError:
        raise Invalid("no_name", SLOW) from None
    except (OSError, ValueError):
        raise Invalid("no_name", NO_NAME) from None


def _why(address: Address, target: Target, allow: Allow) -> str | None:
    reason = targets.judge(address, target.port, host=target.host, allow=allow)
    return None if reason is None else targets.sentence(reason)


def _is_fine(url: str, allow: Allow) -> bool:
    try:
        targets.parse_url(url, allow)
    except Invalid:
        return False
    return True


def _checked(entry: str, config: Config) -> str:
    """The entry in one spelling. Raises Invalid."""
    try:
        read = Allow.parse([entry.strip()])
    except ConfigError:
        raise Invalid("bad_allow", CLOSED if "/" in entry and ":" not in entry else SPELLING) from None
    if read.loopback_ports:
        raise Invalid("bad_allow", HERE)
    spelled = read.spelled()[0]
    if not by_file(config).bounds(spelled):
        raise Invalid("bad_allow", OUTSIDE)
    return spelled


def _told(one: Entry) -> str:
    return f"{one.entry} (everyone)" if one.everyone else one.entry
