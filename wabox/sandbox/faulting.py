"""Faults set and reset, and what the open pages and phones notice of it at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wabox.sandbox import limits, linking, mail, persons, weather
from wabox.sandbox.faults import Faults, changed
from wabox.sandbox.world import World


def set_faults(world: World, wanted: Mapping[str, Any], now: float) -> None:
    """The named faults are in force. Raises Invalid, and then nothing has changed."""
    _replace(world, changed(world.faults, wanted), now)


def reset(world: World, now: float) -> None:
    """No fault is in force; what a fault held back goes on."""
    _replace(world, Faults(), now)


def _replace(world: World, faults: Faults, now: float) -> None:
    before = world.faults
    world.kept.faults = faults
    world.keep("faults", "", faults)
    if faults.offline and not before.offline:
        world.closing.extend(world.pages)
    if _of_limits(before) != _of_limits(faults):
        limits.tell(world, now)
    _change_weather(world, before, now)
    if faults.logout_reason is not None and before.logout_reason != faults.logout_reason:
        linking.log_out_pages(world)
    persons.reveal(world, before)
    if before.conflict != faults.conflict:
        _set_conflict(world, now)
    _tell_people(world, before, now)
    if (before.deliver_ms is None or before.read_ms is None) and before != faults:
        mail.resume(world, now)


def _change_weather(world: World, before: Faults, now: float) -> None:
    faults = world.faults
    if _of_sending(before) != _of_sending(faults):
        weather.tell_of_sending(world)
    if faults.dead_channel and not before.dead_channel:
        weather.kill_channels(world)
    if faults.storm is not None and faults.storm is not before.storm:
        weather.begin_storm(world, faults.storm, now)


def _of_sending(faults: Faults) -> tuple[object, ...]:
    of_files = faults.media_entry, faults.upload_stuck
    return faults.send_seen, faults.enter_ms, faults.second_add, of_files


def _tell_people(world: World, before: Faults, now: float) -> None:
    if before.passkey_gate and not world.faults.passkey_gate:
        linking.answer_passkeys(world, now)
    if (before.dialogs, before.checkpoint) == (world.faults.dialogs, world.faults.checkpoint):
        return
    for page in world.pages.values():
        if page.companion is not None and not page.conflicted:
            linking.show_boxes(world, page, now)


def _of_limits(faults: Faults) -> tuple[object, ...]:
    return faults.timelock, faults.timelock_silent, faults.capping, faults.blocked_by_me


def _set_conflict(world: World, now: float) -> None:
    for page in list(world.pages.values()):
        companion = world.kept.companions.get(page.companion or "")
        if companion is None:
            continue
        if world.faults.conflict:
            page.conflicted = True
            world.push(page.id, {"op": "conflict", "conflict": True})
        elif page.conflicted and world.page_of(companion.id) is None:
            world.push(page.id, {"op": "conflict", "conflict": False})
            linking.start_session(world, page, companion, [], now)
