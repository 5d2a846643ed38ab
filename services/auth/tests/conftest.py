"""An auth service for each test: with a new database, and with cheap password hashes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from services.auth.app import NAME, create_app
from services.auth.events import ANNOUNCES
from services.auth.settings import Settings
from services.auth.subscriptions import HANDLERS
from shared.events.bus import Bus
from shared.testing import LiveService, eventually, running_service
from shared.testing.backends import Backend, Embedded
from shared.testing.smtp_server import MailServer, running_mail_server

from .factories import CALLER_SECRET, Time

MIGRATIONS = Path(__file__).parents[1] / "migrations"


@pytest.fixture
def settings(backend: Backend, tmp_path: Path) -> Settings:
    """With a newly migrated database."""
    return settings_for(backend, tmp_path)


@pytest.fixture
def bus(backend: Backend) -> Bus:
    """The bus of the service."""
    return backend.bus(NAME, HANDLERS, ANNOUNCES)


@pytest.fixture
def auth(settings: Settings, bus: Bus) -> Iterator[LiveService]:
    """The service on a socket."""
    with _served(settings, bus) as service:
        yield service


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    """A mail server that accepts everything."""
    with running_mail_server() as server:
        yield server


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveService]:
    """One embedded service for a whole file: for requests that are refused before they change anything."""
    folder = tmp_path_factory.mktemp("standing")
    backend = Embedded(folder)
    with _served(settings_for(backend, folder), backend.bus(NAME, HANDLERS, ANNOUNCES)) as service:
        yield service


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    """Moves the clock."""
    return Time(monkeypatch)


def settings_for(backend: Backend, folder: Path) -> Settings:
    """With a newly migrated database, and cheap password hashes."""
    return Settings(
        database_url=backend.database(MIGRATIONS),
        storage_url=(folder / "files").as_uri(),
        callers={"social": CALLER_SECRET},
        argon2_memory_kib=8,
        argon2_iterations=1,
    )


@contextmanager
def _served(settings: Settings, bus: Bus) -> Iterator[LiveService]:
    """After its first signing key was created: before that, logins are told to retry."""
    with running_service(create_app(settings, bus)) as service:
        eventually(lambda: service.client.get("/.well-known/jwks.json").status_code == 200)
        yield service
