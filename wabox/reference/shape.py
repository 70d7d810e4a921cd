"""What the reference tells of a route, and the commands to copy that follow from it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from wabox.languages import later
from wabox.reference import samples

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

    def sample(self, language: str, base: str) -> str:
        """The request in one of `samples.LANGUAGES`; it works once the key is filled in."""
        asked = samples.Asked(
            self.method, base + self.filled, self.body, self.upload, json=self.answer is not None
        )
        return samples.LANGUAGES[language].write(asked)


@dataclass(frozen=True, slots=True)
class Chapter:
    """Routes that belong together."""

    key: str
    title: str
    routes: tuple[Route, ...]


PAGING = (
    Field("page, per_page", later("Which page, and how many on it: up to 200.")),
    Field("cursor", later("Instead of page: next_cursor of the answer before. Stays fast at any depth.")),
)


def listed(one: object, *, per_page: int = 50) -> dict[str, object]:
    """The answer of a list that has this alone."""
    return {"data": [one], "page": 1, "per_page": per_page, "total": 1, "pages": 1, "next_cursor": None}
