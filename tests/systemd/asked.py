"""Asks a box inside the machine, with the packages of its release: asked.py WHAT. Prints what it learned."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from wabox.demo.story import Story

BOX, SANDBOX = "http://127.0.0.1:8470", "http://127.0.0.1:8471"
KEY = Path("/root/key")
PHRASE = "seven lamps under the tree"
TAKEN = Path.home() / "taken"


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


@contextmanager
def entered() -> Iterator[httpx.Client]:
    """asha at her pages."""
    sent = {"email": "asha@example.com", "password": "correct horse battery", "next": "/"}
    with httpx.Client(base_url=BOX, timeout=120, trust_env=False) as client:
        press(client, "/login", "/login", **sent)
        yield client


def press(client: httpx.Client, page: str, path: str, **fields: str) -> None:
    """A form of that page is sent. It must lead on."""
    sent = client.post(path, data={"_csrf": token(client, page), **fields})
    assert sent.status_code == 303, sent.text


def token(client: httpx.Client, page: str) -> str:
    """What the page's forms carry."""
    found = re.search(r'name="_csrf"\s+value="([^"]+)"', client.get(page).text)
    assert found is not None, page
    return found[1]


def move() -> None:
    """The box is packed by its page, and its file is at TAKEN."""
    _take("/admin/move")


def back_up() -> None:
    """It is backed up by its page, sealed, and the file is at TAKEN."""
    _take("/admin/backups")


def _take(page: str) -> None:
    with entered() as client:
        press(client, page, page, passphrase=PHRASE, again=PHRASE)
        until(lambda: "/admin/backups/files/" in client.get(page).text)
        name = client.get(page).text.partition("/admin/backups/files/")[2].partition('"')[0]
        TAKEN.write_bytes(client.get(f"/admin/backups/files/{name}").content)


def take_up() -> None:
    """The new box has what is at TAKEN by its set-up link, and was let go on."""
    content = TAKEN.read_bytes()
    key = PHRASE if content.startswith(b"age-encryption.org/v1") else ""
    link = Path("/var/lib/wabox/setup-link")
    until(link.exists)
    with httpx.Client(base_url=BOX, timeout=120, trust_env=False) as client:
        path = f"/setup/{link.read_text().strip()}/restore"
        until(lambda: _answers(client))
        fields = {"_csrf": (None, token(client, path)), "key": (None, key)}
        sent = client.post(path, files={**fields, "file": ("taken", content)})
        assert sent.status_code == 303, sent.text
        until(lambda: client.get(path).headers.get("location") == "/login?next=/admin/held")
    with entered() as client:
        press(client, "/admin/held", "/admin/held/release", older="")


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/healthz").is_success
    except httpx.HTTPError:
        return False


def until(question: Callable[[], object], seconds: float = 120) -> None:
    """It was answered by something true."""
    end = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < end
        time.sleep(0.2)


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
    known = (link, send, arrived, ready, queue, gone, gap, move, back_up, take_up)
    next(one for one in known if one.__name__ == sys.argv[1])()
