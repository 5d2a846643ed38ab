"""The fast path responds as the framework does; other requests are left to the framework."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import APIRouter, Request
from starlette.responses import Response

from shared.database.engine import Database
from shared.events.in_memory import InMemoryBus
from shared.ids import Id, encode
from shared.pagination import Page
from shared.settings import Settings
from shared.testing import LiveService, running_service
from shared.tests.sample_service import MINTER
from shared.web import fast_path, pagination, request_body
from shared.web.application import create_service_app
from shared.web.authentication import CurrentUser, OptionalUser
from shared.web.request_body import StrictRequest, StrictRoute

ID = "0037a52d5f400001"
TOKEN = "TOKEN"
"""Stands for a valid token in the headers below. A token made at import may have expired when a test uses it."""
GENERAL = "general"
"""A path below this goes the framework's way, whatever it looks like."""


def _routes(prefix: str, methods: list[str]) -> APIRouter:
    router = APIRouter(prefix=prefix, route_class=StrictRoute, include_in_schema=False)

    @router.api_route("/of/{thing_id}", methods=methods)
    def listed(thing_id: Id, request: Request, page: pagination.PageQuery, who: OptionalUser) -> Response:
        where = None if who is None else who.subject
        return pagination.page_response(
            request, Page([encode(thing_id), page.limit, page.after, where], (page.limit, "x"))
        )

    @router.api_route("/mine", methods=methods)
    async def mine(request: Request, page: pagination.PageQuery, who: CurrentUser) -> Response:
        return pagination.page_response(request, Page([page.limit, page.after, who.subject], None))

    return router


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveService]:
    """The same routes twice: a route that does more than read has no fast path."""
    folder: Path = tmp_path_factory.mktemp("plain")
    settings = Settings(database_url=f"sqlite:///{folder}/none.db")
    database = Database(settings.database_url)
    routers = [_routes("/plain", ["GET"]), _routes(f"/{GENERAL}", ["GET", "HEAD"])]
    app = create_service_app("plain", settings, database=database, bus=InMemoryBus(lambda _: 0), routers=routers)
    app.state.verifier = MINTER.verifier()
    with running_service(app) as service:
        yield service


@pytest.fixture
def by_framework(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of the requests that the framework handled."""
    seen: list[str] = []

    class Seen(StrictRequest):
        def __init__(self, request: Request) -> None:
            seen.append(request.url.path)
            super().__init__(request)

    monkeypatch.setattr(request_body, "StrictRequest", Seen)
    return seen


def ask(both: LiveService, which: str, path: str, headers: list[tuple[str, str]]) -> tuple[int, object, str | None]:
    valid = MINTER.token(7)
    answer = both.client.get(
        f"/{which}{path}", headers=[(name, value.replace(TOKEN, valid)) for name, value in headers]
    )
    body = answer.json()
    for varies in ("request_id", "instance", "next_cursor"):
        body.pop(varies, None)
    link = answer.headers.get("link")
    return answer.status_code, body, link and link.partition("cursor=")[0].replace(f"/{which}", "")


PLAIN = [
    (f"/of/{ID}", []),
    (f"/of/{ID}?limit=1", []),
    (f"/of/{ID}?limit=100", [("Authorization", f"Bearer {TOKEN}")]),
    ("/mine?limit=99", [("Authorization", f"Bearer {TOKEN}")]),
    ("/mine", [("Authorization", f"Bearer {TOKEN}")]),
]
ODD = [
    (f"/of/{ID.upper()}", []),
    ("/of/f037a52d5f400001", []),
    ("/of/1", []),
    *((f"/of/{ID}?{query}", []) for query in ("limit=0", "limit=101", "limit=+5", "limit=05", "limit=", "limit=%35")),
    *((f"/of/{ID}?{query}", []) for query in ("limit=5&limit=6", "cursor=", "cursor=a&limit=5", "colour=red", "&")),
    *((f"/of/{ID}?{query}", []) for query in ("limit=5;cursor=a", "limit=5&cursor=%41", "LIMIT=5", "limit=5%00")),
    (f"/of/{ID}", [("Authorization", f"bearer {TOKEN}")]),
    (f"/of/{ID}", [("Authorization", f"Basic {TOKEN}")]),
    (f"/of/{ID}", [("Authorization", "Bearer")]),
    (f"/of/{ID}", [("Authorization", "Bearer abc")]),
    ("/mine", [("Authorization", f"Bearer  {TOKEN}")]),
    ("/mine", [("Authorization", f"Bearer {TOKEN} more")]),
    ("/mine", []),
    ("/mine", [("Authorization", f"Bearer {TOKEN}"), ("Authorization", f"Bearer {TOKEN}")]),
    ("/mine?limit=x", [("Authorization", f"BEARER {TOKEN}")]),
]
REFUSED = [
    (f"/of/{ID}?cursor=abc", []),
    (f"/of/{ID}?limit=5&cursor=abc", []),
    ("/mine", [("Authorization", f"Bearer {MINTER.token(7, exp=1)}")]),
]


@pytest.mark.parametrize(("path", "headers"), PLAIN)
def test_fast_path_response_equals_the_framework_response(
    both: LiveService, by_framework: list[str], path: str, headers: list[tuple[str, str]]
) -> None:
    found = ask(both, "plain", path, headers)
    assert not by_framework
    assert found == ask(both, GENERAL, path, headers)
    assert found[0] == 200
    assert by_framework


@pytest.mark.parametrize(("path", "headers"), ODD)
def test_other_requests_are_left_to_the_framework(
    both: LiveService, by_framework: list[str], path: str, headers: list[tuple[str, str]]
) -> None:
    found = ask(both, "plain", path, headers)
    assert len(by_framework) == 1
    assert found == ask(both, GENERAL, path, headers)


@pytest.mark.parametrize(("path", "headers"), REFUSED)
def test_fast_path_error_equals_the_framework_error(
    both: LiveService, path: str, headers: list[tuple[str, str]]
) -> None:
    found = ask(both, "plain", path, headers)
    assert found == ask(both, GENERAL, path, headers)
    assert found[0] in (400, 401)


def test_next_page_uses_the_fast_path(both: LiveService, by_framework: list[str]) -> None:
    first = both.client.get(f"/plain/of/{ID}?limit=3")
    second = both.client.get(first.links["next"]["url"])
    assert second.json()["items"] == [ID, 3, [3, "x"], None]
    assert not by_framework


def test_route_with_another_parameter_type_has_no_fast_path() -> None:
    def coloured(request: Request, colour: str = "") -> Response:
        return Response(colour)

    assert fast_path.handler(coloured) is None
