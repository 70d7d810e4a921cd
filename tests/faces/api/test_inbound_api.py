"""Files that people sent, by the API: what is told of them, and each answer to the wish to have one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faces.api.conftest import Api, furnish
from wabox.db import Tx

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")


def sent(api: Api, **changed: Any) -> str:
    """The address of a file that somebody sent to asha, with these columns changed."""
    furnish(api)
    number = api.ids["message"]

    def change(tx: Tx) -> None:
        for name, value in changed.items():
            tx.run(f"update inbox_files set {name} = :value", value=value)

    api.stage.box.db.write_now(change)
    return f"/media/inbound/{number}"


def test_a_file_is_told_and_asked_for_and_asking_again_changes_nothing(api: Api) -> None:
    path = sent(api)
    told = api.call("GET", path).json()
    assert told == {
        "message_id": api.ids["message"],
        "state": "waiting",
        "reason": None,
        "asked_at": None,
        "media": {
            "media_id": None,
            "kind": "document",
            "mime": "application/pdf",
            "filename": "A secret of asha's.pdf",
            "bytes": 48213,
            "seconds": None,
        },
    }
    first = api.call("POST", path)
    assert (first.status_code, first.json()["asked_at"]) == (202, "2026-03-10T06:00:00+00:00")
    api.stage.hands.forward(minutes=1)
    assert api.call("POST", path).json() == first.json() == api.call("GET", path).json()


@pytest.mark.parametrize(
    ("changed", "code", "words"),
    [
        ({"bytes": 65 * 1024 * 1024}, "file_too_large", "larger than this box keeps"),
        ({"state": "refused"}, "bad_file", "does not keep"),
    ],
)
def test_what_cannot_come_says_so_and_nothing_is_asked(
    api: Api, changed: dict[str, Any], code: str, words: str
) -> None:
    path = sent(api, **changed)
    answer = api.call("POST", path)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert words in answer.json()["error"]
    assert api.stage.value("select count(*) from inbox_files where asked_at is not null") == 0


def test_what_whatsapp_had_no_more_is_asked_for_again_on_demand(api: Api) -> None:
    path = sent(api, state="expired")
    answer = api.call("POST", path)
    assert (answer.status_code, answer.json()["state"]) == (202, "waiting")


def test_what_is_too_large_says_so_before_anybody_asks(api: Api) -> None:
    path = sent(api, bytes=65 * 1024 * 1024)
    for _ in range(2):
        told = api.call("GET", path).json()
        assert (told["state"], told["reason"]) == ("too_large", "too_large")
        assert api.call("POST", path).status_code == 422


def test_a_box_that_keeps_larger_files_now_fetches_what_was_too_large(api: Api) -> None:
    path = sent(api, bytes=50 * 1024 * 1024, state="too_large")
    assert api.call("GET", path).json()["state"] == "waiting"
    assert api.call("POST", path).status_code == 202


@pytest.mark.parametrize("number", [999, 9_223_372_036_854_775_807])
def test_a_message_that_is_not_there_is_404(api: Api, number: int) -> None:
    sent(api)
    for method in ("GET", "POST"):
        assert api.call(method, f"/media/inbound/{number}").status_code == 404


def test_another_users_file_is_404_and_stays_as_it_was(api: Api) -> None:
    path = sent(api)
    for method in ("GET", "POST"):
        assert api.call(method, path, api.stage.bilal.key).status_code == 404
    assert api.stage.value("select count(*) from inbox_files where asked_at is not null") == 0
