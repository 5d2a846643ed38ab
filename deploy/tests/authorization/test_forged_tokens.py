"""Forged tokens of every kind, on every route that verifies tokens, at the gateway and at the services."""

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
import services.notifications.app
import services.notifications.settings
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
    "notifications": services.notifications,
}
ANYTHING = {
    name: ids.encode(7) for name in ("id", "message_id", "media_id", "name", "nickname", "provider", "rendition", "tag")
}
FEWEST = 60
LONGEST = 15_000
TAKEN = {"social": "/relations?user_ids=", "posts": "/posts", "dm": "/rooms", "notifications": "/notifications"}
"""Routes that accept any valid token. Auth also requires an existing session."""


def sendable(forger: Forger) -> dict[str, str]:
    """Forgeries that fit into a header; the others are tested with the verifier in shared/tests."""
    return {
        name: token
        for name, token in forgeries(forger)
        if token.isascii() and token.isprintable() and token.strip() == token != "" and len(token) < LONGEST
    }


def let_in(client: httpx.Client, routes: Sequence[Route], tokens: Mapping[str, str]) -> Iterator[str]:
    """Responses that differ from the expected refusal.

    Each route is tested with every eighth forgery, starting with another one than the previous route: one verifier
    serves all routes, so these samples cover as much as all combinations.
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


def test_gateway_rejects_every_forged_token_at_every_route(running_gateway: RunningGateway) -> None:
    tokens = sendable(running_gateway.forger)
    assert len(tokens) > FEWEST
    assert list(let_in(running_gateway.web, LOOKED_AT, tokens)) == []


def test_valid_token_written_with_the_same_key_is_accepted(running_gateway: RunningGateway) -> None:
    """Otherwise every forgery would be refused for the wrong reason."""
    good = running_gateway.forger.token()
    assert running_gateway.web.get(f"{API}/posts", headers={"authorization": f"Bearer {good}"}).status_code == 200


def test_expired_access_token_gets_401_and_can_be_refreshed(running_gateway: RunningGateway) -> None:
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
    """Only this service, called without the gateway."""
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
def test_services_reject_forged_tokens_without_the_gateway(name: str, tmp_path: Path) -> None:
    token_issuer = FakeTokenIssuer()
    tokens = sendable(Forger(token_issuer.key, token_issuer.kid))
    with served(name, tmp_path, token_issuer) as client:
        routes = [route for route in LOOKED_AT if route.upstream == name]
        assert list(let_in(client, routes, tokens)) == []
        if name in TAKEN:
            assert client.get(f"{API}{TAKEN[name]}", headers=token_issuer.bearer(7)).status_code != 401
