"""Each cure of the doctor is taken literally: a thing is broken, mended as its sentence says, and well then."""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest

from tests.cast import Stage, stage
from wabox import config as settings
from wabox.backup import nightly, record
from wabox.checkup import box, chromium, machine, machine_clock, surroundings
from wabox.checkup.findings import Finding
from wabox.config import Config
from wabox.datadir import DataDir
from wabox.whatsapp import node

HOME = Path(__file__).parents[2]
ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to others")
STRANGER = 54_321


def of(found: Iterator[Finding], name: str) -> Finding:
    return next(one for one in found if one.name == name)


def does(cure: str, pattern: str, **instead: str) -> None:
    """The command in the cure is run as it stands, without sudo; instead: what has another name here."""
    found = re.search(pattern, cure)
    assert found is not None, cure
    words = found[0].replace("sudo ", "")
    for was, now in instead.items():
        words = words.replace(was, now)
    subprocess.run(["sh", "-ec", words], check=True, timeout=20)


def written(text: str, place: Path) -> Config:
    """What the cure says to write into wabox.toml, in force."""
    (place / "wabox.toml").write_text(text)
    return settings.load(place / "wabox.toml")


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Stage]:
    whole = stage(tmp_path)
    yield whole
    whole.close()


def test_a_setting_that_names_no_browser_is_taken_out(tmp_path: Path) -> None:
    if shutil.which("chromium") is None:
        pytest.skip("no chromium on this machine")
    broken = written('[whatsapp]\nchromium = "/nowhere/chrome"\n', tmp_path)
    found = of(chromium.installed(broken), "chromium")
    assert found.level == "bad" and "Take [whatsapp] chromium out" in found.cure
    assert of(chromium.installed(written("", tmp_path)), "chromium").level == "ok"


def test_with_chrome_beside_a_snap_the_line_of_the_cure_chooses_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in (("chromium", "exec /snap/bin/chromium"), ("google-chrome", "echo Google Chrome 150.0.1.1")):
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    found = of(chromium.installed(written("", tmp_path)), "chromium")
    line = re.search(r'chromium = "[^"]+"', found.cure)
    assert "is a snap" in found.says and line is not None
    assert of(chromium.installed(written(f"[whatsapp]\n{line[0]}\n", tmp_path)), "chromium").level == "ok"


def test_an_old_browser_is_brought_up_to_date_by_its_own_package() -> None:
    now = datetime(2026, 11, 1, tzinfo=UTC)
    old = datetime(2026, 1, 1, tzinfo=UTC)
    for package in ("chromium", "google-chrome-stable"):
        assert f"--only-upgrade {package};" in surroundings.browser_age(old, now, package=package).cure


def test_a_driver_that_is_gone_comes_back_with_the_next_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The packages are shared and marked whole: the installer has to see that they are not."""
    monkeypatch.setenv("PLAYWRIGHT_NODEJS_PATH", str(tmp_path / "node"))
    found = chromium.runs(node.complaint())
    assert found.level == "bad" and "sudo ./install.sh service" in found.cure
    opt = tmp_path / "opt"
    release = opt / "2026Z"
    (release / "deploy").mkdir(parents=True)
    (release / "deploy/requirements.lock").write_text("playwright==1\n")
    script = f"""
        set -euo pipefail
        release_home={opt} release={release} room_for_packages=1
        . {HOME}/deploy/libraries.sh; . {HOME}/deploy/releases.sh
        need_python() {{ python={tmp_path}/python; }}
        need_room() {{ :; }}; need_modules() {{ :; }}; need_driver() {{ :; }}
        install_packages() {{ echo installed; mkdir -p "$1/lib/python3.11/site-packages/playwright/driver"
            printf '#!/bin/sh\\n' >"$1/lib/python3.11/site-packages/playwright/driver/node"
            chmod 755 "$1/lib/python3.11/site-packages/playwright/driver/node"; }}
        share_packages
    """
    (tmp_path / "python").write_text(
        "#!/bin/sh\n"
        '[ "$1" = -c ] && { echo 3.11; exit; }\n'
        'for last; do :; done; mkdir -p "$last/bin" "$last/lib/python3.11/site-packages"\n'
        'ln -sf "$0" "$last/bin/python"\n'
    )
    (tmp_path / "python").chmod(0o755)

    def install() -> str:
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "installed" in install()
    assert "installed" not in install()
    next(opt.glob("packages-*/lib/*/site-packages/playwright/driver/node")).unlink()
    assert "installed" in install()
    driver = (release / "packages").resolve() / "lib/python3.11/site-packages/playwright/driver/node"
    monkeypatch.setenv("PLAYWRIGHT_NODEJS_PATH", str(driver))
    assert chromium.runs(node.complaint()).level == "ok"
    assert "installed" not in install()


@ROOT
def test_data_of_another_owner_are_given_to_the_services_user(made: Stage) -> None:
    data, mine = made.box.config.data.dir, os.geteuid()
    assert surroundings.owner(data, mine).level == "ok"
    os.chown(data / "wabox.db", STRANGER, STRANGER)
    found = surroundings.owner(data, mine)
    assert found.level == "bad" and "wabox.db in" in found.says
    does(found.cure, r"sudo chown -R wabox: \S+", **{"wabox: ": f"{mine}:{os.getegid()} "})
    assert surroundings.owner(data, mine).level == "ok"


def test_without_such_a_user_nothing_is_said_of_owners(made: Stage) -> None:
    assert surroundings.owner(made.box.config.data.dir, None).level == "ok"


def test_what_others_can_read_is_closed(made: Stage) -> None:
    data = DataDir(made.box.config.data.dir)
    data.key_file.chmod(0o644)
    found = box.privacy(data)
    assert found.level == "bad"
    does(found.cure, r"chmod -R go= \S+")
    assert box.privacy(data).level == "ok"


def test_a_lost_key_is_put_back_from_a_backup(made: Stage, tmp_path: Path) -> None:
    data = DataDir(made.box.config.data.dir)
    kept = data.key_file.read_bytes()
    for broken in (None, b"half"):
        data.key_file.unlink()
        if broken is not None:
            data.key_file.write_bytes(broken)
        assert box.key(data).level == "bad"
        data.key_file.write_bytes(kept)
        assert box.key(data).level == "ok"


def test_a_proxy_is_named_as_the_cure_writes_it(tmp_path: Path) -> None:
    site = '[server]\npublic_url = "https://shop.example"\n'
    found = of(surroundings.proxy(written(site, tmp_path)), "proxy")
    line = re.search(r"trusted_proxies = \[[^\]]+\]", found.cure)
    assert found.level == "warning" and line is not None
    assert of(surroundings.proxy(written(site + line[0] + "\n", tmp_path)), "proxy").level == "ok"


def test_a_zone_of_another_country_is_set_in_locale(tmp_path: Path) -> None:
    def judged(text: str) -> Finding:
        config = written(f"[locale]\n{text}\n", tmp_path)
        return surroundings.zone(config.zone.key, config.locale.country)

    for wrong in ("Europe/Berlin", "UTC"):
        found = judged(f'timezone = "{wrong}"')
        assert found.level == "warning" and "[locale] timezone" in found.cure
    assert judged('timezone = "Europe/Berlin"\ncountry = "DE"').level == "ok"


def test_a_clock_that_nothing_keeps_gets_a_keeper_by_a_command_that_can_work() -> None:
    """`timedatectl set-ntp true` alone fails where no time service is installed, as on a small Debian."""
    for now, kept in ((datetime(2020, 1, 1, tzinfo=UTC), None), (datetime(2026, 11, 1, tzinfo=UTC), False)):
        found = machine.clock(now, synchronised=kept)
        assert "apt-get install systemd-timesyncd && sudo timedatectl set-ntp true" in found.cure
    assert machine.clock(datetime(2026, 11, 1, tzinfo=UTC), synchronised=True).level == "ok"


def test_a_clock_that_the_box_took_for_wrong_is_told_by_the_doctor_until_somebody_says_it_is_right(
    made: Stage,
) -> None:
    data, now = DataDir(made.box.config.data.dir), made.hands.now()

    def found() -> list[str]:
        return [one.level for one in box.stored(data, made.box.config) if one.name == "clock_wrong"]

    assert found() == []
    made.box.db.write_now(machine_clock.judge, now, jumped=True)
    assert found() == ["bad"]
    made.box.db.write_now(machine_clock.confirm, now)
    assert found() == []
    made.box.db.write_now(machine_clock.confirm, datetime.now(UTC) + timedelta(days=2))  # then it is set back
    assert found() == ["bad"]


def test_a_box_without_backups_has_one_once_a_directory_is_set(made: Stage, tmp_path: Path) -> None:
    public = dataclasses.replace(made.box.config.whatsapp, url="https://web.whatsapp.com")
    bare = dataclasses.replace(made.box.config, whatsapp=public)
    found = of(nightly.findings(bare), "backup")
    assert found.level == "warning" and "Set [backup] dir" in found.cure
    (tmp_path / "stick").mkdir()
    kept = dataclasses.replace(bare, backup=dataclasses.replace(bare.backup, dir=str(tmp_path / "stick")))
    assert of(nightly.findings(kept), "backup").level == "ok"
    nightly.run(kept, DataDir(kept.data.dir), nightly.Work(Event()), by="night", now=datetime.now(UTC))
    assert of(nightly.findings(kept), "backup").level == "ok"


@pytest.mark.parametrize("why", ["Read-only file system", "Permission denied"])
def test_a_stick_that_the_service_may_not_write_is_opened_to_it(made: Stage, why: str) -> None:
    """The unit gives the service its own directory alone; waiting an hour cures nothing."""
    said = f"The backup was not made in /media/stick: {why}."
    entry = record.Entry(at=made.hands.now(), by="night", name="x.tar", place="/media/stick", why=said)
    [found] = [one for one in nightly.judged(made.box.config, [entry]) if one.name == "backup"]
    assert "ReadWritePaths=-/media/stick;" in found.cure and "chown -R wabox: /media/stick;" in found.cure


STATES = {"LoadState": "loaded", "ActiveState": "active", "NRestarts": "0", "UnitFileState": "enabled"}


@pytest.mark.parametrize(
    ("broken", "does"),
    [
        ({"LoadState": "not-found", "ActiveState": "inactive"}, "./install.sh service"),
        (
            {"LoadState": "masked", "ActiveState": "inactive"},
            "systemctl unmask wabox && sudo systemctl enable --now",
        ),
        ({"ActiveState": "failed"}, "systemctl start wabox"),
        ({"UnitFileState": "disabled"}, "systemctl enable wabox"),
        ({"NeedDaemonReload": "yes"}, "systemctl daemon-reload && sudo systemctl restart wabox"),
        ({"NRestarts": "9"}, "systemctl restart wabox"),
    ],
)
def test_each_state_of_the_unit_has_the_command_that_ends_it(broken: dict[str, str], does: str) -> None:
    found = surroundings.unit(STATES | broken)
    assert found.level != "ok" and does in found.cure
    assert surroundings.unit(STATES).level == "ok"
