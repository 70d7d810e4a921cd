"""What an upgrade changed is shown to the owner once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cast import Stage
from tests.faces.tab import Tab
from wabox import changes, languages

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")
OLD = "# Changelog\n\n## Unreleased\n\n### Added\n- Old `code` of\n  two lines.\n\n### Fixed\n- Mended.\n"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "CHANGELOG.md"
    path.write_text(OLD)
    whole = changes.sections.__wrapped__
    monkeypatch.setattr(changes, "sections", lambda: whole(path))
    return path


@pytest.fixture
def bengali(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[str, ...]]:
    """What Bengali tells of the sections, in place of what ships."""
    own: dict[str, tuple[str, ...]] = {}
    monkeypatch.setattr(changes, "told", lambda language: own if language == "bn" else {})
    return own


def test_the_changelog_is_read_by_its_changes(file: Path) -> None:
    assert changes.sections() == {"Unreleased": ("Old code of two lines.", "Mended.")}
    file.unlink()
    assert changes.sections() == {}


def test_the_whole_changelog_has_its_changes() -> None:
    found = [one for part in changes.sections().values() for one in part]
    assert len(found) > 100 and not [one for one in found if not one or "\n" in one or one.startswith("-")]


@pytest.mark.parametrize("language", [code for code in languages.ALL if code != languages.FIRST])
def test_every_section_of_the_changelog_is_told_in_every_language(language: str) -> None:
    told = changes.told(language)
    assert told.keys() == changes.sections().keys(), f"write it in wabox/languages/{language}/changes.md"
    for heading, said in told.items():
        assert 1 <= len(said) <= 12, heading
        assert [one for one in said if len(one) > 250 or languages.of(one) != language] == []
        assert [one for one in said if one != languages.ALL[language].written(one)] == []


def test_a_language_that_nobody_has_tells_nothing() -> None:
    assert changes.told("xx") == changes.told("../bn") == {}


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


def test_who_reads_bengali_is_told_what_matters_most_in_it_and_the_rest_below(
    shop: Stage, asha: Tab, file: Path, bengali: dict[str, tuple[str, ...]]
) -> None:
    asha.post("/settings/locale", {"language": "bn"})
    bengali["Unreleased"] = ("আগে থেকেই ছিল।",)
    shop.box.db.write_now(changes.settle)
    bengali["Unreleased"] = ("পায়রাও যায়।", "আগে থেকেই ছিল।")
    bengali["0.1.0"] = ("এটি পুরোনো।",)
    assert "পায়রাও" not in asha.get("/").text  # nothing of the section is new
    file.write_text(OLD.replace("### Added\n", "### Added\n- Sends doves, too.\n"))
    page = asha.get("/").text
    assert "<li>পায়রাও যায়।</li>" in page and "আগে থেকেই" not in page and "এটি পুরোনো" not in page
    assert page.index("পায়রাও") < page.index('<ul lang="en">') < page.index("Sends doves, too.")
    assert "১টি পরিবর্তন, ইংরেজিতে" in page
    asha.post("/admin/changes/seen")
    assert "পায়রাও" not in asha.get("/").text


def test_what_is_not_told_in_bengali_is_shown_in_english(
    shop: Stage, asha: Tab, file: Path, bengali: dict[str, tuple[str, ...]]
) -> None:
    asha.post("/settings/locale", {"language": "bn"})
    shop.box.db.write_now(changes.settle)
    file.write_text(OLD.replace("### Added\n", "### Added\n- Sends doves, too.\n"))
    page = asha.get("/").text
    assert "Sends doves, too." in page and "১টি পরিবর্তন\n" in page and "যা সবচেয়ে জরুরি" not in page
