"""What a value in wabox.toml may be: each check takes what was written and returns it as wabox uses it."""

from __future__ import annotations

import ipaddress
import re
import zoneinfo
from collections.abc import Callable
from datetime import time
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import phonenumbers

from wabox.late import late

if TYPE_CHECKING:
    from babel import numbers
else:
    numbers = late("babel.numbers")

Check = Callable[[Any], Any]


class Wrong(Exception):
    """A value is not allowed; the text says what is."""


def integer(low: int, high: int) -> Check:
    """A whole number between these, both included."""

    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise Wrong(f"a whole number from {low} to {high}")
        return value

    return check


def boolean(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise Wrong("true or false")
    return value


def text(value: Any) -> str:
    """Any text but an empty one."""
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise Wrong("a text that is not empty")
    return value


def optional_text(value: Any) -> str | None:
    """Any text; an empty one is None."""
    return None if value == "" else text(value)


def one_of(*allowed: str) -> Check:
    """One of these words."""

    def check(value: Any) -> str:
        if value not in allowed:
            raise Wrong("one of " + ", ".join(f'"{name}"' for name in allowed))
        return str(value)

    return check


def some_of(*known: str) -> Check:
    """A list of these words, empty too."""

    def check(value: Any) -> tuple[str, ...]:
        if not isinstance(value, list | tuple) or not all(one in known for one in value):
            raise Wrong("a list of any of " + ", ".join(known))
        return tuple(one for one in known if one in value)

    return check


def url(value: Any) -> str:
    """An http(s) address without user, query or fragment; without a slash at the end."""
    parts = urlsplit(text(value))
    try:
        bad = parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0
    except ValueError:
        bad = True
    if bad or parts.username or parts.query or parts.fragment:
        raise Wrong('an address like "https://web.whatsapp.com"')
    return cast(str, value).rstrip("/")


def optional_url(value: Any) -> str | None:
    """As `url`; an empty text is None."""
    return None if value == "" else url(value)


def country(value: Any) -> str:
    """A country that `phonenumbers` knows, in capitals."""
    if not isinstance(value, str) or value.upper() not in phonenumbers.SUPPORTED_REGIONS:
        raise Wrong('a country of two letters like "BD"')
    return value.upper()


def zone(value: Any) -> str | None:
    """A time zone this machine knows; an empty text is None, the system's."""
    if value == "":
        return None
    try:
        zoneinfo.ZoneInfo(text(value))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise Wrong('a time zone like "Asia/Dhaka"') from None
    return cast(str, value)


def span(value: Any) -> tuple[float, float]:
    """(low, high) in seconds, up to a day."""
    wrong = Wrong("two numbers of seconds, the smaller first, like [8, 20], up to 86400")
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise wrong
    for one in value:
        if isinstance(one, bool) or not isinstance(one, int | float) or not 0 <= one <= 86_400:
            raise wrong
    if value[0] > value[1]:
        raise wrong
    return (float(value[0]), float(value[1]))


def quiet_hours(value: Any) -> tuple[time, time] | None:
    """(first, last) as times of day; an empty list is None."""
    if isinstance(value, list | tuple) and not value:
        return None
    wrong = Wrong('two times of day like ["21:00", "08:00"], or [] for none')
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise wrong
    for one in value:
        if not isinstance(one, str) or not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", one):
            raise wrong
    first, last = time.fromisoformat(value[0]), time.fromisoformat(value[1])
    if first == last:
        raise wrong
    return (first, last)


def time_of_day(value: Any) -> time:
    """A time of day, hours and minutes."""
    if isinstance(value, str) and re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", value):
        return time.fromisoformat(value)
    raise Wrong('a time of day like "03:00"')


def optional_recipient(value: Any) -> str | None:
    """For whom age seals; an empty text is None."""
    if value == "":
        return None
    if not isinstance(value, str) or not re.fullmatch(r"age1[02-9ac-hj-np-z]{58}", value.strip()):
        raise Wrong('a recipient of age like "age1…", with 62 letters and digits')
    return value.strip()


def texts(value: Any) -> tuple[str, ...]:
    """A list of texts."""
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) and one for one in value):
        raise Wrong('a list of texts like ["192.168.1.20:8080"]')
    return tuple(value)


def allow(value: Any) -> tuple[str, ...]:
    """Networks and host:port pairs."""
    for one in texts(value):
        if not (_is_network(one) or re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[^\s:/\[\]]+):[0-9]{1,5}", one)):
            raise Wrong('networks like "192.168.1.0/24" or "host:port" like "127.0.0.1:9000"')
    return tuple(value)


def _is_network(value: str) -> bool:
    try:
        ipaddress.ip_network(value)
    except ValueError:
        return False
    return "/" in value


def proxies(value: Any) -> tuple[str, ...]:
    """Addresses of proxies."""
    for one in texts(value):
        if not (_is_network(one) or _is_network(f"{one}/32") or _is_network(f"{one}/128")):
            raise Wrong('addresses like "127.0.0.1" or networks like "10.0.0.0/8"')
    return tuple(value)


def currency(value: Any) -> str:
    """A currency by its three letters, in capitals."""
    if not isinstance(value, str) or value not in numbers.list_currencies():
        raise Wrong('a currency of three letters like "BDT"')
    return value


def days(value: Any) -> tuple[int, ...]:
    """Whole numbers of days."""
    wrong = Wrong("a list of different numbers of days from 0 to 60, like [7, 3, 1]")
    if not isinstance(value, list | tuple):
        raise wrong
    for one in value:
        if isinstance(one, bool) or not isinstance(one, int) or not 0 <= one <= 60:
            raise wrong
    if len(set(value)) < len(value):
        raise wrong
    return tuple(sorted(value, reverse=True))


def providers(value: Any) -> tuple[str, ...]:
    """Ways to pay."""
    known = ("bkash", "nagad", "bank")
    if not isinstance(value, list | tuple) or not value or not all(one in known for one in value):
        raise Wrong("a list with one or more of bkash, nagad, bank")
    return tuple(one for one in known if one in value)
