"""One exchange and the next: nothing of one outlives it, what takes long harms no other, who leaves ends it."""

import asyncio
import logging
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import cast

import aiohttp
import pytest
from aiohttp.client_proto import ResponseHandler

from gateway.exchange import Exchange, Receive, Send
from gateway.upstream.proxy import UpstreamUnreachable, _without_library_retries
from shared.testing.waiting import eventually

from .gateway_server import LiveGateway, live_gateway, refused
from .stub_services import ReceivedRequest, answering, never, start, waiting
from .test_request_body import MEDIA, head
from .test_upstream_failures import failing_service, hang_up

POSTS = "/api/v1/posts"
PICTURE = "/api/v1/media/large.jpg"
LARGE = b"x" * 3_600_000
PNG = b"x" * 100_000


def read_late(live: LiveGateway, size: int) -> None:
    """Ask for a picture of this size, read it only when the service's connection is paused, and then to its end."""
    live.services.behaviours[PICTURE] = answering(200, b"x" * size)
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        line.settimeout(10)
        line.connect(("127.0.0.1", live.port))
        line.sendall(f"GET {PICTURE} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n".encode())
        eventually(lambda: len(live.gateway.slow_clients) == 1)
        with line.makefile("rb") as stream:
            assert len(stream.read()) > size


def test_no_timer_of_an_exchange_is_left_on_its_connection() -> None:
    """One of the client library's would fail the next request there. Whether it is left depends on the size."""
    with live_gateway() as live:
        connector = live.gateway._proxy._session.connector
        assert isinstance(connector, aiohttp.TCPConnector)
        port = next(port for port, name in live.services.ports.items() if name == "posts")

        def pooled() -> list[ResponseHandler]:
            return [kept[0] for key, all_ in connector._conns.items() if key.port == port for kept in all_]

        for size in range(100_000, 1_000_000, 50_000):
            read_late(live, size)
            assert [each._read_timeout_handle for each in eventually(pooled)] == [None]


def test_what_is_sent_to_a_client_is_sent_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
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


@pytest.mark.parametrize(
    "problem",
    [
        aiohttp.SocketTimeoutError(),
        aiohttp.ConnectionTimeoutError(),
        aiohttp.ServerDisconnectedError(),
        aiohttp.ClientOSError(104, "reset"),
        aiohttp.ClientConnectionResetError(),
        aiohttp.ClientConnectionError(),
    ],
    ids=lambda problem: type(problem).__name__,
)
def test_every_lost_connection_is_known_as_one(problem: Exception) -> None:
    async def lose(_request: aiohttp.ClientRequest) -> aiohttp.ClientResponse:
        raise problem

    async def ask() -> None:
        await _without_library_retries(cast("aiohttp.ClientRequest", None), lose)

    with pytest.raises(UpstreamUnreachable):
        asyncio.run(ask())


def reset(line: socket.socket) -> None:
    """End the connection at once, with whatever is still to be sent."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize("end", [hang_up, reset])
def test_a_question_whose_connection_is_lost_before_the_answer_is_put_once_more(
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


def test_an_upload_has_the_patience_of_its_queue() -> None:
    arrived, go_on = threading.Event(), threading.Event()
    with live_gateway(first_byte_seconds=0.2) as live, ThreadPoolExecutor(1) as pool:
        live.services.behaviours[MEDIA] = waiting(arrived, go_on)
        live.services.behaviours[POSTS] = never
        upload = pool.submit(live.web.post, MEDIA, content=PNG, headers=live.token_issuer.bearer(1))
        assert arrived.wait(10)
        for _ in range(3):  # each of these takes as long as a light exchange may
            assert refused(live.web.get(POSTS)) == (503, "upstream_timeout")
        go_on.set()
        assert upload.result().status_code == 200


def test_ten_uploads_of_one_person_at_once_are_taken_and_nobody_is_harmed() -> None:
    go_on = threading.Event()
    with live_gateway(first_byte_seconds=0.2) as live, ThreadPoolExecutor(10) as pool:
        live.services.behaviours[MEDIA] = waiting(threading.Event(), go_on)
        mine = live.token_issuer.bearer(1)
        uploads = [pool.submit(live.web.post, MEDIA, content=PNG, headers=mine) for _ in range(10)]
        eventually(lambda: len(live.services.at(MEDIA)) == 10)
        for _ in range(20):
            assert live.web.get(POSTS).status_code == 200
            assert live.web.get(PICTURE).status_code == 200
        go_on.set()
        assert [upload.result().status_code for upload in uploads] == [200] * 10


def test_uploads_that_take_too_long_open_no_breaker() -> None:
    with live_gateway(heavy_seconds=0.2) as live, ThreadPoolExecutor(10) as pool:
        live.services.behaviours[MEDIA] = never
        mine = live.token_issuer.bearer(1)
        for _ in range(3):
            uploads = [pool.submit(live.web.post, MEDIA, content=PNG, headers=mine) for _ in range(10)]
            assert {refused(upload.result()) for upload in uploads} == {(503, "upstream_timeout")}
            assert live.web.get(POSTS).status_code == 200
        live.services.behaviours.clear()
        assert live.web.post(MEDIA, content=PNG, headers=mine).status_code == 200


def test_pictures_that_fail_keep_nobody_from_posts() -> None:
    with live_gateway() as live:
        live.services.behaviours[PICTURE] = answering(500)
        statuses = [live.web.get(PICTURE).status_code for _ in range(20)]
        assert statuses == [502] * 10 + [503] * 10
        assert live.web.get(POSTS).status_code == 200


@contextmanager
def left(live: LiveGateway, path: str) -> Iterator[threading.Event]:
    """Set when the gateway has left a service that goes on working at this path."""
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


@pytest.mark.parametrize("path", [MEDIA, PICTURE])
def test_the_service_is_left_when_the_client_leaves(path: str, caplog: pytest.LogCaptureFixture) -> None:
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


@pytest.mark.parametrize("sent_ahead", [0, 3])
def test_an_answer_cut_short_for_a_client_that_has_left_leaves_no_trace(
    sent_ahead: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Also where it had sent more requests ahead, of which the server marks only the last as left."""
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
