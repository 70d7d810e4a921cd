"""GET /contacts by number, by whether somebody opted out, by the last change; together, in pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.cast import NOON
from tests.faces.api.conftest import PHONE, Api
from tests.some import some
from wabox import times
from wabox.contacts import suppression
from wabox.contacts.lists import columns, csv_files, imports, layouts
from wabox.contacts.suppression import settle
from wabox.db import Rows, Tx
from wabox.engine import importing

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

RINA, KARIM, SHILA = PHONE, "8801811000002", "8801911000003"
LATER = "2026-03-10T07:00:00Z"  # an hour after NOON


def people(api: Api) -> dict[str, int]:
    """Three contacts of NOON; the ids by phone."""
    rows = [
        {"phone": RINA, "name": "Rina", "tags": ["vip"], "fields": {"city": "Dhaka"}},
        {"phone": KARIM, "name": "Karim", "tags": ["vip", "new"], "fields": {"city": "Dhaka"}},
        {"phone": SHILA, "name": "Shila"},
    ]
    assert api.call("POST", "/contacts/bulk", json={"contacts": rows}).status_code == 200
    return {one["phone"]: one["id"] for one in api.call("GET", "/contacts").json()["data"]}


def listed(api: Api, query: str) -> list[str]:
    answer = api.call("GET", f"/contacts?{query}")
    assert answer.status_code == 200, answer.text
    found = [one["phone"] for one in answer.json()["data"]]
    assert answer.json()["total"] == len(found)
    return found


def test_a_number_is_found_however_it_is_written(api: Api) -> None:
    people(api)
    for written in some(
        (
            *(RINA, "%2B8801711000001", "01711000001", "01711-000001", "০১৭১১০০০০০১", "008801711000001"),
            *("%2B880%20(0)1711%20000001", "tel:%2B880-1711-000001", "8801711000001@c.us"),
        )
    ):
        assert listed(api, f"phone={written}") == [RINA], written
    assert listed(api, "phone=8801711999999") == []
    for wrong in some(("12", "rina", "", "null")):
        answer = api.call("GET", f"/contacts?phone={wrong}")
        assert (answer.status_code, list(answer.json()["details"])) == (422, ["phone"]), wrong


def test_who_opted_out_is_listed_and_who_did_not(api: Api) -> None:
    ids = people(api)
    assert listed(api, "opted_out=true") == []
    api.call("POST", f"/contacts/{ids[KARIM]}/opt-out")
    assert listed(api, "opted_out=true") == [KARIM]
    assert listed(api, "opted_out=TRUE") == [KARIM]
    assert listed(api, "opted_out=false") == [SHILA, RINA]
    api.call("DELETE", f"/contacts/{ids[KARIM]}")
    assert listed(api, "opted_out=true") == []
    api.call("POST", "/contacts", json={"phone": KARIM})
    assert listed(api, "opted_out=true") == [KARIM]
    again = next(one["id"] for one in api.call("GET", "/contacts").json()["data"] if one["phone"] == KARIM)
    api.call("POST", f"/contacts/{again}/opt-in")
    assert listed(api, "opted_out=true") == []
    answer = api.call("GET", "/contacts?opted_out=maybe")
    assert (answer.status_code, answer.json()["details"]) == (
        422,
        {"opted_out": "This must be true or false, not a text."},
    )


def test_an_upgraded_box_learns_at_its_start_who_opted_out(api: Api) -> None:
    ids = people(api)
    api.call("POST", f"/contacts/{ids[RINA]}/opt-out")
    api.stage.box.db.write_now(lambda tx: tx.run("update contacts set is_out = null"))
    assert api.stage.box.db.write_now(settle) == 3
    assert (listed(api, "opted_out=true"), listed(api, "opted_out=false")) == ([RINA], [SHILA, KARIM])
    assert api.stage.box.db.write_now(settle) == 0


def test_all_that_is_asked_for_must_hold_in_pages_too(api: Api) -> None:
    ids = people(api)
    api.stage.hands.forward(hours=1)
    for phone in (RINA, KARIM):
        api.call("PATCH", f"/contacts/{ids[phone]}", json={"custom": "x"})
    api.call("POST", f"/contacts/{ids[KARIM]}/opt-out")
    assert listed(api, f"updated_since={LATER}") == [KARIM, RINA]
    assert listed(api, f"updated_since={LATER}&opted_out=false") == [RINA]
    assert listed(
        api, f"updated_since={LATER}&opted_out=false&tag=VIP&q=rin&field=city:dhaka&phone=01711000001"
    ) == [RINA]
    assert listed(api, f"updated_since={LATER}&tag=new&opted_out=false") == []
    assert listed(api, "opted_out=false&field=city:") == [SHILA]
    first = api.call("GET", f"/contacts?updated_since={LATER}&per_page=1").json()
    assert ([one["phone"] for one in first["data"]], first["total"], first["pages"]) == ([KARIM], 2, 2)
    rest = api.call("GET", f"/contacts?updated_since={LATER}&per_page=1&cursor={first['next_cursor']}").json()
    assert ([one["phone"] for one in rest["data"]], rest["next_cursor"]) == ([RINA], None)
    second = api.call("GET", f"/contacts?updated_since={LATER}&per_page=1&page=2").json()
    assert second["data"] == rest["data"]


def test_the_moment_is_as_updated_at_tells_it(api: Api) -> None:
    people(api)
    api.stage.hands.forward(microseconds=600_000)
    api.call("POST", "/contacts", json={"phone": SHILA, "name": "Shila Begum"})
    told = api.call("GET", f"/contacts?phone={SHILA}").json()["data"][0]["updated_at"]
    assert SHILA in listed(api, f"updated_since={told.replace('+', '%2B')}")
    assert listed(api, "updated_since=2026-03-10T12:00:00.5%2B06:00") == [SHILA]
    for wrong in some(
        (
            "yesterday",
            "2026-03-10",
            "2026-03-10T06:00:00",
            "2026-03-10T06:00:00+06:00",
            "0001-01-01T00:00:00%2B06:00",
        )
    ):
        answer = api.call("GET", f"/contacts?updated_since={wrong}")
        assert (answer.status_code, list(answer.json()["details"])) == (422, ["updated_since"]), wrong


def _import(api: Api, text: str) -> None:
    box, user = api.stage.box, api.stage.asha.id
    directory = importing.directory(box)
    examined = csv_files.examine(text.encode())
    layout = layouts.laid_out(examined, country="BD")
    kept = imports.keep(directory, examined.content)
    how: dict[str, Any] = {"file": kept, "examined": examined, "layout": layout, "country": "BD"}
    made = box.db.write_now(imports.create, user, name="a.csv", now=box.now(), **how)
    assert isinstance(made.columns, columns.Columns)
    box.db.write_now(imports.start, user, made.id, now=box.now())
    running = importing.Importing(box)
    while running.step(made.id):
        pass
    running.close()
    assert box.db.read_here(imports.by_id, made.id).status == "done"


def _word(api: Api, change: Callable[..., Any]) -> None:
    def verb(tx: Tx) -> None:
        change(tx, api.stage.asha.id, RINA, source="word", word="stop", now=api.stage.box.now())

    api.stage.box.db.write_now(verb)


CHANGES: dict[str, Callable[[Api, int], Any]] = {
    "a POST": lambda api, _: api.call("POST", "/contacts", json={"phone": RINA, "name": "R"}),
    "a PATCH of tags": lambda api, it: api.call("PATCH", f"/contacts/{it}", json={"tags": []}),
    "a PATCH of a field": lambda api, it: api.call("PATCH", f"/contacts/{it}", json={"fields": {"city": None}}),
    "a PATCH of consent": lambda api, it: api.call(
        "PATCH", f"/contacts/{it}", json={"consent": {"source": "order"}}
    ),
    "a list": lambda api, _: api.call("POST", "/contacts/bulk", json={"contacts": [{"phone": RINA, "tag": "a"}]}),
    "an import": lambda api, _: _import(api, f"phone,name\n{RINA},R\n"),
    "an import's opt-out": lambda api, _: _import(api, f"phone,unsubscribed\n{RINA},yes\n"),
    "an opt-out by API": lambda api, it: api.call("POST", f"/contacts/{it}/opt-out"),
    "a STOP": lambda api, _: _word(api, suppression.opt_out),
    "a field's new name": lambda api, _: api.call("PATCH", "/fields/city", json={"name": "town"}),
    "a field's end": lambda api, _: api.call("DELETE", "/fields/city"),
}


@pytest.mark.parametrize("how", CHANGES)
def test_whatever_changes_a_contact_is_seen_by_its_date(api: Api, how: str) -> None:
    ids = people(api)
    api.stage.hands.forward(hours=1)
    CHANGES[how](api, ids[RINA])
    assert RINA in listed(api, f"updated_since={LATER}")
    assert SHILA not in listed(api, f"updated_since={LATER}")


def test_an_opt_in_and_a_fields_kind_are_seen_too(api: Api) -> None:
    ids = people(api)
    api.call("PATCH", f"/contacts/{ids[SHILA]}", json={"fields": {"due": "12"}})
    api.call("POST", f"/contacts/{ids[RINA]}/opt-out")
    api.stage.hands.forward(hours=1)
    api.call("POST", f"/contacts/{ids[RINA]}/opt-in")
    assert api.call("PATCH", "/fields/due", json={"kind": "number"}).status_code == 200
    assert listed(api, f"updated_since={LATER}") == [SHILA, RINA]


def test_what_is_written_again_or_shown_otherwise_or_sent_is_no_change(api: Api) -> None:
    people(api)
    api.stage.hands.forward(hours=1)
    api.call("POST", "/contacts", json={"phone": RINA, "name": "Rina"})
    _import(api, f"phone,name\n{RINA},Rina\n")
    api.call("PATCH", "/fields/city", json={"display": "plain"})
    api.send()
    assert listed(api, f"updated_since={LATER}") == []
    assert api.call("GET", f"/contacts?phone={RINA}").json()["data"][0]["updated_at"] == times.wire(NOON)


def _plan(api: Api, asked: str) -> list[str]:
    def ask(rows: Rows) -> list[str]:
        return [row["detail"] for row in rows.all(asked)]

    return api.stage.box.db.read_here(ask)


def test_lists_are_found_by_an_index(api: Api) -> None:
    """So that they are as fast with 100,000 contacts: python -m tests.bench.contacts measures it."""
    wanted = {
        "f.updated_at >= '2026'": "contacts_by_change",
        "f.is_out = 1": "contacts_by_out",
        "f.phone = '1'": "one_phone",
    }
    for clause, index in some(wanted.items()):
        asked = f"explain query plan select count(*) from contacts f where f.user_id = 1 and {clause}"
        plan = _plan(api, asked)
        assert any(index in line for line in plan), plan
