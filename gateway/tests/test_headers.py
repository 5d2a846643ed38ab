"""The headers of every response, and CORS."""

import select
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest
from prometheus_client import REGISTRY
from pydantic import ValidationError

from gateway.settings import Settings
from shared.testing.waiting import eventually

from .gateway_server import LiveGateway, Raw, live_gateway
from .stub_services import waiting

OURS = "https://app.example.com"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/healthz"),
        ("GET", "/docs"),
        ("GET", "/api/v1/posts"),
        ("GET", "/api/v1/feed"),
        ("GET", "/nowhere"),
        ("PUT", "/healthz"),
        ("OPTIONS", "/api/v1/posts"),
    ],
)
def test_every_response_has_security_headers(live: LiveGateway, method: str, path: str) -> None:
    headers = live.web.request(method, path).headers
    for name, value in {
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "x-frame-options": "DENY",
    }.items():
        assert headers.get_list(name) == [value]
    (policy,) = headers.get_list("content-security-policy")
    assert {"default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"} <= set(policy.split("; "))
    assert len(headers["x-request-id"]) == 32
    assert "server" not in headers and "strict-transport-security" not in headers


def test_hsts_is_sent_only_when_configured() -> None:
    with live_gateway(hsts_seconds=31_536_000) as live:
        assert live.web.get("/healthz").headers["strict-transport-security"] == "max-age=31536000"


def test_options_lists_the_methods_of_a_path(live: LiveGateway) -> None:
    answer = live.web.options("/api/v1/posts")
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["allow"] == "POST, GET, HEAD, OPTIONS"
    assert live.web.options("/nowhere").status_code == 404


def test_no_cors_headers_without_configured_origins(live: LiveGateway) -> None:
    preflight = {"origin": OURS, "access-control-request-method": "POST"}
    for answer in (
        live.web.options("/api/v1/posts", headers=preflight),
        live.web.get("/api/v1/posts", headers=preflight),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_configured_origin_gets_cors_headers() -> None:
    with live_gateway(cors_origins=[OURS]) as live:
        answer = live.web.options("/api/v1/posts", headers={"origin": OURS, "access-control-request-method": "POST"})
        assert answer.status_code == 204
        assert answer.headers["access-control-allow-origin"] == OURS
        assert "POST" in answer.headers["access-control-allow-methods"]
        assert "authorization" in answer.headers["access-control-allow-headers"]
        answer = live.web.get("/api/v1/posts", headers={"origin": OURS})
        assert answer.headers["access-control-allow-origin"] == OURS
        assert "x-request-id" in answer.headers["access-control-expose-headers"]
        assert "origin" in answer.headers["vary"]
        assert "access-control-allow-credentials" not in answer.headers
        refused = live.web.get("/api/v1/feed", headers={"origin": OURS})
        assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, OURS)


def test_other_origins_get_no_cors_headers() -> None:
    with live_gateway(cors_origins=[OURS]) as live:
        for origin in ("https://app.example.com.evil.com", "http://app.example.com", "null", "*", ""):
            asked = {"origin": origin, "access-control-request-method": "POST"}
            for method in ("OPTIONS", "GET"):
                answer = live.web.request(method, "/api/v1/posts", headers=asked)
                assert not [name for name in answer.headers if name.startswith("access-control")]
                assert "origin" in answer.headers["vary"]


EARLY = {
    "a path": (b"GET /api/v1//posts HTTP/1.1\r\nhost: a\r\n", b"", 400),
    "a query": (b"GET /api/v1/posts?x=%ff HTTP/1.1\r\nhost: a\r\n", b"", 400),
    "a host": (b"GET /api/v1/posts HTTP/1.1\r\nhost: a b\r\n", b"", 400),
    "a field that is repeated": (b"GET /api/v1/posts HTTP/1.1\r\nhost: a\r\nrange: a\r\nrange: a\r\n", b"", 400),
    "a path that is not there": (b"GET /nowhere HTTP/1.1\r\nhost: a\r\n", b"", 404),
    "a method": (b"PROPFIND /api/v1/posts HTTP/1.1\r\nhost: a\r\n", b"", 405),
    "a method at this path": (b"DELETE /api/v1/posts HTTP/1.1\r\nhost: a\r\n", b"", 405),
    "a target's length": (b"GET /%b HTTP/1.1\r\nhost: a\r\n" % (b"a" * 9_000), b"", 414),
    "the number of fields": (b"GET /api/v1/posts HTTP/1.1\r\nhost: a\r\n" + b"x: 1\r\n" * 101, b"", 431),
    "a length": (b"POST /api/v1/auth/login HTTP/1.1\r\nhost: a\r\ncontent-length: 99999999\r\n", b"", 413),
    "a coding": (b"POST /api/v1/auth/login HTTP/1.1\r\nhost: a\r\ncontent-encoding: br\r\n", b"", 415),
    "a body that does not come": (b"POST /api/v1/auth/login HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n", b"", 408),
    "a chunk": (b"POST /api/v1/auth/login HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n", b"zz\r\n", 400),
    "a framing": (b"GET /api/v1/posts HTTP/1.0\r\nhost: a\r\ntransfer-encoding: chunked\r\n", b"", 400),
}


@pytest.fixture(scope="module")
def impatient() -> Iterator[LiveGateway]:
    """A gateway with a configured origin and a short timeout for request heads."""
    with live_gateway(cors_origins=[OURS, "https://other.example.com"], body_seconds=0.2, head_seconds=2) as opened:
        yield opened


@pytest.mark.parametrize("refused", EARLY)
def test_early_error_responses_have_cors_headers(impatient: LiveGateway, refused: str) -> None:
    lines, body, status = EARLY[refused]
    for origin, allowed in ((OURS, OURS), ("https://evil.example", None)):
        answer = impatient.raw(lines + f"origin: {origin}\r\n\r\n".encode() + body)
        assert (answer.status, answer.headers.get("access-control-allow-origin")) == (status, allowed)
        assert answer.headers["vary"] == "origin"


def test_head_timeout_response_has_cors_headers(impatient: LiveGateway) -> None:
    answer = impatient.raw(f"GET /api/v1/posts HTTP/1.1\r\norigin: {OURS}\r\nx: 1\r\ny".encode())
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (408, OURS)


def test_response_without_a_free_connection_has_cors_headers_of_a_single_origin() -> None:
    for origins, allowed in (([OURS], OURS), ([OURS, "https://other.example.com"], None), ([], None)):
        limits: dict[str, Any] = {"connections_per_address": 3, "first_byte_seconds": 3600}
        with live_gateway(cors_origins=origins, **limits) as live, ExitStack() as stack:
            go_on = threading.Event()
            stack.callback(go_on.set)
            live.services.behaviours["/api/v1/posts"] = waiting(threading.Event(), go_on)
            while (answer := occupied(live, stack)) is None:
                pass
            assert answer.status == 503
            assert answer.headers.get("access-control-allow-origin") == allowed


def occupied(live: LiveGateway, stack: ExitStack) -> Raw | None:
    """Send a request that is not answered yet; returns the response if there was no free connection."""
    asked = len(live.services.asked)
    line = stack.enter_context(live.connect())
    with suppress(OSError):
        line.sendall(b"GET /api/v1/posts HTTP/1.1\r\nhost: a\r\n\r\n")
    answered = eventually(lambda: len(live.services.asked) > asked or select.select([line], [], [], 0)[0])
    return None if answered is True else Raw.read(line.makefile("rb"))


@pytest.mark.parametrize("origin", ["*", "https://*.example.com", "https://a.example.com/", "app.example.com", "null"])
def test_invalid_origin_is_refused_at_start(origin: str) -> None:
    with pytest.raises(ValidationError):
        Settings(cors_origins=[origin])


@pytest.mark.parametrize("url", ["", "auth:80", "ftp://auth", "http://"])
def test_invalid_service_url_is_refused_at_start(url: str) -> None:
    with pytest.raises(ValueError, match="DM_URL"), live_gateway(dm_url=url):
        pass


def test_requests_are_counted_by_route_pattern(live: LiveGateway) -> None:
    def count(name: str, **labels: str) -> float:
        return REGISTRY.get_sample_value(name, labels) or 0.0

    def answered() -> float:
        return count("http_request_seconds_count", service="gateway", route="/api/v1/posts/{id}", status="200")

    def refused() -> float:
        return count("gateway_refused_total", code="not_found")

    live.web.get("/healthz")  # what others asked before has been counted then
    answers, refusals = answered(), refused()
    live.web.get("/api/v1/posts/0037a52d5f400001")
    live.web.get("/nowhere/at/all")
    eventually(lambda: (answered(), refused()) == (answers + 1, refusals + 1))  # counted is what has ended
    eventually(lambda: count("gateway_in_flight", upstream="posts") == 0)
