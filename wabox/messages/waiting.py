"""What waits before each device, as a few groups: how many, why, until when, and when the last should go.

The reason of a group is the one `line.explain` gives for its first message, so that no page tells
another story than the gate.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from wabox import times
from wabox.config import Config
from wabox.db import Rows
from wabox.devices import devices
from wabox.messages import facts, line, outbox

MOST_COUNTED = line.MOST_COUNTED

_LATER = "m.scheduled_for > :now"
_ASKED = "m.held_until > :now"
_KNOWN = "m.new_chat = 0"
_FREE = f"not coalesce({_LATER}, 0) and not coalesce({_ASKED}, 0)"
_IN_LINE = "m.priority desc, m.id"


@dataclass(frozen=True, slots=True)
class Group:
    """Messages of one device that wait for the same. reason None: nothing holds them, they go now.

    count: up to MOST_COUNTED. first: the one that goes next. until: when, None where nobody can know.
    done_at: an estimate of when the last of them goes.
    """

    device_label: str
    reason: facts.Reason | None
    detail: str | None
    until: datetime | None
    count: int
    first: outbox.Message
    done_at: datetime | None


def groups(rows: Rows, user_id: int, *, config: Config, now: datetime) -> list[Group]:
    """Everything of the user's that waits, device by device, what goes first before what goes later."""
    found: list[Group] = []
    for device in devices.list_of(rows, user_id):
        found += _Device(rows, device, config, now).groups()
    return found


class _Device:
    def __init__(self, rows: Rows, device: devices.Device, config: Config, now: datetime) -> None:
        self._rows = rows
        self._device = device
        self._config = config
        self._now = now

    def groups(self) -> list[Group]:
        found: list[Group | None] = [self._in_doubt()]
        known = self._first(f"{_FREE} and {_KNOWN}")
        new = self._first(f"{_FREE} and not {_KNOWN}")
        held = new is not None and self._explain(new).reason == "new_chat_cap"
        if held:
            found.append(self._group(f"{_FREE} and {_KNOWN}", known))
            found.append(self._group(f"{_FREE} and not {_KNOWN}", new))
        else:
            found.append(self._group(_FREE, self._first(_FREE)))
        found.append(self._group(_ASKED, self._first(_ASKED, "m.held_until")))
        later = f"{_LATER} and not coalesce({_ASKED}, 0)"
        found.append(self._group(later, self._first(later, "m.scheduled_for")))
        return [one for one in found if one is not None]

    def _in_doubt(self) -> Group | None:
        message = outbox.in_doubt(self._rows, self._device.id)
        if message is None:
            return None
        why = self._explain(message)
        return Group(self._device.label, why.reason, why.detail, why.until, 1, message, None)

    def _group(self, where: str, first: outbox.Message | None) -> Group | None:
        if first is None:
            return None
        why = self._explain(first)
        count = int(
            self._rows.value(
                f"""select count(*) from (select 1 from messages m where m.device_id = :device_id
                    and m.status = 'queued' and {where} limit :most)""",  # noqa: S608 - this module's constants
                device_id=self._device.id,
                now=times.stored(self._now),
                most=MOST_COUNTED,
            )
        )
        last = self._first(where, "m.priority, m.id desc") if count > 1 else None
        done_at = self._explain(last).expected_at if last is not None else None
        return Group(self._device.label, why.reason, why.detail, why.until, count, first, done_at)

    def _first(self, where: str, order: str = _IN_LINE) -> outbox.Message | None:
        row = self._rows.one(
            f"{outbox.COLUMNS} where m.device_id = :device_id and m.status = 'queued' and {where} "
            f"order by {order} limit 1",
            device_id=self._device.id,
            now=times.stored(self._now),
        )
        return None if row is None else outbox.message_of(row)

    def _explain(self, message: outbox.Message) -> line.Waiting:
        why = line.explain(self._rows, [message], config=self._config, now=self._now)
        return why.get(message.id, line.Waiting())
