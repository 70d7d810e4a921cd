"""The owner's rules, the queue of what they hold, and complaints; and what a sender sees of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import webs
from tests.cast import Stage, stage
from tests.faces.scene import SECTIONS, dress
from tests.faces.tab import Tab, words
from tests.some import some
from wabox.campaigns import reviewing
from wabox.db import Tx

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

PAGES = ("/admin/filter", "/admin/filter/reviews", "/admin/complaints")
EVIL = "<script>alert(1)</script>"
HELD = "Send me your PIN now"
RULE = {"kind": "word", "text": "casino", "action": "hold", "reason": "No gambling here."}
PHONE = "8801711000077"


@dataclass(slots=True)
class House:
    """A box on which others have accounts. Tabs: asha owns it, bilal sends, a stranger does not."""

    stage: Stage
    asha: Tab
    bilal: Tab
    stranger: Tab

    def send(self, text: str, tab: Tab | None = None, phone: str = PHONE) -> str:
        """Where the form leads, or what the page says."""
        answer = (tab or self.bilal).post("/send", {"phone": phone, "message": text, "keep": "1"})
        return answer.headers["location"] if answer.status_code == 303 else words(answer.text)

    def first(self) -> reviewing.Entry:
        return self.stage.box.db.read_here(reviewing.queue)[0]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = stage(tmp_path, **SECTIONS, accounts={"registration": "open"})
    dress(made)
    with webs.client(made.box) as client:
        base = "http://testserver.local"
        asha, bilal = (Tab(client, f"{name}@example.com", base) for name in ("asha", "bilal"))
        yield House(made, asha, bilal, Tab(client, None, base))
    made.close()


def test_a_shop_alone_has_no_such_pages(asha: Tab) -> None:
    for path in PAGES:
        assert asha.get(path).status_code == 404
    assert asha.post("/admin/filter/rules", RULE).status_code == 404
    assert "/admin/filter" not in asha.get("/settings/box").text
    assert "Complaints in 30 days" not in asha.get("/admin/users/2").text


def test_the_pages_are_the_owners_alone(house: House) -> None:
    for path in PAGES:
        assert house.asha.get(path).status_code == 200
        assert house.bilal.get(path).status_code == 404
        assert house.stranger.get(path).status_code == 303
    posts = (
        "/admin/filter/rules",
        "/admin/filter/rules/1",
        "/admin/filter/rules/1/off",
        "/admin/filter/builtins/secrets",
        "/admin/filter/try",
        "/admin/filter/reviews/1/yes",
        "/admin/filter/reviews/1/no",
        "/admin/complaints",
    )
    for path in some(posts):
        assert house.bilal.post(path, RULE).status_code == 404, path
        assert house.asha.ask("POST", path, data=RULE).status_code == 403, path
    assert house.stage.value("select count(*) from filter_rules") == 0


def test_a_rule_is_added_changed_switched_and_deleted(house: House) -> None:
    assert house.asha.post("/admin/filter/rules", RULE).status_code == 303
    assert "casino" in words(house.asha.get("/admin/filter").text)
    assert house.asha.post("/admin/filter/rules", RULE).status_code == 422
    assert "casino" in house.asha.get("/admin/filter/rules/1").text
    changed = {**RULE, "text": "roulette", "action": "refuse"}
    assert house.asha.post("/admin/filter/rules/1", changed).status_code == 303
    assert "No gambling here." in house.send("Roulette tonight")
    assert house.asha.post("/admin/filter/rules/1/off").status_code == 303
    assert house.send("Roulette tonight").startswith("/messages/")
    assert house.asha.post("/admin/filter/rules/1/on").status_code == 303
    assert house.asha.post("/admin/filter/rules/1/delete").status_code == 303
    assert house.asha.post("/admin/filter/rules/1/delete").status_code == 404
    assert house.asha.get("/admin/filter/rules/1").status_code == 404
    said = words(house.asha.get("/admin/audit").text)
    assert "Rule for messages added" in said and "Rule for messages deleted" in said


@pytest.mark.parametrize(
    "wrong", [{"text": "(a"}, {"text": "x*"}, {"text": ""}, {"reason": ""}, {"kind": "spell"}, {"action": "burn"}]
)
def test_a_wrong_rule_comes_back_with_what_to_change(house: House, wrong: dict[str, str]) -> None:
    answer = house.asha.post("/admin/filter/rules", {**RULE, "kind": "pattern", **wrong})
    assert answer.status_code == 422
    assert house.stage.value("select count(*) from filter_rules") == 0


def test_what_people_type_is_never_markup(house: House) -> None:
    house.asha.post("/admin/filter/rules", {**RULE, "text": "alert", "reason": EVIL})
    house.send(EVIL)
    house.send(EVIL, phone="8801711000078")
    entry = house.first()
    house.asha.post(f"/admin/filter/reviews/{entry.id}/no", {"reason": EVIL})
    for path in (*PAGES, "/admin/audit"):
        page = house.asha.get(path).text
        assert "<script>alert" not in page, path
    tried = house.asha.post("/admin/filter/try", {"tried": EVIL}, headers={"HX-Request": "true"})
    assert "<script>alert" not in tried.text
    assert "<script>alert" not in house.bilal.get("/messages").text


def test_a_text_is_tried_without_a_trace(house: House) -> None:
    tried = house.asha.post("/admin/filter/try", {"tried": HELD}, headers={"HX-Request": "true"})
    assert "Asking for a PIN" in words(tried.text)
    fine = house.asha.post("/admin/filter/try", {"tried": "Your order is ready"}, headers={"HX-Request": "true"})
    assert "It goes." in words(fine.text)
    assert HELD in house.asha.post("/admin/filter/try", {"tried": HELD}).text
    assert house.stage.value("select count(*) from reviews") == 0


def test_a_held_message_says_so_to_its_sender_and_waits_for_the_owner(house: House) -> None:
    at = house.send(HELD)
    assert "Being read by whoever runs this box" in words(house.bilal.get("/queue").text)
    assert "reads it first" in words(house.bilal.get(at.split("?")[0]).text)
    assert "waits for you to read it" in words(house.asha.get("/").text)
    assert "waits for you to read it" not in words(house.bilal.get("/").text)
    page = words(house.asha.get("/admin/filter/reviews").text)
    assert HELD in page and "bilal@example.com" in page and "Asking for a PIN" in page
    entry = house.first()
    assert house.asha.post(f"/admin/filter/reviews/{entry.id}/no", {"reason": ""}).status_code == 422
    assert house.asha.post(f"/admin/filter/reviews/{entry.id}/no", {"reason": "A swindle."}).status_code == 303
    assert house.asha.post(f"/admin/filter/reviews/{entry.id}/yes").status_code == 303
    assert "A swindle." in words(house.bilal.get(at.split("?")[0]).text)
    assert house.stage.value("select decision from reviews") == "no"
    assert house.asha.post("/admin/filter/reviews/99/yes").status_code == 404


def test_a_held_campaign_is_told_before_and_after_and_goes_nowhere_without_the_owner(house: House) -> None:
    contact = {"phone": PHONE, "name": "Rina"}
    assert house.bilal.post("/contacts", contact).status_code == 303
    draft = {"name": "April", "message": HELD, "audience": "everybody", "when": "now", "phones": "all"}
    look = house.bilal.post("/campaigns/new/look", draft)
    assert "reads it before it goes" in words(look.text)
    total = house.stage.value("select count(*) from contacts where user_id = :id", id=house.stage.bilal.id)
    at = house.bilal.post("/campaigns", {**draft, "shown": str(total)}).headers["location"].split("?")[0]
    page = house.bilal.get(at).text
    assert "reads it first" in words(page) and f'action="{at}/resume"' not in page
    assert house.bilal.post(f"{at}/resume").status_code == 422
    queue = words(house.asha.get("/admin/filter/reviews").text)
    assert "April" in queue and "has not begun" in queue
    assert (
        house.asha.post(f"/admin/filter/reviews/{house.first().id}/no", {"reason": "A trick."}).status_code == 303
    )
    page = words(house.bilal.get(at).text)
    assert "did not let it go" in page and "A trick." in page
    house.asha.post("/admin/filter/builtins/secrets", {"action": "refuse"})
    answer = house.bilal.post("/campaigns", {**draft, "shown": str(total)})
    assert answer.status_code == 422 and "nobody may ask for them here" in words(answer.text)


def test_a_builtin_rule_is_set(house: House) -> None:
    assert house.asha.post("/admin/filter/builtins/secrets", {"action": "refuse"}).status_code == 303
    assert "nobody may ask for them here" in house.send(HELD)
    assert house.asha.post("/admin/filter/builtins/secrets", {"action": "off"}).status_code == 303
    assert house.send(HELD).startswith("/messages/")
    assert house.stage.value("select count(*) from reviews") == 0
    assert house.asha.post("/admin/filter/builtins/unknown", {"action": "off"}).status_code == 404
    assert house.asha.post("/admin/filter/builtins/secrets", {"action": "burn"}).status_code == 422


def test_a_complaint_is_recorded_for_whoever_wrote_and_opts_out(house: House) -> None:
    def gone(tx: Tx) -> None:
        tx.run("update messages set spent_at = queued_at where phone = :phone", phone=PHONE)

    assert "Nobody on this box wrote" in words(house.asha.get(f"/admin/complaints?phone={PHONE}").text)
    assert house.asha.get("/admin/complaints?phone=12").status_code == 200
    house.send("Hello")
    house.stage.box.db.write_now(gone)
    page = words(house.asha.get(f"/admin/complaints?phone={PHONE}").text)
    assert "bilal@example.com" in page
    form = {"phone": PHONE, "user": str(house.stage.asha.id), "note": "Called at night"}
    assert house.asha.post("/admin/complaints", form).status_code == 422
    form["user"] = str(house.stage.bilal.id)
    assert house.asha.post("/admin/complaints", form).status_code == 303
    page = words(house.asha.get("/admin/complaints").text)
    assert "Called at night" in page and "number ending in 0077" in page and PHONE not in page
    facts = words(house.asha.get(f"/admin/users/{house.stage.bilal.id}").text)
    assert "Complaints in 30 days 1" in facts
    assert house.stage.value("select count(*) from suppressions where user_id = :id", id=house.stage.bilal.id) == 1


def test_a_lock_by_the_owners_complaint_is_told_by_mail(tmp_path: Path) -> None:
    content = {"lock_after_complaints": 1}
    made = stage(tmp_path, **SECTIONS, accounts={"registration": "open"}, content=content)
    dress(made)
    with webs.client(made.box) as client:
        asha, bilal = (Tab(client, f"{name}@example.com", "http://testserver.local") for name in ("asha", "bilal"))
        bilal.post("/send", {"phone": PHONE, "message": "Hello", "keep": "1"})
        made.box.db.write_now(lambda tx: tx.run("update messages set spent_at = queued_at"))
        form = {"phone": PHONE, "user": str(made.bilal.id), "note": "Called at night"}
        assert asha.post("/admin/complaints", form).status_code == 303
    row = "select recipient || ': ' || subject from mails"
    assert made.value(row) == "bilal@example.com: Your wabox account is locked"
    made.close()


def test_what_the_owner_decided_stands_in_the_senders_own_record(house: House) -> None:
    house.send(HELD)
    house.send(HELD, phone="8801711000078")
    for what, fields in (("yes", {}), ("no", {"reason": "Not here."})):
        answer = house.asha.post(f"/admin/filter/reviews/{house.first().id}/{what}", fields)
        assert answer.status_code == 303, answer.text
    page = words(house.bilal.get("/settings/security").text)
    assert "A held message was let go" in page and "A held message was refused" in page
    assert "asha@example.com" not in page
    mine = words(house.asha.get("/settings/security").text)
    assert mine.count("A held message was let go") == 1


def test_the_pages_are_bengali_for_a_bengali_owner(house: House) -> None:
    house.asha.post("/settings/locale", {"language": "bn", "timezone": ""})
    house.send(HELD)
    for path in PAGES:
        said = words(house.asha.get(path).text)
        assert not any(
            text in said for text in ("Rules for messages", "Complaints", "Save", "Messages to read")
        ), path
