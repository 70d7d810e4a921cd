"""What people see of a damaged database: what is wrong, what to do, and all that can still be read."""

from __future__ import annotations

import sqlite3

import pytest

from tests.cast import Stage
from tests.faces.tab import Tab, words
from wabox.checkup import standing
from wabox.checkup.findings import Finding
from wabox.db import PAGE_BYTES, Rows, trouble
from wabox.messages import explaining

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")
FOUND = "database disk image is malformed"


@pytest.fixture(autouse=True)
def quick_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [Finding("python", "ok", "Python is %(version)s.", values={"version": "3.11.2"})]
    monkeypatch.setattr(standing, "of_machine", lambda _config: found)


def hurt(shop: Stage) -> None:
    """The first page of `messages` is overwritten; whoever reads next finds it."""
    other = sqlite3.connect(shop.box.db.path)
    other.execute("pragma wal_checkpoint(truncate)")
    other.close()
    root = shop.value("select rootpage from sqlite_master where name = 'messages'")
    with shop.box.db.path.open("r+b") as file:
        file.seek((root - 1) * PAGE_BYTES)
        file.write(b"\xff" * PAGE_BYTES)


def test_pages_that_read_the_hurt_part_say_so_and_health_stands(shop: Stage, asha: Tab) -> None:
    hurt(shop)
    shop.box.db.write_now(lambda tx: tx.run("update users set language = 'en', timezone = null"))
    for path in ("/", "/messages"):
        answer = asha.get(path)
        assert answer.status_code == 503, path
        assert "put the database back from a backup" in words(answer.text), path
    assert shop.box.db.damaged
    answer = asha.get("/admin/health")
    assert answer.status_code == 200
    assert "so nothing is sent or changed" in words(answer.text)
    assert asha.get("/contacts").status_code == 200


def test_home_and_health_say_what_to_do_and_the_rest_is_shown(shop: Stage, asha: Tab) -> None:
    shop.box.db.damage.latch(FOUND)
    for path in ("/", "/messages", "/contacts", "/queue", "/admin/health"):
        answer = asha.get(path)
        assert answer.status_code == 200, path
        assert "put the database back from a backup" in words(answer.text), path
    seen = words(asha.get("/admin/health").text)
    assert f"so nothing is sent or changed: {FOUND}." in seen
    assert "The engine stands still" not in seen


def test_others_are_told_whom_to_wait_for(shop: Stage, bilal: Tab) -> None:
    shop.box.db.damage.latch(FOUND)
    seen = words(bilal.get("/").text)
    assert "until whoever runs it has put it back" in seen and "/admin/health" not in bilal.get("/").text


def test_it_is_said_in_bengali_too(shop: Stage, asha: Tab) -> None:
    shop.box.db.write_now(lambda tx: tx.run("update users set language = 'bn'"))
    shop.box.db.damage.latch(FOUND)
    assert "ব্যাকআপ থেকে ডেটাবেস ফিরিয়ে আনুন" in words(asha.get("/").text)
    assert "ডেটাবেস নষ্ট হয়েছে" in words(asha.get("/admin/health").text)


def test_every_change_is_refused_by_name(shop: Stage, asha: Tab) -> None:
    shop.box.db.damage.latch(FOUND)
    answer = asha.post("/send", {"phone": "+8801711000009", "message": "Hi"})
    assert answer.status_code == 503
    assert "The database of this box is damaged" in words(answer.text)


def test_what_waits_gives_the_damage_as_its_reason(shop: Stage) -> None:
    def reasons(rows: Rows) -> set[str | None]:
        groups = explaining.groups(rows, shop.asha.id, config=shop.box.config, now=shop.hands.now())
        return {one.reason for one in groups}

    before = shop.box.db.read_here(reasons)
    assert before and "database_damaged" not in before
    shop.box.db.damage.latch(FOUND)
    assert "database_damaged" in shop.box.db.read_here(reasons)


@pytest.mark.parametrize(("language", "head"), [("en", "The database is damaged"), ("bn", "ডেটাবেস নষ্ট হয়েছে")])
def test_where_not_even_the_session_can_be_read_the_page_has_the_right_head(
    shop: Stage, asha: Tab, monkeypatch: pytest.MonkeyPatch, language: str, head: str
) -> None:
    def gone(*_: object, **__: object) -> None:
        shop.box.db.damage.latch("the file is empty")
        raise trouble.damaged()

    monkeypatch.setattr(shop.box.db, "read_here", gone)
    for path in ("/", "/admin/health"):
        answer = asha.get(f"{path}?lang={language}")
        said = words(answer.text)
        assert answer.status_code == 503 and head in said, path
        assert "busy" not in said and "wabox doctor" in said


def test_who_logs_in_to_a_damaged_box_reads_that_it_is_damaged(shop: Stage, chen: Tab) -> None:
    shop.box.db.damage.latch(FOUND)
    answer = chen.log_in("asha@example.com")
    assert answer.status_code == 503
    assert "The database is damaged" in words(answer.text) and "wabox doctor" in words(answer.text)


@pytest.mark.parametrize(
    ("code", "sentence"), [("storage_failing", "cannot be read or written"), ("storage_full", "is full")]
)
def test_a_disk_that_takes_nothing_is_said_on_every_page(
    shop: Stage, asha: Tab, monkeypatch: pytest.MonkeyPatch, code: str, sentence: str
) -> None:
    assert "nothing is sent or changed" not in words(asha.get("/").text)
    monkeypatch.setattr(type(shop.box.db), "failing", property(lambda _: "disk I/O error"))
    monkeypatch.setattr(type(shop.box.db), "failing_code", property(lambda _: code))
    for path in ("/", "/messages"):
        said = words(asha.get(path).text)
        assert sentence in said and "nothing is sent or changed" in said, path
