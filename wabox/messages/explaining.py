"""Says of every waiting message why and until when, by the gate that the claim asks; one by one and in groups.

A group is of single messages of one device, or of one campaign's, as the device's line takes them. Its reason is
that of its first message, so that no page tells another story than the gate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import Any, cast

from wabox import times
from wabox.config import Config
from wabox.content import judging
from wabox.db import Row, Rows
from wabox.devices import stored as devices
from wabox.messages import foreseeing, gate, reasons, stored
from wabox.messages.foreseeing import Pace
from wabox.messages.line import MESSAGE, Line, of_device

MOST_COUNTED = 10_000  # ahead of a message; beyond it, the exact number helps nobody
ROWS = 20
_LATER = "coalesce(m.scheduled_for > :now, 0)"
_HELD = "coalesce(m.held_until > :now, 0)"
_UNREAD = "m.in_review = 0"
_FREE = f"{_UNREAD} and not {_LATER} and not {_HELD}"
_KNOWN = f"{_FREE} and m.new_chat = 0"
_NEW = f"{_FREE} and m.new_chat = 1"
_SCHEDULED = f"{_UNREAD} and {_LATER} and not {_HELD}"
_EACH: tuple[reasons.Reason, ...] = ("quarantined", "moved_away", "number_changed")
_IN_LINE = "m.priority desc, m.id"


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why a message waits. until: aware UTC, None where nobody can know. reason: of reasons.Reason.

    ahead: messages of this device that go first. expected_at: an estimate, for those behind the head.
    """

    reason: reasons.Reason | None = None
    until: datetime | None = None
    detail: str | None = None
    ahead: int | None = None
    expected_at: datetime | None = None


def explain(
    rows: Rows,
    messages: Iterable[stored.Message],
    *,
    config: Config,
    now: datetime,
    most_ahead: int = MOST_COUNTED,
) -> dict[int, Waiting]:
    """{message id: why it waits} for those of the messages that are queued or in doubt.

    most_ahead: how far to count who goes first; 1 is enough, and quickest, for the reason alone, and foresees
    nothing for those in line.
    """
    lines: dict[int, tuple[Line, Callable[[], Pace]]] = {}
    found: dict[int, Waiting] = {}
    for message in sorted((one for one in messages if one.status in stored.OPEN), key=lambda one: one.id):
        if message.device_id not in lines:
            device = devices.by_id(rows, message.device_id)
            line = of_device(rows, device, config=config, now=now)
            lines[message.device_id] = (line, cache(partial(Pace.of, rows, line)))
        found[message.id] = _explain(rows, *lines[message.device_id], message, most_ahead)
    return found


@dataclass(frozen=True, slots=True)
class Group:
    """Messages of one device that wait for the same. reason None: nothing holds them, they go now.

    campaign_id, campaign_name: None for single messages. count: up to MOST_COUNTED. first: the one that
    goes next; rows: more of them, where they were asked for. until: when, None where nobody can know.
    done_at: an estimate of when the last of them goes.
    """

    device_label: str
    reason: reasons.Reason | None
    detail: str | None
    until: datetime | None
    count: int
    first: stored.Message
    done_at: datetime | None
    campaign_id: int | None = None
    campaign_name: str | None = None
    rows: tuple[stored.Message, ...] = ()


def groups(rows: Rows, user_id: int, *, config: Config, now: datetime, most_rows: int = 0) -> list[Group]:
    """Everything of the user's that waits, device by device, what goes first before what goes later.

    most_rows: so many messages of each group come with it.
    """
    found: list[Group] = []
    for device in devices.list_of(rows, user_id):
        found += _Device(rows, device, config, now, most_rows).groups()
    return found


def _explain(
    rows: Rows, line: Line, pace: Callable[[], Pace], message: stored.Message, most_ahead: int
) -> Waiting:
    """pace: of the line, asked for only where something is foreseen by it."""
    if message.status == "sending":
        doubtful = message.recoveries or message.rest_until or message.doubt_stage
        return Waiting("in_doubt", message.rest_until) if doubtful else Waiting()
    row = rows.one(f"{MESSAGE} where m.id = :id", id=message.id)
    assert row is not None
    wanted = line.facts_for(rows, row)
    closed = gate.decide(line.now, wanted)
    if isinstance(closed, gate.Wait) and closed.reason in _EACH:  # it holds each, not the first alone
        return Waiting(closed.reason, closed.until)
    stands = isinstance(closed, gate.Wait) and closed.reason in reasons.UNTIL_SOMEBODY_ACTS
    own = gate.own_wait(line.now, wanted)
    if own is not None and not (stands and own.reason not in reasons.AS_WISHED):
        counts = own.reason in foreseeing.HOLDS_NEW and most_ahead > 1
        goes = foreseeing.of_new(rows, line, pace(), row) if counts else own.until
        return Waiting(own.reason, own.until, own.detail, expected_at=goes)
    aside = message.held_reason not in reasons.OF_DEVICE and not stands
    if aside and message.held_until and message.held_until > line.now:
        reason = cast("reasons.Reason", message.held_reason)
        return Waiting(reason, message.held_until, expected_at=message.held_until)
    ahead = _ahead(rows, line, row, most_ahead)
    if ahead:
        goes = None if most_ahead == 1 else foreseeing.expected(rows, line, pace(), row, ahead)
        return Waiting("in_line", None, ahead=ahead, expected_at=goes)
    if isinstance(closed, gate.Wait):
        return Waiting(closed.reason, closed.until, closed.detail, ahead=0, expected_at=closed.until)
    if isinstance(closed, gate.Go) and (verdict := judging.judged(rows, message)) and verdict.action == "hold":
        return Waiting("content_review", ahead=0)
    return Waiting(ahead=0, expected_at=line.now)


def _ahead(rows: Rows, line: Line, row: Row, most: int) -> int:
    single = row["campaign_id"] is None
    counted = 0
    for campaign_id in (None,) if single else (None, *line.campaigns):
        counted += _counted(rows, line, campaign_id, row, most)
    if counted >= most == 1:
        return 1
    busy = rows.value(
        "select 1 from messages where device_id = :device_id and status = 'sending'",
        device_id=line.device.id,
    )
    return min(counted, most) + (1 if busy else 0)


def _counted(rows: Rows, line: Line, campaign_id: int | None, row: Row, most: int) -> int:
    """How many of these go before the row, at most so many.

    Messages are asked for in the order of their ids, so that each counts on from the one before it: a page
    of a long line walks that line once. Whoever is known passes new people who are held, before a claim puts those
    aside.
    """
    passes = not row["new_chat"] and foreseeing.new_people_wait(line)
    place = (campaign_id, ~row["priority"] if passes else row["priority"])
    known = " and m.new_chat = 0" if passes else ""
    last, before = line.counted.get(place, (0, 0))
    if before < most:
        higher = "" if last else "m.priority > :priority or"
        before += rows.value(
            f"""select count(*) from (select 1 from messages m where {line.passable()}{known}
                and ({higher} (m.priority = :priority and m.id >= :last and m.id < :id)) limit :most)""",  # noqa: S608
            device_id=line.device.id,
            campaign_id=campaign_id,
            priority=row["priority"],
            last=last,
            id=row["id"],
            most=most - before,
        )
    line.counted[place] = (row["id"], before)
    if before >= most == 1:
        return before
    return before + _due(rows, line, campaign_id, row, most)


def _due(rows: Rows, line: Line, campaign_id: int | None, row: Row, most: int) -> int:
    """How many go first whose own wait is over, though no claim has put them back in line yet."""
    counted = rows.value(
        """select count(*) from (select 1 from messages m indexed by held where m.device_id = :device_id
             and m.priority in (0, 1, 2, 3) and m.held_until <= :now and m.status = 'queued'
             and m.in_review = 0 and m.campaign_id is :campaign_id
             and (m.priority > :priority or (m.priority = :priority and m.id < :id)) limit :most)""",
        device_id=line.device.id,
        campaign_id=campaign_id,
        now=times.stored(line.now),
        priority=row["priority"],
        id=row["id"],
        most=most,
    )
    return int(counted)


@dataclass(frozen=True, slots=True)
class _Share:
    """The single messages of a device, or those of one campaign."""

    campaign_id: int | None
    name: str | None
    paused: bool


@dataclass(frozen=True, slots=True)
class _Device:
    rows: Rows
    device: devices.Device
    config: Config
    now: datetime
    most_rows: int

    def groups(self) -> list[Group]:
        found = [self._in_doubt()]
        for share in self._shares():
            found += [self._group(_UNREAD, share)] if share.paused else self._of(share)
            found.append(self._group("m.in_review = 1", share))
        return [one for one in found if one is not None]

    def _shares(self) -> Iterator[_Share]:
        """As the line takes them: singles first, running campaigns by their oldest message, then paused ones."""
        yield _Share(None, None, paused=False)
        found = self.rows.all(
            """select c.id, c.name, c.status = 'paused' as paused from campaigns c
               where c.user_id = :user_id and c.status in ('sending', 'paused') and exists (
                 select 1 from messages m where m.device_id = :device_id and m.campaign_id = c.id
                 and m.status = 'queued')
               order by paused, c.id""",
            user_id=self.device.user_id,
            device_id=self.device.id,
        )
        for row in found:
            yield _Share(row["id"], row["name"], paused=bool(row["paused"]))

    def _of(self, share: _Share) -> list[Group | None]:
        new = self._first(_NEW, share)
        if new is not None and self._explain(new).reason == "new_chat_cap":
            found = [self._group(_KNOWN, share), self._group(_NEW, share)]
        else:
            found = [self._group(_FREE, share)]
        for reason in self._held_for(share):
            where = f"{_UNREAD} and {_HELD} and m.held_reason is :held_reason"
            found.append(self._group(where, share, "m.held_until, m.id", held_reason=reason))
        found.append(self._group(_SCHEDULED, share, "m.scheduled_for, m.id"))
        return found

    def _held_for(self, share: _Share) -> list[str | None]:
        return [
            row["held_reason"]
            for row in self.rows.all(
                f"select distinct held_reason from messages m where {_MINE} and {_UNREAD} and {_HELD} order by 1",  # noqa: S608
                **self._params(share),
            )
        ]

    def _in_doubt(self) -> Group | None:
        message = stored.in_doubt(self.rows, self.device.id)
        if message is None:
            return None
        why = self._explain(message)
        named = self.rows.value("select name from campaigns where id = :id", id=message.campaign_id)
        return Group(
            self.device.label, why.reason, why.detail, why.until, 1, message, None, message.campaign_id, named
        )

    def _group(self, where: str, share: _Share, order: str = _IN_LINE, **more: Any) -> Group | None:
        first = self._first(where, share, order, **more)
        if first is None:
            return None
        why = self._explain(first)
        count = self._count(where, share, **more)
        last = self._first(where, share, "m.priority, m.id desc", **more) if count > 1 else None
        shown = self._some(where, share, order, **more) if self.most_rows else []
        return Group(
            device_label=self.device.label,
            reason=why.reason,
            detail=why.detail,
            until=why.until,
            count=count,
            first=first,
            done_at=None if last is None else self._explain(last).expected_at,
            campaign_id=share.campaign_id,
            campaign_name=share.name,
            rows=tuple(shown),
        )

    def _count(self, where: str, share: _Share, **more: Any) -> int:
        counted = self.rows.value(
            f"select count(*) from (select 1 from messages m where {_MINE} and {where} limit :most)",  # noqa: S608
            most=MOST_COUNTED,
            **self._params(share),
            **more,
        )
        return int(counted)

    def _first(self, where: str, share: _Share, order: str = _IN_LINE, **more: Any) -> stored.Message | None:
        found = self._some(where, share, order, most=1, **more)
        return found[0] if found else None

    def _some(
        self, where: str, share: _Share, order: str, *, most: int | None = None, **more: Any
    ) -> list[stored.Message]:
        """Found by id first, so that only the rows that are shown are read whole."""
        found = self.rows.all(
            f"""{stored.COLUMNS} where m.id in (
                  select m.id from messages m where {_MINE} and {where} order by {order} limit :most)
                order by {order}""",  # noqa: S608 - this module's constants
            most=most or self.most_rows,
            **self._params(share),
            **more,
        )
        return [stored.of_row(row) for row in found]

    def _params(self, share: _Share) -> dict[str, Any]:
        return {
            "device_id": self.device.id,
            "campaign_id": share.campaign_id,
            "now": times.stored(self.now),
        }

    def _explain(self, message: stored.Message) -> Waiting:
        why = explain(self.rows, [message], config=self.config, now=self.now)
        return why.get(message.id, Waiting())


_MINE = "m.device_id = :device_id and m.campaign_id is :campaign_id and m.status = 'queued'"
