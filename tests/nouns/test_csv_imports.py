from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from msgspec import UNSET

from wabox.accounts.users import User
from wabox.contacts import stored as contacts
from wabox.contacts import suppression, writing
from wabox.contacts.lists import csv_files, imports, intake, layouts
from wabox.contacts.lists.columns import Columns
from wabox.contacts.lists.imports import Import
from wabox.contacts.stored import Consent
from wabox.db import Tx
from wabox.errors import Invalid, NotFound

SHEET = """Name,Mobile,Tag
রহিম,০১৭১১০০০০০১,vip
Bina,1711000002,
Spoilt,8.80171E+12,
,,
Again,+8801711000001,
Chen,01711000003,vip|eid
"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Where uploads lie."""
    return tmp_path / "imports"


def upload(tx: Tx, user: User, directory: Path, now: datetime, text: str = SHEET) -> Import:
    examined = csv_files.examine(text.encode())
    file = imports.keep(directory, examined.content)
    return imports.create(
        tx,
        user.id,
        name="shop.csv",
        file=file,
        examined=examined,
        layout=layouts.laid_out(examined, country="BD"),
        country="BD",
        now=now,
    )


def run(tx: Tx, found: Import, directory: Path, now: datetime, *, batch: int = 2) -> Import:
    """The whole import, in batches of two, each read by a reader of its own, as if the box had died after each."""
    imports.start(tx, found.user_id, found.id, now=now)
    for _ in range(100):
        found = imports.by_id(tx, found.id)
        if found.status != "running":
            return found
        with intake.Reading(directory, found, country="BD", now=now) as reading:
            assert intake.write(tx, reading.batch(found, batch), now=now)
    raise AssertionError


def counts(found: Import) -> tuple[int, int, int, int]:
    assert found.created + found.updated + found.unchanged + found.refused == found.done
    return found.created, found.updated, found.unchanged, found.refused


def names(tx: Tx, user: User) -> dict[str, str | None]:
    return {one.phone: one.name for one in contacts.page(tx, user.id, contacts.Wanted()).contacts}


@pytest.mark.parametrize("batch", [1, 2, 5, 500])
def test_a_file_goes_in_and_tells_what_became_of_each_row(
    batch: int, tx: Tx, asha: User, directory: Path, now: datetime
) -> None:
    writing.upsert(tx, asha.id, phone="8801711000003", name="Chen", custom="kept", tags=("old",), now=now)
    found = upload(tx, asha, directory, now)
    assert (found.columns, found.total, found.status) == (Columns(1, 0, None, 2), 5, "uploaded")
    found = run(tx, found, directory, now, batch=batch)
    assert (found.status, found.done, found.finished_at) == ("done", 5, now)
    assert counts(found) == (2, 1, 0, 2)
    assert names(tx, asha) == {"8801711000001": "রহিম", "8801711000002": "Bina", "8801711000003": "Chen"}
    chen = contacts.by_phone(tx, asha.id, "8801711000003")
    assert chen is not None
    assert (chen.tags, chen.custom) == (("old", "vip", "eid"), "kept")
    refused = imports.refusals(tx, asha.id, found.id)
    assert [(one.line, one.cells[0]) for one in refused] == [(4, "Spoilt"), (6, "Again")]
    assert "cut this number off" in refused[0].reason
    assert "in line 2" in refused[1].reason


def test_the_same_file_again_changes_nothing(tx: Tx, asha: User, directory: Path, now: datetime) -> None:
    run(tx, upload(tx, asha, directory, now), directory, now)
    before = tx.all("select * from contacts order by id"), tx.all("select * from contact_tags")
    again = run(tx, upload(tx, asha, directory, now), directory, now)
    assert counts(again) == (0, 0, 3, 2)
    assert [list(map(tuple, rows)) for rows in before] == [
        list(map(tuple, tx.all(sql)))
        for sql in ("select * from contacts order by id", "select * from contact_tags")
    ]


def test_an_import_never_takes_an_opt_out_back(tx: Tx, asha: User, directory: Path, now: datetime) -> None:
    suppression.opt_out(tx, asha.id, "8801711000001", source="word", word="STOP", now=now)
    run(tx, upload(tx, asha, directory, now), directory, now)
    contact = contacts.by_phone(tx, asha.id, "8801711000001")
    assert contact is not None
    assert contact.opted_out


def test_attested_consent_and_a_tag_are_given_to_everybody(
    tx: Tx, asha: User, directory: Path, now: datetime
) -> None:
    writing.upsert(tx, asha.id, phone="8801711000002", consent=Consent("order", now), now=now)
    found = upload(tx, asha, directory, now)
    assert found.columns is not None
    imports.choose(
        tx, asha.id, found.id, chosen=found.columns, header_row=1, tag=" Eid ", consent_by="asha@example.com"
    )
    run(tx, found, directory, now)
    page = contacts.page(tx, asha.id, contacts.Wanted(tag="eid"))
    assert page.total == 3
    consents = {one.phone[-1]: one.consent for one in page.contacts}
    assert consents["1"] == Consent("import_attested", now, "asha@example.com", "shop.csv")
    assert consents["2"] == Consent("order", now)


def test_a_wrong_guess_about_the_header_can_be_put_right(
    tx: Tx, asha: User, directory: Path, now: datetime
) -> None:
    found = upload(tx, asha, directory, now, "bad,first\n01711000001,Ali\n")
    assert (found.layout.has_header, found.total) == (True, 1)
    found = imports.choose(tx, asha.id, found.id, chosen=Columns(0, 1), header_row=None, tag=None, consent_by=None)
    found = run(tx, found, directory, now)
    assert (found.total, counts(found)) == (2, (1, 0, 0, 1))
    assert imports.refusals(tx, asha.id, found.id)[0].line == 1


def test_the_preview_says_what_would_become_of_the_first_rows(
    tx: Tx, asha: User, directory: Path, now: datetime
) -> None:
    writing.upsert(tx, asha.id, phone="8801711000002", name="Bina", now=now)
    writing.upsert(tx, asha.id, phone="8801711000003", name="Old name", now=now)
    suppression.opt_out(tx, asha.id, "8801711000003", source="owner", now=now)
    found = upload(tx, asha, directory, now)
    seen = intake.preview(tx, directory, found, country="BD", now=now)
    assert [(one.line, one.outcome, one.opted_out) for one in seen] == [
        (2, "created", False),
        (3, "unchanged", False),
        (4, "refused", False),
        (6, "refused", False),
        (7, "updated", True),
    ]
    assert seen[0].draft is not None
    assert (seen[0].draft.name, seen[0].draft.custom) == ("রহিম", UNSET)
    assert tx.value("select count(*) from import_refusals") == 0
    assert (
        len(
            intake.preview(
                tx, directory, upload(tx, asha, directory, now, "0171100000\n" * 50), country="BD", now=now
            )
        )
        == 20
    )


def test_a_batch_is_written_once(tx: Tx, asha: User, directory: Path, now: datetime) -> None:
    found = imports.start(tx, asha.id, upload(tx, asha, directory, now).id, now=now)
    with intake.Reading(directory, found, country="BD", now=now) as reading:
        batch = reading.batch(found, 2)
    assert intake.write(tx, batch, now=now)
    assert not intake.write(tx, batch, now=now)
    assert imports.by_id(tx, found.id).done == 2


def test_a_cancelled_import_takes_no_more_rows(tx: Tx, asha: User, directory: Path, now: datetime) -> None:
    found = imports.start(tx, asha.id, upload(tx, asha, directory, now).id, now=now)
    with intake.Reading(directory, found, country="BD", now=now) as reading:
        batch = reading.batch(found, 2)
        assert imports.cancel(tx, asha.id, found.id, now=now).status == "cancelled"
        assert not intake.write(tx, batch, now=now)
    assert names(tx, asha) == {}
    assert imports.cancel(tx, asha.id, found.id, now=now).status == "cancelled"
    with pytest.raises(Invalid, match="cancelled"):
        imports.start(tx, asha.id, found.id, now=now)
    assert imports.due(tx) == []


def test_an_import_without_a_phone_column_does_not_start(
    tx: Tx, asha: User, directory: Path, now: datetime
) -> None:
    found = upload(tx, asha, directory, now, "a,b\nx,y\n")
    assert found.columns is None
    with pytest.raises(Invalid, match="Choose the column"):
        imports.start(tx, asha.id, found.id, now=now)


def test_a_running_import_keeps_its_columns(tx: Tx, asha: User, directory: Path, now: datetime) -> None:
    found = imports.start(tx, asha.id, upload(tx, asha, directory, now).id, now=now)
    with pytest.raises(Invalid, match="runs already"):
        imports.choose(tx, asha.id, found.id, chosen=Columns(0), header_row=1, tag=None, consent_by=None)


def test_a_file_that_is_gone_is_said_so(tx: Tx, asha: User, directory: Path, now: datetime) -> None:
    found = replace(upload(tx, asha, directory, now), file="gone.csv")
    with pytest.raises(Invalid, match="gone; upload it again"):
        intake.Reading(directory, found, country="BD", now=now)


def test_refused_rows_come_as_a_safe_csv_with_reasons(tx: Tx, asha: User, directory: Path, now: datetime) -> None:
    found = run(tx, upload(tx, asha, directory, now, "Name,Phone\n=cmd(),12\nBina,01711000002\n"), directory, now)
    text = "".join(imports.refused_csv(found, iter([imports.refusals(tx, asha.id, found.id)])))
    assert text == (
        "\ufeffline,reason,Name,Phone\r\n2,A phone number has 7 to 15 digits; this one has 2.,'=cmd(),12\r\n"
    )
    assert imports.refusals(tx, asha.id, found.id, after=2) == []


def test_bilal_does_not_see_ashas_imports(tx: Tx, asha: User, bilal: User, directory: Path, now: datetime) -> None:
    found = run(tx, upload(tx, asha, directory, now), directory, now)
    assert imports.latest(tx, bilal.id) == []
    assert [one.id for one in imports.latest(tx, asha.id)] == [found.id]
    assert imports.refusals(tx, bilal.id, found.id) == []
    assert names(tx, bilal) == {}
    verbs: list[Callable[[], object]] = [
        lambda: imports.of_user(tx, bilal.id, found.id),
        lambda: imports.start(tx, bilal.id, found.id, now=now),
        lambda: imports.cancel(tx, bilal.id, found.id, now=now),
        lambda: imports.choose(tx, bilal.id, found.id, chosen=Columns(0), header_row=1, tag=None, consent_by=None),
    ]
    for verb in verbs:
        with pytest.raises(NotFound):
            verb()
