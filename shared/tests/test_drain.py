"""A server that is told to stop goes on serving, while its clients are moved to other processes."""

import asyncio
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx
import uvicorn
from starlette.types import Receive, Scope, Send

from shared.draining import Draining
from shared.security.verifier import Identity
from shared.server.config import Server, server_options
from shared.testing.waiting import WAIT_SECONDS, eventually
from shared.testing.websocket_client import Listener, listening
from shared.websockets.hub import RESTARTED, CloseReason, Hub

SOCKETS = 5


class DrainingServer:
    """A server that drains until `end`."""

    def __init__(self) -> None:
        self.draining = Draining()
        self.hub = Hub("tests", 100, 100)
        self.draining.on_start(lambda _: self.hub.drain(0.5))
        config = uvicorn.Config(self, **{**server_options(), "lifespan": "off"})
        self.server = Server(config, self.draining, WAIT_SECONDS)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})
            return
        registered = self.hub.register(Identity(1, 2, int(time.time()) + 3600))
        await receive()
        await send({"type": "websocket.accept"})
        await self.hub.serve(registered, receive, send, registered.next, self.take)

    async def take(self, text: str) -> CloseReason | None:
        """Ignore a text of the client."""

    def end(self) -> None:
        """As a second Ctrl-C does."""
        self.server.handle_exit(signal.SIGINT, None)


@contextmanager
def draining_server() -> Iterator[DrainingServer]:
    started = DrainingServer()
    thread = threading.Thread(target=asyncio.run, args=(started.server.serve([started.listener]),), daemon=True)
    thread.start()
    eventually(lambda: started.server.started)
    yield started
    started.server.handle_exit(signal.SIGTERM, None)
    started.end()
    thread.join(WAIT_SECONDS)
    assert not thread.is_alive()


def test_each_response_closes_its_connection_and_new_connections_are_served() -> None:
    with draining_server() as running, httpx.Client(base_url=running.url, timeout=WAIT_SECONDS) as web:
        assert "connection" not in web.get("/").headers
        running.server.handle_exit(signal.SIGTERM, None)
        eventually(lambda: running.draining.started)
        for _ in range(3):
            answer = web.get("/")
            assert (answer.status_code, answer.headers["connection"]) == (200, "close")
        eventually(lambda: not running.server.server_state.connections)


def test_sockets_are_closed_one_by_one_with_the_code_for_a_restart() -> None:
    with draining_server() as running, ExitStack() as stack:
        opened: list[Listener] = [stack.enter_context(listening(f"{running.url}/ws", "")) for _ in range(SOCKETS)]
        eventually(lambda: running.hub.count == SOCKETS)
        running.server.handle_exit(signal.SIGTERM, None)
        codes = [each.closed() for each in opened]
        assert codes == [RESTARTED.code] * SOCKETS
        assert running.server.started, "the server itself still runs"


def test_second_interrupt_ends_the_drain() -> None:
    with draining_server() as running:
        running.server.handle_exit(signal.SIGTERM, None)
        eventually(lambda: running.draining.started)
        running.end()
        eventually(lambda: not running.server.servers or not running.server.servers[0].is_serving())
