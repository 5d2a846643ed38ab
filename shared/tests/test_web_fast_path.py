"""The fast path responds as the framework does; other requests are left to the framework."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import APIRouter, Request
from starlette.responses import Response

from shared.body_limits import MAX_JSON_BYTES
from shared.database.engine import Database
from shared.events.in_memory import InMemoryBus
from shared.ids import Id, encode
from shared.pagination import Page
from shared.settings import Settings
from shared.testing import LiveService, running_service
from shared.tests.sample_service import MINTER
from shared.web import fast_path, pagination, request_body, responses
from shared.web.application import create_service_app
from shared.web.authentication import CurrentUser, OptionalUser, VerifiedUser
from shared.web.idempotency_key import IdempotencyKey
from shared.web.request_body import StrictModel, StrictRequest, StrictRoute

ID = "0037a52d5f400001"
TOKEN = "TOKEN"
"""Stands for a valid token in the headers below. A token made at import may have expired when a test uses it."""
GENERAL = "general"
"""A path below this goes the framework's way, whatever it looks like."""


class Change(StrictModel):
    """A body with a field of each kind."""

    name: str
    number: int
    other: Id | None = None


def _routes(prefix: str, *more: str) -> APIRouter:
    router = APIRouter(prefix=prefix, route_class=StrictRoute, include_in_schema=False)
    methods = ["GET", *more]

    @router.api_route("/of/{thing_id}", methods=methods)
    def listed(thing_id: Id, request: Request, page: pagination.PageQuery, who: OptionalUser) -> Response:
        where = None if who is None else who.subject
        return pagination.page_response(
            request, Page([encode(thing_id), page.limit, page.after, where], (page.limit, "x"))
        )

    @router.api_route("/mine", methods=methods)
    async def mine(request: Request, page: pagination.PageQuery, who: CurrentUser) -> Response:
        return pagination.page_response(request, Page([page.limit, page.after, who.subject], None))

    @router.api_route("/of/{thing_id}/changes", methods=["POST", *more])
    async def change(thing_id: Id, body: Change, request: Request, who: VerifiedUser, key: IdempotencyKey) -> Response:
        again = len(await request.body())
        told = None if key is None else [key.owner, key.name.hex()]
        return responses.ok([encode(thing_id), body.model_dump(), who.subject, told, again])

    @router.api_route("/of/{thing_id}/mark", methods=["PUT", *more])
    def mark(thing_id: Id, who: CurrentUser) -> Response:
        return responses.ok([encode(thing_id), who.subject])

    return router


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveService]:
    """The same routes twice: a route with several methods has no fast path."""
    folder: Path = tmp_path_factory.mktemp("plain")
    settings = Settings(database_url=f"sqlite:///{folder}/none.db", unverified_may_post=False)
    database = Database(settings.database_url)
    routers = [_routes("/plain"), _routes(f"/{GENERAL}", "OPTIONS")]
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


Headers = list[tuple[str, str]]


def ask(
    both: LiveService, which: str, path: str, headers: Headers, method: str = "GET", content: bytes | None = None
) -> tuple[int, object, str | None]:
    tokens = {TOKEN: MINTER.token(7), "UNVERIFIED": MINTER.token(7, email_verified=False)}
    given = [(name.encode(), _with(tokens, value)) for name, value in headers]
    answer = both.client.request(method, f"/{which}{path}", headers=given, content=content)
    body = answer.json()
    for varies in ("request_id", "instance", "next_cursor") if isinstance(body, dict) else ():
        body.pop(varies, None)
    link = answer.headers.get("link")
    return answer.status_code, body, link and link.partition("cursor=")[0].replace(f"/{which}", "")


def _with(tokens: dict[str, str], header: str) -> bytes:
    for name, token in tokens.items():
        header = header.replace(f" {name}", f" {token}")
    return header.encode("latin-1")


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


ME = ("Authorization", f"Bearer {TOKEN}")
UNVERIFIED = ("Authorization", "Bearer UNVERIFIED")
JSON = ("Content-Type", "application/json")
CHANGES = f"/of/{ID}/changes"
VALID = b'{"name": "One", "number": 5}'
PLAIN_WRITES = [
    ("POST", CHANGES, [ME, JSON], VALID),
    ("POST", CHANGES, [ME, ("Content-Type", "Application/JSON; charset=utf-8")], VALID),
    (
        "POST",
        CHANGES,
        [ME, JSON, ("Idempotency-Key", "k 1")],
        b'{"name": "\\u00e9", "number": -1, "other": "%b"}' % ID.encode(),
    ),
    ("POST", CHANGES, [ME, JSON, ("Idempotency-Key", "ключ".encode().decode("latin-1"))], b" " * 5000 + VALID),
    ("PUT", f"/of/{ID}/mark", [ME], None),
    ("PUT", f"/of/{ID}/mark", [ME], b"ignored"),
]
ODD_WRITES = [
    *(
        ("POST", CHANGES, [ME, JSON], body)
        for body in (
            b"",
            b"{",
            b"null",
            b"[]",
            b"{}",
            b'{"name": "One", "number": "5"}',
            b"\xff",
            VALID[:-1],
            VALID * 2,
        )
    ),
    ("POST", CHANGES, [ME, JSON], b'{"name": "One", "number": 5, "number": 5}'),
    ("POST", CHANGES, [ME, JSON], b'{"name": "One", "number": 5, "more": 1}'),
    ("POST", CHANGES, [ME, JSON], b'{"name": "One", "number": 5, "other": "1"}'),
    ("POST", CHANGES, [JSON], b"{"),
    ("POST", CHANGES, [UNVERIFIED, JSON], b"{}"),
    ("POST", CHANGES, [ME, JSON, ("Idempotency-Key", "a"), ("Idempotency-Key", "b")], VALID),
    ("POST", "/of/1/changes", [ME, JSON], VALID),
    ("POST", f"{CHANGES}?limit=5", [ME, JSON], VALID),
    ("POST", CHANGES, [("Authorization", f"bearer {TOKEN}"), JSON], VALID),
    ("POST", CHANGES, [("Authorization", "Bearer a.b.c"), JSON], VALID),
    ("PUT", "/of/1/mark", [], None),
    ("PUT", f"/of/{ID}/mark?colour=red", [ME], None),
]
REFUSED_WRITES = [
    ("POST", CHANGES, [ME], VALID),
    ("POST", CHANGES, [("Content-Type", "text/plain")], VALID),
    ("POST", CHANGES, [ME, JSON, ("Content-Encoding", "gzip")], VALID),
    ("POST", CHANGES, [ME, ("Content-Type", "application/json; charset=latin-1")], VALID),
    ("POST", CHANGES, [ME, JSON], b" " * MAX_JSON_BYTES + VALID),
    ("POST", CHANGES, [("Authorization", f"Bearer {MINTER.token(7, exp=1)}"), JSON], VALID),
    ("POST", CHANGES, [UNVERIFIED, JSON], VALID),
    ("POST", CHANGES, [ME, JSON, ("Idempotency-Key", "a" * 300)], VALID),
    ("POST", CHANGES, [UNVERIFIED, JSON, ("Idempotency-Key", "a" * 300)], VALID),
]
Write = tuple[str, str, Headers, bytes | None]


def status_on_both_ways(both: LiveService, by_framework: list[str], write: Write, *, left_to_framework: bool) -> int:
    """The status of the response, which is the same on both ways."""
    method, path, headers, content = write
    found = ask(both, "plain", path, headers, method, content)
    assert len(by_framework) == left_to_framework
    assert found == ask(both, GENERAL, path, headers, method, content)
    return found[0]


@pytest.mark.parametrize("write", PLAIN_WRITES)
def test_fast_path_response_to_a_write_equals_the_framework_response(
    both: LiveService, by_framework: list[str], write: Write
) -> None:
    assert status_on_both_ways(both, by_framework, write, left_to_framework=False) == 200
    assert by_framework


@pytest.mark.parametrize("write", ODD_WRITES)
def test_other_writes_are_left_to_the_framework_with_their_body(
    both: LiveService, by_framework: list[str], write: Write
) -> None:
    status_on_both_ways(both, by_framework, write, left_to_framework=True)


@pytest.mark.parametrize("write", REFUSED_WRITES)
def test_fast_path_error_of_a_write_equals_the_framework_error(
    both: LiveService, by_framework: list[str], write: Write
) -> None:
    refused = status_on_both_ways(both, by_framework, write, left_to_framework=False)
    assert refused in (400, 401, 403, 413, 415)


def test_route_with_several_methods_answers_each_of_them(both: LiveService, by_framework: list[str]) -> None:
    assert ask(both, GENERAL, CHANGES, [ME, JSON], "POST", VALID)[0] == 200
    assert ask(both, GENERAL, f"/of/{ID}/mark", [ME], "PUT")[0] == 200
    assert len(by_framework) == 2


def test_next_page_uses_the_fast_path(both: LiveService, by_framework: list[str]) -> None:
    first = both.client.get(f"/plain/of/{ID}?limit=3")
    second = both.client.get(first.links["next"]["url"])
    assert second.json()["items"] == [ID, 3, [3, "x"], None]
    assert not by_framework


def test_route_with_another_parameter_type_has_no_fast_path() -> None:
    def coloured(request: Request, colour: str = "") -> Response:
        return Response(colour)

    assert fast_path.handler(coloured) is None
