"""wrk sends each request once, in order, for a number of responses; skipped if wrk is not installed."""

import shutil

import pytest

from bench.load.requests import Request
from bench.load.wrk import Invalid, burst

from .stub_server import answering

pytestmark = pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")
CONNECTIONS = 4


def test_load_stops_after_the_requested_number_of_responses() -> None:
    requests = [Request("GET", f"/{number}", "t") for number in range(120)]
    with answering() as server:
        found = burst(server.port, requests, CONNECTIONS, 100)
    assert 100 <= found.answers < 100 + CONNECTIONS
    assert len(server.asked) == len(set(server.asked))


def test_error_response_invalidates_the_run() -> None:
    requests = [Request("GET", "/busy", "t")]
    with answering() as server, pytest.raises(Invalid, match="refusals"):
        burst(server.port, requests, CONNECTIONS, 20)
