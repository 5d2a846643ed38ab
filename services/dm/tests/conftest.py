"""A dm service for each test: with a new database and folder, and stubs of the other services."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
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
    """With a newly migrated database."""
    return Settings(database_url=backend.database(MIGRATIONS), storage_url=(tmp_path / "files").as_uri())


@pytest.fixture
def url_signer(settings: Settings) -> UrlSigner:
    """Signs the same URLs as the service."""
    return UrlSigner(settings.key("photo links"))


class OtherServices(Stub):
    """Stubs of auth, without users, and of posts, without posts, until the test adds some; and of social."""

    following = True
    """Whether everybody follows everybody. If nobody does, rooms are requests."""

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/internal/follows/"):
            self.answers[request.url.path] = {"following": self.following}
        return super()._answer(request)


@pytest.fixture
def other_services() -> OtherServices:
    return OtherServices({"/internal/withdrawals": {"items": [], "next": None}})


@pytest.fixture(scope="session")
def image_processor() -> Iterator[ImageProcessor]:
    """One for all tests: starting its process takes longer than processing an image."""
    opened = ImageProcessor()
    yield opened
    opened.close()


@pytest.fixture
def bus(backend: Backend) -> Bus:
    """The bus of the service."""
    return backend.bus(NAME, HANDLERS, ANNOUNCES)


@pytest.fixture
def dm(
    settings: Settings, other_services: Stub, token_issuer: FakeTokenIssuer, image_processor: ImageProcessor, bus: Bus
) -> Iterator[LiveService]:
    """The service on a socket."""
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
