"""An emoji in a talk: a few to choose from without a script, both sides' shown, and the last wish counts."""

from __future__ import annotations

import pytest

from tests.cast import Stage
from tests.faces.tab import Tab, words
from tests.faces.work import Work
from wabox.messages import reacting
from wabox.messages.reacting import Put
from wabox.whatsapp.driver import Reaction

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

RINA = "8801711300001"


def theirs(shop: Stage) -> int:
    return int(shop.value(f"select max(id) from inbox where phone = '{RINA}'"))


def put(shop: Stage, number: int) -> Put:
    return shop.box.db.read_here(reacting.of_user, shop.asha.id, "inbox", number)


def test_one_is_chosen_shown_and_taken_back_without_a_script(asha: Tab, shop: Stage, work: Work) -> None:
    number, where = theirs(shop), f"/inbox/{RINA}/react"
    page = asha.get(f"/inbox/{RINA}").text
    assert f'action="{where}"' in page and 'value="🙏"' in page
    assert "Take back" not in words(page)
    fields = {"to": "inbox", "id": str(number), "emoji": "🙏"}
    for _ in range(2):
        assert asha.post(where, fields).headers["location"] == f"/inbox/{RINA}?said=reacted"
    assert put(shop, number) == Put("🙏", waiting=True)
    page = words(asha.get(f"/inbox/{RINA}").text)
    assert "You: 🙏" in page and "Take back" in page
    asha.post(where, {**fields, "emoji": ""})
    assert "You: 🙏" not in words(asha.get(f"/inbox/{RINA}/live").text)


def test_theirs_and_why_ours_is_not_there_stand_below_the_message(asha: Tab, shop: Stage, work: Work) -> None:
    number = theirs(shop)
    now = shop.hands.now()
    wa_id = str(shop.value(f"select wa_message_id from inbox where id = {number}"))
    device_id = int(shop.value(f"select device_id from inbox where id = {number}"))
    told = Reaction(device_id, 1, wa_id, f"{RINA}@c.us", own=False, by_us=False, emoji="❤️")
    shop.box.db.write_now(reacting.hear, told, now=now)
    assert "They: ❤️" in words(asha.get(f"/inbox/{RINA}").text)
    asha.post(f"/inbox/{RINA}/react", {"to": "inbox", "id": str(number), "emoji": "👍"})
    wish = shop.box.db.read_here(reacting.due, device_id, now=now)
    assert wish is not None
    shop.box.db.write_now(reacting.give_up, wish, "refused")
    page = words(asha.get(f"/inbox/{RINA}").text)
    assert "Your emoji is not there" in page and "You: 👍" not in page


@pytest.mark.parametrize(
    "fields", [{"emoji": "STOP"}, {"id": "0"}, {"id": "x"}, {"id": "9" * 30}, {"to": "message"}]
)
def test_what_is_wrong_is_refused_and_changes_nothing(
    asha: Tab, shop: Stage, work: Work, fields: dict[str, str]
) -> None:
    given = {"to": "inbox", "id": str(theirs(shop) if "to" not in fields else 10**6), "emoji": "👍"}
    assert asha.post(f"/inbox/{RINA}/react", given | fields).status_code in (404, 422)
    assert shop.value("select count(*) from reactions") == 0


def test_it_is_said_in_bengali(asha: Tab, shop: Stage, work: Work) -> None:
    shop.box.db.write_now(lambda tx: tx.run("update users set language = 'bn'"))
    page = asha.get(f"/inbox/{RINA}").text
    assert "ইমোজি দিন" in page and ">React<" not in page


def test_bilal_reacts_to_nothing_of_ashas(bilal: Tab, shop: Stage, work: Work) -> None:
    given = {"to": "inbox", "id": str(theirs(shop)), "emoji": "👍"}
    assert bilal.post(f"/inbox/{RINA}/react", given).status_code == 404
    assert shop.value("select count(*) from reactions") == 0
