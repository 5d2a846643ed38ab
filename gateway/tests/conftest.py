"""The live that most tests of a file share; each uses paths and people of its own."""

from collections.abc import Iterator

import pytest

from .gateway_server import LiveGateway, live_gateway


@pytest.fixture(scope="module")
def live() -> Iterator[LiveGateway]:
    """A gateway with its services."""
    with live_gateway() as opened:
        yield opened
