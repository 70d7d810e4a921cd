"""A campaign with a file: to everybody, with its caption, pinned until the last of it went."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faces.api.conftest import Api, Open
from tests.faces.api.test_campaigns_api import LATER, people
from tests.faces.api.test_media_api import left, upload
from tests.faces.api.test_send_files import PICTURE, Shelf, inline, shelf, shop
from tests.files import mp3, pdf
from wabox.contacts import suppression
from wabox.content import rules
from wabox.db import Tx
from wabox.engine.expansion import Expansion
from wabox.media import kinds
from wabox.texts import renaming

__all__ = ["shelf"]

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")


def create(api: Api, **more: Any) -> Any:
    return api.call("POST", "/campaigns", json={"name": "April", "tag": "leads", **more})


def test_everybody_gets_the_file_with_their_own_caption(api: Api) -> None:
    people(api)
    media_id = upload(api, PICTURE, "sale.png").json()["media_id"]
    made = create(api, message="Hi {name}", media={"id": media_id})
    assert made.status_code == 201, made.text
    told = {"media_id": media_id, "kind": "image", "filename": "sale.png", "bytes": len(PICTURE)}
    assert made.json()["media"] == told
    Expansion(api.stage.box).turn(made.json()["id"])
    found = api.call("GET", "/messages").json()["data"]
    assert [one["media"] for one in found] == [told] * 3
    assert {one["message"] for one in found} == {"Hi Name 0", "Hi Name 1", "Hi Name 2"}
    assert api.call("DELETE", f"/media/{media_id}").json()["code"] == "in_use"
    assert api.call("POST", f"/campaigns/{made.json()['id']}/stop").json()["media"] == told
    assert api.call("DELETE", f"/media/{media_id}").status_code == 204


def test_a_file_may_go_without_a_word(api: Api) -> None:
    people(api)
    made = create(api, media=inline(pdf(), "prices.pdf"))
    assert made.status_code == 201 and made.json()["message"] == ""
    Expansion(api.stage.box).turn(made.json()["id"])
    assert api.stage.value("select group_concat(text || media_kind) from messages") == ",".join(["document"] * 3)
    assert api.stage.box.db.read_here(renaming._campaign, api.stage.asha.id, "city") is None


def test_each_campaign_calls_the_same_file_as_it_was_given(api: Api) -> None:
    people(api)
    for name in ("april.pdf", "may.pdf"):
        made = create(api, media=inline(pdf(), name))
        assert made.json()["media"]["filename"] == name
        Expansion(api.stage.box).turn(made.json()["id"])
        found = api.call("GET", f"/messages?campaign_id={made.json()['id']}").json()["data"]
        assert [one["media"]["filename"] for one in found] == [name] * 3


def test_a_scheduled_one_pins_its_file_before_there_is_a_message(api: Api) -> None:
    people(api)
    made = create(api, media=inline(PICTURE), message="Hi", scheduled_for=LATER).json()
    assert api.call("GET", f"/media/{made['media']['media_id']}").json()["in_use"] is True
    assert api.count("messages") == 0


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"media": inline(PICTURE), "message": "x" * 1_025}, "caption_too_long"),
        ({"media": inline(mp3()), "message": "Listen"}, "no_text_with_sound"),
        ({"media": inline(b"MZ" + b"\0" * 99, "a.png"), "message": "Hi"}, "bad_file"),
        ({"media": inline(PICTURE), "tag": "nobody"}, "no_recipients"),
        ({"message": "Hi", "voice": True}, "invalid"),
    ],
)
def test_what_cannot_go_is_refused_and_leaves_nothing(api: Api, body: dict[str, Any], code: str) -> None:
    people(api)
    answer = create(api, **body)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert left(api) == [] and api.count("campaigns") == 0 and api.count("media") == 0


def test_one_persons_caption_that_is_too_long_fails_for_them_alone(api: Api) -> None:
    people(api)
    api.stage.box.db.write_now(lambda tx: tx.run("update contacts set name = :n where id = 1", n="x" * 1_024))
    made = create(api, message="Hi {name}", media=inline(PICTURE)).json()
    Expansion(api.stage.box).turn(made["id"])
    found = api.call("GET", "/messages?status=failed").json()["data"]
    assert [one["error"] for one in found] == ["caption_too_long"] and found[0]["error_text"]


def test_preflight_says_whose_caption_is_too_long_before_anything_goes(api: Api) -> None:
    people(api)
    body = {"name": "April", "tag": "leads", "message": "Hi {name}", "media": inline(PICTURE)}
    first = api.call("POST", "/campaigns/preflight", json=body).json()
    assert (first["will_send"], first["unfit"], first["unfit_first"]) == (3, 0, [])
    api.stage.box.db.write_now(lambda tx: tx.run("update contacts set name = :n where id = 2", n="x" * 1_022))
    found = api.call("POST", "/campaigns/preflight", json=body).json()
    phone = api.stage.value("select phone from contacts where id = 2")
    one = {"contact_id": 2, "phone": phone, "name": "x" * 1_022, "error": "caption_too_long"}
    assert (found["total"], found["will_send"], found["unfit"], found["unfit_first"]) == (3, 2, 1, [one])
    del body["media"]
    assert api.call("POST", "/campaigns/preflight", json=body).json()["unfit"] == 0


@pytest.mark.parametrize("path", ["/campaigns", "/campaigns/preflight"])
def test_preflight_refuses_of_a_file_what_a_launch_refuses(
    api: Api, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    people(api)
    picture = {"id": upload(api, PICTURE, "sale.png").json()["media_id"]}
    song = {"id": upload(api, mp3(), "song.mp3").json()["media_id"]}
    for body, code in (
        ({"message": "Hi", "media": {"id": 99}}, "not_found"),
        ({"message": "Hi", "as_document": True}, "invalid"),
        ({"media": {**picture, "base64": "AAAA"}}, "invalid"),
        ({"media": picture, "as_document": True, "voice": True}, "invalid"),
        ({"media": picture, "voice": True}, "voice_needs_opus"),
        ({"message": "Listen", "media": song}, "no_text_with_sound"),
    ):
        answer = api.call("POST", path, json={"name": "April", "tag": "leads", **body})
        assert answer.json().get("code") == code, (body, answer.text)
    monkeypatch.setitem(kinds.MOST_OF, "image", 10)
    body = {"name": "April", "tag": "leads", "media": picture}
    answer = api.call("POST", path, json=body)
    assert (answer.status_code, answer.json().get("code")) == (422, "file_too_large"), answer.text
    assert api.count("campaigns") == 0
    assert api.call("POST", path, json={**body, "as_document": True}).status_code < 300


def test_who_is_skipped_anyway_is_not_told_of_twice(api: Api) -> None:
    people(api)
    api.stage.box.db.write_now(lambda tx: tx.run("update contacts set name = :n", n="x" * 1_022))
    phone = api.stage.value("select phone from contacts where id = 2")
    api.stage.box.db.write_now(
        suppression.opt_out, api.stage.asha.id, phone, source="owner", now=api.stage.hands.now()
    )
    body = {"name": "April", "tag": "leads", "message": "Hi {name}", "media": inline(PICTURE)}
    found = api.call("POST", "/campaigns/preflight", json=body).json()
    assert (found["will_send"], found["skipped"], found["unfit"]) == (0, {"opted_out": 1}, 2)


def test_preflight_counts_own_fields_and_texts_that_come_out_empty(api: Api) -> None:
    people(api)
    api.call("POST", "/fields", json={"name": "city"})
    for contact_id, city in ((1, "Dhaka"), (2, "x" * 1_024)):
        answer = api.call("PATCH", f"/contacts/{contact_id}", json={"fields": {"city": city}})
        assert answer.status_code == 200, answer.text
    body: dict[str, Any] = {"name": "April", "tag": "leads", "message": "{city}"}
    found = api.call("POST", "/campaigns/preflight", json=body).json()
    assert [(one["contact_id"], one["error"]) for one in found["unfit_first"]] == [(3, "message_empty")]
    found = api.call(
        "POST", "/campaigns/preflight", json={**body, "message": "Hi {city}", "media": inline(PICTURE)}
    )
    assert [(one["contact_id"], one["error"]) for one in found.json()["unfit_first"]] == [(2, "caption_too_long")]


def test_preflight_keeps_nothing_and_knows_whose_file_it_is(api: Api) -> None:
    people(api)
    body = {"name": "April", "tag": "leads", "message": "Hi {name}", "media": inline(PICTURE)}
    answer = api.call("POST", "/campaigns/preflight", json=body)
    assert answer.status_code == 200 and answer.json()["samples"] == ["Hi Name 0", "Hi Name 1", "Hi Name 2"]
    assert left(api) == []
    theirs = upload(api, key=api.stage.bilal.key).json()["media_id"]
    assert api.call("POST", "/campaigns/preflight", json={**body, "media": {"id": theirs}}).status_code == 404


@pytest.mark.enable_socket
def test_preflight_looks_at_a_file_that_is_not_here_yet_and_lets_it_go(open_api: Open, shelf: str) -> None:
    api = shop(open_api, shelf)
    people(api)
    bill = {"url": f"{shelf}/bills/bill%207.pdf"}
    for given, kind, name, size in (
        (inline(PICTURE, "sale.png"), "image", "sale.png", len(PICTURE)),
        (inline(PICTURE, "sale.png"), "document", "sale.png", len(PICTURE)),
        (bill, "document", "bill 7.pdf", len(pdf())),
    ):
        body = {"name": "April", "tag": "leads", "media": given, "as_document": kind == "document"}
        found = api.call("POST", "/campaigns/preflight", json=body)
        assert found.status_code == 200, found.text
        told = found.json()["media"]
        assert (told["media_id"], told["kind"], told["filename"], told["bytes"]) == (None, kind, name, size)
        assert left(api) == [] and api.count("media") == 0
    known = upload(api, PICTURE, "mug.png").json()["media_id"]
    for given in ({"id": known}, inline(PICTURE, "sale.png")):
        found = api.call("POST", "/campaigns/preflight", json={"name": "x", "tag": "leads", "media": given})
        assert found.json()["media"]["media_id"] == known
    assert len(left(api)) == 2, "what is here stays"


@pytest.mark.enable_socket
@pytest.mark.parametrize("path", ["/campaigns", "/campaigns/preflight"])
def test_what_is_wrong_with_a_file_that_is_not_here_is_said_before_and_at_the_launch(
    open_api: Open, shelf: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = shop(open_api, shelf)
    people(api)
    Shelf.files["/page.png"] = b"<html><script>x</script></html>"
    monkeypatch.setitem(kinds.MOST_OF, "image", 10)
    for body, code in (
        ({"media": inline(PICTURE)}, "file_too_large"),
        ({"media": inline(mp3()), "message": "Listen"}, "no_text_with_sound"),
        ({"media": inline(pdf()), "voice": True}, "voice_needs_opus"),
        ({"media": inline(pdf()), "message": "x" * 1_025}, "caption_too_long"),
        ({"media": inline(b"MZ" + b"\0" * 99, "a.png")}, "bad_file"),
        ({"media": inline(PICTURE[:-20], "a.png")}, "bad_file"),
        ({"media": {"base64": "!"}}, "bad_base64"),
        ({"media": {"url": f"{shelf}/big"}}, "too_large"),
        ({"media": {"url": f"{shelf}/page.png"}}, "bad_file"),
        ({"media": {"url": f"{shelf}/to?http://127.0.0.1:1/x"}}, "bad_url"),
    ):
        answer = api.call("POST", path, json={"name": "April", "tag": "leads", **body})
        assert answer.json().get("code") == code, (body, answer.text)
    assert left(api) == [] and api.count("media") == 0 and api.count("campaigns") == 0


def test_the_same_key_makes_one_campaign(api: Api) -> None:
    people(api)
    key = {"Idempotency-Key": "april"}
    body = {"name": "April", "media": inline(PICTURE)}
    first, second = (api.call("POST", "/campaigns", json=body, headers=key) for _ in range(2))
    assert first.json() == second.json() and api.count("campaigns") == 1


def test_name_of_the_file_is_judged_too(open_api: Open) -> None:
    api = open_api(accounts={"registration": "open"})
    people(api)

    def verb(tx: Tx) -> None:
        draft = rules.Draft(kind="word", text="quick loan", action="refuse", reason="No loans.")
        rules.add(tx, draft, by=rules.Actor(api.stage.asha.id, "127.0.0.1"), now=api.stage.hands.now())

    api.stage.box.db.write_now(verb)
    assert create(api, media=inline(pdf(), "quick loan.pdf")).json()["code"] == "content_refused"
    assert create(api, media=inline(pdf(), "list.pdf")).status_code == 201
