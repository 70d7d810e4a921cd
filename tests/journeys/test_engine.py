"""An engine is brought to a box that works, and gone back from, while messages wait and wabox is killed."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests import wajs_packages as made
from tests.journeys import forks
from tests.journeys.box import Shop, alone, once_each, until
from wabox.whatsapp import wajs

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The box of this file; each test leaves its phone with wabox's own engine, or is the last."""
    with alone(tmp_path_factory.mktemp("engines")) as box:
        yield box


def typed(shop: Shop, *words: str) -> tuple[forks.Fork, Path]:
    """`wabox engine …` in a process of its own, and where it says what it says."""
    said = shop.place / "typed"
    line = ["engine", *words, "--config", str(shop.config)]
    return forks.forks().start(line, env=os.environ, out=said, err=said), said


def said(shop: Shop, *words: str) -> tuple[int, str]:
    """What `wabox engine …` says, from its beginning to its end."""
    code, out, err = forks.run(["engine", *words, "--config", str(shop.config)], shop.place, seconds=240)
    return code, out or err


def engines(shop: Shop) -> dict[str, Any]:
    code, out = said(shop, "--json")
    assert code == 0, out
    found: dict[str, Any] = json.loads(out)
    return found


def phone(shop: Shop) -> dict[str, Any]:
    found: dict[str, Any] = engines(shop)["phones"][0]
    return found


def dies(shop: Shop) -> None:
    shop.program.kill()
    shop.start()


def test_what_is_no_good_is_refused_and_changes_nothing(shop: Shop, tmp_path: Path) -> None:
    bad = tmp_path / "bad.tgz"
    bad.write_bytes(made.package("4.6.2", made.script("4.6.2").replace(b"msg_not_found", b"it_is_nowhere")))
    own = engines(shop)
    assert (own["version"], own["built_in"], own["since"]) == (wajs.VERSION, True, None)

    code, out = said(shop, "install", str(bad), "--sha512", "ab" * 64)
    assert (code, "SHA-512" in out) == (1, True)
    code, out = said(shop, "install", str(bad))
    assert (code, "look_up_absent" in out) == (1, True), out
    assert phone(shop)["version"] == wajs.VERSION


def test_an_engine_comes_and_goes_while_messages_wait_and_wabox_is_killed(shop: Shop, tmp_path: Path) -> None:
    new = tmp_path / "new.tgz"
    new.write_bytes(made.package("4.6.1"))
    assert phone(shop)["version"] == wajs.VERSION
    comes(shop, new)
    goes(shop)
    once_each(shop)


def comes(shop: Shop, new: Path) -> None:
    """Tried, with two deaths on the way, and given, with one."""
    installing, said = typed(shop, "install", str(new), "--json")
    for at in ("link", "kill"):  # killed while it is tried
        until(partial(is_at, shop, at), 60, what=at)
        dies(shop)
    until(lambda: move(shop) is not None, 120, what="the phone moves")
    dies(shop)
    assert installing.wait(240) == 0, said.read_text()
    assert json.loads(said.read_text().splitlines()[-1])["state"] == "good"
    for person in range(3):
        shop.send(person)
    proved(shop, 12)
    shop.is_device("ready")
    until(lambda: asked(shop, "select wajs_version from device_pages") == [("4.6.1",)], 90, what="it is seen")
    seen = phone(shop)
    assert (seen["version"], seen["page_wajs_version"], seen["missing"]) == ("4.6.1", "4.6.1", [])
    assert seen["reason"] is None


def goes(shop: Shop) -> None:
    """Back, while messages wait, with a death on the way."""
    for person in range(3, 6):
        shop.send(person)
    code, out = said(shop, "back")
    assert (code, wajs.VERSION in out) == (0, True)
    for person in range(6, 9):
        shop.send(person)
    until(lambda: engine(shop)[0] is None, 60, what="the phone goes back")
    dies(shop)
    for person in range(9, 12):
        shop.send(person)
    shop.all_end()
    proved(shop, 13)
    shop.all_end()
    assert phone(shop)["version"] == wajs.VERSION
    assert {one["phone"][-2:] for one in shop.messages()} >= {f"{person + 1:02d}" for person in range(12)}


def proved(shop: Shop, person: int) -> None:
    """A message proves the phone's engine: one that waited, or where all went before it was there, one more."""
    until(lambda: move(shop) in (None, "proving"), 120, what="the phone has its engine")
    if move(shop) == "proving":
        shop.send(person)
    until(lambda: move(shop) is None, 90, what="a message proves it")


def asked(shop: Shop, sql: str) -> list[Any]:
    """The rows as they are: a step may be over before a command has begun."""
    with contextlib.closing(sqlite3.connect(f"file:{shop.data}/wabox.db?mode=ro", uri=True, timeout=5)) as rows:
        return rows.execute(sql).fetchall()


def is_at(shop: Shop, step: str) -> bool:
    return asked(shop, "select step from engines where version = '4.6.1'") == [(step,)]


def engine(shop: Shop) -> tuple[int | None, str | None]:
    """Which one the phone has, and how far it has come."""
    found = asked(shop, "select engine_id, move from device_engines")
    return found[0] if found else (None, None)


def move(shop: Shop) -> str | None:
    return engine(shop)[1]


def test_without_a_running_wabox_it_is_tried_by_the_command_and_given_at_the_next_start(
    shop: Shop, tmp_path: Path
) -> None:
    new = tmp_path / "new.tgz"
    new.write_bytes(made.package("4.6.3"))
    shop.program.terminate()
    code, out = said(shop, "install", str(new))
    assert (code, "when wabox runs" in out) == (0, True), out
    shop.start()
    until(lambda: engine(shop)[0] is not None, 60, what="the phone has it")
    assert phone(shop)["version"] == "4.6.3"
    shop.send(20)
    shop.all_end()
    once_each(shop)
