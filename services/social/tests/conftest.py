"""A social service for each test: on a fresh database of its own, with a stand-in for auth."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.social.app import create_app
from services.social.settings import Settings
from shared.database import Database
from shared.events.in_process import InProcessBus
from shared.testing import Minter, Running, Stub, migrated, running

MIGRATIONS = Path(__file__).parents[1] / "migrations"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of a service on a database that its migrations have just made."""
    return Settings(database_url=migrated(MIGRATIONS, tmp_path / "social.db"))


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
def social(settings: Settings, auth: Stub, minter: Minter) -> Iterator[Running]:
    """The service, answering on a socket."""
    app = create_app(settings, InProcessBus(lambda _: 0), auth.transport)
    app.state.verifier = minter.verifier()
    with running(app) as service:
        yield service
