"""Everything that is wrong with a body at once, each field by its path, like `contacts[3].phone`."""

from __future__ import annotations

import re
import types
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import islice
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec import Struct, ValidationError

MOST_NAMED = 50

_KINDS = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
    "datetime": "a time with an offset, like 2026-04-25T10:00:00+06:00",
}

_TIME = f"This must be {_KINDS['datetime']}."
_EXPECTED = re.compile(r"Expected `([^`]+)`(?: of length)?( [<>]=?)?(?: (-?\d+))?(?:, got `([^`]+)`)?")

_BOUNDS = {
    ("str", ">="): "This must have at least {} characters.",
    ("str", "<="): "This must have at most {} characters.",
    ("array", ">="): "This must have at least {} entries.",
    ("array", "<="): "This must have at most {} entries.",
    ("int", ">="): "This must be {} or more.",
    ("int", "<="): "This must be {} or less.",
    ("float", ">="): "This must be {} or more.",
    ("float", "<="): "This must be {} or less.",
}


def details(document: Any, kind: Any) -> dict[str, str]:
    """{path: sentence} for the fields of the document that are not as `kind` wants them; empty if all are.

    At most MOST_NAMED are named. The document's own path is `body`. A struct's ELSEWHERE says of fields that one
    would look for in it where they are.
    """
    return dict(islice(_in(document, kind, ""), MOST_NAMED))


def sentence(message: str) -> str:
    """What msgspec says of a value, in words that need no Python."""
    if "datetime" in message:
        return _TIME
    found = _EXPECTED.match(message)
    if found is None:
        return f"{message.split(' - at ')[0]}."
    kind, sign, bound, got = found.groups()
    if bound is not None:
        return _BOUNDS.get((kind, (sign or "").strip()), f"{message.split(' - at ')[0]}.").format(bound)
    wanted = " or ".join(_KINDS.get(one, one) for one in kind.split(" | "))
    return f"This must be {wanted}, not {_KINDS.get(got, got)}." if got else f"This must be {wanted}."


def _in(value: Any, kind: Any, path: str) -> Iterator[tuple[str, str]]:
    inner = _bare(kind, value)
    found = False
    for one in _inside(value, inner, path):
        found = True
        yield one
    if found:
        return
    try:
        msgspec.convert(value, kind)
    except ValidationError as error:
        allowed = _choices(inner)
        yield path or "body", f"{allowed}{near(value, values(inner))}" if allowed else sentence(str(error))


def _inside(value: Any, kind: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and isinstance(kind, type) and issubclass(kind, Struct):
        yield from _of_object(value, kind, f"{path}." if path else "")
    elif isinstance(value, dict) and get_origin(kind) is dict:
        for name, one in value.items():
            yield from _in(one, get_args(kind)[1], f"{path}.{name[:64]}")
    elif isinstance(value, list) and get_origin(kind) is list:
        for number, one in enumerate(value):
            yield from _in(one, get_args(kind)[0], f"{path}[{number}]")


def _of_object(value: dict[str, Any], kind: type[Struct], prefix: str) -> Iterator[tuple[str, str]]:
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for name, field in fields.items():
        if name in value:
            yield from _in(value[name], field.type, prefix + name)
        elif field.required:
            yield prefix + name, "This is missing."
    if kind.__struct_config__.forbid_unknown_fields:
        elsewhere: Mapping[str, str] = getattr(kind, "ELSEWHERE", {})
        for name in value.keys() - fields.keys():
            there = f"There is no such field; there are {', '.join(fields)}."
            yield prefix + name[:64], elsewhere.get(name) or there + near(name, tuple(fields))


def _bare(kind: Any, value: Any) -> Any:
    """The kind without its constraints, and of a choice the one that the value seems to mean."""
    if get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if get_origin(kind) in (Union, types.UnionType) and value is not None:
        kinds = [_bare(one, value) for one in get_args(kind) if one not in (types.NoneType, msgspec.UnsetType)]
        return kinds[0] if len(kinds) == 1 else kind
    return kind


def choices(kind: Any) -> str | None:
    """What one of a few values may be, in words; None for any other kind."""
    return _choices(_bare(kind, ""))


def values(kind: Any) -> tuple[Any, ...]:
    """The few values that this may be; none for any other kind."""
    kind = _bare(kind, "")
    return get_args(kind) if get_origin(kind) is Literal else ()


def near(said: Any, words: Sequence[Any]) -> str:
    """` Did you mean high?` of the word that is nearest to what was said; "" if none is near."""
    if not isinstance(said, str):
        return ""
    plain = {_plain(str(word)): word for word in words}
    best = get_close_matches(_plain(said[:64]), plain, n=1, cutoff=0.75)
    return f" Did you mean {plain[best[0]]}?" if best else ""


def _plain(word: str) -> str:
    return re.sub("[^a-z0-9]", "", word.casefold())


def without_nulls(value: Any, kind: Any) -> Any:
    """The document without each field that is null, may be absent, and has no meaning for null."""
    kind = _bare(kind, value)
    if isinstance(value, list) and get_origin(kind) in (list, tuple):
        return [without_nulls(one, get_args(kind)[0]) for one in value]
    if not isinstance(value, dict) or not isinstance(kind, type) or not issubclass(kind, Struct):
        return value
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    return {
        name: without_nulls(one, fields[name].type) if name in fields else one
        for name, one in value.items()
        if one is not None or name not in fields or fields[name].required or _may_be_null(fields[name].type)
    }


def _may_be_null(kind: Any) -> bool:
    try:
        msgspec.convert(None, kind)
    except ValidationError:
        return False
    return True


def _choices(kind: Any) -> str | None:
    if get_origin(kind) is not Literal:
        return None
    return f"This must be one of {', '.join(str(one) for one in get_args(kind))}."
