"""A posts service for each test: with a new database and folder, and a stub of auth."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from services.posts.app import NAME, create_app
from services.posts.events import ANNOUNCES
from services.posts.settings import Settings
from services.posts.subscriptions import HANDLERS
from shared.database.engine import Database
from shared.events.bus import Bus
from shared.testing import FakeTokenIssuer, LiveService, Stub, running_service
from shared.testing.backends import Backend

from .api_client import ApiClients

SECRET_OF_DM = "a secret that dm and posts share"
MIGRATIONS = Path(__file__).parents[1] / "migrations"


@pytest.fixture
def settings(backend: Backend, tmp_path: Path) -> Settings:
    """With a newly migrated database."""
    return Settings(
        database_url=backend.database(MIGRATIONS),
        storage_url=(tmp_path / "files").as_uri(),
        callers={"dm": SecretStr(SECRET_OF_DM)},
        decoders=1,
    )


@pytest.fixture
def auth() -> Stub:
    """A stub of auth without users until the test adds some."""
    return Stub({"/internal/withdrawals": {"items": [], "next": None}})


@pytest.fixture
def bus(backend: Backend) -> Bus:
    """The bus of the service."""
    return backend.bus(NAME, HANDLERS, ANNOUNCES)


@pytest.fixture
def service(settings: Settings, auth: Stub, token_issuer: FakeTokenIssuer, bus: Bus) -> Iterator[LiveService]:
    """The service on a socket."""
    app = create_app(settings, bus, auth.transport)
    app.state.verifier = token_issuer.verifier()
    with running_service(app) as service:
        yield service


@pytest.fixture
def clients(service: LiveService, token_issuer: FakeTokenIssuer, database: Database) -> ApiClients:
    """HTTP clients of the service."""
    return ApiClients(service, token_issuer, database)
