"""What is done to messages that went, through death at each of its steps: nothing twice, and nothing lost."""

from __future__ import annotations

import signal
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.journeys.box import FIRST_PERSON, PHONE, Shop, alone, until
from tests.journeys.conftest import calm
from tests.some import some

pytestmark = pytest.mark.timeout(400)

STEPS = ["deed_tried", "deed_asked", "deed_answered", "deed_recorded"]
ASKS: dict[str, tuple[str, dict[str, Any] | None]] = {
    "edit": ("edit", {"message": "It costs 250"}),
    "react": ("react", {"emoji": "\N{THUMBS UP SIGN}"}),
    "revoke": ("revoke", None),
}


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The box of this file, which dies at one step after the other."""
    with alone(tmp_path_factory.mktemp("mortal"), guards={"tripwires": False}) as box:
        yield box


@pytest.fixture
def shop(mortal: Shop) -> Shop:
    return calm(mortal)


def ends(shop: Shop, step: str) -> None:
    """The box dies at this step."""
    until(lambda: not shop.program.running, 60, what=f"dies at {step}")
    assert shop.program.ended() == -signal.SIGKILL, step


class Lives:
    """A box that dies at one step after the other; each life goes on with what the one before left."""

    def __init__(self, shop: Shop, place: Path) -> None:
        self.shop, self.plan = shop, place / "plan"
        shop.program.terminate()
        shop.start(WABOX_CRASH=str(self.plan))

    def dies(self, step: str, path: str, body: dict[str, Any] | None) -> None:
        """The box dies there, under this wish, and serves again."""
        coming = self.plan.with_suffix(".new")
        coming.write_text(f"{step}:1")
        coming.rename(self.plan)
        try:
            assert self.shop.call("POST", path, body).status_code == 202
        except httpx.TransportError:
            assert step == "taken_back"  # in the request itself
        ends(self.shop, step)
        self.plan.unlink()
        self.shop.start(WABOX_CRASH=str(self.plan))


def at_whatsapp(shop: Shop, people: Collection[str]) -> dict[str, dict[str, Any]]:
    """What each of these has; one message each, which reached the server once."""
    got = [one for one in shop.whatsapp.messages() if one["from"] == PHONE and one["to"] in people]
    assert [one["copies"] for one in got] == [1] * len(people)
    assert sorted(one["to"] for one in got) == sorted(people)
    return {one["to"]: one for one in got}


def is_done(shop: Shop, what: str, job: int) -> bool:
    if what == "react":
        found = shop.get(f"/messages/{job}/reactions")
        return bool(found["ours"] and not found["waiting"])
    return bool(shop.message(job)["edited_at" if what == "edit" else "revoked_at"])


@pytest.mark.parametrize(("what", "first"), [("edit", 24_000), ("react", 24_100), ("revoke", 24_200)])
def test_death_at_any_step_of_a_deed_does_it_once_and_sends_nothing_again(
    shop: Shop, tmp_path: Path, what: str, first: int
) -> None:
    verb, body = ASKS[what]
    people = range(first, first + len(STEPS))
    jobs = [shop.send(person, "It costs 520") for person in people]
    shop.all_end()
    had = len(shop.whatsapp.messages())
    lives = Lives(shop, tmp_path)
    for step, job in some(zip(STEPS, jobs, strict=True)):
        lives.dies(step, f"/messages/{job}/{verb}", body)
    until(lambda: all(is_done(shop, what, job) for job in jobs), 90, what=f"each {what} is done")
    got = at_whatsapp(shop, [str(FIRST_PERSON + person) for person in people])
    if what == "edit":
        assert {one["text"] for one in got.values()} == {"It costs 250"}
    elif what == "react":
        thumb = [{"from": PHONE, "emoji": "\N{THUMBS UP SIGN}"}]
        assert [one["reactions"] for one in got.values()] == [thumb] * len(STEPS)
    else:
        assert [(one["text"], one["revoked"]) for one in got.values()] == [("", True)] * len(STEPS)
    assert {one["status"] for one in shop.messages()} <= {"sent", "delivered", "read"}
    assert len(shop.whatsapp.messages()) == had


def test_death_at_any_step_of_the_deletion_of_a_campaign_deletes_all_of_it_and_no_more(
    shop: Shop, tmp_path: Path
) -> None:
    phones = [str(FIRST_PERSON + 25_000 + number) for number in range(6)]
    other = shop.send(25_100, "This one stays")
    people = [{"phone": phone, "name": "Rahima", "tag": "eid"} for phone in phones]
    assert shop.call("POST", "/contacts/bulk", {"contacts": people}).status_code == 200
    made = shop.call("POST", "/campaigns", {"name": "Eid", "message": "Hello {name}", "tag": "eid"})
    campaign = made.json()["id"]
    shop.all_end()
    until(lambda: shop.get(f"/campaigns/{campaign}")["status"] == "completed", 60, what="it is over")
    had = len(shop.whatsapp.messages())
    lives = Lives(shop, tmp_path)
    for step in some(["taken_back", *STEPS]):
        lives.dies(step, f"/campaigns/{campaign}/revoke", None)
    until(lambda: shop.get(f"/campaigns/{campaign}/revoke")["deleted"] == len(phones), 120, what="all deleted")
    stays = str(FIRST_PERSON + 25_100)
    got = at_whatsapp(shop, [*phones, stays])
    assert sorted(phone for phone, one in got.items() if one.get("revoked")) == phones
    assert got[stays]["text"] == "This one stays"
    assert not shop.message(other)["revoked_at"]
    assert shop.get(f"/campaigns/{campaign}/revoke")["waiting"] == 0
    assert len(shop.whatsapp.messages()) == had
