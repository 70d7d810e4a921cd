"""What people wrote as a file, and all that is held of one of them: whole, theirs alone, in any writing."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest

from tests.faces.api.conftest import PHONE, Api
from tests.faces.api.test_send_files import PICTURE, inline
from wabox.contacts import inbox, inbox_files, suppression
from wabox.db import Tx
from wabox.messages import addressees, dossier
from wabox.whatsapp.driver import Attached, Inbound, Place, SentCard

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")
OTHER = "8801711000009"
HIDDEN = "123456789012345@lid"
ODD = '=cmd|"x", দাম ৳১,২৫০\n\u202eline two 😀'


def hear(api: Api, text: str, number: int = 1, phone: str = PHONE, **more: Any) -> None:
    now, hidden = api.stage.hands.now() + timedelta(seconds=number), phone.endswith("@lid")
    chat_id = phone if hidden else f"{phone}@c.us"
    kind = more.pop("kind", "chat")
    event = Inbound(
        api.stage.asha.device_id, 1, f"IN{phone}{number}", chat_id, None if hidden else phone, "Rina", text, kind,
        now, **more,
    )  # fmt: skip

    def verb(tx: Tx) -> None:
        addressees.heard(tx, api.stage.asha.id, chat_id, phone=event.phone, name="Rina", now=now)
        inbox.record(tx, api.stage.asha.id, event, verdict=None, now=now, address=phone)
        inbox_files.note(tx, event)

    api.stage.box.db.write_now(verb)


def lines(api: Api, query: str = "", key: str | None = None) -> list[dict[str, Any]]:
    answer = api.call("GET", f"/inbox/export{query}", key)
    assert answer.status_code == 200, answer.text
    return [json.loads(one) for one in answer.text.splitlines()]


def test_everybodys_words_are_lines_each_with_the_same_fields(api: Api) -> None:
    hear(api, ODD)
    hear(api, "", 2, kind="image", media=Attached("image", "image/jpeg", "দোকান.jpg", 48_213, None))
    hear(api, "", 3, OTHER, kind="location", place=Place(23.78, 90.28, "Shop", "Mirpur"))
    hear(api, "", 4, OTHER, kind="vcard", cards=(SentCard("Karim", ("+880 1711-000005",)),))
    hear(api, "hello", 5, HIDDEN)
    found = lines(api)
    assert [tuple(one) for one in found] == [dossier.COLUMNS] * 5
    assert [one["line"] for one in found] == ["received"] * 5
    assert [one["phone"] for one in found] == [PHONE, PHONE, OTHER, OTHER, None]
    assert found[0]["text"] == ODD and found[0]["at"] == "2026-03-10T06:00:01+00:00"
    assert (found[1]["filename"], found[1]["bytes"], found[1]["file_state"]) == ("দোকান.jpg", 48_213, "waiting")
    assert found[2]["instead"]["place"]["address"] == "Mirpur"
    assert found[3]["instead"]["cards"][0]["phones"] == ["+880 1711-000005"]
    assert found[4]["person_id"] is not None
    assert lines(api, key=api.stage.bilal.key) == []


def test_of_one_person_all_that_is_held_and_nothing_of_anybody_else(api: Api) -> None:
    api.call("POST", "/fields", json={"name": "due", "kind": "number"})
    contact = {"phone": PHONE, "name": "রিনা আক্তার", "tags": ["vip"], "fields": {"due": 1250}}
    contact_id = api.call("POST", "/contacts", json=contact).json()["id"]
    hear(api, "Do you have honey?")
    hear(api, "another's secret", 2, OTHER)
    sent = api.call(
        "POST", "/send", json={"phone": PHONE, "message": "Yes, {name}", "media": inline(PICTURE, "honey.png")}
    )
    api.call("POST", "/send", json={"phone": OTHER, "message": "for the other"})
    place = {"latitude": 23.78, "longitude": 90.28}
    assert api.call("POST", "/send", json={"phone": PHONE, "location": place}).status_code == 202
    api.call("POST", f"/contacts/{contact_id}/opt-out")
    person, *said = lines(api, f"?phone={PHONE}")
    assert (person["line"], person["phone"], person["opted_out"]) == ("person", PHONE, True)
    assert person["contact"]["name"] == "রিনা আক্তার" and person["contact"]["fields"] == {"due": 1250}
    assert person["calls_themselves"] == "Rina" and [one["change"] for one in person["opt_outs"]] == ["out"]
    assert [(one["line"], one["text"]) for one in said] == [
        ("received", "Do you have honey?"),
        ("sent", "Yes, রিনা আক্তার"),
        ("sent", ""),
    ]
    assert (said[1]["message_id"], said[1]["filename"], said[1]["kind"]) == (
        sent.json()["job_id"],
        "honey.png",
        "image",
    )
    bytes_of = api.call("GET", f"/media/{said[1]['media_id']}/content")
    assert bytes_of.content == PICTURE and said[2]["instead"]["latitude"] == 23.78
    assert "secret" not in json.dumps(said) and "for the other" not in json.dumps(said)
    assert lines(api, f"?person_id={person['person_id']}")[1:] == said
    assert lines(api, "?phone=01711 123456" if PHONE == "8801711123456" else f"?phone=%2B{PHONE}")[1:] == said
    for query in (f"?phone={PHONE}", f"?person_id={person['person_id']}"):
        assert api.call("GET", f"/inbox/export{query}", api.stage.bilal.key).status_code == 404
    assert api.stage.value("select group_concat(distinct action) from audit where action like '%.exported'")


def test_for_spreadsheets_no_cell_is_a_formula_and_every_line_is_whole(api: Api) -> None:
    hear(api, ODD)
    answer = api.call("GET", "/inbox/export?format=csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="inbox-2026-03-10.csv"'
    head, row = csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")))
    assert tuple(head) == dossier.COLUMNS
    assert row[head.index("text")].removeprefix("'") == ODD and not row[head.index("text")].startswith("=")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?phone=8801999999999", 404),
        ("?person_id=99", 404),
        (f"?person_id=1&phone={PHONE}", 422),
        ("?phone=x", 422),
        ("?format=xml", 422),
        ("?since=2026", 422),
    ],
)
def test_what_cannot_be_asked_says_so(api: Api, query: str, status: int) -> None:
    hear(api, "hello")
    answer = api.call("GET", f"/inbox/export{query}")
    assert answer.status_code == status and answer.json()["error"], answer.text


def test_whoever_was_erased_is_in_no_file_and_that_they_opted_out_is(api: Api) -> None:
    hear(api, "hello")
    db, asha, now = api.stage.box.db, api.stage.asha.id, api.stage.hands.now()
    db.write_now(suppression.opt_out, asha, PHONE, source="owner", now=now)
    db.write_now(addressees.erase, asha, PHONE, addressees.Traces(), now=now)
    assert lines(api) == []
    (person,) = lines(api, f"?phone={PHONE}")
    assert person["opted_out"] and person["contact"] is person["calls_themselves"] is None


def test_a_long_inbox_comes_whole_a_batch_at_a_time(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dossier, "AT_ONCE", 7)
    for number in range(1, 24):
        hear(api, f"line {number}", number, PHONE if number % 3 else OTHER)
    assert [one["text"] for one in lines(api)] == [f"line {number}" for number in range(1, 24)]
    assert len(lines(api, f"?phone={OTHER}")) == 1 + 7
