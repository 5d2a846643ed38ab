"""A social service for each test: with a new database, and a stub of auth."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.social.app import NAME, create_app
from services.social.events import ANNOUNCES
from services.social.settings import Settings
from services.social.subscriptions import HANDLERS
from shared.events.bus import Bus
from shared.testing import FakeTokenIssuer, LiveService, Stub, running_service
from shared.testing.backends import Backend

MIGRATIONS = Path(__file__).parents[1] / "migrations"


@pytest.fixture
def settings(backend: Backend) -> Settings:
    """With a newly migrated database."""
    return Settings(database_url=backend.database(MIGRATIONS))


@pytest.fixture
def auth() -> Stub:
    """A stub of auth without users until the test adds some."""
    return Stub({"/internal/withdrawals": {"items": [], "next": None}})


@pytest.fixture
def bus(backend: Backend) -> Bus:
    """The bus of the service."""
    return backend.bus(NAME, HANDLERS, ANNOUNCES)


@pytest.fixture
def social(settings: Settings, auth: Stub, token_issuer: FakeTokenIssuer, bus: Bus) -> Iterator[LiveService]:
    """The service on a socket."""
    app = create_app(settings, bus, auth.transport)
    app.state.verifier = token_issuer.verifier()
    with running_service(app) as service:
        yield service
