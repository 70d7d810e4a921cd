"""Lets people in: the session begins, the browser is known from now on, and cookies carry both."""

from __future__ import annotations

from dataclasses import dataclass, replace

from litestar import Response

from wabox.accounts import audit, browsers, sessions
from wabox.accounts.users import User
from wabox.dashboard.frame import guard
from wabox.dashboard.frame.desk import Desk
from wabox.db import Tx


@dataclass(frozen=True, slots=True)
class Entered:
    """Somebody has logged in. browser: the token by which the browser is known to the account."""

    session: sessions.Started
    browser: str


def enter(tx: Tx, desk: Desk, user: User) -> Entered:
    """The user is logged in here; the session whose cookie came along is over, whoever's it was."""
    now = desk.box.now()
    sessions.end(tx, guard.held(desk.request, "session"))
    audit.note(tx, user_id=user.id, action="login.succeeded", ip=desk.ip, now=now)
    started = sessions.start(tx, user.id, ip=desk.ip, agent=_agent(desk), now=now)
    held = guard.held(desk.request, "browser")
    return Entered(started, browsers.remember(tx, user.id, held=held, ip=desk.ip, now=now))


def let_in(desk: Desk, answer: Response[str], entered: Entered) -> None:
    """The answer carries the cookies."""
    _carry(desk, answer, entered.session)
    age = int(browsers.LASTS.total_seconds())
    answer.set_cookie(guard.cookie(desk.request, "browser", entered.browser, max_age=age))


def again(tx: Tx, desk: Desk) -> sessions.Started | None:
    """The visitor has shown their password anew: their session has a new token, and all others are over.

    None: this log-in was ended meanwhile, as by a reset of the password.
    """
    now = desk.box.now()
    token_hash = desk.session.token_hash
    return sessions.renew(tx, desk.user.id, token_hash, ip=desk.ip, agent=_agent(desk), now=now)


def stay(desk: Desk, started: sessions.Started) -> Desk:
    """The desk under the new token, for the page that is made now."""
    now = desk.box.now()
    session = replace(desk.session, token_hash=started.token_hash, csrf=started.csrf, created_at=now, seen_at=now)
    desk.request.scope["state"].update(session=session, csrf=started.csrf)
    return replace(desk, visitor=session)


def carry_on(desk: Desk, answer: Response[str], started: sessions.Started) -> Response[str]:
    """The answer, with the cookie of the new token."""
    _carry(desk, answer, started)
    return answer


def stranger(desk: Desk, template: str, *, status: int = 200, **values: object) -> Response[str]:
    """A page for somebody without a session, with the cookie its form is checked by."""
    kept = guard.form_cookie(desk.request)
    answer = desk.page(template, status=status, **values)
    if kept is not None:
        answer.set_cookie(kept)
    return answer


def _carry(desk: Desk, answer: Response[str], started: sessions.Started) -> None:
    age = int(sessions.LONGEST.total_seconds())
    answer.set_cookie(guard.cookie(desk.request, "session", started.token, max_age=age))


def _agent(desk: Desk) -> str | None:
    return desk.request.headers.get("user-agent")
