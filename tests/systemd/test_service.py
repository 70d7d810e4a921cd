"""`./install.sh service` under a real systemd: install, link, upgrade, a broken one and back, stop."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.some import some
from tests.systemd.machine import HERE
from tests.systemd.shop import Shop

STEP = """from sqlite_utils import Database


def step(database: Database) -> None:
    database.execute("{sql}")
"""

pytestmark = pytest.mark.timeout(1800)


def breaks(shop: Shop, where: str, *lines: str) -> None:
    """The tree at /share/wabox is this one with a fault. where: the file and the line before which it comes."""
    tree = shop.machine.put_tree("wabox")
    name, _, before = where.partition(":")
    file: Path = tree / name
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, "".join(f"{line}\n" for line in lines) + before, 1))


def migrates(shop: Shop, sql: str) -> None:
    """The tree at /share/wabox has one more step of the schema."""
    step = shop.machine.share / "wabox/wabox/migrations/0999_of_a_broken_version.py"
    step.write_text(STEP.format(sql=sql), encoding="utf-8")
    names = step.with_name("__init__.py")
    before_end = '",\n)\n\n\ndef pending'
    assert before_end in names.read_text()
    names.write_text(names.read_text().replace(before_end, f'",\n    "{step.stem}{before_end}'))


def installed_and_judged_ill(shop: Shop, sql: str) -> str:
    """A newer version with that step works, and sends a message, but is not taken for well. What was said."""
    before, began = shop.current, int(shop.asked("arrived"))
    breaks(shop, "deploy/health.py:    url = address(config)", "    return 1")
    migrates(shop, sql)
    install = subprocess.Popen(
        shop.machine.command("/share/wabox/install.sh", "service"), stderr=subprocess.PIPE, text=True
    )
    shop.machine.until(lambda: shop.current != before, what="the newer version is in use")
    shop.machine.until(lambda: shop.asked("ready") == "True", what="its phone is ready")
    shop.asked("send")
    _, said = install.communicate(timeout=400)
    assert install.returncode == 1 and shop.current == before
    assert int(shop.asked("arrived")) == began + 1
    return said


def test_it_is_installed_and_hands_out_its_link(shop: Shop) -> None:
    shutil.copy(HERE / "asked.py", shop.machine.share)
    done = shop.install()
    assert done.returncode == 0, done.stdout + done.stderr
    link = done.stdout.strip().splitlines()[-1]
    assert link.startswith("http://127.0.0.1:8470/")
    assert "200" in shop.run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", link)
    assert shop.show("ActiveState") == "active" and shop.run("systemctl", "is-enabled", "wabox") == "enabled"
    assert shop.run("ps", "-o", "user=", "-p", shop.show("MainPID")) == "wabox"
    assert "wabox serves" in shop.run("journalctl", "-u", "wabox", "--no-pager")
    told = shop.ask("wabox", "doctor")  # by root, who names no settings
    assert told.returncode == 0, told.stdout
    assert "/etc/wabox/wabox.toml" in told.stdout and "answers at http://127.0.0.1:8470" in told.stdout


def test_a_phone_is_linked_and_sends(shop: Shop) -> None:
    shop.start_sandbox()
    shop.make_owner()
    shop.asked("link")
    shop.asked("send")
    assert shop.asked("arrived") == "1"


def test_chromium_keeps_its_own_sandbox_under_the_units_rules(shop: Shop) -> None:
    found = shop.run("sh", "-c", "pgrep -u wabox -f -- --type=renderer | head -n 1")
    words = shop.run("sh", "-c", "tr '\\0' ' ' </proc/$(pgrep -o -u wabox chromium)/cmdline")
    assert "--no-sandbox" not in words and "--disable-setuid-sandbox" not in words
    status = shop.run("cat", f"/proc/{found}/status")
    assert "NoNewPrivs:\t1" in status and "Seccomp:\t2" in status
    spaces = {shop.run("readlink", f"/proc/{pid}/ns/user") for pid in (found, shop.show("MainPID"))}
    assert len(spaces) == 2


def test_an_upgrade_takes_five_seconds_at_most_and_the_phone_is_back(shop: Shop) -> None:
    before = shop.current
    breaks(shop, "wabox/cli/version.py:import json", "# Newer.")
    shop.watch_gap()
    done = shop.install()
    assert done.returncode == 0, done.stdout + done.stderr
    assert shop.gap() <= 5 * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1) / 2)
    assert shop.current != before
    assert "packages into" not in done.stdout
    assert shop.asked("ready") == "True"
    shop.asked("send")
    assert shop.asked("arrived") == "2"


def test_a_version_that_crashes_goes_and_the_one_before_comes_back_with_its_data(shop: Shop) -> None:
    before = shop.current
    breaks(shop, "wabox/run.py:        loop = asyncio.get_running_loop()", "        raise SystemExit(70)")
    migrates(shop, "create table of_a_broken_version (n integer)")
    done = shop.install()
    assert done.returncode == 1
    assert "does not answer, so the one before runs again, with its data" in done.stderr, done.stdout + done.stderr
    assert shop.current == before
    shop.machine.until(lambda: shop.asked("ready") == "True", what="its phone is ready")
    shop.asked("send")
    assert shop.asked("arrived") == "3"


def test_what_a_version_has_sent_before_it_went_is_not_sent_again(shop: Shop) -> None:
    """Row 51: the one before comes back with the messages that went meanwhile."""
    said = installed_and_judged_ill(shop, "alter table messages add column colour text")
    assert "with its data and all that came since" in said, said
    shop.machine.until(lambda: shop.asked("ready") == "True", what="its phone is ready")
    assert shop.asked("gone") == "4"
    shop.asked("send")
    assert shop.asked("arrived") == "5"


def test_where_that_cannot_come_back_the_box_is_held(shop: Shop) -> None:
    """Row 49: the copy is older than a message that went; nothing goes until the owner says what."""
    said = installed_and_judged_ill(shop, "drop table trials")
    assert "nothing until you say what goes" in said, said
    shop.machine.until(
        lambda: "quarantined" in shop.run("curl", "-s", "http://127.0.0.1:8470/readyz"),
        what="it says that it is held",
    )
    assert "sends nothing until you say what goes" in shop.ask("wabox", "doctor").stdout
    queued = shop.asked("queue")
    time.sleep(5)
    assert shop.asked("arrived") == "6"
    shop.run("systemctl", "stop", "wabox")
    shop.run("wabox", "release", "--yes")
    shop.run("systemctl", "start", "wabox")
    shop.machine.until(lambda: shop.asked("arrived") == "7", what=f"message {queued} goes once it is released")
    shop.machine.until(lambda: shop.asked("ready") == "True", what="its phone is ready")


def test_whoever_kills_an_upgrade_systemd_starts_wabox_again(shop: Shop) -> None:
    tree = shop.machine.put_tree("wabox")
    script = tree / "deploy/service.sh"
    text = script.read_text()
    assert "    stage=switched\n    change_over\n" in text
    script.write_text(text.replace("    stage=switched\n    change_over\n", "    kill -9 $$\n"))
    assert shop.install().returncode == -signal.SIGKILL
    assert shop.show("ActiveState") == "inactive"
    shop.machine.until(lambda: shop.show("ActiveState") == "active", 90, what="wabox runs again")
    shop.machine.put_tree("wabox")
    done = shop.install()
    assert done.returncode == 0, done.stdout + done.stderr
    assert shop.run("sh", "-c", "ls -d /opt/wabox/2*Z | wc -l") == "2"


def test_a_killed_process_is_back_and_its_end_is_quick(shop: Shop) -> None:
    pid = shop.show("MainPID")
    shop.run("kill", "-9", pid)
    shop.machine.until(lambda: shop.show("MainPID") not in ("0", pid), what="it is started again")
    shop.machine.until(lambda: shop.asked("ready") == "True", what="its phone is ready")
    began = time.monotonic()
    shop.run("systemctl", "stop", "wabox")
    assert time.monotonic() - began < 10
    assert shop.ask("pgrep", "-u", "wabox").stdout == ""
    assert shop.show("Result") == "success"
    shop.run("systemctl", "start", "wabox")


def test_a_process_that_does_nothing_any_more_is_started_anew(shop: Shop) -> None:
    shop.write("/etc/systemd/system/wabox.service.d/soon.conf", "[Service]\nWatchdogSec=6\n")
    shop.run("systemctl", "daemon-reload")
    shop.run("systemctl", "restart", "wabox")
    pid = shop.show("MainPID")
    time.sleep(8)  # it says that it works, so nothing happens
    assert shop.show("MainPID") == pid
    shop.run("kill", "-STOP", pid)
    shop.machine.until(lambda: shop.show("MainPID") not in ("0", pid), what="it is started anew")
    assert "watchdog" in shop.run("journalctl", "-u", "wabox", "-n", "40", "--no-pager").lower()
    shop.run("rm", "-r", "/etc/systemd/system/wabox.service.d")
    shop.run("systemctl", "daemon-reload")
    shop.run("systemctl", "restart", "wabox")
    shop.machine.until(lambda: shop.asked("ready") == "True", what="its phone is ready")


def test_it_is_as_little_exposed_as_the_unit_says(shop: Shop) -> None:
    said = shop.run("systemd-analyze", "security", "--no-pager", "wabox.service")
    level = re.search(r"Overall exposure level for wabox.service: ([0-9.]+)", said)
    assert level is not None and float(level.group(1)) <= 2.3


def test_each_cure_of_the_doctor_ends_what_it_is_for(shop: Shop) -> None:
    """As root finds it: a command that ran as root left a file of its own; the unit is gone."""
    assert shop.ask("wabox", "doctor").returncode == 0
    shop.run("chown", "root", "/var/lib/wabox/secret.key")
    told = shop.ask("wabox", "doctor")
    assert told.returncode == 1 and "secret.key in /var/lib/wabox belong to another user" in told.stdout, (
        told.stdout
    )
    cure = re.search(r"sudo (chown -R wabox: /var/lib/wabox) && sudo (systemctl restart wabox)", told.stdout)
    assert cure is not None
    for command in cure.groups():
        shop.run(*command.split())
    shop.machine.until(lambda: shop.asked("ready") == "True", what="its phone is ready")
    assert shop.ask("wabox", "doctor").returncode == 0
    shop.run("systemctl", "stop", "wabox")
    shop.run("rm", "/etc/systemd/system/wabox.service")
    shop.run("systemctl", "daemon-reload")
    told = shop.ask("wabox", "doctor")
    assert "systemd knows no wabox.service" in told.stdout and "sudo ./install.sh service" in told.stdout
    assert shop.install().returncode == 0
    shop.machine.until(lambda: shop.asked("ready") == "True", what="its phone is ready")
    assert shop.ask("wabox", "doctor").returncode == 0


def test_it_is_moved_and_taken_up_by_its_pages_without_a_scan(shop: Shop) -> None:
    """Packed under the unit's rules, and put in a new box's place under them, in the same process."""
    before = int(shop.asked("arrived"))
    shop.asked("move")
    assert shop.ask("pgrep", "-u", "wabox", "chromium").stdout == ""
    shop.begin_anew()
    pid = shop.show("MainPID")
    shop.asked("take_up")
    shop.machine.until(lambda: shop.asked("ready") == "True", what="its phone is ready")
    assert shop.show("MainPID") == pid and shop.show("NRestarts") == "0"
    shop.asked("send")
    assert int(shop.asked("arrived")) == before + 1
    assert shop.ask("wabox", "doctor").returncode == 0


@pytest.mark.parametrize("sealed", [True, False], ids=["sealed", "plain"])
def test_a_backup_is_put_back_by_the_pages_of_a_new_box(shop: Shop, *, sealed: bool) -> None:
    """Sealed by the page, or plain by the command; everything but the link is there again."""
    before, gone = int(shop.asked("arrived")), shop.asked("gone")
    if sealed:
        shop.asked("back_up")
    else:
        shop.run("install", "-d", "-o", "wabox", "/srv/kept")
        shop.run("wabox", "backup", "/srv/kept/plain.tar", "--unsealed")
        shop.run("cp", "/srv/kept/plain.tar", "/root/taken")
    shop.begin_anew()
    shop.asked("take_up")
    assert shop.asked("gone") == gone and shop.asked("ready") == "False"
    shop.asked("link")
    shop.asked("send")
    assert int(shop.asked("arrived")) == before + 1


def test_uninstalling_keeps_the_data_if_told_to(shop: Shop) -> None:
    done = shop.ask("/share/wabox/install.sh", "uninstall", "--keep-data")
    assert done.returncode == 0, done.stderr
    assert shop.ask("test", "-e", "/opt/wabox").returncode == 1 and shop.show("LoadState") == "not-found"
    done = shop.install()
    assert done.returncode == 0, done.stdout + done.stderr
    shop.machine.until(lambda: shop.asked("ready") == "True", what="its phone is ready")


def test_uninstalling_leaves_nothing(shop: Shop) -> None:
    done = shop.ask("/share/wabox/install.sh", "uninstall")
    assert done.returncode == 0, done.stderr
    places = (
        "/opt/wabox",
        "/var/lib/wabox",
        "/etc/wabox",
        "/usr/local/bin/wabox",
        "/etc/systemd/system/wabox.service",
    )
    assert [one for one in some(places) if shop.ask("test", "-e", one).returncode == 0] == []
    assert shop.ask("id", "wabox").returncode == 1 and shop.ask("pgrep", "-f", "wabox serve").stdout == ""
