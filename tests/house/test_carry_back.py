"""What a version before finds as its data after a newer one has worked on it: all of it, or its own, held."""

from __future__ import annotations

import contextlib
import shutil
import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.house import lived
from tests.house.test_database_copy import KILLED
from tests.some import some
from wabox import db, fence, open_box
from wabox.checkup import promises
from wabox.contacts import segments
from wabox.contacts.segments import Segment
from wabox.datadir import DataDir
from wabox.db import Rows

DEPLOY = Path(__file__).parents[2] / "deploy"
AT = "2025-11-03T12:00:00.000000+00:00"
BEFORE = f"""
insert into messages (user_id, device_id, phone, text, queued_at) values (1, 1, '8801711000001', 'waits', '{AT}');
"""
OF_THESE_ROWS = "a log knows how many messages it has"  # which came by no verb
# As a later step may be: a column and a table more, an index less; all that was there is there.
ADDS = """
alter table messages add column colour text;
create table colours (name text primary key) strict;
drop index log_by_time;
insert into _sqlite_migrations (migration_set, name, applied_at) values ('wabox', '9999_colours', 'now');
"""
# One that the version before cannot live with: what it knows has another name.
RENAMES = """
alter table messages rename column expires_at to ends_at;
insert into _sqlite_migrations (migration_set, name, applied_at) values ('wabox', '9999_ends', 'now');
"""
SENDS = f"""
update messages set status = 'sent', sent_at = '{AT}', wa_message_id = '3EB0A' where text = 'waits';
insert into messages (user_id, device_id, phone, text, queued_at, status, sent_at, wa_message_id)
    values (1, 1, '8801711000002', 'new', '{AT}', 'sent', '{AT}', '3EB0B');
"""

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")


class Upgraded:
    """A shop's box: `copy` was made before the upgrade, the newer version has `now`."""

    def __init__(self, place: Path) -> None:
        self.now, self.kept = place / "data/wabox.db", place / "kept"
        self.copy, self.made = self.kept / "wabox.db", self.kept / "for-the-one-before.db"

    def run(self, program: str, *words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-I", "-S", DEPLOY / program, *map(str, words)],
            capture_output=True,
            text=True,
            check=False,
        )

    def carry_back(self, how: str) -> subprocess.CompletedProcess[str]:
        return self.run("carry_back.py", how, self.copy, self.now, self.made)

    def change(self, sql: str) -> None:
        with contextlib.closing(db.connect(self.now)) as connection:
            connection.executescript(sql)

    def rows(self, path: Path | None = None) -> dict[str, list[tuple[Any, ...]]]:
        """Everything that a database holds, by table."""
        with contextlib.closing(sqlite3.connect(path or self.now)) as connection:
            names = connection.execute(
                "select name from sqlite_master where type = 'table' order by name"
            ).fetchall()
            return {
                name: sorted(connection.execute(f'select * from "{name}"').fetchall(), key=str)
                for (name,) in names
            }

    def shape(self, path: Path) -> list[tuple[Any, ...]]:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            pages = [connection.execute(f"pragma {name}").fetchone() for name in ("page_size", "auto_vacuum")]
            schema = "select type, name, tbl_name, sql from sqlite_master order by type, name"
            return pages + connection.execute(schema).fetchall()

    def opens(self) -> None:
        """As the version before does it; what it promises holds."""
        open_box.upgrade(DataDir(self.now.parent))
        with contextlib.closing(db.connect(self.now)) as connection:
            assert {one.promise for one in promises.broken(connection)} <= {OF_THESE_ROWS}
            assert promises.loose(connection) == {}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A box that has keys, people, plans, payments and invoices, and the copy."""
    place = tmp_path_factory.mktemp("shop")
    (place / "kept").mkdir()
    life = lived.born(place)
    with life.client:
        lived.live(life)
    life.box.db.stop()
    assert life.data.path == place / "data"
    upgraded = Upgraded(place)
    upgraded.change(BEFORE)
    done = upgraded.run("database_copy.py", "make", upgraded.now, upgraded.copy)
    assert done.returncode == 0, done.stderr
    return place


@pytest.fixture
def box(shop: Path, tmp_path: Path) -> Upgraded:
    return Upgraded(Path(shutil.copytree(shop, tmp_path / "shop")))


def test_everything_goes_back_with_the_version_before_but_what_only_the_newer_one_knows(box: Upgraded) -> None:
    box.change(ADDS + SENDS + "update messages set colour = 'red'; insert into colours values ('red')")
    was, there = box.rows(box.copy), box.rows()
    assert box.run("can_go_back.py", box.copy, box.now).returncode == 4
    done = box.carry_back("carry")
    assert done.returncode == 0, done.stderr
    assert box.shape(box.made) == box.shape(box.copy)
    assert box.run("database_copy.py", "take", box.made, box.now).returncode == 0
    found = box.rows()
    assert found["_sqlite_migrations"] == was["_sqlite_migrations"]
    assert [row[-1] for row in there["messages"]] == ["red"] * len(there["messages"])
    there["messages"] = [row[:-1] for row in there["messages"]]
    for name in ("_sqlite_migrations", "colours"):
        there.pop(name)
    found.pop("_sqlite_migrations")
    assert {
        name: rows for name, rows in found.items() if rows != there[name]
    } == {} and found.keys() == there.keys()
    assert len(found["invoices"]) >= 1 and len(found["payments"]) >= 1
    box.opens()
    assert box.rows(box.kept / "newer.db")["colours"] == [("red",)]
    assert sorted(one.name for one in box.kept.iterdir()) == ["newer.db", "wabox.db"]


@pytest.mark.parametrize("without", ["", "drop table saved_audiences"], ids=["knows", "new"])
def test_whom_a_campaign_asks_for_is_in_words_that_the_version_before_knows(box: Upgraded, without: str) -> None:
    columns = "user_id, name, message, audience, status, scheduled_for, created_at, total"
    box.change(f"""insert into campaigns ({columns})
        select 1, column1, 'Hi', column2, 'scheduled', column3, '{AT}', 1 from (values
        ('days', '{{"tags_any":["VIP"],"not_contacted_days":30}}', '2025-12-03T12:00:00.000000+00:00'),
        ('both', '{{"not_contacted_days":1,"not_contacted_since":"2025-10-01T06:00:00+06:00"}}', null),
        ('none', '{{"tags_any":["VIP"]}}', null))""")
    with contextlib.closing(sqlite3.connect(box.copy)) as connection:
        connection.executescript(without)
    assert box.carry_back("carry").returncode == 0
    with contextlib.closing(sqlite3.connect(box.made)) as connection:
        made = dict(connection.execute("select name, audience from campaigns where message = 'Hi'").fetchall())
    found = {name: segments.read(one) for name, one in made.items()}
    if not without:
        assert found["days"].not_contacted_days == 30
        return
    vip = ("VIP",)
    assert found == {
        "days": Segment(tags_any=vip, not_contacted_since=datetime(2025, 11, 3, 12, tzinfo=UTC)),
        "both": Segment(not_contacted_since=datetime(2025, 10, 1, tzinfo=UTC)),
        "none": Segment(tags_any=vip),
    }
    assert "days" not in "".join(made.values())


def test_the_next_id_is_none_that_the_newer_version_has_given(box: Upgraded) -> None:
    box.change(ADDS + SENDS + "delete from messages where text = 'new'")
    assert box.carry_back("carry").returncode == 0
    assert box.run("database_copy.py", "take", box.made, box.now).returncode == 0
    taken = dict(box.rows(box.kept / "newer.db")["sqlite_sequence"])["messages"]
    box.change(
        f"insert into messages (user_id, device_id, phone, text, queued_at) values (1, 1, '1', 'x', '{AT}')"
    )
    assert max(row[0] for row in box.rows()["messages"]) == taken + 1


def test_what_the_version_before_does_not_know_again_is_not_carried(box: Upgraded) -> None:
    box.change(RENAMES + SENDS)
    done = box.carry_back("carry")
    assert done.returncode == 1 and "messages without expires_at" in done.stderr
    assert not box.made.exists() and [one.name for one in box.kept.iterdir()] == ["wabox.db"]


def test_a_state_that_the_version_before_forbids_is_not_carried(box: Upgraded) -> None:
    box.change(ADDS + "pragma ignore_check_constraints = on; update devices set state = 'dancing'")
    done = box.carry_back("carry")
    assert done.returncode == 1 and "CHECK" in done.stderr and not box.made.exists()


def test_else_the_copy_goes_back_held_and_gives_no_id_again(box: Upgraded) -> None:
    box.change(RENAMES + SENDS)
    given = dict(box.rows()["sqlite_sequence"])
    assert box.carry_back("hold").returncode == 0
    assert box.run("database_copy.py", "take", box.made, box.now).returncode == 0
    box.opens()
    with contextlib.closing(db.connect(box.now)) as connection:
        held = fence.of(Rows(connection))
    assert held is not None and (held.reason, held.why) == ("quarantined", "restored")
    assert abs((datetime.now(UTC) - held.since).total_seconds()) < 600
    found = box.rows()
    with contextlib.closing(sqlite3.connect(box.now)) as connection:
        waits = connection.execute("select text, status from messages where text in ('waits', 'new')").fetchall()
    assert waits == [("waits", "queued")]
    assert all(dict(found["sqlite_sequence"])[name] >= n + 900_000 for name, n in some(given.items()))
    assert max(found["invoice_jumps"])[0] >= max(row[0] for row in found["invoices"]) + 1000
    assert "new" in str(box.rows(box.kept / "newer.db")["messages"])


def test_a_database_that_the_newer_version_has_spoilt_is_kept_beside_and_the_copy_held(box: Upgraded) -> None:
    box.now.write_bytes(b"spoilt!!" * 4096)
    box.now.with_name("wabox.db-wal").write_bytes(b"spoilt too")
    assert box.run("can_go_back.py", box.copy, box.now).returncode == 4
    assert box.carry_back("carry").returncode == 1
    assert box.carry_back("hold").returncode == 0
    assert box.run("database_copy.py", "take", box.made, box.now).returncode == 0
    box.opens()
    assert (box.kept / "newer.db").read_bytes().startswith(b"spoilt!!")
    assert "waits" in str(box.rows()["messages"])


def test_what_a_person_may_want_is_never_overwritten(box: Upgraded) -> None:
    (box.kept / "newer.db").write_text("of an earlier way back")
    box.change(ADDS + SENDS)
    assert box.carry_back("carry").returncode == 0
    assert box.run("database_copy.py", "take", box.made, box.now).returncode == 0
    assert (box.kept / "newer.db").read_text() == "of an earlier way back"
    assert "colours" in box.rows(box.kept / "newer-2.db")


def test_nothing_is_made_of_a_database_that_another_program_has_open(box: Upgraded) -> None:
    box.change(ADDS + SENDS)
    with contextlib.closing(sqlite3.connect(box.now, isolation_level=None)) as other:
        other.execute("insert into colours values ('late')")
        done = box.carry_back("carry")
        assert done.returncode == 1 and "another program" in done.stderr
    assert not box.made.exists()


@pytest.mark.heavy("a process for every few lines of two programs")
@pytest.mark.parametrize("program", ["carry_back.py", "database_copy.py"])
def test_wherever_the_way_back_is_killed_the_database_is_one_or_the_other(
    box: Upgraded, tmp_path: Path, program: str
) -> None:
    box.change(ADDS + SENDS)
    assert box.carry_back("carry").returncode == 0
    either = (box.rows(), box.rows(box.made))
    if program == "carry_back.py":
        box.made.unlink()
    ends = []
    for line in range(0, 20_000, 4 if program == "database_copy.py" else 200):
        at = Upgraded(Path(shutil.copytree(box.kept.parent, tmp_path / f"at{line}")))
        words: list[object] = {
            "carry_back.py": ["carry", at.copy, at.now, at.made],
            "database_copy.py": ["take", at.made, at.now],
        }[program]
        started = [sys.executable, "-c", KILLED, str(line), DEPLOY / program, *words]
        ends.append(subprocess.run(list(map(str, started)), check=False).returncode)
        assert at.rows() in either
        if ends[-1] == 0:
            break
        assert at.carry_back("carry").returncode == 0  # the next run finds its way from there
        shutil.rmtree(at.kept.parent)
    assert len(ends) > 4 and set(ends[:-1]) == {-signal.SIGKILL} and ends[-1] == 0
