"""What befalls open pages by themselves: reloads, storms, a dead channel, a slow sync, a leak."""

from __future__ import annotations

from typing import Any

import msgspec

from wabox.sandbox.faults import Storm
from wabox.sandbox.world import Page, World


def of_session(world: World) -> dict[str, Any]:
    """What a page is told of it when its session starts."""
    faults = world.faults
    return {
        "sync": msgspec.to_builtins(faults.sync),
        "sync_end": faults.sync_end,
        "leak_mb_per_hour": faults.leak_mb_per_hour,
        "send_seen": faults.send_seen,
        "enter_ms": faults.enter_ms,
        "second_add": faults.second_add,
        "media_entry": faults.media_entry,
        "upload_in_worker": faults.upload_stuck == "worker",
        "never_prepared": faults.upload_stuck == "preparing",
    }


def tell_of_sending(world: World) -> None:
    """Open pages send from now on as the faults say."""
    for page in world.pages.values():
        if page.companion is not None:
            world.push(page.id, {"op": "sending", **of_session(world)})


def reload_later(world: World, page: Page, wait_ms: int | None, now: float) -> None:
    """The page loads itself anew, if it is still open then."""
    if wait_ms is not None:
        world.later(now + wait_ms / 1000, lambda _: world.push(page.id, {"op": "reload"}))


def kill_channels(world: World) -> None:
    """The pages that are open look connected, and nothing passes."""
    for page in world.pages.values():
        page.dead = True


def begin_storm(world: World, storm: Storm, now: float) -> None:
    """The servers go away, and again, until another storm or none is asked for."""
    if world.faults.storm is not storm:
        return
    world.away_until = now + storm.down_ms / 1000
    world.closing.extend(world.pages)
    world.later(now + storm.every_ms / 1000, lambda at: begin_storm(world, storm, at))
