"""What the doctor says of wa-js: what is missing by its name, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import wajs_packages as made
from tests.cast import Stage, stage
from wabox import datadir
from wabox.checkup import engines
from wabox.checkup.findings import Finding
from wabox.renewal import archive, store, stored, switching
from wabox.whatsapp import wajs
from wabox.whatsapp.driver import Checkup


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Stage]:
    found = stage(tmp_path)
    yield found
    found.close()


def said(shop: Stage) -> Finding:
    return shop.box.db.read_here(engines.finding, datadir.DataDir(shop.box.config.data.dir))


def given(shop: Stage) -> stored.Installed:
    """The phone of asha has another wa-js."""
    now = shop.hands.now()
    package = archive.read(made.package("4.7.0", b'/*! wppconnect-team/wa-js v4.7.0 */ t.version="4.7.0";'))
    store.keep(shop.box.config.data.dir / "engine", package)
    added = shop.box.db.write_now(switching.add, package, "x.tgz", now=now)
    shop.box.db.write_now(switching.begin_trial, now=now)
    shop.box.db.write_now(switching.passed, added.id, [], now=now)
    phone = shop.box.db.read_here(stored.phone, shop.asha.device_id)
    assert phone is not None
    assert shop.box.db.write_now(switching.move, phone, added.id, now=now)
    return added


def test_all_is_well_with_the_one_of_wabox_and_with_another(shop: Stage) -> None:
    assert (said(shop).level, said(shop).says) == ("ok", f"The phones have wa-js {wajs.VERSION}.")
    given(shop)
    assert (said(shop).level, said(shop).says) == ("ok", "The phones have wa-js 4.7.0.")


def test_what_is_missing_is_named_with_the_cure(shop: Stage) -> None:
    page = Checkup(wajs_version="4.6.0", missing=("Cmd", "createWid"))
    shop.box.db.write_now(switching.saw, shop.asha.device_id, page, now=shop.hands.now())
    shop.box.db.write_now(
        lambda tx: tx.run(
            "update devices set state = 'disconnected', detail = 'engine_incompatible' where id = :id",
            id=shop.asha.device_id,
        )
    )
    assert said(shop).level == "bad"
    assert "lack Cmd, createWid." in said(shop).says
    assert "wabox engine install" in said(shop).cure


def test_a_file_that_was_altered_and_an_engine_that_was_taken_back_are_said(shop: Stage) -> None:
    added = given(shop)
    phone = shop.box.db.read_here(stored.phone, shop.asha.device_id)
    assert phone is not None
    path = store.engine_of(shop.box.config.data.dir / "engine", added.wajs).path
    path.chmod(0o600)
    path.write_bytes(b"altered")
    assert (said(shop).level, "4.7.0" in said(shop).says) == ("bad", True)
    shop.box.db.write_now(switching.lost, phone, now=shop.hands.now())
    assert (said(shop).level, "taken back" in said(shop).says) == ("warning", True)
