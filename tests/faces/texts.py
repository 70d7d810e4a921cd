"""Every text wabox can show; `python -m tests.faces.texts` says which are not translated yet."""

from __future__ import annotations

import ast
import io
import sys
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

from babel.messages.extract import extract

from wabox import dashboard, languages
from wabox.accounts import terms, users
from wabox.campaigns import stored as campaigns
from wabox.checkup import promises
from wabox.content import builtin
from wabox.devices import doctor, idling, sentences
from wabox.languages.catalogues import catalogue
from wabox.messages import reasons
from wabox.whatsapp import driver

HOME = Path(dashboard.__file__).parent
OF_CONTEXT = "\x04"  # gettext's own, between a context and its text


def every() -> set[str]:
    """All of them: a new page's texts are among them without a word here."""
    return in_templates() | in_modules() | of_nouns() | of_checkup()


def in_templates() -> set[str]:
    """Texts of `_()`, `ngettext()` and `pgettext()` in the templates; the last as the catalogue keeps them."""
    found: set[str] = set()
    for path in (HOME / "templates").rglob("*.html"):
        with path.open("rb") as file:
            for _, text, _, context in extract(
                "jinja2.ext:babel_extract",
                file,
                keywords={"_": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)},
                options={"extensions": "jinja2.ext.do"},
            ):
                said = text if isinstance(text, str) else text[0]
                found.add(said if context is None else f"{context}{OF_CONTEXT}{said}")
    return found


def in_modules() -> set[str]:
    """Texts marked by `later()` in any module."""
    found: set[str] = set()
    for path in HOME.parent.rglob("*.py"):
        source = path.read_bytes()
        if b"later(" in source:
            marked = extract("python", io.BytesIO(source), keywords={"later": None})
            found |= {str(text) for _, text, _, _ in marked}
    return found


def of_nouns() -> set[str]:
    """Sentences that come from the rules: reasons, errors, device details, the disclaimer."""
    zone = ZoneInfo("UTC")
    details = get_args(driver.Detail)
    found = {reasons.sentence(reason, None, zone) for reason in get_args(reasons.Reason)}
    found |= {reasons.sentence("device_not_ready", None, zone, detail=detail) for detail in details}
    found |= {one.sentence for one in builtin.BUILTINS} | set(campaigns.REASONS.values())
    found |= set(reasons._ENDS.values()) | {*sentences._SENTENCES.values(), sentences._GOES_ON}
    found |= {*sentences.OF_STATE.values(), *sentences.OF_PAGE, *sentences._AT_FIRST.values()}
    found |= {*sentences.OVER.values(), *sentences.AGAIN.values()}
    found |= set(doctor.SENTENCES) | set(idling.SENTENCES.values())
    return found | {users.DISCLAIMER, *terms.TERMS}


# The doctor's own: they need the box to stand still, or start a browser, so no page shows them.
DOCTOR_ONLY = {
    "findings",
    "stored",
    "mails",
    "_stuck",
    "process",
    "port",
    "runs",
    "starts",
    "_cure",
    "readable",
    "keeps",
    "speed",
    "unit",
    "owner",
    "for_phones",
}


def of_checkup() -> set[str]:
    """What the health page finds: every sentence in the modules of the check-up that a page can show."""
    found = set(promises.PROMISES)
    for name in ("machine", "chromium", "files", "box", "database", "standing", "surroundings", "wear"):
        tree = ast.parse((HOME.parent / "checkup" / f"{name}.py").read_text(encoding="utf-8"))
        for part in tree.body:
            if not isinstance(part, ast.FunctionDef):
                found |= _sentences(part) if isinstance(part, ast.Assign) else set()
            elif name == "database" or part.name not in DOCTOR_ONLY:
                found |= _sentences(part) - {ast.get_docstring(part, clean=False) or ""}
    return found


def _sentences(part: ast.stmt) -> set[str]:
    """Its texts that have words and begin as a sentence."""
    texts = {one.value for one in ast.walk(part) if isinstance(one, ast.Constant) and isinstance(one.value, str)}
    starts = ("%(", "wabox", "secret")
    return {text for text in texts if " " in text and (text[0].isupper() or text.startswith(starts))}


OTHERS = tuple(code for code in languages.ALL if code != languages.FIRST)


def untranslated(texts: set[str], language: str) -> list[str]:
    """Those the language has no words for."""
    kept = getattr(catalogue(language), "_catalog", {})
    return sorted(text for text in texts if not kept.get(text) and not kept.get((text, 0)))


def main() -> None:
    """Print what is missing."""
    for language in OTHERS:
        for text in untranslated(every(), language):
            sys.stdout.write(f"{language}: {text}\n")


if __name__ == "__main__":
    main()
