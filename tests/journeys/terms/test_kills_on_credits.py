"""kill -9 under a campaign on an account that pays by the message: every credit has its message, none is lost."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time

import pytest

from tests.journeys.box import until
from tests.journeys.conftest import long_only
from tests.journeys.terms.market import Market

pytestmark = pytest.mark.timeout(600)

ALONE = True
NOWHERE = "0000"  # numbers that end so are not on WhatsApp


def credits_add_up(market: Market) -> None:
    """wabox doctor finds the ledger, the balances and the invoices in order."""
    words = [sys.executable, "-m", "wabox", "doctor", "--config", str(market.shop.config), "--json"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    found = json.loads(done.stdout.splitlines()[-1])["findings"]
    looked = {one["name"]: one["level"] for one in found}
    assert looked["invariants"] == "ok", found


def paid_by_the_message(market: Market, name: str, *, count: int, kills: int, seed: int) -> None:
    """A campaign to so many people, every tenth not on WhatsApp, with exactly as many credits as people."""
    dice = random.Random(seed)
    phone = f"88017000{seed:05d}"
    people = [f"8801{seed:02d}{n:03d}{NOWHERE if n % 10 == 9 else '1111'}" for n in range(count)]
    there = [one for one in people if not one.endswith(NOWHERE)]
    market.plan(name, "100", days="300", credits=str(count))
    bilal = market.customer("bilal", phone=phone)
    bilal.pay(name, f"KILLS{seed:05d}")
    market.approve(f"KILLS{seed:05d}")
    assert (
        bilal.call("POST", "/contacts/bulk", {"contacts": [{"phone": one} for one in people]}).status_code == 200
    )
    made = bilal.call("POST", "/campaigns", {"name": name, "message": "Sale"})
    assert (made.status_code, bilal.credits) == (201, 0)
    for _ in range(kills):
        time.sleep(dice.uniform(0.3, 4))
        market.shop.program.kill()
        market.shop.start()
        left = bilal.credits
        assert left is not None and 0 <= left <= count - len(there)
        refused = bilal.call("POST", "/send", {"phone": "8801711009999", "message": "Hello"})
        assert refused.status_code in (402, 503) or left > 0, refused.text
        if refused.status_code == 202:
            bilal.call("POST", f"/messages/{refused.json()['job_id']}/cancel")
    path = f"/campaigns/{made.json()['id']}"
    until(lambda: bilal.get(path)["status"] == "completed", 300, what="the campaign ends")
    seen = bilal.get(path)
    assert (seen["sent"], seen["failed"], seen["unknown"]) == (len(there), count - len(there), 0), seen
    sent = [to for to, _ in market.got(phone)]
    assert sorted(one for one in sent if one != "8801711009999") == sorted(there)
    assert bilal.credits == count - len(sent)
    credits_add_up(market)
    market.gone(bilal)


def test_two_deaths_lose_no_credit(market: Market) -> None:
    paid_by_the_message(market, "Twenty", count=20, kills=2, seed=18)


@long_only()
def test_twelve_deaths_lose_no_credit(market: Market) -> None:
    paid_by_the_message(market, "Three hundred", count=300, kills=12, seed=19)
