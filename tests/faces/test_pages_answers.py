"""An account's own answers to STOP and START, and its further words for STOP: set, heard, and nobody else's."""

from __future__ import annotations

import pytest

from tests.cast import Stage
from tests.faces.tab import Tab, words
from wabox.campaigns import own_words, replies
from wabox.campaigns.own_words import OwnWords
from wabox.contacts import suppression
from wabox.content import rules as content
from wabox.content.rules import Actor, Draft
from wabox.db import Rows
from wabox.devices import stored as devices
from wabox.whatsapp.driver import Inbound

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

PAGE, PERSON = "/settings/answers", "8801711555001"


def hear(shop: Stage, text: str, device_id: int | None = None) -> str | None:
    """What the box makes of a message of this person's."""
    shop.hands.forward(seconds=30)
    device, now = shop.device(device_id), shop.hands.now()
    number = int(now.timestamp())
    event = Inbound(device.id, device.session, f"in-{number}", f"{PERSON}@c.us", PERSON, None, text, "chat", now)
    return shop.box.db.write_now(replies.hear, event, now=now).verdict


def answers(shop: Stage, user_id: int) -> list[str]:
    ask = "select text from messages where user_id = :id and phone = :phone and is_system = 1 order by id"
    return [
        str(row["text"]) for row in shop.box.db.read_here(lambda rows: rows.all(ask, id=user_id, phone=PERSON))
    ]


def test_waboxs_own_answers_name_the_shop_unless_a_rule_of_the_box_minds(shop: Stage, asha: Tab) -> None:
    asha.post("/settings/shop", {"name": "100% Casino"})
    assert "Empty: You will get no more messages from 100% Casino." in words(asha.get("/settings").text)
    hear(shop, "STOP")
    hear(shop, "START")
    draft = Draft("word", "casino", "refuse", "No gambling here.")
    shop.box.db.write_now(content.switch, enabled=True)
    shop.box.db.write_now(content.add, draft, by=Actor(shop.asha.id, None), now=shop.hands.now())
    hear(shop, "STOP")
    assert answers(shop, shop.asha.id) == [
        "You will get no more messages from 100% Casino. Write START to get them again.",
        "You will get messages from 100% Casino again. Write STOP to end them.",
        replies.CONFIRMATIONS["opt_out"],
    ]


def own(shop: Stage) -> OwnWords:
    return shop.box.db.read_here(own_words.of_user, shop.asha.id)


def test_own_words_opt_out_and_own_answers_go_letter_for_letter(shop: Stage, asha: Tab) -> None:
    assert hear(shop, "Bas!") is None
    texts = {"opt_out": "No more {from} us. \\o/", "opt_in": "Back again", "words": "Bas\nআর চাই না\nSTOP\n\n"}
    asha.post(PAGE, texts)
    assert own(shop) == OwnWords(("bas", "আর চাই না"), "No more {from} us. \\o/", "Back again")
    assert hear(shop, " BAS! ") == "opt_out"
    assert shop.box.db.read_here(suppression.is_out, shop.asha.id, PERSON)
    assert hear(shop, "start") == "opt_in"
    assert hear(shop, "bas, we come tomorrow") is None
    assert hear(shop, "bas?") == "near_miss"
    assert hear(shop, "STOP") == "opt_out"
    assert answers(shop, shop.asha.id) == ["No more {from} us. \\o/", "Back again", "No more {from} us. \\o/"]
    assert "No more {from} us." in words(asha.get("/settings").text)


def test_blank_is_wabox_own_again_and_speaks_the_persons_language(shop: Stage, asha: Tab) -> None:
    asha.post(PAGE, {"opt_out": "Ours", "words": "bas"})
    asha.post(PAGE, {})
    assert own(shop) == OwnWords()
    assert (hear(shop, "bas"), hear(shop, "বন্ধ করুন")) == (None, "opt_out")
    assert "START" in answers(shop, shop.asha.id)[-1]
    assert shop.value("select count(*) from audit where action = 'answers.changed'") == 2


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"words": "start"}, "lets people in again"),
        ({"words": "!!!"}, "A word has letters or digits"),
        ({"words": "one two three four five six seven"}, "A word has letters or digits"),
        ({"words": "x" * 41}, "A word has letters or digits"),
        ({"words": "\n".join(f"word{n}x" for n in range(21))}, "at most 20 words"),
        ({"opt_out": "x" * 501}, "at most 500 characters"),
    ],
)
def test_what_is_refused_stays_typed_and_changes_nothing(
    shop: Stage, asha: Tab, typed: dict[str, str], says: str
) -> None:
    answer = asha.post(PAGE, typed)
    assert (answer.status_code, says in words(answer.text)) == (422, True)
    assert next(iter(typed.values())).split("\n")[0] in answer.text
    assert own(shop) == OwnWords()


def test_another_users_words_and_answers_are_not_ones_own(shop: Stage, asha: Tab, bilal: Tab) -> None:
    asha.post(PAGE, {"words": "bas", "opt_out": "Of asha"})
    assert "Of asha" not in bilal.get(PAGE).text
    assert hear(shop, "bas", shop.bilal.device_id) is None
    assert hear(shop, "stop", shop.bilal.device_id) == "opt_out"
    assert "Of asha" not in answers(shop, shop.bilal.id)[0]


def test_a_deleted_phone_or_a_second_one_answers_alike(shop: Stage, asha: Tab) -> None:
    """They are the account's, whatever phone hears it."""
    asha.post(PAGE, {"opt_out": "Of asha", "words": "bas"})

    def second(rows: Rows) -> int:
        found = [one.id for one in devices.list_of(rows, shop.asha.id) if one.id != shop.asha.device_id]
        return found[0]

    assert hear(shop, "bas", shop.box.db.read_here(second)) == "opt_out"
    assert answers(shop, shop.asha.id) == ["Of asha"]
