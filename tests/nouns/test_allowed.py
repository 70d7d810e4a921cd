"""Private hosts that the owner opens to webhooks: within the file's bound, for whom, judged where they lead."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Sequence
from pathlib import Path

import pytest

from wabox import config
from wabox.accounts.users import User
from wabox.config import Config
from wabox.db import Tx
from wabox.errors import Forbidden, Invalid
from wabox.webhooks import allowed
from wabox.webhooks.allowed import Entry
from wabox.webhooks.targets import Allow, judge, parse_url


def made(base: Path, **webhooks: object) -> Config:
    return config.parse({"webhooks": webhooks}, base=base)


@pytest.fixture
def plain(tmp_path: Path) -> Config:
    return made(tmp_path)


def opened(tx: Tx, asha: User, plain: Config, *entries: str, everyone: bool = False) -> None:
    allowed.change(tx, asha, [Entry(one, everyone) for one in entries], config=plain)


def goes(allow: Allow, address: str, port: int = 80, host: str | None = None) -> bool:
    return judge(ipaddress.ip_address(address), port, host=host or address, allow=allow) is None


def test_what_the_owner_opens_is_open_to_the_owner_alone_unless_said_otherwise(
    tx: Tx, asha: User, bilal: User, plain: Config
) -> None:
    opened(tx, asha, plain, "192.168.1.0/24", "10.0.0.5:81")
    mine, theirs = (allowed.allow(tx, plain, one.id) for one in (asha, bilal))
    for address, port in (("192.168.1.7", 80), ("10.0.0.5", 81)):
        assert goes(mine, address, port) and not goes(theirs, address, port)
    assert not goes(mine, "10.0.0.5", 82) and not goes(mine, "192.168.2.7") and not goes(mine, "192.168.1.7", 22)
    opened(tx, asha, plain, "192.168.1.0/24", everyone=True)
    assert goes(allowed.allow(tx, plain, bilal.id), "192.168.1.7")
    assert not goes(allowed.allow(tx, plain, asha.id), "10.0.0.5", 81)  # the list is the whole list
    opened(tx, asha, plain)
    assert not goes(allowed.allow(tx, plain, asha.id), "192.168.1.7")


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ("8.8.8.0/24", allowed.OUTSIDE),
        ("0.0.0.0/0", allowed.OUTSIDE),
        ("10.0.0.0/7", allowed.OUTSIDE),
        ("100.64.0.0/10", allowed.OUTSIDE),
        ("172.15.0.1:80", allowed.OUTSIDE),
        ("[::ffff:8.8.8.8]:80", allowed.OUTSIDE),
        ("010.0.0.5:81", allowed.OUTSIDE),  # octal, as the system reads it
        ("169.254.0.0/16", allowed.CLOSED),
        ("127.0.0.0/8", allowed.CLOSED),
        ("10.0.0.1/8", allowed.CLOSED),
        ("127.0.0.1:9000", allowed.HERE),
        ("localhost:9000", allowed.HERE),
        ("2130706433:9000", allowed.HERE),
        ("[::1]:9000", allowed.HERE),
        ("till.lan", allowed.SPELLING),
        ("", allowed.SPELLING),
        ("http://till.lan:80", allowed.SPELLING),
    ],
)
def test_what_may_not_be_opened_is_refused_by_its_place_and_changes_nothing(
    tx: Tx, asha: User, plain: Config, entry: str, sentence: str
) -> None:
    opened(tx, asha, plain, "10.0.0.0/8")
    with pytest.raises(Invalid) as refused:
        opened(tx, asha, plain, "192.168.1.0/24", entry)
    assert (refused.value.code, refused.value.details) == ("bad_allow", {"allow[1]": sentence})
    assert [one.entry for one in allowed.of_box(tx)] == ["10.0.0.0/8"]


def test_only_the_owner_opens_and_the_record_says_what(tx: Tx, asha: User, bilal: User, plain: Config) -> None:
    with pytest.raises(Forbidden):
        allowed.change(tx, bilal, [Entry("10.0.0.0/8")], config=plain)
    told = allowed.change(tx, asha, [Entry(" 10.0.0.5:81"), Entry("Till.LAN:8080", True)], config=plain)
    assert told == {"opened": ["10.0.0.5:81", "till.lan:8080 (everyone)"], "closed": []}
    assert allowed.change(tx, asha, [Entry("till.lan:8080")], config=plain) == {
        "opened": ["till.lan:8080"],
        "closed": ["10.0.0.5:81"],
    }


def test_a_name_opens_only_what_it_leads_to_within_the_bound(tx: Tx, asha: User, plain: Config) -> None:
    """Row of rebinding: the name is opened, not whatever it may answer."""
    opened(tx, asha, plain, "till.lan:8080")
    mine = allowed.allow(tx, plain, asha.id)
    assert parse_url("http://till.lan:8080/hook", mine).host == "till.lan"
    assert goes(mine, "192.168.1.7", 8080, "till.lan")
    for address in ("127.0.0.1", "169.254.169.254", "100.64.0.1", "::ffff:127.0.0.1", "fe80::1"):
        assert not goes(mine, address, 8080, "till.lan"), address
    assert not goes(mine, "192.168.1.7", 8081, "till.lan") and not goes(mine, "192.168.1.7", 8080, "other.lan")
    assert not mine.lists("till.lan", ipaddress.ip_address("192.168.1.7"), 8080)  # its answers are shown to nobody


def test_a_file_made_stricter_binds_at_once_what_was_opened_before(
    tx: Tx, asha: User, plain: Config, tmp_path: Path
) -> None:
    opened(tx, asha, plain, "192.168.1.0/24", "10.0.0.5:81", "till.lan:8080")
    tens = allowed.allow(tx, made(tmp_path, allow_within=["10.0.0.0/8"]), asha.id)
    assert goes(tens, "10.0.0.5", 81) and not goes(tens, "192.168.1.7")
    assert not goes(tens, "192.168.1.7", 8080, "till.lan") and goes(tens, "10.9.9.9", 8080, "till.lan")
    none = allowed.allow(tx, made(tmp_path, allow_within=[], allow=["172.16.0.0/12"]), asha.id)
    assert (
        goes(none, "172.16.0.1")
        and not goes(none, "10.0.0.5", 81)
        and not goes(none, "10.9.9.9", 8080, "till.lan")
    )
    wide = made(tmp_path, allow_within=["0.0.0.0/0", "::/0"])
    opened(tx, asha, wide, "0.0.0.0/0")
    assert not goes(allowed.allow(tx, wide, asha.id), "169.254.169.254")
    assert not goes(allowed.allow(tx, wide, asha.id), "127.0.0.1")


@pytest.mark.parametrize(
    ("url", "error", "everyone"),
    [
        ("http://192.168.1.7/", None, True),
        ("http://till.lan:8080/", None, False),
        ("https://shop.example/", None, True),
        ("http://mixed.example/", "private network", False),
        ("http://nobody.example/", allowed.NO_NAME, False),
        ("http://10.0.0.1/", "private network", False),
        ("http://localhost:9000/", "the box itself", False),
        ("ftp://x", "http or https", False),
    ],
)
def test_a_try_says_what_would_happen_and_for_whom(
    tx: Tx,
    asha: User,
    plain: Config,
    url: str,
    error: str | None,
    everyone: bool,  # noqa: FBT001
) -> None:
    entries = [Entry("192.168.1.0/24", True), Entry("till.lan:8080")]
    allowed.change(tx, asha, entries, config=plain)
    names = {
        "till.lan": ["10.0.0.9"],
        "shop.example": ["93.184.216.34"],
        "mixed.example": ["93.184.216.34", "10.0.0.9"],
    }

    async def resolver(host: str, _: int) -> Sequence[str]:
        if host not in names:
            raise OSError
        return names[host]

    mine, others = (reach.allow() for reach in allowed.both(tx, plain))
    found = asyncio.run(allowed.tried(url, mine, others, resolver))
    assert (found.error is None) == (error is None) and (error or "") in (found.error or "")
    assert found.everyone == everyone
    if "mixed" in url:
        assert [why is None for _, why in found.addresses] == [True, False]
