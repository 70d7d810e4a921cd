"""`./install.sh service` is killed as no trap can notice: the box starts, and the next run mends."""

from __future__ import annotations

import fcntl
import subprocess
from pathlib import Path

import pytest

from tests.house.service_box import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


STEPS = (
    *("share_packages", "prepare_copy", "look_at_phones", "guard_on", "stop_service", "copy_data", "point_at"),
    *("put_unit", "change_over", "is_healthy", "phones_are_back", "forget_old"),
)


BETWEEN = ("share_packages", "prepare_copy", "is_healthy", "forget_old")  # before the others nothing has changed


def killed_in(step: str, when: str) -> str:
    """More shell: the script is killed as no trap can notice, before or after this step of its."""
    said = f"""eval "real_$(declare -f {step})"; """
    body = {"before": f'kill -9 $$; real_{step} "$@"', "after": f'real_{step} "$@"; kill -9 $$'}[when]
    return f"{said} {step}() {{ {body}; }}"


@pytest.mark.heavy("two runs for each step and each end")
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("new", ["good", "broken"])
def test_after_a_kill_at_each_step_the_box_starts_and_the_next_run_mends(
    tmp_path: Path, new: str, when: str
) -> None:
    """Row 50, from outside: kill -9 of the script itself.

    Where one step follows another, the end of the one is the beginning of the other.
    """
    for step in BETWEEN if when == "before" else STEPS:
        world = World(tmp_path / step)
        (world.place / "opt/last-good").symlink_to(world.old)
        if new == "good":
            world.write("new-works", "")
        done = world.install(killed_in(step, when))
        if new == "broken" and step in ("phones_are_back", "forget_old"):
            assert done.returncode == 1 and world.runs  # it never came so far
        else:
            assert done.returncode == -9, (step, done.stderr)
        subprocess.run([world.place / "bin/systemctl", "start", "wabox"], env=world.env, check=True)
        started = Path((world.place / "started").read_text().strip())
        assert (started / ".venv/bin/wabox").exists(), step
        assert world.said() == ["before"]
        world.write("new-works", "")
        mended = world.install()
        assert mended.returncode == 0, (step, mended.stdout, mended.stderr)
        assert world.runs and world.current != world.old
        assert (world.place / "opt/last-good").resolve() == world.current
        assert len(world.releases) == 2 and world.said() == ["before"]


def test_whoever_kills_the_script_systemd_starts_wabox_again(world: World) -> None:
    done = world.install("copy_data() { kill -9 $$; }")
    assert done.returncode == -9 and (world.place / "state").read_text() == "inactive\n"
    guarded = (world.place / "guarded").read_text()
    assert "--collect --unit=wabox-upgrade-guard --on-active=30" in guarded
    command = guarded.partition("/bin/sh -c ")[2]
    subprocess.run(["sh", "-c", command], env=world.env, check=True)
    assert world.runs and world.current == world.old


def test_the_guard_waits_while_the_script_works(world: World) -> None:
    assert world.install("copy_data() { kill -9 $$; }").returncode == -9
    command = (world.place / "guarded").read_text().partition("/bin/sh -c ")[2]
    with (world.place / "install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run(
            ["sh", "-c", command], env=world.env, check=True
        )  # a failed unit's name could not be used again
    assert (world.place / "state").read_text() == "inactive\n"
