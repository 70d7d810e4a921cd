"""Reports over HTTP: days with filters, as JSON and CSV, and what came of a campaign."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cast import NOON
from tests.faces.api.conftest import Api
from tests.faces.api.test_campaigns_api import create, people
from wabox.campaigns import replies
from wabox.db import Tx
from wabox.engine.expansion import Expansion
from wabox.messages import answers, handing, outbox, stored
from wabox.whatsapp.driver import Inbound

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

NONE = dict.fromkeys(
    ("sent", "delivered", "read", "replied", "failed", "skipped", "cancelled", "unknown", "opted_out"), 0
)


def goes(api: Api, job_id: int, *, ack: int = 1) -> None:
    api.stage.box.db.write_now(handing.claim, job_id, now=NOON)

    def end(tx: Tx) -> None:
        message = stored.by_id(tx, job_id)
        if ack < 0:
            outbox.fail(tx, message, "refused", now=NOON)
        else:
            tx.run("update messages set wa_message_id = 'W' || id where id = :id", id=job_id)
            answers.receipt(tx, f"W{job_id}", ack, at=NOON, next_send_at=NOON)

    api.stage.box.db.write_now(end)


def get(api: Api, query: str = "", **more: Any) -> Any:
    answer = api.call("GET", f"/reports/daily{query}", **more)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_each_day_has_what_became_of_its_messages(api: Api) -> None:
    goes(api, api.send().json()["job_id"], ack=3)
    found = get(api)
    assert (found["from"], found["to"], found["timezone"], found["complete"]) == (
        "2026-02-09",
        "2026-03-10",
        "Asia/Dhaka",
        True,
    )
    one = {**NONE, "sent": 1, "delivered": 1, "read": 1}
    assert len(found["days"]) == 30
    assert found["days"][-1] == {"date": "2026-03-10", **one}
    assert found["total"] == one
    assert get(api, "?source=api")["total"] == get(api, "?device_label=primary")["total"] == one
    for other in ("?source=dashboard", "?source=campaign", "?tag=vip", "?to=2026-03-09"):
        assert get(api, other)["total"] == NONE, other
    assert get(api, "?from=2026-03-10&to=2026-03-10")["days"] == [{"date": "2026-03-10", **one}]
    assert get(api, key=api.stage.bilal.key)["total"] == NONE


@pytest.mark.parametrize(
    ("query", "status", "named"),
    [
        ("from=2026-02-30", 422, "from"),
        ("to=yesterday", 422, "to"),
        ("from=2026-03-10&to=2026-03-09", 422, "to"),
        ("from=2025-03-09&to=2026-03-10", 422, "to"),
        ("from=2026-03-10T00:00:00Z", 422, "from"),
        ("source=nobody", 422, "source"),
        ("campaign_id=0", 422, "campaign_id"),
        ("campaign_id=77", 404, None),
        ("device_label=nobody", 404, None),
        ("tag=%20", 422, "tag"),
        ("format=xml", 422, "format"),
    ],
)
def test_what_is_asked_wrongly_is_named(api: Api, query: str, status: int, named: str | None) -> None:
    answer = api.call("GET", f"/reports/daily?{query}")
    assert answer.status_code == status, answer.text
    if named:
        assert named in answer.json()["details"]


@pytest.mark.parametrize("ask", [{"path": "?format=csv"}, {"headers": {"Accept": "text/csv"}}])
def test_the_days_are_given_as_csv(api: Api, ask: dict[str, Any]) -> None:
    goes(api, api.send().json()["job_id"])
    answer = api.call("GET", "/reports/daily" + ask.pop("path", ""), **ask)
    assert answer.headers["content-type"].startswith("text/csv")
    lines = answer.text.lstrip("\ufeff").splitlines()
    assert lines[0] == "date,sent,delivered,read,replied,failed,skipped,cancelled,unknown,opted_out"
    assert (len(lines), lines[-1]) == (31, "2026-03-10,1,0,0,0,0,0,0,0,0")


def test_a_campaign_is_told_from_its_audience_to_the_answers(api: Api) -> None:
    people(api, 4)
    campaign_id = create(api, tag="leads")["id"]
    Expansion(api.stage.box).turn(campaign_id)
    jobs = [row["id"] for row in api.stage.box.db.read_here(lambda rows: rows.all("select id from messages"))]
    for job_id, ack in zip(jobs[:3], (1, 3, -1), strict=True):
        goes(api, job_id, ack=ack)
    event = Inbound(
        api.stage.asha.device_id, 0, "IN1", "8801711000001@c.us", "8801711000001", None, "Yes", "chat", NOON
    )
    api.stage.box.db.write_now(replies.hear, event, now=NOON)
    found = api.call("GET", f"/reports/campaigns/{campaign_id}").json()
    numbers = {name: found[name] for name in ("total", "queued", "sent", "delivered", "read", "replied", "failed")}
    assert numbers == {"total": 4, "queued": 1, "sent": 2, "delivered": 1, "read": 1, "replied": 1, "failed": 1}
    assert found["not_reached"] == [{"status": "failed", "error": "refused", "people": 1}]
    hour = {"at": "2026-03-10T06:00:00+00:00", "sent": 2, "delivered": 1, "read": 1, "replied": 1}
    assert found["hours"] == [hour]
    assert get(api, f"?campaign_id={campaign_id}")["total"]["sent"] == get(api, "?tag=LEADS")["total"]["sent"] == 2
    assert api.call("GET", f"/reports/campaigns/{campaign_id}", api.stage.bilal.key).status_code == 404
