"""A new box takes a backup by its set-up link: brought, opened, checked whole, and only then in its place."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyrage
import pytest
from httpx import Response
from litestar import Litestar
from litestar.testing import TestClient

from tests import webs
from tests.cast import stage
from tests.faces import test_pages_login as entering
from tests.faces.scene import SECTIONS, dress
from tests.faces.tab import csrf_of, words
from wabox import datadir, swapping
from wabox.accounts import links
from wabox.backup import age, bringing, making, restoring
from wabox.backup.age import Key, Lock
from wabox.box import Box
from wabox.dashboard.login.restore import RESTORER
from wabox.datadir import DataDir

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

fresh = entering.fresh
__all__ = ["fresh"]

IDENTITY = str(pyrage.x25519.Identity.generate())


@dataclass(slots=True)
class New:
    """A new box that somebody looks at, its set-up link, and how often it was begun anew."""

    box: Box
    client: TestClient[Litestar]
    path: str
    anew: list[int] = field(default_factory=list)

    @property
    def data(self) -> DataDir:
        return DataDir(self.box.config.data.dir)

    def bring(self, file: bytes, key: str = "", **more: Any) -> Response:
        """The form is sent, with this file."""
        csrf = csrf_of(self.client.get(self.path).text)
        fields = {"_csrf": (None, csrf), "key": (None, key), "file": ("shop.tar.age", file), **more}
        return self.client.post(self.path, files=fields, follow_redirects=False)

    def ends(self) -> str:
        """What the page says once nothing is being checked any more."""
        until = time.monotonic() + 30
        while "being checked" in (text := words(self.client.get(self.path).text)):
            assert time.monotonic() < until, text
        return text

    @property
    def untouched(self) -> bool:
        """The box is as it was, and nothing of a backup lies about."""
        left = {one.name for one in self.data.path.iterdir()}
        return not left & {swapping.STAGED, swapping.DECIDED, swapping.BROUGHT} and not self.anew


@pytest.fixture
def new(fresh: Box) -> Iterator[New]:
    anew: list[int] = []
    box = replace(fresh, begin_anew=lambda: anew.append(1))
    token = box.db.write_now(links.make, "setup", None, timedelta(hours=24), box.now())
    with webs.client(box) as client:
        yield New(box, client, f"/setup/{token}/restore", anew)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A backup of asha's box, sealed for IDENTITY; beside it `open.tar`, which is not sealed."""
    place = tmp_path_factory.mktemp("shop")
    made = stage(place / "old", **SECTIONS)
    dress(made)
    data = DataDir(made.box.config.data.dir)
    own = age.identity_of(IDENTITY)
    making.make(
        made.box.config,
        data,
        making.Wanted(place / "shop.tar.age", Lock(recipients=(age.recipient_of(own),)), Key(identity=own)),
        now=made.hands.now(),
    )
    making.make(made.box.config, data, making.Wanted(place / "open.tar"), now=made.hands.now())
    made.close()
    yield place


def test_the_set_up_page_leads_to_it_and_it_says_what_will_be(new: New) -> None:
    first = new.client.get(new.path.removesuffix("/restore"))
    assert f'href="{new.path}' in first.text
    seen = words(new.client.get(new.path).text)
    assert "nothing is touched" in seen
    assert "Each phone asks for a new scan" in seen


def test_a_backup_becomes_the_box_at_its_next_start_and_the_link_is_spent(new: New, shop: Path) -> None:
    answer = new.bring((shop / "shop.tar.age").read_bytes(), IDENTITY)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{new.path}?lang=en")
    seen = new.ends()
    assert "The backup is whole" in seen
    assert new.anew == [1]
    assert not new.data.brought.exists()
    token = new.path.split("/")[2]
    assert new.box.db.read_here(links.find, token, "setup", new.box.now()) is None
    assert new.client.post(new.path, files={"file": b"x"}).status_code in (503, 422)
    new.box.db.stop()
    with datadir.held(new.data, what="wabox serve"):
        pass
    assert new.data.database.stat().st_size > 100_000
    assert not (new.data.path / swapping.DECIDED).exists()


def test_one_that_is_not_sealed_needs_no_key(new: New, shop: Path) -> None:
    assert new.bring((shop / "open.tar").read_bytes()).status_code == 303
    assert "The backup is whole" in new.ends()


def test_a_wrong_passphrase_is_said_and_another_is_tried_without_bringing_the_file_again(
    new: New, shop: Path
) -> None:
    new.bring((shop / "shop.tar.age").read_bytes(), "not this one")
    seen = new.ends()
    assert "This passphrase does not open shop.tar.age." in seen
    assert "The file is here: shop.tar.age" in seen
    assert new.anew == []
    csrf = csrf_of(new.client.get(new.path).text)
    wrong = new.client.post(
        f"{new.path}/open", data={"_csrf": csrf, "key": IDENTITY[:-1] + ("Q" if IDENTITY[-1] != "Q" else "P")}
    )
    assert wrong.status_code == 422
    assert "a letter of it is wrong" in words(wrong.text)
    right = new.client.post(f"{new.path}/open", data={"_csrf": csrf, "key": f" {IDENTITY.lower()} \n"})
    assert right.status_code == 200
    assert "The backup is whole" in new.ends()


def test_a_sealed_one_without_a_key_waits_for_it_and_can_be_let_go(new: New, shop: Path) -> None:
    new.bring((shop / "shop.tar.age").read_bytes())
    assert "shop.tar.age is sealed; give its passphrase." in new.ends()
    assert new.data.brought.stat().st_mode & 0o777 == 0o600
    csrf = csrf_of(new.client.get(new.path).text)
    new.client.post(f"{new.path}/other", data={"_csrf": csrf})
    assert new.untouched
    assert "The file is here" not in new.ends()


@pytest.mark.parametrize(
    ("hurt", "says"),
    [
        (lambda raw: raw[: len(raw) // 2], "is damaged at byte"),
        (lambda raw: raw[:5000] + bytes([raw[5000] ^ 1]) + raw[5001:], "is damaged"),
        (lambda raw: b"a photograph of the shop" * 40, "is damaged"),
        (lambda raw: raw + b"more", "is damaged after byte"),
    ],
)
def test_damage_is_named_with_its_place_and_nothing_is_touched(new: New, shop: Path, hurt: Any, says: str) -> None:
    new.bring(hurt((shop / "open.tar").read_bytes()))
    assert says in new.ends()
    assert new.untouched
    assert new.client.get(new.path.removesuffix("/restore")).status_code == 200


def test_a_newer_ones_is_refused_with_its_version(new: New, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wabox.backup.reading.migrations.NAMES", ())
    new.bring((shop / "open.tar").read_bytes())
    assert "made by a newer wabox" in new.ends()
    assert new.untouched


def test_too_full_a_disk_refuses_it_before_a_byte_is_kept(
    new: New, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = (shop / "open.tar").stat().st_size + 150 * 1024 * 1024  # once, and not twice
    monkeypatch.setattr("wabox.backup.restoring.shutil.disk_usage", lambda place: Free(free=free))
    monkeypatch.setattr("wabox.media.store.LEFT_FREE", 150 * 1024 * 1024)
    answer = new.bring((shop / "open.tar").read_bytes())
    assert answer.status_code == 503
    assert "MB free, and this takes" in words(answer.text)
    assert new.untouched


def test_what_is_no_form_of_ours_is_refused_before_a_byte_is_kept(new: New, shop: Path) -> None:
    raw = (shop / "open.tar").read_bytes()
    forged = new.client.post(new.path, files={"file": ("a.tar", raw)}, follow_redirects=False)
    assert forged.status_code == 403
    other = new.client.post(
        new.path, files={"_csrf": (None, "x" * 43), "file": ("a.tar", raw)}, follow_redirects=False
    )
    assert other.status_code == 403
    assert new.bring(b"", key="x" * 2_000).status_code == 422
    assert new.bring(raw, again=("b.tar", raw)).status_code == 422
    assert new.client.post(new.path, data={"key": "x"}).status_code == 403
    away = new.client.post(new.path, files={"file": raw}, headers={"origin": "https://evil.example"})
    assert away.status_code == 403
    assert new.untouched


def test_without_the_link_or_once_the_box_is_somebodys_nothing_is_taken(new: New, shop: Path) -> None:
    raw = (shop / "open.tar").read_bytes()
    for method, end in (("GET", ""), ("POST", ""), ("POST", "/open"), ("POST", "/other")):
        csrf = csrf_of(new.client.get(new.path).text)
        fields: dict[str, Any] = {"_csrf": (None, csrf), "file": ("a.tar", raw)}
        sent: dict[str, Any] = {"files": fields} if end == "" and method == "POST" else {}
        sent = {"data": {"_csrf": csrf}} if end else sent
        answer = new.client.request(method, "/setup/" + "x" * 43 + f"/restore{end}", **sent)
        assert answer.status_code == 404, (method, end)
    first = new.path.removesuffix("/restore")
    entering._fill(new.client, first)
    answer = new.client.get(new.path, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert new.client.post(new.path, files={"file": raw}, follow_redirects=False).status_code in (303, 403)
    assert new.untouched


def test_a_second_one_is_told_to_wait_while_the_first_comes(new: New, shop: Path) -> None:
    RESTORER.of(new.box).coming = True
    try:
        csrf = csrf_of(new.client.get(new.path.removesuffix("/restore")).text)
        fields: dict[str, Any] = {"_csrf": (None, csrf), "file": ("a.tar", b"x")}
        answer = new.client.post(new.path, files=fields)
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        assert "Another window sends a file" in words(new.client.get(new.path).text)
    finally:
        RESTORER.of(new.box).coming = False
    assert new.untouched


def test_somebody_who_tries_on_and_on_has_to_wait(new: New) -> None:
    codes = [new.bring(b"no backup at all").status_code for _ in range(20) if new.ends()]
    assert set(codes) == {303}
    new.ends()
    answer = new.bring(b"no backup at all")
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0


def test_who_made_the_box_theirs_meanwhile_keeps_it(new: New, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = restoring.stage

    def and_meanwhile(*args: Any, **kwargs: Any) -> restoring.Restored:
        found = real(*args, **kwargs)
        token = new.path.split("/")[2]
        new.box.db.write_now(links.use, token, "setup", new.box.now())
        return found

    monkeypatch.setattr(restoring, "stage", and_meanwhile)
    csrf = csrf_of(new.client.get(new.path.removesuffix("/restore")).text)
    raw = (shop / "open.tar").read_bytes()
    new.client.post(new.path, files={"_csrf": (None, csrf), "file": ("a.tar", raw)}, follow_redirects=False)
    until = time.monotonic() + 30
    while new.data.brought.exists() and time.monotonic() < until:
        new.client.get("/healthz")
    assert new.untouched


def test_what_a_dead_process_left_of_one_is_gone_at_the_next_start(tmp_path: Path) -> None:
    data = datadir.prepare(tmp_path / "data")
    data.brought.write_bytes(b"half")
    data.staged.mkdir()
    with datadir.held(data, what="wabox serve"):
        assert not data.brought.exists()
        assert not data.staged.exists()


@pytest.mark.parametrize("part", ["secret.key", "wabox.db"])
def test_a_file_that_is_whole_and_no_box_could_start_from_is_refused(
    new: New, shop: Path, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As somebody could pack it by hand: each hash is right, and what it holds is not what a box has."""
    real = making._part
    place = shop / f"strange-{part}"
    made = stage(place, **SECTIONS)
    data = DataDir(made.box.config.data.dir)
    strange = place / "strange"
    strange.write_bytes(b"SQLite format 3\0" + bytes(5000))

    def other(name: str, path: Path) -> Any:
        if name == part:
            (data.backups / "work" / part).write_bytes(strange.read_bytes())
            return real(name, data.backups / "work" / part)
        return real(name, path)

    monkeypatch.setattr(making, "_part", other)
    making.make(made.box.config, data, making.Wanted(place / "x.tar"), now=made.hands.now())
    made.close()
    new.bring((place / "x.tar").read_bytes())
    assert f"damaged in {'its database' if part == 'wabox.db' else part}" in new.ends()
    assert new.untouched


def test_an_identity_with_a_letter_wrong_is_no_identity() -> None:
    for text in ("AGE-SECRET-KEY-1", IDENTITY[:-3], IDENTITY[:30] + "B" + IDENTITY[31:]):
        with pytest.raises(ValueError, match="identity"):
            Key.of(text)


def test_names_of_files_hide_nothing() -> None:
    assert bringing.shown_name("C:\\Users\\asha\\shop.tar.age") == "shop.tar.age"
    assert bringing.shown_name("../../etc/passwd") == "passwd"
    assert bringing.shown_name("a\u202egat.exe") == "agat.exe"
    assert bringing.shown_name(None) == "?"
    assert len(bringing.shown_name("x" * 500)) == 100


class Free:
    """What a disk says of itself."""

    def __init__(self, *, free: int) -> None:
        self.free = free
