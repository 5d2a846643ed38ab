"""The HTTP protocol of each process: ambiguous requests are refused, and clients cannot fill the log."""

import asyncio
import gc
import logging
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
import uvicorn
import uvloop
from prometheus_client import REGISTRY
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from shared.server.config import server_options
from shared.server.http_protocol import HardenedHttpProtocol
from shared.testing import eventually
from shared.testing.waiting import WAIT_SECONDS

ASK = b"GET /a HTTP/1.1\r\nhost: a\r\n\r\n"
START = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"10")]}
LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}

Behaviour = Callable[["Standing", Receive, Send], Awaitable[None]]


class Standing:
    """A server whose application the test chooses."""

    def __init__(self, behave: Behaviour) -> None:
        self._behave = behave
        self.answered = 0
        self.server = uvicorn.Server(uvicorn.Config(self, **{**server_options(), "lifespan": "off"}))
        self.listener = socket.create_server(("127.0.0.1", 0))

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._behave(self, receive, send)
        finally:
            self.answered += 1

    @property
    def transport(self) -> asyncio.Transport:
        """Of its only connection."""
        (connection,) = self.server.server_state.connections
        assert not isinstance(connection, Exception)
        return connection.transport

    def ask(self, request: bytes) -> bytes:
        """All bytes received before the connection ends."""
        received = b""
        with socket.create_connection(self.listener.getsockname(), timeout=WAIT_SECONDS) as line:
            line.sendall(request)
            with suppress(ConnectionError):
                while part := line.recv(65_536):
                    received += part
        return received


@contextmanager
def standing(behave: Behaviour, new_loop: Callable[[], asyncio.AbstractEventLoop]) -> Iterator[Standing]:
    """Serve during the block."""
    standing_server = Standing(behave)

    def serve() -> None:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(standing_server.server.serve([standing_server.listener]))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    eventually(lambda: standing_server.server.started)
    try:
        yield standing_server
    finally:
        standing_server.server.should_exit = True
        thread.join(WAIT_SECONDS)


async def say_nothing(_: Standing, _receive: Receive, _send: Send) -> None:
    """Respond with nothing, as after a disconnect."""


async def cut_short(_: Standing, _receive: Receive, send: Send) -> None:
    """Begin a response."""
    await send(START)
    await send({"type": "http.response.body", "body": b"12345", "more_body": True})


async def answer_who_has_left(standing_server: Standing, _receive: Receive, send: Send) -> None:
    """Respond after the client has disconnected."""
    standing_server.transport.abort()
    await send(START)
    await send({"type": "http.response.body", "body": b"1234567890"})


async def go_on_for_who_has_left(standing_server: Standing, _receive: Receive, send: Send) -> None:
    """The client disconnects during the response."""
    await send(START)
    standing_server.transport.abort()
    await send({"type": "http.response.body", "body": b"1234567890"})


async def end_and_say_nothing(standing_server: Standing, _receive: Receive, _send: Send) -> None:
    """The connection is closed and nothing is sent."""
    standing_server.transport.abort()


def is_lost_on_writing(standing_server: Standing) -> bool:
    """With pipelined requests nothing is read from the connection, so only a write detects the disconnect."""
    if standing_server.server.server_state.connections:
        standing_server.transport.write(b"x")
    return not standing_server.server.server_state.connections


async def in_turns_of_the_loop(condition: Callable[[], bool]) -> None:
    """Wait for a condition that only the event loop may check."""
    loop = asyncio.get_running_loop()

    async def look() -> bool:
        return condition()

    await asyncio.to_thread(eventually, lambda: asyncio.run_coroutine_threadsafe(look(), loop).result(WAIT_SECONDS))


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize("new_loop", LOOPS.values(), ids=LOOPS)
@pytest.mark.parametrize("behave", [cut_short, answer_who_has_left, go_on_for_who_has_left, end_and_say_nothing])
def test_incomplete_response_closes_the_connection_without_logging(
    caplog: pytest.LogCaptureFixture, behave: Behaviour, new_loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    with standing(behave, new_loop) as standing_server:
        received = standing_server.ask(ASK)
        eventually(lambda: standing_server.answered == 1 and not standing_server.server.server_state.tasks)
    assert received.endswith(b"12345") if behave is cut_short else b"1234567890" not in received
    assert told(caplog) == []


@pytest.mark.parametrize("begun", [True, False], ids=["begun", "not begun"])
@pytest.mark.parametrize("new_loop", LOOPS.values(), ids=LOOPS)
def test_disconnected_client_with_pipelined_requests_gets_no_further_response(
    caplog: pytest.LogCaptureFixture, begun: bool, new_loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    """uvicorn notifies only the last request of a lost connection."""
    left = threading.Event()

    async def write_until_it_is_lost(standing_server: Standing, _receive: Receive, send: Send) -> None:
        await asyncio.to_thread(left.wait, WAIT_SECONDS)
        if begun:
            await send(START)
        await in_turns_of_the_loop(lambda: is_lost_on_writing(standing_server))
        if not begun:
            await send(START)
        await send({"type": "http.response.body", "body": b"1234567890"})

    with standing(write_until_it_is_lost, new_loop) as standing_server:
        with socket.create_connection(standing_server.listener.getsockname(), timeout=WAIT_SECONDS) as line:
            line.sendall(ASK + ASK)
            eventually(lambda: standing_server.server.server_state.tasks)
        left.set()
        eventually(lambda: standing_server.answered == 1 and not standing_server.server.server_state.tasks)
    gc.collect()  # asyncio logs an exception that was never retrieved when the task is deleted
    assert told(caplog) == []


def test_application_error_is_logged_and_gets_a_500(caplog: pytest.LogCaptureFixture) -> None:
    async def fail(_: Standing, _receive: Receive, _send: Send) -> None:
        raise ValueError("wrong")

    with standing(fail, asyncio.new_event_loop) as standing_server:
        assert standing_server.ask(ASK).startswith(b"HTTP/1.1 500")
    assert len(told(caplog)) == 1


def malformed() -> float:
    return REGISTRY.get_sample_value("http_malformed_total") or 0.0


def test_malformed_request_is_counted_and_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    before = malformed()
    nonsense: list[Any] = [b"nonsense\r\n\r\n", b"GET  /a HTTP/1.1\r\nhost: a\r\n\r\n", b"\x16\x03\x01\x00\xa5" * 40]
    with standing(say_nothing, asyncio.new_event_loop) as standing_server:
        for request in nonsense * 5:
            assert standing_server.ask(request).startswith(b"HTTP/1.1 400")
        assert standing_server.answered == 0
    assert malformed() == before + 15
    assert told(caplog) == []


SIZE = 4_000_000


async def _unsent() -> int:
    """Bytes of a response that are still in the process when its client reads nothing."""
    answered = asyncio.Event()

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % SIZE)]})
        await send({"type": "http.response.body", "body": b"x" * SIZE})
        answered.set()

    config = uvicorn.Config(app, **server_options())
    config.load()
    made: list[HardenedHttpProtocol] = []

    def protocol() -> HardenedHttpProtocol:
        made.append(HardenedHttpProtocol(config=config, server_state=ServerState(), app_state={}))
        return made[-1]

    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "127.0.0.1", 0)
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        client.setblocking(False)
        await loop.sock_connect(client, server.sockets[0].getsockname())
        await loop.sock_sendall(client, b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        await answered.wait()
        left = made[0].transport.get_write_buffer_size()
        made[0].transport.abort()
    server.close()
    await server.wait_closed()
    return left


def test_send_buffer_of_the_kernel_is_small() -> None:
    """By default it has megabytes, which no limit of the process counts."""
    assert asyncio.run(_unsent()) > SIZE - 500_000


@pytest.mark.parametrize("new_loop", LOOPS.values(), ids=LOOPS)
def test_the_head_and_the_body_of_a_response_arrive_as_one_segment(
    new_loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def respond(_: Standing, _receive: Receive, send: Send) -> None:
        await send(START)
        await send({"type": "http.response.body", "body": b"1234567890"})

    with (
        standing(respond, new_loop) as standing_server,
        socket.create_connection(standing_server.listener.getsockname(), timeout=WAIT_SECONDS) as line,
    ):
        line.sendall(ASK)
        received = line.recv(65_536)
    assert received.startswith(b"HTTP/1.1 200")
    assert received.endswith(b"\r\n\r\n1234567890")


@pytest.mark.parametrize("new_loop", LOOPS.values(), ids=LOOPS)
def test_the_head_of_a_response_is_sent_while_its_body_is_awaited(
    new_loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    read = threading.Event()

    async def respond(_: Standing, _receive: Receive, send: Send) -> None:
        await send(START)
        await asyncio.to_thread(read.wait, WAIT_SECONDS)
        await send({"type": "http.response.body", "body": b"1234567890"})

    with (
        standing(respond, new_loop) as standing_server,
        socket.create_connection(standing_server.listener.getsockname(), timeout=WAIT_SECONDS) as line,
    ):
        line.sendall(ASK)
        head = line.recv(65_536)
        read.set()
        body = line.recv(65_536)
    assert head.endswith(b"\r\n\r\n")
    assert body == b"1234567890"
