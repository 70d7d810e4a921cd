"""`python -m wabox.trial`: one trial. Reads one line of JSON, writes a line for each step, and one for the end.

In: {engines, version, sha256, url, chromium}. Out: {"step": name}, then {"good": true, "lacks": [...]} or
{"good": false, "step": name, "why": text}. It ends when its standard input does: nobody waits for it any more.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import structlog

from wabox.trial import canary, selftest
from wabox.trial.events import Failed
from wabox.whatsapp.driver import WaJs

MOST_SECONDS = 600.0


def main() -> None:
    """The trial, from its question to its end."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    asked = json.loads(sys.stdin.readline())
    place = Path(tempfile.mkdtemp(prefix="wabox-trial-"))
    threading.Thread(target=_mind_the_asker, args=(place,), daemon=True).start()
    try:
        end = asyncio.run(_tried(asked, place))
    finally:
        shutil.rmtree(place, ignore_errors=True)
    _say(end)


async def _tried(asked: dict[str, Any], place: Path) -> dict[str, Any]:
    engines, wanted = Path(asked["engines"]), WaJs(asked["version"], asked["sha256"])
    step = "start"

    def said(name: str) -> None:
        nonlocal step
        step = name
        _say({"step": name})

    try:
        async with asyncio.timeout(MOST_SECONDS):
            lacks = await selftest.run(engines, wanted, asked["chromium"], place, said)
            said("log_in_page")
            more = await canary.run(engines, wanted, asked["chromium"], place, asked["url"])
    except Failed as failed:
        where = f"log_in_page_{failed.step}" if step == "log_in_page" else failed.step
        return {"good": False, "step": where, "why": str(failed)}
    except TimeoutError:
        return {"good": False, "step": step, "why": "it took too long"}
    return {"good": True, "lacks": sorted({*lacks, *more})}


def _say(what: dict[str, Any]) -> None:
    print(json.dumps(what), flush=True)  # noqa: T201 - whoever asked reads it


def _mind_the_asker(place: Path) -> None:
    sys.stdin.read()
    shutil.rmtree(place, ignore_errors=True)
    os._exit(1)


if __name__ == "__main__":
    main()
