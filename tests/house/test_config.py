from __future__ import annotations

import tomllib
import zoneinfo
from datetime import time
from pathlib import Path
from typing import Any

import pytest

from tests.some import some
from wabox import config, config_text
from wabox.errors import ConfigError

ROOT = Path(__file__).parents[2]


def read(text: str, base: Path) -> config.Config:
    return config.parse(tomllib.loads(text), base=base)


def test_shipped_file_documents_every_key_at_its_default() -> None:
    shipped = (ROOT / "wabox.toml").read_text(encoding="utf-8")
    assert shipped == config_text.text(), "write config_text.text() to wabox.toml"


def test_shipped_file_is_all_comments_and_loads_as_defaults(tmp_path: Path) -> None:
    path = tmp_path / "wabox.toml"
    path.write_text(config_text.text(), encoding="utf-8")
    assert all(not keys for keys in some(tomllib.loads(config_text.text()).values()))
    loaded, plain = config.load(path), config.parse({}, base=tmp_path)
    assert (loaded.server, loaded.sending, loaded.smtp) == (plain.server, plain.sending, plain.smtp)
    assert loaded.path == path


def test_every_line_of_the_shipped_file_is_allowed_when_uncommented(tmp_path: Path) -> None:
    lines = config_text.text().splitlines()
    keys = {key for section in config.documentation().values() for key in section}
    taken = [line[2:] if line[2:].split(" = ")[0] in keys and " = " in line else line for line in lines]
    written = tomllib.loads("\n".join(taken))
    assert {name: set(section) for name, section in written.items()} == {
        name: set(section) for name, section in config.documentation().items()
    }
    assert config.parse(written, base=tmp_path) == config.parse({}, base=tmp_path)


def test_data_directory_is_relative_to_the_file(tmp_path: Path) -> None:
    path = tmp_path / "shop" / "wabox.toml"
    path.parent.mkdir()
    path.write_text('[data]\ndir = "kept"\n')
    assert config.load(path).data.dir == tmp_path / "shop" / "kept"


def test_unknown_section_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"unknown section \[sendng\]; known are server, data"):
        read("[sendng]\ngap_seconds = [1, 2]", tmp_path)


def test_unknown_key_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"unknown key \[server\] prt; known are host, port"):
        read("[server]\nprt = 1", tmp_path)


def test_key_outside_a_section_says_where_it_belongs(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"unknown section \[port\]|outside of any section"):
        read("server = 8470", tmp_path)


def test_sender_is_spelled_from_in_the_file(tmp_path: Path) -> None:
    assert read('[smtp]\nfrom = "shop@example.com"', tmp_path).smtp.sender == "shop@example.com"
    with pytest.raises(ConfigError, match=r"unknown key \[smtp\] sender"):
        read('[smtp]\nsender = "shop@example.com"', tmp_path)


WRONG = [
    ("server", "port", "8470"), ("server", "port", True), ("server", "port", 0), ("server", "port", 65_536),
    ("server", "port", 1.5), ("server", "host", ""), ("server", "host", 1), ("server", "public_url", "shop"),
    ("server", "trusted_proxies", ["nobody"]), ("data", "dir", ""), ("data", "dir", 3),
    ("whatsapp", "url", "ftp://x"), ("whatsapp", "url", "https://u@x"), ("whatsapp", "url", "http://x:port"),
    ("locale", "country", "XX"), ("locale", "country", 880), ("locale", "timezone", "Dhaka"),
    ("locale", "timezone", "../../etc/passwd"), ("locale", "language", "de"),
    ("sending", "gap_seconds", 8), ("sending", "gap_seconds", [20, 8]), ("sending", "gap_seconds", [1]),
    ("sending", "gap_seconds", [-1, 2]), ("sending", "gap_seconds", [True, 2]),
    ("sending", "gap_seconds", [1, 86_401]), ("sending", "quiet_hours", ["21:00"]),
    ("sending", "quiet_hours", ["25:00", "08:00"]), ("sending", "quiet_hours", ["08:00", "08:00"]),
    ("sending", "quiet_hours", "none"), ("sending", "daily_cap", -1), ("sending", "warmup", 1),
    ("sending", "warmup", "yes"), ("devices", "max", 0), ("webhooks", "allow", "127.0.0.1:9000"),
    ("webhooks", "allow", ["127.0.0.1"]), ("webhooks", "allow", ["10.0.0.0/99"]), ("guards", "tripwires", 0),
    ("billing", "enabled", "true"), ("smtp", "port", "587"), ("limits", "send_burst", 0),
    ("logs", "level", "loud"),
]  # fmt: skip


@pytest.mark.parametrize(("section", "key", "value"), WRONG)
def test_wrong_value_is_told_with_key_value_and_what_is_allowed(
    tmp_path: Path, section: str, key: str, value: Any
) -> None:
    with pytest.raises(ConfigError) as refusal:
        config.parse({section: {key: value}}, base=tmp_path)
    said = str(refusal.value)
    assert said.startswith(f"[{section}] {key} is {value!r}, but it must be ")
    assert said.endswith(".") and "\n" not in said


def test_right_values_arrive(tmp_path: Path) -> None:
    made = read(
        """
        [server]
        host = "0.0.0.0"
        trusted_proxies = ["127.0.0.1", "10.0.0.0/8"]
        [locale]
        country = "bd"
        timezone = "Asia/Dhaka"
        [sending]
        gap_seconds = [0, 0]
        quiet_hours = ["22:30", "07:00"]
        [webhooks]
        allow = ["192.168.1.0/24", "127.0.0.1:9000", "[::1]:9000", "till.lan:8080"]
        """,
        tmp_path,
    )
    assert made.locale.country == "BD" and made.zone.key == "Asia/Dhaka"
    assert made.sending.gap_seconds == (0.0, 0.0)
    assert made.sending.quiet_hours == (time(22, 30), time(7))
    assert len(made.webhooks.allow) == 4
    assert read("[sending]\nquiet_hours = []", tmp_path).sending.quiet_hours is None


def test_clock_moves_only_against_a_sandbox(tmp_path: Path) -> None:
    offset = "[testing]\nclock_offset_seconds = 3600\n"
    with pytest.raises(ConfigError, match="allowed only with a"):
        read(offset, tmp_path)
    assert read(offset + '[whatsapp]\nurl = "http://127.0.0.1:8471"', tmp_path).site_is_loopback


@pytest.mark.parametrize("content", [b"[server", b"\xff\xfe", b"a = 1\na = 2"])
def test_unreadable_file_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "wabox.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="wabox.toml"):
        config.load(path)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="There is no file .*name another with --config"):
        config.load(tmp_path / "nothing.toml")


def test_zone_of_the_system_is_looked_up_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = config.parse({}, base=tmp_path)
    first = plain.zone
    monkeypatch.setattr(zoneinfo, "available_timezones", lambda: pytest.fail("asked again"))
    assert plain.zone is first
