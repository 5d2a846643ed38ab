"""Forged tokens of every kind, and every route that looks at one: at the gateway, and at the services behind it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from fastapi import FastAPI

import services.auth.app
import services.auth.settings
import services.dm.app
import services.dm.settings
import services.posts.app
import services.posts.settings
import services.social.app
import services.social.settings
from deploy.tests.journeys.person import API, Person
from deploy.tests.journeys.responses import answer, shown, unauthorized
from gateway.routes import PUBLIC, ROUTES, UPLOAD, Route
from shared import ids
from shared.database import migrations
from shared.database.engine import Database
from shared.events.in_memory import InMemoryBus
from shared.testing import FakeTokenIssuer, running_service
from shared.tests.forged_tokens import Forger, forgeries

from .conftest import RunningGateway

PACKAGES: Mapping[str, Any] = {
    "auth": services.auth,
    "social": services.social,
    "posts": services.posts,
    "dm": services.dm,
}
ANYTHING = {name: ids.encode(7) for name in ("id", "message_id", "media_id", "name", "rendition")}
FEWEST = 60
LONGEST = 15_000
TAKEN = {"social": "/relations?user_ids=", "posts": "/posts", "dm": "/rooms"}
"""What a good token of anybody is enough for. Auth wants a login that it knows, too."""


def sendable(forger: Forger) -> dict[str, str]:
    """Forgeries that fit into a header; the others are shown to the verifier itself in shared/tests."""
    return {
        name: token
        for name, token in forgeries(forger)
        if token.isascii() and token.isprintable() and token.strip() == token != "" and len(token) < LONGEST
    }


def let_in(client: httpx.Client, routes: Sequence[Route], tokens: Mapping[str, str]) -> Iterator[str]:
    """Whatever is answered in another way than a bad token should be.

    Each route is asked with every eighth forgery, beginning with another one than the route before: one verifier
    serves all routes, so each forgery at a few of them and a few forgeries at each tell as much as all at all.
    """
    stride = max(1, min(8, len(routes) // 2))
    for number, route in enumerate(routes):
        for name, token in list(tokens.items())[number % stride :: stride]:
            target = route.pattern.format(**ANYTHING)
            files = {"file": ("a.png", b"no picture")} if route.body is UPLOAD else None
            response = client.request(route.method, target, headers={"authorization": f"Bearer {token}"}, files=files)
            challenge = response.headers.get("www-authenticate")
            if response.status_code != 401 or challenge != 'Bearer error="invalid_token"':
                yield f"{name}: {shown(response)}"


LOOKED_AT = [route for route in ROUTES if route.access is not PUBLIC]


def test_the_gateway_takes_no_forgery_at_any_route(running_gateway: RunningGateway) -> None:
    tokens = sendable(running_gateway.forger)
    assert len(tokens) > FEWEST
    assert list(let_in(running_gateway.web, LOOKED_AT, tokens)) == []


def test_the_same_key_can_write_a_token_that_is_taken(running_gateway: RunningGateway) -> None:
    """Else every forgery would be refused for nothing."""
    good = running_gateway.forger.token()
    assert running_gateway.web.get(f"{API}/posts", headers={"authorization": f"Bearer {good}"}).status_code == 200


def test_an_expired_access_token_gets_401_and_the_refresh_token_helps(running_gateway: RunningGateway) -> None:
    person = Person.newcomer(running_gateway.web)
    session = jwt.decode(person.access_token, options={"verify_signature": False})["sid"]
    fresh = person.access_token
    person.access_token = running_gateway.forger.token(sub=person.id, sid=session, iat=1_000_000_000, exp=1_000_000_600)
    unauthorized(person.account())
    answer(person.refresh())
    assert person.access_token != fresh
    assert answer(person.account())["id"] == person.id


@contextmanager
def served(name: str, folder: Path, token_issuer: FakeTokenIssuer) -> Iterator[httpx.Client]:
    """This service alone, reached past the gateway."""
    url = f"sqlite:///{folder / name}.db"
    database = Database(url, pool_size=1)
    migrations.upgrade(database, Path(PACKAGES[name].__path__[0]) / "migrations")
    database.close()
    settings = PACKAGES[name].settings.Settings(database_url=url, storage_url=(folder / "files").as_uri(), decoders=1)
    app: FastAPI = PACKAGES[name].app.create_app(settings, InMemoryBus())
    app.state.verifier = token_issuer.verifier()
    with running_service(app) as service:
        yield service.client


@pytest.mark.parametrize("name", PACKAGES)
def test_a_service_that_is_reached_past_the_gateway_takes_none_either(name: str, tmp_path: Path) -> None:
    token_issuer = FakeTokenIssuer()
    tokens = sendable(Forger(token_issuer.key, token_issuer.kid))
    with served(name, tmp_path, token_issuer) as client:
        routes = [route for route in LOOKED_AT if route.upstream == name]
        assert list(let_in(client, routes, tokens)) == []
        if name in TAKEN:
            assert client.get(f"{API}{TAKEN[name]}", headers=token_issuer.bearer(7)).status_code != 401
