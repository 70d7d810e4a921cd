"""“Send to me”: what one person would read goes to the writer's own phone, and the form stays as it was."""

from __future__ import annotations

import re

import pytest
from httpx import Response

from tests.cast import Stage
from tests.faces.tab import Tab, words
from tests.faces.work import Work
from wabox.contacts import suppression

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

OWN = "8801711123456"
RAHIM = "8801711300001"
LAST = "select phone || '|' || text || '|' || coalesce(campaign_id, '') from messages order by id desc limit 1"
PIECE = {"HX-Request": "true"}


def press(tab: Tab, path: str, fields: dict[str, str], *, piece: bool = True) -> Response:
    """The button, with a script or without."""
    return tab.ask("POST", path, data={"_csrf": tab.csrf, **fields}, headers=PIECE if piece else {})


def count(shop: Stage) -> object:
    return shop.value("select count(*) from messages")


def test_the_text_comes_as_the_person_would_read_it(shop: Stage, asha: Tab, work: Work) -> None:
    fields = {"phone": "01711-300001", "message": "Hello {name:friend}, {custom:thanks}"}
    told = press(asha, "/send/self", fields)
    assert told.status_code == 200 and "On its way to +880 1711-123456 , as 01711-300001" in words(told.text)
    assert shop.value(LAST) == f"{OWN}|Hello মোহাম্মদ রহিম উদ্দিন, thanks|"
    where = re.search(r'href="(/messages/\d+)"', told.text)
    assert where and asha.get(where[1]).status_code == 200
    asha.post("/send", fields)
    assert shop.value(LAST) == f"{RAHIM}|Hello মোহাম্মদ রহিম উদ্দিন, thanks|"


def test_nobodys_data_is_not_that_of_who_tries_it(shop: Stage, asha: Tab, work: Work) -> None:
    shop.box.db.write_now(
        lambda tx: tx.run("update contacts set phone = :own where id = :id", own=OWN, id=work.contacts[5])
    )
    assert press(asha, "/send/self", {"message": "Hello {name:friend}"}).status_code == 200
    assert shop.value(LAST) == f"{OWN}|Hello friend|"


def test_without_a_script_the_form_comes_back_as_it_was(shop: Stage, asha: Tab, work: Work) -> None:
    for path, fields in {
        "/send/self": {"phone": "01711-300001", "message": "Hi {name}"},
        f"/inbox/{RAHIM}/self": {"message": "Hi {name}"},
        "/campaigns/new/self": {"name": "Eid", "message": "Hi {name}", "audience": "tag", "tag": "VIP"},
    }.items():
        before = count(shop)
        page = press(asha, path, fields, piece=False)
        assert page.status_code == 200 and "On its way to" in words(page.text), path
        assert ">Hi {name}</textarea>" in page.text, path
        assert count(shop) == int(str(before)) + 1, path


@pytest.mark.parametrize("path", ["/send/self", f"/inbox/{RAHIM}/self", "/campaigns/new/self"])
def test_a_page_that_is_loaded_again_sends_nothing_more(shop: Stage, asha: Tab, work: Work, path: str) -> None:
    before = int(str(count(shop)))
    fields = {"message": "Hi", "test": _test(asha.get(path.removesuffix("/self").replace("/send", "/")).text)}
    pages = [press(asha, path, fields, piece=False).text for _ in range(2)]
    assert count(shop) == before + 1
    assert "On its way to" in words(pages[0]) and "On its way to" in words(pages[1])
    fields["test"] = _test(pages[1])  # of the page that came back it is meant again
    press(asha, path, fields, piece=False)
    assert count(shop) == before + 2
    for _ in range(2):  # on a page that stays each press is meant
        press(asha, path, fields)
    assert count(shop) == before + 4


def _test(page: str) -> str:
    found = re.search(r'name="test" value="([^"]+)"', page)
    assert found
    return found[1]


def test_a_campaigns_text_comes_with_its_first_persons_data_and_is_none_of_its_messages(
    shop: Stage, asha: Tab, work: Work
) -> None:
    draft = {"message": "Hello {name}", "audience": "tag", "tag": "VIP"}
    shown = words(asha.post("/campaigns/new/preview", draft).text)
    told = words(press(asha, "/campaigns/new/self", draft).text)
    assert "as মোহাম্মদ রহিম উদ্দিন would read it" in told and "Hello মোহাম্মদ রহিম উদ্দিন" in shown
    assert shop.value(LAST) == f"{OWN}|Hello মোহাম্মদ রহিম উদ্দিন|"
    assert shop.value("select count(*) from campaigns where name = ''") == 0


def test_what_cannot_go_is_said_in_words_and_nothing_is_kept(shop: Stage, asha: Tab, work: Work) -> None:
    before = count(shop)
    for path in ("/send/self", f"/inbox/{RAHIM}/self", "/campaigns/new/self"):
        told = press(asha, path, {"message": "{Hi|"})
        assert told.status_code == 422 and 'role="alert"' in told.text, path
        assert press(asha, path, {"message": ""}).status_code == 422, path
    shop.box.db.write_now(lambda tx: tx.run("update devices set state = 'starting' where user_id = 1"))
    for path in ("/send/self", f"/inbox/{RAHIM}/self", "/campaigns/new/self"):
        told = press(asha, path, {"message": "Hi"})
        assert told.status_code == 503 and "No phone of yours can send now" in words(told.text), path
    assert count(shop) == before


def test_a_number_that_wants_no_messages_gets_none_of_these_either(shop: Stage, asha: Tab) -> None:
    shop.box.db.write_now(suppression.opt_out, 1, OWN, source="owner", now=shop.hands.now())
    assert "does not go" in words(press(asha, "/send/self", {"message": "Hi"}).text)
    assert shop.value("select status from messages order by id desc limit 1") == "skipped"
