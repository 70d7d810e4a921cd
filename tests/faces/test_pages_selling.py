"""What who sells looks at: who owes, who was complained of, what came in; and an invoice as a PDF."""

from __future__ import annotations

import asyncio
import base64
import csv
import io
import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from tests import browsers, webs
from tests.cast import Stage, stage
from tests.faces.scene import SECTIONS
from tests.faces.selling import NEWCOMERS, Sold, picture, sold
from tests.faces.tab import Tab, words
from tests.some import some
from wabox import closing
from wabox.accounts.states import Actor
from wabox.billing import plans
from wabox.content import complaints
from wabox.dashboard.billing import printing
from wabox.errors import Unavailable

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

BILLING = {"enabled": True, "bkash": "Send to 01700-000 000 (personal), then tell us.", "seller": "Asha\nDhaka"}
BASE = "http://testserver.local"


@pytest.fixture
def market(tmp_path: Path) -> Iterator[tuple[Stage, Sold, TestClient[Litestar]]]:
    made = stage(tmp_path, **SECTIONS, billing=BILLING)
    goods = sold(made)
    with webs.client(made.box) as client:
        yield made, goods, client
    made.close()


Market = tuple[Stage, Sold, TestClient[Litestar]]


def listed(tab: Tab, only: str) -> set[str]:
    text = words(tab.get(f"/admin/users?only={only}").text).partition("Make an account")[0]
    return {
        name for name in ("bilal", "chen", "dina", "eva") if f"{name}@example.com" in text or f"{name}.the" in text
    }


def test_customers_by_what_they_owe_and_who_complained(market: Market) -> None:
    made, _, client = market
    asha = Tab(client, "asha@example.com", BASE)
    assert listed(asha, "") == {"bilal", "chen", "dina", "eva"}
    assert listed(asha, "ending") == {"bilal", "dina"}
    assert listed(asha, "unpaid") == {"bilal", "chen", "dina"}
    assert listed(asha, "complaints") == set()
    owner, now = Actor(made.asha.id, None), made.hands.now()
    made.box.db.write_now(
        lambda tx: complaints.record(
            tx, made.bilal.id, "8801711000009", source="owner", note="", by=owner, lock_after=0, now=now
        )
    )
    assert listed(asha, "complaints") == {"bilal"}
    made.hands.forward(days=31)
    assert listed(asha, "complaints") == set()


def test_the_income_of_a_month_stays_whoever_leaves(market: Market) -> None:
    made, goods, client = market
    asha = Tab(client, "asha@example.com", BASE)
    months = {
        one: words(asha.get(f"/admin/income?month={one}").text).replace("\xa0", " ")
        for one in ("2026-01", "2026-02", "2026-03")
    }
    assert all(
        one in months["2026-02"] for one in ("2 payments BDT 1,000.00", "bilal@example.com", "chen@example.com")
    )
    assert all("Nothing came in" in months[one] for one in ("2026-01", "2026-03"))
    assert "March 2026" in words(asha.get("/admin/income?month=nonsense").text)

    def leave(tx: object) -> None:
        closing.close(tx, made.bilal.id, by=Actor(made.asha.id, None), reason="left", now=made.hands.now())  # type: ignore[arg-type]
        plans.archive(tx, goods.basic)  # type: ignore[arg-type]

    made.box.db.write_now(leave)
    table = list(
        csv.DictReader(io.StringIO(asha.get("/admin/income.csv?month=2026-02").text.removeprefix("\ufeff")))
    )
    assert [(one["invoice"], one["buyer"], one["amount"], one["currency"]) for one in table] == [
        ("000003", "chen@example.com", "500", "BDT"),
        ("000001", "bilal@example.com", "500", "BDT"),
    ]
    assert "bilal@example.com" in words(asha.get("/billing/invoices/1").text)
    assert Tab(client, NEWCOMERS[1], BASE).get("/admin/income").status_code == 404


def test_the_number_to_pay_to_stands_ready_to_copy(market: Market) -> None:
    _, goods, client = market
    page = Tab(client, "bilal@example.com", BASE).get(f"/billing/buy/{goods.basic}").text
    assert ">01700000000</code>" in page


def test_the_logo_is_drawn_anew_and_stands_on_every_invoice(market: Market) -> None:
    made, _, client = market
    asha, bilal = Tab(client, "asha@example.com", BASE), Tab(client, "bilal@example.com", BASE)

    def give(data: bytes) -> int:
        files = {"logo": ("logo.png", data, "image/png")}
        return asha.ask("POST", "/admin/logo", data={"_csrf": asha.csrf}, files=files).status_code

    secret = b"\x89PNG\r\n\x1a\n" + picture()[8:33] + chunk(b"tEXt", b"Comment\0kingfisher") + picture()[33:]
    assert give(b"no picture") == 422
    assert "data:image/webp" not in bilal.get("/billing/invoices/1").text
    assert give(secret) == 303
    page = bilal.get("/billing/invoices/1").text
    (carried,) = re.findall(r"data:image/webp;base64,([A-Za-z0-9+/=]+)", page)
    assert base64.b64decode(carried).startswith(b"RIFF") and b"kingfisher" not in base64.b64decode(carried)
    assert asha.post("/admin/logo/remove").status_code == 303
    assert "data:image/webp" not in bilal.get("/billing/invoices/1").text
    assert made.value("select count(*) from audit where action = 'billing.logo'") == 2


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@pytest.mark.heavy("starts Chromium")
def test_an_invoice_is_printed_by_the_box_with_bengali_letters(market: Market) -> None:
    made, goods, client = market
    made.box.db.write_now(lambda tx: tx.run("update users set language = 'bn' where id = :id", id=made.bilal.id))
    bilal = Tab(client, "bilal@example.com", BASE)
    got = bilal.get(f"/billing/invoices/{goods.invoice}/invoice.pdf")
    assert (got.status_code, got.headers["content-type"]) == (200, "application/pdf")
    assert got.headers["content-disposition"] == 'attachment; filename="invoice-000001.pdf"'
    assert got.content.startswith(b"%PDF-") and b"Bengali" in got.content
    assert got.content.count(b"/Type /Page\n") == 1
    assert Tab(client, NEWCOMERS[1], BASE).get("/billing/invoices/1/invoice.pdf").status_code == 404


def test_without_room_or_browser_the_cure_is_the_print_button(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, client = market
    bilal = Tab(client, "bilal@example.com", BASE)
    monkeypatch.setattr(printing, "memory_mb", lambda: (1_000, 100))
    poor = bilal.get("/billing/invoices/1/invoice.pdf")
    assert poor.status_code == 503 and "Use Print, and save it as PDF there." in words(poor.text)
    assert "data-print" in bilal.get("/billing/invoices/1").text
    with pytest.raises(Unavailable) as refused:
        printed("/nowhere/chromium")
    assert refused.value.code == "no_browser"


def printed(chromium: str | None) -> bytes:
    return asyncio.run(printing.pdf("x", language="en", title="x", chromium=chromium))


def test_one_pdf_at_a_time_and_none_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printing._turn, "waits_seconds", 0.01)
    with printing._turn.lock, pytest.raises(Unavailable) as busy:
        printed(browsers.SHELL)
    assert busy.value.code == "busy"
    monkeypatch.setattr(printing, "SECONDS", 0.3)
    hangs, left = tmp_path / "hangs", tmp_path / "left"
    hangs.write_text(f"#!/bin/sh\nsleep 60 &\necho $! > {left}\nwait\n")
    hangs.chmod(0o755)
    with pytest.raises(Unavailable) as late:
        printed(str(hangs))
    assert late.value.code == "print_failed"
    assert not printing._turn.lock.locked()
    until = monotonic() + 10
    while Path(f"/proc/{left.read_text().strip()}/cmdline").exists() and monotonic() < until:
        sleep(0.02)
    assert not Path(f"/proc/{left.read_text().strip()}/cmdline").exists()


def test_a_printed_page_may_load_and_run_nothing() -> None:
    page = printing._page("<p>x</p>", "en", "x")
    assert "default-src 'none'" in page and "script" not in page
    for rule in some(("http:", "https:", "@import", "url(")):
        assert rule not in printing._style()
