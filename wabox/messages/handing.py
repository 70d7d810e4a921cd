"""Every hand-over asks the gate in its own transaction: the first, which arms the message, and each one after.

What may not go now is not handed over. If it surely never entered WhatsApp's page it is put back, and the
ordinary line ends it or lets it wait; if the page has it without the server's ack, nobody can know.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from wabox.config import Config
from wabox.contacts import identities
from wabox.db import Tx
from wabox.messages import claiming, gate, numbers, outbox, stored
from wabox.whatsapp.driver import Resolved

Verdict = Literal["go", "back", "rest", "settled"]
SHORT_WAIT = timedelta(minutes=5)  # what the page has is left alone so long, and judged again


def arm(
    tx: Tx, message: stored.Message, where: Resolved, *, machine_boot: str, config: Config, now: datetime
) -> stored.Message | None:
    """The message has its WhatsApp id and chat and may be handed over. None: it is in the line again, or ended.

    where: the chat, a yes. Resolving it may have taken a while, in which what was true at the claim has changed.
    """
    assert where.chat_id is not None
    there = stored.by_id(tx, message.id)
    if there.status != "sending":  # a receipt of an earlier attempt, or a deleted phone
        return None
    owner = identities.holder(tx, there.user_id, where.chat_id)
    if owner is not None and owner.address != there.phone:  # the chat has another number since it was resolved
        numbers.forget(tx, there.device_id, there.phone)
        outbox.put_back(tx, message, now=now)
        return None
    if not isinstance(claiming.decide(tx, message, config=config, now=now), gate.Go):
        outbox.put_back(tx, message, now=now)
        return None
    return outbox.arm(
        tx,
        message,
        chat_id=where.chat_id,
        other_chat_ids=where.other_chat_ids,
        machine_boot=machine_boot,
        now=now,
    )


def once_more(
    tx: Tx,
    message: stored.Message,
    *,
    stage: int,
    rest_until: datetime | None,
    in_page: bool,
    config: Config,
    now: datetime,
) -> Verdict:
    """Whether the message may be handed over again under its id: `go`, and then the attempt is counted.

    in_page: WhatsApp's page has it, without the server's ack; else it surely never entered. `back`: it is in the
    line again, or at its end. `rest`: what closes the gate is over within minutes, and then it is judged again.
    `settled`: a receipt, a deleted phone or this verdict has ended it.
    """
    if stored.by_id(tx, message.id).status != "sending":
        return "settled"
    decision = claiming.decide(tx, message, config=config, now=now)
    if isinstance(decision, gate.Go):
        outbox.try_again(tx, message, stage=stage, rest_until=rest_until, now=now)
        return "go"
    if not in_page:
        outbox.put_back(tx, message, now=now)
        return "back"
    if isinstance(decision, gate.Wait) and decision.until is not None and decision.until - now <= SHORT_WAIT:
        outbox.rest(tx, message, stage=message.doubt_stage, until=decision.until)
        return "rest"
    outbox.lose(tx, message, "withheld", now=now)
    return "settled"
