"""The owner's page of backups: one is made, shown as restorable, and taken along only if it is sealed."""

from __future__ import annotations

import dataclasses
import time

import pytest

from tests.cast import Stage
from tests.faces.tab import Tab, words
from wabox.backup import reading, record
from wabox.backup.age import Key
from wabox.backup.record import Entry
from wabox.datadir import DataDir

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")
PHRASE = "seven lamps under the tree"


def data_of(shop: Stage) -> DataDir:
    return DataDir(shop.box.config.data.dir)


def made(shop: Stage, tab: Tab, ends: float = 30.0) -> list[Entry]:
    """What is on record once nothing is being made any more."""
    until = time.monotonic() + ends
    while time.monotonic() < until and not record.entries(data_of(shop)):
        tab.get("/admin/backups/live")
    return record.entries(data_of(shop))


def test_before_the_first_it_says_so_and_that_none_comes_by_itself(asha: Tab) -> None:
    seen = words(asha.get("/admin/backups").text)
    assert "No backup yet" in seen
    assert "Nothing is backed up by itself." in seen
    assert "The phones' links are not." in seen


@pytest.mark.heavy("a key is stretched from a passphrase, three times")
def test_one_is_made_shown_and_taken_along(shop: Stage, asha: Tab) -> None:
    answer = asha.post("/admin/backups", {"passphrase": PHRASE, "again": PHRASE})
    assert answer.headers["location"] == "/admin/backups?said=backup_begun"
    entry = made(shop, asha)[0]
    assert entry.well, entry.why
    assert "Restorable, tried" in words(asha.get("/admin/backups").text)
    taken = asha.get(f"/admin/backups/files/{entry.name}")
    assert taken.content == entry.path.read_bytes()
    assert "attachment" in taken.headers["content-disposition"]
    assert reading.check(entry.path, Key(passphrase=PHRASE)).counts["messages"] > 0
    deeds = "select group_concat(action) from audit where action like 'box.backup%'"
    assert shop.value(deeds) == "box.backup_asked,box.backup_taken"


@pytest.mark.parametrize(("first", "again"), [("short", "short"), (PHRASE, "another phrase altogether")])
def test_a_phrase_that_will_not_do_makes_nothing(shop: Stage, asha: Tab, first: str, again: str) -> None:
    assert asha.post("/admin/backups", {"passphrase": first, "again": again}).status_code == 422
    assert record.entries(data_of(shop)) == []


def test_what_is_not_sealed_or_not_on_record_is_given_to_nobody(shop: Stage, asha: Tab) -> None:
    place = data_of(shop).backups
    entry = Entry(at=shop.hands.now(), by="night", name="wabox-1.tar", place=str(place), tried_at=shop.hands.now())
    record.add(data_of(shop), entry)
    (place / "wabox-1.tar").write_bytes(b"open")
    assert asha.get("/admin/backups/files/wabox-1.tar").status_code == 404
    assert asha.get("/admin/backups/files/record.json").status_code == 404
    assert asha.get("/admin/backups/files/..%2F..%2Fsecret.key").status_code == 404
    assert "not sealed" in words(asha.get("/admin/backups").text)


def test_a_night_without_the_stick_is_on_the_home_page_of_the_owner_alone(
    shop: Stage, asha: Tab, bilal: Tab, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = dataclasses.replace(shop.box.config.backup, dir="/media/stick")
    monkeypatch.setattr(type(shop.box.config), "backup", backup, raising=False)
    entry = Entry(at=shop.hands.now(), by="night", name="x", place="/media/stick", why="gone", missing=True)
    record.add(data_of(shop), entry)
    assert "Something is wrong with your backups." in words(asha.get("/").text)
    assert "Something is wrong with your backups." not in words(bilal.get("/").text)
    seen = words(asha.get("/admin/backups").text)
    assert "/media/stick is not there" in seen
