"""What may be set for the box or a phone: values that make sense, and none less strict than wabox.toml's.

A bound that whoever sets it can change is named with its line of the file; customers are told the bound alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from wabox.config import Config
from wabox.config_values import Wrong, quiet_hours
from wabox.devices.rules import CAPS, Hours, Own, merged, windows_of
from wabox.errors import Invalid
from wabox.quiet import DAYS, Day, Quiet
from wabox.times import Window

MOST_CAP = 100_000
MOST_SECONDS = 86_400
MOST_DATES = 366
MOST_HOURS = 4
WEEK_MINUTES = 7 * 24 * 60

_WHOLE = "Choose a whole number from 0 to 100,000; 0 = no limit."
_PAUSE = "Choose two numbers of seconds from 0 to 86,400, the smaller first."
_HOURS = "Give two different times of day, like 21:00 and 08:00; for a whole day choose a day off."
_MANY_HOURS = "A day has at most 4 quiet hours; put them together."
_MANY_DATES = "Name at most 366 dates."
_NO_TIME = "That leaves no time to send; leave at least a minute of the week open."
_WARM = "New numbers are warmed up here; that cannot be switched off."

Found = Iterator[tuple[str, str]]


def check(own: Own, names: Collection[str], *, box: Own, config: Config, plan_cap: int = 0, owner: bool) -> None:
    """Raises Invalid `bad_rule` or `beyond_bounds`, whose details say of each field what is wrong.

    own: as it would be. names: what of it is set anew; the rest may stay, whatever the file says by now. box: the
    box's own, around a phone's. plan_cap: messages a day, 0 = none. owner: who sets it may change wabox.toml.
    """
    _refuse("bad_rule", _senseless(own, names))
    sentence = _Where(config, owner)
    _refuse("beyond_bounds", _beyond(own, names, config, sentence, plan_cap))
    if {"quiet_hours", "days_off"} & set(names):
        quiet = merged(config.sending, box, own).quiet
        if len(quiet.minutes()) == WEEK_MINUTES:
            name = "days_off" if "days_off" in names else "quiet_hours"
            _refuse("bad_rule", iter([(name, _NO_TIME)]))


def _refuse(code: str, found: Found) -> None:
    details: dict[str, str] = {}
    for name, sentence in found:
        details.setdefault(name, sentence)
    if details:
        raise Invalid(code, next(iter(details.values())), details=details)


def _senseless(own: Own, names: Collection[str]) -> Found:
    for name in CAPS:
        cap = getattr(own, name)
        if name in names and cap is not None and not 0 <= cap <= MOST_CAP:
            yield name, _WHOLE
    if "gap_seconds" in names and own.gap_seconds is not None:
        low, high = own.gap_seconds
        if not 0 <= low <= high <= MOST_SECONDS:
            yield "gap_seconds", _PAUSE
    if "quiet_hours" in names:
        yield from _senseless_hours(own)
    if "days_off" in names and own.days_off is not None and len(own.days_off.dates) > MOST_DATES:
        yield "days_off", _MANY_DATES


def _senseless_hours(own: Own) -> Found:
    for day, windows in (own.quiet_hours or {}).items():
        if len(windows) > MOST_HOURS:
            yield f"quiet_hours.{day}", _MANY_HOURS
        for window in windows:
            try:
                quiet_hours(list(window))
            except Wrong:
                yield f"quiet_hours.{day}", _HOURS


def _beyond(
    own: Own, names: Collection[str], config: Config, where: Callable[[str, str], str], plan_cap: int
) -> Found:
    sending = config.sending
    for name in set(CAPS) & set(names):
        yield from _beyond_cap(name, getattr(own, name), getattr(sending, name), where)
    if "daily_cap" in names and plan_cap and own.daily_cap is not None and not 0 < own.daily_cap <= plan_cap:
        told = f"Your plan allows {plan_cap} messages a day over all your phones; choose from 1 to {plan_cap}."
        yield "daily_cap", told
    if "gap_seconds" in names and own.gap_seconds is not None:
        low, high = sending.gap_seconds
        told = f"Pauses of at least {low:g} to {high:g} seconds are kept here; choose no shorter ones."
        if own.gap_seconds[0] < low or own.gap_seconds[1] < high:
            yield "gap_seconds", where("gap_seconds", told)
    if "warmup" in names and own.warmup is False and sending.warmup:
        yield "warmup", where("warmup", _WARM)
    if "quiet_hours" in names and own.quiet_hours is not None and sending.quiet_hours is not None:
        first, last = sending.quiet_hours
        told = f"From {first:%H:%M} to {last:%H:%M} it is quiet here each day; choose hours that cover that."
        for day in _uncovered(own.quiet_hours, sending.quiet_hours):
            yield f"quiet_hours.{day}", where("quiet_hours", told)


def _beyond_cap(name: str, cap: int | None, bound: int, where: Callable[[str, str], str]) -> Found:
    if cap is not None and bound and not 0 < cap <= bound:
        yield name, where(name, f"At most {bound} are allowed here; choose from 1 to {bound}.")


def _uncovered(own: Hours, window: Window) -> Iterator[Day]:
    """The named days on which a part of the window that begins there stays open."""
    quiet = Quiet(tuple(windows_of(own[day]) if day in own else (window,) for day in DAYS)).minutes()
    for at, day in enumerate(DAYS):
        wanted = Quiet(tuple((window,) if other == at else () for other in range(7))).minutes()
        if day in own and not wanted <= quiet:
            yield day


class _Where:
    """Adds to a bound where it is set."""

    def __init__(self, config: Config, owner: bool) -> None:  # noqa: FBT001
        self._config, self._owner = config, owner

    def __call__(self, name: str, told: str) -> str:
        if not self._owner:
            return told
        line = line_of(self._config.path, "sending", name)
        if line is None:
            return f"{told} wabox.toml leaves [sending] {name} as delivered; write it there and start anew."
        return f"{told} Line {line} of wabox.toml sets that, [sending] {name}; change it there and start anew."


def line_of(path: Path | None, section: str, key: str) -> int | None:
    """The line of the file that sets a key; None where it is not set, or the file cannot be read any more."""
    if path is None:
        return None
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    inside = ""
    for number, line in enumerate(lines, start=1):
        told = line.strip()
        if told.startswith("["):
            inside = told.partition("#")[0].strip().strip("[]").strip()
        elif inside == section and told.partition("=")[0].strip().strip("\"'") == key and "=" in told:
            return number
    return None
