"""A browser's tab for tests: keeps cookies, follows the box's own forms, sends the CSRF token of the page."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

from httpx import Cookies, Response
from litestar import Litestar
from litestar.testing import TestClient

from tests.faces.scene import PASSWORD
from wabox.accounts import secrets


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def tags(page: str) -> list[tuple[str, dict[str, str | None]]]:
    """Every element of the page with its attributes."""
    reader = _Reader()
    reader.feed(page)
    return reader.tags


def words(page: str) -> str:
    """What a person reads, on one line."""
    reader = _Reader()
    reader.feed(page)
    return re.sub(r"\s+", " ", " ".join(reader.words))


def csrf_of(page: str) -> str:
    """The token in the page's first form."""
    found = re.search(r'name="_csrf" value="([^"]*)"', page)
    assert found, "the page has no form"
    return found.group(1)


class Tab:
    """One person's tab on a client that several share. email None: a stranger. base: where the box is."""

    def __init__(self, client: TestClient[Litestar], email: str | None, base: str) -> None:
        self._client = client
        self._base = base
        self.cookies = Cookies()
        self.csrf = ""
        if email is not None:
            self.log_in(email)

    def ask(self, method: str, path: str, **more: Any) -> Response:
        """Any request with this tab's cookies, redirects not followed."""
        self._client.cookies = self.cookies
        answer = self._client.request(method, self._base + path, follow_redirects=False, **more)
        self.cookies = self._client.cookies
        self._go_on(answer)
        return answer

    def _go_on(self, answer: Response) -> None:
        """Forms carry the token of the session that is; a page learns it from the box, a tab from the cookie."""
        given = [value for name, value in answer.cookies.items() if name.endswith("wabox_session") and value]
        if given and self.csrf:
            self.csrf = secrets.of_forms(given[0])

    def log_in(self, email: str, password: str = PASSWORD) -> Response:
        """Through the form."""
        page = self.get("/login")
        body = {"_csrf": csrf_of(page.text), "email": email, "password": password, "next": "/"}
        answer = self.ask("POST", "/login", data=body)
        if answer.status_code == 303:
            self.csrf = csrf_of(self.get("/").text)
        return answer

    def get(self, path: str, **more: Any) -> Response:
        """A page."""
        return self.ask("GET", path, **more)

    def post(self, path: str, fields: dict[str, Any] | None = None, **more: Any) -> Response:
        """A form with the page's token."""
        return self.ask("POST", path, data={"_csrf": self.csrf, **(fields or {})}, **more)
