"""The owner's page to move the box: packed with its phones stopped, held once the file is whole, called back."""

from __future__ import annotations

import time
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from tests.cast import Stage
from tests.faces.tab import Tab, words
from wabox import fence, open_box
from wabox.backup import making, moving, nightly, reading, record
from wabox.backup.age import Key
from wabox.datadir import DataDir
from wabox.errors import Invalid, Unavailable

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")
PHRASE = "seven lamps under the tree"
FORM = {"passphrase": PHRASE, "again": PHRASE}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moving, "LOOK_SECONDS", 0.001)


def data_of(shop: Stage) -> DataDir:
    return DataDir(shop.box.config.data.dir)


def held(shop: Stage) -> fence.Fence | None:
    return shop.box.db.read_here(fence.of)


def packed(shop: Stage, tab: Tab) -> record.Entry:
    """What became of the move, once that is on record."""
    until = time.monotonic() + 30
    while time.monotonic() < until and not record.entries(data_of(shop)):
        tab.get("/admin/move/live")
    return record.entries(data_of(shop))[0]


@pytest.mark.heavy("a key is stretched from a passphrase, three times")
def test_the_box_is_packed_held_and_its_file_taken_along(shop: Stage, asha: Tab) -> None:
    seen = words(asha.get("/admin/move").text)
    assert "The phones' browsers are closed here" in seen
    profile = data_of(shop).profiles / shop.device().profile
    profile.mkdir()
    (profile / "Local State").write_bytes(b"keys")
    answer = asha.post("/admin/move", FORM)
    assert answer.headers["location"] == "/admin/move?said=move_begun"
    entry = packed(shop, asha)
    assert entry.well, entry.why
    found = held(shop)
    assert found is not None
    assert (found.reason, found.why, found.other) == ("moved_away", "moved", entry.name)
    taken = asha.get(f"/admin/backups/files/{entry.name}")
    assert taken.content == entry.path.read_bytes()
    manifest = reading.check(entry.path, Key(passphrase=PHRASE))
    assert manifest.kind == "move"
    assert f"profiles/{profile.name}/Local State" in [one.name for one in manifest.parts]
    seen = words(asha.get("/admin/move").text)
    assert "Install wabox there and open its set-up link" in seen
    assert "Stop the phones and pack" not in seen
    assert "each phone asks for a new scan" in words(asha.get("/admin/held").text)
    assert asha.post("/admin/held/unmove", {}).status_code == 303
    assert not entry.path.exists()
    found = held(shop)
    assert found is not None and found.why == "unmoved"
    deeds = "select group_concat(action) from audit where action in ('box.move_asked', 'box.unmoved')"
    assert shop.value(deeds) == "box.move_asked,box.unmoved"


def test_a_short_passphrase_or_another_the_second_time_is_refused(shop: Stage, asha: Tab) -> None:
    assert asha.post("/admin/move", {"passphrase": "short", "again": "short"}).status_code == 422
    answer = asha.post("/admin/move", {**FORM, "again": "other"})
    assert "The two are not the same." in words(answer.text)
    assert held(shop) is None


def test_a_box_that_is_held_is_not_moved(shop: Stage, asha: Tab) -> None:
    now = shop.hands.now()
    shop.box.db.write_now(fence.quarantine, "restored", behind=now, now=now)
    assert asha.post("/admin/move", FORM).status_code == 422
    seen = words(asha.get("/admin/move").text)
    assert "restored from a backup" in seen
    assert "Stop the phones and pack" not in seen


def test_while_a_backup_is_made_no_phone_is_closed_for_a_move_nor_another_backup_begun(
    shop: Stage, asha: Tab
) -> None:
    with making._alone(data_of(shop)):
        for where in ("/admin/move", "/admin/backups"):
            answer = asha.post(where, FORM)
            assert answer.status_code == 503
            assert making.BUSY in words(answer.text)
    assert held(shop) is None
    assert record.entries(data_of(shop)) == []


def run(shop: Stage) -> record.Entry:
    shop.box.db.write_now(moving.begin, user_id=shop.asha.id, ip=None, now=shop.hands.now())
    return moving.run(shop.box, data_of(shop), PHRASE, nightly.Work(Event()), browser="140.0")


def test_what_fails_before_the_file_is_whole_leaves_a_box_that_goes_on(
    shop: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = "update devices set linked = 1, wanted = 1, state = 'disconnected' where id = :id"
    shop.box.db.write_now(lambda tx: tx.run(link, id=shop.asha.device_id))

    def fails(*_: Any, **__: Any) -> making.Made:
        raise Unavailable("storage_full", "The disk is full.")

    monkeypatch.setattr(making, "make", fails)
    entry = run(shop)
    assert (entry.well, entry.why) == (False, "The disk is full.")
    assert held(shop) is None
    assert shop.device().state == "starting"


def test_a_file_that_did_not_get_its_name_leaves_a_box_that_goes_on(
    shop: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def renames_not(config: Any, data: Any, wanted: Any, *, before_named: Any, **_: Any) -> making.Made:
        before_named()
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(making, "make", renames_not)
    assert "Input/output error" in run(shop).why
    assert held(shop) is None


def test_a_browser_that_does_not_close_stops_the_move(shop: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    (data_of(shop).profiles / "p1").mkdir()
    monkeypatch.setattr("wabox.whatsapp.processes.browsers_of", lambda place: [4711])
    entry = run(shop)
    assert entry.why == moving.OPEN
    assert held(shop) is None


def test_while_it_is_packed_it_is_neither_called_back_nor_released(shop: Stage, asha: Tab) -> None:
    shop.box.db.write_now(moving.begin, user_id=shop.asha.id, ip=None, now=shop.hands.now())
    for what in ("unmove", "release"):
        assert asha.post(f"/admin/held/{what}", {}).status_code == 422
    assert "It ends by itself" in words(asha.get("/admin/held").text)
    with pytest.raises(Invalid, match="held already"):
        shop.box.db.write_now(moving.begin, user_id=shop.asha.id, ip=None, now=shop.hands.now())


def test_a_box_that_died_while_it_was_packed_goes_on_at_its_next_start(shop: Stage) -> None:
    shop.box.db.write_now(moving.begin, user_id=shop.asha.id, ip=None, now=shop.hands.now())
    shop.box.db.stop()
    place: Path = data_of(shop).backups / "made"
    place.mkdir(parents=True)
    (place / ".wabox-move-2026.tar.age.part").write_bytes(b"half")
    with open_box.opened(shop.box.config, data_of(shop)) as box:
        assert box.db.read_here(fence.of) is None
        making.make(box.config, data_of(shop), making.Wanted(place / "wabox-a.tar"), now=shop.hands.now())
    assert [one.name for one in place.iterdir()] == ["wabox-a.tar"]
