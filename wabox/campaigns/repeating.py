"""What people do with a repeating campaign: begin, change, pause, resume and delete it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from wabox import times
from wabox.campaigns import greeted, launching, occasions, repeats
from wabox.campaigns.occasions import Occasion
from wabox.campaigns.repeats import Repeat
from wabox.campaigns.stored import NO_DEVICES, any_device
from wabox.config import Config
from wabox.contacts import audiences, conditions, own, segments
from wabox.db import Rows, Tx
from wabox.errors import Invalid, NotFound
from wabox.languages import later
from wabox.media import stored as media
from wabox.messages.carrying import Carried

NONE_LEFT = later("Before its end there is no such day; choose a later end, or other days.")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a repeating campaign shall be. message: with the user's own fields; carried: the file with it."""

    name: str
    message: str
    audience: str
    occasion: Occasion
    audience_id: int | None = None
    device_ids: Sequence[int] | None = None
    text_id: int | None = None
    carried: Carried | None = None
    ends_on: date | None = None
    most_runs: int | None = None


def add(tx: Tx, user_id: int, wanted: Wanted, *, config: Config, now: datetime, ip: str | None = None) -> Repeat:
    """It stands, and goes on its next date. Raises Invalid `too_many_repeats`, `no_dates`, and as `change`."""
    if tx.value("select count(*) from repeats where user_id = :id", id=user_id) >= repeats.MOST:
        sentence = later("You have 50 repeating campaigns, which is the most; delete one first.")
        raise Invalid("too_many_repeats", sentence, details={"name": sentence})
    columns = _fit(tx, user_id, wanted, now=now, ip=ip)
    zone, _ = repeats.zone_of(tx, user_id, config)
    repeat_id = tx.insert(
        """insert into repeats (user_id, name, message, text_id, audience, audience_id, device_ids, media_id,
             media_kind, media_name, every, days, field_id, days_before, at, ends_on, most_runs, status, zone,
             counted_at, created_at, updated_at)
           values (:user_id, :name, :message, :text_id, :audience, :audience_id, :device_ids, :media_id,
             :media_kind, :media_name, :every, :days, :field_id, :days_before, :at, :ends_on, :most_runs, 'paused',
             :zone, :now, :now, :now)""",
        user_id=user_id,
        zone=zone,
        now=times.stored(now),
        **columns,
    )
    return _activate(tx, repeats.of_user(tx, user_id, repeat_id), config=config, now=now)


def change(
    tx: Tx,
    user_id: int,
    repeat_id: int,
    wanted: Wanted,
    *,
    version: int | None = None,
    config: Config,
    now: datetime,
    ip: str | None = None,
) -> Repeat:
    """From its next run on it is so; what was made stays as it is. One that ended goes on, if it has dates again.

    version: the one that was read. Raises NotFound; Invalid `changed_meanwhile`, `no_dates`, `no_devices`,
    `bad_occasion`, `audience_gone`, and as `launching.create` for text, file and audience; then nothing is
    changed. A date that has come by now, and has no run, is a missed one.
    """
    before = repeats.of_user(tx, user_id, repeat_id)
    if version not in (None, before.version):
        sentence = later("This repeating campaign was changed meanwhile; look again, then change it.")
        raise Invalid("changed_meanwhile", sentence, details={"version": sentence})
    tx.run(
        """update repeats set name = :name, message = :message, text_id = :text_id, audience = :audience,
           audience_id = :audience_id, device_ids = :device_ids, media_id = :media_id, media_kind = :media_kind,
           media_name = :media_name, every = :every, days = :days, field_id = :field_id,
           days_before = :days_before, at = :at, ends_on = :ends_on, most_runs = :most_runs,
           version = version + 1, updated_at = :now where id = :id""",
        id=repeat_id,
        now=times.stored(now),
        **_fit(tx, user_id, wanted, now=now, ip=ip),
    )
    _missed(tx, before, now=now)
    after = repeats.of_user(tx, user_id, repeat_id)
    return after if before.status == "paused" else _activate(tx, after, config=config, now=now)


def pause(tx: Tx, user_id: int, repeat_id: int, *, now: datetime) -> Repeat:
    """active → paused: no run is made from this commit on. Raises NotFound; Invalid `wrong_state` if it ended."""
    found = repeats.of_user(tx, user_id, repeat_id)
    if found.status == "ended":
        raise Invalid("wrong_state", later("This repeating campaign has ended; there is nothing to pause."))
    _missed(tx, found, now=now)
    repeats.rest(tx, repeat_id, None, now=now)
    return repeats.of_user(tx, user_id, repeat_id)


def resume(tx: Tx, user_id: int, repeat_id: int, *, config: Config, now: datetime) -> Repeat:
    """paused → active: it goes on its next date from now on; none is made up for.

    Raises NotFound; Invalid `wrong_state` if it ended, `no_dates`, `no_devices`, and as `change` if it cannot go.
    """
    found = repeats.of_user(tx, user_id, repeat_id)
    if found.status == "active":
        return found
    if found.status == "ended":
        sentence = later("This repeating campaign has ended; change its end, and it goes on.")
        raise Invalid("wrong_state", sentence)
    _fit(tx, user_id, wanted_of(tx, found), now=now, ip=None)
    return _activate(tx, found, config=config, now=now)


def wind_up(tx: Tx, user_id: int, repeat_id: int, *, now: datetime) -> bool:
    """Before `remove`: it rests, and a piece of who had it goes. False: nothing is left. Raises NotFound."""
    repeats.of_user(tx, user_id, repeat_id)
    repeats.rest(tx, repeat_id, None, now=now)
    return greeted.forget(tx, repeat_id)


def remove(tx: Tx, user_id: int, repeat_id: int) -> Repeat:
    """It is gone, after `wind_up`; its runs stay, and what of them still goes. Raises NotFound."""
    found = repeats.of_user(tx, user_id, repeat_id)
    tx.run("delete from repeats where id = :id and user_id = :user_id", id=repeat_id, user_id=user_id)
    return found


def wanted_of(rows: Rows, one: Repeat) -> Wanted:
    """What it is to be, as it stands. Raises Invalid `file_gone`."""
    return Wanted(
        one.name,
        one.message,
        one.audience,
        one.occasion,
        one.audience_id,
        one.device_ids,
        one.text_id,
        carried(rows, one),
        one.ends_on,
        one.most_runs,
    )


def carried(rows: Rows, one: Repeat) -> Carried | None:
    """The file that goes with it. Raises Invalid `file_gone`."""
    if one.media_id is None or one.media_kind is None:
        return None
    try:
        return Carried(media.of_user(rows, one.user_id, one.media_id).called(one.media_name), one.media_kind)
    except NotFound:
        raise Invalid(
            "file_gone", repeats.REASONS["file_gone"], details={"media": repeats.REASONS["file_gone"]}
        ) from None


def _activate(tx: Tx, one: Repeat, *, config: Config, now: datetime) -> Repeat:
    """Raises Invalid `no_dates`."""
    name, zone = repeats.zone_of(tx, one.user_id, config)
    day = repeats.first(tx, one, zone=zone, now=now)
    if day is None:
        raise Invalid("no_dates", NONE_LEFT, details={"ends_on": NONE_LEFT})
    repeats.goes_on(tx, one, day, zone=zone, zone_name=name, now=now)
    return repeats.of_user(tx, one.user_id, one.id)


def _missed(tx: Tx, one: Repeat, *, now: datetime) -> None:
    """Dates that have come, and of which no run was made before somebody moved the plan on, are missed."""
    zone, kept, missed = ZoneInfo(one.zone), repeats.kept_days(tx, one.id), []
    day = one.next_day
    while day is not None and occasions.moment(one.occasion, day, zone) <= now:
        missed += [day] if day not in kept else []
        day = occasions.following(one.occasion, day, ends_on=one.ends_on)
    if missed:
        tx.run(
            "update repeats set missed = missed + :n, last_day = :day, last_result = 'missed' where id = :id",
            n=len(missed),
            day=missed[-1].isoformat(),
            id=one.id,
        )


def _fit(tx: Tx, user_id: int, wanted: Wanted, *, now: datetime, ip: str | None) -> dict[str, Any]:
    """Its columns, once all of it could go. Raises as `change`."""
    occasion = wanted.occasion
    if occasion.every == "date":
        _date_field(tx, user_id, occasion, wanted.audience)
    if not any_device(tx, user_id, wanted.device_ids):
        raise Invalid(NO_DEVICES, repeats.REASONS[NO_DEVICES])
    if wanted.audience_id is not None and audiences.known(tx, user_id, wanted.audience_id) is None:
        gone = repeats.REASONS["audience_gone"]
        raise Invalid("audience_gone", gone, details={"audience": gone})
    text, _ = launching.fit(tx, user_id, wanted.message, wanted.audience, wanted.carried, now=now, ip=ip)
    file = wanted.carried
    return {
        "name": wanted.name[: repeats.MOST_NAME],
        "message": text.text,
        "text_id": wanted.text_id,
        "audience": wanted.audience,
        "audience_id": wanted.audience_id,
        "device_ids": None if wanted.device_ids is None else json.dumps(list(wanted.device_ids)),
        "media_id": None if file is None else file.media.id,
        "media_kind": None if file is None else file.kind,
        "media_name": None if file is None else file.media.own_name,
        "every": occasion.every,
        "days": json.dumps(list(occasion.days)),
        "field_id": occasion.field_id,
        "days_before": occasion.days_before,
        "at": f"{occasion.at:%H:%M}",
        "ends_on": None if wanted.ends_on is None else wanted.ends_on.isoformat(),
        "most_runs": wanted.most_runs,
    }


def _date_field(rows: Rows, user_id: int, occasion: Occasion, audience: str) -> None:
    field = own.by_id(rows, user_id, occasion.field_id or 0)
    if field.kind != "date":
        raise occasions.bad("field", later("This field holds no dates; choose one that does."))
    if len(segments.read(audience).fields) >= conditions.MOST:
        raise conditions.bad(later("With a date of its own it can ask for nine fields at most."))
