"""What is sent to somebody who helps holds nobody's secrets, texts or whole numbers."""

from __future__ import annotations

import dataclasses
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house import lived
from tests.house.lived import Life
from tests.house.test_dump import forms
from tests.some import some
from wabox import config as settings
from wabox.checkup import bundle
from wabox.checkup.findings import bad

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")
PHONE = "8801711000001"


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    made = lived.born(tmp_path_factory.mktemp("box"))
    with made.client:
        lived.live(made)
        yield made
    made.box.db.stop()


def read(path: Path) -> dict[str, str]:
    with zipfile.ZipFile(path) as packed:
        return {name: packed.read(name).decode() for name in packed.namelist()}


@pytest.mark.heavy("looks for each secret in each form")
def test_a_bundle_holds_nothing_of_anybody(
    life: Life, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    logged = "".join(capfd.readouterr())
    spoken = f"{logged}\nto {PHONE} +880 1711-000001 {lived.ASHA} http://box/setup/{'x1' * 20} wk_{'a1' * 16}\n"
    monkeypatch.setattr(bundle, "_said", lambda *_words: spoken)
    says = bad("x", "%(who)s at %(phone)s", "", who=lived.ASHA, phone=PHONE)
    config = dataclasses.replace(
        life.box.config, smtp=dataclasses.replace(life.box.config.smtp, host="mail.shop.example", user="asha")
    )
    bundle.write(tmp_path / "bundle.zip", config, [says])
    found = read(tmp_path / "bundle.zip")
    assert set(found) == {
        *("README.txt", "doctor.json", "versions.json", "settings.json", "database.json", "files.json"),
        *("service.txt", "log.txt"),
    }
    secrets = {**life.secrets, "canary": lived.CANARY, "phone": PHONE, "phone as read": "1711-000001"}
    secrets |= {"asha": lived.ASHA, "chen": lived.CHEN, "dina": lived.DINA, "mail server": "mail.shop.example"}
    leaks = [
        f"{what} as {how} in {name}"
        for what, secret in some(secrets.items())
        for how, form in forms(what, secret).items()
        for name, text in found.items()
        if form in text.encode()
    ]
    assert leaks == []
    assert not re.search(r"\d{7}", re.sub(r"\d{4}-\d\d-\d\dT[\d:.+]*", "", found["log.txt"]))
    assert '"host": "set"' in found["settings.json"] and '"messages":' in found["database.json"]
    assert (tmp_path / "bundle.zip").stat().st_mode & 0o077 == 0


def test_a_bundle_replaces_nothing(life: Life, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("mine")
    with pytest.raises(FileExistsError):
        bundle.write(tmp_path / "there", life.box.config, [])
    assert (tmp_path / "there").read_text() == "mine"


def test_what_helps_is_kept() -> None:
    line = '2026-11-27T23:24:25.356470Z device_state state="qr" pid=849 took 12.5 s port 8470 code 503'
    assert bundle.masked(line) == line


def test_a_box_without_data_can_be_told_of(tmp_path: Path) -> None:
    bundle.write(tmp_path / "bundle.zip", settings.parse({}, base=tmp_path), [])
    assert read(tmp_path / "bundle.zip")["database.json"] == "{}"
