"""The table of routes: public paths, and their services."""

import re

import pytest

from gateway.pages import ASSETS
from gateway.routes import LOCAL, ROUTES, WEBSOCKET, Route, Router

from .gateway_server import LiveGateway

TABLE = Router()
NOT_READ = ("/docs/{file}", ASSETS, "/api/v1/ws")
"""What cannot be had for the asking alone."""


def filled(pattern: str, value: str = "0037a52d5f400001") -> str:
    """A path of this pattern."""
    return re.sub(r"\{\w+\}", value, pattern)


@pytest.mark.parametrize("route", [route for route in ROUTES if route.upstream != LOCAL], ids=str)
def test_every_route_leads_to_its_service(live: LiveGateway, route: Route) -> None:
    path = filled(route.pattern)
    token = live.token_issuer.bearer(1)
    if path == "/.well-known/jwks.json":
        assert live.web.get(path).json()["keys"]
        return
    if route.traffic_class is WEBSOCKET:
        assert live.web.get(path, headers=token).status_code == 426
        return
    answer = live.web.request(route.method, f"{path}?a=1&a=%2F", headers=token)
    assert answer.json() == {
        "upstream": route.upstream,
        "method": route.method,
        "target": f"{path}?a=1&a=%2F",
    }


@pytest.mark.parametrize("route", [route for route in ROUTES if route.access.name == "SIGNED_IN"], ids=str)
def test_routes_that_are_not_public_require_a_token(live: LiveGateway, route: Route) -> None:
    answer = live.web.request(route.method, filled(route.pattern, "unasked"), params={"mark": "unasked"})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert answer.json()["code"] == "invalid_token"
    assert not [each for each in live.services.asked if "unasked" in each.target]


@pytest.mark.parametrize(
    "route",
    [route for route in ROUTES if route.method == "GET" and route.pattern not in NOT_READ],
    ids=str,
)
def test_head_is_allowed_where_get_is(live: LiveGateway, route: Route) -> None:
    answer = live.web.head(filled(route.pattern), headers=live.token_issuer.bearer(1))
    assert answer.status_code == 200
    assert answer.content == b""
    assert int(answer.headers["content-length"]) > 0


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/api",
        "/api/v1",
        "/api/v1/posts/",
        "/api/v1/posts/1/2",
        "/api/v1/users/by-nickname",
        "/api/v1/nowhere",
        "/metrics",
        "/internal/revocations",
        "/internal/people/0037a52d5f400001",
        "/auth/healthz",
        "/api/v1/users/me/nothing",
    ],
)
def test_unknown_path_matches_no_route(live: LiveGateway, path: str) -> None:
    answer = live.web.get(path, headers=live.token_issuer.bearer(1))
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"
    assert answer.json()["instance"] == answer.request.url.path
    assert not live.services.at(path)


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PATCH", "/api/v1/rooms/1/messages/2", "GET, HEAD, OPTIONS"),
        ("DELETE", "/api/v1/rooms/1/messages/2", "GET, HEAD, OPTIONS"),
        ("PUT", "/api/v1/posts", "POST, GET, HEAD, OPTIONS"),
        ("DELETE", "/api/v1/users/me", "GET, HEAD, PATCH, OPTIONS"),
        ("POST", "/healthz", "GET, HEAD, OPTIONS"),
        ("TRACE", "/api/v1/posts", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),
    ],
)
def test_known_path_lists_its_methods(live: LiveGateway, method: str, path: str, allow: str) -> None:
    answer = live.web.request(method, path, headers=live.token_issuer.bearer(1))
    assert answer.status_code == 405
    assert answer.headers["allow"] == allow
    assert answer.json()["code"] == "method_not_allowed"


def test_fixed_segment_has_priority_over_a_wildcard() -> None:
    mine, anybodys = TABLE.match("/api/v1/users/me"), TABLE.match("/api/v1/users/0037a52d5f400001")
    assert mine is not None and mine.routes["GET"].access.name == "SIGNED_IN"
    assert anybodys is not None and anybodys.routes["GET"].access.name == "OPTIONAL"


def test_percent_encoded_segment_matches_the_plain_one(live: LiveGateway) -> None:
    assert live.web.get("/api/v1/users/%6De").status_code == 401


def test_route_patterns_are_unique() -> None:
    rows = [(route.method, route.pattern) for route in ROUTES]
    assert len(rows) == len(set(rows))


def test_internal_paths_are_not_routed() -> None:
    assert not [route for route in ROUTES if "internal" in route.pattern or "metrics" in route.pattern]
