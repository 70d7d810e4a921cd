"""Every route of the document × everybody who could call it: the answer, and what it did to the rows."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from tests import webs
from tests.cast import NOON, Stage, settings, stage
from tests.faces.api.conftest import Api, furnish, opened, rotate
from tests.files import pdf
from tests.some import some
from wabox import config
from wabox.api import document, v1
from wabox.billing import payments, plans, subscriptions
from wabox.billing.payments import Claim
from wabox.billing.plans import Terms
from wabox.db import Tx
from wabox.messages import claiming, stored

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")


@dataclass(frozen=True, slots=True)
class Row:
    """How a route is called on asha's things. status: asha's answer; other: bilal's, to whom they are not there.

    file: what is uploaded. job: which message or campaign of asha's; contact: which person. changes: a question
    whose answer her call changes, and bilal's and everybody else's does not.
    """

    status: int
    other: int = 404
    body: Any = None
    job: str | None = None
    contact: str = "contact"
    changes: str | None = None
    file: bytes | None = None


JOB = "select group_concat(status) from messages where user_id = {asha}"
REACTIONS = "select group_concat(emoji) from reactions where user_id = {asha}"
EDITED = "select count(edit_asked_at) from messages where user_id = {asha}"
REVOKED = "select count(revoke_asked_at) from messages where user_id = {asha}"
KEYS = "select group_concat(key_hash || coalesce(revoked_at, '')) from api_keys where user_id = {asha}"
CONTACTS = "select group_concat(phone || coalesce(name, '')) from contacts where user_id = {asha}"
OWN = "select group_concat(name) from contact_fields where user_id = {asha}"
OPTED_OUT = "select group_concat(phone_hash) from suppressions where user_id = {asha}"
SALES = "select state || coalesce(command, '') || wanted from devices where label = 'sales'"
FILES = "select group_concat(id || coalesce(removed_at, '')) from media where user_id = {asha}"
ASKED = "select group_concat(coalesce(asked_at, '-')) from inbox_files where user_id = {asha}"
TAKEN_OUT = "select count(*) from audit where action = 'inbox.exported' and user_id = {asha}"
PROMO = {"name": "April", "message": "Hi {name}", "tag": "leads"}
TAKEN_BACK = "select count(revoke_asked_at) from campaigns where user_id = {asha}"
CAMPAIGNS = "select group_concat(status) from campaigns where user_id = {asha}"
REPEATS = "select group_concat(name || status) from repeats where user_id = {asha}"
WEEKLY = {**PROMO, "when": {"every": "week", "weekdays": ["friday"], "at": "10:00"}}
AUDIENCES = "select group_concat(name) from saved_audiences where user_id = {asha}"
TEXTS = "select group_concat(name || message) from texts where user_id = {asha}"
ALLOWED = "select value from box where key = 'webhook_allow' and {asha}"
SERVICES = "select group_concat(id) from alert_services where user_id = {asha}"
ROWS = {
    "POST /send": Row(
        202,
        body={"phone": "8801711000002", "message": "Hi", "device_label": "sales", "queue_if_offline": True},
        changes=JOB,
    ),
    "GET /messages": Row(200, 200),
    "GET /messages/{job_id}": Row(200),
    "POST /messages/{job_id}/cancel": Row(200, changes=JOB),
    "POST /messages/{job_id}/settle": Row(200, body={"as": "sent"}, job="unknown", changes=JOB),
    "POST /messages/{job_id}/revoke": Row(202, job="sent", changes=REVOKED),
    "POST /messages/{job_id}/edit": Row(202, body={"message": "Better"}, job="sent", changes=EDITED),
    "GET /messages/{job_id}/reactions": Row(200, job="sent"),
    "POST /messages/{job_id}/react": Row(202, body={"emoji": "👍"}, job="sent", changes=REACTIONS),
    "GET /inbox/{message_id}/reactions": Row(200),
    "POST /inbox/{message_id}/react": Row(202, body={"emoji": "👍"}, changes=REACTIONS),
    "GET /devices": Row(200, 200),
    "POST /devices": Row(
        201, 201, {"device_label": "till"}, changes="select count(*) from devices where user_id = {asha}"
    ),
    "DELETE /devices/{device_label}": Row(
        204, changes="select removed_at is null from devices where label = 'sales'"
    ),
    "POST /devices/{device_label}/start": Row(202, changes=SALES),
    "POST /devices/{device_label}/restart": Row(202, changes=SALES),
    "POST /devices/{device_label}/logout": Row(202, changes=SALES),
    "POST /devices/{device_label}/go-on": Row(422, body={"phone_number": "8801911222333"}),
    "GET /devices/{device_label}/qr": Row(200),
    "GET /devices/{device_label}/checkup": Row(200),
    "GET /devices/{device_label}/pairing-code": Row(200),
    "POST /devices/{device_label}/pairing-code": Row(202, body={"phone": "8801911222333"}, changes=SALES),
    "GET /settings": Row(200, 200),
    "PATCH /settings": Row(
        200, 200, {"timezone": "Europe/Berlin"}, changes="select timezone from users where id = {asha}"
    ),
    "GET /devices/{device_label}/settings": Row(200),
    "PATCH /devices/{device_label}/settings": Row(
        200, body={"sending": {"daily_cap": 9}}, changes="select rules from devices where label = 'sales'"
    ),
    "GET /alerts/services": Row(200, 200),
    "POST /alerts/services": Row(201, 201, {"address": "ntfy://shop"}, changes=SERVICES),
    "POST /alerts/services/{service_id}/test": Row(
        202, changes="select count(*) from alert_calls where user_id = {asha}"
    ),
    "DELETE /alerts/services/{service_id}": Row(204, changes=SERVICES),
    "POST /keys/rotate": Row(200, 200, changes=KEYS),
    "GET /keys": Row(200, 200),
    "POST /keys": Row(201, 201, {"name": "till", "scopes": ["send"]}, changes=KEYS),
    "DELETE /keys/{key_id}": Row(204, changes=KEYS),
    "GET /webhooks": Row(200, 200),
    "PUT /webhooks": Row(
        200, 200, {"webhook_url": None}, changes="select coalesce(url, '') from webhooks where user_id = {asha}"
    ),
    "POST /webhooks/test": Row(202, 422, changes="select count(*) from deliveries where user_id = {asha}"),
    "GET /webhooks/deliveries": Row(200, 200),
    "GET /webhooks/deliveries/{delivery_id}": Row(200),
    "POST /webhooks/deliveries/{delivery_id}/replay": Row(
        202, changes="select due_at from deliveries where user_id = {asha} order by id"
    ),
    "GET /webhooks/allow": Row(200, 403),
    "PUT /webhooks/allow": Row(200, 403, {"allow": [{"entry": "192.168.1.0/24"}]}, changes=ALLOWED),
    "POST /webhooks/allow/test": Row(200, 403, {"webhook_url": "http://192.168.1.20/"}),
    "GET /reports/summary": Row(200, 200),
    "GET /reports/daily": Row(200, 200),
    "GET /reports/campaigns/{campaign_id}": Row(200),
    "GET /campaigns": Row(200, 200),
    "POST /campaigns": Row(201, 422, PROMO, changes="select count(*) from campaigns where user_id = {asha}"),
    "POST /campaigns/preflight": Row(200, 200, PROMO),
    "GET /campaigns/{campaign_id}": Row(200),
    "POST /campaigns/{campaign_id}/pause": Row(200, changes=CAMPAIGNS),
    "POST /campaigns/{campaign_id}/resume": Row(200, job="paused", changes=CAMPAIGNS),
    "POST /campaigns/{campaign_id}/stop": Row(200, changes=CAMPAIGNS),
    "POST /campaigns/{campaign_id}/redispatch": Row(200),
    "GET /campaigns/{campaign_id}/revoke": Row(200),
    "POST /campaigns/{campaign_id}/revoke": Row(202, job="paused", changes=TAKEN_BACK),
    "GET /repeats": Row(200, 200),
    "POST /repeats": Row(201, 201, WEEKLY, changes=REPEATS),
    "GET /repeats/{repeat_id}": Row(200),
    "GET /repeats/{repeat_id}/runs": Row(200),
    "PATCH /repeats/{repeat_id}": Row(200, body={"name": "Weekly"}, changes=REPEATS),
    "POST /repeats/{repeat_id}/pause": Row(200, changes=REPEATS),
    "POST /repeats/{repeat_id}/resume": Row(200),
    "DELETE /repeats/{repeat_id}": Row(204, changes=REPEATS),
    "GET /contacts": Row(200, 200),
    "POST /contacts": Row(201, 201, {"phone": "8801711000077"}, changes=CONTACTS),
    "POST /contacts/bulk": Row(200, 200, {"contacts": [{"phone": "8801711000078"}]}, changes=CONTACTS),
    "GET /contacts/{contact_id}": Row(200),
    "PATCH /contacts/{contact_id}": Row(200, body={"name": "Rina"}, changes=CONTACTS),
    "DELETE /contacts/{contact_id}": Row(204, changes=CONTACTS),
    "POST /contacts/{contact_id}/opt-out": Row(200, changes=OPTED_OUT),
    "POST /contacts/{contact_id}/opt-in": Row(200, contact="opted_out", changes=OPTED_OUT),
    "GET /media": Row(200, 200),
    "POST /media": Row(201, 201, file=pdf("of asha's"), changes=FILES),
    "GET /media/{media_id}": Row(200),
    "GET /media/{media_id}/content": Row(200),
    "GET /media/inbound/{message_id}": Row(200),
    "POST /media/inbound/{message_id}": Row(202, changes=ASKED),
    "DELETE /media/{media_id}": Row(204, changes=FILES),
    "GET /inbox/export": Row(200, 200, changes=TAKEN_OUT),
    "GET /tags": Row(200, 200),
    "GET /templates": Row(200, 200),
    "POST /templates": Row(201, 201, {"name": "Thanks", "message": "Thank you, {name}"}, changes=TEXTS),
    "GET /templates/{template_id}": Row(200),
    "PATCH /templates/{template_id}": Row(200, body={"message": "Thank you"}, changes=TEXTS),
    "DELETE /templates/{template_id}": Row(204, changes=TEXTS),
    "GET /fields": Row(200, 200),
    "POST /fields": Row(201, 201, {"name": "due", "kind": "number"}, changes=OWN),
    "PATCH /fields/{field_name}": Row(200, body={"name": "town"}, changes=OWN),
    "DELETE /fields/{field_name}": Row(204, changes=OWN),
    "POST /templates/preview": Row(200, 200, {"message": "Hi"}),
    "GET /audiences": Row(200, 200),
    "POST /audiences": Row(201, 201, {"name": "Leads", "segment": {"tags_any": ["leads"]}}, changes=AUDIENCES),
    "GET /audiences/{audience_id}": Row(200),
    "PATCH /audiences/{audience_id}": Row(200, body={"name": "Regulars"}, changes=AUDIENCES),
    "DELETE /audiences/{audience_id}": Row(204, changes=AUDIENCES),
}

EXTRAS = ("user_id", "credits", "role", "status", "state", "plan_id", "id", "is_admin", "unlimited", "owner")


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    for one in opened(tmp_path):
        furnish(one)
        one.stage.hands.forward(minutes=1)
        yield one


def _call(api: Api, route: str, key: str | None = None, **more: Any) -> Any:
    method, _, path = route.partition(" ")
    method = more.pop("method", method)
    row = ROWS[route]
    names: dict[str, object] = {"device_label": "sales", "delivery_id": api.ids["delivery"]}
    names |= {"field_name": "city", "key_id": api.ids["key"], "contact_id": api.ids[row.contact]}
    names |= {"template_id": api.ids["template"], "media_id": api.ids["media"]}
    names |= {"audience_id": api.ids["audience"], "repeat_id": api.ids["repeat"]}
    names["service_id"] = api.ids["service"]
    names["message_id"] = api.ids["message"]
    names |= {"job_id": api.ids[row.job or "queued"], "campaign_id": api.ids[row.job or "scheduled"]}
    body = more.pop("body", row.body)
    if row.file is not None and body is None:
        more["files"] = {"file": ("bill.pdf", row.file)}
    if body is not None:
        more["json"] = body
    return api.call(method, path.format(**names), key, **more)


def _seen(api: Api, route: str) -> Any:
    question = ROWS[route].changes
    return None if question is None else api.stage.value(question.format(asha=api.stage.asha.id))


def _rows(made: Stage, owner: int | None = None) -> str:
    """A digest of every row, or of those of one user; when a key was last used is nobody's business."""

    def read(rows: Any) -> str:
        digest = hashlib.sha256()
        for table in rows.all("select name from sqlite_master where type = 'table' order by name"):
            name = table["name"]
            columns = [one["name"] for one in rows.all(f"pragma table_info({name})")]
            kept = ", ".join(one for one in columns if one not in ("last_used_at", "last_used_ip"))
            if owner is not None and "user_id" not in columns:
                continue
            where = "" if owner is None else f"where user_id = {owner}"
            for row in rows.all(f"select {kept} from {name} {where}"):
                digest.update(repr(tuple(row)).encode())
        return digest.hexdigest()

    return made.box.db.read_here(read)


def test_every_route_of_the_document_has_a_row_here(tmp_path: Path) -> None:
    made = stage(tmp_path)
    with webs.web(made.box) as web:
        told = document.of(web, v1.PATH)["paths"]
    made.close()
    found = {f"{method.upper()} {path.removeprefix(v1.PATH)}" for path, item in told.items() for method in item}
    assert found == set(ROWS)


def test_strangers_get_in_nowhere_and_change_nothing(api: Api) -> None:
    dead = rotate(api)
    live = api.stage.asha.key
    before = _rows(api.stage)
    for route in ROWS:
        for key in ("", dead, "nonsense", live[:-1], live + "x", live.swapcase(), "x" * 5_000):
            answer = _call(api, route, key)
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized"), (route, key)
            wanted = "not known here" if key else "Send your API key"
            assert wanted in answer.json()["error"] or len(key) > 200, (route, key)
            assert set(answer.json()) == {"error", "code", "details"}
        for headers in ({"X-API-Key": ""}, {"X-API-Key": "   "}, {"Authorization": f"Basic {live}"}):
            assert _call(api, route, "", headers=headers).status_code == 401
    assert _rows(api.stage) == before


@pytest.mark.parametrize("state", ["pending", "suspended", "locked"])
def test_an_account_that_is_not_active_is_403_before_anything_else(api: Api, state: str) -> None:
    def verb(tx: Any) -> None:
        tx.run("update users set state = :state where id = :id", state=state, id=api.stage.asha.id)

    api.stage.box.db.write_now(verb)
    before = _rows(api.stage)
    for route in ROWS:
        answer = _call(api, route)
        assert (answer.status_code, answer.json()["code"]) == (403, f"account_{state}"), route
        method, _, path = route.partition(" ")
        broken = api.call(method, re.sub("{.*}", "999", path), content=b'{"')
        assert broken.status_code == 403, route
    assert _rows(api.stage) == before


def test_bilal_sees_and_changes_nothing_of_asha(api: Api) -> None:
    before = _rows(api.stage, api.stage.asha.id)
    for route in sorted(ROWS, key="POST /keys/rotate".__eq__):
        answer = _call(api, route, api.stage.bilal.key)
        assert answer.status_code == ROWS[route].other, (route, answer.text)
        for secret in ("secret of asha", "shop.example", "sales", "8801700000009"):
            assert secret not in answer.text, route
    assert _rows(api.stage, api.stage.asha.id) == before


@pytest.mark.parametrize("route", sorted(one for one in ROWS if ROWS[one].changes is not None))
def test_asha_gets_what_she_asks_for(api: Api, route: str) -> None:
    before = _seen(api, route)
    answer = _call(api, route)
    assert answer.status_code == ROWS[route].status, answer.text
    assert _seen(api, route) != before


def _plan_over(api: Api) -> AbstractContextManager[TestClient[Litestar]]:
    """asha is a customer whose plan with credits ended yesterday; the app of that box."""
    made = api.stage
    limited = config.parse(settings(billing={"enabled": True}), base=made.box.config.data.dir.parent)
    made.box = replace(made.box, config=limited)

    def verb(tx: Tx) -> None:
        tx.run("update users set role = 'user' where id = :id", id=made.asha.id)
        tx.run("update users set role = 'owner' where id = :id", id=made.bilal.id)
        subscriptions.switch(tx, enabled=True, now=NOON)
        then = made.hands.now() - timedelta(days=31)
        plan = plans.create(tx, Terms("Basic", 50_000, "BDT", 30, 100, max_wa_accounts=3), now=then)
        claim = Claim(plan.id, "bkash", 50_000, "TX12345", "01711000001")
        paid = payments.submit(tx, made.asha.id, claim, ip=None, now=then)
        assert isinstance(paid, payments.Payment)
        payments.approve(tx, paid.id, by=made.bilal.id, seller="bilal", ip=None, now=then)

    made.box.db.write_now(verb)
    return webs.client(made.box)


@pytest.mark.parametrize("route", sorted(ROWS))
def test_with_a_plan_that_is_over_one_may_look_and_act_but_nothing_is_sent(api: Api, route: str) -> None:
    with _plan_over(api) as client:
        api.client = client
        answer = _call(api, route)
        row = ROWS[route]  # what is 403 to others is the owner's, who is bilal here
        assert answer.status_code == (403 if row.other == 403 else row.status), answer.text
        if route == "POST /send":
            assert answer.json()["wait_reason"] == "plan_expired"
    box = api.stage.box
    found = box.db.write_now(claiming.claim_next, api.stage.asha.device_id, config=box.config, now=box.now())
    assert not isinstance(found, stored.Message)


def test_no_body_takes_what_is_not_its_callers_to_say(api: Api) -> None:
    before = _rows(api.stage)
    for route in some([one for one in ROWS if ROWS[one].body is not None]):
        for name in EXTRAS:
            answer = _call(api, route, body={**ROWS[route].body, name: 1})
            assert (answer.status_code, name in answer.text) == (422, True), (route, name, answer.text)
        api.stage.hands.forward(seconds=20)  # some take ten at once
    api.stage.hands.forward(minutes=1)
    contact = {"phone": "8801711000078", "user_id": 2}
    assert api.call("POST", "/contacts/bulk", json={"contacts": [contact]}).status_code == 422
    assert _rows(api.stage) == before


def test_reading_changes_nothing_and_a_key_may_be_a_bearer_token(api: Api) -> None:
    rows = _rows(api.stage)
    bearer = {"Authorization": f"bearer {api.stage.asha.key}", "X-API-Key": ""}
    for route in some([one for one in ROWS if ROWS[one].changes is None]):
        answer = _call(api, route)
        assert answer.status_code == ROWS[route].status, answer.text
        assert _call(api, route, "", headers=bearer).content == answer.content
    assert _rows(api.stage) == rows


def test_other_methods_are_405_and_name_the_right_ones(api: Api) -> None:
    for route in ROWS:
        path = route.partition(" ")[2]
        address = re.sub("{.*}", "1", path)
        mine = {one.partition(" ")[0] for one in ROWS if one.partition(" ")[2] == path}
        for other in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "QUERY"} - mine:
            answer = api.call(other, address)
            assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed"), (other, path)
            assert set(answer.headers["allow"].split(", ")) == mine | {"OPTIONS"}
        answer = api.call("OPTIONS", address)
        assert (answer.status_code, set(answer.headers["allow"].split(", "))) == (204, mine | {"OPTIONS"})


IDS = ["0", "-1", "99999", str(2**63 - 1), str(2**63), str(2**64), "9" * 5_000]
NO_IDS = ["x", "1.0", "1_0", "+1", "%201", "%D9%A1", "0x1", "01", "1e0", "null", "%00", "1%2F2"]
LABELS = [
    "nobody",
    "PRIMARY",
    "a" * 1_000,
    "a%2Fb",
    "a%20b",
    "%E0%A6%AC",
    "%00",
    "%FF",
    "primary%0A",
    "null",
    "%27--",
]


def test_an_id_or_label_that_is_nobodys_or_none_at_all_is_404(api: Api) -> None:
    before = _rows(api.stage)
    for route in some([one for one in ROWS if "{" in one]):
        method, _, path = route.partition(" ")
        api.stage.hands.forward(minutes=1)  # or it were too many in one
        for one in LABELS if "label" in path else IDS + NO_IDS:
            answer = api.call(method, re.sub("{.*}", one, path), json=ROWS[route].body)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), (route, one[:40])
    assert _rows(api.stage) == before


def test_what_the_api_does_not_have_is_404_in_json(api: Api) -> None:
    for path in ("", "/", "/nope", "/nope/1", "/messages/1/nope", "/openapi.yaml", "/devices/primary/nope"):
        for method in ("GET", "PATCH"):
            answer = api.call(method, path, "")
            assert (answer.status_code, answer.headers["content-type"]) == (404, "application/json"), path
            assert set(answer.json()) == {"error", "code", "details"}


def test_every_route_names_a_query_parameter_that_it_does_not_take(api: Api) -> None:
    for route in ROWS:
        answer = _call(api, route, body=ROWS[route].body, params={"odd": "1"})
        assert (answer.status_code, answer.json()["code"], list(answer.json()["details"])) == (
            422,
            "invalid",
            ["odd"],
        )
    assert "this path takes none" in api.call("GET", "/devices?box=1").json()["details"]["box"]
    assert "page, per_page" in api.call("GET", "/messages?data=1").json()["details"]["data"]
    odd = api.call("GET", "/campaigns?status=odd").json()["details"]["status"]
    assert odd.startswith("This must be one of ") and "scheduled" in odd
    twice = api.call("GET", "/messages?page=1&page=2")
    assert (twice.status_code, twice.json()["details"]) == (422, {"page": "Send it once."})
    every = api.call("GET", "/messages?odd=1&page=1&page=2&even=&per_page=null").json()
    assert set(every["details"]) == {"odd", "page", "even", "per_page"}
    nul = api.call("GET", "/messages?q=%00&odd=1").json()
    assert (nul["code"], set(nul["details"])) == ("bad_text", {"q", "odd"})
    assert len(api.call("GET", "/messages?" + "&".join(f"x{n}=1" for n in range(99))).json()["details"]) == 20
    assert api.call("OPTIONS", "/devices?odd=1").status_code == 204
