"""The house that most tests of a file share; each uses paths and people of its own."""

from collections.abc import Iterator

import pytest

from .house import House, open_house


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """A gateway with its services."""
    with open_house() as opened:
        yield opened
