"""What the reference page tells of a route, and the commands to copy that follow from it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from wabox.languages import later

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
PHONE = "8801711123456"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a body or a query. need: whether it must be there."""

    name: str
    about: str
    need: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """One route. example: values for the path's and the query's parameters; answer: what comes back.

    upload: the name of a file that goes as the field `file`, instead of a body.
    """

    method: Method
    path: str
    about: str
    status: int = 200
    fields: tuple[Field, ...] = ()
    body: Mapping[str, object] | None = None
    upload: str | None = None
    query: str = ""
    answer: object = None
    example: Mapping[str, str] = field(default_factory=lambda: {"job_id": "12345", "device_label": "primary"})

    @property
    def anchor(self) -> str:
        """Its place on the page."""
        return f"{self.method.lower()}{self.path.replace('/', '-').replace('{', '').replace('}', '')}"

    @property
    def filled(self) -> str:
        """The path with the example's values."""
        path = self.path
        for name, value in self.example.items():
            path = path.replace("{" + name + "}", value)
        return path + self.query

    @property
    def answered(self) -> str:
        """The answer as text; "" if there is none."""
        return "" if self.answer is None else json.dumps(self.answer, indent=2, ensure_ascii=False)

    def curl(self, base: str) -> str:
        """A command that works once the key is filled in."""
        lines = [f"curl{'' if self.method == 'GET' else ' -X ' + self.method} '{base}{self.filled}'"]
        lines.append("-H 'X-API-Key: YOUR_API_KEY'")
        if self.body is not None:
            lines.append("-H 'Content-Type: application/json'")
            lines.append("-d '" + json.dumps(self.body, ensure_ascii=False).replace("'", "'\\''") + "'")
        if self.upload is not None:
            lines.append(f"-F 'file=@{self.upload}'")
        return " \\\n  ".join(lines)

    def php(self, base: str) -> str:
        """The same in PHP."""
        options = ["CURLOPT_RETURNTRANSFER => true"]
        if self.method != "GET":
            options.append(f"CURLOPT_CUSTOMREQUEST => '{self.method}'")
        headers = ["'X-API-Key: YOUR_API_KEY'"]
        if self.body is not None:
            headers.append("'Content-Type: application/json'")
            options.append(f"CURLOPT_POSTFIELDS => json_encode({_php(self.body)})")
        if self.upload is not None:
            options.append(f"CURLOPT_POSTFIELDS => ['file' => new CURLFile('{self.upload}')]")
        options.append(f"CURLOPT_HTTPHEADER => [{', '.join(headers)}]")
        inside = "".join(f"    {one},\n" for one in options)
        return (
            f"$ch = curl_init('{base}{self.filled}');\ncurl_setopt_array($ch, [\n{inside}]);\n"
            "$answer = json_decode(curl_exec($ch), true);"
        )


@dataclass(frozen=True, slots=True)
class Chapter:
    """Routes that belong together."""

    key: str
    title: str
    routes: tuple[Route, ...]


def _php(value: object) -> str:
    if isinstance(value, Mapping):
        return "[" + ", ".join(f"'{name}' => {_php(one)}" for name, one in value.items()) + "]"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_php(one) for one in value) + "]"
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return json.dumps(value)


PAGING = (
    Field("page, per_page", later("Which page, and how many on it: up to 200.")),
    Field("cursor", later("Instead of page: next_cursor of the answer before. Stays fast at any depth.")),
)


def listed(one: object, *, per_page: int = 50) -> dict[str, object]:
    """The answer of a list that has this alone."""
    return {"data": [one], "page": 1, "per_page": per_page, "total": 1, "pages": 1, "next_cursor": None}
