"""wrk sends the requests in their order, each once, until so many are answered; it is left out where wrk is not."""

import shutil

import pytest

from bench.load.requests import Request
from bench.load.wrk import Invalid, burst

from .stub_server import answering

pytestmark = pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")
CONNECTIONS = 4


def test_it_stops_after_as_many_answers_as_are_wanted() -> None:
    requests = [Request("GET", f"/{number}", "t") for number in range(120)]
    with answering() as server:
        found = burst(server.port, requests, CONNECTIONS, 100)
    assert 100 <= found.answers < 100 + CONNECTIONS
    assert len(server.asked) == len(set(server.asked))


def test_a_refusal_makes_the_run_invalid() -> None:
    requests = [Request("GET", "/busy", "t")]
    with answering() as server, pytest.raises(Invalid, match="refusals"):
        burst(server.port, requests, CONNECTIONS, 20)
