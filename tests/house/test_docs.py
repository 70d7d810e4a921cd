from __future__ import annotations

import re
from pathlib import Path

from tests.some import some
from wabox import cli, config
from wabox.accounts import users

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_every_command_is_in_the_readme() -> None:
    assert set(re.findall(r"(?m)^\| `wabox ([a-z-]+)` \|", README)) == set(cli.COMMANDS)


def test_every_setting_named_in_the_docs_exists() -> None:
    known = {f"[{section}] {key}" for section, keys in config.documentation().items() for key in keys}
    papers = [*(ROOT / "wabox" / "docs").glob("*.md"), ROOT / "install.sh"]
    told = "\n".join((README, CONTRIBUTING, *(path.read_text(encoding="utf-8") for path in papers)))
    for section, key in some(re.findall(r"`?\[([a-z]+)\] ([a-z_]+)", told)):
        assert f"[{section}] {key}" in known or section == "tool"


def test_everything_in_the_package_has_its_place_in_the_house() -> None:
    rooms = {path.stem for path in (ROOT / "wabox").iterdir() if (path / "__init__.py").exists()}
    for room in some(rooms):
        assert f"`{room}/`" in CONTRIBUTING, f"CONTRIBUTING.md does not say what {room}/ is"


def test_files_named_in_the_docs_exist() -> None:
    for target in some(re.findall(r"\]\(([A-Za-z./]+)\)", README + CONTRIBUTING)):
        assert (ROOT / target).exists()
    for name in some(re.findall(r"`((?:cli|api|messages|tests)/[a-z_/]+\.py)`", CONTRIBUTING)):
        assert (ROOT / name).exists() or (ROOT / "wabox" / name).exists()


def test_readme_says_what_the_disclaimer_says() -> None:
    for said in ("Business Platform", "ban your number", "agreed to hear from you", "Meta"):
        assert said in " ".join(README.split())
        assert said in " ".join(users.DISCLAIMER.split())
