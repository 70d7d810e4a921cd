"""Asks a box inside the machine, with the packages of its release: asked.py WHAT. Prints what it learned."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import httpx

from wabox.demo.story import Story

BOX, SANDBOX = "http://127.0.0.1:8470", "http://127.0.0.1:8471"
KEY = Path("/root/key")


def story() -> Story:
    """Whoever links and sends."""
    return Story(url=BOX, sandbox_url=SANDBOX, api_key=KEY.read_text(), children=[], say=lambda _: None)


def link() -> None:
    """The sandbox's phone is linked."""
    told = story()
    told.wait_for_start()
    told.link()


def send() -> None:
    """A message has arrived."""
    told = story()
    told.wait_for_start()
    told.send()


def arrived() -> None:
    """How many messages people have got."""
    found = httpx.get(f"{SANDBOX}/sandbox/messages", trust_env=False).json()["messages"]
    sys.stdout.write(str(len(found)))


def ready() -> None:
    """Whether the box answers and its phone is ready."""
    try:
        asked = httpx.get(f"{BOX}/api/v1/devices", headers={"X-API-Key": KEY.read_text()}, trust_env=False)
    except httpx.HTTPError:
        sys.stdout.write("no answer")
    else:
        sys.stdout.write(str(asked.is_success and asked.json()["devices"][0]["ready"]))


def queue() -> None:
    """A message is taken; its number."""
    taken = httpx.post(
        f"{BOX}/api/v1/send",
        headers={"X-API-Key": KEY.read_text()},
        json={"phone": "8801711000001", "message": "Later"},
        trust_env=False,
    )
    sys.stdout.write(str(taken.raise_for_status().json()["job_id"]))


def gone() -> None:
    """How many messages have gone, as the box knows it."""
    asked = httpx.get(f"{BOX}/api/v1/messages", headers={"X-API-Key": KEY.read_text()}, trust_env=False)
    found = asked.raise_for_status().json()["data"]
    sys.stdout.write(str(sum(one["status"] in ("sent", "delivered", "read") for one in found)))


def gap() -> None:
    """How many seconds the box did not answer, until /root/enough is there."""
    worst, last = 0.0, time.monotonic()
    while not Path("/root/enough").exists():
        try:
            answers = httpx.get(f"{BOX}/healthz", timeout=5, trust_env=False).status_code == 200
        except httpx.HTTPError:
            answers = False
        if answers:
            worst, last = max(worst, time.monotonic() - last), time.monotonic()
        time.sleep(0.02)
    Path("/root/gap").write_text(json.dumps(worst))


if __name__ == "__main__":
    {"link": link, "send": send, "arrived": arrived, "ready": ready, "queue": queue, "gone": gone, "gap": gap}[
        sys.argv[1]
    ]()
