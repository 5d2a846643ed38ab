"""Fixtures for tests of services, whose conftest.py has a fixture `settings`."""

from collections.abc import Iterator
from typing import Protocol

import pytest

from shared.database.engine import Database
from shared.testing.backends import Backend
from shared.testing.tokens import FakeTokenIssuer


class HasDatabase(Protocol):
    """The settings of any service."""

    database_url: str


@pytest.fixture
def database(settings: HasDatabase) -> Iterator[Database]:
    """The database of the service under test."""
    opened = Database(settings.database_url)
    yield opened
    opened.close()


@pytest.fixture
def empty_database(backend: Backend) -> Iterator[Database]:
    """A database without tables."""
    opened = Database(backend.empty(), pool_size=1)
    yield opened
    opened.close()


@pytest.fixture
def token_issuer() -> FakeTokenIssuer:
    """Issues the tokens of requests."""
    return FakeTokenIssuer()
