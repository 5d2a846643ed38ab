"""Traces of a real standalone process: one follows a withdrawal through all services; a receiver costs no request."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from deploy.tests.journeys.person import API, Person
from deploy.tests.standalone_process import CHEAP_HASHES, ForkedStandalone, Standalone
from deploy.tests.withdrawal_trace import withdrawal_is_complete
from shared.service_list import PURGE_REPORTERS
from shared.testing import eventually
from shared.testing.trace_receiver import TraceReceiver, trace_receiver
from shared.testing.waiting import WAIT_SECONDS

SMALL_QUEUE = {"OTEL_BSP_MAX_QUEUE_SIZE": "8", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "8", "OTEL_BSP_SCHEDULE_DELAY": "100"}


@contextmanager
def client_of(data: Path, settings: dict[str, str]) -> Iterator[tuple[Standalone, httpx.Client]]:
    """A standalone with these settings, and a client of it."""
    with (
        ForkedStandalone(data, settings={**CHEAP_HASHES, "LOG_LEVEL": "info", **settings}).served() as served,
        httpx.Client(base_url=served.base_url, timeout=WAIT_SECONDS) as web,
    ):
        yield served, web


def test_one_trace_follows_a_withdrawal_through_all_services(tmp_path: Path) -> None:
    with (
        trace_receiver() as receiver,
        client_of(tmp_path / "data", {"ENVIRONMENT": "production", **receiver.settings}) as (standalone, web),
    ):
        assert Person.newcomer(web).withdraw().status_code < 300
        eventually(lambda: withdrawal_is_complete(receiver))
        (first,) = receiver.named("gateway", f"POST {API}/users/me/deletion")
        trace = receiver.trace(first.trace_id)
        assert not [each for each in trace if each.failed]
        lines = [json.loads(line) for line in standalone.printed().splitlines() if line.startswith("{")]
    ours = [line for line in lines if line.get("trace_id") == first.trace_id and line["event"] == "request"]
    assert {line["service"] for line in ours} == {"gateway", "auth"}
    assert {line["request_id"] for line in ours} == {first.attributes["request_id"]}
    statements = [each for each in trace if "db.query.text" in each.attributes]
    assert {each.service for each in statements} == {"auth", *PURGE_REPORTERS}


@pytest.mark.parametrize("backlog", ["away", "hanging"])
def test_receiver_that_is_away_or_hangs_costs_no_request(tmp_path: Path, backlog: str) -> None:
    with socket.socket() as listener:  # it never accepts: connections are established by the kernel, and hang
        listener.bind(("127.0.0.1", 0))
        if backlog == "hanging":
            listener.listen(64)
        settings = TraceReceiver(listener.getsockname()[1]).settings | SMALL_QUEUE
        with client_of(tmp_path / "data", settings) as (_, web):
            person = Person.newcomer(web)
            for _ in range(20):  # far more spans than the queue holds
                assert person.send("GET", "/feed").status_code == 200
            assert person.withdraw().status_code < 300
            eventually(lambda: person.log_in().status_code == 401)


def test_with_a_ratio_of_zero_nothing_is_sent(tmp_path: Path) -> None:
    nothing = {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0"}
    asked = f"00-{'1' * 32}-{'2' * 16}-01"
    with trace_receiver() as receiver:
        with client_of(tmp_path / "data", receiver.settings | nothing) as (standalone, web):
            person = Person.newcomer(web)
            assert person.send("GET", "/feed", headers={"traceparent": asked}).status_code == 200
            assert person.withdraw().status_code < 300
        assert receiver.bodies == [], "at its end, it sends what it has"
        assert "trace_id" not in standalone.printed()
