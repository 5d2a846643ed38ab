"""The service made of nothing but the plumbing, answering on a socket."""

from collections.abc import Iterator

import pytest

from shared.database.engine import Database
from shared.testing import LiveService, running_service
from shared.tests.sample_service import service


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveService]:
    """One for a whole file: each test minds its own things."""
    with running_service(service(tmp_path_factory.mktemp("service"))) as found:
        yield found


@pytest.fixture
def database(standing: LiveService) -> Database:
    """Its database."""
    found: Database = standing.app.state.database
    return found
