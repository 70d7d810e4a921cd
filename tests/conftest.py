"""For every test: hypothesis does not time its examples, tracebacks are brief; tests are weighed and in order."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import settings

from tests import order, weight

settings.register_profile("wabox", deadline=None)
settings.load_profile("wabox")

LONGEST_NAME = 24

# As wabox itself does it: structlog's own way draws every value of every frame, which takes a second.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)


# What a box notes outside its data goes nowhere near the real ones.
os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="wabox-state-")

# Playwright's driver is compiled once, not at each of its hundreds of starts; the next run has it, too.
compiled = Path(tempfile.gettempdir(), f"wabox-node-{os.getuid()}")
compiled.mkdir(mode=0o700, exist_ok=True)
if compiled.stat().st_uid == os.getuid():  # nobody else wrote what is run
    os.environ["NODE_COMPILE_CACHE"] = str(compiled)


def pytest_unconfigure() -> None:
    """The notes go with the run."""
    shutil.rmtree(os.environ["XDG_STATE_HOME"], ignore_errors=True)


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    """What a test lets wabox set up of its log ends with the test: no logger keeps a stream that is gone."""
    before, configure = structlog.get_config(), structlog.configure

    def uncached(**how: Any) -> None:
        configure(**{**how, "cache_logger_on_first_use": False})

    structlog.configure = uncached  # type: ignore[assignment]
    yield
    structlog.configure = configure
    structlog.configure(**before)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """A test that is heavy fails."""
    with weight.weighed(item):
        yield


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes that are no plain word name no test: an archive has the time in it, and each worker made its own."""
    return argname if isinstance(val, bytes) and not (len(val) <= LONGEST_NAME and val.isalnum()) else None


def pytest_collection_finish() -> None:
    """What is there for the whole run, thousands of tests, is not looked through for garbage again and again."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Files that share what takes long to set up run in one worker."""
    return order.together(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files run in an order that uses the machine."""
    items[:] = order.mixed(items)
