"""The order of files loses no test and tears no file apart."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import pytest

from tests import order, weight
from tests.some import some


def test_every_test_is_in_it_once_and_a_file_stays_together(request: pytest.FixtureRequest) -> None:
    items: Sequence[pytest.Item] = request.session.items
    shuffled = sorted(items, key=lambda item: item.name)
    found = order.mixed(shuffled)
    assert sorted(map(id, found)) == sorted(map(id, items))
    files = [path for path, _ in groupby(found, key=lambda item: item.path)]
    assert len(files) == len(set(files))
    for path in some(files):
        own = [item for item in found if item.path == path]
        assert own == [item for item in shuffled if item.path == path]


def test_what_takes_longest_is_there_and_begins_first() -> None:
    for name in some(order.LONGEST):
        assert (weight.TESTS / name).exists(), name


def test_files_that_share_something_follow_each_other(request: pytest.FixtureRequest) -> None:
    found = [order.scope(item.nodeid) for item in order.mixed(request.session.items)]
    scopes = [one for one, _ in groupby(found)]
    assert len(scopes) == len(set(scopes))
    for starts in some(order.TOGETHER):
        assert len({order.scope(f"tests/{name}.py") for name in starts}) == 1
        assert all(any(name.startswith(one) for name in order.LONGEST) for one in starts)
