"""Health and readiness of the gateway."""

import httpx
import pytest

from shared.testing.waiting import eventually

from .gateway_server import BOTH_WAYS, live_gateway
from .stub_services import NAMES, StubServices


@pytest.fixture(autouse=True)
def look_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.health.CACHE_SECONDS", -1.0)


def states(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["status"]


def test_health_does_not_depend_on_services() -> None:
    with live_gateway(StubServices(not_ready=set(NAMES), revocations=None)) as live:
        answer = live.web.get("/healthz")
        assert (answer.status_code, answer.json()) == (200, {"status": "up"})
        assert answer.headers["cache-control"] == "no-store"


@BOTH_WAYS
def test_ready_after_every_service_was_ready_once() -> None:
    with live_gateway(StubServices(not_ready={"dm"})) as live:
        answer = live.web.get("/readyz")
        assert states(answer) == (503, "starting")
        assert "retry-after" in answer.headers
        assert answer.json()["upstreams"] == {
            "auth": "up",
            "social": "up",
            "posts": "up",
            "dm": "not ready",
            "notifications": "up",
        }
        live.services.not_ready = set()
        assert states(live.web.get("/readyz")) == (200, "ready")


def test_one_unavailable_service_keeps_the_gateway_ready() -> None:
    with live_gateway() as live:
        eventually(lambda: states(live.web.get("/readyz")) == (200, "ready"))
        live.services.not_ready = {"posts"}
        answer = live.web.get("/readyz")
        assert states(answer) == (200, "degraded")
        assert answer.json()["upstreams"]["posts"] == "not ready"
        live.services.not_ready = set(NAMES)
        assert states(live.web.get("/readyz")) == (503, "down")


def test_not_ready_before_revocations_are_loaded() -> None:
    with live_gateway(StubServices(revocations=None)) as live:
        answer = live.web.get("/readyz")
        assert states(answer) == (503, "starting")
        assert answer.json()["revocations"] == "unknown"


def test_unreachable_service_is_reported_down() -> None:
    with live_gateway(dm_url="http://127.0.0.1:1") as live:
        assert live.web.get("/readyz").json()["upstreams"]["dm"] == "down"


def test_draining_gateway_is_not_ready_and_still_serves() -> None:
    with live_gateway() as live:
        live.gateway.draining.start(0)
        assert states(live.web.get("/readyz")) == (503, "draining")
        assert live.web.get("/api/v1/posts").status_code == 200


def test_services_are_checked_at_most_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.health.CACHE_SECONDS", 60.0)
    with live_gateway() as live:
        for _ in range(20):
            live.web.get("/readyz")
        assert len(live.services.probes) == len(NAMES)
