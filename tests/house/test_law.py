"""The law in wabox/docs: its pictures are those of the code, its promises are kept, and who cites it finds it."""

from __future__ import annotations

import ast
import functools
import re
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import get_args

import pytest
from hatchling.builders.wheel import WheelBuilder

from tests.some import some
from wabox import crash
from wabox.checkup.promises import PROMISES
from wabox.dashboard.docs import manual
from wabox.messages.reasons import Reason
from wabox.messages.stored import STATUSES

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "wabox"
DOCS = PACKAGE / "docs"
PAPERS = sorted([*DOCS.glob("*.md"), *ROOT.glob("*.md")])
DESIGN = (DOCS / "design.md").read_text(encoding="utf-8")
CONTRACT = (DOCS / "contract.md").read_text(encoding="utf-8")
OURS = ("wabox", "tests", "deploy")
APART = ("whatsapp", "sandbox")


def drawn() -> str:
    """The rings as mermaid, from import-linter's list and the imports of today."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layers = next(one for one in settings["contracts"] if one["id"] == "rings")["layers"]
    rings = [re.sub(r"[() ]", "", layer).split("|") for layer in layers]
    lines = ["flowchart TB"]
    lines += [f'  r{n}["{" · ".join(ring)}"]' for n, ring in enumerate(rings)]
    lines += ['  whatsapp[["whatsapp"]]', '  sandbox[["sandbox"]]']
    lines.append("  " + " --> ".join(f"r{n}" for n in range(len(rings))))
    for n, ring in enumerate(rings):
        for apart in APART:
            if any(room in imports(apart) for room in ring):
                lines.append(f"  {apart} --> r{n}")
            if told := [_told(room, apart) for room in ring if apart in imports(room)]:
                lines.append(f'  r{n} -. "{", ".join(told)}" .-> {apart}')
    return "\n".join(lines)


def _told(room: str, apart: str) -> str:
    """The room, and which modules it knows there."""
    return f"{room}: {', '.join(sorted(imports(room)[apart]))}"


@functools.cache
def imports(room: str) -> dict[str, set[str]]:
    """{other room of the package: its modules that are named} by what this room imports."""
    found: dict[str, set[str]] = defaultdict(set)
    home = PACKAGE / room
    for path in sorted(home.rglob("*.py")) if home.is_dir() else [PACKAGE / f"{room}.py"]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for name in _named(node):
                _, other, *rest = [*name.split("."), ""]
                if other and other != room:
                    found[other].add(rest[0])
    return found


def _named(node: ast.AST) -> list[str]:
    """Modules of the package in an import, `from wabox.x import y` as wabox.x.y."""
    if isinstance(node, ast.Import):
        return [one.name for one in node.names if one.name.startswith("wabox.")]
    if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "wabox":
        return [f"{node.module}.{one.name}" for one in node.names]
    return []


def test_the_picture_of_the_house_is_the_house() -> None:
    picture = DESIGN.partition("## The rings")[2].partition("```mermaid\n")[2].partition("\n```")[0]
    assert picture == drawn(), f"wabox/docs/design.md shows another house than this:\n\n{drawn()}\n"


def test_the_picture_sees_a_ring_that_is_renamed_and_an_import_that_is_new() -> None:
    assert "api · dashboard · engine" in drawn()
    assert "run: gateway, patience" in drawn() and "messages: driver" in drawn()
    assert imports("messages")["whatsapp"] == {"driver"}
    holders = [line.split('"')[1].split(":")[0] for line in drawn().splitlines() if line.endswith(".-> sandbox")]
    assert holders == ["cli", "trial"]


def pictures() -> list[str]:
    return re.findall(r"```mermaid\n(.*?)\n```", DESIGN, re.DOTALL)


def test_the_pictures_can_be_drawn() -> None:
    """What ends a line in mermaid stands in no text of it."""
    assert len(pictures()) == 5
    for line in some([line for picture in pictures() for line in picture.splitlines()]):
        assert ";" not in line and "#" not in line, line


def test_what_the_pictures_call_is_in_the_code() -> None:
    """`module.name` in a journey is in a module of that name; `stored` goes by its noun's."""
    modules = defaultdict(list)
    for path in PACKAGE.rglob("*.py"):
        modules[path.parent.name if path.stem == "stored" else path.stem].append(path)
    named = {found for picture in pictures() for found in re.findall(r"\b([a-z_]+)\.([A-Za-z_]+)\b", picture)}
    assert len(named) > 20
    for module, name in some(sorted(named)):
        assert any(_has(path, name) for path in modules[module]), f"{module}.{name}"


def test_code_that_the_house_names_is_there() -> None:
    named = re.findall(r"`([\w/]+\.py):(\w+)`", DESIGN)
    for path, name in some(named):
        assert _has(PACKAGE / path, name), f"{path}:{name}"
    for path in some(re.findall(r"`(tests/[\w/]+(?:\.py)?)`", DESIGN)):
        assert (ROOT / path).exists(), path


def _has(path: Path, name: str) -> bool:
    text = path.read_text(encoding="utf-8")
    return re.search(rf"(?m)^\s*(?:async )?(?:def|class) {name}\b|^{name}\b", text) is not None


def test_the_sending_protocol_tells_every_crash_point_in_order() -> None:
    protocol = DESIGN.partition("## Once, never twice")[2]
    assert re.findall(r"(?m)^\| `(\w+)` \|", protocol) == [*crash.STEPS, *crash.DEED_STEPS]


def test_the_contract_names_every_reason_status_and_promise() -> None:
    for word in (*get_args(Reason), *STATUSES):
        assert f"`{word}`" in CONTRACT, word
    table = CONTRACT.partition("## When a message may go")[2].partition("Every number is a setting")[0]
    listed = [word for line in re.findall(r"(?m)^\| (`.*?) \|", table) for word in re.findall(r"`(\w+)`", line)]
    assert set(listed) <= set(get_args(Reason))
    nightly = CONTRACT.partition("| Every night |\n|---|\n")[2].partition("\n\n")[0]
    assert re.findall(r"(?m)^\| (.*) \|$", nightly) == list(PROMISES)


def test_reasons_stand_in_the_gates_order() -> None:
    """A closed gate's reason comes before those of the gates after it."""
    source = (PACKAGE / "messages" / "gate.py").read_text(encoding="utf-8")
    gates = re.findall(r"(?m)^    (_\w+),$", source.partition("_GATES: ")[2].partition("\n)\n")[0])
    bodies = {one: source.partition(f"def {one}(")[2].partition("\ndef ")[0] for one in gates}
    known = sorted(get_args(Reason), key=CONTRACT.index)
    told = [[CONTRACT.index(f"`{word}`") for word in known if f'"{word}"' in bodies[one]] for one in gates]
    places = [min(one) for one in told if one]
    assert len(places) > 15
    assert places == sorted(places)


def anchors_of(path: Path) -> set[str]:
    return set(manual.anchors(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_between_papers_leads_somewhere(paper: Path) -> None:
    text = re.sub(r"```.*?```", "", paper.read_text(encoding="utf-8"), flags=re.DOTALL)
    lost = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("https://", "mailto:")):
            continue
        name, _, anchor = target.partition("#")
        file = (paper.parent / name) if name else paper
        if not file.exists() or (anchor and anchor not in anchors_of(file)):
            lost.append(target)
    assert lost == []


def cited(text: str) -> list[tuple[str, str]]:
    """(path below the tree, anchor or "") of each paper that a text names."""
    whole = re.findall(r"(?<![\w/.-])((?:wabox/)?docs/\w+\.md)(?:#([\w-]+))?", text)
    bare = re.findall(r"(?<![\w/.-])([A-Z]+\.md)\b(?:#([\w-]+))?", text)
    return [*((name if name.startswith("wabox/") else f"wabox/{name}", at) for name, at in whole), *bare]


def sources() -> list[Path]:
    kinds = (".py", ".js", ".html", ".sh", ".css", ".po", ".toml")
    every = [path for room in OURS for path in (ROOT / room).rglob("*") if path.suffix in kinds]
    top = [ROOT / name for name in ("install.sh", "pyproject.toml", "wabox.toml", "CONTRIBUTING.md", "README.md")]
    return [path for path in [*every, *top] if not {"wa-js", "vendor", "__pycache__"} & set(path.parts)]


def test_every_citation_of_a_paper_in_the_code_resolves() -> None:
    found, lost = 0, []
    for path in sources():
        if path == Path(__file__):
            continue
        for name, anchor in cited(path.read_text(encoding="utf-8")):
            found += 1
            if not (ROOT / name).is_file() or (anchor and anchor not in anchors_of(ROOT / name)):
                lost.append(f"{path.relative_to(ROOT)} cites {name}#{anchor}")
    assert lost == []
    assert found > 20


def test_no_code_cites_a_paper_that_is_not_here() -> None:
    strange = re.compile(
        r"\b(?:PRODUCT|DESIGN|STYLE|FIELD|MEDIA|THREATS)\b(?:\.md\b|,? section\b|, as\b| tells\b)"
    )
    every = some(path for path in sources() if path != Path(__file__))
    assert [path for path in every if strange.search(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Source: wabox/docs/contract.md#phones.", [("wabox/docs/contract.md", "phones")]),
        ("see docs/whatsapp.md, and README.md", [("wabox/docs/whatsapp.md", ""), ("README.md", "")]),
        ("GIVEN.md#so", [("GIVEN.md", "so")]),
        ("/help/whatsapp and a file.md", []),
    ],
)
def test_a_citation_is_seen(text: str, named: list[tuple[str, str]]) -> None:
    assert cited(text) == named


def test_every_part_of_the_bench_is_told() -> None:
    told = (DOCS / "performance.md").read_text(encoding="utf-8").partition("| Part |")[2]
    parts = {path.stem for path in (ROOT / "tests" / "bench").glob("[a-z]*.py")}
    assert set(re.findall(r"(?m)^\| `(\w+)` \|", told)) == parts


def test_the_papers_are_in_what_is_installed() -> None:
    built = WheelBuilder(str(ROOT)).recurse_included_files()
    shipped = {Path(one.distribution_path) for one in built}
    for paper in some(sorted(DOCS.glob("*.md"))):
        assert paper.relative_to(ROOT) in shipped
