"""Where nothing can be seen no check passes: two answers that are nothing are not the same answer."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path
from typing import Any, cast

import pytest

from wabox.fieldtest import steps
from wabox.fieldtest.field import Field
from wabox.fieldtest.journal import Journal
from wabox.fieldtest.people import Answer, Deed, People, Phones, Sight
from wabox.fieldtest.steps import STEPS, Step
from wabox.fieldtest.tempo import Tempo
from wabox.whatsapp.driver import (
    Edited,
    Handed,
    Link,
    LookedUp,
    Reacted,
    Resolved,
    Revoked,
    SessionLost,
    SessionSpec,
)
from wabox.whatsapp.gateway import Gateway

A, B = "8801711000001", "8801711000002"
AT_ONCE = Tempo(
    samples=(0,),
    qr=0,
    qr_age=0,
    ready=0,
    linking=0,
    reload=0,
    boxes=0,
    acks=0,
    hearing=0,
    settle=0,
    waking=0,
    away=0,
    short=0,
    long=0,
    again=1,
)


class Mute:
    """A driver that does what it is told and gives no answer that says anything."""

    def open(self, spec: SessionSpec) -> None:
        """Nothing comes of it."""

    def close(self, device_id: int) -> None:
        """Nor of this."""

    def let_service_workers(self, how: str) -> None:
        """Nor of this."""

    def examine(self, device_id: int, work: Any, seconds: float) -> Any:
        """The page is away."""
        raise SessionLost

    def resolve(self, device_id: int, phone: str) -> Resolved:
        """WhatsApp does not say. Where a message goes is known from before."""
        return Resolved("unknown", reason="exists_error")

    def hand_over(self, device_id: int, chat: str, message_id: str, text: str, file: Any = None) -> Handed:
        """Nothing was entered."""
        return Handed("not_entered")

    def look_up(self, device_id: int, message_id: str, chats: Any, anchor: Any) -> LookedUp:
        """The history is empty."""
        return LookedUp(None, anchor_found=False)

    def edit(self, device_id: int, message_id: str, chats: Any, text: str) -> Edited:
        """Nobody knows."""
        return Edited("failed")

    def react(self, device_id: int, message_id: str, chats: Any, emoji: str, *, own: bool) -> Reacted:
        """Nor of this."""
        return Reacted("failed")

    def revoke(self, device_id: int, message_id: str, chats: Any) -> Revoked:
        """Nor of this."""
        return Revoked("failed")

    def ask_pairing_code(self, spec: SessionSpec, phone: str) -> Future[None]:
        """No code comes."""
        done: Future[None] = Future()
        done.set_result(None)
        return done

    def log_out(self, spec: SessionSpec, *, forget: bool, anyway: bool) -> Future[bool]:
        """Done."""
        done: Future[bool] = Future()
        done.set_result(True)
        return done


class Willing:
    """People who did it, they say; what came of it they do not know, or they saw nothing come."""

    phones = Phones(A, B)

    def __init__(self, came: int | None) -> None:
        self._came = came

    def say(self, line: str) -> None:
        """Nobody listens."""

    def show_qr(self, text: str) -> None:
        """Nobody looks."""

    def do(self, deed: Deed, text: str = "", *, seconds: float = 120) -> Answer:
        """Of course."""
        return "done"

    def how_many(self, text: str, message_id: str) -> int | None:
        """As they were told to say."""
        return self._came

    def is_unread(self, text: str) -> bool | None:
        """It always was."""
        return True

    def is_plain(self, message_id: str) -> bool | None:
        """Nobody looked."""
        return None

    def sees(self, sight: Sight, message_id: str, text: str = "") -> bool | None:
        """Nobody looked."""
        return None

    def agree(self, question: str) -> bool:
        """Yes."""
        return True

    def details(self) -> dict[str, Any]:
        """None."""
        return {}


@pytest.mark.parametrize("chat", [None, f"{B}@c.us"], ids=["no chat", "a chat"])
@pytest.mark.parametrize("came", [None, 0, 1])
@pytest.mark.parametrize("state", [None, "ready", "starting"])
@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step.number}")
def test_no_step_passes_where_nothing_is_seen(
    step: Step, state: Any, came: int | None, chat: str | None, tmp_path: Path
) -> None:
    journal = Journal()
    if state is not None:
        journal.note(Link(1, 1, state, phone=A))
    people = cast("People", Willing(came))
    spec = SessionSpec(1, 1, "nobody", A)
    gateway = cast("Gateway", Mute())
    field = Field(gateway, journal, people, AT_ONCE, profiles=tmp_path, spec=spec, temporary=True)
    if chat is not None:
        field.kept["chat"] = chat
    steps.run(field, {step.number})
    found = next(one for one in field.report.steps if one.number == step.number)
    assert [check.name for check in found.checks if check.result == "PASS"] == []
    assert found.result != "PASS"
