"""Where wabox may listen: on this machine freely, beyond it encrypted or by its owner's explicit word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.cast import Stage, stage
from wabox import run
from wabox.box import Box
from wabox.errors import ConfigError

PROXY = {"trusted_proxies": ["10.0.0.2"]}
HTTPS = {"public_url": "https://wabox.shop.example"}


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Stage]:
    found = stage(tmp_path)
    yield found
    found.close()


def placed(made: Stage, **server: Any) -> Box:
    """The same box, told to listen elsewhere, on any free port."""
    changes: Any = {name: tuple(one) if isinstance(one, list) else one for name, one in server.items()}
    config = made.box.config
    return replace(made.box, config=replace(config, server=replace(config.server, port=0, **changes)))


@pytest.mark.parametrize(
    "server",
    [{}, PROXY, HTTPS, {**PROXY, "public_url": "http://wabox.shop.example"}],
    ids=["nothing", "a proxy without an address", "an address without a proxy", "a proxy without TLS"],
)
def test_beyond_loopback_nothing_goes_unencrypted_by_oversight(made: Stage, server: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as refusal, run._listener(placed(made, host="0.0.0.0", **server)):
        pytest.fail("it listens")
    said = str(refusal.value)
    assert "trusted_proxies" in said and "public_url" in said and "plain_http_beyond_loopback = true" in said
    assert said.endswith(".") and "\n" not in said


@pytest.mark.parametrize(
    "server",
    [
        {"host": "127.0.0.1"},
        {"host": "::1"},
        {"host": "0.0.0.0", **PROXY, **HTTPS},
        {"host": "0.0.0.0", "plain_http_beyond_loopback": True},
    ],
)
def test_on_this_machine_behind_tls_or_when_told_so_it_listens(made: Stage, server: dict[str, Any]) -> None:
    with run._listener(placed(made, **server)) as listener:
        assert listener.getsockname()[1] > 0
