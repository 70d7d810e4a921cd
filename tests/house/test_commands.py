from __future__ import annotations

import contextlib
import importlib
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tests.house.conftest import PASSWORD, Typed
from tests.some import some
from wabox import cli, datadir, db, fence
from wabox.__main__ import main
from wabox.accounts import keys, passwords, users
from wabox.accounts.sealing import Seal
from wabox.cli import shared
from wabox.db import Rows, Tx

FILES = sorted(
    path.stem
    for path in Path(cli.__file__).parent.glob("*.py")
    if path.stem not in ("__init__", "shared", "alone")
)
ROOT = Path(__file__).parents[2]


def test_every_file_is_a_command_and_every_command_has_a_file() -> None:
    assert sorted(name.replace("-", "_") for name in cli.COMMANDS) == FILES


@pytest.mark.parametrize("name", FILES)
def test_every_command_takes_config_and_explains_itself(name: str) -> None:
    command = main.get_command(click.Context(main), name.replace("_", "-"))
    assert command is not None
    assert command.help or command.short_help
    parts = command.commands.values() if isinstance(command, click.Group) else [command]
    for part in some(parts):
        assert "--config" in {option for one in part.params for option in one.opts}


def test_help_lists_every_command_without_importing_any() -> None:
    shown = CliRunner().invoke(main, ["--help"]).output
    assert all(f"\n  {name} " in shown for name in some(cli.COMMANDS))
    loads = "import sys, wabox.__main__; assert not {'litestar', 'playwright', 'sqlite3'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", loads], check=True, cwd=ROOT)


def test_a_command_takes_along_nothing_that_it_does_not_use() -> None:
    loads = (
        "import sys, wabox.__main__ as it; from wabox import late; it._imported('serve');"
        "needless = {'rich', 'httpx._main', 'numpy', 'sqlite_utils', 'PIL', *late.NAMES} & set(sys.modules);"
        "assert not needless and 'wabox.dashboard' in late.NAMES, needless;"
        "it._imported('backup'); assert 'rich.progress' in sys.modules, 'what is used is there'"
    )
    subprocess.run([sys.executable, "-c", loads], check=True, cwd=ROOT)


def test_unknown_command_is_refused() -> None:
    assert CliRunner().invoke(main, ["sendall"]).exit_code == 2


def test_the_services_own_program_takes_the_services_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(shared, "SERVICE_FILE", tmp_path / "etc.toml")
    (tmp_path / "etc.toml").write_text("[server]\nport = 1111\n")
    assert shared.load(None).server.port == 8470
    (tmp_path / "wabox.toml").write_text("[server]\nport = 2222\n")
    assert shared.load(None).server.port == 2222
    monkeypatch.setattr(shared, "SERVICE_HOME", Path(sys.prefix).parent)
    assert shared.load(None).server.port == 1111
    assert shared.load(Path("wabox.toml")).server.port == 2222


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_root_becomes_whom_the_services_data_belongs_to(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    os.chown(tmp_path / "data", 1, 1)
    (tmp_path / "etc.toml").write_text(f'[data]\ndir = "{tmp_path}/data"\n')
    program = (
        "import os, pathlib, sys; from wabox.cli import shared; shared.SERVICE_FILE = pathlib.Path(sys.argv[1]); "
        "shared.load(shared.SERVICE_FILE); print(os.getresuid(), os.getgroups(), os.environ['HOME'] != '/root')"
    )
    said = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "etc.toml"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    ).stdout
    assert said == "(1, 1, 1) [1] True\n"


def test_version_says_the_version(program: Typed) -> None:
    assert program("version").stdout.startswith("wabox ")
    assert set(json.loads(program("version", "--json").stdout)) == {"version"}
    module = importlib.import_module("wabox.cli.version")
    assert isinstance(module.command, click.Command)


def test_bad_setting_is_one_sentence_and_exit_code_two(wabox: Typed, tmp_path: Path) -> None:
    (tmp_path / "wabox.toml").write_text("[server]\nport = 0\n")
    for command in ("serve", "setup-link"):
        done = wabox(command)
        assert done.returncode == 2
        assert done.stderr == "wabox: [server] port is 0, but it must be a whole number from 1 to 65535.\n"
    assert wabox("serve", "--config", "nothing.toml").returncode == 2


def test_init_makes_an_owner_who_can_enter(
    asha: subprocess.CompletedProcess[str], program: Typed, tmp_path: Path
) -> None:
    told = json.loads(asha.stdout.splitlines()[-1])
    assert set(told) == {"api_key", "email", "webhook_secret"}
    assert told["email"] == "asha@example.com"
    assert told["webhook_secret"].startswith("whsec_")
    data = datadir.DataDir(tmp_path / "data")
    connection = db.connect(data.database, query_only=True)
    rows = Rows(connection)
    owner = users.owner(rows)
    assert owner is not None and owner.accepted_disclaimer
    assert passwords.verify(users.password_hash_of(rows, owner.id), PASSWORD).ok
    caller = keys.find(rows, told["api_key"], owner.created_at)
    assert caller is not None and caller.user == owner
    assert rows.value("select label from devices where user_id = :id", id=owner.id) == "primary"
    sealed = rows.value("select secret from webhooks where user_id = :id", id=owner.id)
    connection.close()
    assert told["webhook_secret"] not in sealed
    assert Seal(datadir.secret_key(data)).open(sealed, about=f"webhook {owner.id}") == told["webhook_secret"]
    again = program("init", "--email", "b@example.com", "--password-stdin", "--accept-disclaimer", stdin=PASSWORD)
    assert again.returncode == 1
    assert "has an owner already" in again.stderr
    for path in some(one for one in data.path.iterdir() if one.is_file()):
        assert told["api_key"].encode() not in path.read_bytes()


@pytest.mark.parametrize(
    ("words", "stdin", "said"),
    [
        (["--email", "asha@example.com", "--password-stdin", "--accept-disclaimer"], "short\n", "at least 12"),
        (["--email", "asha", "--password-stdin", "--accept-disclaimer"], PASSWORD, "e-mail address"),
        (["--email", "asha@example.com", "--password-stdin"], PASSWORD, "--accept-disclaimer"),
        (["--email", "asha@example.com", "--password-stdin", "--accept-disclaimer"], "", "at least 12"),
    ],
)
def test_init_refuses_and_makes_nothing(
    wabox: Typed, tmp_path: Path, words: list[str], stdin: str, said: str
) -> None:
    done = wabox("init", *words, stdin=stdin)
    assert done.returncode != 0
    assert said in done.stderr and done.stdout == ""
    assert "Traceback" not in done.stderr
    listed = wabox("user", "list", "--json")
    assert listed.returncode == 2 or json.loads(listed.stdout) == []


def test_a_running_wabox_keeps_the_data_to_itself(
    asha: subprocess.CompletedProcess[str], wabox: Typed, tmp_path: Path
) -> None:
    data = datadir.DataDir(tmp_path / "data")
    words = ("--email", "asha@example.com", "--password-stdin")
    with datadir.held(data, what="wabox serve", url="http://127.0.0.1:8470"):
        for command in (("init", "--accept-disclaimer"), ("user", "set-password")):
            done = wabox(*command, *words, stdin=PASSWORD)
            assert done.returncode == 2
            assert "wabox is running (process" in done.stderr
            assert "do this in the dashboard: http://127.0.0.1:8470/" in done.stderr
        assert "asha@example.com" in wabox("user", "list").stdout


def test_new_password_replaces_the_old_one_and_ends_sessions(
    asha: subprocess.CompletedProcess[str], wabox: Typed, tmp_path: Path
) -> None:
    other = "three kites over the river"
    done = wabox("user", "set-password", "--email", "ASHA@example.com", "--password-stdin", stdin=other)
    assert done.returncode == 0, done.stderr
    connection = db.connect(tmp_path / "data" / "wabox.db", query_only=True)
    stored = users.password_hash_of(Rows(connection), 1)
    actions = [row["action"] for row in Rows(connection).all("select action from audit order by id")]
    connection.close()
    assert passwords.verify(stored, other).ok and not passwords.verify(stored, PASSWORD).ok
    assert actions == ["box.set_up", "password.changed"]
    unknown = wabox("user", "set-password", "--email", "chen@example.com", "--password-stdin", stdin=other)
    assert unknown.returncode == 1 and "wabox user list" in unknown.stderr


def test_setup_link_stays_valid_until_there_is_an_owner(wabox: Typed, tmp_path: Path) -> None:
    first, second = wabox("setup-link"), wabox("setup-link", "--if-new")
    assert first.stdout == second.stdout
    assert first.stdout.startswith("http://127.0.0.1:8470/setup/")
    assert (tmp_path / "data" / "setup-link").stat().st_mode & 0o777 == 0o600
    with datadir.held(datadir.DataDir(tmp_path / "data"), what="wabox serve", url="http://127.0.0.1:8470"):
        assert wabox("setup-link").stdout == first.stdout


def test_setup_link_is_gone_with_an_owner(
    asha: subprocess.CompletedProcess[str], wabox: Typed, tmp_path: Path
) -> None:
    assert wabox("setup-link").returncode == 2
    quiet = wabox("setup-link", "--if-new")
    assert (quiet.returncode, quiet.stdout) == (0, "")
    assert not (tmp_path / "data" / "setup-link").exists()


def test_an_account_for_somebody_else_is_made_and_moved_from_the_shell(
    asha: subprocess.CompletedProcess[str], wabox: Typed, tmp_path: Path
) -> None:
    words = ("--email", "bilal@example.com")
    made = wabox("user", "add", *words, "--password-stdin", "--json", stdin="three kites over the river")
    assert made.returncode == 0, made.stderr
    shown = json.loads(made.stdout.splitlines()[-1])
    assert (shown["role"], shown["state"], shown["api_key"][:4]) == ("user", "active", "wbx_")
    again = wabox("user", "add", *words, "--password-stdin", stdin="three kites over the river")
    assert again.returncode == 1 and "already" in again.stderr
    silent = wabox("user", "set-state", *words, "lock")
    assert silent.returncode == 1 and "Say why" in silent.stderr
    assert "is locked" in wabox("user", "set-state", *words, "--reason", "spam", "lock").stdout
    owner = wabox("user", "set-state", "--email", "asha@example.com", "--reason", "x", "lock")
    assert owner.returncode == 1 and "owner" in owner.stderr
    connection = db.connect(tmp_path / "data" / "wabox.db", query_only=True)
    rows = Rows(connection)
    assert rows.value("select label from devices where user_id = 2") == "primary"
    actions = [row["action"] for row in rows.all("select action from audit order by id")]
    connection.close()
    assert actions == ["box.set_up", "account.made", "account.locked"]


def test_an_account_is_deleted_from_the_shell(
    asha: subprocess.CompletedProcess[str], wabox: Typed, tmp_path: Path
) -> None:
    words = ("--email", "bilal@example.com")
    wabox("user", "add", *words, "--password-stdin", stdin="three kites over the river")
    asked = wabox("user", "delete", *words, stdin="n\n")
    assert asked.returncode == 1 and "for good?" in asked.stdout
    owner = wabox("user", "delete", "--email", "asha@example.com", "--yes")
    assert owner.returncode == 1 and "owner" in owner.stderr
    assert "is deleted" in wabox("user", "delete", *words, "--yes").stdout
    assert wabox("user", "delete", *words, "--yes").returncode == 1
    listed = json.loads(wabox("user", "list", "--json").stdout.splitlines()[-1])
    assert [one["email"] for one in listed] == ["asha@example.com", "deleted-2"]
    assert wabox("user", "add", *words, "--password-stdin", stdin="three kites over the river").returncode == 0


def test_release_says_what_would_go_and_lets_the_box_go_on(
    asha: subprocess.CompletedProcess[str], wabox: Typed, tmp_path: Path
) -> None:
    assert asha.returncode == 0
    path = datadir.DataDir(tmp_path / "data").database
    assert "not held" in wabox("release", "--yes").stderr
    with contextlib.closing(db.connect(path)) as connection:
        fence.quarantine(Tx(connection), "copied", behind=None, other="pi, /srv/wabox", now=datetime.now(UTC))
        connection.commit()
    assert "quarantined; use wabox release" in wabox("unmove", "--yes").stderr
    assert wabox("release", "--cancel-older-than", "soon").returncode == 2
    refused = wabox("release", stdin="n\n")
    assert refused.returncode == 1
    done = wabox("release", "--cancel-older-than", "24h", "--yes")
    assert done.returncode == 0, done.stderr
    for said in ("copied from another place", "pi, /srv/wabox", "Messages that wait: 0", "Released."):
        assert said in done.stdout
    assert "not held" in wabox("release", "--yes").stderr


@pytest.mark.heavy("a key is stretched from a passphrase, five times")
def test_a_backup_is_made_checked_and_put_in_the_place_of_the_box(
    asha: subprocess.CompletedProcess[str], wabox: Typed, tmp_path: Path
) -> None:
    assert asha.returncode == 0
    secret = "seven lamps\n"
    made = wabox("backup", "shop.tar.age", "--passphrase-stdin", "--json", stdin=secret)
    told = json.loads(made.stdout.splitlines()[-1])
    assert (told["sealed"], told["counts"]["users"], told["doubts"]) == (True, 1, [])
    wrong = wabox("restore", "shop.tar.age", "--check", "--passphrase-stdin", stdin="eight lamps\n")
    assert (wrong.returncode, "does not open" in wrong.stderr) == (1, True)
    checked = wabox("restore", "shop.tar.age", "--check", "--passphrase-stdin", "--json", stdin=secret)
    assert json.loads(checked.stdout.splitlines()[-1])["restored"] is False
    assert "set aside" not in checked.stdout
    done = wabox("restore", "shop.tar.age", "--passphrase-stdin", "--yes", stdin=secret)
    assert done.returncode == 0, done.stderr
    assert "It sends nothing yet." in done.stdout
    assert "quarantined" in wabox("doctor", "--json").stdout
    assert wabox("release", "--yes").returncode == 0
    with datadir.held(datadir.DataDir(tmp_path / "data"), what="wabox serve", url="http://127.0.0.1:8470"):
        refused = wabox("restore", "shop.tar.age", "--passphrase-stdin", "--yes", stdin=secret)
        running = wabox("backup", "other.tar", "--unsealed", "--json")
    assert "wabox is running" in refused.stderr
    assert json.loads(running.stdout.splitlines()[-1])["sealed"] is False
