"""The recipes of wabox/docs/recipes.md: each names every place of a thing, and each place knows all of today's."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import cast, get_args

import pytest
from babel import Locale
from babel.core import UnknownLocaleError

from tests.engine import test_nightly
from tests.faces import test_every_page, texts
from tests.faces.api import test_every_route
from tests.some import some
from wabox import changes, config, config_text, languages, reference
from wabox.checkup.promises import PROMISES
from wabox.dashboard.names import messages, webhooks
from wabox.messages import reasons
from wabox.messages.reasons import Reason
from wabox.reference import events
from wabox.webhooks import endpoints

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "wabox" / "docs" / "recipes.md").read_text(encoding="utf-8")
CONTRACT = (ROOT / "wabox" / "docs" / "contract.md").read_text(encoding="utf-8")
INVENTED = "never_heard_of"

Knows = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Recipe:
    """things: those of today. places: {place as the recipe names it: whether it knows a thing}."""

    things: Iterable[str]
    places: dict[str, Knows]


def says(path: str) -> Knows:
    """The file has it between quotes or backticks."""
    source = (ROOT / path).read_text(encoding="utf-8")
    return lambda thing: f'"{thing}"' in source or f"`{thing}`" in source


def in_every_language(text_of: Callable[[str], str | None]) -> Knows:
    """text_of: what is said of a thing, in English."""

    def knows(thing: str) -> bool:
        text = text_of(thing)
        return text is not None and not any(texts.untranslated({text}, code) for code in texts.OTHERS)

    return knows


def among(things: Iterable[str]) -> Knows:
    """It is one of these."""
    found = set(things)
    return lambda thing: thing in found


def gates() -> list[str]:
    """Reasons that the gate's functions give; a hand-over gives others, which no gate closes for."""
    tree = ast.parse((ROOT / "wabox" / "messages" / "gate.py").read_text(encoding="utf-8"))
    said: set[str] = set()
    for part in tree.body:
        if isinstance(part, ast.FunctionDef) or "_ACCOUNT_CLOSED" in ast.unparse(part).partition(":")[0]:
            said |= {str(node.value) for node in ast.walk(part) if isinstance(node, ast.Constant)}
    return sorted(said & set(get_args(Reason)))


# -- routes and pages -------------------------------------------------------------------------------


def bare(route: str) -> str:
    """A route without the names of what varies in it."""
    return re.sub(r"\{[^}]*\}", "{}", route)


def in_the_reference() -> set[str]:
    chapters = some(reference.CHAPTERS)
    return {bare(f"{route.method} {route.path}") for one in chapters for route in one.routes}


# What a page asks for while it is open, downloads, and what only leads on.
PARTS = re.compile(
    r"/(live|pulse|today|look|preview|pick|whom|found|picture|receipt|rows|people|qr|deliveries|content|small|backups/files)\b|\.(csv|jsonl?|toml|png|pdf)$"
)

# Pages that a browser test comes to by its steps: the second factor, a link in a mail, a file that was uploaded.
LED_TO = ("/login/code", "/verify/{token:str}", "/contacts/import/{import_id:int}")


def pages() -> list[str]:
    routes = [route.removeprefix("GET ") for route in test_every_page.ROWS if route.startswith("GET /")]
    return [route for route in routes if not PARTS.search(route)]


def opened_in_chromium() -> Knows:
    """Whether a path that a browser test names leads to the route."""
    named: set[str] = set()
    for path in some(sorted((ROOT / "tests" / "faces").glob("*_browser.py"))):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                named.add(node.value)
            elif isinstance(node, ast.JoinedStr):
                named.add("".join(str(one.value) if isinstance(one, ast.Constant) else "1" for one in node.values))
    paths = {one.partition("?")[0].partition("#")[0] for one in named if "/" in one}

    def knows(route: str) -> bool:
        looks = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(route))
        return route in LED_TO or any(re.fullmatch(f"1?{looks}", one) for one in paths)

    return knows


# -- settings, metrics, steps -----------------------------------------------------------------------


def settings() -> list[str]:
    return [f"[{section}] {key}" for section, keys in config.documentation().items() for key in keys]


def in_the_shipped_file() -> set[str]:
    found, section = set(), ""
    for line in config_text.text().splitlines():
        if head := re.fullmatch(r"\[(\w+)\]", line):
            section = head[1]
        elif key := re.match(r"# (\w+) = ", line):
            found.add(f"[{section}] {key[1]}")
    return found


def families() -> list[str]:
    """Every metric that the code can give."""
    tree = ast.parse((ROOT / "wabox" / "metrics.py").read_text(encoding="utf-8"))
    names = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return [name for name in names if isinstance(name, str) and re.fullmatch(r"wabox_\w+", name)]


def told_of_metrics() -> Knows:
    """A counter is read with _total after its name."""
    text = (ROOT / "wabox" / "docs" / "owner.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"(?m)^\| `(\w+?)(?:_total)?` \|", text))
    return lambda family: family in rows


def heads_of(code: str) -> bool:
    told = languages.ALL.get(code)
    return (
        told is not None
        and bool(told.name)
        and len(set(told.digits)) == 10
        and all(map(bool, told.heads.values()))
    )


def babel_has(code: str) -> bool:
    try:
        return bool(Locale.parse(languages.ALL[code].locale if code in languages.ALL else code))
    except (UnknownLocaleError, ValueError):
        return False


def catalogue_is_whole(code: str) -> bool:
    return code == languages.FIRST or (code in languages.ALL and not texts.untranslated(texts.every(), code))


def changes_are_told(code: str) -> bool:
    return code == languages.FIRST or (
        code in languages.ALL and changes.told(code).keys() == changes.sections().keys()
    )


RECIPES = {
    "A reason": Recipe(
        get_args(Reason),
        {
            "messages/reasons.py": lambda thing: thing in get_args(Reason) and thing in reasons._SENTENCES,
            "dashboard/names/messages.py": lambda thing: thing in messages.REASON,
            "languages/": in_every_language(lambda thing: reasons._SENTENCES.get(cast(Reason, thing))),
            "docs/contract.md": says("wabox/docs/contract.md"),
        },
    ),
    "A gate": Recipe(
        gates(),
        {
            "messages/gate.py": among(gates()),
            "tests/nouns/test_gate.py": says("tests/nouns/test_gate.py"),
        },
    ),
    "A route": Recipe(
        [bare(route) for route in test_every_route.ROWS],
        {
            "tests/faces/api/test_every_route.py": among(bare(route) for route in test_every_route.ROWS),
            "reference/": among(in_the_reference()),
        },
    ),
    "A page": Recipe(
        pages(),
        {
            "tests/faces/test_every_page.py": lambda thing: f"GET {thing}" in test_every_page.ROWS,
            "tests/faces/*_browser.py": opened_in_chromium(),
        },
    ),
    "A webhook event": Recipe(
        endpoints.EVENTS,
        {
            "webhooks/endpoints.py": among(endpoints.EVENTS),
            "dashboard/names/webhooks.py": lambda thing: thing in webhooks.EVENT,
            "languages/": in_every_language(webhooks.EVENT.get),
            "reference/events.py": among(one.name for one in events.EVENTS),
            "docs/contract.md": says("wabox/docs/contract.md"),
        },
    ),
    "A language": Recipe(
        languages.ALL,
        {
            "languages/<code>/language.toml": heads_of,
            "languages/<code>/wabox.po": catalogue_is_whole,
            "languages/<code>/changes.md": changes_are_told,
            "babel": babel_has,
        },
    ),
    "A setting": Recipe(
        settings(),
        {"config.py": among(settings()), "wabox.toml": among(in_the_shipped_file())},
    ),
    "A metric": Recipe(
        families(),
        {"metrics.py": among(families()), "docs/owner.md": told_of_metrics()},
    ),
    "A promise": Recipe(
        PROMISES,
        {
            "checkup/promises.py": among(PROMISES),
            "tests/engine/test_nightly.py": among(test_nightly.BREAKS),
            "languages/": in_every_language(lambda thing: thing if thing in PROMISES else None),
            "docs/contract.md": lambda thing: (
                f"| {thing} |" in (ROOT / "wabox/docs/contract.md").read_text("utf-8")
            ),
        },
    ),
}
EVERY = [(recipe, place) for recipe, one in RECIPES.items() for place in one.places]


@pytest.mark.parametrize(("recipe", "place"), EVERY, ids=[f"{recipe}: {place}" for recipe, place in EVERY])
def test_every_place_of_a_recipe_knows_every_thing(recipe: str, place: str) -> None:
    knows = RECIPES[recipe].places[place]
    assert [thing for thing in some(RECIPES[recipe].things) if not knows(thing)] == []


@pytest.mark.parametrize(("recipe", "place"), EVERY, ids=[f"{recipe}: {place}" for recipe, place in EVERY])
def test_a_place_does_not_know_what_was_just_invented(recipe: str, place: str) -> None:
    assert not RECIPES[recipe].places[place](INVENTED)


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_names_every_place(recipe: str) -> None:
    written = GUIDE.partition(f"\n## {recipe}\n")[2].partition("\n## ")[0]
    listed = re.findall(r"(?m)^- `([^`]+)`", written)
    assert set(RECIPES[recipe].places) <= set(listed), f"recipes.md does not send people there: {recipe}"
    for place in some(one for one in listed if "<" not in one and one != "babel"):
        assert list(ROOT.glob(place)) or list((ROOT / "wabox").glob(place)), f"{recipe}: there is no {place}"
