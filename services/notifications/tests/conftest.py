"""A notifications service for each test: with a new database, and a stub of auth, social and posts."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from services.notifications.app import NAME, create_app
from services.notifications.events import ANNOUNCES
from services.notifications.settings import Settings
from services.notifications.subscriptions import HANDLERS
from shared.database.engine import Database
from shared.events.bus import Bus
from shared.testing import FakeTokenIssuer, LiveService, Stub, running_service
from shared.testing.backends import Backend

from .factories import some_people

MIGRATIONS = Path(__file__).parents[1] / "migrations"


@pytest.fixture
def settings(backend: Backend) -> Settings:
    """With a newly migrated database."""
    return Settings(database_url=backend.database(MIGRATIONS))


@pytest.fixture
def others() -> Stub:
    """A stub of the other services, without users and posts until the test adds some."""
    empty: dict[str, object] = {"items": [], "next": None}
    return Stub(dict.fromkeys(("/internal/withdrawals", "/internal/suspensions", "/internal/restrictions"), empty))


@pytest.fixture
def bus(backend: Backend) -> Bus:
    """The bus of the service."""
    return backend.bus(NAME, HANDLERS, ANNOUNCES)


@pytest.fixture
def service(settings: Settings, others: Stub, token_issuer: FakeTokenIssuer, bus: Bus) -> Iterator[LiveService]:
    """The service on a socket."""
    app = create_app(settings, bus, others.transport)
    app.state.verifier = token_issuer.verifier()
    with running_service(app) as running:
        yield running


@pytest.fixture
def me(database: Database) -> int:
    """A user."""
    return some_people(database, 1)[0]


@pytest.fixture
def client(service: LiveService, token_issuer: FakeTokenIssuer, me: int) -> httpx.Client:
    """Of the user."""
    service.client.headers.update(token_issuer.bearer(me))
    return service.client
