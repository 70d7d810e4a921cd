"""The owner's health page: a verdict, findings with their cure, facts, and nobody else's names."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tests.cast import Stage
from tests.faces.tab import Tab, words
from wabox import retention
from wabox.accounts import mail
from wabox.checkup import counts, database, machine_clock, standing
from wabox.checkup.findings import Finding
from wabox.dashboard.admin import health
from wabox.dashboard.voice import Voice
from wabox.db import Tx

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")


@pytest.fixture(autouse=True)
def quick_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [Finding("python", "ok", "Python is %(version)s.", values={"version": "3.11.2"})]
    monkeypatch.setattr(standing, "of_machine", lambda _config: found)


def run_engine(shop: Stage) -> None:
    shop.box.pulse.announce("links", every=1)
    with shop.box.pulse.step("links"):
        pass


def test_the_page_says_what_is_wrong_and_what_to_do(shop: Stage, asha: Tab) -> None:
    run_engine(shop)
    seen = words(asha.get("/admin/health").text)
    assert "Messages that may have gone or not: 1." in seen
    assert "then settle each one" in seen
    assert "Your box works" in seen
    assert "Python is 3.11.2." in seen
    shop.box.db.write_now(machine_clock.judge, shop.hands.now(), jumped=True)


def test_a_standing_engine_and_a_wrong_clock_are_bad(shop: Stage, asha: Tab) -> None:
    run_engine(shop)
    shop.box.pulse.steps["links"].ended -= 100
    shop.box.db.write_now(machine_clock.judge, shop.hands.now(), jumped=True)
    seen = words(asha.get("/admin/health").text)
    assert "2 things must be put right." in seen
    assert "The engine stands still: Phones and their browsers." in seen
    assert "The clock looks wrong, so nothing is sent." in seen


def test_a_dead_mail_server_is_named_before_a_mail_is_given_up(shop: Stage, asha: Tab) -> None:
    def tried_in_vain(tx: Tx) -> None:
        now = shop.hands.now()
        mail_id = mail.owe(tx, to="chen@example.com", subject="Hi", body="There.", seal=shop.box.seal, now=now)
        mail.failed(tx, mail_id, "nobody there", final=False, now=now)

    shop.box.db.write_now(tried_in_vain)
    assert "Mails the mail server has not taken yet: 1." in words(asha.get("/admin/health").text)


def test_a_step_that_failed_is_named_with_its_error(shop: Stage, asha: Tab) -> None:
    with pytest.raises(OSError), shop.box.pulse.step("mailing"):
        raise OSError("no route")
    assert "E-mail failed at its last run: OSError: no route." in words(asha.get("/admin/health").text)


def test_check_now_shows_a_broken_promise_and_changes_nothing(shop: Stage, asha: Tab) -> None:
    shop.box.db.write_now(lambda tx: tx.run("update users set credits = 77 where id = 2"))
    assert asha.post("/admin/health/check").headers["location"] == "/admin/health?said=checked"
    seen = words(asha.get(asha.post("/admin/health/check").headers["location"]).text)
    assert "Not true: credits are the sum of the ledger. Rows: 1, ids: 2." in seen
    assert "Nothing was changed" in seen
    assert shop.value("select credits from users where id = 2") == 77
    shop.box.db.write_now(lambda tx: tx.run("update users set credits = 0 where id = 2"))
    asha.post("/admin/health/check")
    assert "ids: 2" not in words(asha.get("/admin/health").text)
    last = shop.box.db.read_here(database.last)
    assert last is not None and last.well


def test_others_are_counted_and_not_named(shop: Stage, asha: Tab) -> None:
    shop.box.db.write_now(lambda tx: tx.run("update devices set label = 'bilals-till' where user_id = 2"))
    page = asha.get("/admin/health").text
    assert "Of others: Off" in words(page) and "bilals-till" not in page and "bilal" not in page
    assert "sales" in page


def test_the_live_part_is_the_same_and_asks_again(shop: Stage, asha: Tab) -> None:
    page = asha.get("/admin/health").text
    assert 'hx-get="/admin/health/live"' in page and 'hx-trigger="every 5s"' in page
    live = asha.get("/admin/health/live").text
    assert "<html" not in live and "verdict" in live
    assert re.search(r"Sent today\s*\d+", words(live))


def test_it_is_the_owners_alone(bilal: Tab, chen: Tab) -> None:
    for path in ("/admin/health", "/admin/health/live"):
        assert bilal.get(path).status_code == 404
        assert chen.get(path).status_code == 303
    assert bilal.post("/admin/health/check").status_code == 404


def test_settings_lead_the_owner_there(asha: Tab, bilal: Tab) -> None:
    assert 'href="/admin/health"' in asha.get("/settings/box").text
    assert 'href="/admin/health"' not in bilal.get("/settings").text


def test_it_speaks_bengali(shop: Stage, asha: Tab) -> None:
    run_engine(shop)
    asha.post("/settings/locale", {"language": "bn", "timezone": ""})
    seen = words(asha.get("/admin/health").text)
    assert "বক্সের অবস্থা" in seen and "১টি মেসেজ গেছে কি না নিশ্চিত নয়।" in seen
    for english in ("must be put right", "The engine runs", "Sent today", "Looked at"):
        assert english not in seen


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 B"), (999, "999 B"), (1_449, "1.4 KB"), (83_000_000, "83 MB")]
)
def test_sizes_are_said_briefly(shop: Stage, number: int, said: str) -> None:
    voice = Voice("en", shop.box.config.zone, shop.hands.now())
    assert health.size(voice, number) == said


def test_what_is_kept_how_long_and_what_was_removed_stands_there(shop: Stage, asha: Tab) -> None:
    def went(tx: Tx) -> None:
        tx.run("insert into removals (kind, month, n) values ('inbox', '2026-01', 12), ('inbox', '2026-02', 30)")
        retention.weighed(tx, {"messages": 2_500_000})

    shop.box.db.write_now(went)
    seen = words(asha.get("/admin/health").text)
    assert "Messages 2.5 MB for 365 days" in seen
    assert "Texts from people … for 365 days; 42 removed so far" in seen
    assert "of 4.1 GB" in seen
    assert "Written since the start" in seen


def test_a_database_that_cannot_keep_to_its_room_is_told_with_its_cure(shop: Stage, asha: Tab) -> None:
    found = shop.box.db.read_here(counts.count, shop.box.config, None, now=shop.hands.now())
    full = replace(found, database_used=5_000_000, database_megabytes=4)
    (one,) = standing._room(full)
    assert (one.name, one.says) == ("database_room", "The database takes 5 MB of 4 MB.")
    assert list(standing._room(replace(full, database_megabytes=0))) == []
