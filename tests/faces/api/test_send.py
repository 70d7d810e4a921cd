"""POST /send: what is queued, what is refused, and why a message waits."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.cast import NOON
from tests.faces.api.conftest import PHONE, Api, Open
from wabox.campaigns import replies
from wabox.db import Tx
from wabox.messages import addressees, answers, chats, claiming, handing, leaving, outbox, stored
from wabox.whatsapp.driver import Inbound, Limits, NewChats, Timelock

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")


def _queued(api: Api, **more: Any) -> dict[str, Any]:
    answer = api.send(**more)
    assert answer.status_code == 202, answer.text
    found = dict(answer.json())
    assert api.stage.value("select status from messages where id = :id", id=found["job_id"]) == "queued"
    return found


def test_a_message_is_queued_and_nothing_holds_it(api: Api) -> None:
    answer = api.send()
    assert answer.status_code == 202
    assert answer.json() == {
        "job_id": 1,
        "status": "queued",
        "phone": PHONE,
        "person_id": None,
        "device_label": "primary",
        "waits_until": None,
        "wait_reason": None,
        "credits_left": None,
    }
    row = api.stage.box.db.read_here(stored.by_id, 1)
    assert (row.text, row.priority, row.campaign_id, row.queued_at) == ("Hello", 1, None, NOON)


def test_a_phone_is_understood_however_it_is_written(api: Api) -> None:
    for typed, digits in [
        ("8801711000001", "8801711000001"),
        ("+880 1711-000001", "8801711000001"),
        ("008801711000001", "8801711000001"),
        ("01711000001", "8801711000001"),
        ("1711000001", "8801711000001"),
        ("০১৭১১০০০০০১", "8801711000001"),
        ("+৮৮০ ১৭১১ (000001)", "8801711000001"),
        ("٠١٧١١٠٠٠٠٠١", "8801711000001"),
        ("+14155552671", "14155552671"),
        ("5215512345678", "5215512345678"),
        ("999999999999999", "999999999999999"),
    ]:
        assert _queued(api, phone=typed)["phone"] == digits
        assert api.stage.value("select phone from messages order by id desc") == digits


def test_what_is_no_phone_is_422(api: Api) -> None:
    for typed in ["", " ", "x", "12", "123456", "1" * 16, "0", "+", "0000000", "01711", "a@b.c", "1" * 99]:
        answer = api.send(phone=typed)
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_phone")
        assert list(answer.json()["details"]) == ["phone"]


def test_a_text_is_drawn_and_filled_in(api: Api) -> None:
    for message, texts in [
        ("{Hi|Hello} {name:friend}, {phone}", {f"Hi friend, {PHONE}", f"Hello friend, {PHONE}"}),
        ("Dear {name}{custom}!", {"Dear !"}),
        (r"\{name\} \| \\", {r"{name} | \ ".strip()}),
        ("{a|{b|{c|d}}} | e", {"a | e", "b | e", "c | e", "d | e"}),
        ("আপনার {অর্ডার|পার্সেল} 🎉", {"আপনার অর্ডার 🎉", "আপনার পার্সেল 🎉"}),
        ("x" * 4_096, {"x" * 4_096}),
    ]:
        job_id = _queued(api, message=message)["job_id"]
        assert api.call("GET", f"/messages/{job_id}").json()["message"] in texts


def test_a_text_nobody_could_read_is_422(api: Api) -> None:
    for message, code, said in [
        ("a {b", "bad_template", "position 3"),
        ("a} b", "bad_template", "position 2"),
        ("Hi {nmae}", "bad_template", "position 4"),
        ("{}", "bad_template", "position 1"),
        ("{" * 9 + "a|b" + "|c}" * 9, "bad_template", "deep"),
        ("", "message_empty", "empty"),
        (" \n", "message_empty", "empty"),
        ("{name}", "message_empty", "empty"),
        ("x" * 4_097, "message_too_long", "4,096"),
        ("{phone}" * 400, "message_too_long", "4,096"),
        ("x" * 20_000, "message_too_long", "16,384"),
    ]:
        answer = api.send(message=message)
        assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
        assert said in answer.json()["details"]["message"]
        assert api.count("messages") == 0


def test_an_unknown_or_ill_formed_label_is_404(api: Api) -> None:
    for label in ["nobody", "", "PRIMARY", "a b", "ö/✓", "a" * 1_000, "primary\n", "../primary"]:
        answer = api.send(device_label=label)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


NOT_LINKED = [("not_started", None), ("qr", None), ("starting", None), ("disconnected", "logged_out")]


@pytest.mark.parametrize(("state", "detail"), NOT_LINKED)
def test_a_device_that_was_never_linked_is_503_unless_asked_to_queue(
    api: Api, state: str, detail: str | None
) -> None:
    label = api.call("POST", "/devices", json={"device_label": "sales"}).json()["device_label"]
    device_id = api.stage.value("select id from devices where label = 'sales'")
    if state != "not_started":
        api.link(device_id, state, detail=detail)
    answer = api.send(device_label=label)
    assert (answer.status_code, answer.json()["code"]) == (503, "device_not_ready")
    assert int(answer.headers["retry-after"]) > 0
    assert "queue_if_offline" in answer.json()["error"]
    assert api.count("messages") == 0
    found = _queued(api, device_label=label, queue_if_offline=True)
    assert (found["wait_reason"], found["waits_until"]) == ("device_not_ready", None)


@pytest.mark.parametrize("state", ["logged_out", "passkey_required"])
def test_a_device_whose_link_is_gone_is_503(api: Api, state: str) -> None:
    api.link(api.stage.asha.device_id, "disconnected", detail=state)
    assert api.send().status_code == 503
    assert _queued(api, queue_if_offline=True)["wait_reason"] == "device_not_ready"


def test_after_a_logout_it_is_503(api: Api) -> None:
    assert api.call("POST", "/devices/primary/logout").status_code == 202
    assert api.send().status_code == 503


@pytest.mark.parametrize(
    ("state", "detail", "reason"),
    [
        ("starting", "reconnecting", "device_not_ready"),
        ("disconnected", "reconnecting", "device_not_ready"),
        ("disconnected", "engine_incompatible", "device_not_ready"),
        ("disconnected", "page_failed", "device_not_ready"),
        ("disconnected", "browser_failed", "device_not_ready"),
    ],
)
def test_a_linked_device_that_cannot_send_now_queues(api: Api, state: str, detail: str, reason: str) -> None:
    api.link(api.stage.asha.device_id, state, detail=detail)
    found = _queued(api)
    assert (found["wait_reason"], found["waits_until"]) == (reason, None)


@pytest.mark.parametrize("until", [None, "2026-03-10T09:00:00+00:00"])
def test_a_timelock_queues_who_is_new_and_says_until_when(api: Api, until: str | None) -> None:
    lock = Timelock("DEFAULT", None if until is None else NOON.replace(hour=9))
    api.link(api.stage.asha.device_id, "ready", limits=Limits(lock))
    found = _queued(api)
    assert (found["wait_reason"], found["waits_until"]) == ("restricted", until)


def test_a_full_cycle_of_whatsapp_queues_who_is_new_and_says_until_when(api: Api) -> None:
    quota = NewChats("capped", 100, 100, NOON.replace(hour=9))
    api.link(api.stage.asha.device_id, "ready", limits=Limits(None, quota))
    found = _queued(api)
    assert (found["wait_reason"], found["waits_until"]) == ("new_chats_capped", "2026-03-10T09:00:00+00:00")


def test_a_restarted_device_queues(api: Api) -> None:
    api.call("POST", "/devices/primary/restart")
    assert _queued(api)["wait_reason"] == "device_not_ready"


def test_quiet_hours_hold_a_message_until_they_end(open_api: Open) -> None:
    api = open_api(sending={"quiet_hours": ["21:00", "08:00"]})
    assert _queued(api)["wait_reason"] is None
    api.stage.hands.forward(hours=10)
    found = _queued(api, device_label="primary", phone="8801711000002")
    api.call("POST", "/messages/1/cancel")
    shown = api.call("GET", f"/messages/{found['job_id']}").json()
    assert (shown["wait_reason"], shown["waits_until"]) == ("quiet_hours", "2026-03-11T02:00:00+00:00")


@pytest.mark.parametrize(
    ("sending", "reason", "until"),
    [
        ({"daily_cap": 1}, "daily_cap", "2026-03-10T18:00:00+00:00"),
        ({"hourly_cap": 1}, "hourly_cap", "2026-03-10T07:00:00+00:00"),
        ({"new_chats_per_day": 1}, "new_chat_cap", "2026-03-10T18:00:00+00:00"),
        ({"gap_seconds": [30, 30]}, "gap", "2026-03-10T06:00:30+00:00"),
    ],
)
def test_a_cap_or_a_gap_holds_a_message_and_says_until_when(
    open_api: Open, sending: dict[str, Any], reason: str, until: str
) -> None:
    api = open_api(sending=sending)
    _sent_one(api, rest="gap_seconds" in sending)
    found = _queued(api, phone="8801711000002")
    assert (found["wait_reason"], found["waits_until"]) == (reason, until)
    shown = api.call("GET", f"/messages/{found['job_id']}").json()
    assert (shown["wait_reason"], shown["waits_until"], shown["expected_at"]) == (reason, until, until)


def _sent_one(api: Api, *, rest: bool) -> None:
    job_id = api.send().json()["job_id"]

    def verb(tx: Any) -> None:
        claimed = claiming.claim_next(tx, api.stage.asha.device_id, config=api.stage.box.config, now=NOON)
        assert isinstance(claimed, stored.Message)
        assert claimed.id == job_id
        chat = f"{PHONE}@c.us"
        armed = handing.armed(tx, claimed, chat_id=chat, other_chat_ids=(), machine_boot="boot", now=NOON)
        answers.sent(tx, armed, at=NOON, next_send_at=NOON.replace(second=30 if rest else 0))

    api.stage.box.db.write_now(verb)


def test_those_behind_wait_in_line_and_have_an_estimate(open_api: Open) -> None:
    api = open_api(sending={"gap_seconds": [10, 20]})
    jobs = [_queued(api, phone=f"880171100000{one}")["job_id"] for one in range(3)]
    shown = [api.call("GET", f"/messages/{one}").json() for one in jobs]
    assert [one["wait_reason"] for one in shown] == [None, "in_line", "in_line"]
    assert [one["ahead"] for one in shown] == [0, 1, 2]
    assert [one["waits_until"] for one in shown] == [None, None, None]
    assert shown[2]["expected_at"] == "2026-03-10T06:00:30+00:00"


def test_a_number_that_whatsapp_says_nothing_of_waits(api: Api) -> None:
    job_id = api.send().json()["job_id"]

    def verb(tx: Any) -> None:
        message = claiming.claim_next(tx, api.stage.asha.device_id, config=api.stage.box.config, now=NOON)
        assert isinstance(message, stored.Message)
        answers.number_unclear(tx, message, retry_at=chats.ask_again_at(NOON, 0), now=NOON)

    api.stage.box.db.write_now(verb)
    shown = api.call("GET", f"/messages/{job_id}").json()
    assert (shown["wait_reason"], shown["waits_until"]) == ("number_check", "2026-03-10T06:00:30+00:00")


def test_a_later_time_waits_and_a_past_one_goes_at_once(api: Api) -> None:
    later = _queued(api, scheduled_for="2026-03-10T18:00:00+06:00")
    assert (later["wait_reason"], later["waits_until"]) == ("scheduled", "2026-03-10T12:00:00+00:00")
    past = _queued(api, scheduled_for="2020-01-01T00:00:00Z", phone="8801711000002")
    assert (past["wait_reason"], past["waits_until"]) == (None, None)


def test_times_at_the_ends_of_the_calendar_do_no_harm(api: Api) -> None:
    for moment in ("9999-12-31T23:59:59.999999+00:00", "0001-01-01T00:00:00Z", "9000-01-01T00:00:00Z"):
        job_id = _queued(api, scheduled_for=moment, expires_at="9999-12-31T23:59:59.5Z")["job_id"]
        assert api.call("GET", f"/messages/{job_id}").status_code == 200
    assert api.call("GET", "/messages").status_code == 200
    assert api.call("GET", "/devices").status_code == 200


NO_MOMENTS: list[Any] = [
    "2026-04-25", "2026-04-25T10:00:00", "2026-02-30T10:00:00Z", "2026-04-25T25:00:00Z", "tomorrow", "",
    1_777_000_000, "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00", "2026-04-25T10:00:00+99:00", "10000-01-01T00:00:00Z",
]  # fmt: skip


def test_what_is_no_moment_is_422(api: Api) -> None:
    for field in ("scheduled_for", "expires_at"):
        for moment in NO_MOMENTS:
            answer = api.send(**{field: moment})
            assert answer.status_code == 422, answer.text
            assert list(answer.json()["details"]) == [field]


def test_past_its_expiry_it_is_skipped_and_told(api: Api) -> None:
    job_id = _queued(api, expires_at="2026-03-10T06:00:10Z")["job_id"]
    api.stage.hands.forward(seconds=10)
    api.stage.box.db.write_now(leaving.expire, now=api.stage.hands.now())
    shown = api.call("GET", f"/messages/{job_id}").json()
    assert (shown["status"], shown["error"], shown["wait_reason"]) == ("skipped", "expired", None)


def test_what_has_gone_cannot_be_cancelled_and_what_is_on_its_way_says_so(api: Api) -> None:
    job_id = _queued(api)["job_id"]
    for _ in range(2):
        answer = api.call("POST", f"/messages/{job_id}/cancel")
        assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
        assert answer.json()["on_its_way"] == 0
    other = _queued(api)["job_id"]
    api.stage.box.db.write_now(handing.claim, other, now=NOON)
    answer = api.call("POST", f"/messages/{other}/cancel")
    assert (answer.status_code, answer.json()["status"], answer.json()["on_its_way"]) == (200, "sending", 1)
    api.stage.box.db.write_now(lambda tx: answers.sent(tx, stored.by_id(tx, other), at=NOON, next_send_at=NOON))
    answer = api.call("POST", f"/messages/{other}/cancel")
    assert (answer.status_code, answer.json()["code"]) == (422, "wrong_state")


def test_an_unknown_message_is_settled_once(api: Api) -> None:
    for verdict, status, error in (("sent", "sent", None), ("not_sent", "failed", "settled_not_sent")):
        job_id = _queued(api)["job_id"]
        early = api.call("POST", f"/messages/{job_id}/settle", json={"as": verdict})
        assert (early.status_code, early.json()["code"]) == (422, "wrong_state")
        api.stage.box.db.write_now(handing.claim, job_id, now=NOON)
        message = api.stage.box.db.read_here(stored.by_id, job_id)
        api.stage.box.db.write_now(outbox.lose, message, "no_answer", now=NOON)
        for _ in range(2):
            answer = api.call("POST", f"/messages/{job_id}/settle", json={"as": verdict})
            assert (answer.status_code, answer.json()["status"], answer.json()["error"]) == (200, status, error)
        other = {"sent": "not_sent", "not_sent": "sent"}[verdict]
        assert api.call("POST", f"/messages/{job_id}/settle", json={"as": other}).status_code == 422


LID_CHAT = "111222333444555@lid"


def _writes_hidden(api: Api) -> int:
    made = api.stage
    event = Inbound(made.asha.device_id, 1, "3A1", LID_CHAT, None, "Nila", "hello", "chat", NOON)
    made.box.db.write_now(replies.hear, event, now=NOON)
    return int(made.value("select id from people where phone = :p", p=LID_CHAT))


def test_who_wrote_first_is_answered_by_person_id_without_a_number(api: Api) -> None:
    person_id = _writes_hidden(api)
    body = {"person_id": person_id, "message": "Hello {phone}back"}
    answers = [api.call("POST", "/send", json=body, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    first = answers[0].json()
    assert answers[1].json() == first
    assert (answers[0].status_code, first["phone"], first["person_id"]) == (202, None, person_id)
    shown = api.call("GET", f"/messages/{first['job_id']}").json()
    assert (shown["phone"], shown["person_id"], shown["message"]) == (None, person_id, "Hello back")
    found = api.call("GET", f"/messages?person_id={person_id}").json()
    assert [one["job_id"] for one in found["data"]] == [first["job_id"]]
    assert LID_CHAT not in api.call("GET", "/messages").text


@pytest.mark.parametrize("body", [{}, {"phone": PHONE, "person_id": 1}, {"phone": None, "person_id": None}])
def test_a_recipient_is_given_one_way(api: Api, body: dict[str, Any]) -> None:
    answer = api.call("POST", "/send", json={"message": "Hello", **body})
    assert (answer.status_code, answer.json()["code"]) == (422, "phone_or_person")
    assert api.count("messages") == 0


def test_somebody_elses_person_is_404(api: Api) -> None:
    _writes_hidden(api)
    api.stage.box.db.write_now(lambda tx: tx.run("update people set user_id = :id", id=api.stage.bilal.id))
    for person_id in (1, 99):
        answer = api.call("POST", "/send", json={"message": "Hello", "person_id": person_id})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert api.count("messages") == 0


def _known_now(api: Api) -> None:
    """The page tells the number of who wrote."""
    api.stage.box.db.write_now(
        addressees.told, api.stage.asha.id, lid="111222333444555", phone=PHONE, username=None, now=NOON
    )


def test_an_id_from_before_the_number_was_known_goes_on_working(api: Api) -> None:
    """As does the key: the same question gets the same answer, and one message."""
    person_id = _writes_hidden(api)
    body = {"person_id": person_id, "message": "Hello"}
    before = api.call("POST", "/send", json=body, headers={"Idempotency-Key": "k"})
    _known_now(api)
    again = api.call("POST", "/send", json=body, headers={"Idempotency-Key": "k"})
    assert (again.status_code, again.json()) == (202, before.json())
    assert api.count("messages") == 1
    other = api.call("POST", "/send", json=body, headers={"Idempotency-Key": "other"}).json()
    assert (other["phone"], api.count("messages")) == (PHONE, 2)
    by_old_id = api.call("GET", f"/messages?person_id={person_id}").json()["data"]
    assert [one["phone"] for one in by_old_id] == [PHONE, PHONE]
    wrong = api.call("POST", "/send", json={**body, "message": "Other"}, headers={"Idempotency-Key": "k"})
    assert (wrong.status_code, api.count("messages")) == (409, 2)


def test_an_erased_person_is_404_under_every_id(api: Api) -> None:
    person_id = _writes_hidden(api)
    _known_now(api)
    joined = int(api.stage.value("select id from people where joined_to is null"))
    made, asha = api.stage, api.stage.asha.id
    found = made.box.db.read_here(addressees.traces, asha, PHONE)
    made.box.db.write_now(addressees.erase, asha, PHONE, found, now=NOON)
    for one in {person_id, joined}:
        answer = api.call("POST", "/send", json={"message": "Hello", "person_id": one})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert api.call("GET", f"/messages?person_id={person_id}").json()["total"] == 0


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"person_id": 0}, 422, "invalid"),
        ({"person_id": "1"}, 422, "invalid"),
        ({"person_id": 1.5}, 422, "invalid"),
        ({"person_id": 10**30}, 422, "invalid"),
        ({"person_id": True}, 422, "invalid"),
        ({"person_id": 1, "device_label": "nowhere"}, 404, "not_found"),
        ({"person_id": 1, "message": ""}, 422, "message_empty"),
        ({"person_id": 1, "scheduled_for": "soon"}, 422, "invalid"),
    ],
)
def test_a_wrong_question_about_a_person_changes_nothing(
    api: Api, body: dict[str, Any], status: int, code: str
) -> None:
    _writes_hidden(api)
    answer = api.call("POST", "/send", json={"message": "Hello", **body})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert api.count("messages") == 0


def test_who_said_stop_without_a_number_is_skipped_and_costs_nothing(api: Api) -> None:
    person_id = _writes_hidden(api)
    api.stage.box.db.write_now(
        replies.opt_out_by_owner, api.stage.asha.id, LID_CHAT, source="owner", by=None, now=NOON
    )
    answer = api.call("POST", "/send", json={"person_id": person_id, "message": "Hello"}).json()
    shown = api.call("GET", f"/messages/{answer['job_id']}").json()
    assert (answer["status"], shown["error"], shown["person_id"]) == ("skipped", "opted_out", person_id)


# -- letter for letter, and sooner or later -----------------------------------------------------------

LETTERS = [
    *("{a|b} {name} \\{x\\}", "{", "}}{{", "C:\\new {|} \\", '{"alert": "disk {sda} 91 %"}', "{due:0}"),
    *("আপনার {কোড} ১২৩৪ 🎉", "x" * 4_096),
]


@pytest.mark.parametrize("text", LETTERS)
def test_a_plain_text_goes_letter_for_letter(api: Api, text: str) -> None:
    found = _queued(api, message=text, plain=True)
    assert api.stage.value("select text from messages where id = :id", id=found["job_id"]) == text


def test_what_is_not_plain_or_cannot_be_is_told(api: Api) -> None:
    assert api.send(message="{", plain=False).status_code == 422
    assert api.send(message="{", plain=None).status_code == 422
    for wrong in ({"message": "a", "variables": {"a": "b"}}, {"template_id": 1}):
        answer = api.call("POST", "/send", json={"phone": PHONE, "plain": True, **wrong})
        assert (answer.status_code, answer.json()["code"]) == (422, "plain_only"), answer.text
    for text, code in (("x" * 4_097, "message_too_long"), (" \n", "message_empty")):
        answer = api.send(message=text, plain=True)
        assert (answer.status_code, answer.json()["code"], list(answer.json()["details"])) == (
            422,
            code,
            ["message"],
        )
    assert api.send(plain="yes").status_code == 422
    assert api.count("messages") == 0


def _order(api: Api) -> list[int]:
    """The jobs in the order in which they are claimed, each gone before the next."""
    found = []
    device_id, config = api.stage.asha.device_id, api.stage.box.config

    def one(tx: Tx) -> int | None:
        claimed = claiming.claim_next(tx, device_id, config=config, now=api.stage.hands.now())
        if not isinstance(claimed, stored.Message):
            return None
        outbox.went(tx, claimed, api.stage.hands.now())
        return claimed.id

    while (job_id := api.stage.box.db.write_now(one)) is not None:
        found.append(job_id)
    return found


def test_what_is_urgent_goes_first_and_what_is_not_last(api: Api) -> None:
    wishes = ["low", "normal", "high", None, "low", "high"]
    jobs = [_queued(api, phone=f"0171100010{n}", priority=wish)["job_id"] for n, wish in enumerate(wishes)]
    plain = _queued(api, phone="01711000109")["job_id"]
    shown = [api.call("GET", f"/messages/{job}").json() for job in jobs]
    assert [one["priority"] for one in shown] == ["low", "normal", "high", "normal", "low", "high"]
    assert [one["ahead"] for one in shown] == [5, 2, 0, 3, 6, 1]
    assert _order(api) == [jobs[2], jobs[5], jobs[1], jobs[3], plain, jobs[0], jobs[4]]


def test_urgency_passes_no_gate(open_api: Open) -> None:
    api = open_api(sending={"quiet_hours": ["00:00", "23:59"]})
    assert api.send(priority="high").json()["wait_reason"] == "quiet_hours"
    assert api.send(priority="HIGHEST").status_code == 422


def _opts_out(api: Api) -> None:
    contact = api.call("POST", "/contacts", json={"phone": PHONE, "tags": ["x"]}).json()
    assert api.call("POST", f"/contacts/{contact['id']}/opt-out").status_code == 200


def _is_locked(api: Api) -> None:
    api.stage.box.db.write_now(lambda tx: tx.run("update users set state = 'locked' where id = 1"))


@pytest.mark.parametrize(
    ("sending", "obstacle", "says"),
    [
        ({"quiet_hours": ["00:00", "23:59"]}, None, "quiet_hours"),
        ({"gap_seconds": [60, 60]}, partial(_sent_one, rest=True), "gap"),
        ({"hourly_cap": 1}, partial(_sent_one, rest=False), "hourly_cap"),
        ({"daily_cap": 1}, partial(_sent_one, rest=False), "daily_cap"),
        ({"new_chats_per_day": 1}, partial(_sent_one, rest=False), "new_chat_cap"),
        ({}, _opts_out, "skipped"),
        ({}, _is_locked, "account_locked"),
        ({}, lambda api: api.link(api.stage.asha.device_id, "disconnected"), "device_not_ready"),
    ],
)
def test_what_stops_a_message_stops_an_urgent_one(
    open_api: Open, sending: dict[str, Any], obstacle: Callable[[Api], None] | None, says: str
) -> None:
    api = open_api(sending=sending)
    if obstacle is not None:
        obstacle(api)
    told = []
    for priority in ("normal", "high"):
        answer = api.send(phone=PHONE if obstacle is _opts_out else "8801711000002", priority=priority)
        found = answer.json()
        assert says in (found.get("wait_reason"), found.get("status"), found.get("code")), answer.text
        told.append((answer.status_code, found.get("status"), found.get("code"), found.get("waits_until")))
    assert told[0] == told[1]
    assert _order(api) == []


def test_the_estimate_of_a_message_knows_what_goes_before_it(open_api: Open) -> None:
    api = open_api(sending={"gap_seconds": [10, 20]})
    jobs = [
        _queued(api, phone=f"880171100000{n}", priority=one)["job_id"] for n, one in enumerate(["low", "high"])
    ]
    low, high = (api.call("GET", f"/messages/{job}").json() for job in jobs)
    assert (high["ahead"], low["ahead"]) == (0, 1)
    assert high["expected_at"] < low["expected_at"]
