"""Every route of the dashboard × everybody who could open it: the status, and no byte of asha's things."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import time, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from httpx import Response
from litestar.testing import TestClient

from tests import webs
from tests.cast import Stage, settings, stage
from tests.faces.api.test_every_route import _rows
from tests.faces.scene import SECTIONS, dress
from tests.faces.tab import Tab, words
from tests.faces.work import busy
from tests.pictures import drawn
from tests.some import some
from wabox import config
from wabox.accounts import keys, mail
from wabox.alerts import services
from wabox.billing import payments, plans, subscriptions
from wabox.billing.payments import Claim
from wabox.billing.plans import Terms
from wabox.campaigns import repeating, unfinished
from wabox.campaigns.occasions import Occasion
from wabox.campaigns.repeating import Wanted
from wabox.contacts import audiences, phones, segments, writing
from wabox.db import Tx
from wabox.texts import stored as texts

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

RESELLING: dict[str, dict[str, Any]] = {
    **SECTIONS,
    "billing": {"enabled": True, "bkash": "01700000000", "seller": "The seller"},
    "accounts": {"registration": "open"},
}
HOUSE = ("/api/", "/static", "/healthz", "/readyz", "/metrics")
TOKEN = "x" * 43


class Row(NamedTuple):
    """What a customer gets who asks for asha's things. owner: only the box's owner has such a page.

    stranger: what somebody without a session gets. tended: open to an account that may not act.
    """

    other: int
    stranger: int = 303
    tended: bool = False


PICTURES = ("GET /whatsapp/devices/{label:str}/picture",)  # no browser is open here


ROWS: dict[str, Row] = {
    "GET /": Row(200),
    "GET /account": Row(303, tended=True),
    "POST /account/confirm": Row(404, tended=True),
    "GET /admin/audit": Row(404),
    "GET /admin/audit.csv": Row(404),
    "GET /admin/backups": Row(404),
    "POST /admin/backups": Row(404),
    "GET /admin/backups/files/{name:str}": Row(404),
    "GET /admin/backups/live": Row(404),
    "POST /admin/backups/night": Row(404),
    "GET /admin/complaints": Row(404),
    "POST /admin/complaints": Row(404),
    "GET /admin/filter": Row(404),
    "POST /admin/filter/builtins/{name:str}": Row(404),
    "GET /admin/filter/reviews": Row(404),
    "GET /admin/filter/reviews/{review_id:int}/picture": Row(404),
    "POST /admin/filter/reviews/{review_id:int}/{what:str}": Row(404),
    "POST /admin/filter/rules": Row(404),
    "GET /admin/filter/rules/{rule_id:int}": Row(404),
    "POST /admin/filter/rules/{rule_id:int}": Row(404),
    "POST /admin/filter/rules/{rule_id:int}/{what:str}": Row(404),
    "POST /admin/filter/try": Row(404),
    "GET /admin/health": Row(404),
    "POST /admin/health/check": Row(404),
    "GET /admin/health/live": Row(404),
    "GET /admin/engine": Row(404),
    "GET /admin/engine/live": Row(404),
    "POST /admin/engine": Row(404),
    "POST /admin/engine/back": Row(404),
    "GET /admin/held": Row(404),
    "POST /admin/held/release": Row(404),
    "POST /admin/held/unmove": Row(404),
    "GET /admin/income": Row(404),
    "GET /admin/income.csv": Row(404),
    "GET /admin/logo": Row(404),
    "POST /admin/logo": Row(404),
    "POST /admin/logo/remove": Row(404),
    "GET /admin/mail": Row(404),
    "GET /admin/reach": Row(404),
    "POST /admin/reach": Row(404),
    "POST /admin/reach/remove": Row(404),
    "POST /admin/reach/test": Row(404),
    "POST /admin/mail/server": Row(404),
    "POST /admin/mail/server/remove": Row(404),
    "POST /admin/mail/test": Row(404),
    "GET /admin/move": Row(404),
    "GET /admin/move/live": Row(404),
    "POST /admin/move": Row(404),
    "GET /admin/payments": Row(404),
    "POST /admin/payments/{payment_id:int}/approve": Row(404),
    "POST /admin/payments/{payment_id:int}/reject": Row(404),
    "GET /admin/plans": Row(404),
    "POST /admin/plans": Row(404),
    "GET /admin/plans/{plan_id:int}": Row(404),
    "POST /admin/plans/{plan_id:int}": Row(404),
    "POST /admin/plans/{plan_id:int}/archive": Row(404),
    "POST /admin/plans/{plan_id:int}/restore": Row(404),
    "GET /admin/users": Row(404),
    "POST /admin/users": Row(404),
    "GET /admin/users/{user_id:int}": Row(404),
    "POST /admin/users/{user_id:int}/{what:str}": Row(404),
    "GET /billing": Row(200),
    "GET /billing/buy/{plan_id:int}": Row(200),
    "POST /billing/buy/{plan_id:int}": Row(422),
    "GET /billing/invoices/{number:int}": Row(404),
    "GET /billing/invoices/{number:int}/invoice.pdf": Row(404),
    "GET /billing/payments/{payment_id:int}/receipt": Row(404),
    "POST /billing/trial": Row(422),
    "GET /campaigns": Row(200),
    "POST /campaigns": Row(422),
    "GET /campaigns/live": Row(200),
    "GET /campaigns/new": Row(200),
    "POST /campaigns/new": Row(200),
    "POST /campaigns/new/look": Row(200),
    "POST /campaigns/drafts/{draft_id:int}/delete": Row(404),
    "POST /campaigns/new/audience": Row(422),
    "POST /campaigns/new/keep": Row(200),
    "POST /campaigns/new/preview": Row(200),
    "POST /campaigns/new/review": Row(422),
    "POST /campaigns/new/self": Row(422),
    "GET /campaigns/repeats": Row(200),
    "GET /campaigns/repeats/{repeat_id:int}": Row(404),
    "POST /campaigns/repeats/{repeat_id:int}/pause": Row(404),
    "POST /campaigns/repeats/{repeat_id:int}/resume": Row(404),
    "POST /campaigns/repeats/{repeat_id:int}/delete": Row(404),
    "GET /campaigns/{campaign_id:int}": Row(404),
    "GET /campaigns/{campaign_id:int}/live": Row(404),
    "POST /campaigns/{campaign_id:int}/pause": Row(404),
    "GET /campaigns/{campaign_id:int}/people": Row(404),
    "POST /campaigns/{campaign_id:int}/redispatch": Row(404),
    "POST /campaigns/{campaign_id:int}/resume": Row(404),
    "GET /campaigns/{campaign_id:int}/not-reached.csv": Row(404),
    "POST /campaigns/{campaign_id:int}/not-reached": Row(404),
    "GET /campaigns/{campaign_id:int}/revoke": Row(404),
    "POST /campaigns/{campaign_id:int}/revoke": Row(404),
    "GET /campaigns/{campaign_id:int}/revoke/live": Row(404),
    "POST /campaigns/{campaign_id:int}/stop": Row(404),
    "POST /clock/confirm": Row(403),
    "POST /admin/changes/seen": Row(404),
    "GET /contacts": Row(200),
    "POST /contacts": Row(422),
    "GET /contacts/export.csv": Row(200),
    "GET /contacts/audiences": Row(200),
    "POST /contacts/audiences": Row(422),
    "POST /contacts/audiences/{audience_id:int}": Row(404),
    "POST /contacts/audiences/{audience_id:int}/delete": Row(404),
    "GET /contacts/fields": Row(200),
    "POST /contacts/fields": Row(422),
    "GET /contacts/fields/{field_id:int}": Row(404),
    "POST /contacts/fields/{field_id:int}": Row(404),
    "POST /contacts/fields/{field_id:int}/remove": Row(404),
    "GET /contacts/import": Row(200),
    "POST /contacts/import": Row(422),
    "GET /contacts/import/{import_id:int}": Row(404),
    "POST /contacts/import/{import_id:int}/cancel": Row(404),
    "POST /contacts/import/{import_id:int}/columns": Row(404),
    "GET /contacts/import/{import_id:int}/live": Row(404),
    "GET /contacts/import/{import_id:int}/refused.csv": Row(404),
    "POST /contacts/import/{import_id:int}/start": Row(404),
    "POST /contacts/many": Row(303),
    "POST /contacts/many/remove": Row(303),
    "GET /contacts/new": Row(200),
    "GET /contacts/tags": Row(200),
    "POST /contacts/tags/delete": Row(404),
    "POST /contacts/tags/rename": Row(404),
    "GET /contacts/{contact_id:int}": Row(404),
    "POST /contacts/{contact_id:int}": Row(404),
    "POST /contacts/{contact_id:int}/consent": Row(404),
    "POST /contacts/{contact_id:int}/consent/remove": Row(404),
    "POST /contacts/{contact_id:int}/delete": Row(404),
    "POST /contacts/{contact_id:int}/erase": Row(404),
    "POST /contacts/{contact_id:int}/opt-in": Row(404),
    "POST /contacts/{contact_id:int}/opt-out": Row(404),
    "GET /docs": Row(200, stranger=200),
    "GET /docs/{chapter:str}": Row(200, stranger=200),
    "GET /docs/try/{anchor:str}": Row(200),
    "POST /docs/try/{anchor:str}": Row(200),
    "GET /files": Row(200),
    "POST /files": Row(422),
    "GET /files/{media_id:int}/content": Row(404),
    "GET /files/{media_id:int}/small": Row(404),
    "POST /files/{media_id:int}/delete": Row(404),
    "GET /help": Row(200, stranger=200),
    "GET /help/{text:str}": Row(200, stranger=200),
    "POST /first/close": Row(303),
    "GET /home/live": Row(200),
    "GET /home/today": Row(200),
    "GET /inbox": Row(200),
    "GET /inbox/live": Row(200),
    "GET /inbox/export.csv": Row(200),
    "GET /inbox/{phone:str}/export.csv": Row(404),
    "GET /inbox/{phone:str}/export.jsonl": Row(404),
    "POST /inbox/tray/{inbox_id:int}": Row(404),
    "GET /inbox/{phone:str}": Row(404),
    "POST /inbox/{phone:str}": Row(404),
    "GET /inbox/{phone:str}/live": Row(404),
    "GET /inbox/{phone:str}/enclose": Row(404),
    "POST /inbox/{phone:str}/enclose": Row(404),
    "POST /inbox/files/{inbox_id:int}": Row(404),
    "POST /inbox/{phone:str}/react": Row(404),
    "POST /inbox/{phone:str}/seen": Row(303),
    "POST /inbox/{phone:str}/self": Row(404),
    "POST /inbox/{phone:str}/opt-out": Row(404),
    "POST /inbox/{phone:str}/erase": Row(404),
    "GET /login": Row(303, stranger=200),
    "POST /login": Row(401, stranger=403, tended=True),
    "GET /login/code": Row(303),
    "POST /login/code": Row(303, stranger=403, tended=True),
    "GET /login/forgot": Row(303),
    "POST /login/forgot": Row(303, stranger=403, tended=True),
    "POST /logout": Row(303, tended=True),
    "GET /messages": Row(200),
    "GET /messages/live": Row(200),
    "GET /messages/{message_id:int}": Row(404),
    "POST /messages/{message_id:int}/cancel": Row(404),
    "GET /messages/{message_id:int}/live": Row(404),
    "POST /messages/{message_id:int}/edit": Row(404),
    "POST /messages/{message_id:int}/revoke": Row(404),
    "POST /messages/{message_id:int}/settle": Row(404),
    "GET /pulse": Row(200),
    "GET /queue": Row(200),
    "GET /queue/live": Row(200),
    "POST /queue/{message_id:int}/cancel": Row(404),
    "GET /register": Row(200, stranger=200),
    "POST /register": Row(422, stranger=403, tended=True),
    "GET /reports": Row(200),
    "GET /reports.csv": Row(200),
    "GET /reset/{token:str}": Row(404, stranger=404),
    "POST /reset/{token:str}": Row(404, stranger=403, tended=True),
    "POST /send": Row(422),
    "POST /send/preview": Row(200),
    "POST /send/self": Row(422),
    "GET /settings": Row(200),
    "POST /settings/key": Row(200),
    "GET /settings/keys": Row(200),
    "GET /settings/answers": Row(303),
    "GET /settings/box": Row(404),
    "POST /settings/hours": Row(403),
    "POST /settings/answers": Row(303),
    "GET /settings/sending": Row(200),
    "GET /settings/alerts": Row(200),
    "POST /settings/alerts": Row(303),
    "GET /settings/alerts/live": Row(200),
    "POST /settings/alerts/services": Row(422),
    "POST /settings/alerts/services/{service_id:int}/remove": Row(404),
    "POST /settings/alerts/services/{service_id:int}/test": Row(404),
    "POST /settings/alerts/test/{road:str}": Row(422),
    "POST /settings/sending": Row(403),
    "POST /settings/shop": Row(303, tended=True),
    "POST /settings/keys": Row(422),
    "POST /settings/keys/{key_id:int}/revoke": Row(404),
    "POST /settings/locale": Row(303, tended=True),
    "POST /settings/password": Row(422, tended=True),
    "GET /settings/security": Row(200),
    "POST /settings/security/delete": Row(422, tended=True),
    "POST /settings/security/totp": Row(303, tended=True),
    "POST /settings/security/totp/codes": Row(422, tended=True),
    "POST /settings/security/totp/confirm": Row(422, tended=True),
    "POST /settings/security/totp/off": Row(422, tended=True),
    "POST /settings/sessions/end": Row(303, tended=True),
    "GET /setup": Row(303),
    "GET /setup/{token:str}": Row(303),
    "POST /setup/{token:str}": Row(303, stranger=403, tended=True),
    "GET /setup/{token:str}/restore": Row(303),
    "POST /setup/{token:str}/restore": Row(303, stranger=403, tended=True),
    "GET /setup/{token:str}/restore/live": Row(303),
    "POST /setup/{token:str}/restore/open": Row(303, stranger=403, tended=True),
    "POST /setup/{token:str}/restore/other": Row(303, stranger=403, tended=True),
    "GET /terms": Row(200, stranger=200),
    "POST /terms": Row(422, tended=True),
    "GET /texts": Row(200),
    "POST /texts": Row(422),
    "GET /texts/export.json": Row(200),
    "POST /texts/import": Row(422),
    "GET /texts/new": Row(200),
    "GET /search": Row(200),
    "GET /search/found": Row(200),
    "GET /send/whom": Row(200),
    "GET /texts/pick": Row(200),
    "POST /texts/preview": Row(200),
    "POST /texts/ready": Row(303),
    "GET /texts/{text_id:int}": Row(404),
    "POST /texts/{text_id:int}": Row(404),
    "POST /texts/{text_id:int}/delete": Row(404),
    "GET /verify/{token:str}": Row(404, stranger=404),
    "POST /verify/{token:str}": Row(404, stranger=403, tended=True),
    "GET /webhooks": Row(200),
    "POST /webhooks": Row(422),
    "POST /webhooks/deliveries/{delivery_id:int}/replay": Row(404),
    "GET /webhooks/live": Row(200),
    "POST /webhooks/off": Row(303),
    "POST /webhooks/rotate": Row(200),
    "POST /webhooks/test": Row(422),
    "GET /whatsapp": Row(200),
    "POST /whatsapp/devices": Row(422),
    "POST /whatsapp/devices/{label:str}/delete": Row(404),
    "POST /whatsapp/devices/{label:str}/logout": Row(404),
    "POST /whatsapp/devices/{label:str}/go-on": Row(404),
    "POST /whatsapp/devices/{label:str}/pairing-code": Row(404),
    "GET /whatsapp/devices/{label:str}/doctor": Row(404),
    "GET /whatsapp/devices/{label:str}/picture": Row(404),
    "POST /whatsapp/devices/{label:str}/press": Row(404),
    "POST /whatsapp/devices/{label:str}/restart": Row(404),
    "GET /whatsapp/devices/{label:str}/rules": Row(404),
    "POST /whatsapp/devices/{label:str}/rules": Row(404),
    "POST /whatsapp/devices/{label:str}/start": Row(404),
    "POST /whatsapp/devices/{label:str}/test": Row(404),
    "POST /whatsapp/disclaimer": Row(422),
    "GET /whatsapp/live": Row(200),
}

# Forms that are looked at before the thing they are about.
BODIES = {
    "POST /messages/{message_id:int}/settle": {"as": "sent"},
    "POST /inbox/tray/{inbox_id:int}": {"as": "opt_out"},
    "POST /whatsapp/devices/{label:str}/pairing-code": {"phone": "8801711000123"},
}
# What is not there for the owner either: asha sent no picture, an archived plan, links of nobody.
ABSENT = {
    "GET /admin/backups/files/{name:str}",
    "GET /admin/filter/rules/{rule_id:int}",
    "GET /admin/filter/reviews/{review_id:int}/picture",
    "GET /billing/buy/{plan_id:int}",
    "GET /billing/payments/{payment_id:int}/receipt",
    "GET /reset/{token:str}",
    "GET /verify/{token:str}",
}


@dataclass(slots=True)
class Shop:
    """The box of a reseller where asha has one of everything. ids: hers, by the name in the address."""

    stage: Stage
    client: TestClient[Any]
    ids: dict[str, object] = field(default_factory=dict)

    def tab(self, email: str | None = None) -> Tab:
        return Tab(self.client, email, "http://testserver.local")

    def path(self, route: str) -> str:
        return re.sub(r"{(\w+):\w+}", lambda found: str(self.ids[found[1]]), route.partition(" ")[2])

    def ask(self, tab: Tab, route: str) -> Response:
        if route.startswith("GET"):
            return tab.get(self.path(route))
        return tab.post(self.path(route), BODIES.get(route))


def _sell(tx: Tx, shop: Shop) -> None:
    made, now = shop.stage, shop.stage.hands.now()
    plan = plans.create(tx, Terms("Basic", 50_000, "BDT", 30, 1_000), now=now)
    claim = Claim(plan.id, "bkash", 50_000, "KINGFISHER1", "kingfishersender")
    paid = payments.submit(tx, made.asha.id, claim, ip=None, now=now)
    assert isinstance(paid, payments.Payment)
    payments.approve(tx, paid.id, by=made.asha.id, seller="The seller", ip=None, now=now)
    number = tx.value("select max(number) from invoices where user_id = :id", id=made.asha.id)
    shop.ids |= {"plan_id": plan.id, "payment_id": paid.id, "number": number}
    mail.owe(
        tx, to="kingfishermail@example.com", subject="kingfishersubject", body="x", seal=made.box.seal, now=now
    )
    shop.ids["key_id"] = keys.named(tx, made.asha.id, name="kingfisherkey", scopes=["send"], now=now).key_id
    draft = writing.Draft(
        phones.parse("8801799000111", country="BD"),
        name="kingfishername",
        tags=("kingfishertag",),
        fields={"kingfisherfield": "kingfishercity"},
    )
    writing.bulk(tx, made.asha.id, [draft], now=now)
    kept = audiences.add(tx, made.asha.id, "kingfisheraudience", segments.of_tag("kingfishertag"), now=now)
    shop.ids["audience_id"] = kept.id
    friday = Occasion("week", time(10), (4,))
    wanted = Wanted("kingfisherrepeat", "kingfisherword", "{}", friday)
    shop.ids["repeat_id"] = repeating.add(tx, made.asha.id, wanted, config=made.box.config, now=now).id
    text = texts.Draft("kingfisherword", "kingfishertext {name}")
    unfinished.keep(tx, made.asha.id, "ticket", name="kingfisherdraft", form="name=kingfisherdraft", now=now)
    shop.ids["draft_id"] = unfinished.every(tx, made.asha.id)[0].id
    shop.ids["text_id"] = texts.add(tx, made.asha.id, text, now=now).id
    tx.run("update messages set text = 'kingfishertext' where user_id = :id", id=made.asha.id)
    tx.run(
        "update campaigns set name = 'kingfishercampaign', message = 'kingfishertext' where user_id = :id",
        id=made.asha.id,
    )
    tx.run("update devices set label = 'kingfisherphone' where user_id = :id and label = 'sales'", id=made.asha.id)
    tx.run("update inbox set text = 'kingfisherinbox' where user_id = :id", id=made.asha.id)
    tx.run("update webhooks set url = 'https://kingfisherhook.example' where user_id = :id", id=made.asha.id)


def _name(shop: Shop) -> None:
    """The ids of asha's things."""
    asha = shop.stage.asha.id
    for name, sql in {
        "campaign_id": "select max(id) from campaigns where user_id = :id and status = 'sending'",
        "contact_id": "select max(id) from contacts where user_id = :id",
        "field_id": "select max(id) from contact_fields where user_id = :id",
        "message_id": "select max(id) from messages where user_id = :id and status = 'queued'",
        "inbox_id": "select max(id) from inbox where user_id = :id",
        "phone": "select max(phone) from inbox where user_id = :id",
        "delivery_id": "select max(id) from deliveries where user_id = :id",
        "import_id": "select max(id) from imports where user_id = :id",
        "media_id": "select max(id) from media where user_id = :id",
    }.items():
        shop.ids[name] = shop.stage.value(sql, id=asha)
        assert shop.ids[name] is not None, name
    shop.ids |= {"label": "kingfisherphone", "token": TOKEN, "user_id": asha, "what": "suspend", "road": "mail"}
    shop.ids["service_id"] = shop.stage.box.db.write_now(_service, shop.stage)
    shop.ids |= {"rule_id": 1, "review_id": 1, "name": "bank", "text": "whatsapp", "anchor": "get-messages"}
    shop.ids["chapter"] = "messages"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = stage(tmp_path, **SECTIONS)
    dress(made)
    busy(made, people=8)
    made.box = replace(made.box, config=config.parse(settings(**RESELLING), base=tmp_path))
    made.box.db.write_now(subscriptions.switch, enabled=True, now=made.hands.now())
    with webs.client(made.box) as client:
        shop = Shop(made, client)
        made.box.db.write_now(_sell, shop)
        asha = shop.tab("asha@example.com")
        people = b"phone,name\n8801799000222,kingfisherrow\n"
        files = {"file": ("kingfisherfile.csv", people, "text/csv")}
        asha.ask("POST", "/contacts/import", data={"_csrf": asha.csrf}, files=files)
        picture = {"file": ("kingfisherpicture.png", drawn("png"), "image/png")}
        asha.ask("POST", "/files", data={"_csrf": asha.csrf}, files=picture)
        _name(shop)
        yield shop
    made.close()


def _expected(route: str, row: Row, state: str) -> int:
    """Who may not act may look all the same, and tend to the own log-in."""
    acts = state in ("active", "expired")
    if route == "GET /account":
        return 303 if acts else 200
    if acts or row.tended or route.startswith("GET"):
        return row.other
    return 404 if "/admin/" in route else 403


def _state(shop: Shop, state: str) -> None:
    def verb(tx: Tx) -> None:
        if state == "expired":
            _had_a_plan(tx, shop)
            return
        tx.run("update users set state = :state where id = :id", state=state, id=shop.stage.bilal.id)

    shop.stage.box.db.write_now(verb)


def _had_a_plan(tx: Tx, shop: Shop) -> None:
    """bilal paid for thirty days, and they are over since yesterday."""
    made, then = shop.stage, shop.stage.hands.now() - timedelta(days=31)
    plan_id = tx.value("select max(id) from plans")
    claim = Claim(plan_id, "bkash", 50_000, "BILALPAID1", "01711000001")
    paid = payments.submit(tx, made.bilal.id, claim, ip=None, now=then)
    assert isinstance(paid, payments.Payment)
    payments.approve(tx, paid.id, by=made.asha.id, seller="The seller", ip=None, now=then)
    period = subscriptions.last(tx, made.bilal.id)
    assert period is not None and period.expires_at < made.hands.now()


def test_every_route_has_a_row_here(shop: Shop) -> None:
    found = set()
    for route in webs.pages_of(shop.stage.box).routes:
        if not route.path.startswith(HOUSE):
            for handler in getattr(route, "route_handlers", ()):
                found |= {f"{one} {route.path}" for one in handler.http_methods if one in ("GET", "POST")}
    assert found == set(ROWS)


def test_a_stranger_gets_the_login_page_and_changes_nothing(shop: Shop) -> None:
    before = _rows(shop.stage)
    for route, row in ROWS.items():
        answer = shop.ask(shop.tab(), route)
        assert answer.status_code == row.stranger, (route, answer.status_code)
        if row.stranger == 303:
            assert answer.headers["location"].startswith("/login"), route
        assert "kingfisher" not in answer.text.lower(), route
    assert _rows(shop.stage) == before


@pytest.mark.heavy("asks for every page and does every deed")
@pytest.mark.parametrize("state", ["active", "expired", "pending", "suspended"])
def test_bilal_gets_nothing_of_asha_in_any_state(shop: Shop, state: str) -> None:
    _state(shop, state)
    bilal = shop.tab("bilal@example.com")
    if state == "expired":
        assert shop.stage.value("select count(*) from invoices where user_id = :id", id=shop.stage.bilal.id) == 1
        assert "Expired" in words(bilal.get("/billing").text)
    before = _rows(shop.stage, shop.stage.asha.id)
    for route, row in ROWS.items():
        if route == "POST /logout":
            continue
        answer = shop.ask(bilal, route)
        assert answer.status_code == _expected(route, row, state), (route, answer.status_code)
        assert "kingfisher" not in answer.text.lower(), route
    assert _rows(shop.stage, shop.stage.asha.id) == before


def test_a_locked_account_is_a_stranger_everywhere(shop: Shop) -> None:
    bilal = shop.tab("bilal@example.com")
    _state(shop, "locked")
    for route, row in ROWS.items():
        answer = shop.ask(bilal, route)
        assert answer.status_code in (row.stranger, 403), (route, answer.status_code)
        assert "kingfisher" not in answer.text.lower(), route


def test_no_form_without_its_token_or_from_elsewhere_does_anything(shop: Shop) -> None:
    asha = shop.tab("asha@example.com")
    before = _rows(shop.stage)
    for route in some([one for one in ROWS if one.startswith("POST")]):
        path = shop.path(route)
        bare = asha.ask("POST", path)
        assert bare.status_code == 403, (route, bare.status_code)
        foreign = asha.post(path, headers={"Origin": "https://evil.example"})
        assert foreign.status_code == 403, (route, foreign.status_code)
        cross = asha.post(path, headers={"Sec-Fetch-Site": "cross-site"})
        assert cross.status_code == 403, (route, cross.status_code)
    assert _rows(shop.stage) == before


@pytest.mark.heavy("asks for every page")
def test_the_owner_has_every_page(shop: Shop) -> None:
    asha = shop.tab("asha@example.com")
    for route in some([one for one in ROWS if one.startswith("GET")]):
        expected = (404,) if route in ABSENT else (503,) if route in PICTURES else (200, 303)
        assert shop.ask(asha, route).status_code in expected, route


def _service(tx: Tx, made: Stage) -> int:
    return services.add(
        tx, made.asha.id, "ntfy://shop", "ntfy (ntfy://…)", seal=made.box.seal, now=made.hands.now()
    )
