"""Votes and notices: who is told what, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.client import ASHA, SHOP
from tests.sandbox.test_linking import NOW, heard, link
from wabox.errors import Invalid
from wabox.sandbox import mail, unwritten, view
from wabox.sandbox.unwritten import Notice
from wabox.sandbox.world import World


def told(world: World) -> list[dict[str, Any]]:
    return [each["event"] for each in heard(world, "p") if each["op"] == "event"]


def ask(world: World, *, many: bool) -> str:
    """The shop sends asha a poll. Its id."""
    poll = {"name": "When?", "options": ["Today", "Later"], "selectable": 0 if many else 1}
    sent = {"id": f"3EB0{1:018X}", "to": {"user": ASHA, "server": "c.us"}, "type": "poll_creation", "poll": poll}
    mail.hand_over(world, world.pages["p"], sent, lambda _answer: None, NOW)
    told(world)
    return f"3EB0{1:018X}"


def test_a_notice_is_told_to_the_device_and_is_nobodys_message(world: World) -> None:
    link(world)
    unwritten.notice(world, SHOP, Notice("pinned_message", sender=ASHA, text="STOP"), NOW)
    unwritten.notice(world, SHOP, Notice("chat", "whatsapp", text="Welcome"), NOW)
    pin, welcome = told(world)
    assert (pin["type"], pin["chat"], pin["phone"], pin["text"]) == ("pinned_message", None, ASHA, "STOP")
    assert (welcome["type"], welcome["chat"], "phone" in welcome) == ("chat", "0@c.us", False)
    assert view.messages(world, to=SHOP, sender=None, after=None) == []
    assert (SHOP, ASHA) not in world.tokens


@pytest.mark.parametrize(
    ("notice", "code"),
    [
        (Notice("chat", sender=ASHA), "written_by_people"),
        (Notice("Pinned", sender=ASHA), "invalid_kind"),
        (Notice("call_log"), "invalid_body"),
        (Notice("chat", "group"), "invalid_body"),
    ],
)
def test_a_notice_that_people_write_or_that_is_about_nobody_is_refused(
    world: World, notice: Notice, code: str
) -> None:
    link(world)
    with pytest.raises(Invalid) as refused:
        unwritten.notice(world, SHOP, notice, NOW)
    assert refused.value.code == code
    assert told(world) == []


@pytest.mark.parametrize(
    ("many", "options", "places"),
    [
        (False, ["Later"], [1]),
        (True, ["Later", "Today"], [0, 1]),
        (False, [], []),
        (False, ["Later", "Today"], None),
        (True, ["Never"], None),
        (True, ["Today", "Today"], None),
    ],
)
def test_a_vote_is_of_the_polls_own_options(
    world: World,
    many: bool,  # noqa: FBT001
    options: list[str],
    places: list[int] | None,
) -> None:
    link(world)
    poll = ask(world, many=many)
    if places is None:
        with pytest.raises(Invalid):
            unwritten.vote(world, ASHA, SHOP, poll, options, NOW)
        assert told(world) == []
        return
    message = unwritten.vote(world, ASHA, SHOP, None, options, NOW)
    (vote,) = told(world)
    assert (vote["kind"], vote["parent"], vote["options"]) == ("vote", poll, places)
    assert sorted(message.votes[ASHA]) == sorted(options)
    with pytest.raises(Invalid):
        unwritten.vote(world, ASHA, SHOP, "another", options, NOW)
