"""asha's busy box, and tabs of the people who look at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import webs
from tests.cast import Stage, stage
from tests.faces.scene import SECTIONS, Scene, dress
from tests.faces.tab import Tab
from tests.faces.work import Work, busy

OpenTab = Callable[..., Tab]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """The shop's busy day."""
    made = stage(tmp_path, **SECTIONS)
    yield dress(made)
    made.close()


@pytest.fixture
def shop(scene: Scene) -> Stage:
    """The box of the scene."""
    return scene.stage


@pytest.fixture
def open_tab(shop: Stage) -> Iterator[OpenTab]:
    """A new tab: for a stranger, or logged in with this address."""
    with webs.client(shop.box) as client:

        def made(email: str | None = None, *, base: str = "http://testserver.local") -> Tab:
            return Tab(client, email, base)

        yield made


@pytest.fixture
def asha(open_tab: OpenTab) -> Tab:
    """The owner's tab."""
    return open_tab("asha@example.com")


@pytest.fixture
def bilal(open_tab: OpenTab) -> Tab:
    """The other user's tab."""
    return open_tab("bilal@example.com")


@pytest.fixture
def chen(open_tab: OpenTab) -> Tab:
    """A stranger's tab."""
    return open_tab()


@pytest.fixture
def work(scene: Scene, shop: Stage) -> Work:
    """asha's people, campaigns and talks, besides the busy day."""
    return busy(shop)
