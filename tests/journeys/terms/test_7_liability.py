"""Term 7, liability, and the terms themselves: everybody can read them, in both languages, before joining."""

from __future__ import annotations

import re

import pytest

from tests.journeys.terms.market import Market

pytestmark = pytest.mark.timeout(120)

SEVEN = ("Acceptable use.", "Locking.", "Free trial.", "Payments.", "End of a plan.", "Data.", "Liability.")


# What nobody is liable for: bans, messages that do not arrive, business that is lost.
EXCLUSIONS = ("bans by WhatsApp", "messages that do not arrive", "business you lose by using automation")
BENGALI = ("যেমন আছে তেমনই", "WhatsApp-এর নিষেধাজ্ঞা", "না পৌঁছানো মেসেজ", "স্বয়ংক্রিয় ব্যবহারে ব্যবসার ক্ষতি")


def test_the_terms_are_read_before_anybody_joins(market: Market) -> None:
    nobody = market.stranger("nobody")
    nobody.page.goto(market.url + "/login")
    nobody.page.click("a[href^='/terms']")
    said = nobody.read()
    assert [one for one in SEVEN if one not in said] == []
    assert "given as it is" in said
    assert [one for one in EXCLUSIONS if one not in " ".join(said.split())] == []
    assert re.search(r"Version 20\d\d-\d\d", said)
    nobody.page.goto(market.url + "/terms?lang=bn")
    bengali = " ".join(nobody.read().split())
    assert "সেবার শর্ত" in bengali
    assert [one for one in BENGALI if one not in bengali] == []
    nobody.page.goto(market.url + "/register")
    nobody.page.click("summary")
    assert nobody.page.locator("details li").count() == len(SEVEN)
    shown = " ".join(nobody.read().split())
    assert [one for one in (*SEVEN, *EXCLUSIONS) if one not in shown] == []
    assert not nobody.page.is_checked("input[name=terms]")
