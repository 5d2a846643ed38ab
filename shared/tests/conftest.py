"""A sample service that uses only shared code, on a real socket."""

from collections.abc import Iterator

import pytest

from shared.database.engine import Database
from shared.testing import LiveService, running_service
from shared.tests.sample_service import service


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveService]:
    """One sample service for all tests of a file; each test uses its own data."""
    with running_service(service(tmp_path_factory.mktemp("service"))) as found:
        yield found


@pytest.fixture
def database(standing: LiveService) -> Database:
    """Its database."""
    found: Database = standing.app.state.database
    return found
