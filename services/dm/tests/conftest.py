"""A dm service for each test: on a fresh database and folder of its own, with a stand-in for its other_services."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from services.dm.app import NAME, create_app
from services.dm.events import ANNOUNCES
from services.dm.settings import Settings
from services.dm.signed_urls import UrlSigner
from services.dm.subscriptions import HANDLERS
from shared.database.engine import Database
from shared.events.bus import Bus
from shared.images import ImageProcessor
from shared.testing import FakeTokenIssuer, LiveService, Stub, running_service
from shared.testing.backends import Backend

from .api_client import ApiClient
from .factories import some_people

MIGRATIONS = Path(__file__).parents[1] / "migrations"


@pytest.fixture
def settings(backend: Backend, tmp_path: Path) -> Settings:
    """Of a service on a database that its migrations have just made."""
    return Settings(database_url=backend.database(MIGRATIONS), storage_url=(tmp_path / "files").as_uri())


@pytest.fixture
def url_signer(settings: Settings) -> UrlSigner:
    """Makes the same links as the service."""
    return UrlSigner(settings.key("photo links"))


@pytest.fixture
def other_services() -> Stub:
    """An auth that knows nobody, and a posts that has nothing, until the test says so."""
    return Stub({"/internal/withdrawals": {"items": [], "next": None}})


@pytest.fixture(scope="session")
def image_processor() -> Iterator[ImageProcessor]:
    """One for all tests: its process takes longer to start than a photo to develop."""
    opened = ImageProcessor()
    yield opened
    opened.close()


@pytest.fixture
def bus(backend: Backend) -> Bus:
    """Where the service hears and tells facts."""
    return backend.bus(NAME, HANDLERS, ANNOUNCES)


@pytest.fixture
def dm(
    settings: Settings, other_services: Stub, token_issuer: FakeTokenIssuer, image_processor: ImageProcessor, bus: Bus
) -> Iterator[LiveService]:
    """The service, answering on a socket."""
    app = create_app(settings, bus, other_services.transport)
    app.state.verifier = token_issuer.verifier()
    app.state.dependencies = replace(app.state.dependencies, image_processor=image_processor)
    with running_service(app) as service:
        yield service


@pytest.fixture
def jo(dm: LiveService, token_issuer: FakeTokenIssuer, database: Database) -> ApiClient:
    return ApiClient(dm, token_issuer, *some_people(database, 1))


@pytest.fixture
def max_(dm: LiveService, token_issuer: FakeTokenIssuer, database: Database) -> ApiClient:
    return ApiClient(dm, token_issuer, *some_people(database, 1))


@pytest.fixture
def room(jo: ApiClient, max_: ApiClient) -> str:
    return jo.room_with(max_)
