"""Rate limits: every limit is exceeded with real requests, and its response is checked."""

import asyncio
import threading
import time
from collections.abc import Callable
from functools import partial

import httpx
import pytest
from prometheus_client import REGISTRY
from pydantic import ValidationError

from gateway.exchange import Receive, Send
from gateway.rate_limit.limiter import RateLimiter
from gateway.rate_limit.rate_limits import parse_rate_limit
from gateway.rate_limit.stores import MAX_KEYS, FixedWindows
from gateway.settings import Settings
from shared.security.access_tokens import LOGIN_LIMITED_HEADER
from shared.testing.waiting import eventually

from .gateway_server import SECRET, LiveGateway, live_gateway
from .stub_services import ReceivedRequest, answering

LOGIN = "/api/v1/auth/login"
ME = "/api/v1/users/me"
DAY_SECONDS = 86_400
DAY = "5/day"
"""A window that hardly ever ends in the middle of a test."""

Ask = Callable[[LiveGateway], httpx.Response]


def sign_up(live: LiveGateway) -> httpx.Response:
    return live.web.post("/api/v1/auth/signup", json={})


def log_in(live: LiveGateway) -> httpx.Response:
    return live.web.post(LOGIN, json={})


def look_around(live: LiveGateway) -> httpx.Response:
    return live.web.get("/api/v1/posts")


def look_at_a_picture(live: LiveGateway) -> httpx.Response:
    return live.web.get("/api/v1/media/a.jpg")


def read_the_feed(live: LiveGateway) -> httpx.Response:
    return live.web.get("/api/v1/feed", headers=live.token_issuer.bearer(1))


def upload(live: LiveGateway) -> httpx.Response:
    return live.web.post("/api/v1/media", content=b"x", headers=live.token_issuer.bearer(1))


def upload_a_face(live: LiveGateway) -> httpx.Response:
    return live.web.put("/api/v1/users/me/avatar", content=b"x", headers=live.token_issuer.bearer(1))


def refresh(live: LiveGateway) -> httpx.Response:
    return live.web.post("/api/v1/auth/refresh", json={})


def refresh_early(live: LiveGateway) -> httpx.Response:
    return live.web.post("/api/v1/auth/refresh", json={}, headers=live.token_issuer.bearer(1))


def ask_for_a_reset(live: LiveGateway) -> httpx.Response:
    return live.web.post("/api/v1/auth/password-reset", json={})


KINDS = [
    ("signups", sign_up),
    ("logins", log_in),
    ("anonymous", look_around),
    ("pictures", look_at_a_picture),
    ("person", read_the_feed),
    ("uploads", upload),
    ("uploads", upload_a_face),
    ("refreshes", refresh),
    ("refreshes", refresh_early),
    ("mails", ask_for_a_reset),
]


def refused(answer: httpx.Response) -> bool:
    """Whether the request was limited, with a correct response."""
    if answer.status_code != 429 or answer.headers.get("content-type") != "application/problem+json":
        return False
    assert answer.json()["code"] == "rate_limited"
    assert 1 <= int(answer.headers["retry-after"]) <= 86_400
    assert answer.headers["x-ratelimit-remaining"] == "0"
    return True


@pytest.mark.parametrize(("kind", "ask"), KINDS)
def test_request_over_the_limit_is_refused(kind: str, ask: Ask) -> None:
    with live_gateway(None, **{f"rate_{kind}": DAY}) as live:
        assert [ask(live).status_code for _ in range(5)] == [200] * 5
        before = len(live.services.asked)
        assert refused(ask(live))
        assert len(live.services.asked) == before, "no service deliver of it"


@pytest.mark.parametrize(("kind", "ask"), KINDS)
def test_limits_are_independent(kind: str, ask: Ask) -> None:
    with live_gateway(None, **{f"rate_{kind}": "1/day"}) as live:
        ask(live)
        assert refused(ask(live))
        others = [other for name, other in KINDS if name != kind]
        assert [other(live).status_code for other in others] == [200] * len(others)


def test_every_user_has_a_separate_limit() -> None:
    with live_gateway(rate_person="1/day") as live:
        for person in (1, 2):
            assert live.web.get("/api/v1/feed", headers=live.token_issuer.bearer(person)).status_code == 200
        assert refused(live.web.get("/api/v1/feed", headers=live.token_issuer.bearer(2)))


def test_user_is_counted_on_every_route_with_a_token() -> None:
    with live_gateway(rate_person="1/day", rate_anonymous="1/day") as live:
        assert live.web.get("/api/v1/posts", headers=live.token_issuer.bearer(1)).status_code == 200
        assert refused(live.web.get("/api/v1/posts", headers=live.token_issuer.bearer(1)))
        assert live.web.get("/api/v1/posts").status_code == 200


def test_new_window_starts_at_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    now = DAY_SECONDS * 1.5
    monkeypatch.setattr("gateway.app.RateLimiter", partial(RateLimiter, clock=lambda: now))
    with live_gateway(rate_anonymous="1/day") as live:
        assert look_around(live).status_code == 200
        assert refused(look_around(live))
        now += DAY_SECONDS / 2
        assert look_around(live).status_code == 200
        assert refused(look_around(live))


def test_invalid_tokens_count_against_the_address() -> None:
    with live_gateway(rate_anonymous=DAY) as live:
        asked = [live.web.get("/api/v1/feed", headers={"authorization": f"Bearer {n}"}) for n in range(6)]
        assert [answer.status_code for answer in asked] == [401] * 5 + [429]
        assert refused(look_around(live))
        assert read_the_feed(live).status_code == 200, "who has a good one is another matter"


def test_health_checks_are_never_limited() -> None:
    with live_gateway(rate_anonymous="1/day") as live:
        look_around(live)
        for path in ("/healthz", "/readyz"):
            answers = [live.web.get(path) for _ in range(5)]
            assert [answer.status_code for answer in answers] == [200] * 5
            assert "ratelimit" not in answers[0].headers


def test_correct_passwords_and_other_errors_are_not_counted_as_guesses() -> None:
    with live_gateway(rate_passwords="1/day") as live:
        for status in (200, 400, 409, 422, 429, 500):
            live.services.behaviours[LOGIN] = answering(status)
            log_in(live)
        assert live.web.patch(ME, json={}).status_code == 401, "without a token nobody has looked at a password"
        live.services.behaviours[LOGIN] = answering(200)
        assert live.web.post(LOGIN, json={}).status_code == 200
        assert not any(asked.all(LOGIN_LIMITED_HEADER) for asked in live.services.at(LOGIN))


def test_wrong_password_counts_after_a_client_disconnect() -> None:
    go_on = threading.Event()

    async def hesitate(asked: ReceivedRequest, receive: Receive, send: Send) -> None:
        await asyncio.to_thread(go_on.wait, 20)
        await answering(401)(asked, receive, send)

    with live_gateway(rate_passwords="1/day") as live:
        live.web.close()
        live.services.behaviours[LOGIN] = hesitate
        before = count("http_request_seconds_count", service="gateway", route=LOGIN, status="401")
        head = b"POST /api/v1/auth/login HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n{}"
        live.send_and_leave(head)
        eventually(lambda: not live.server.server_state.connections)
        go_on.set()
        eventually(lambda: count("http_request_seconds_count", service="gateway", route=LOGIN, status="401") > before)
        live.raw(head)
        assert live.services.at(LOGIN)[-1].all(LOGIN_LIMITED_HEADER)


def test_every_counted_response_has_rate_limit_headers() -> None:
    with live_gateway(rate_anonymous="3/day", rate_person="7/hour") as live:
        answer = look_around(live)
        assert answer.headers["ratelimit-policy"] == '"anonymous";q=3;w=86400'
        name, remaining, reset = answer.headers["ratelimit"].split(";")
        assert (name, remaining) == ('"anonymous"', "r=2")
        assert 0 < int(reset.removeprefix("t=")) <= 86_400
        assert answer.headers["x-ratelimit-limit"] == "3"
        assert answer.headers["x-ratelimit-remaining"] == "2"
        assert int(answer.headers["x-ratelimit-reset"]) > time.time() - 1
        assert look_around(live).headers["x-ratelimit-remaining"] == "1"
        assert read_the_feed(live).headers["ratelimit-policy"] == '"person";q=7;w=3600'
        assert live.web.get("/api/v1/feed").headers["x-ratelimit-remaining"] == "0", "also on a refusal"
        answer = look_around(live)
        assert refused(answer)
        assert answer.headers["ratelimit"].startswith('"anonymous";r=0;t=')
        assert answer.headers["retry-after"] == answer.headers["ratelimit"].partition("t=")[2]


def test_rate_limit_headers_of_services_are_not_forwarded() -> None:
    with live_gateway() as live:
        live.services.behaviours["/api/v1/posts"] = answering(200, ratelimit="x", x_ratelimit_limit="x")
        headers = look_around(live).headers
        assert len(headers.get_list("ratelimit")) == len(headers.get_list("x-ratelimit-limit")) == 1
        assert "x" not in (headers["ratelimit"], headers["x-ratelimit-limit"])


def test_limited_requests_are_counted_in_metrics() -> None:
    with live_gateway(rate_anonymous="1/day") as live:
        before = count("gateway_refused_total", code="rate_limited")
        look_around(live)
        look_around(live)
        assert count("gateway_refused_total", code="rate_limited") == before + 1


def test_production_limits_are_strict_and_development_limits_are_loose() -> None:
    strict = Settings(environment="production", secret=SECRET).rate_limits  # type: ignore[arg-type] # pydantic wraps it
    assert (strict.signups.limit, strict.signups.seconds) == (5, 1800)
    assert (strict.logins.limit, strict.logins.seconds) == (3000, 300)
    assert (strict.passwords.limit, strict.passwords.seconds) == (25, 300)
    assert (strict.refreshes.limit, strict.refreshes.seconds) == (1500, 300)
    assert (strict.anonymous.limit, strict.anonymous.seconds) == (300, 300)
    assert (strict.person.limit, strict.person.seconds) == (1500, 300)
    assert (strict.uploads.limit, strict.uploads.seconds) == (30, 1800)
    assert Settings().rate_limits.signups.limit >= 1_000_000


@pytest.mark.parametrize("notation", ["5", "0/minute", "-1/minute", "5/week", "5/minute;6/hour", "many"])
def test_invalid_rate_is_refused_at_start(notation: str) -> None:
    with pytest.raises(ValidationError):
        Settings(rate_person=notation)


@pytest.mark.parametrize("url", ["memcached://a", "a", "http://a"])
def test_invalid_storage_url_is_refused_at_start(url: str) -> None:
    with pytest.raises(ValidationError):
        Settings(rate_limit_url=url)  # type: ignore[arg-type] # as above


def test_local_counters_are_bounded() -> None:
    memory, counted = FixedWindows(), parse_rate_limit("anonymous", "5/minute")
    for number in range(MAX_KEYS + 10):
        memory.add(counted, str(number), 1)
    assert memory.get(counted, "0", 1) == 0, "the first were let go"
    assert memory.get(counted, str(MAX_KEYS + 9), 1) == 1
    assert len(memory._windows["anonymous"].counts) == MAX_KEYS
    memory.add(counted, "a", 2)
    assert len(memory._windows["anonymous"].counts) == 1, "what was counted in a window goes with it"


def test_outcome_after_the_window_does_not_change_the_next_window() -> None:
    memory, counted = FixedWindows(), parse_rate_limit("anonymous", "5/minute")
    memory.add(counted, "a", 2)
    assert memory.raise_to(counted, "b", 1, 7) == 7
    assert (memory.get(counted, "a", 2), memory.get(counted, "b", 2)) == (1, 0)
    assert memory.raise_to(counted, "a", 2, 4) == 4
    assert memory.raise_to(counted, "a", 2, 3) == 4
    assert memory.add(counted, "a", 2) == 5


def count(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


@pytest.mark.parametrize(
    ("notation", "count", "seconds"),
    [("300/5minute", 300, 300), ("100/day", 100, 86_400), ("1/second", 1, 1), ("5/2hours", 5, 7_200)],
)
def test_notation_of_a_limit(notation: str, count: int, seconds: int) -> None:
    parsed = parse_rate_limit("logins", notation)

    assert (parsed.limit, parsed.seconds) == (count, seconds)


@pytest.mark.parametrize("notation", ["", "5", "0/minute", "5/0minute", "-1/minute", "5/minute;6/hour", "5/week"])
def test_other_notations_of_a_limit_are_rejected(notation: str) -> None:
    with pytest.raises(ValueError, match="is not one rate such as 300/5minute"):
        parse_rate_limit("logins", notation)
