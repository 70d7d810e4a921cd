"""Knows how often somebody may try: token buckets in memory, bounded, told the time."""

from __future__ import annotations

import ipaddress
import math
from collections import OrderedDict
from collections.abc import Hashable
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


class Logins:
    """Log-ins: 20 an hour from an address, 20 a day to an account, and a lid on the whole box.

    Ask before hashing. A log-in that succeeds is given back, so only failures count.
    """

    def __init__(self) -> None:
        self._addresses = Bucket(20 / HOUR, 20)
        self._accounts = Bucket(20 / DAY, 20)
        self._box = Bucket(600 / HOUR, 100, most=1)

    def ask(self, ip: str, email: str, now: datetime) -> int:
        """0: go on, it is counted. Else whole seconds for Retry-After; nothing is counted."""
        asked = self._asked(ip, email)
        waits = max(math.ceil(bucket.wait(key, now) - _CRUMB) for bucket, key in asked)
        if waits == 0:
            for bucket, key in asked:
                bucket.take(key, now)
        return waits

    def succeeded(self, ip: str, email: str, now: datetime) -> None:
        """The password was right: the attempt does not count."""
        for bucket, key in self._asked(ip, email):
            bucket.give_back(key, now)

    def _asked(self, ip: str, email: str) -> tuple[tuple[Bucket, str], ...]:
        account = email.strip().lower()[:254]
        return ((self._addresses, network(ip)), (self._accounts, account), (self._box, ""))


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
