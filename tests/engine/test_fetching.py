"""Files that people send: wanted or not, fetched once, judged by their content, and what comes meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import PHONE, Engine, make
from tests.engine.test_pairs import OTHER, remove, shop_with_second_phone, write
from tests.files import opus, pdf
from tests.nouns.test_media_intake import left
from tests.pictures import drawn
from wabox import closing
from wabox.accounts.states import Actor
from wabox.config import Media
from wabox.contacts import inbox_files
from wabox.contacts.inbox_files import RESTS, Sent
from wabox.engine.fetching import Fetching
from wabox.errors import Invalid, NotFound
from wabox.media import keeping, stored
from wabox.messages import addressees
from wabox.whatsapp.driver import Attached, Downloaded, Inbound, SessionLost

BILL = pdf()
PAGE = b"<html><script>alert(1)</script></html>"
PROGRAM = b"MZ" + b"\x00" * 600
DOCUMENT = Attached("document", "application/pdf", "bill.pdf", len(BILL))


def comes(
    engine: Engine, content: bytes = BILL, attached: Attached = DOCUMENT, phone: str = PHONE, text: str = ""
) -> int:
    """A person sends a file; the id of its message in the inbox."""
    told = engine.driver.write(engine.stage.asha.device_id, phone, text, media=attached, content=content)
    return row_of(engine, told)


def row_of(engine: Engine, told: Inbound) -> int:
    found: int = engine.stage.box.db.read_here(
        lambda rows: rows.value("select id from inbox where wa_message_id = :id", id=told.message_id)
    )
    return found


def ask(engine: Engine, inbox_id: int, **settings: Any) -> Sent:
    found: Sent = write(engine, inbox_files.ask, engine.stage.asha.id, inbox_id, settings_of(engine, settings))
    return found


def settings_of(engine: Engine, changed: dict[str, Any]) -> Media:
    return Media(**changed) if changed else engine.stage.box.config.media


def fetch(engine: Engine) -> None:
    """What is due has its turn."""
    box = engine.stage.box
    for device_id in box.db.read_here(inbox_files.due, now=box.now()):
        Fetching(box, engine.driver).turn(device_id)


def show(engine: Engine, inbox_id: int) -> Sent:
    found = engine.stage.box.db.read_here(inbox_files.of_user, engine.stage.asha.id, inbox_id)
    return found.under(engine.stage.box.config.media)


def calls(engine: Engine, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], object]) -> list[int]:
    """Whenever a file is fetched this comes first; who fetched."""
    asked, whole = [], engine.driver.download

    def download(device_id: int, *args: Any) -> Any:
        asked.append(device_id)
        meanwhile()
        return whole(device_id, *args)

    monkeypatch.setattr(engine.driver, "download", download)
    return asked


def gone(engine: Engine) -> None:
    """The session is lost whenever a file is asked for."""
    raise SessionLost("away")


def test_a_file_waits_at_whatsapp_until_somebody_asks_and_is_then_kept_whole(engine: Engine) -> None:
    one = comes(engine, text="my bill")
    fetch(engine)
    waits = show(engine, one)
    assert (waits.state, waits.kind, waits.filename, waits.bytes, waits.media_id) == (
        "waiting",
        "document",
        "bill.pdf",
        len(BILL),
        None,
    )
    assert ask(engine, one).asked_at is not None
    fetch(engine)
    here = show(engine, one)
    assert (here.state, here.there, here.asked_at) == ("here", True, None)
    assert here.media_id is not None
    found = engine.stage.box.db.read_here(stored.of_user, engine.stage.asha.id, here.media_id)
    assert (found.origin, found.kind, found.mime, found.filename) == (
        "inbound",
        "document",
        "application/pdf",
        "bill.pdf",
    )
    assert stored.path_of(engine.stage.box.media, found.stored_sha256).read_bytes() == BILL
    assert left(engine.stage) == [found.stored_sha256]


@pytest.mark.parametrize(
    ("content", "claimed", "kind", "mime"),
    [
        (drawn("png"), Attached("document", "application/x-sh", "run.sh", 9), "image", "image/png"),
        (opus(), Attached("voice", "audio/ogg; codecs=opus", None, len(opus()), 2.0), "voice", "audio/ogg"),
    ],
)
def test_what_it_is_is_told_by_its_content(
    engine: Engine, content: bytes, claimed: Attached, kind: str, mime: str
) -> None:
    one = comes(engine, content, claimed)
    ask(engine, one)
    fetch(engine)
    media_id = show(engine, one).media_id
    assert media_id is not None
    found = engine.stage.box.db.read_here(stored.by_id, media_id)
    assert (found.kind, found.mime.partition(";")[0]) == (kind, mime)


@pytest.mark.parametrize(
    "content",
    [
        PROGRAM,
        b"<html><script>alert(1)</script></html>",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"#!/bin/sh",
    ],
    ids=["program", "page", "drawing", "script"],
)
def test_what_could_run_is_refused_and_nothing_of_it_is_left(engine: Engine, content: bytes) -> None:
    one = comes(engine, content, Attached("image", "image/png", None, len(content)))
    ask(engine, one)
    fetch(engine)
    assert (show(engine, one).state, show(engine, one).reason, left(engine.stage)) == ("refused", "bad_file", [])
    with pytest.raises(Invalid, match="does not keep"):
        ask(engine, one)


def test_what_whatsapp_has_no_more_says_so_and_may_be_asked_again(engine: Engine) -> None:
    one = comes(engine)
    engine.driver.people.files_expired = True
    ask(engine, one)
    fetch(engine)
    assert show(engine, one).state == "expired"
    engine.driver.people.files_expired = False
    ask(engine, one)
    fetch(engine)
    assert show(engine, one).state == "here"


def test_a_file_over_the_limit_is_not_fetched_whatever_it_claims(engine: Engine) -> None:
    one = comes(engine, attached=Attached("document", None, "film.pdf", 65 * 1024 * 1024))
    with pytest.raises(Invalid, match="larger"):
        ask(engine, one)
    liar = comes(engine, pdf() + b" " * 1_200_000, Attached("document", None, "small.pdf", 9))
    ask(engine, liar)
    small = engine.stage.box.config.media
    object.__setattr__(small, "max_megabytes", 1)
    fetch(engine)
    assert (show(engine, liar).state, left(engine.stage)) == ("too_large", [])


def test_a_box_that_fetches_nothing_says_so(engine: Engine) -> None:
    one = comes(engine)
    with pytest.raises(Invalid, match="not fetched on this box"):
        ask(engine, one, inbound="off")
    ask(engine, one)
    object.__setattr__(engine.stage.box.config.media, "inbound", "off")
    fetch(engine)
    found = show(engine, one)
    assert (found.state, found.asked_at) == ("waiting", None)


def test_nobody_asks_for_another_users_file(engine: Engine) -> None:
    one = comes(engine)
    with pytest.raises(NotFound):
        write(engine, inbox_files.ask, engine.stage.bilal.id, one, engine.stage.box.config.media)


def test_by_itself_only_what_is_small_comes_and_only_from_people_who_are_known(tmp_path: Path) -> None:
    engine = make(tmp_path, media={"inbound": "auto", "inbound_megabytes": 1})
    stranger = comes(engine, phone=OTHER)
    engine.send(PHONE)
    engine.turn()
    known = comes(engine, phone=PHONE)
    large = comes(engine, attached=Attached("document", None, "x.pdf", 2 * 1024 * 1024))
    fetch(engine)
    fetch(engine)
    assert [show(engine, one).state for one in (stranger, known, large)] == ["waiting", "here", "waiting"]
    engine.stage.close()


def test_by_itself_nothing_comes_when_files_fill_most_of_their_room(tmp_path: Path) -> None:
    engine = make(tmp_path, media={"inbound": "auto", "disk_megabytes": 2})
    engine.send(PHONE)
    engine.turn()
    first = comes(engine, pdf() + b" " * 900_000)
    fetch(engine)
    second = comes(engine, pdf("other"))
    fetch(engine)
    assert [show(engine, one).state for one in (first, second)] == ["here", "waiting"]
    assert show(engine, second).asked_at is None
    ask(engine, second)
    fetch(engine)
    assert show(engine, second).state == "here"
    engine.stage.close()


def test_a_file_that_no_room_can_be_made_for_has_failed_and_says_why(engine: Engine) -> None:
    one = comes(engine, pdf() + b" " * 1_200_000, Attached("document"))
    object.__setattr__(engine.stage.box.config.media, "disk_megabytes", 1)
    ask(engine, one)
    fetch(engine)
    found = show(engine, one)
    assert (found.state, found.reason, found.may_be_asked, left(engine.stage)) == (
        "failed",
        "media_full",
        True,
        [],
    )


def test_a_full_disk_asks_whatsapp_for_nothing(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wabox.media.store.LEFT_FREE", 1 << 60)
    asked = calls(engine, monkeypatch, lambda: None)
    one = comes(engine)
    ask(engine, one)
    fetch(engine)
    assert (show(engine, one).state, show(engine, one).reason, asked) == ("failed", "storage_full", [])


def test_a_session_that_is_lost_rests_longer_each_time_and_gives_up(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = comes(engine)
    ask(engine, one)
    asked = calls(engine, monkeypatch, lambda: gone(engine))
    for tries, rest in enumerate(RESTS, 1):
        fetch(engine)
        fetch(engine)
        assert (len(asked), show(engine, one).state) == (tries, "waiting")
        engine.stage.hands.at += rest
    fetch(engine)
    assert (show(engine, one).state, show(engine, one).reason, len(asked)) == ("failed", "no_answer", len(RESTS))
    monkeypatch.undo()
    ask(engine, one)
    fetch(engine)
    assert show(engine, one).state == "here"


def hangs(*_: object) -> Downloaded:
    return Downloaded("failed", None, "timeout")


def test_files_that_hang_have_failed_each_in_its_turn_and_the_next_one_comes(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging, good = [comes(engine, pdf(str(one))) for one in range(3)], comes(engine, pdf("good"))
    for one in (*hanging, good):
        ask(engine, one)
    monkeypatch.setattr(engine.driver, "download", hangs)
    for _ in hanging:
        fetch(engine)
    monkeypatch.undo()
    fetch(engine)
    assert [(show(engine, one).state, show(engine, one).reason) for one in hanging] == [
        ("failed", "no_answer")
    ] * 3
    assert show(engine, good).state == "here"
    ask(engine, hanging[0])
    fetch(engine)
    assert show(engine, hanging[0]).state == "here"


def test_what_nobody_asked_for_and_hangs_rests_and_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = make(tmp_path, media={"inbound": "auto"})
    engine.send(PHONE)
    engine.turn()
    one = comes(engine)
    monkeypatch.setattr(engine.driver, "download", hangs)
    fetch(engine)
    assert (show(engine, one).state, show(engine, one).reason) == ("waiting", "no_answer")
    monkeypatch.undo()
    engine.stage.hands.at += RESTS[0]
    fetch(engine)
    assert show(engine, one).state == "here"
    engine.stage.close()


def test_a_file_that_fails_in_an_unforeseen_way_holds_up_no_other(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = comes(engine, pdf("first")), comes(engine, pdf("second"))
    for one in (first, second):
        ask(engine, one)

    def breaks() -> None:
        raise ValueError("poisoned")

    calls(engine, monkeypatch, breaks)
    with pytest.raises(ValueError, match="poisoned"):
        fetch(engine)
    monkeypatch.undo()
    fetch(engine)
    assert [show(engine, one).state for one in (first, second)] == ["waiting", "here"]


def test_a_restart_in_mid_download_fetches_it_once_more_and_keeps_it_once(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = comes(engine)
    ask(engine, one)

    def die() -> None:
        raise KeyboardInterrupt

    calls(engine, monkeypatch, die)
    with pytest.raises(KeyboardInterrupt):
        fetch(engine)
    monkeypatch.undo()
    fetch(engine)
    assert show(engine, one).state == "waiting"
    engine.stage.hands.forward(minutes=1)
    fetch(engine)
    assert (show(engine, one).state, len(left(engine.stage))) == ("here", 1)


def test_a_file_that_ends_the_process_each_time_is_given_up(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = comes(engine)
    ask(engine, one)

    def die() -> None:
        raise KeyboardInterrupt

    asked = calls(engine, monkeypatch, die)
    for _ in range(len(RESTS)):
        with pytest.raises(KeyboardInterrupt):
            fetch(engine)
        engine.stage.hands.forward(hours=2)
    fetch(engine)
    fetch(engine)
    assert (show(engine, one).state, len(asked)) == ("failed", len(RESTS))


def test_nothing_is_fetched_while_a_message_is_being_handed_over(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = comes(engine)
    ask(engine, one)
    asked = calls(engine, monkeypatch, lambda: None)
    engine.driver.plan("stuck")
    engine.send(OTHER)
    engine.turn()
    fetch(engine)
    assert asked == []
    engine.stage.hands.forward(seconds=61)
    engine.turn()
    fetch(engine)
    assert (len(asked), show(engine, one).state) == (1, "here")


def test_a_message_goes_while_a_file_is_being_fetched(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    one, job = comes(engine), engine.send(OTHER)
    ask(engine, one)
    calls(engine, monkeypatch, engine.turn)
    fetch(engine)
    assert (engine.status(job), show(engine, one).state) == ("sent", "here")


def erased(engine: Engine) -> None:
    write(engine, addressees.erase, engine.stage.asha.id, PHONE, addressees.Traces())


def test_a_person_who_is_erased_while_their_file_comes_leaves_nothing(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = comes(engine)
    ask(engine, one)
    calls(engine, monkeypatch, lambda: erased(engine))
    fetch(engine)
    assert left(engine.stage) == []
    with pytest.raises(NotFound):
        show(engine, one)


def test_who_is_erased_takes_along_what_only_they_sent(engine: Engine) -> None:
    mine, both = comes(engine, pdf("mine")), comes(engine, pdf("both"))
    theirs = comes(engine, pdf("both"), phone=OTHER)
    for one in (mine, both, theirs):
        ask(engine, one)
        fetch(engine)
    assert len(left(engine.stage)) == 2
    erased(engine)
    assert [row.filename for row in engine.stage.box.db.read_here(stored.page, engine.stage.asha.id).files] == [
        "bill.pdf"
    ]
    assert show(engine, theirs).there


def test_the_file_of_a_phone_that_is_away_waits(engine: Engine) -> None:
    one = comes(engine)
    ask(engine, one)
    engine.driver.close(engine.stage.asha.device_id)
    fetch(engine)
    assert show(engine, one).state == "waiting"
    engine.link()
    engine.stage.hands.forward(minutes=1)
    fetch(engine)
    assert show(engine, one).state == "here"


def test_a_removed_phone_asks_whatsapp_for_nothing_and_its_files_are_refused(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = shop_with_second_phone(engine)
    one, other = (row_of(engine, engine.driver.write(second, PHONE, "", media=DOCUMENT)) for _ in range(2))
    ask(engine, one)
    asked = calls(engine, monkeypatch, lambda: None)
    remove(engine, second)
    fetch(engine)
    assert asked == []
    with pytest.raises(Invalid, match="not in this box"):
        ask(engine, other)


def test_a_file_past_its_days_goes_and_its_message_says_that_it_may_be_asked_for(engine: Engine) -> None:
    one = comes(engine)
    ask(engine, one)
    fetch(engine)
    engine.stage.hands.forward(days=91)
    now = engine.stage.hands.now()
    write(engine, keeping.expire, unused_since=now - timedelta(days=90))
    engine.stage.box.db.write_now(keeping.forget, now=engine.stage.hands.now())
    found = show(engine, one)
    assert (found.state, found.there, found.may_be_asked, found.media_id is not None) == (
        "here",
        False,
        True,
        True,
    )
    ask(engine, one)
    fetch(engine)
    assert show(engine, one).there


def test_a_closed_account_leaves_no_file_that_people_sent(engine: Engine) -> None:
    one = comes(engine)
    ask(engine, one)
    fetch(engine)
    db = engine.stage.box.db
    db.write_now(lambda tx: tx.run("update inbox_files set user_id = :b", b=engine.stage.bilal.id))
    db.write_now(lambda tx: tx.run("update inbox set user_id = :b", b=engine.stage.bilal.id))
    db.write_now(lambda tx: tx.run("update media set user_id = :b", b=engine.stage.bilal.id))
    now = engine.stage.hands.now()
    db.write_now(closing.close, engine.stage.bilal.id, by=Actor(engine.stage.asha.id, None), now=now)
    while db.write_now(closing.forget, engine.stage.bilal.id, now=now, most=2):
        pass
    count = "select (select count(*) from inbox_files) + (select count(*) from media)"
    assert db.read_here(lambda rows: rows.value(count)) == 0


def test_a_message_told_again_changes_nothing(engine: Engine) -> None:
    told = engine.driver.write(engine.stage.asha.device_id, PHONE, "", media=DOCUMENT, content=BILL)
    one = row_of(engine, told)
    ask(engine, one)
    fetch(engine)
    engine.driver._deliver(told)
    assert show(engine, one).state == "here"
