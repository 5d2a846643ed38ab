"""A separate instance, whose signing key the tests have."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from deploy.tests import identities
from deploy.tests.journeys.person import API, Person
from deploy.tests.standalone_process import CHEAP_HASHES, ForkedStandalone
from services.auth.actions import keys
from services.auth.settings import Settings
from services.auth.tokens import SIGNING_KEYS, KeyCipher
from shared.database.engine import Database
from shared.testing.waiting import WAIT_SECONDS
from shared.tests.forged_tokens import Forger

from . import sample_data as scenes
from .requests import REQUESTS, is_neutral
from .sample_data import Scene
from .table import Expected


@dataclass
class RunningGateway:
    """A running instance and its signing key, as after a theft."""

    web: httpx.Client
    forger: Forger
    withdrawn: str
    """The token of a user who has withdrawn."""
    superseded: str
    """A token from before its owner changed the password on another device."""

    def ask(self, expected: Expected, scene: Scene, who: Person, token: str | None) -> httpx.Response:
        """The one valid request of the route, with this token or none."""
        request = REQUESTS[str(expected)](scene, who)
        path = request.pop("path", {})
        url = request.pop("url", None) or API + expected.path.format(**path)
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        return self.web.request(expected.method, url, headers=headers, **request)

    def bad_tokens(self, owner: Person) -> dict[str, str]:
        """One invalid token of each kind, as close to a valid one as possible."""
        return {
            "expired": self.forger.token(sub=owner.id, iat=1_000_000_000, exp=1_000_000_600),
            "forged": scenes.forged(self.forger.kid, owner.id),
            "withdrawn": self.withdrawn,
            "logged out": scenes.logged_out(owner),
            "superseded": self.superseded,
        }


@pytest.fixture(scope="package")
def running_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """It serves all tests of this folder."""
    data = tmp_path_factory.mktemp("authorization") / "data"
    with (
        ForkedStandalone(data, settings=CHEAP_HASHES | identities.settings()).served() as standalone,
        httpx.Client(base_url=standalone.base_url, timeout=WAIT_SECONDS) as web,
    ):
        yield RunningGateway(web, _forger(data), scenes.withdrawn(web), scenes.superseded(web))


def _forger(data: Path) -> Forger:
    settings = Settings(
        database_url=f"sqlite:///{data / 'auth.db'}", secret=json.loads((data / "secrets.json").read_text())["auth"]
    )
    database = Database(settings.database_url, pool_size=1)
    (key,) = database.write(keys.load_or_create_keys, KeyCipher(settings.key(SIGNING_KEYS)))
    database.close()
    return Forger(key.private, key.kid)


@pytest.fixture(scope="package")
def unchanged_scene(running_gateway: RunningGateway) -> Scene:
    """For all requests that change nothing in it."""
    made = Scene.made(running_gateway.web)
    made.ask_for_export()
    return made


@pytest.fixture
def scene(running_gateway: RunningGateway, expected: Expected, request: pytest.FixtureRequest) -> Scene:
    """For one test only, if its request changes it."""
    if is_neutral(expected):
        unchanged: Scene = request.getfixturevalue("unchanged_scene")
        unchanged.owner.keep_fresh()
        return unchanged
    own = Scene.made(running_gateway.web)
    if expected.path.endswith("/export"):
        own.ask_for_export()
    return own
