"""A file's row: whose it is, and what goes with a message that names it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cast import NOON, Stage, stage
from wabox import times
from wabox.db import Tx
from wabox.errors import NotFound
from wabox.media import stored
from wabox.whatsapp.driver import File

SHA = "ab" * 32


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Stage]:
    made = stage(tmp_path)
    yield made
    made.close()


def row(tx: Tx, user_id: int, sha256: str = SHA) -> int:
    return tx.insert(
        """insert into media (user_id, sha256, stored_sha256, kind, mime, filename, bytes, origin, created_at,
             last_used_at) values (:user_id, :sha, :sha, 'document', 'application/pdf', 'bill.pdf', 4, 'upload',
             :now, :now)""",
        user_id=user_id,
        sha=sha256,
        now=times.stored(NOON),
    )


def test_file_goes_with_a_message_while_its_bytes_are_there(shop: Stage, tmp_path: Path) -> None:
    media_id = shop.box.db.write_now(row, shop.asha.id)
    ask = shop.box.db.read_here
    assert ask(stored.file_of, tmp_path, None, None) is None
    with pytest.raises(NotFound):
        ask(stored.file_of, tmp_path, media_id, "document")
    path = stored.path_of(tmp_path, SHA)
    path.parent.mkdir()
    path.write_bytes(b"%PDF")
    assert ask(stored.file_of, tmp_path, media_id, "document") == File(
        path, "document", "application/pdf", "bill.pdf", 4
    )
    shop.box.db.write_now(lambda tx: tx.run("update media set removed_at = created_at"))
    with pytest.raises(NotFound):
        ask(stored.file_of, tmp_path, media_id, "document")
    assert ask(stored.named, [None, media_id, media_id])[media_id].filename == "bill.pdf"


def test_another_users_file_is_not_there(shop: Stage) -> None:
    media_id = shop.box.db.write_now(row, shop.asha.id)
    assert shop.box.db.read_here(stored.of_user, shop.asha.id, media_id).id == media_id
    for wrong in (shop.bilal.id, 999):
        with pytest.raises(NotFound):
            shop.box.db.read_here(stored.of_user, wrong, media_id)


def test_a_user_holds_the_same_bytes_once_and_two_users_each_their_own(shop: Stage) -> None:
    shop.box.db.write_now(row, shop.asha.id)
    shop.box.db.write_now(row, shop.bilal.id)
    with pytest.raises(sqlite3.IntegrityError):
        shop.box.db.write_now(row, shop.asha.id)
    shop.box.db.write_now(lambda tx: tx.run("update media set removed_at = created_at"))
    shop.box.db.write_now(row, shop.asha.id)


def test_hash_is_sixty_four_hex_digits(shop: Stage) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        shop.box.db.write_now(row, shop.asha.id, "../" + "a" * 61)
