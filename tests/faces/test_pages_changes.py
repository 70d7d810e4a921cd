"""What an upgrade changed is shown to the owner once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cast import Stage
from tests.faces.tab import Tab
from wabox import changes

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")
OLD = "# Changelog\n\n## Unreleased\n\n### Added\n- Old `code` of\n  two lines.\n\n### Fixed\n- Mended.\n"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "CHANGELOG.md"
    path.write_text(OLD)
    whole = changes.entries.__wrapped__
    monkeypatch.setattr(changes, "entries", lambda: whole(path))
    return path


def test_the_changelog_is_read_by_its_changes(file: Path) -> None:
    assert changes.entries() == ("Old code of two lines.", "Mended.")
    file.unlink()
    assert changes.entries() == ()


def test_the_whole_changelog_has_its_changes() -> None:
    found = changes.entries()
    assert len(found) > 100 and not [one for one in found if not one or "\n" in one or one.startswith("-")]


def test_a_new_box_has_nothing_new_and_an_upgrade_is_told_once(
    shop: Stage, asha: Tab, bilal: Tab, file: Path
) -> None:
    assert "wabox was upgraded" not in asha.get("/").text
    shop.box.db.write_now(changes.settle)
    assert "wabox was upgraded" not in asha.get("/").text
    file.write_text(OLD.replace("### Added\n", "### Added\n- Sends <b>doves</b>, too.\n"))
    shop.box.db.write_now(changes.settle)  # at each start
    page = asha.get("/").text
    assert "wabox was upgraded" in page and "1 change" in page and "Sends &lt;b&gt;doves&lt;/b&gt;, too." in page
    assert "Mended." not in page
    assert "doves" not in bilal.get("/").text
    assert bilal.post("/admin/changes/seen").status_code == 404
    assert "doves" in asha.get("/").text
    assert asha.post("/admin/changes/seen").headers["location"] == "/"
    assert "wabox was upgraded" not in asha.get("/").text
