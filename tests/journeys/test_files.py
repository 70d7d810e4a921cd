"""Files on a whole box: in by the API, out through a browser, byte for byte, and what holds them up."""

from __future__ import annotations

import hashlib
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.journeys.box import FIRST_PERSON, Shop, alone, until
from tests.journeys.conftest import calm
from tests.journeys.test_kills import bill, queued_with_files, send_bill

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The box of this file; what it is in doubt of rests shortly."""
    with alone(tmp_path_factory.mktemp("slow"), sending={"doubt_seconds": 2}) as box:
        yield box


@pytest.fixture
def shop(slow: Shop) -> Shop:
    return calm(slow)


def got(shop: Shop, person: int) -> list[dict[str, Any]]:
    """What this person has."""
    return [one for one in shop.whatsapp.messages() if one["to"] == str(FIRST_PERSON + person)]


def test_a_file_that_is_uploaded_once_goes_to_several_byte_for_byte(shop: Shop) -> None:
    content = bill(31_000)
    answer = shop.http.post("/api/v1/media", files={"file": ("bill নভেম্বর.pdf", content, "application/pdf")})
    assert answer.status_code == 201, answer.text
    media_id = answer.json()["media_id"]
    people = [31_001, 31_002]
    for person in people:
        body = {
            "phone": str(FIRST_PERSON + person),
            "message": f"Hello number {person}",
            "media": {"id": media_id},
        }
        assert shop.call("POST", "/send", body).status_code == 202
    shop.all_end()
    sha256 = hashlib.sha256(content).hexdigest()
    wanted = {
        "kind": "document",
        "mime": "application/pdf",
        "filename": "bill নভেম্বর.pdf",
        "bytes": len(content),
        "sha256": sha256,
    }
    came = [[(one["text"], one["media"], one["copies"]) for one in got(shop, person)] for person in people]
    assert came == [[(f"Hello number {person}", wanted, 1)] for person in people]


@pytest.mark.parametrize(("entry", "person"), [("early", 32_000), ("late", 32_100)])
def test_a_stuck_upload_waits_beside_the_line_of_its_phone_and_goes_later(
    shop: Shop, entry: str, person: int
) -> None:
    """The worst on offer: no request is ever answered. Texts to others go within its time and a reload.

    Then wabox is killed, and finds in the page's store the message that did not go.
    """
    shop.whatsapp.ask("PUT", "faults", {"upload_stuck": 1, "media_entry": entry})
    answer = send_bill(shop, person, bill(person))
    assert answer.status_code == 202, answer.text
    job = answer.json()["job_id"]
    began = time.monotonic()
    shop.send(person + 1)
    until(lambda: got(shop, person + 1), 90, what="the text behind it goes")
    assert time.monotonic() - began < 60
    assert shop.message(job)["wait_reason"] == "upload_stuck"
    shop.program.kill()
    shop.start()
    until(lambda: got(shop, person), 120, what="the file goes the next time")
    [one] = got(shop, person)
    assert (one["copies"], one["media"]["sha256"]) == (1, hashlib.sha256(bill(person)).hexdigest())


@pytest.mark.parametrize(("entry", "first"), [("early", 32_010), ("late", 32_110)])
def test_death_in_a_stuck_upload_sends_it_once_by_a_page_that_gets_it_up(
    shop: Shop, entry: str, first: int
) -> None:
    """Whether what the dead page had in its store went nobody knows; and it goes once, as the one behind it."""
    had = len(shop.whatsapp.messages())
    due = queued_with_files(shop, [first, first + 1])
    shop.whatsapp.ask("PUT", "faults", {"offline": False, "upload_stuck": 1, "media_entry": entry})
    shop.start(WABOX_CRASH="uploading:1")
    until(lambda: not shop.program.running, 60, what="dies in mid-upload")
    assert shop.program.ended() == -signal.SIGKILL
    shop.start()
    assert {one["status"] for one in shop.all_end(90)} <= {"sent", "delivered", "read"}
    came = [one for person in (first, first + 1) for one in got(shop, person)]
    assert [(one["to"], one["media"]["sha256"], one["copies"]) for one in came] == [
        (phone, sha256, 1) for phone, sha256 in due.items()
    ]
    assert len(shop.whatsapp.messages()) == had + len(due)
