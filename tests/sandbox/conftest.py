"""A sandbox per test, one Chromium for all, and a page with wa-js on it as a client would open it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests import browsers
from tests.sandbox.client import CHROMIUM_ARGS, Client
from wabox.sandbox.server import Sandbox
from wabox.sandbox.world import World

OpenClient = Callable[[], AsyncIterator[Client]]


@pytest.fixture
def world() -> Iterator[World]:
    """A world without sockets: tests turn its crank."""
    yield World()


@pytest_asyncio.fixture(loop_scope="session")
async def sandbox() -> AsyncIterator[Sandbox]:
    """A sandbox that answers quickly."""
    running = Sandbox()
    await running.start()
    running.world.kept.faults.ack_ms = 10
    running.world.kept.faults.deliver_ms = 10
    running.world.kept.faults.read_ms = 10
    yield running
    await running.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def control(sandbox: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    """The control API."""
    async with httpx.AsyncClient(base_url=sandbox.url) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """One browser; every client gets a context of its own."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=browsers.SHELL, args=[*CHROMIUM_ARGS, *browsers.SHORT_LIVED]
        )
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def client(chromium: Browser, sandbox: Sandbox) -> AsyncIterator[Client]:
    """A fresh browser context with the page open, and wa-js not yet in it."""
    context = await chromium.new_context()
    yield Client(await context.new_page(), sandbox.url)
    await context.close()
