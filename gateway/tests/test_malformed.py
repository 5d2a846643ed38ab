"""Malformed and ambiguous requests are refused, and no service receives them."""

from collections.abc import Iterator

import pytest

from shared.testing.malformed import CASES, Case
from shared.testing.raw_http import Reaction, gateway_faults, send_raw
from shared.testing.waiting import eventually

from .gateway_server import LiveGateway, live_gateway

LOGIN = "/api/v1/auth/login"


@pytest.fixture(scope="module")
def live() -> Iterator[LiveGateway]:
    """A gateway with a short timeout for bodies."""
    with live_gateway(body_seconds=0.3) as opened:
        yield opened


@pytest.fixture(scope="module")
def reactions(live: LiveGateway) -> dict[str, Reaction]:
    """The reactions of the gateway to each case."""
    return dict(zip([case.name for case in CASES], send_raw(live.port, CASES, LOGIN), strict=True))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_malformed_request_is_handled_safely(reactions: dict[str, Reaction], case: Case) -> None:
    assert gateway_faults(case, reactions[case.name]) == [], reactions[case.name]


@pytest.mark.usefixtures("reactions")
def test_no_smuggled_request_reaches_a_service(live: LiveGateway) -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 60
    targets = {asked.target for asked in live.services.asked}
    assert targets <= {LOGIN}, targets
    assert not any(b"smuggled" in asked.body for asked in live.services.asked)
    assert live.web.get("/healthz").status_code == 200
    eventually(lambda: live.web.post(LOGIN, content=b"{}").status_code == 200)
