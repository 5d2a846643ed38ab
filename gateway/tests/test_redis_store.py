"""Replicas of the gateway that count together, and what they do while Redis is unavailable."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import pytest
from prometheus_client import REGISTRY

from gateway.circuit_breaker import OPEN_SECONDS
from gateway.rate_limit import redis_store
from gateway.rate_limit.rate_limits import parse_rate_limit
from shared.security.access_tokens import LOGIN_LIMITED_HEADER
from shared.testing.docker import signal_container
from shared.testing.waiting import WAIT_SECONDS, eventually
from shared.testing.xdist_shared import Started

from .gateway_server import LiveGateway, live_gateway, live_gateway_alone
from .stub_services import answering

POSTS = "/api/v1/posts"
LOGIN = "/api/v1/auth/login"


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gateway counts alone at once if the store is late, which a slow machine always is."""
    monkeypatch.setattr(redis_store, "TIMEOUT_SECONDS", WAIT_SECONDS)


@contextmanager
def replicas(url: str, **changed: Any) -> Iterator[tuple[LiveGateway, LiveGateway]]:
    """Two replicas in front of the same services."""
    with ExitStack() as stack:
        first = stack.enter_context(live_gateway(rate_limit_url=url, **changed))
        second = stack.enter_context(live_gateway_alone(first.services, rate_limit_url=url, **changed))
        eventually(lambda: second.web.get("/readyz").json()["revocations"] == "loaded")
        yield first, second


def look(live: LiveGateway) -> int:
    return live.web.get(POSTS).status_code


def is_limited(live: LiveGateway) -> bool:
    """Whether auth is told that the address of this login may only log in to accounts that know it."""
    live.web.post(LOGIN, json={})
    return bool(live.services.at(LOGIN)[-1].all(LOGIN_LIMITED_HEADER))


def alone() -> float:
    """How often a replica has counted locally although Redis was available."""
    return REGISTRY.get_sample_value("rate_counted_alone_total") or 0.0


@pytest.mark.containers
def test_replicas_share_limits(valkey: Started) -> None:
    with replicas(valkey["url"], rate_anonymous="6/day") as (first, second):
        before = alone()
        assert [look(live) for _ in range(3) for live in (first, second)] == [200] * 6
        assert [look(first), look(second)] == [429, 429]
        assert first.web.get(POSTS, headers=first.token_issuer.bearer(1)).status_code == 200
        assert alone() == before


@pytest.mark.containers
def test_each_replica_exceeds_a_high_limit_by_at_most_one_batch(valkey: Started) -> None:
    with replicas(valkey["url"], rate_anonymous="100/day") as (first, second):
        served = [look(live) for _ in range(60) for live in (first, second)].count(200)
        assert 100 <= served <= 100 + 2 * parse_rate_limit("anonymous", "100/day").batch_size


@pytest.mark.containers
def test_replicas_share_wrong_password_counts(valkey: Started) -> None:
    with replicas(valkey["url"], rate_passwords="4/day") as (first, second):
        first.services.behaviours[LOGIN] = answering(401)
        tried = [live.web.post(LOGIN, json={}).status_code for live in (first, first, second, second)]
        assert tried == [401] * 4
        for live in (first, second):
            eventually(partial(is_limited, live))


@pytest.mark.containers
def test_limited_client_causes_no_further_redis_calls(valkey: Started) -> None:
    with live_gateway(rate_limit_url=valkey["url"], rate_anonymous="2/day") as live:
        assert [look(live) for _ in range(3)] == [200, 200, 429]
        signal_container(valkey, "kill")
        before = alone()
        assert [look(live) for _ in range(20)] == [429] * 20
        assert alone() == before, "it was not asked"


@pytest.mark.containers
@pytest.mark.parametrize("end", ["kill", "pause"])
def test_replicas_count_locally_from_the_last_known_count_without_redis(
    valkey: Started, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with replicas(valkey["url"], rate_anonymous="20/day") as (first, second):
        assert [look(live) for _ in range(5) for live in (first, second)] == [200] * 10
        before = alone()
        signal_container(valkey, end)
        monkeypatch.setattr(redis_store, "TIMEOUT_SECONDS", 0.1)
        assert [look(first) for _ in range(11)] == [200] * 11, "it had heard of nine"
        assert [look(first), look(second)] == [429, 200]
        assert alone() == before + 12


@pytest.mark.containers
def test_redis_is_used_again_after_it_returns(valkey: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.rate_limit.rate_limits.BATCHES_PER_LIMIT", 1000)
    with replicas(valkey["url"], rate_anonymous="1000/day") as (first, second):
        look(first)
        signal_container(valkey, "pause")
        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(redis_store, "TIMEOUT_SECONDS", 0.1)
            for _ in range(12):
                assert look(first) == 200
        signal_container(valkey, "unpause")

        def is_counted_together() -> bool:
            for live in (first, second):
                live.loop.shift(OPEN_SECONDS)
            before = int(second.web.get(POSTS).headers["x-ratelimit-remaining"])
            look(first)
            return int(second.web.get(POSTS).headers["x-ratelimit-remaining"]) == before - 2

        eventually(is_counted_together)


def test_requests_are_served_when_redis_was_never_available() -> None:
    with live_gateway(rate_limit_url="redis://127.0.0.1:1", rate_anonymous="3/day") as live:
        before = alone()
        assert [look(live) for _ in range(4)] == [200, 200, 200, 429]
        assert alone() == before + 3
        assert live.web.get("/readyz").status_code == 200
