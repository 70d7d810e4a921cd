"""Reads what a request brings, strictly: what another parser might read differently is refused, with the place."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any, ParamSpec, TypeVar
from urllib.parse import unquote_plus

import msgspec
from litestar import Request
from litestar.params import KwargDefinition, ParameterKwarg
from litestar.types import Receive, Scope, Send
from litestar.typing import FieldDefinition

from wabox.api import bodies, wrong_fields
from wabox.errors import Invalid, Refusal

DEEPEST = 32
EXACT = 2**53  # beyond this a float skips whole numbers
_UNPACKED = "unpacked_body"
UNFIT_TEXT = "A text may not hold NUL or half a character; send plain text."
_UNFIT = re.compile("[\0\ud800-\udfff]")


P = ParamSpec("P")
T = TypeVar("T")


class StrictRequest(Request[Any, Any, Any]):
    """A request whose json() is the body as its route wants it, or a refusal that names every wrong field.

    In its query one of a few words, like a status, may stand in any case.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["query_string"]:
            wanted = scope["route_handler"].parsed_fn_signature.parameters
            few = {name: _few(field) for name, field in wanted.items()}
            scope["query_string"] = _in_their_case(scope["query_string"], few)
        super().__init__(scope, receive, send)

    async def body(self) -> bytes:
        """The body, unpacked if it came as gzip or deflate. Raises Invalid `bad_json`, TooLarge."""
        packed = self.headers.get("content-encoding", "")
        if not packed:
            return await super().body()
        kept = self.scope["state"]
        if _UNPACKED not in kept:
            most = self.route_handler.resolve_request_max_body_size() or 0
            kept[_UNPACKED] = bodies.unpacked(await super().body(), packed, most_bytes=most)
        return bytes(kept[_UNPACKED])

    async def json(self) -> Any:
        """The body. Raises Invalid `bad_json`, `bad_text`, `invalid`.

        Litestar would take "yes" for true and stop at the first error. In a POST, null is as good as absent for
        a field that may be absent, unless null is one of its values.
        """
        kind, told = self.content_type
        document = decode(await self.body(), kind, told.get("charset", ""))
        field = self.route_handler.parsed_data_field
        return document if field is None else _as(document, field.raw, made=self.method == "POST")


def name_of(name: str, field: FieldDefinition) -> str:
    """What a caller writes for a route's parameter: its own name, unless that is a word of Python's."""
    told = field.kwarg_definition
    return (told.name if isinstance(told, ParameterKwarg) else None) or name


def _few(field: FieldDefinition) -> Sequence[str]:
    more = field.kwarg_definition
    told = more.schema_extra if isinstance(more, KwargDefinition) else None
    return wrong_fields.values(field.raw) or (told or {}).get("enum", ())


def _in_their_case(query: bytes, few: dict[str, Sequence[str]]) -> bytes:
    """The query with each value that is one of its parameter's few but for its case as that is spelt."""
    parts = query.decode("latin-1").split("&")
    for at, part in enumerate(parts):
        name, _, value = part.partition("=")
        wanted = unquote_plus(value).strip().lower()
        if wanted in few.get(unquote_plus(name), ()):
            parts[at] = f"{name}={wanted}"
    return "&".join(parts).encode("latin-1")


def _as(document: Any, kind: Any, *, made: bool) -> Any:
    wrong = bodies.of_other_shape(document)
    if wrong is not None:
        raise Invalid("invalid", f"{wrong} See the API page for an example.", details={"body": wrong})
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError:
        document = wrong_fields.without_nulls(document, kind) if made else document
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError:
        found = wrong_fields.details(document, kind)
    raise Invalid("invalid", f"Something is wrong with {', '.join(found)}; see details.", details=found)


def decode(body: bytes, kind: str = "", charset: str = "") -> Any:
    """The document. kind, charset: as Content-Type says; only what is wrong is told by them.

    Raises Invalid `bad_json`: not UTF-8, not JSON, a name twice, NaN, NUL, too deep.
    """
    text = bodies.text_of(body, kind, charset)
    try:
        found = json.loads(text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_number)
    except RecursionError:
        raise _deep() from None
    except ValueError as error:
        raise bodies.refusal(text, error, kind) from None
    _check(found, "", DEEPEST)
    return found


def moment(value: datetime | None, field: str) -> datetime | None:
    """The moment in UTC. Raises Invalid for one that has no place on the calendar."""
    if value is None:
        return None
    try:
        return value.astimezone(UTC)
    except (OverflowError, ValueError):
        sentence = "This time is outside the calendar; use one like 2026-04-25T10:00:00+06:00."
        raise Invalid("bad_time", sentence, details={field: sentence}) from None


def time_of(text: str | None, name: str) -> datetime | None:
    """The moment that a query names, in UTC. Raises Invalid for one without an offset."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        sentence = "This is not a time with an offset, like 2026-04-25T10:00:00+06:00 (write + as %2B)."
        raise Invalid("bad_time", sentence, details={name: sentence})
    return moment(found, name)


def day_of(text: str | None, name: str) -> date | None:
    """The day that a query names. Raises Invalid for one that is none."""
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        sentence = "This is not a day, like 2026-04-25."
        raise Invalid("bad_day", sentence, details={name: sentence}) from None


def one_of(**fields: object) -> None:
    """Raises Invalid unless exactly one of these fields is given; its details name the first."""
    if sum(one is not None for one in fields.values()) != 1:
        sentence = f"Give either {' or '.join(fields)}."
        raise Invalid("_or_".join(fields), sentence, details={next(iter(fields)): sentence})


def in_field(name: str, parse: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Parse one field of a request; a Refusal names the field in its details."""
    try:
        return parse(*args, **kwargs)
    except Refusal as refusal:
        if not any(path.startswith(name) for path in refusal.details):
            refusal.details = {name: refusal.sentence}
        raise


def below(name: str, verb: Callable[[], T]) -> T:
    """What the verb answers; a Refusal of it names its fields as those of this part of the body."""
    try:
        return verb()
    except Refusal as refusal:
        refusal.details = {f"{name}.{field}": sentence for field, sentence in refusal.details.items()}
        raise


def cursor_of(text: str | None) -> int | None:
    """The cursor a client sent back. Raises Invalid for one that wabox never gave."""
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        sentence = "This is not a cursor; take next_cursor from the page before."
        raise Invalid("bad_cursor", sentence, details={"cursor": sentence})
    return int(text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise bodies.bad(f"The name {twice[:64]!r} stands twice in one object; send it once.")
    return found


def _number(text: str) -> int | float:
    """JSON knows one kind of number: 12.0 is 12."""
    found = float(text)
    return int(found) if found.is_integer() and abs(found) <= EXACT else found


def _constant(name: str) -> Any:
    raise bodies.bad(f"{name} is no number in JSON; send a number, or leave the field out.")


def _check(value: Any, path: str, depth: int) -> None:
    if depth == 0:
        raise _deep()
    if isinstance(value, str) and _UNFIT.search(value):
        raise Invalid("bad_text", UNFIT_TEXT, details={path or "body": UNFIT_TEXT})
    if isinstance(value, dict):
        for name, one in value.items():
            _check(name, path, depth - 1)
            _check(one, f"{path}.{name}" if path else name, depth - 1)
    elif isinstance(value, list):
        for number, one in enumerate(value):
            _check(one, f"{path}[{number}]", depth - 1)


def _deep() -> Invalid:
    return bodies.bad(f"The body is nested too deeply; {DEEPEST} levels are read.")
