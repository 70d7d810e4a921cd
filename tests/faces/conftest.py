"""asha's busy box, and tabs of the people who look at it."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import argon2
import pytest

from tests import webs
from tests.cast import Photo, Stage, photographed, restaged, stage
from tests.faces.scene import SECTIONS, Scene, dress
from tests.faces.tab import Tab
from tests.faces.work import Work, busy
from wabox.accounts import passwords

OpenTab = Callable[..., Tab]


@pytest.fixture(scope="module", autouse=True)
def weak_hashes() -> Iterator[None]:
    """Everybody logs in through the form, often: how strongly passwords are kept, the nouns prove."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", WEAK)
        yield


WEAK = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1, hash_len=32, salt_len=16)


@functools.cache
def _day(*, worked: bool) -> tuple[Photo, Scene]:
    """The day, and the work, played once in this process."""
    with tempfile.TemporaryDirectory() as place:
        made = stage(Path(place), **SECTIONS)
        scene = dress(made)
        if worked:
            scene.work = busy(made)
        photo = photographed(made, **SECTIONS)
        made.close()
    return photo, scene


@pytest.fixture
def scene(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Scene]:
    """The shop's busy day; with asha's work, if the test asks for it."""
    photo, played = _day(worked="work" in request.fixturenames)
    made = restaged(tmp_path, photo)
    work = played.work and replace(played.work, contacts=list(played.work.contacts))
    yield Scene(made, dict(played.ids), work)
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
    return scene.work or busy(shop)
