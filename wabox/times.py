"""How wabox writes a moment down: aware UTC in code, sortable text in SQLite, whole seconds on the wire."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_LAST = datetime.max.replace(microsecond=0, tzinfo=UTC)  # the calendar has no second after it


def stored(moment: datetime) -> str:
    """The moment as text of fixed width, so that text order is time order. moment: aware."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def stored_or_none(moment: datetime | None) -> str | None:
    """As `stored`; None stays None."""
    return None if moment is None else stored(moment)


def read(text: str) -> datetime:
    """The moment that `stored` wrote, aware UTC."""
    return datetime.fromisoformat(text)


def read_or_none(text: str | None) -> datetime | None:
    """As `read`; None stays None."""
    return None if text is None else read(text)


def wire(moment: datetime) -> str:
    """The moment as the API shows it: UTC, whole seconds, +00:00. Source: wabox/docs/contract.md#times."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def wire_or_none(moment: datetime | None) -> str | None:
    """As `wire`; None stays None."""
    return None if moment is None else wire(moment)


def wire_up(moment: datetime) -> str:
    """As `wire`, rounded up: a time to wait until must not be named too early."""
    whole = moment.replace(microsecond=0)
    return wire(whole if whole in (moment, _LAST) else whole + timedelta(seconds=1))
