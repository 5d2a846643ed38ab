"""The instance that the tests speak to: the one that BASE_URL names, else one that is started here."""

import os
from collections.abc import Iterator

import pytest

from deploy.tests.running import CHEAP_HASHES, Standalone


@pytest.fixture(scope="session")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the gateway listens. An instance started here has to end cleanly as well."""
    given = os.environ.get("BASE_URL")
    if given:
        yield given.rstrip("/")
        return
    with Standalone(tmp_path_factory.mktemp("journeys") / "data", settings=CHEAP_HASHES).served() as standalone:
        yield standalone.base_url
