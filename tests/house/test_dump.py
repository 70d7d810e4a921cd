"""Who steals the data directory without its key file holds nothing that opens the box."""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from tests.house import lived
from tests.house.lived import BASE, Life
from tests.some import some
from wabox.accounts import browsers
from wabox.db import connect

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    """The box, still running: the newest rows are in its write-ahead log."""
    made = lived.born(tmp_path_factory.mktemp("box"))
    with made.client:
        yield made
    made.box.db.stop()


def forms(what: str, secret: str) -> dict[str, bytes]:
    """The secret as a thief would know it again, by what was done to it."""
    found: dict[str, bytes] = {}
    for number, plain in enumerate([secret.encode(), *lived.raw(what, secret)]):
        found |= {f"{name} {number}": form for name, form in _coded(plain).items()}
    found |= {
        "json": json.dumps(secret)[1:-1].encode(),
        "escapes": "".join(f"\\u{ord(one):04x}" for one in secret).encode(),
        "in an address": quote(secret, safe="").encode(),
        "utf-16": secret.encode("utf-16-le"),
        "small letters": secret.lower().encode(),
    }
    return found


def _coded(plain: bytes) -> dict[str, bytes]:
    coded = {
        "itself": plain,
        "backwards": plain[::-1],
        "hex": plain.hex().encode(),
        "HEX": plain.hex().upper().encode(),
        "base32": base64.b32encode(plain).rstrip(b"="),
    }
    for shift in range(3):  # wherever it stands in a longer text
        whole = base64.b64encode(b"\0" * shift + plain)
        inner = whole[-(-shift * 8 // 6) : len(whole) - (4 if (shift + len(plain)) % 3 else 0)]
        coded[f"base64 {shift}"] = inner
        coded[f"urlsafe {shift}"] = inner.translate(bytes.maketrans(b"+/", b"-_"))
    return coded


def everything(life: Life, said: str) -> dict[str, bytes]:
    """Rows, values and files of the data directory, and what was logged."""
    found = {"log": said.encode()}
    for path in sorted(life.data.path.rglob("*")):
        if path.is_file() and path != life.data.key_file:
            found[str(path.relative_to(life.data.path))] = path.read_bytes()
            if path.suffix == ".db":
                found |= {f"{path.name} {where}": data for where, data in _rows(path)}
    return found


def _rows(path: Path) -> Iterator[tuple[str, bytes]]:
    connection = connect(path)
    yield "dump", "\n".join(connection.iterdump()).encode()
    for row in connection.execute("select name from sqlite_master where type = 'table'").fetchall():
        for values in connection.execute(f"select * from {row['name']}"):
            yield row["name"], b"\n".join(_bytes(value) for value in values)
    connection.close()


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


@pytest.mark.heavy("looks for each secret in each form in every byte")
def test_a_stolen_copy_holds_no_secret_in_any_form(life: Life, capfd: pytest.CaptureFixture[str]) -> None:
    lived.live(life)
    logged = "".join(capfd.readouterr())
    places = everything(life, logged)
    assert {"log", "wabox.db", "wabox.db-wal", "wabox.db dump", "backups/before-0009.db"} <= set(places)
    assert any(name.startswith("receipts/") for name in places)
    assert "mail" in logged
    kinds = {"password", "session", "CSRF", "TOTP", "recovery", "main key", "named key", "webhook", "link",
             "known browser"}  # fmt: skip
    assert all(any(kind in what for what in life.secrets) for kind in some(kinds))
    canary = forms("canary", lived.CANARY)["itself 0"]
    assert {"wabox.db dump", "wabox.db contacts"} <= {name for name, data in places.items() if canary in data}
    leaks = [
        f"{what} as {how} in {name}"
        for what, secret in life.secrets.items()
        for how, form in forms(what, secret).items()
        for name, data in places.items()
        if form in data
    ]
    assert leaks == []


def test_every_form_is_known_again_where_it_is() -> None:
    """The search itself: what it must find, it finds."""
    secret = 'a "quoted" কথা /+ secret'
    text = json.dumps({"value": secret, "more": 1}).encode()
    for shift in range(3):
        longer = base64.b64encode(b"x" * shift + secret.encode() + b"yyy")
        assert any(form in longer for how, form in forms("password", secret).items() if "base64" in how)
        there = base64.urlsafe_b64encode(b"x" * shift + secret.encode() + b"yyy")
        assert any(form in there for how, form in forms("password", secret).items() if "urlsafe" in how)
    assert forms("password", secret)["json"] in text
    assert forms("password", secret)["hex 0"] in secret.encode().hex().encode()
    assert all(len(form) >= 10 for form in some(forms("recovery code", "ABCD-EFGH-IJKL-MNOP").values()))


def test_what_is_stored_opens_nothing(life: Life) -> None:
    if not life.secrets:
        lived.live(life)
    stored = sorted(_stored(life))
    assert len(stored) > 40
    client = life.client
    for text in stored:
        _refused(client, text)
        _stranger(life, text)


def _stored(life: Life) -> set[str]:
    """Every hash and sealed text that stands where a secret was."""
    columns = {
        "users": "password_hash",
        "sessions": "token_hash, csrf",
        "known_browsers": "token_hash",
        "links": "token_hash",
        "api_keys": "key_hash, prefix",
        "totp": "secret",
        "recovery_codes": "code_hash",
        "webhooks": "secret, previous_secret",
        "mails": "body",
        "idempotency": "body, fingerprint",
    }
    connection = sqlite3.connect(life.data.database)
    found = {
        value
        for table, names in columns.items()
        for row in connection.execute(f"select {names} from {table}")
        for value in row
        if value and value.isascii() and "\n" not in value
    }
    connection.close()
    return found


def _stranger(life: Life, text: str) -> None:
    """Nor as what a browser is known by."""
    for user_id in (1, 2, 3):
        found = life.box.db.read_here(browsers.known, user_id, held=text, ip="", now=life.hands.now())
        assert found.browser is None, text


def _refused(client: TestClient[Litestar], text: str) -> None:
    """Neither as a key, nor as a session, nor as a link."""
    answer = client.get(f"{BASE}/api/v1/messages", headers={"X-API-Key": text})
    assert answer.status_code == 401, text
    client.cookies = {"wabox_session": quote(text, safe="")}
    assert client.get(f"{BASE}/settings", follow_redirects=False).status_code == 303, text
    client.cookies = {"wabox_session": text.replace(";", "")}
    assert client.get(f"{BASE}/settings", follow_redirects=False).headers["location"].startswith("/login"), text
    client.cookies = {}
    for kind in ("verify", "reset"):
        assert client.get(f"{BASE}/{kind}/{quote(text, safe='')}").status_code in (400, 404), text
