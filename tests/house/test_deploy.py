from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "deploy" / "wabox.service"
LOCKS = [ROOT / "deploy" / "requirements.lock", ROOT / "tests" / "requirements.lock"]
MOST_EXPOSED = 2.3

needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze here")


def unit_with_a_program_of_this_machine(tmp_path: Path) -> Path:
    copy = tmp_path / "wabox.service"
    told = subprocess.run(
        ["bash", "-c", f'source "{ROOT}/install.sh"; unit_of "{ROOT}"'], capture_output=True, text=True, check=True
    )
    text = re.sub(r"(?m)^ExecStart=.*$", "ExecStart=/usr/bin/env true", told.stdout)
    copy.write_text(text, encoding="utf-8")
    return copy


@needs_systemd
def test_unit_is_understood_by_systemd(tmp_path: Path) -> None:
    unit = unit_with_a_program_of_this_machine(tmp_path)
    text = unit.read_text(encoding="utf-8").replace("User=wabox", "User=root").replace("Group=wabox", "Group=root")
    unit.write_text(text, encoding="utf-8")
    said = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    assert "wabox.service" not in said.stderr


@needs_systemd
def test_unit_exposes_little(tmp_path: Path) -> None:
    unit = unit_with_a_program_of_this_machine(tmp_path)
    said = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", unit],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    level = re.search(r"Overall exposure level for wabox.service: ([0-9.]+)", said)
    if level is None:
        pytest.skip("this systemd cannot judge offline")
    assert float(level.group(1)) <= MOST_EXPOSED


def test_unit_has_limits_that_fit_a_small_machine() -> None:
    settings = dict(re.findall(r"(?m)^([A-Za-z]+)=(.*)$", UNIT.read_text(encoding="utf-8")))
    assert settings["LimitCORE"] == "0"
    high, most = (int(settings[name].removesuffix("%")) for name in ("MemoryHigh", "MemoryMax"))
    assert 384 / 900 * 100 < high < most < 95  # one phone fits a Pi of 1 GB, and the system beside it
    assert int(settings["LimitNOFILE"]) >= 16_384 and int(settings["TasksMax"]) >= 20 * 150


@pytest.mark.parametrize(("version", "has"), [("252 (252.39-1)", False), ("257 (257.7)", True), ("", False)])
def test_unit_says_only_what_its_systemd_knows(tmp_path: Path, version: str, has: bool) -> None:  # noqa: FBT001
    program = f'source "{ROOT}/install.sh"; systemctl() {{ echo "systemd {version}"; }}; unit_of "{ROOT}"'
    unit = subprocess.run(["bash", "-c", program], capture_output=True, text=True, check=True).stdout
    assert ("RestartSteps=" in unit) is ("RestartMaxDelaySec=" in unit) is has
    assert "\nRestart=always\n" in unit and "\nWatchdogSec=90\n" in unit


def test_unit_leaves_proc_to_what_reads_it() -> None:
    unit = UNIT.read_text(encoding="utf-8")
    assert not re.search("(?m)^ProcSubset=", unit)
    assert "/proc/cpuinfo" in unit and "/proc/meminfo" in unit


def test_unit_leaves_chromium_what_its_sandbox_needs() -> None:
    unit = UNIT.read_text(encoding="utf-8")
    assert "MemoryDenyWriteExecute=yes" not in unit
    assert "RestrictNamespaces=user pid net\n" in unit
    assert "SystemCallFilter=chroot capset\n" in unit
    assert "KillMode=mixed" in unit and "OOMPolicy=continue" in unit


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.parent.name)
def test_lock_has_a_hash_for_everything_and_no_address(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert "://" not in text
    requirements = re.split(r"\n(?=\S)", text.strip())
    assert len(requirements) > 20
    assert all("==" in one and "--hash=sha256:" in one for one in requirements)


def test_test_lock_holds_what_the_box_runs() -> None:
    box, test = (
        dict(re.findall(r"(?m)^([a-z0-9._-]+)==(\S+)", lock.read_text(encoding="utf-8"))) for lock in LOCKS
    )
    assert box.items() <= test.items()


def test_ci_runs_what_people_run() -> None:
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert lines[-1] == "exec ./install.sh test"


def test_what_check_leaves_out_is_there() -> None:
    script = ROOT / "install.sh"
    told = subprocess.run(
        ["bash", "-c", f'source "{script}"; printf "%s\\n" "${{without_browsers[@]}}"'],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    places = [word.partition("=")[2] for word in told if word.startswith("--ignore")]
    assert len(places) == 10
    assert not [place for place in places if not list(ROOT.glob(place))]


def test_script_explains_itself_and_refuses_what_it_does_not_know() -> None:
    script = ROOT / "install.sh"
    told = subprocess.run([script, "--help"], capture_output=True, text=True, check=True).stdout
    words = re.findall(r"(?m)^\./install\.sh (\w+)", told)
    assert words == ["demo", "setup", "service", "uninstall", "test", "check", "sbom", "bench"]
    wrong = subprocess.run([script, "instal"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 2
    assert "./install.sh demo" in wrong.stderr


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="no shellcheck here")
def test_scripts_pass_shellcheck() -> None:
    scripts = [ROOT / "install.sh", ROOT / ".ci" / "run", *sorted(ROOT.glob("tests/*/*.sh"))]
    subprocess.run(["shellcheck", "-x", *scripts], cwd=ROOT, check=True)
