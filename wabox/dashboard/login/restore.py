"""A new box takes a backup instead of an owner: a file is brought, opened, checked, and the box starts from it."""

from __future__ import annotations

import asyncio
import hmac
from dataclasses import dataclass, field
from typing import Any

import structlog
from litestar import Response, get, post

from wabox import fence, uploads
from wabox.accounts import links, users
from wabox.accounts.throttle import HOUR, Bucket
from wabox.backup import bringing, nightly, reading, restoring
from wabox.backup.age import Key
from wabox.backup.bringing import Brought, Coming
from wabox.box import Box
from wabox.dashboard.frame import entering, guard
from wabox.dashboard.frame.desk import Desk
from wabox.datadir import DataDir
from wabox.errors import Invalid, Refusal, TooMany, Unavailable
from wabox.languages import later
from wabox.mounting import Kept, Mount
from wabox.whatsapp import browser

log = structlog.get_logger()

PATH = "/setup/{token:str}/restore"
MOST_FIELD = 1_000  # characters of a passphrase
CHOOSE = later("Choose a file first.")
SIZE = later("Your browser does not say how large the file is; use another one.")
BUSY = later("A backup is on its way to this box already, or being put back. Wait until it is done.")
NO_KEY = later("This is no identity of age: a letter of it is wrong. Copy it again.")
TOO_MANY = later("Too many tries. Wait a while, then try again.")
FAULT = later("It failed for a reason that is in wabox's log. Nothing was changed.")
DISK = later("The disk failed meanwhile (%(why)s). Nothing was changed.")
KEYS = ("backup_sealed", "wrong_passphrase")  # refusals after which the file may stay


@dataclass(slots=True)
class Restorer:
    """The one backup that is on its way to this box. token: of the set-up link by which it came; name: of
    its file.

    refused: what was wrong with the last one. done: it is the box from the next start on.
    """

    box: Box
    tries: Bucket = field(default_factory=lambda: Bucket(60 / HOUR, 20, most=1))
    token: str = ""
    name: str = ""
    coming: bool = False
    brought: Brought | None = None
    work: nightly.Work | None = None
    task: asyncio.Task[None] | None = None
    refused: Refusal | None = None
    done: restoring.Restored | None = None

    @property
    def state(self) -> str:
        """coming, reading, done, here (it waits for what opens it), or empty."""
        if self.done is not None:
            return "done"
        if self.task is not None and not self.task.done():
            return "reading"
        if self.coming:
            return "coming"
        return "empty" if self.brought is None else "here"

    @property
    def data(self) -> DataDir:
        """Where the box lies."""
        return DataDir(self.box.config.data.dir)

    def begin(self) -> None:
        """One more is tried now. Raises Unavailable `busy`, TooMany."""
        if self.state not in ("empty", "here"):
            raise Unavailable("busy", BUSY, retry_after=30)
        if wait := self.tries.take("", self.box.now()):
            raise TooMany("too_many_tries", TOO_MANY, retry_after=wait)
        self.refused = None

    def forget(self) -> None:
        """What was brought is gone."""
        self.brought = None
        self.data.brought.unlink(missing_ok=True)

    def start(self, key: Key | None) -> None:
        """What was brought is checked, and put back if it is whole."""
        self.work = nightly.Work(self.box.stopping)
        self.task = asyncio.create_task(self._put_back(key), name="restore")

    async def _put_back(self, key: Key | None) -> None:
        assert self.brought is not None and self.work is not None
        try:
            there = await asyncio.to_thread(browser.find, self.box.config.whatsapp.chromium)
            staged = await asyncio.to_thread(
                restoring.stage,
                self.data,
                self.brought.path,
                key,
                now=self.box.now(),
                browser=None if there is None else there.version,
                progress=self.work.progress,
            )
            await bringing.decide(self.box, self.data, self.token)
        except Refusal as refusal:
            self.refused = refusal
        except OSError as error:
            self.refused = reading.Told("disk", DISK, why=str(error.strerror))
        except Exception as fault:
            log.error("restore failed", exc_info=fault)
            self.refused = Refusal("fault", FAULT)
        else:
            self.done = staged
            log.warning("a backup was put in this box's place; wabox starts anew", made_at=staged.manifest.made_at)
            if self.box.begin_anew is not None:
                self.box.begin_anew()
            return
        log.warning("a backup was not put back", code=self.refused.code)
        if self.refused.code not in KEYS:
            self.forget()


@get(PATH, public=True, before_setup=True)
async def page(token: str, desk: Desk, restorer: Restorer) -> Response[str]:
    """The form; or what is known of the file that came, how far it is, or that the box starts anew."""
    return _closed(desk, restorer, token) or _page(desk, restorer, token)


@get(f"{PATH}/live", public=True, before_setup=True)
async def live(token: str, desk: Desk, restorer: Restorer) -> Response[str]:
    """What changes while it is checked. Raises Elsewhere once there is another page to look at."""
    if desk.box.db.read_here(users.owner_exists):
        raise guard.Elsewhere(_next(desk))
    if _closed(desk, restorer, token) is not None or restorer.state not in ("reading", "done"):
        raise guard.Elsewhere(f"/setup/{token}/restore")
    return desk.page("login/_restore.html", restorer=restorer, token=token)


@post(PATH, public=True, before_setup=True, streams=True, request_max_body_size=None)
async def bring(token: str, desk: Desk, restorer: Restorer) -> Response[str]:
    """The file is on the disk, and is checked; or the form says what is wrong."""
    if closed := _closed(desk, restorer, token):
        return closed
    try:
        restorer.begin()
        await _take(desk, restorer, token)
    except (Invalid, Unavailable, TooMany) as refusal:
        return _refused(desk, restorer, token, refusal)
    return desk.go(f"/setup/{token}/restore{_tongue(desk)}")


@post(f"{PATH}/open", public=True, before_setup=True)
async def opened(token: str, desk: Desk, restorer: Restorer) -> Response[str]:
    """Another passphrase is tried on the file that is here."""
    if closed := _closed(desk, restorer, token):
        return closed
    key = (await desk.form()).text("key", trim=False)
    try:
        if restorer.brought is None:
            raise Invalid("no_file", CHOOSE, details={"file": CHOOSE})
        found = _key(key)
        restorer.begin()
    except (Invalid, Unavailable, TooMany) as refusal:
        return _refused(desk, restorer, token, refusal)
    restorer.start(found)
    return desk.go(f"/setup/{token}/restore{_tongue(desk)}")


@post(f"{PATH}/other", public=True, before_setup=True)
async def other(token: str, desk: Desk, restorer: Restorer) -> Response[str]:
    """The file that is here is gone, and another one can be chosen."""
    if closed := _closed(desk, restorer, token):
        return closed
    if restorer.state == "here":
        restorer.refused = None
        restorer.forget()
    return desk.go(f"/setup/{token}/restore{_tongue(desk)}")


def _closed(desk: Desk, restorer: Restorer, token: str) -> Response[str] | None:
    """Where to look instead: the box has an owner, or this link is none; None: the link is live."""
    if desk.box.db.read_here(users.owner_exists):
        return desk.go(_next(desk))
    mine = hmac.compare_digest(token.encode(), restorer.token.encode())
    if mine and restorer.state in ("reading", "done"):
        return None  # the link may be spent already, and whoever spent it sees how it ends
    if desk.box.db.read_here(links.find, token, "setup", desk.box.now()) is None:
        return desk.page("login/setup_wanted.html", status=404, dead=True)
    return None


def _next(desk: Desk) -> str:
    """The log-in page, which leads on to what a restored box asks first."""
    return "/login" if desk.box.db.read_here(fence.of) is None else "/login?next=/admin/held"


def _tongue(desk: Desk) -> str:
    return f"?lang={desk.voice.language}"


class _Parts:
    """The fields of the form: the token of ours first, then what opens the file, then the file."""

    def __init__(self, desk: Desk, coming: Coming) -> None:
        self._desk = desk
        self._coming = coming
        self._at = ""
        self._texts: dict[str, bytes] = {"_csrf": b"", "key": b""}
        self._admitted = False
        self.filename: str | None = None
        self.files = 0

    def begin(self, name: str, filename: str | None, kind: str) -> None:
        """Raises Forbidden before a byte of a stranger's file is kept."""
        if not self._admitted and name != "_csrf":
            guard.check_token(
                self._desk.request, self._desk.visitor, self._texts["_csrf"].decode("utf-8", "replace")
            )
            self._admitted = True
        if name not in ("_csrf", "key", "file") or (name == "file" and self.files):
            raise _bad(CHOOSE)
        self._at = name
        if name == "file":
            self.files += 1
            self.filename = filename

    def write(self, piece: bytes) -> None:
        """More of it."""
        if self._at == "file":
            self._coming.write(piece)
        elif len(self._texts[self._at]) + len(piece) <= MOST_FIELD:
            self._texts[self._at] += piece
        else:
            raise _bad(CHOOSE)

    @property
    def key(self) -> str:
        """What shall open it."""
        return self._texts["key"].decode("utf-8", "replace")


async def _take(desk: Desk, restorer: Restorer, token: str) -> None:
    """The file has come whole, and is being checked, if there is something to open it with."""
    restorer.token, restorer.coming = token, True
    restorer.forget()
    try:
        with Coming(restorer.data) as coming:
            parts = _Parts(desk, coming)

            def ready() -> None:
                if not desk.request.content_length:
                    raise _bad(SIZE)
                coming.announce(desk.request.content_length)

            await uploads.read(desk.request, parts, ready=ready, most_seconds=None, bad=_bad, how=CHOOSE)
            if not parts.files or not parts.filename:
                raise _bad(CHOOSE)
            restorer.brought = await asyncio.to_thread(coming.finish, parts.filename)
            restorer.name = restorer.brought.name
    finally:
        restorer.coming = False
    key = _key(parts.key)
    if key is None and restorer.brought.sealed:
        restorer.refused = reading.Unreadable("backup_sealed", reading.SEALED, name=restorer.brought.name)
        return
    restorer.start(key)


def _key(text: str) -> Key | None:
    """What opens a file, None if nothing was typed. Raises Invalid `bad_key`."""
    if len(text) > MOST_FIELD:
        raise Invalid("bad_key", NO_KEY, details={"key": NO_KEY})
    try:
        return Key.of(text) if text else None
    except ValueError:
        raise Invalid("bad_key", NO_KEY, details={"key": NO_KEY}) from None


def _bad(sentence: str) -> Invalid:
    return Invalid("bad_upload", sentence, details={"file": sentence})


def _refused(desk: Desk, restorer: Restorer, token: str, refusal: Refusal) -> Response[str]:
    """The form again, with what was wrong at its field."""
    details = refusal.details or {"file": said(desk, restorer, refusal)}
    answer = _page(desk, restorer, token, errors=details, status=refusal.status)
    if refusal.retry_after is not None:
        answer.headers["Retry-After"] = str(refusal.retry_after)
    return answer


def said(desk: Desk, restorer: Restorer, refusal: Refusal) -> str:
    """The refusal in the reader's language, with the file called as its sender does."""
    if not isinstance(refusal, reading.Told):
        return desk.voice.say(refusal.sentence)
    voice = desk.voice
    values = {
        one: voice.num(int(value)) if value.isdecimal() else voice.say(value)
        for one, value in refusal.values.items()
    }
    return voice.say(refusal.text, **{**values, "name": restorer.name, "said": restorer.name})


def _page(
    desk: Desk, restorer: Restorer, token: str, *, errors: dict[str, str] | None = None, status: int = 200
) -> Response[str]:
    shown: dict[str, Any] = {"restorer": restorer, "token": token, "errors": errors or {}}
    shown["said_refused"] = None if restorer.refused is None else said(desk, restorer, restorer.refused)
    return entering.stranger(desk, "login/restore.html", status=status, **shown)


RESTORER = Kept(Restorer)
router = Mount(
    path="/", route_handlers=[page, live, bring, opened, other], dependencies={"restorer": RESTORER.provide}
)
