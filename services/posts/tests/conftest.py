"""A posts service for each test: on a fresh database and folder of its own, with a stand-in for auth."""

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
from shared.testing import Minter, Running, Stub, running_service
from shared.testing.backends import Home

from .api_client import Crowd

SECRET_OF_DM = "a secret that dm and posts share"
MIGRATIONS = Path(__file__).parents[1] / "migrations"


@pytest.fixture
def settings(home: Home, tmp_path: Path) -> Settings:
    """Of a service on a database that its migrations have just made."""
    return Settings(
        database_url=home.database(MIGRATIONS),
        storage_url=(tmp_path / "files").as_uri(),
        callers={"dm": SecretStr(SECRET_OF_DM)},
        decoders=1,
    )


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    """The same database, to look into."""
    opened = Database(settings.database_url)
    yield opened
    opened.close()


@pytest.fixture
def auth() -> Stub:
    """An auth that knows nobody until the test says so."""
    return Stub({"/internal/withdrawals": {"items": [], "next": None}})


@pytest.fixture
def minter() -> Minter:
    """Makes the tokens of those who ask."""
    return Minter()


@pytest.fixture
def bus(home: Home) -> Bus:
    """Where the service hears and tells facts."""
    return home.bus(NAME, HANDLERS, ANNOUNCES)


@pytest.fixture
def service(settings: Settings, auth: Stub, minter: Minter, bus: Bus) -> Iterator[Running]:
    """The service, answering on a socket."""
    app = create_app(settings, bus, auth.transport)
    app.state.verifier = minter.verifier()
    with running_service(app) as service:
        yield service


@pytest.fixture
def crowd(service: Running, minter: Minter, database: Database) -> Crowd:
    """The people at its door."""
    return Crowd(service, minter, database)
