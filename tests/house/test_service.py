"""`./install.sh service`, with a systemd that is only a script: whatever ends it early, wabox runs afterwards."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.house.service_box import World, in_database


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_an_upgrade_runs_the_new_release_and_keeps_a_checked_copy(world: World) -> None:
    world.write("new-works", "")
    done = world.install()
    assert done.returncode == 0, done.stderr
    assert world.runs and world.current != world.old
    assert (world.place / "opt/last-good").resolve() == world.current
    [copy] = (world.place / "data/backups").iterdir()
    assert world.said(copy / "wabox.db") == ["before"]
    assert (copy / "secret.key").read_text() == "key"
    assert "What is wrong, if anything: sudo wabox doctor\n" in done.stdout


@pytest.mark.parametrize(
    ("zone", "settings", "is_said"),
    [
        ("Etc/UTC", "", True),
        ("Etc/UTC", '[locale]\ntimezone = "Asia/Dhaka"\n', False),
        ("Asia/Dhaka", "", False),
    ],
)
def test_a_machine_in_utc_is_named(world: World, zone: str, settings: str, *, is_said: bool) -> None:
    world.write("new-works", "")
    world.write("etc/wabox.toml", settings)
    done = world.install(f"localtime=/usr/share/zoneinfo/{zone}")
    assert done.returncode == 0, done.stderr
    assert ("sudo timedatectl set-timezone" in done.stdout) is is_said


def test_a_copy_is_whole_while_another_program_has_the_database_open(world: World) -> None:
    world.write("new-works", "")
    with contextlib.closing(sqlite3.connect(world.database, isolation_level=None)) as writing:
        writing.execute("insert into note values ('only in the log')")
        assert world.install().returncode == 0
    [copy] = (world.place / "data/backups").iterdir()
    assert world.said(copy / "wabox.db") == ["before", "only in the log"]
    assert {one.name for one in copy.iterdir()} == {"wabox.db", "secret.key"}


@pytest.mark.parametrize("fault", ["stop-fails", "stop-lies"])
def test_a_stop_that_did_not_happen_changes_nothing(world: World, fault: str) -> None:
    world.write("new-works", "")
    world.write(fault, "")
    done = world.install()
    assert done.returncode == 1
    assert "could not stop wabox, so nothing was changed" in done.stderr
    assert world.runs and world.current == world.old
    assert list((world.place / "data/backups").iterdir()) == []


def test_without_room_wabox_is_not_even_stopped(world: World) -> None:
    world.write("new-works", "")
    world.write("no-room", "")
    done = world.install()
    assert done.returncode == 1 and "nothing was changed" in done.stderr
    assert not world.was_stopped
    assert list((world.place / "data/backups").iterdir()) == []
    assert world.runs and world.releases == {world.old.name}


def test_a_damaged_database_is_found_before_wabox_is_stopped(world: World) -> None:
    world.write("new-works", "")
    with world.database.open("r+b") as file:
        file.seek(4096)
        file.write(b"damaged!" * 512)
    done = world.install()
    assert done.returncode == 1
    assert "the data could not be copied, so nothing was changed" in done.stderr
    assert world.runs and world.current == world.old and not world.was_stopped
    assert list((world.place / "data/backups").iterdir()) == []


def test_a_copy_that_fails_leaves_wabox_running_as_before(world: World) -> None:
    world.write("new-works", "")
    fails = 'database_copy() { [ "$1" != catch-up ] || { echo "No space left." >&2; return 1; }; }'
    done = world.install(fails)
    assert done.returncode == 1
    assert "the data could not be copied, so nothing was changed" in done.stderr
    assert "wabox runs again as before" in done.stdout
    assert world.runs and world.current == world.old and world.was_stopped
    assert list((world.place / "data/backups").iterdir()) == []
    assert world.releases == {world.old.name}


def test_the_copy_has_what_came_in_until_wabox_stood_still(world: World) -> None:
    world.write("new-works", "")
    late = in_database("insert into note values ('late')")
    done = world.install(f"look_at_phones() {{ {late}; }}")
    assert done.returncode == 0, done.stderr
    [copy] = (world.place / "data/backups").iterdir()
    assert world.said(copy / "wabox.db") == ["before", "late"]
    assert (copy / "wabox.db").read_bytes() == world.database.read_bytes()


def test_a_box_that_stood_still_is_not_started_by_a_failed_upgrade(world: World) -> None:
    world.write("state", "inactive")
    world.database.write_bytes(b"damaged!" * 1024)
    assert world.install().returncode == 1
    assert (world.place / "state").read_text() == "inactive"


def test_a_release_that_does_not_import_is_removed(world: World) -> None:
    world.write("new-does-not-import", "")
    done = world.install()
    assert done.returncode == 1 and "nothing was changed" in done.stderr
    assert world.runs and world.releases == {world.old.name}


@pytest.mark.parametrize(
    ("at", "signal"),
    [("show", "HUP"), ("stop", "INT"), ("daemon-reload", "TERM"), ("enable", "HUP"), ("start", "HUP")],
)
@pytest.mark.parametrize("new", ["good", "broken"])
def test_whenever_it_is_ended_early_something_that_works_runs(
    world: World, at: str, signal: str, new: str
) -> None:
    if new == "good":
        world.write("new-works", "")
    world.write(f"kill-at-{at}", signal)
    done = world.install()
    assert done.returncode != 0
    assert not (world.place / f"kill-at-{at}").exists()
    assert world.runs, done.stdout + done.stderr
    assert world.said() == ["before"]
    if new == "broken":
        assert world.current == world.old
        assert world.releases == {world.old.name}


def test_a_failed_release_is_never_the_one_to_go_back_to(world: World) -> None:
    assert world.install().returncode == 1
    assert world.runs and world.releases == {world.old.name}
    broken = world.release("20990101T000000Z", works=False)  # a kill -9 left it, in use
    (world.place / "opt/last-good").symlink_to(world.old)
    (world.place / "opt/current").unlink()
    (world.place / "opt/current").symlink_to(broken)
    assert world.install().returncode == 1
    assert world.runs and world.current == world.old


def test_a_clock_set_back_deletes_neither_the_new_release_nor_the_one_before(world: World) -> None:
    world.write("new-works", "")
    later = [world.release(f"209{n}0101T000000Z", works=True) for n in range(2)]
    (world.place / "opt/current").unlink()
    (world.place / "opt/current").symlink_to(later[0])
    for n in range(5):
        (world.place / f"data/backups/before-209{n}0101T000000Z").mkdir()
    assert world.install().returncode == 0
    assert world.runs
    assert world.releases == {world.current.name, later[0].name}
    kept = {one.name for one in (world.place / "data/backups").iterdir()}
    assert kept == {f"before-{world.current.name}", f"before-{later[0].name}"}


def new_release_does(*statements: str) -> str:
    """More shell: the new release works on the data, then never answers."""
    return f"is_healthy() {{ {in_database(*statements)}; return 1; }}"


STEP = "insert into _sqlite_migrations values (2)"


def test_a_rollback_puts_the_data_back(world: World) -> None:
    done = world.install(new_release_does(STEP, "update note set text = 0"))
    assert done.returncode == 1
    assert "the one before runs again, with its data" in done.stderr, done.stderr
    assert world.runs and world.said() == ["before"]


ADDS = f"{STEP}; alter table messages add column colour; create table colours (name)"
SENDS = "insert into messages (id, sent_at) values (1, 'now'); update note set text = 'with it'"
RENAMES = f"{STEP}; alter table messages rename column sent_at to gone_at; insert into messages (id) values (1)"


def sent(world: World) -> list[int]:
    with contextlib.closing(sqlite3.connect(world.database)) as connection:
        return [number for (number,) in connection.execute("select id from messages")]


def test_what_the_new_version_has_done_goes_back_with_the_one_before(world: World) -> None:
    """Row 51: nothing that went is forgotten, so nothing goes twice."""
    done = world.install(new_release_does(ADDS, SENDS))
    assert done.returncode == 1
    assert "runs again, with its data and all that came since" in done.stderr, done.stderr
    assert world.runs and world.current == world.old and world.releases == {world.old.name}
    assert sent(world) == [1] and world.said() == ["with it"]
    [kept] = (world.place / "data/backups").iterdir()
    assert sorted(one.name for one in kept.iterdir()) == ["newer.db", "secret.key", "wabox.db"]


def test_what_cannot_go_back_with_it_holds_the_box(world: World) -> None:
    """Row 49: the copy is older than what went, so nothing goes before the owner says what."""
    done = world.install(new_release_does(RENAMES))
    assert done.returncode == 1
    assert "sends\nnothing until you say what goes" in done.stderr, done.stderr
    assert world.runs and world.current == world.old and sent(world) == []
    with contextlib.closing(sqlite3.connect(world.database)) as connection:
        [[fence]] = connection.execute("select value from box where key = 'fence'").fetchall()
    assert json.loads(fence)["reason"] == "quarantined"


def test_a_version_before_that_cannot_be_held_does_not_come_back_to_an_older_copy(world: World) -> None:
    (world.old / "wabox/fence.py").unlink()
    done = world.install(new_release_does(RENAMES))
    assert done.returncode == 1 and "cannot go on with its data" in done.stderr
    assert (world.place / "state").read_text().strip() == "active"  # no other version can go on with this data
    assert world.current != world.old and world.releases == {world.old.name, world.current.name}
    assert (world.place / "opt/last-good").exists() is False


def test_what_can_only_go_on_as_it_is_does_not_stand_in_the_way_of_a_cure(world: World) -> None:
    (world.old / "wabox/fence.py").unlink()
    (world.place / "opt/last-good").symlink_to(world.old)
    assert world.install(new_release_does(RENAMES)).returncode == 1
    world.write("new-works", "")
    done = world.install()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "was cut off" in done.stdout
    assert world.runs and (world.place / "opt/last-good").resolve() == world.current != world.old


def test_copies_of_earlier_upgrades_go_but_for_the_latest_that_somebody_may_want(world: World) -> None:
    world.write("new-works", "")
    backups = world.place / "data/backups"
    for n in range(1, 5):
        (backups / f"before-2024010{n}T000000Z").mkdir()
    for n in (1, 2):
        (backups / f"before-2024010{n}T000000Z/newer.db").touch()
    assert world.install().returncode == 0
    kept = {one.name for one in backups.iterdir()}
    assert kept == {"before-20240102T000000Z", f"before-{world.current.name}"}


def phones(world: World, **states: str) -> None:
    with contextlib.closing(sqlite3.connect(world.database, isolation_level=None)) as connection:
        connection.execute("delete from devices")
        for number, (name, state) in enumerate(states.items(), 1):
            connection.execute(
                "insert into devices values (?, ?, ?)", (number, not name.startswith("left"), state)
            )


def test_an_upgrade_waits_for_the_phones_that_were_ready(world: World) -> None:
    world.write("new-works", "")
    phones(world, one="ready", two="disconnected", left="stopped")
    done = world.install()  # they stay ready in this world
    assert done.returncode == 0, done.stderr
    assert world.runs and world.current != world.old


def test_a_release_whose_phones_do_not_come_back_goes(world: World) -> None:
    world.write("new-works", "")
    phones(world, one="ready")
    hang = in_database("update devices set state = 'starting'")
    done = world.install(f"is_healthy() {{ {hang}; }}")
    assert done.returncode == 1 and "does not get the phones ready that were" in done.stderr
    assert "the one before runs again" in done.stderr
    assert world.runs and world.current == world.old and world.releases == {world.old.name}


def test_a_release_that_cannot_start_its_browser_is_not_tried_on_phones(world: World) -> None:
    world.write("new-works", "")
    world.write("no-browser", "")
    phones(world, one="ready")
    done = world.install()
    assert done.returncode == 1 and "cannot start its browser here; nothing was changed" in done.stderr
    assert world.runs and not world.was_stopped
    phones(world, one="disconnected")
    assert world.install().returncode == 0


def test_a_release_that_ends_again_and_again_is_not_waited_for(world: World) -> None:
    world.write("NRestarts", "3")
    done = world.install("health_probes=100000")
    assert done.returncode == 1 and world.runs and world.current == world.old


def test_packages_are_shared_while_their_list_is_the_same(world: World) -> None:
    world.write("new-works", "")
    opt = world.place / "opt"
    for lock, kept in (("one", {"one"}), ("one", {"one"}), ("two", {"one", "two"}), ("two", {"two"})):
        world.write("lock", lock)
        assert world.install().returncode == 0
        assert {one.name for one in opt.glob("packages-*")} == {f"packages-{name}" for name in kept}
    world.write("lock", "three")
    (world.place / "new-works").unlink()
    assert world.install().returncode == 1
    assert {one.name for one in opt.glob("packages-*")} == {"packages-two"}


def test_two_installs_at_once_do_not_mix(world: World) -> None:
    world.write("new-works", "")
    held = subprocess.Popen(
        ["flock", world.place / "install.lock", "sh", "-c", "echo held; cat"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert held.stdout is not None and held.stdout.readline() == b"held\n"
    done = world.install()
    held.communicate()
    assert done.returncode == 1 and "another ./install.sh service is at work" in done.stderr
    assert world.runs and world.current == world.old
