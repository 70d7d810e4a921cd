"""An emoji to a message: how ours waits and ends, what theirs does, and that neither is ever words."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.conftest import PHONE, SHOP, Engine
from tests.engine.test_revoking import due, erases, links_other_number, removes_phone, sent, write
from wabox.contacts import suppression
from wabox.db import Tx
from wabox.engine.housekeeping import Housekeeping
from wabox.errors import Invalid, NotFound
from wabox.messages import reacting, revoking
from wabox.messages.reacting import Kind, Put
from wabox.webhooks import endpoints
from wabox.webhooks.targets import Allow
from wabox.whatsapp.driver import Reaction
from wabox.whatsapp.fake import FakeDriver


def ask(engine: Engine, number: int, emoji: str | None, kind: Kind = "message") -> Put:
    found = write(engine, reacting.ask, engine.stage.asha.id, kind, number, emoji)
    assert isinstance(found, Put)
    return found


def put(engine: Engine, number: int, kind: Kind = "message") -> Put:
    return engine.stage.box.db.read_here(reacting.of_user, engine.stage.asha.id, kind, number)


def heard(engine: Engine, text: str = "Are you open?") -> tuple[int, str]:
    """A person has written; which row it is, and under which id."""
    event = engine.driver.write(engine.stage.asha.device_id, PHONE, text)
    return int(engine.stage.value("select max(id) from inbox")), event.message_id


def test_ours_goes_beside_the_line_and_the_same_twice_is_one(engine: Engine) -> None:
    job_id = sent(engine)
    assert not due(engine)
    assert ask(engine, job_id, "👍") == Put("👍", waiting=True)
    assert due(engine)  # though the gap after the message is not over
    engine.turn()
    assert put(engine, job_id) == Put("👍")
    assert engine.driver.put.emoji == {engine.message(job_id).wa_message_id: "👍"}
    assert ask(engine, job_id, "👍") == Put("👍")
    assert not due(engine)
    ask(engine, job_id, None)
    engine.turn()
    assert put(engine, job_id) == Put()
    assert engine.driver.put.emoji == {engine.message(job_id).wa_message_id: ""}
    assert engine.status(job_id) == "sent"


def test_nobody_reacts_to_what_is_deleted_for_everyone(engine: Engine) -> None:
    job_id = sent(engine)
    ask(engine, job_id, "👍")
    write(engine, revoking.ask, engine.stage.asha.id, job_id)
    with pytest.raises(Invalid, match="deleted for everyone"):
        ask(engine, job_id, "🙏")
    engine.turn()
    assert engine.message(job_id).revoked_at is not None
    engine.turn()
    assert put(engine, job_id) == Put("👍", error="revoked")
    assert engine.driver.put.emoji == {}


def test_ours_goes_to_what_a_person_wrote(engine: Engine) -> None:
    number, message_id = heard(engine)
    ask(engine, number, "🙏", "inbox")
    engine.turn()
    assert put(engine, number, "inbox") == Put("🙏")
    assert engine.driver.put.emoji == {message_id: "🙏"}


def test_the_last_wish_counts_also_while_one_is_on_its_way(engine: Engine) -> None:
    job_id = sent(engine)
    ask(engine, job_id, "👍")
    wish = engine.stage.box.db.read_here(reacting.due, engine.stage.asha.device_id, now=engine.stage.hands.now())
    assert wish is not None
    ask(engine, job_id, "❤️")
    assert not engine.stage.box.db.write_now(reacting.done, wish)
    engine.turn()
    assert put(engine, job_id) == Put("❤️")


@pytest.mark.parametrize(
    "emoji",
    ["👍", "❤️", "❤", "👍🏽", "👨‍👩‍👧", "🇧🇩", "1️⃣", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "☺️", "🥹"],
)
def test_one_emoji_is_one(engine: Engine, emoji: str) -> None:
    assert ask(engine, sent(engine), emoji).ours == emoji


@pytest.mark.parametrize("emoji", ["", "STOP", "ok", "👍👍", "👍 ", " ", "1", "\u200d", "<b>", "বন্ধ", "👍\u0000"])
def test_what_is_none_is_refused_and_changes_nothing(engine: Engine, emoji: str) -> None:
    job_id = sent(engine)
    with pytest.raises(Invalid) as refused:
        ask(engine, job_id, emoji)
    assert refused.value.code == "bad_emoji"
    assert put(engine, job_id) == Put()


BEFORE: list[tuple[Callable[[Engine, int], None], str]] = [
    (erases, "person_erased"),
    (removes_phone, "device_removed"),
    (links_other_number, "other_number"),
]


@pytest.mark.parametrize(("against", "code"), BEFORE, ids=[code for _, code in BEFORE])
def test_what_cannot_be_reacted_to_says_why(
    engine: Engine, against: Callable[[Engine, int], None], code: str
) -> None:
    job_id = sent(engine)
    against(engine, job_id)
    with pytest.raises(Invalid) as refused:
        ask(engine, job_id, "👍")
    assert (refused.value.code, refused.value.sentence) == (code, reacting.said(code))


@pytest.mark.parametrize(("meanwhile", "code"), BEFORE[1:], ids=[code for _, code in BEFORE[1:]])
def test_what_comes_between_ends_it_by_name(
    engine: Engine, meanwhile: Callable[[Engine, int], None], code: str
) -> None:
    job_id = sent(engine)
    ask(engine, job_id, "👍")
    meanwhile(engine, job_id)
    engine.turn()
    assert put(engine, job_id) == Put("👍", error=code)
    assert engine.driver.put.emoji == {}


def test_an_erased_person_leaves_no_emoji(engine: Engine) -> None:
    job_id = sent(engine)
    heard(engine)
    ask(engine, job_id, "👍")
    erases(engine, job_id)
    assert engine.stage.value("select count(*) from reactions") == 0
    engine.turn()
    assert engine.driver.put.emoji == {}


def test_only_what_arrived_can_be_reacted_to(engine: Engine) -> None:
    with pytest.raises(Invalid) as refused:
        ask(engine, engine.send(), "👍")
    assert refused.value.code == "wrong_state"


def test_bilal_reacts_to_nothing_of_ashas(engine: Engine) -> None:
    job_id, (number, _) = sent(engine), heard(engine)
    kinds: list[tuple[Kind, int]] = [("message", job_id), ("inbox", number)]
    for kind, one in kinds:
        with pytest.raises(NotFound):
            write(engine, reacting.ask, engine.stage.bilal.id, kind, one, "👍")
    assert engine.stage.value("select count(*) from reactions") == 0


@pytest.mark.parametrize("outcome", ["failed", "lost_answer", "session_lost"])
def test_without_an_answer_it_is_tried_with_growing_rests_and_then_given_up(engine: Engine, outcome: Any) -> None:
    job_id = sent(engine)
    ask(engine, job_id, "👍")
    engine.driver.put.ends.extend([outcome] * reacting.MOST_TRIES)
    for _ in range(100):
        engine.turn()
        engine.stage.hands.forward(seconds=15)
    assert put(engine, job_id) == Put("👍", error="no_answer")
    assert not engine.driver.put.ends
    assert ask(engine, job_id, "👍").waiting
    engine.turn()
    assert put(engine, job_id) == Put("👍")


async def test_a_phone_that_is_away_is_waited_for_a_day_and_no_longer(engine: Engine) -> None:
    job_id = sent(engine)
    engine.driver.show(engine.stage.asha.device_id, "starting", "reconnecting")
    ask(engine, job_id, "👍")
    engine.turn()
    engine.stage.hands.forward(hours=23)
    await Housekeeping(engine.stage.box).tick()
    assert put(engine, job_id).waiting
    engine.stage.hands.forward(hours=1)
    await Housekeeping(engine.stage.box).tick()
    assert put(engine, job_id) == Put("👍", error="no_answer")


def test_a_kill_in_the_middle_puts_it_again_and_that_does_no_harm(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = sent(engine)
    ask(engine, job_id, "👍")
    real = FakeDriver.react

    def killed(driver: FakeDriver, *asked: Any, **more: Any) -> None:
        real(driver, *asked, **more)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(FakeDriver, "react", killed)
        with pytest.raises(KeyboardInterrupt):
            engine.turn()
    engine.restarted()
    assert put(engine, job_id).waiting
    engine.stage.hands.forward(seconds=15)
    engine.turn()
    assert put(engine, job_id) == Put("👍")


def listens(engine: Engine) -> None:
    write(
        engine,
        endpoints.put,
        engine.stage.asha.id,
        url="https://shop.example/wa",
        events=["message.reaction", "message.received"],
        allow=Allow(),
        seal=engine.stage.box.seal,
    )


def owed(engine: Engine) -> list[dict[str, Any]]:
    rows = engine.stage.box.db.read_here(lambda rows: rows.all("select payload from deliveries order by id"))
    return [json.loads(row["payload"]) for row in rows]


def test_theirs_stands_at_the_message_and_is_told_once(engine: Engine) -> None:
    listens(engine)
    job_id = sent(engine)
    message = engine.message(job_id)
    chat, wa_id = message.wa_chat_id or "", message.wa_message_id or ""
    device_id = engine.stage.asha.device_id
    for emoji in ("👍", "👍", "❤️", ""):
        engine.driver.person_reacts(device_id, wa_id, chat, emoji, own=True)
    assert put(engine, job_id) == Put()
    told = owed(engine)
    assert [(one["event"], one["job_id"], one["emoji"]) for one in told] == [
        ("message.reaction", job_id, emoji) for emoji in ("👍", "❤️", None)
    ]
    assert told[0]["phone"] == PHONE
    engine.driver.person_reacts(device_id, "3EB0NOBODYKNOWS", chat, "👍", own=True)
    assert len(owed(engine)) == 3


def test_theirs_to_their_own_words_is_told_of_those(engine: Engine) -> None:
    listens(engine)
    number, message_id = heard(engine)
    engine.driver.person_reacts(engine.stage.asha.device_id, message_id, f"{PHONE}@c.us", "😂", own=False)
    assert put(engine, number, "inbox") == Put(theirs="😂")
    assert (owed(engine)[-1]["job_id"], owed(engine)[-1]["message_id"]) == (None, number)


def test_no_emoji_is_ever_stop_nor_a_message(engine: Engine) -> None:
    job_id = sent(engine)
    message = engine.message(job_id)
    for words in ("STOP", "বন্ধ", "🛑", "UNSUBSCRIBE"):
        engine.driver.person_reacts(
            engine.stage.asha.device_id, message.wa_message_id or "", message.wa_chat_id or "", words, own=True
        )
    assert not engine.stage.box.db.read_here(suppression.is_out, engine.stage.asha.id, PHONE)
    assert engine.stage.value("select count(*) from inbox") == 0
    assert put(engine, job_id).theirs == "UNSUBSCRIBE"


def test_another_users_page_changes_nothing_of_ashas(engine: Engine) -> None:
    job_id = sent(engine)
    message = engine.message(job_id)

    def of_bilal(tx: Tx) -> None:
        told = Reaction(
            engine.stage.bilal.device_id,
            1,
            message.wa_message_id or "",
            message.wa_chat_id or "",
            own=True,
            by_us=False,
            emoji="👍",
        )
        assert not reacting.hear(tx, told, now=engine.stage.hands.now())

    engine.stage.box.db.write_now(of_bilal)
    assert put(engine, job_id) == Put()


def test_the_phones_own_emoji_is_shown_and_leaves_a_wish_alone(engine: Engine) -> None:
    job_id = sent(engine)
    message = engine.message(job_id)

    def there(emoji: str) -> None:
        told = Reaction(
            engine.stage.asha.device_id,
            1,
            message.wa_message_id or "",
            message.wa_chat_id or "",
            own=True,
            by_us=True,
            emoji=emoji,
        )
        write(engine, reacting.hear, told)

    there("😮")
    assert put(engine, job_id) == Put("😮")
    ask(engine, job_id, "👍")
    there("😢")
    assert put(engine, job_id) == Put("👍", waiting=True)
    assert engine.message(job_id).account == SHOP
