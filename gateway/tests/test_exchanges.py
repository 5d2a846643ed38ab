"""Consecutive exchanges: nothing of one affects the next, slow ones do not affect others, disconnects end them."""

import gc
import logging
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from gateway.exchange import Exchange, Receive, Send
from shared.testing.waiting import WAIT_SECONDS, eventually

from .gateway_server import BOTH_WAYS, LiveGateway, live_gateway, refused
from .stub_services import ReceivedRequest, answering, never, start, waiting
from .test_request_body import MEDIA, head
from .test_upstream_failures import failing_service, hang_up

POSTS = "/api/v1/posts"
PICTURE = "/api/v1/media/large.jpg"
LARGE = b"x" * 3_600_000
PNG = b"x" * 100_000


@BOTH_WAYS
def test_response_is_sent_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    go_on, end = Exchange.send_chunk, Exchange.end_response

    async def noted(exchange: Exchange, part: bytes) -> None:
        sizes.append(len(part))
        await go_on(exchange, part)

    async def noted_end(exchange: Exchange, part: bytes = b"") -> None:
        sizes.append(len(part))
        await end(exchange, part)

    monkeypatch.setattr("gateway.exchange.Exchange.send_chunk", noted)
    monkeypatch.setattr("gateway.exchange.Exchange.end_response", noted_end)
    with live_gateway() as live:
        live.services.behaviours[PICTURE] = answering(200, LARGE)
        assert live.web.get(PICTURE).content == LARGE
    assert sum(sizes) >= len(LARGE)
    assert max(sizes) <= 64 * 1024


def reset(line: socket.socket) -> None:
    """Reset the connection, discarding unsent data."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize("end", [hang_up, reset])
def test_get_is_retried_when_its_connection_is_lost_before_the_response(
    end: Callable[[socket.socket], None],
) -> None:
    def once(line: socket.socket) -> None:
        if len(asked) == 1:
            end(line)
        else:
            line.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok")

    with failing_service(once) as (url, asked), live_gateway(posts_url=url) as live:
        assert live.web.get(POSTS).content == b"ok"
        assert len(asked) == 2


@BOTH_WAYS
def test_upload_has_the_timeout_of_its_queue() -> None:
    arrived, go_on = threading.Event(), threading.Event()
    with live_gateway(first_byte_seconds=0.2) as live, ThreadPoolExecutor(1) as pool:
        live.services.behaviours[MEDIA] = waiting(arrived, go_on)
        live.services.behaviours[POSTS] = never
        upload = pool.submit(live.web.post, MEDIA, content=PNG, headers=live.token_issuer.bearer(1))
        assert arrived.wait(WAIT_SECONDS)
        for _ in range(3):  # each of these takes as long as a light exchange may
            assert refused(live.web.get(POSTS)) == (503, "upstream_timeout")
        go_on.set()
        assert upload.result().status_code == 200


@BOTH_WAYS
def test_ten_concurrent_uploads_of_one_user_succeed_and_do_not_affect_others() -> None:
    go_on = threading.Event()
    with live_gateway(first_byte_seconds=60, heavy_seconds=3600) as live, ThreadPoolExecutor(10) as pool:
        live.services.behaviours[MEDIA] = waiting(threading.Event(), go_on)
        mine = live.token_issuer.bearer(1)
        uploads = [pool.submit(live.web.post, MEDIA, content=PNG, headers=mine) for _ in range(10)]
        eventually(lambda: len(live.services.at(MEDIA)) == 10)
        live.loop.shift(61)
        for _ in range(20):
            assert live.web.get(POSTS).status_code == 200
            assert live.web.get(PICTURE).status_code == 200
        go_on.set()
        assert [upload.result().status_code for upload in uploads] == [200] * 10


@BOTH_WAYS
def test_slow_uploads_do_not_open_the_breaker() -> None:
    with live_gateway(heavy_seconds=3600) as live, ThreadPoolExecutor(10) as pool:
        live.services.behaviours[MEDIA] = never
        mine = live.token_issuer.bearer(1)
        for _ in range(3):
            live.services.asked.clear()
            uploads = [pool.submit(live.web.post, MEDIA, content=PNG, headers=mine) for _ in range(10)]
            eventually(lambda: len(live.services.at(MEDIA)) == 10)
            live.loop.shift(3601)
            assert {refused(upload.result()) for upload in uploads} == {(503, "upstream_timeout")}
            assert live.web.get(POSTS).status_code == 200
        live.services.behaviours.clear()
        assert live.web.post(MEDIA, content=PNG, headers=mine).status_code == 200


def test_failing_image_requests_do_not_block_posts() -> None:
    with live_gateway() as live:
        live.services.behaviours[PICTURE] = answering(500)
        statuses = [live.web.get(PICTURE).status_code for _ in range(20)]
        assert statuses == [502] * 10 + [503] * 10
        assert live.web.get(POSTS).status_code == 200


@contextmanager
def left(live: LiveGateway, path: str) -> Iterator[threading.Event]:
    """Set when the gateway has cancelled a request that a service is still processing."""
    event = threading.Event()

    async def work(_asked: ReceivedRequest, receive: Receive, send: Send) -> None:
        if path == PICTURE:
            await start(send, 200, (b"content-length", b"10000000"))
            await send({"type": "http.response.body", "body": b"x" * 1000, "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass
        event.set()

    live.services.behaviours[path] = work
    yield event


@BOTH_WAYS
@pytest.mark.parametrize("path", [MEDIA, PICTURE])
def test_upstream_request_is_cancelled_when_the_client_disconnects(path: str, caplog: pytest.LogCaptureFixture) -> None:
    with live_gateway() as live, left(live, path) as event:
        before = live.gateway._proxy.upstreams["posts"].in_flight
        if path == MEDIA:
            request = head(live, MEDIA, f"content-length: {len(PNG)}") + PNG
        else:
            request = f"GET {path} HTTP/1.1\r\nhost: a\r\n\r\n".encode()
        live.send_and_leave(request)
        eventually(event.is_set)
        eventually(lambda: live.gateway._proxy.upstreams["posts"].in_flight == before)
        eventually(lambda: not live.server.server_state.tasks)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def exchanges() -> list[Exchange]:
    return [each for each in gc.get_objects() if type(each) is Exchange]


@BOTH_WAYS
@pytest.mark.parametrize("path", [MEDIA, PICTURE])
def test_a_request_whose_client_has_left_leaves_no_reference_cycle(path: str) -> None:
    with live_gateway() as live, left(live, path) as event:
        request = f"GET {path} HTTP/1.1\r\nhost: a\r\n\r\n".encode()
        if path == MEDIA:
            request = head(live, MEDIA, f"content-length: {len(PNG)}") + PNG
        gc.collect()
        others = exchanges()  # of connections that are kept open
        gc.disable()
        try:
            live.send_and_leave(request)
            eventually(event.is_set)
            eventually(lambda: all(each in others for each in exchanges()))
        finally:
            gc.enable()


@BOTH_WAYS
@pytest.mark.parametrize("sent_ahead", [0, 3])
def test_aborted_response_to_a_disconnected_client_is_not_logged(
    sent_ahead: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Also with pipelined requests, of which the server notifies only the last one."""
    failures: list[dict[str, object]] = []
    with live_gateway() as live:
        live.loop.set_exception_handler(lambda _, context: failures.append(context))
        live.services.behaviours[PICTURE] = answering(200, LARGE)
        for _ in range(5):
            live.send_and_leave(f"GET {PICTURE} HTTP/1.1\r\nhost: a\r\n\r\n".encode() * (1 + sent_ahead))
        eventually(lambda: not live.server.server_state.tasks)
        assert live.web.get(POSTS).status_code == 200
    assert not failures
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
