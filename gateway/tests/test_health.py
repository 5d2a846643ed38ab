"""What the gateway says about itself."""

import httpx
import pytest

from shared.testing.waiting import eventually

from .gateway_server import live_gateway
from .stub_services import NAMES, StubServices


@pytest.fixture(autouse=True)
def look_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.health.CACHE_SECONDS", -1.0)


def states(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["status"]


def test_it_is_up_whatever_is_behind_it() -> None:
    with live_gateway(StubServices(not_ready=set(NAMES), revocations=None)) as live:
        answer = live.web.get("/healthz")
        assert (answer.status_code, answer.json()) == (200, {"status": "up"})
        assert answer.headers["cache-control"] == "no-store"


def test_it_is_ready_when_every_service_has_been_ready_once() -> None:
    with live_gateway(StubServices(not_ready={"dm"})) as live:
        answer = live.web.get("/readyz")
        assert states(answer) == (503, "starting")
        assert "retry-after" in answer.headers
        assert answer.json()["upstreams"] == {"auth": "up", "social": "up", "posts": "up", "dm": "not ready"}
        live.services.not_ready = set()
        assert states(live.web.get("/readyz")) == (200, "ready")


def test_one_service_that_goes_away_does_not_take_the_door_away_from_the_others() -> None:
    with live_gateway() as live:
        eventually(lambda: states(live.web.get("/readyz")) == (200, "ready"))
        live.services.not_ready = {"posts"}
        answer = live.web.get("/readyz")
        assert states(answer) == (200, "degraded")
        assert answer.json()["upstreams"]["posts"] == "not ready"
        live.services.not_ready = set(NAMES)
        assert states(live.web.get("/readyz")) == (503, "down")


def test_it_is_not_ready_before_it_knows_whom_not_to_let_in() -> None:
    with live_gateway(StubServices(revocations=None)) as live:
        answer = live.web.get("/readyz")
        assert states(answer) == (503, "starting")
        assert answer.json()["revocations"] == "unknown"


def test_a_service_that_cannot_be_reached_is_down() -> None:
    with live_gateway(dm_url="http://127.0.0.1:1") as live:
        assert live.web.get("/readyz").json()["upstreams"]["dm"] == "down"


def test_when_it_drains_it_is_not_ready_and_still_serves() -> None:
    with live_gateway() as live:
        live.gateway.drain()
        assert states(live.web.get("/readyz")) == (503, "draining")
        assert live.web.get("/api/v1/posts").status_code == 200


def test_however_many_ask_the_services_are_asked_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.health.CACHE_SECONDS", 60.0)
    with live_gateway() as live:
        for _ in range(20):
            live.web.get("/readyz")
        assert len(live.services.probes) == len(NAMES)
