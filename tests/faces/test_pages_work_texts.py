"""Campaigns, people, queue, inbox and reports speak Bengali, and have a word for everything that can happen."""

from __future__ import annotations

from typing import get_args

import pytest

from tests.cast import Stage
from tests.faces import texts
from tests.faces.tab import Tab, words
from tests.faces.work import Work
from wabox.campaigns import stored as campaigns
from wabox.contacts.lists import imports
from wabox.contacts.stored import ConsentSource
from wabox.dashboard import names
from wabox.messages import reasons

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")


def test_every_state_and_reason_has_its_word() -> None:
    assert texts.untranslated(set(campaigns.REASONS.values()), "bn") == []
    assert set(names.messages.ENDS) >= set(reasons._ENDS)
    assert set(names.campaigns.STATUS) == set(campaigns.STATUSES)
    assert set(names.contacts.IMPORT) == set(get_args(imports.Status))
    assert set(names.contacts.CONSENT) == set(get_args(ConsentSource))
    for shown in (*names.campaigns.STATUS.values(), *names.contacts.IMPORT.values()):
        assert shown.icon in (texts.HOME / "static" / "icons.svg").read_text(encoding="utf-8")
    assert {place.icon for group in names.menu.GROUPS for place in group.places} <= set(
        (texts.HOME / "static" / "icons.svg").read_text(encoding="utf-8").split('"')
    )


def test_the_style_asks_nobody_else() -> None:
    assert "url(" not in (texts.HOME / "static" / "work.css").read_text(encoding="utf-8")


def test_the_pages_are_bengali(asha: Tab, shop: Stage, work: Work) -> None:
    asha.post("/settings/locale", {"language": "bn"})
    for path, text in (
        ("/campaigns", "ক্যাম্পেইন"),
        (f"/campaigns/{work.running}", "৬০-এর মধ্যে"),
        ("/campaigns/new", "নতুন ক্যাম্পেইন"),
        ("/contacts", "৬০ জন"),
        (f"/contacts/{work.contacts[1]}", "অর্ডার দিয়েছেন"),
        ("/contacts/import", "CSV ফাইল"),
        ("/queue", "আগামীকাল সকাল ৮:০০ পর্যন্ত"),
        ("/inbox", "এঁরা কি আর মেসেজ চান না?"),
        ("/inbox/8801711300001", "primary থেকে উত্তর"),
        ("/reports", "দিনে দিনে"),
    ):
        assert text in words(asha.get(path).text), path
