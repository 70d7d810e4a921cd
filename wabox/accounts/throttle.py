"""Knows how often somebody may try: token buckets in memory, bounded, told the time."""

from __future__ import annotations

import ipaddress
import math
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime

HOUR, DAY = 3_600, 86_400
_CRUMB = 1e-5  # what float arithmetic on timestamps leaves over


class Bucket:
    """Many buckets of one kind, one a key: `burst` at once, then `rate` a second.

    Used from one thread. At most `most` keys are remembered; the longest unused is forgotten first,
    which is the one that has refilled most.
    """

    def __init__(self, rate: float, burst: int, *, most: int = 10_000) -> None:
        self._rate = rate
        self._burst = burst
        self._most = most
        self._kept: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def wait(self, key: Hashable, now: datetime, *, n: int = 1) -> float:
        """Seconds until n are there; 0.0 = they are. Takes nothing."""
        missing = n - self._level(key, now.timestamp())
        return 0.0 if missing <= _CRUMB else missing / self._rate

    def take(self, key: Hashable, now: datetime, *, n: int = 1) -> int:
        """0: n were taken. Else nothing was taken, and it is whole seconds for Retry-After."""
        waits = self.wait(key, now, n=n)
        if waits > 0:
            return max(1, math.ceil(waits - _CRUMB))
        self._keep(key, self._level(key, now.timestamp()) - n, now.timestamp())
        return 0

    def give_back(self, key: Hashable, now: datetime, *, n: int = 1) -> None:
        """What was taken did not count after all."""
        self._keep(key, min(self._burst, self._level(key, now.timestamp()) + n), now.timestamp())

    def _level(self, key: Hashable, at: float) -> float:
        level, since = self._kept.get(key, (float(self._burst), at))
        # a clock that went back must neither fill nor empty anything
        return min(float(self._burst), level + max(0.0, at - since) * self._rate)

    def _keep(self, key: Hashable, level: float, at: float) -> None:
        self._kept[key] = (level, at)
        self._kept.move_to_end(key)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)


Pair = tuple[Bucket, Hashable]


@dataclass(frozen=True, slots=True)
class Try:
    """Who tries to log in. account: the address as typed, or an id. browser, network: see browsers.Known."""

    ip: str
    account: Hashable
    browser: str | None = None
    network: bool = False


@dataclass(frozen=True, slots=True)
class Counted:
    """wait: 0 = go on, and it is counted where `taken` says; else whole seconds for Retry-After."""

    wait: int
    taken: tuple[Pair, ...] = ()


class Allowance:
    """How often an account may be tried: a browser it knows and a network it knows have tries of their own.

    Strangers share the account's; so they cannot use up the others'. A try goes through if one allowance that it
    has is not used up, and counts at all that it has: who knows a browser gets no more than its own tries, and
    nobody learns by counting whether an account is there.
    """

    def __init__(self, rate: float, burst: int) -> None:
        self._browsers = Bucket(rate, burst)
        self._networks = Bucket(rate, burst)
        self._accounts = Bucket(rate, burst)

    def ask(self, who: Try, now: datetime, strangers: tuple[Pair, ...] = ()) -> Counted:
        """Ask before anything is compared. strangers: what binds beside the account's own who is not known."""
        tiers: list[tuple[Pair, ...]] = [((self._accounts, who.account), *strangers)]
        if who.browser is not None:
            tiers.append(((self._browsers, (who.account, who.browser)),))
        if who.network:
            tiers.append(((self._networks, (who.account, network(who.ip))),))
        waits = min(max(bucket.wait(key, now) for bucket, key in tier) for tier in tiers)
        if waits > 0:
            return Counted(max(1, math.ceil(waits - _CRUMB)))
        pairs = (pair for tier in tiers for pair in tier)
        return Counted(0, tuple((bucket, key) for bucket, key in pairs if bucket.take(key, now) == 0))


class Logins:
    """Log-ins: 20 a day to an account, from each browser and network it knows, and from all others together.

    Strangers also share 20 an hour from an address, and a lid on the whole box. Ask before hashing. A log-in
    that succeeds is given back, so only failures count.
    """

    def __init__(self) -> None:
        self._allowance = Allowance(20 / DAY, 20)
        self._addresses = Bucket(20 / HOUR, 20)
        self._box = Bucket(600 / HOUR, 100, most=1)
        self._told = Bucket(1 / HOUR, 1)
        self._told_of_nobody = Bucket(60 / HOUR, 60, most=1)

    def ask(self, who: Try, now: datetime) -> Counted:
        """Whether the password may be looked at."""
        return self._allowance.ask(who, now, ((self._addresses, network(who.ip)), (self._box, "")))

    def is_news(self, user_id: int, now: datetime) -> bool:
        """Whether it is to be put on record that tries at this account are refused: once an hour."""
        return self._told.take(user_id, now) == 0

    def is_worth_noting(self, now: datetime) -> bool:
        """Whether a try at an account that is not there is to be put on record: 60 an hour at most."""
        return self._told_of_nobody.take("", now) == 0


def give_back(counted: Counted, now: datetime) -> None:
    """It was right: the try does not count."""
    for bucket, key in counted.taken:
        bucket.give_back(key, now)


def network(ip: str) -> str:
    """What counts as one address: an IPv4 address, or the /64 that one IPv6 customer holds."""
    try:
        address = ipaddress.ip_address(ip.split("%", 1)[0])
    except ValueError:
        return ip[:64]
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
