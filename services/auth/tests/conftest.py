"""An auth service for each test: on a fresh database of its own, with passwords that cost little."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from services.auth.app import create_app
from services.auth.settings import Settings
from shared.database import Database
from shared.events.in_process import InProcessBus
from shared.testing import Running, eventually, migrated, running

from .world import CALLER_SECRET, Time

MIGRATIONS = Path(__file__).parents[1] / "migrations"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of a service on a database that its migrations have just made."""
    return _settings(tmp_path)


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    """The same database, to look into and to act on."""
    opened = Database(settings.database_url)
    yield opened
    opened.close()


@pytest.fixture
def auth(settings: Settings) -> Iterator[Running]:
    """The service, answering on a socket."""
    with _served(settings) as service:
        yield service


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One service for a whole file: for requests that change nothing."""
    with _served(_settings(tmp_path_factory.mktemp("standing"))) as service:
        yield service


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    """Lets time pass at once."""
    return Time(monkeypatch)


def _settings(folder: Path) -> Settings:
    return Settings(
        database_url=migrated(MIGRATIONS, folder / "auth.db"),
        storage_url=(folder / "files").as_uri(),
        callers={"social": CALLER_SECRET},
        argon2_memory_kib=8,
        argon2_iterations=1,
    )


@contextmanager
def _served(settings: Settings) -> Iterator[Running]:
    """With its first signing key made: before that, whoever logs in is told to come again."""
    with running(create_app(settings, InProcessBus(lambda _: 0))) as service:
        eventually(lambda: service.client.get("/.well-known/jwks.json").status_code == 200)
        yield service
