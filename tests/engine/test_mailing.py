"""Mails to a real SMTP server on loopback, and servers that refuse, vanish or stay silent."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.cast import NOON, Stage, stage
from wabox import times
from wabox.accounts import mail, mail_server
from wabox.engine.mailing import Mailing

pytestmark = pytest.mark.filterwarnings("ignore:Requires AUTH while:UserWarning")


class Postbox:
    """What a mail server took. refuses: {recipient: answer}."""

    def __init__(self) -> None:
        self.taken: list[Any] = []
        self.refuses: dict[str, str] = {}
        self.passwords: list[bytes] = []

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        self.taken.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.passwords.append(data.password)
        return AuthResult(success=data.password == b"open sesame", handled=False)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def postbox() -> Iterator[tuple[Postbox, int]]:
    made, port = Postbox(), free_port()
    controller = Controller(
        made, hostname="127.0.0.1", port=port, authenticator=made.authenticate, auth_require_tls=False
    )
    controller.start()
    yield made, port
    controller.stop()


def owe(made: Stage, to: str = "chen@example.com", subject: str = "আপনার পাসওয়ার্ড") -> None:
    text = "Open http://box/reset/token\nনতুন পাসওয়ার্ড দিন।\n"
    made.box.db.write_now(mail.owe, to=to, subject=subject, body=text, seal=made.box.seal, now=made.hands.now())


async def post(made: Stage) -> None:
    mailing = Mailing(made.box)
    await mailing.tick()
    await mailing.quiet()


def states(made: Stage) -> str:
    return str(made.value("select group_concat(status) from (select status from mails order by id)"))


@pytest.fixture
def open_box(tmp_path: Path) -> Iterator[Any]:
    made: list[Stage] = []

    def opened(**smtp: Any) -> Stage:
        made.append(stage(tmp_path, smtp=smtp))
        return made[-1]

    yield opened
    for one in made:
        one.close()


async def test_a_mail_arrives_whole(open_box: Any, postbox: tuple[Postbox, int]) -> None:
    taken, port = postbox
    made = open_box(host="127.0.0.1", port=port, **{"from": "Rahim Store <shop@example.com>"})
    owe(made)
    await post(made)
    assert states(made) == "sent"
    (message,) = taken.taken
    assert (message["to"], message["subject"]) == ("chen@example.com", "আপনার পাসওয়ার্ড")
    assert message["from"] == "Rahim Store <shop@example.com>"
    assert message["message-id"].endswith("@example.com>")
    assert message.get_content().replace("\r\n", "\n") == "Open http://box/reset/token\nনতুন পাসওয়ার্ড দিন।\n"
    await post(made)
    assert len(taken.taken) == 1


async def test_it_logs_in_with_the_password_in_the_file(
    open_box: Any, postbox: tuple[Postbox, int], tmp_path: Path
) -> None:
    taken, port = postbox
    secret = tmp_path / "smtp-password"
    secret.write_text("open sesame\n", encoding="utf-8")
    made = open_box(host="127.0.0.1", port=port, user="shop", password_file=str(secret))
    owe(made)
    await post(made)
    assert (states(made), taken.passwords) == ("sent", [b"open sesame"])
    secret.write_text("wrong", encoding="utf-8")
    owe(made)
    await post(made)
    assert states(made) == "sent,queued"
    secret.unlink()
    made.hands.forward(hours=1)
    await post(made)
    assert states(made) == "sent,queued"


async def test_it_goes_by_the_server_of_the_page_with_its_sealed_password(
    open_box: Any, postbox: tuple[Postbox, int]
) -> None:
    taken, port = postbox
    made = open_box()
    given = {"host": "127.0.0.1", "port": str(port), "tls": "auto", "user": "shop", "sender": "shop@example.com"}

    def change(password: str, **more: str) -> None:
        new = {**given, **more, "password": password}
        made.box.db.write_now(mail_server.change, new, config=made.box.config, seal=made.box.seal)

    change("open sesame")
    change("")  # stays
    owe(made)
    await post(made)
    assert (states(made), taken.passwords) == ("sent", [b"open sesame"])
    assert taken.taken[0]["from"] == "shop@example.com"
    assert "sesame" not in made.value("select value from box where key = 'smtp'")
    change("", host="localhost")  # no other server is given the password
    owe(made)
    await post(made)
    assert set(taken.passwords[1:]) <= {b""}
    made.box.db.write_now(mail_server.forget, config=made.box.config)
    made.hands.forward(hours=1)
    await post(made)
    assert states(made) == "sent,skipped"


async def test_a_recipient_refused_for_good_is_given_up_and_others_go(
    open_box: Any, postbox: tuple[Postbox, int]
) -> None:
    taken, port = postbox
    taken.refuses = {"gone@example.com": "550 no such user", "full@example.com": "452 try later"}
    made = open_box(host="127.0.0.1", port=port)
    for name in ("gone", "full", "chen"):
        owe(made, f"{name}@example.com")
    await post(made)
    assert states(made) == "failed,queued,sent"
    assert "550" in made.value("select last_error from mails where id = 1")
    del taken.refuses["full@example.com"]
    made.hands.forward(minutes=1)
    await post(made)
    assert states(made) == "failed,sent,sent"


async def test_a_server_that_is_not_there_is_tried_again(open_box: Any) -> None:
    """Row 39."""
    made = open_box(host="127.0.0.1", port=free_port())
    owe(made)
    await post(made)
    assert states(made) == "queued"
    assert made.value("select attempts from mails") == 1
    assert made.value("select due_at from mails") > times.stored(NOON)


async def test_a_server_without_tls_gets_nothing_if_tls_is_wanted(
    open_box: Any, postbox: tuple[Postbox, int]
) -> None:
    taken, port = postbox
    made = open_box(host="127.0.0.1", port=port, tls="starttls")
    owe(made)
    await post(made)
    assert (states(made), taken.taken) == ("queued", [])


async def test_a_silent_server_holds_up_nobody(open_box: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 39."""
    monkeypatch.setattr("wabox.engine.mailing.TIMEOUT_SECONDS", 0.2)
    made = open_box(host="127.0.0.1", port=1)
    forever = asyncio.Event()

    async def hand(_config: Any, _message: Any) -> None:
        await forever.wait()

    mailing = Mailing(made.box, hand=hand)
    owe(made)
    await asyncio.wait_for(mailing.tick(), 0.1)
    await asyncio.wait_for(mailing.tick(), 0.1)
    await mailing.quiet()
    assert made.value("select status || last_error from mails") == "queuedThe mail server did not answer in time."


async def test_a_mail_that_cannot_be_handed_over_holds_up_no_other(open_box: Any) -> None:
    """Row 39."""
    made = open_box(host="127.0.0.1", port=1)
    gone: list[str] = []

    async def hand(_config: Any, message: Any) -> None:
        if "odd" in message["to"]:
            raise ValueError("something nobody foresaw")
        gone.append(str(message["to"]))

    owe(made, "odd@example.com")
    owe(made)
    mailing = Mailing(made.box, hand=hand)
    await mailing.tick()
    await mailing.quiet()
    assert (states(made), gone) == ("queued,sent", ["chen@example.com"])
    assert made.value("select last_error from mails where id = 1") == "ValueError: something nobody foresaw"


async def test_stopping_breaks_a_mail_off_and_it_goes_later(open_box: Any) -> None:
    made = open_box(host="127.0.0.1", port=1)
    forever = asyncio.Event()

    async def hand(_config: Any, _message: Any) -> None:
        await forever.wait()

    mailing = Mailing(made.box, hand=hand)
    owe(made)
    await mailing.tick()
    await mailing.stop(0.05)
    assert (states(made), made.value("select attempts from mails")) == ("queued", 0)


async def test_without_a_server_the_box_says_what_it_could_not_send(open_box: Any) -> None:
    made = open_box()
    owe(made)
    await post(made)
    assert states(made) == "skipped"
