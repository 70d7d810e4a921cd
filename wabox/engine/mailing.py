"""Hands what the box owes by mail to the mail server, one after the other; nothing waits for it.

If wabox dies between the server's yes and the record, the mail goes again under the same Message-ID.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from wabox.accounts import mail, mail_server
from wabox.accounts.mail import Letter
from wabox.box import Box
from wabox.config import Config, is_loopback
from wabox.engine.backoff import Backoff
from wabox.errors import Refusal
from wabox.late import late

if TYPE_CHECKING:
    import aiosmtplib
else:
    aiosmtplib = late("aiosmtplib")

log = structlog.get_logger()

TIMEOUT_SECONDS = 30.0
BATCH = 20

Hand = Callable[[Config, EmailMessage], Awaitable[None]]


class Mailing:
    """Belongs to the loop. hand: how one message goes out."""

    def __init__(self, box: Box, *, hand: Hand | None = None) -> None:
        self._box = box
        self._hand = hand
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self._taken: set[int] = set()
        self._failed = Backoff()

    async def tick(self) -> None:
        """What is due is going; without a server it is skipped, so that somebody sees it did not go."""
        if self._stopping or (self._task is not None and not self._task.done()):
            return
        if not self._box.db.read_here(mail.due, self._box.now(), most=1):
            return
        if not self._box.sends_mail():
            skipped = await self._box.db.write(mail.skip, now=self._box.now())
            log.warning("mails skipped: no mail server", mails=skipped)
            return
        self._task = asyncio.create_task(self._run(), name="mails")

    async def quiet(self) -> None:
        """Nothing is being sent any more."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def stop(self, deadline_seconds: float) -> None:
        """No mail begins any more; one unfinished by then is broken off and goes later."""
        self._stopping = True
        if self._task is None:
            return
        await asyncio.wait([self._task], timeout=deadline_seconds)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        try:
            for mail_id in self._due():
                if self._stopping:
                    return
                with self._failed.apart("mail", mail_id):
                    await self._deliver(mail_id)
        except Exception:
            log.exception("mailing failed")

    def _due(self) -> list[int]:
        """Those that the server took and that could not be recorded first; while a box cannot write, only them."""
        taken = [mail_id for mail_id in self._taken if not self._failed.rests(mail_id)]
        found = self._box.db.read_here(mail.due, self._box.now(), most=BATCH + len(self._failed))
        return taken + [one for one in found if one not in self._taken and not self._failed.rests(one)]

    async def _deliver(self, mail_id: int) -> None:
        box = self._box
        if mail_id in self._taken:
            await self._record(mail_id)
            return
        letter = box.db.read_here(mail.letter, mail_id, seal=box.seal)
        if letter is None:
            sentence = "Its text does not open with this box's key."
            await box.db.write(mail.failed, mail_id, sentence, final=True, now=box.now())
            return
        try:
            await asyncio.wait_for(self._over(letter), TIMEOUT_SECONDS)
        except Exception as error:  # whatever it is, the mails behind this one go
            final = _is_final(error)
            foreseen = isinstance(error, (aiosmtplib.SMTPException, OSError, TimeoutError, Refusal))
            unforeseen = None if foreseen else error
            log.warning(
                "mail refused", mail_id=mail_id, error=type(error).__name__, final=final, exc_info=unforeseen
            )
            await box.db.write(mail.failed, mail_id, _said(error), final=final, now=box.now())
            return
        self._taken.add(mail_id)
        await self._record(mail_id)

    async def _over(self, letter: Letter) -> None:
        """By the server that is in force now."""
        box = self._box
        server = box.db.read_here(mail_server.in_force, box.config, seal=box.seal)
        config = server.of(box.config)
        message = written(letter, config)
        if self._hand is not None:
            await self._hand(config, message)
        else:
            await hand_over(config, message, password=server.password)

    async def _record(self, mail_id: int) -> None:
        """The server has it; until that is written down, it is not handed over again."""
        await self._box.db.write(mail.sent, mail_id, now=self._box.now())
        self._taken.discard(mail_id)


def written(letter: Letter, config: Config) -> EmailMessage:
    """The mail as it goes out. Its Message-ID stays the same each time."""
    sender = _sender(config)
    message = EmailMessage(policy=SMTP.clone(max_line_length=78))
    message["From"] = sender
    message["To"] = letter.recipient
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(letter.created_at)
    domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    message["Message-ID"] = f"<wabox.{letter.id}.{int(letter.created_at.timestamp())}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.body)
    return message


async def hand_over(config: Config, message: EmailMessage, *, password: str | None = None) -> None:
    """The server has taken it. Raises SMTPException, OSError, TimeoutError.

    password: None = what `password_file` holds.

    A server elsewhere must speak TLS, unless `[smtp] tls` says none; one on this machine may.
    """
    smtp = config.smtp
    assert smtp.host is not None
    kind = smtp.tls if smtp.tls != "auto" else ("tls" if smtp.port == 465 else "starttls")
    start_tls: bool | None = kind == "starttls"
    if smtp.tls == "auto" and start_tls and is_loopback(smtp.host):
        start_tls = None  # if it is offered
    await aiosmtplib.send(
        message,
        hostname=smtp.host,
        port=smtp.port,
        username=smtp.user,
        password=(password or await asyncio.to_thread(_password, config)) if smtp.user else None,
        use_tls=kind == "tls",
        start_tls=start_tls,
        timeout=TIMEOUT_SECONDS,
    )


def _password(config: Config) -> str:
    """What the file holds, read each time: a changed password needs no restart."""
    if config.smtp.password_file is None:
        return ""
    place = config.path.parent if config.path else Path.cwd()
    return (place / config.smtp.password_file).read_text(encoding="utf-8").strip()


def _sender(config: Config) -> str:
    return config.smtp.sender or f"wabox@{config.smtp.host}"


def _is_final(error: Exception) -> bool:
    """Whether the server said that this recipient will never do; whatever else, it may be put right."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return all(500 <= one.code < 600 for one in error.recipients)
    return isinstance(error, aiosmtplib.SMTPRecipientRefused) and 500 <= error.code < 600


def _said(error: Exception) -> str:
    """The error for the log page, on one line."""
    if isinstance(error, TimeoutError):
        return "The mail server did not answer in time."
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
