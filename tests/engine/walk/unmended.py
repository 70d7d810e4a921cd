"""wabox as it was before a mend: the old behaviour of the one function, put back for a test."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from wabox.campaigns import control
from wabox.campaigns import stored as campaigns
from wabox.db import Rows, Tx
from wabox.media import keeping
from wabox.messages import chats, claiming, gate, handing, line, outbox, stored
from wabox.texts import renaming


class _NobodyButNotNobody(list[int]):
    """No devices, and nobody who asked whether there are none: `prepare` did not."""

    def __bool__(self) -> bool:
        return True


def rooms(patch: pytest.MonkeyPatch) -> None:
    """A campaign is expanded without asking whether a device is left."""
    usable = control.usable_devices

    def without_asking(rows: Rows, campaign: campaigns.Campaign, *, now: datetime) -> list[int]:
        found = usable(rows, campaign, now=now)
        return found if campaign.expanded else _NobodyButNotNobody(found)

    patch.setattr(control, "usable_devices", without_asking)


def reserve(patch: pytest.MonkeyPatch) -> None:
    """A campaign without a device waits for one for ever, its credits with it."""
    patch.setattr("wabox.campaigns.expansion.strand", lambda tx, campaign_id: False)


def known_chats(patch: pytest.MonkeyPatch) -> None:
    """Redispatch keeps what was known of the old device's chats, and the gate believes it."""
    redispatch = control.redispatch

    def keeping(tx: Tx, user_id: int, campaign_id: int, *, now: datetime) -> int | None:
        was = tx.all("select id, new_chat from messages where campaign_id = :id", id=campaign_id)
        done = redispatch(tx, user_id, campaign_id, now=now)
        tx.many("update messages set new_chat = ? where id = ?", [(row["new_chat"], row["id"]) for row in was])
        return done

    patch.setattr(control, "redispatch", keeping)
    asked = line.MESSAGE.replace(f"not {chats.KNOWN} as new_chat", "m.new_chat")
    assert asked != line.MESSAGE
    for asking in (claiming, handing):
        patch.setattr(asking, "MESSAGE", asked)


def settling(patch: pytest.MonkeyPatch) -> None:
    """What a person settles as sent ends the device's pause and becomes its anchor."""
    settle = outbox.settle

    def touching(tx: Tx, user_id: int, message_id: int, verdict: Any, *, now: datetime) -> stored.Message:
        settled = settle(tx, user_id, message_id, verdict, now=now)
        if verdict == "sent":
            tx.run(
                """update devices set next_send_at = :now, anchor_chat_id = :chat, anchor_message_id = :message
                   where id = :id""",
                id=settled.device_id,
                now=now.isoformat(),
                chat=settled.wa_chat_id,
                message=settled.wa_message_id,
            )
        return settled

    patch.setattr(outbox, "settle", touching)


def numbers(patch: pytest.MonkeyPatch) -> None:
    """The gate does not ask whether another number is linked."""
    patch.setattr(gate, "_GATES", tuple(one for one in gate._GATES if one is not gate._number_changed))


def recovery(patch: pytest.MonkeyPatch) -> None:
    """Only the claim asks the gate; a second hand-over does not."""
    patch.setattr(handing, "decide", lambda *args, **more: gate.Go())


def pinning(patch: pytest.MonkeyPatch) -> None:
    """A file may be removed while something that is to go needs it."""
    patch.setattr(keeping, "is_needed", lambda *_: False)


def wording(patch: pytest.MonkeyPatch) -> None:
    """A field gets another name, and the stored texts that say it do not follow."""
    patch.setattr(renaming, "_texts", lambda *_: [])
