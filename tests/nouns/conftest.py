"""The cast: asha owns the box, bilal is another user on it, chen is a stranger."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests import fresh
from wabox.accounts import users
from wabox.accounts.users import User
from wabox.contacts import suppression
from wabox.db import Tx, connect

NOON = datetime(2025, 11, 3, 12, 0, tzinfo=UTC)


@pytest.fixture
def tx(tmp_path: Path) -> Iterator[Tx]:
    """A verb's transaction on an empty, migrated database; never committed."""
    fresh.database(tmp_path / "wabox.db")
    connection = connect(tmp_path / "wabox.db", functions={"phone_hash": suppression.hasher(b"k" * 32)})
    connection.execute("begin immediate")
    yield Tx(connection)
    connection.close()


@pytest.fixture
def now() -> datetime:
    """Monday noon, UTC."""
    return NOON


@pytest.fixture
def asha(tx: Tx, now: datetime) -> User:
    """The owner."""
    return users.create(tx, email="asha@example.com", password_hash="x", role="owner", now=now)


@pytest.fixture
def bilal(tx: Tx, asha: User, now: datetime) -> User:
    """Another user of asha's box."""
    return users.create(tx, email="bilal@example.com", password_hash="x", now=now)
