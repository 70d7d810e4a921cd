"""A box that lived through everything that makes a secret, by its own faces; it remembers what it was shown."""

from __future__ import annotations

import asyncio
import base64
import re
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiosmtplib
import pyotp
from httpx import Response
from litestar import Litestar
from litestar.testing import TestClient

from tests.cast import Hands, settings
from tests.faces.selling import picture
from tests.faces.tab import Tab, csrf_of
from wabox import app, config, datadir, open_box, welcome
from wabox.accounts import mail, terms
from wabox.accounts.sealing import Seal
from wabox.billing import subscriptions
from wabox.box import Box
from wabox.contacts import suppression
from wabox.datadir import DataDir
from wabox.db import Database, connect
from wabox.engine.mailing import Mailing

BASE = "http://testserver.local"
CANARY = "Harmless Canary Khatun"
ASHA, CHEN, DINA = "asha@example.com", "chen@example.com", "dina@example.com"
PASSWORDS = {
    ASHA: 'nine "blue" kites over ঢাকা',
    CHEN: "seven green boats / on a river",
    DINA: "eleven slow tea gardens <here>",
}
NEWER = "four tired drums & a flute"
MISTYPED = "a password typed as an address"
SECTIONS: dict[str, Any] = {
    "server": {"public_url": BASE},
    "billing": {"enabled": True, "bkash": "Send to 01700000000"},
    "smtp": {"host": "127.0.0.1", "port": 1},
}
PAID = {"provider": "bkash", "amount": "500", "txid": "8N7A6D5C4B", "sender": "01711000001"}


@dataclass(slots=True)
class Life:
    """secrets: what was shown or typed, by what it is. taken: mails the server took."""

    box: Box
    data: DataDir
    hands: Hands
    client: TestClient[Litestar]
    secrets: dict[str, str] = field(default_factory=dict)
    taken: list[EmailMessage] = field(default_factory=list)

    def keep(self, what: str, secret: str) -> str:
        """It is a secret from now on."""
        assert len(secret) >= 16, (what, secret)
        name = what if what not in self.secrets else f"{what} {len(self.secrets)}"
        self.secrets[name] = secret
        return secret

    def tab(self) -> Tab:
        return Tab(self.client, None, BASE)

    def api(self, method: str, path: str, key: str, **more: Any) -> Response:
        """A call that carries an Idempotency-Key, wanted or not."""
        headers = {"X-API-Key": key, "Idempotency-Key": f"once {method} {path}", **more.pop("headers", {})}
        return self.client.request(method, f"{BASE}/api/v1{path}", headers=headers, **more)

    def post_mail(self, error: Exception | None = None) -> None:
        """What is due goes to a server that takes it, or answers so."""

        async def hand(_config: Any, message: EmailMessage) -> None:
            if error is not None:
                raise error
            self.taken.append(message)

        async def turn() -> None:
            mailing = Mailing(self.box, hand=hand)
            await mailing.tick()
            await mailing.quiet()

        asyncio.run(turn())

    def link_in_mail(self, kind: str) -> str:
        """The token in the last mail, sent or waiting."""
        mail_id = self.box.db.read_here(lambda rows: rows.value("select max(id) from mails"))
        letter = self.box.db.read_here(mail.letter, mail_id, seal=self.box.seal)
        text = letter.body if letter is not None else str(self.taken[-1].get_content())
        found = re.search(rf"/{kind}/(\S+)", text)
        assert found, text
        return self.keep(f"{kind} link", found.group(1))

    def seen(self, tab: Tab) -> None:
        """The tab's cookies and the token of its forms are secrets."""
        self.keep("session", tab.cookies["wabox_session"])
        self.keep("known browser", tab.cookies["wabox_browser"])
        tab.csrf = self.keep("CSRF token", csrf_of(tab.get("/settings").text))


def born(path: Path) -> Life:
    """A new box without an owner."""
    hands = Hands()
    made = config.parse(settings(**SECTIONS), base=path)
    data = datadir.prepare(made.data.dir)
    key = datadir.secret_key(data)
    open_box.upgrade(data)
    database = Database(data.database, {"phone_hash": suppression.hasher(key)})
    database.start()
    database.write_now(subscriptions.switch, enabled=True, now=hands.now())
    box = Box(config=made, db=database, seal=Seal(key), now=hands.now)
    return Life(box, data, hands, TestClient(app.create(box)))


def live(life: Life) -> None:
    """Everything, in the order in which it happens to a shop."""
    asha = _set_up(life)
    _two_steps(life, asha)
    _keys(life, asha)
    _webhook(life, asha)
    _person(life)
    chen = _customer(life, asha)
    _buys(life, asha, chen)
    _forgets(life)
    _invites(life, asha)
    _mistypes(life)
    _copied(life)


def _form(tab: Tab, path: str, fields: dict[str, str], *, at: str | None = None) -> Response:
    """A stranger's form, filled in."""
    token = csrf_of(tab.get(at or path).text)
    return tab.ask("POST", path, data={"_csrf": token, **fields})


def _set_up(life: Life) -> Tab:
    url = welcome.set_up_url(life.box, life.data)
    assert url is not None
    token = life.keep("set-up link", url.rpartition("/")[2])
    tab, password = life.tab(), life.keep("password of asha", PASSWORDS[ASHA])
    answer = _form(tab, f"/setup/{token}", {"email": ASHA, "password": password, "again": password})
    assert answer.headers["location"] == "/whatsapp", answer.text
    life.seen(tab)
    life.keep("main key", _key_in(tab.post("/settings/key")))
    return tab


def _key_in(answer: Response) -> str:
    assert answer.status_code == 200, answer.text
    found = re.search(r"wbx_[0-9A-Za-z]{49}", answer.text)
    assert found, answer.text
    return found.group()


def _two_steps(life: Life, tab: Tab) -> None:
    """Switched on, its codes made anew, and used: a log-in by the app's code, one by a recovery code."""
    assert tab.post("/settings/security/totp").status_code == 303
    found = re.search(r"\b[A-Z2-7]{32}\b", tab.get("/settings/security").text)
    assert found
    clock = pyotp.TOTP(life.keep("TOTP secret", found.group()))
    fields = {"code": clock.at(life.hands.now()), "present2": PASSWORDS[ASHA]}
    answer = tab.post("/settings/security/totp/confirm", fields)
    _codes(life, answer)
    life.hands.forward(minutes=1)
    fields = {"present2": PASSWORDS[ASHA], "code": clock.at(life.hands.now())}
    life.seen(tab)
    codes = _codes(life, tab.post("/settings/security/totp/codes", fields))
    life.seen(tab)
    life.hands.forward(minutes=1)
    for code in (clock.at(life.hands.now()), codes[0]):
        other = life.tab()
        _form(other, "/login", {"email": ASHA, "password": PASSWORDS[ASHA]})
        life.keep("half a log-in", other.cookies["wabox_step"])
        assert _form(other, "/login/code", {"code": code}).status_code == 303
        life.seen(other)


def _codes(life: Life, answer: Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    found = re.findall(r"\b[A-Z2-7]{4}(?:-[A-Z2-7]{4}){3}\b", answer.text)
    assert len(set(found)) == 10
    return [life.keep("recovery code", code) for code in dict.fromkeys(found)]


def _keys(life: Life, tab: Tab) -> None:
    """Rotated by the page and by the API, named by both; used, also for a message."""
    key = life.keep("main key", _key_in(tab.post("/settings/key")))
    life.keep("named key", _key_in(tab.post("/settings/keys", {"name": "web shop", "scopes": "send"})))
    answer = life.api("POST", "/keys", key, json={"name": "till", "scopes": ["send", "read"]})
    life.keep("named key", answer.json()["api_key"])
    answer = life.api("POST", "/keys/rotate", key)
    key = life.keep("main key", answer.json()["api_key"])
    body = {"phone": "8801711000001", "message": "Hello", "queue_if_offline": True}
    assert life.api("POST", "/send", key, json=body).status_code == 202
    assert life.api("POST", "/send", key, json=body).headers["Idempotent-Replayed"] == "true"
    assert life.api("GET", "/keys", key, headers={}).status_code == 200


def _webhook(life: Life, tab: Tab) -> None:
    key = life.secrets[[name for name in life.secrets if name.startswith("main key")][-1]]
    body: dict[str, object] = {"webhook_url": "https://shop.example/wa-events"}
    life.keep("webhook secret", life.api("PUT", "/webhooks", key, json=body).json()["webhook_secret"])
    answer = life.api("PUT", "/webhooks", key, json={"rotate_secret": True})
    life.keep("webhook secret", answer.json()["webhook_secret"])
    assert life.api("POST", "/webhooks/test", key).status_code == 202
    found = re.search(r"whsec_[A-Za-z0-9+/=]+", tab.post("/webhooks/rotate").text)
    assert found
    life.keep("webhook secret", found.group())


def _person(life: Life) -> None:
    key = life.secrets[[name for name in life.secrets if name.startswith("main key")][-1]]
    answer = life.api("POST", "/contacts", key, json={"phone": "8801711000001", "name": CANARY})
    assert answer.status_code in (200, 201), answer.text


def _customer(life: Life, asha: Tab) -> Tab:
    """chen registers, follows the link in the mail, is approved, and logs in."""
    tab, password = life.tab(), life.keep("password of chen", PASSWORDS[CHEN])
    fields = {"email": CHEN, "password": password, "again": password, "terms": terms.VERSION}
    assert _form(tab, "/register", fields).status_code == 200
    token = life.link_in_mail("verify")
    life.post_mail()
    assert _form(life.tab(), f"/verify/{token}", {}).status_code == 303
    assert asha.post("/admin/users/2/approve").status_code == 303
    assert _form(tab, "/login", {"email": CHEN, "password": password}).status_code == 303
    life.seen(tab)
    return tab


def _buys(life: Life, asha: Tab, chen: Tab) -> None:
    plan = {"name": "Basic", "price": "500", "days": "30", "credits": "1000", "max_wa_accounts": "1"}
    assert asha.post("/admin/plans", plan).status_code == 303
    files = {"receipt": ("receipt.png", picture(), "image/png")}
    paid = chen.ask("POST", "/billing/buy/1", data={"_csrf": chen.csrf, **PAID}, files=files)
    assert paid.status_code == 303, paid.text
    assert asha.post("/admin/payments/1/approve").status_code == 303


def _forgets(life: Life) -> None:
    """Four links to a new password: used, refused by the server, skipped for want of one, still waiting."""
    for email, end in ((CHEN, "sent"), (ASHA, "failed"), (ASHA, "skipped"), (CHEN, "queued")):
        assert _form(life.tab(), "/login/forgot", {"email": email}).status_code == 200
        token = life.link_in_mail("reset")
        if end == "sent":
            life.post_mail()
            fields = {"password": life.keep("newer password", NEWER), "again": NEWER}
            assert _form(life.tab(), f"/reset/{token}", fields).status_code == 303
        elif end == "failed":
            said = f"5.7.1 link refused: {BASE}/reset/{token}"
            refused = aiosmtplib.SMTPRecipientRefused(550, said, email)
            life.post_mail(aiosmtplib.SMTPRecipientsRefused([refused]))
        elif end == "skipped":
            life.box.db.write_now(mail.skip, now=life.hands.now())
    found = life.box.db.read_here(lambda rows: {row["status"] for row in rows.all("select status from mails")})
    assert found == {"sent", "failed", "skipped", "queued"}
    life.hands.forward(minutes=1)


def _invites(life: Life, asha: Tab) -> None:
    """dina is invited, and gets a link from the owner's hand too."""
    answer = asha.post("/admin/users", {"email": DINA})
    assert answer.status_code < 400, answer.status_code
    life.link_in_mail("reset")
    found = re.search(r"/reset/([A-Za-z0-9_-]{43})", asha.post("/admin/users/3/link").text)
    assert found
    token = life.keep("link by hand", found.group(1))
    life.post_mail(TimeoutError())  # both wait
    password = life.keep("password of dina", PASSWORDS[DINA])
    assert _form(life.tab(), f"/reset/{token}", {"password": password, "again": password}).status_code == 303
    tab = life.tab()
    assert _form(tab, "/login", {"email": DINA, "password": password}).status_code == 303
    assert _form(tab, "/terms", {"version": terms.VERSION}).status_code == 303
    life.seen(tab)


def _mistypes(life: Life) -> None:
    """A password where the address belongs, and a key where it does not."""
    typed = life.keep("mistyped password", MISTYPED)
    assert _form(life.tab(), "/login", {"email": typed, "password": "x" * 12}).status_code == 401
    assert _form(life.tab(), "/login/forgot", {"email": typed}).status_code == 200
    key = life.secrets["named key"]
    assert life.client.get(f"{BASE}/api/v1/me?api_key={key}").status_code >= 400
    assert life.api("GET", f"/messages?token={key}", key="wrong").status_code >= 400


def _copied(life: Life) -> None:
    """A copy of the database, as an upgrade makes one."""
    life.data.backups.mkdir(mode=0o700, exist_ok=True)
    connection = connect(life.data.database)
    connection.execute("vacuum into ?", (str(life.data.backups / "before-0009.db"),))
    connection.close()


def raw(what: str, secret: str) -> list[bytes]:
    """The bytes that the secret stands for, besides its letters."""
    if what.startswith("TOTP"):
        return [base64.b32decode(secret)]
    if what.startswith("recovery"):
        folded = secret.replace("-", "")
        return [folded.encode(), base64.b32decode(folded)]
    if "key" in what:
        return [secret.removeprefix("wbx_").encode()]
    if what.startswith("webhook"):
        body = secret.removeprefix("whsec_")
        return [body.encode(), base64.b64decode(body)]
    return []
