"""Handlers that hang flat in an app keep all that hangs above them, and no app has another's."""

from __future__ import annotations

from typing import Any

import pytest
from litestar import Litestar, Request, get, post
from litestar.routes import HTTPRoute
from litestar.testing import TestClient

from tests.cast import Stage
from tests.some import some
from wabox import app
from wabox.mounting import Mount

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")


@get("/one", opt={"own": "one"})
async def one(request: Request[Any, Any, Any], name: str, shade: str) -> list[str]:
    """Whose app this is."""
    return [name, shade, *sorted(request.route_handler.opt)]


@post(["/one", "/{number:int}/two"])
async def two(name: str) -> str:
    """The same, on two paths."""
    return name


async def shade() -> str:
    return "green"


inner = Mount(path="/in", route_handlers=[one, two], dependencies={"shade": shade}, opt={"inner": 1})


def client_of(name: str) -> TestClient[Litestar]:
    async def called() -> str:
        return name

    outer = Mount(path="/out", route_handlers=[inner], dependencies={"name": called}, opt={"outer": 1})
    return TestClient(Litestar([outer, Mount(path="/empty", route_handlers=[])], openapi_config=None))


def test_two_apps_of_one_mount_have_nothing_of_each_other() -> None:
    asha, bilal = client_of("asha"), client_of("bilal")
    for client, name in ((asha, "asha"), (bilal, "bilal"), (asha, "asha")):
        assert client.get("/out/in/one").json() == [name, "green", "inner", "outer", "own"]
        assert client.post("/out/in/one").text == client.post("/out/in/7/two").text == name
    assert (one.owner, two.owner, inner.owner) == (None, None, None)


def test_a_path_names_all_its_methods_and_answers_no_other() -> None:
    client = client_of("asha")
    for path, methods in (("/out/in/one", "GET, OPTIONS, POST"), ("/out/in/7/two", "OPTIONS, POST")):
        answer = client.options(path)
        assert (answer.status_code, answer.content, answer.headers["allow"]) == (204, b"", methods)
        wrong = client.put(path)
        assert (wrong.status_code, sorted(wrong.headers["allow"].split(", "))) == (405, methods.split(", "))
    assert client.get("/out/in").status_code == client.get("/empty").status_code == 404


def test_every_handler_of_an_app_is_its_own_copy_and_is_taken_once() -> None:
    app = client_of("asha").app
    routes = some([route for route in app.routes if isinstance(route, HTTPRoute)])
    found = [handler for route in routes for handler in route.route_handlers]
    assert not {id(handler) for handler in found} & {id(one), id(two)}
    assert all(handler.app is app for handler in found)
    assert sum(handler.fn is one.fn for handler in found) == 1


def test_the_pages_are_made_with_the_first_page_and_for_no_machine(
    shop: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Litestar] = []
    make = app.pages

    def noted(*, billing: bool, body_kilobytes: int) -> Litestar:
        made.append(make(billing=billing, body_kilobytes=body_kilobytes))
        return made[-1]

    monkeypatch.setattr(app, "pages", noted)
    with TestClient(app.create(shop.box)) as client:
        assert client.get("/healthz").status_code == 200
        assert client.get("/api/v1/nowhere").json()["code"] == "not_found"
        assert made == []
        for path, status in (("/login", 200), ("/nowhere", 404), ("/login", 200)):
            assert client.get(path).status_code == status
        assert len(made) == 1 and made[0].state.box is shop.box
        assert client.get("/healthz").status_code == 200
    assert shop.box.pulse.requests["page", "2xx"] == 2
