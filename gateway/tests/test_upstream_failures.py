"""When a service is away, slow, broken or busy."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import httpx
import pytest

from gateway.exchange import Receive, Send
from shared.testing.waiting import eventually

from .gateway_server import LiveGateway, live_gateway, refused
from .stub_services import ReceivedRequest, answering, never, start

POSTS = "/api/v1/posts"


@contextmanager
def failing_service(behave: Callable[[socket.socket], None]) -> Iterator[tuple[str, list[bytes]]]:
    """A service that does with each connection what no server would; what it was sent."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    line, _ = listener.accept()
                except OSError:
                    return
                with line:
                    request = line.recv(65536)
                    if request.startswith(b"GET /readyz "):
                        line.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                    else:
                        asked.append(request)
                        behave(line)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", asked
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def hang_up(_line: socket.socket) -> None:
    """End the connection without a word."""


def test_the_body_of_a_failure_is_never_shown(live: LiveGateway) -> None:
    for status in (500, 501, 502, 504, 507, 599):
        trace = b"Traceback (most recent call last): secret"
        live.services.behaviours[POSTS] = answering(status, trace, x_debug="secret", content_type="text/html")
        answer = live.web.get(POSTS)
        assert refused(answer) == (502, "upstream_failed")
        assert "secret" not in answer.text + str(answer.headers)


@pytest.mark.parametrize(("given", "kept"), [("7", "7"), ("99999", "3600"), ("soon", "1"), ("-5", "1"), (None, "1")])
def test_a_busy_service_says_when_to_come_again(live: LiveGateway, given: str | None, kept: str) -> None:
    extra = {} if given is None else {"retry_after": given}
    live.services.behaviours[POSTS] = answering(503, b"secret", **extra)
    answer = live.web.get(POSTS)
    assert refused(answer) == (503, "upstream_unavailable")
    assert answer.headers["retry-after"] == kept
    assert "secret" not in answer.text


def test_a_busy_service_does_not_open_the_breaker(live: LiveGateway) -> None:
    live.services.behaviours["/api/v1/posts/busy"] = answering(503)
    for _ in range(30):
        live.web.get("/api/v1/posts/busy")
    assert len(live.services.at("/api/v1/posts/busy")) == 30


def test_the_connection_lives_on_after_a_failure(live: LiveGateway) -> None:
    live.services.behaviours["/api/v1/users/failing"] = answering(500, b"x" * 500_000)
    assert live.web.get("/api/v1/users/failing").status_code == 502
    assert live.web.get("/api/v1/users/0037a52d5f400001").status_code == 200


def test_a_service_that_is_away_is_503() -> None:
    with failing_service(hang_up) as (gone, _):
        pass
    with live_gateway(posts_url=gone) as live:
        assert refused(live.web.get(POSTS)) == (503, "upstream_unavailable")
        assert live.web.get("/api/v1/users/1").status_code == 200, "the others are still there"


def test_a_service_that_keeps_silent_is_503_in_time() -> None:
    with live_gateway(first_byte_seconds=0.2) as live:
        live.services.behaviours[POSTS] = never
        assert refused(live.web.get(POSTS)) == (503, "upstream_timeout")
        assert len(live.services.at(POSTS)) == 1, "what took too long is not asked again"


def test_an_answer_that_stops_in_the_middle_is_cut_short() -> None:
    async def begin_only(asked: ReceivedRequest, receive: Receive, send: Send) -> None:
        await start(send, 200, (b"content-length", b"1000"))
        await send({"type": "http.response.body", "body": b"x", "more_body": True})
        await never(asked, receive, send)

    with live_gateway(first_byte_seconds=0.5) as live:
        live.services.behaviours[POSTS] = begin_only
        with pytest.raises(httpx.RemoteProtocolError):
            live.web.get(POSTS)


@pytest.mark.parametrize("length", [(b"content-length", b"1000"), (b"x-chunked", b"1")], ids=["length", "chunked"])
def test_an_answer_cut_short_is_cut_short_for_the_client(live: LiveGateway, length: tuple[bytes, bytes]) -> None:
    async def break_off(asked: ReceivedRequest, receive: Receive, send: Send) -> None:
        await start(send, 200, length)
        await send({"type": "http.response.body", "body": b"half of it", "more_body": True})

    live.services.behaviours["/api/v1/posts/cut"] = break_off
    with pytest.raises(httpx.RemoteProtocolError):
        live.web.get("/api/v1/posts/cut")
    assert live.web.get("/api/v1/posts/whole").status_code == 200


@pytest.mark.parametrize(
    "nonsense", [b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n", b"HTTP/1.1 99999 Oh\r\n\r\n"]
)
def test_an_answer_that_is_no_http_is_502(nonsense: bytes) -> None:
    with failing_service(lambda line: line.sendall(nonsense)) as (url, _), live_gateway(posts_url=url) as live:
        assert refused(live.web.get(POSTS)) == (502, "upstream_failed")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_question_that_did_not_arrive_is_put_once_more(method: str) -> None:
    with failing_service(hang_up) as (url, asked), live_gateway(posts_url=url) as live:
        assert live.web.request(method, POSTS).status_code == 503
        assert len(asked) == 2


def test_what_may_have_been_done_already_is_never_sent_again() -> None:
    changes = [
        ("POST", POSTS, b"{}"),
        ("PATCH", f"{POSTS}/1", b"{}"),
        ("PUT", f"{POSTS}/1/like", b""),
        ("DELETE", f"{POSTS}/1", b""),
        ("DELETE", f"{POSTS}/1/like", b""),
    ]
    with failing_service(hang_up) as (url, asked), live_gateway(posts_url=url) as live:
        for method, path, body in changes:
            answer = live.web.request(method, path, content=body, headers=live.token_issuer.bearer(1))
            assert refused(answer) == (503, "upstream_unavailable")
        assert [line.split()[0].decode() for line in asked] == [method for method, _, _ in changes]


def test_a_connection_that_was_closed_between_two_requests_does_not_make_a_change_happen_twice() -> None:
    def answer_once(line: socket.socket) -> None:
        line.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        line.recv(65536)  # and hang up on the second request

    with failing_service(answer_once) as (url, asked), live_gateway(posts_url=url) as live:
        token = live.token_issuer.bearer(1)
        assert live.web.delete(f"{POSTS}/1", headers=token).status_code == 200
        assert live.web.delete(f"{POSTS}/2", headers=token).status_code == 503
        assert len(asked) == 1


def test_repeats_stay_within_their_budget_and_a_failing_service_is_left_alone() -> None:
    with failing_service(hang_up) as (url, asked), live_gateway(posts_url=url) as live:
        for _ in range(60):
            assert refused(live.web.get(POSTS)) == (503, "upstream_unavailable")
        assert 10 <= len(asked) <= 12, "ten failures open the breaker, and few of them were repeats"
        assert live.web.get("/api/v1/users/1").status_code == 200, "each service has a breaker of its own"


def test_a_service_that_is_back_is_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.circuit_breaker.OPEN_SECONDS", 0.3)
    with live_gateway() as live:
        live.services.behaviours[POSTS] = answering(500)
        for _ in range(12):
            live.web.get(POSTS)
        assert len(live.services.at(POSTS)) == 10
        assert refused(live.web.get(f"{POSTS}/1")) == (503, "upstream_unavailable")
        del live.services.behaviours[POSTS]
        eventually(lambda: live.web.get(POSTS).status_code == 200)


def test_our_own_mistake_in_the_middle_of_an_answer_cuts_it_short(monkeypatch: pytest.MonkeyPatch) -> None:
    async def stumble(*_: object) -> None:
        raise RuntimeError("secret")

    with live_gateway() as live:
        monkeypatch.setattr("gateway.exchange.Exchange.end_response", stumble)
        with pytest.raises(httpx.RemoteProtocolError):
            live.web.get(POSTS)


def test_our_own_mistake_is_500_in_general_terms(monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(*_: object) -> None:
        raise RuntimeError("secret")

    with live_gateway() as live:
        monkeypatch.setattr("gateway.request.validation._check_target", stumble)
        answer = live.web.get(POSTS)
        assert refused(answer) == (500, "internal_error")
        assert "secret" not in answer.text


def test_what_the_gateway_says_itself_has_its_time_too(monkeypatch: pytest.MonkeyPatch) -> None:
    async def look_for_ever(_: object) -> None:
        await asyncio.Event().wait()

    with live_gateway(whole_seconds=0.3) as live:
        monkeypatch.setattr("gateway.health.Health._check", look_for_ever)
        monkeypatch.setattr("gateway.health.CACHE_SECONDS", -1)
        assert refused(live.web.get("/readyz")) == (503, "too_slow")


def test_nothing_takes_longer_than_its_time_also_when_asked_twice() -> None:
    def wait_then_hang_up(line: socket.socket) -> None:
        line.settimeout(0.4)
        try:
            line.recv(1)
        except TimeoutError:
            return

    with (
        failing_service(wait_then_hang_up) as (url, asked),
        live_gateway(posts_url=url, first_byte_seconds=0.5) as live,
    ):
        started = time.monotonic()
        assert live.web.get(POSTS).status_code == 503
        assert len(asked) == 2
        assert time.monotonic() - started < 5


def test_a_service_that_does_not_even_take_the_call_is_503_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, ExitStack() as stack:
        while True:
            caller = stack.enter_context(socket.socket())
            caller.settimeout(0.2)
            try:
                caller.connect(full.getsockname())
            except TimeoutError:
                break
        with live_gateway(posts_url=f"http://127.0.0.1:{full.getsockname()[1]}", connect_seconds=0.1) as live:
            assert refused(live.web.get(POSTS)) == (503, "upstream_unavailable")
            assert live.web.get("/api/v1/users/1").status_code == 200
