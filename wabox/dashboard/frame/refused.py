"""Brings the first thing that is wrong with a form into sight, with no script: the focus is there.

Pure, of the page's text alone, in which what people wrote is escaped: a bare `<` begins a tag of ours.
"""

from __future__ import annotations

import re

_WRONG = re.compile(r'<(?:div|fieldset) class="[^"]*\bfield-wrong\b[^"]*"')
_SAID = re.compile(r'<p class="field-error"|<div role="alert"')
_CONTROL = re.compile(r'<(?:select|textarea|input(?![^>]*\btype="hidden"))\b')
_FOCUSED = re.compile(r' autofocus(?:="")?(?=[\s>])')
_FOLD = re.compile(r"<details\b[^>]*>|</details>")


def in_sight(page: str) -> str:
    """The page with the focus at its first wrong field or the error above it; what is folded over that is open."""
    said, wrong = _SAID.search(page), _WRONG.search(page)
    control = _CONTROL.search(page, wrong.end()) if wrong else None
    if wrong and control and not (said and said.start() < wrong.start()):
        at, focus = control.end(), " autofocus"
    elif said and not _FOCUSED.search(page):
        at, focus = said.end(), ' tabindex="-1" autofocus'
    else:
        return page
    before, after = (_FOCUSED.sub("", piece) for piece in (page[:at], page[at:]))
    return _unfolded(before) + focus + after


def _unfolded(before: str) -> str:
    folds: list[re.Match[str]] = []
    for fold in _FOLD.finditer(before):
        if fold[0] != "</details>":
            folds.append(fold)
        elif folds:
            folds.pop()
    for fold in reversed(folds):
        if not re.search(r"\bopen\b", re.sub(r'"[^"]*"', "", fold[0])):
            before = before[: fold.end() - 1] + " open" + before[fold.end() - 1 :]
    return before
