"""What is done to messages that went, through death at each of its steps: nothing twice, and nothing lost."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.journeys.box import FIRST_PERSON, PHONE, Shop, alone, until
from tests.some import some

pytestmark = pytest.mark.timeout(400)

STEPS = ["deed_tried", "deed_asked", "deed_answered", "deed_recorded"]
ASKS: dict[str, tuple[str, dict[str, Any] | None]] = {
    "edit": ("edit", {"message": "It costs 250"}),
    "react": ("react", {"emoji": "\N{THUMBS UP SIGN}"}),
    "revoke": ("revoke", None),
}


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
        assert self.shop.call("POST", path, body).status_code == 202
        ends(self.shop, step)
        self.plan.unlink()
        self.shop.start(WABOX_CRASH=str(self.plan))


def take_back(shop: Shop, campaign: int, step: str) -> None:
    try:
        assert shop.call("POST", f"/campaigns/{campaign}/revoke").status_code == 202
    except httpx.TransportError:
        assert step == "taken_back"


def at_whatsapp(shop: Shop) -> dict[str, dict[str, Any]]:
    """What each person has; one message each, which reached the server once."""
    got = [one for one in shop.whatsapp.messages() if one["from"] == PHONE]
    assert [one["copies"] for one in got] == [1] * len(got)
    assert len({one["to"] for one in got}) == len(got)
    return {one["to"]: one for one in got}


def is_done(shop: Shop, what: str, job: int) -> bool:
    if what == "react":
        found = shop.get(f"/messages/{job}/reactions")
        return bool(found["ours"] and not found["waiting"])
    return bool(shop.message(job)["edited_at" if what == "edit" else "revoked_at"])


@pytest.mark.parametrize("what", ASKS)
def test_death_at_any_step_of_a_deed_does_it_once_and_sends_nothing_again(tmp_path: Path, what: str) -> None:
    verb, body = ASKS[what]
    with alone(tmp_path) as shop:
        jobs = [shop.send(24_000 + number, "It costs 520") for number in range(len(STEPS))]
        shop.all_end()
        lives = Lives(shop, tmp_path)
        for step, job in some(zip(STEPS, jobs, strict=True)):
            lives.dies(step, f"/messages/{job}/{verb}", body)
        until(lambda: all(is_done(shop, what, job) for job in jobs), 90, what=f"each {what} is done")
        got = at_whatsapp(shop)
        assert sorted(got) == [str(FIRST_PERSON + 24_000 + number) for number in range(len(STEPS))]
        if what == "edit":
            assert {one["text"] for one in got.values()} == {"It costs 250"}
        elif what == "react":
            thumb = [{"from": PHONE, "emoji": "\N{THUMBS UP SIGN}"}]
            assert [one["reactions"] for one in got.values()] == [thumb] * len(STEPS)
        else:
            assert [(one["text"], one["revoked"]) for one in got.values()] == [("", True)] * len(STEPS)
        assert {one["status"] for one in shop.messages()} <= {"sent", "delivered", "read"}


def test_death_at_any_step_of_the_deletion_of_a_campaign_deletes_all_of_it_and_no_more(tmp_path: Path) -> None:
    with alone(tmp_path, guards={"tripwires": False}) as shop:
        phones = [str(FIRST_PERSON + 25_000 + number) for number in range(6)]
        other = shop.send(25_100, "This one stays")
        people = [{"phone": phone, "name": "Rahima", "tag": "eid"} for phone in phones]
        assert shop.call("POST", "/contacts/bulk", {"contacts": people}).status_code == 200
        made = shop.call("POST", "/campaigns", {"name": "Eid", "message": "Hello {name}", "tag": "eid"})
        campaign = made.json()["id"]
        shop.all_end()
        until(lambda: shop.get(f"/campaigns/{campaign}")["status"] == "completed", 60, what="it is over")
        for step in some(["taken_back", *STEPS]):
            shop.program.terminate()
            shop.start(WABOX_CRASH=f"{step}:1")  # what the life before left dies there, too
            take_back(shop, campaign, step)
            ends(shop, step)
            shop.start()
        until(lambda: shop.get(f"/campaigns/{campaign}/revoke")["deleted"] == len(phones), 120, what="all deleted")
        got = at_whatsapp(shop)
        assert sorted(phone for phone, one in got.items() if one.get("revoked")) == phones
        assert got[str(FIRST_PERSON + 25_100)]["text"] == "This one stays"
        assert not shop.message(other)["revoked_at"]
        assert shop.get(f"/campaigns/{campaign}/revoke")["waiting"] == 0
