"""The gateway that most tests of a file share; each test uses its own paths and users."""

from collections.abc import Iterator

import pytest

from .gateway_server import LiveGateway, live_gateway


@pytest.fixture(scope="module")
def live() -> Iterator[LiveGateway]:
    """A gateway with stub services."""
    with live_gateway() as opened:
        yield opened
