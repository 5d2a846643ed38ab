"""Services that are unavailable, slow, broken or busy."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import httpx
import pytest

from gateway.circuit_breaker import OPEN_SECONDS
from gateway.exchange import Receive, Send
from shared.testing.ports import closed_port
from shared.testing.waiting import WAIT_SECONDS, eventually

from .gateway_server import BOTH_WAYS, LiveGateway, live_gateway, refused
from .stub_services import ReceivedRequest, answering, never, start

POSTS = "/api/v1/posts"


@contextmanager
def failing_service(behave: Callable[[socket.socket], None]) -> Iterator[tuple[str, list[bytes]]]:
    """A service that misbehaves on each connection; records the requests that it received."""
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
        thread.join(WAIT_SECONDS)


def hang_up(_line: socket.socket) -> None:
    """Close the connection without a response."""


@BOTH_WAYS
def test_body_of_a_5xx_response_is_not_forwarded(live: LiveGateway) -> None:
    for status in (500, 501, 502, 504, 507, 599):
        trace = b"Traceback (most recent call last): secret"
        live.services.behaviours[POSTS] = answering(status, trace, x_debug="secret", content_type="text/html")
        answer = live.web.get(POSTS)
        assert refused(answer) == (502, "upstream_failed")
        assert "secret" not in answer.text + str(answer.headers)


@BOTH_WAYS
@pytest.mark.parametrize(("given", "kept"), [("7", "7"), ("99999", "3600"), ("soon", "1"), ("-5", "1"), (None, "1")])
def test_busy_service_response_keeps_retry_after(live: LiveGateway, given: str | None, kept: str) -> None:
    extra = {} if given is None else {"retry_after": given}
    live.services.behaviours[POSTS] = answering(503, b"secret", **extra)
    answer = live.web.get(POSTS)
    assert refused(answer) == (503, "upstream_unavailable")
    assert answer.headers["retry-after"] == kept
    assert "secret" not in answer.text


def test_busy_service_does_not_open_the_breaker(live: LiveGateway) -> None:
    live.services.behaviours["/api/v1/posts/busy"] = answering(503)
    for _ in range(30):
        live.web.get("/api/v1/posts/busy")
    assert len(live.services.at("/api/v1/posts/busy")) == 30


@BOTH_WAYS
def test_client_connection_stays_open_after_an_upstream_failure(live: LiveGateway) -> None:
    live.services.behaviours["/api/v1/users/failing"] = answering(500, b"x" * 500_000)
    assert live.web.get("/api/v1/users/failing").status_code == 502
    assert live.web.get("/api/v1/users/0037a52d5f400001").status_code == 200


def test_unreachable_service_gets_503() -> None:
    with closed_port() as port, live_gateway(posts_url=f"http://127.0.0.1:{port}") as live:
        assert refused(live.web.get(POSTS)) == (503, "upstream_unavailable")
        assert live.web.get("/api/v1/users/1").status_code == 200, "the others are still there"


@BOTH_WAYS
def test_silent_service_gets_503_after_the_timeout() -> None:
    with live_gateway() as live, ThreadPoolExecutor(1) as pool:
        live.services.behaviours[POSTS] = never
        response = pool.submit(live.web.get, POSTS)
        eventually(lambda: live.services.at(POSTS))
        live.loop.shift(5)
        assert refused(response.result()) == (503, "upstream_timeout")
        assert len(live.services.at(POSTS)) == 1, "what took too long is not asked again"


@BOTH_WAYS
def test_incomplete_response_is_aborted() -> None:
    async def begin_only(asked: ReceivedRequest, receive: Receive, send: Send) -> None:
        await start(send, 200, (b"content-length", b"1000"))
        await send({"type": "http.response.body", "body": b"x", "more_body": True})
        await never(asked, receive, send)

    with live_gateway() as live:
        live.services.behaviours[POSTS] = begin_only
        with live.web.stream("GET", POSTS) as response:
            assert response.status_code == 200
            live.loop.shift(live.gateway.settings.first_byte_seconds)
            with pytest.raises(httpx.RemoteProtocolError):
                response.read()


@BOTH_WAYS
@pytest.mark.parametrize("length", [(b"content-length", b"1000"), (b"x-chunked", b"1")], ids=["length", "chunked"])
def test_aborted_upstream_response_is_aborted_for_the_client(live: LiveGateway, length: tuple[bytes, bytes]) -> None:
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
def test_invalid_http_response_gets_502(nonsense: bytes) -> None:
    with failing_service(lambda line: line.sendall(nonsense)) as (url, _), live_gateway(posts_url=url) as live:
        assert refused(live.web.get(POSTS)) == (502, "upstream_failed")


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", POSTS), ("HEAD", POSTS), ("PUT", f"{POSTS}/1/like"), ("DELETE", f"{POSTS}/1/like")],
)
def test_idempotent_request_is_retried_after_a_lost_connection(method: str, path: str) -> None:
    with failing_service(hang_up) as (url, asked), live_gateway(posts_url=url) as live:
        assert live.web.request(method, path, headers=live.token_issuer.bearer(1)).status_code == 503
        assert len(asked) == 2


def test_request_with_an_idempotency_key_is_retried() -> None:
    with failing_service(hang_up) as (url, asked), live_gateway(posts_url=url) as live:
        headers = {**live.token_issuer.bearer(1), "idempotency-key": "one"}
        answer = live.web.post(POSTS, json={"caption": "twice"}, headers=headers)
        assert refused(answer) == (503, "upstream_unavailable")
        assert len(asked) == 2
        assert asked[0] == asked[1]


def test_request_that_may_have_been_executed_is_not_retried() -> None:
    changes = [("POST", POSTS, b"{}"), ("PATCH", f"{POSTS}/1", b"{}")]
    with failing_service(hang_up) as (url, asked), live_gateway(posts_url=url) as live:
        for method, path, body in changes:
            answer = live.web.request(method, path, content=body, headers=live.token_issuer.bearer(1))
            assert refused(answer) == (503, "upstream_unavailable")
        assert [line.split()[0].decode() for line in asked] == [method for method, _, _ in changes]


def test_write_on_a_closed_keep_alive_connection_is_executed_once() -> None:
    def answer_once(line: socket.socket) -> None:
        line.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        line.recv(65536)  # and hang up on the second request

    with failing_service(answer_once) as (url, asked), live_gateway(posts_url=url) as live:
        token = live.token_issuer.bearer(1)
        assert live.web.post(POSTS, json={}, headers=token).status_code == 200
        assert live.web.post(POSTS, json={}, headers=token).status_code == 503
        assert len(asked) == 1


def test_retries_stay_within_the_budget() -> None:
    with failing_service(hang_up) as (url, asked), live_gateway(posts_url=url) as live:
        for _ in range(60):
            assert refused(live.web.get(POSTS)) == (503, "upstream_unavailable")
        assert 10 <= len(asked) <= 12, "ten failures open the breaker, and few of them were repeats"
        assert live.web.get("/api/v1/users/1").status_code == 200, "each service has a breaker of its own"


@BOTH_WAYS
def test_recovered_service_is_used_again() -> None:
    with live_gateway() as live:
        live.services.behaviours[POSTS] = answering(500)
        for _ in range(12):
            live.web.get(POSTS)
        assert len(live.services.at(POSTS)) == 10
        assert refused(live.web.get(f"{POSTS}/1")) == (503, "upstream_unavailable")
        del live.services.behaviours[POSTS]
        live.loop.shift(OPEN_SECONDS)
        assert live.web.get(POSTS).status_code == 200


def test_gateway_error_during_a_response_aborts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async def stumble(*_: object) -> None:
        raise RuntimeError("secret")

    with live_gateway() as live:
        monkeypatch.setattr("gateway.exchange.Exchange.end_response", stumble)
        with pytest.raises(httpx.RemoteProtocolError):
            live.web.get(POSTS)


def test_gateway_error_is_a_generic_500(monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(*_: object) -> None:
        raise RuntimeError("secret")

    with live_gateway() as live:
        monkeypatch.setattr("gateway.request.validation._check_target", stumble)
        answer = live.web.get(POSTS)
        assert refused(answer) == (500, "internal_error")
        assert "secret" not in answer.text


def test_responses_of_the_gateway_itself_have_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    async def look_for_ever(_: object) -> None:
        await asyncio.Event().wait()

    with live_gateway(whole_seconds=0.3) as live:
        monkeypatch.setattr("gateway.health.Health._check", look_for_ever)
        monkeypatch.setattr("gateway.health.CACHE_SECONDS", -1)
        assert refused(live.web.get("/readyz")) == (503, "too_slow")


def test_retried_request_stays_within_the_total_timeout() -> None:
    def take_three_seconds(line: socket.socket) -> None:
        live.loop.shift(3)
        if len(asked) == 2:
            line.recv(1)  # until the gateway gives up

    with failing_service(take_three_seconds) as (url, asked), live_gateway(posts_url=url) as live:
        assert refused(live.web.get(POSTS)) == (503, "upstream_timeout")
        assert len(asked) == 2


def test_connect_timeout_gets_503() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, ExitStack() as stack:
        while True:
            caller = stack.enter_context(socket.socket())
            caller.settimeout(0.2)
            try:
                caller.connect(full.getsockname())
            except TimeoutError:
                break
        away = f"http://127.0.0.1:{full.getsockname()[1]}"
        with live_gateway(posts_url=away) as live, ThreadPoolExecutor(1) as pool:
            response = pool.submit(live.web.get, POSTS)

            def is_answered_a_second_later() -> bool:
                live.loop.shift(1)
                return response.done()

            eventually(is_answered_a_second_later)
            assert refused(response.result()) == (503, "upstream_unavailable")
            assert live.web.get("/api/v1/users/1").status_code == 200
