"""The gateway that most tests of a file share; each test uses its own paths and users."""

from collections.abc import Iterator

import pytest

from . import gateway_server
from .gateway_server import LiveGateway, live_gateway


@pytest.fixture(scope="module", autouse=True)
def calls_applications(request: pytest.FixtureRequest) -> Iterator[None]:
    """Set by BOTH_WAYS."""
    gateway_server.calls_applications = getattr(request, "param", False)
    yield
    gateway_server.calls_applications = False


@pytest.fixture(scope="module")
def live(calls_applications: None) -> Iterator[LiveGateway]:
    """A gateway with stub services."""
    with live_gateway() as opened:
        yield opened
