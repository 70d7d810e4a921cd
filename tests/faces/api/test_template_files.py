"""Stored texts that carry a file: made, changed, sent and copied by campaigns; and what pins it."""

from __future__ import annotations

from typing import Any

import pytest
from httpx import Response

from tests.faces.api.conftest import PHONE, Api, Open
from tests.faces.api.test_campaigns_api import LATER, create, people
from tests.faces.api.test_media_api import left, upload
from tests.faces.api.test_send_files import carried, inline, send
from tests.files import mp3, opus, pdf
from tests.pictures import drawn
from wabox.content import rules
from wabox.db import Tx

pytestmark = [
    pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning:PIL"),
]
PICTURE = drawn("png")
CAPTION = "Hello {name:friend}, order {order} is ready."


def store(api: Api, name: str = "Prices", **more: Any) -> Response:
    return api.call("POST", "/templates", json={"name": name, **more})


def kept(api: Api, name: str = "Prices", **more: Any) -> dict[str, Any]:
    answer = store(api, name, **more)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def test_a_text_answers_its_file_and_lets_it_go(api: Api) -> None:
    media_id = upload(api).json()["media_id"]
    made = kept(api, message=CAPTION, media={"id": media_id})
    told = {"media_id": media_id, "kind": "document", "filename": "bill.pdf", "bytes": len(pdf())}
    path = f"/templates/{made['id']}"
    assert made["media"] == told and made["needed"] == ["order"]
    assert api.call("GET", path).json() == made
    assert api.call("GET", "/templates").json()["data"][0]["media"] == told
    assert api.call("PATCH", path, json={"category": "advertising"}).json()["media"] == told
    assert api.call("GET", f"/media/{media_id}").json()["in_use"] is True
    refused = api.call("DELETE", f"/media/{media_id}")
    assert (refused.status_code, refused.json()["code"]) == (422, "in_use") and "stored text" in refused.text
    freed = api.call("PATCH", path, json={"media": None}).json()
    assert (freed["media"], freed["version"]) == (None, 3)
    assert api.call("DELETE", f"/media/{media_id}").status_code == 204 and left(api) == []


@pytest.mark.parametrize(
    ("data", "how", "kind"),
    [
        (PICTURE, {}, "image"),
        (PICTURE, {"as_document": True}, "document"),
        (opus(), {}, "voice"),
        (opus(), {"voice": False}, "audio"),
    ],
)
def test_it_is_sent_as_was_said_when_it_was_stored(api: Api, data: bytes, how: dict[str, Any], kind: str) -> None:
    made = kept(api, media=inline(data), **how)
    assert (made["message"], made["media"]["kind"]) == ("", kind)
    answer = send(api, template_id=made["id"])
    assert answer.status_code == 202, answer.text
    assert carried(api, answer.json()["job_id"]) == made["media"]
    assert api.stage.value("select text from messages") == ""


def test_how_it_goes_can_be_said_anew(api: Api) -> None:
    made = kept(api, message="Look", media=inline(PICTURE))
    path = f"/templates/{made['id']}"
    assert api.call("PATCH", path, json={"as_document": True}).json()["media"]["kind"] == "document"
    assert api.call("PATCH", path, json={"message": "See"}).json()["media"]["kind"] == "document"
    assert api.call("PATCH", path, json={"as_document": False}).json()["media"]["kind"] == "image"
    refused = api.call("PATCH", path, json={"voice": True}).json()
    assert (refused["code"], list(refused["details"])) == ("voice_needs_opus", ["voice"])
    song = api.call("PATCH", path, json={"media": inline(mp3()), "message": ""}).json()
    assert song["media"]["kind"] == "audio"


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "message_empty", "message"),
        ({"message": " "}, "message_empty", "message"),
        ({"message": "x", "as_document": True}, "invalid", "as_document"),
        ({"message": "x", "voice": False}, "invalid", "voice"),
        ({"message": "x" * 1_025, "media": inline(PICTURE)}, "caption_too_long", "message"),
        ({"message": "{a|b", "media": inline(PICTURE)}, "bad_template", "message"),
        ({"message": "x", "media": inline(mp3())}, "no_text_with_sound", "message"),
        ({"media": inline(b"MZ" + bytes(90))}, "bad_file", "media"),
        ({"media": {"id": 1, "base64": "AA=="}}, "invalid", "media"),
    ],
)
def test_what_cannot_go_is_refused_and_leaves_nothing(
    api: Api, body: dict[str, Any], code: str, field: str
) -> None:
    answer = store(api, **body)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert list(answer.json()["details"]) == [field]
    assert api.count("texts") == api.count("media") == 0 and left(api) == []


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"media": None, "message": ""}, "message_empty", "message"),
        ({"message": "x" * 1_025}, "caption_too_long", "message"),
        ({"media": inline(mp3())}, "no_text_with_sound", "message"),
        ({"media": None, "as_document": True}, "invalid", "as_document"),
        ({"media": inline(pdf("other")), "version": 7}, "changed_meanwhile", "version"),
    ],
)
def test_a_change_that_cannot_be_changes_nothing(api: Api, body: dict[str, Any], code: str, field: str) -> None:
    made = kept(api, message="Look", media=inline(PICTURE))
    path = f"/templates/{made['id']}"
    answer = api.call("PATCH", path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert list(answer.json()["details"]) == [field]
    assert api.call("GET", path).json() == made and api.count("media") == 1
    plain = kept(api, "Plain", message="x")
    refused = api.call("PATCH", f"/templates/{plain['id']}", json={"as_document": False})
    assert refused.json()["details"].keys() == {"voice"}


def test_a_strangers_file_is_not_there(api: Api) -> None:
    theirs = upload(api, key=api.stage.bilal.key).json()["media_id"]
    ours = kept(api, message="x")
    for answer in (
        store(api, "Other", media={"id": theirs}),
        api.call("PATCH", f"/templates/{ours['id']}", json={"media": {"id": theirs}}),
    ):
        assert answer.status_code == 404 and list(answer.json()["details"]) == ["media"]
    assert api.stage.value("select count(*) from texts where media_id is not null") == 0


def test_a_message_takes_the_texts_file_unless_it_brings_one(api: Api) -> None:
    made = kept(api, message=CAPTION, media=inline(PICTURE, "mug.png"))
    missing = send(api, template_id=made["id"])
    assert (missing.json()["code"], api.count("messages")) == ("variables_missing", 0)
    first = send(api, template_id=made["id"], variables={"order": "7"})
    assert first.status_code == 202, first.text
    found = api.call("GET", f"/messages/{first.json()['job_id']}").json()
    assert (found["message"], found["media"]) == ("Hello friend, order 7 is ready.", made["media"])
    own = send(api, template_id=made["id"], variables={"order": "7"}, media=inline(pdf(), "bill.pdf"))
    assert carried(api, own.json()["job_id"])["filename"] == "bill.pdf"
    long = send(api, template_id=made["id"], variables={"order": "x" * 1_020})
    assert long.json()["code"] == "caption_too_long"
    sound = send(api, template_id=made["id"], variables={"order": "7"}, media=inline(mp3()))
    assert sound.json()["code"] == "no_text_with_sound"


def test_what_was_sent_keeps_its_file_when_the_text_has_another(api: Api) -> None:
    made = kept(api, media=inline(PICTURE, "mug.png"))
    job_id = send(api, template_id=made["id"]).json()["job_id"]
    api.call("PATCH", f"/templates/{made['id']}", json={"media": inline(pdf())})
    assert carried(api, job_id) == made["media"]
    assert api.call("DELETE", f"/templates/{made['id']}").status_code == 204
    assert carried(api, job_id) == made["media"]
    assert api.call("DELETE", f"/media/{made['media']['media_id']}").json()["code"] == "in_use"


def test_a_campaign_copies_the_file_with_the_text(api: Api) -> None:
    people(api)
    made = kept(api, message="Hi {name}, {order:your order}", media=inline(PICTURE, "mug.png"), as_document=True)
    ahead = {"name": "x", "template_id": made["id"]}
    assert api.call("POST", "/campaigns/preflight", json=ahead).json()["total"] == 3
    campaign = create(api, message=None, template_id=made["id"], scheduled_for=LATER)
    assert (campaign["message"], campaign["media"]) == ("Hi {name}, your order", made["media"])
    api.call("PATCH", f"/templates/{made['id']}", json={"media": None})
    assert api.call("GET", f"/campaigns/{campaign['id']}").json()["media"] == made["media"]
    own = create(api, message=None, template_id=made["id"], media=inline(pdf(), "bill.pdf"), scheduled_for=LATER)
    assert own["media"]["filename"] == "bill.pdf"
    alone = kept(api, "Alone", media=inline(opus()))
    song = create(api, message=None, template_id=alone["id"], scheduled_for=LATER)
    assert (song["message"], song["media"]["kind"]) == ("", "voice")


def test_the_rules_of_the_box_read_the_files_name(open_api: Open) -> None:
    api = open_api(accounts={"registration": "open"})

    def verb(tx: Tx) -> None:
        draft = rules.Draft(kind="word", text="casino", action="refuse", reason="No gambling.")
        rules.add(tx, draft, by=rules.Actor(api.stage.asha.id, "127.0.0.1"), now=api.stage.hands.now())

    api.stage.box.db.write_now(verb)
    made = kept(api, message="x", media=inline(pdf(), "casino.pdf"))
    assert made["content"] == "refuse"
    assert send(api, template_id=made["id"]).json()["code"] == "content_refused"


def test_a_file_that_the_disk_lost_is_said_by_the_text(api: Api) -> None:
    people(api)
    made = kept(api, message="Look", media=inline(PICTURE))
    api.stage.box.db.write_now(lambda tx: tx.run("update media set removed_at = created_at"))
    for path, body in (
        ("/send", {"phone": PHONE}),
        ("/campaigns", {"name": "x"}),
        ("/campaigns/preflight", {"name": "x"}),
    ):
        answer = api.call("POST", path, json={**body, "template_id": made["id"]})
        assert (answer.status_code, answer.json()["code"]) == (422, "file_gone"), answer.text
    own = send(api, template_id=made["id"], media=inline(pdf()))
    assert own.status_code == 202, own.text


@pytest.mark.parametrize("message", [None, "", "Look"])
def test_variables_are_read_also_with_a_file_alone(api: Api, message: str | None) -> None:
    body = {"media": inline(PICTURE)} if message is None else {"media": inline(PICTURE), "message": message}
    refused = send(api, **body, variables={"Order": "7"})
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_variables"), refused.text
    assert api.count("messages") == api.count("media") == 0
    assert send(api, **body, variables={"order": "7"}).status_code == 202
