"""How many modules a message crosses, from POST /send to its receipt: those of which a function is called.

Some are crossed by whatever is asked of the API; they are told apart.

Run by hand: .venv/bin/python -m tests.bench.crossing
"""

from __future__ import annotations

import sys
import tempfile
import threading
from collections import Counter
from pathlib import Path
from types import FrameType

from litestar import Litestar
from litestar.testing import TestClient

import wabox
from tests import webs
from tests.engine.conftest import PHONE, Engine, make
from wabox.api import v1

HOME = Path(wabox.__file__).parent
OTHER = "8801711000002"
WHATEVER = ("fields", "webhooks", "reports/summary")  # lists that have nothing to do with one another


class Crossed:
    """Notes the modules, on every thread that begins after it, while `on`."""

    def __init__(self) -> None:
        self.on = False
        self.modules: set[Path] = set()
        self.shared: set[Path] = set()

    def note(self, frame: FrameType, event: str, _: object) -> None:
        """For sys.setprofile."""
        path = Path(frame.f_code.co_filename)
        if self.on and event == "call" and path.is_relative_to(HOME):
            self.modules.add(path.relative_to(HOME))


def send(engine: Engine, client: TestClient[Litestar], phone: str) -> None:
    """One message goes, and is read."""
    key = {"X-API-Key": engine.stage.asha.key}
    answer = client.post(f"{v1.PATH}/send", headers=key, json={"phone": phone, "message": "Hello"})
    engine.stage.hands.forward(minutes=2)
    engine.turns.step(engine.stage.asha.device_id)
    message = engine.message(answer.json()["job_id"])
    engine.driver.ack(message.device_id, message.wa_message_id or "", 3)
    if engine.status(message.id) != "read":
        raise SystemExit(f"it is {engine.status(message.id)}")


def ask(crossed: Crossed, key: str, client: TestClient[Litestar]) -> None:
    """What each of these requests crosses is shared by all."""
    each = []
    for name in WHATEVER:
        crossed.modules, crossed.on = set(), True
        answer = client.get(f"{v1.PATH}/{name}", headers={"X-API-Key": key})
        crossed.on = False
        each.append(crossed.modules)
        if answer.status_code != 200:
            raise SystemExit(f"{name}: {answer.status_code}")
    crossed.modules, crossed.shared = set(), set.intersection(*each)


def main() -> None:
    """Print how many, by room. The first message of a box is not counted; nor is the driver, which is not real."""
    crossed = Crossed()
    threading.setprofile(crossed.note)
    sys.setprofile(crossed.note)
    with tempfile.TemporaryDirectory() as directory:
        engine = make(Path(directory))
        with webs.client(engine.stage.box) as client:
            send(engine, client, PHONE)
            ask(crossed, engine.stage.asha.key, client)
            crossed.on = True
            send(engine, client, OTHER)
            crossed.on = False
        engine.stage.close()
    sys.setprofile(None)
    found = sorted(path for path in crossed.modules if path.name != "fake.py")
    own = [path for path in found if path not in crossed.shared]
    sys.stdout.write(f"a message crosses {len(found)} modules, {len(own)} of them as a message\n")
    for room, n in Counter(path.parts[0] for path in found).most_common():
        names = (f"{path.stem}{'*' if path in crossed.shared else ''}" for path in found if path.parts[0] == room)
        sys.stdout.write(f"{n:5} {room:14} {' '.join(names)}\n")
    sys.stdout.write("* any request does\n")


if __name__ == "__main__":
    main()
