"""Open WebSockets on a real line, to clients of every kind."""

import asyncio
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from shared.metrics import SOCKETS_CLOSED
from shared.security.verifier import Identity
from shared.server import websocket_protocol
from shared.server.config import server_options
from shared.testing import eventually
from shared.testing.waiting import WAIT_SECONDS
from shared.testing.websocket_client import listening
from shared.websockets import hub
from shared.websockets.hub import NOT_UNDERSTOOD, TOKEN_EXPIRED, UPSTREAM_LOST, CloseReason, Hub, Socket

HEAD = (
    b"GET /ws HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
    b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
PING = b"\x89\x80\0\0\0\0"
LONG = "x" * 100_000


class HubServer:
    """A server whose sockets all belong to one, who has a token for an hour."""

    def __init__(self, **changed: Any) -> None:
        self.open = Hub("tests", 1_000, 1_000)
        self.expires_at = int(time.time()) + 3600
        self.held: list[Socket] = []
        self.taken: list[str] = []
        self.server = uvicorn.Server(uvicorn.Config(self, **{**server_options(), "lifespan": "off", **changed}))
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/ws"
        self.loop = asyncio.new_event_loop()
        self.accept: Callable[[Send], Awaitable[object]] = lambda send: send({"type": "websocket.accept"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await send({"type": "http.response.start", "status": 426, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})
            return
        held = self.open.register(Identity(1, 2, self.expires_at))
        self.held.append(held)
        await receive()
        await self.accept(send)
        await self.open.serve(held, receive, send, held.next, self.take)

    async def take(self, text: str) -> CloseReason | None:
        """Keep a text of the client."""
        self.taken.append(text)
        return NOT_UNDERSTOOD if text == "nonsense" else None

    def run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
            runner.run(self.server.serve([self.listener]))

    @property
    def connections(self) -> int:
        """How many the server still has, open or closing."""
        return len(self.server.server_state.connections)


@contextmanager
def serving(**changed: Any) -> Iterator[HubServer]:
    """For as long as the block lasts."""
    hub_server = HubServer(**changed)
    thread = threading.Thread(target=hub_server.run, daemon=True)
    thread.start()
    eventually(lambda: hub_server.server.started)
    yield hub_server
    hub_server.server.should_exit = True
    thread.join(WAIT_SECONDS)


@pytest.fixture
def hub_server() -> Iterator[HubServer]:
    with serving() as opened:
        yield opened


@contextmanager
def line_to(hub_server: HubServer) -> Iterator[socket.socket]:
    """An open WebSocket of a client that does only what the test does."""
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.settimeout(WAIT_SECONDS)
        line.connect(("127.0.0.1", hub_server.port))
        line.sendall(HEAD)
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += line.recv(1)
        yield line


def everything_from(line: socket.socket) -> bytes:
    """Until the other side ends it."""
    found = bytearray()
    with suppress(ConnectionResetError):
        while part := line.recv(65536):
            found += part
    return bytes(found)


def closes(code: int) -> float:
    """How many sockets were closed with this code."""
    return float(SOCKETS_CLOSED.labels("tests", code)._value.get())


def test_text_reaches_all_sockets_of_a_subject_and_no_others(hub_server: HubServer) -> None:
    with ExitStack() as stack:
        ears = [stack.enter_context(listening(hub_server.url)) for _ in range(3)]
        assert (
            hub_server.open.has_listeners(1)
            and hub_server.open.has_listeners(7, 1)
            and not hub_server.open.has_listeners(2)
        )
        hub_server.open.send_to([2], '"others"')
        hub_server.open.send_to([1, 2], '"all"')
        assert [ear.next() for ear in ears] == ["all"] * 3
    eventually(lambda: hub_server.open.count == 0)
    assert not hub_server.open.has_listeners(1)


@pytest.mark.parametrize(
    "end", [lambda hub_server: hub_server.open.end_session(2), lambda hub_server: hub_server.open.end_subject(1)]
)
def test_ended_login_or_subject_closes_every_socket(hub_server: HubServer, end: Callable[[HubServer], None]) -> None:
    with listening(hub_server.url) as ear:
        hub_server.open.end_session(1)
        hub_server.open.end_subject(2)
        hub_server.open.send_to([1], "1")
        assert ear.next() == 1
        end(hub_server)
        assert ear.closed() == 4401


def test_socket_with_an_expired_token_closes_at_once(hub_server: HubServer) -> None:
    hub_server.expires_at = int(time.time()) - 5
    with listening(hub_server.url) as ear:
        assert ear.closed() == 4401


def test_first_close_reason_wins(hub_server: HubServer) -> None:
    with listening(hub_server.url) as ear:
        for ending in (UPSTREAM_LOST, TOKEN_EXPIRED):
            hub_server.loop.call_soon_threadsafe(hub_server.held[0].end, ending)
        assert ear.closed() == 1013


def fill(hub_server: HubServer) -> bool:
    """Say more; whether the one socket has been given up."""
    hub_server.open.send_to([1], LONG)
    return bool(hub_server.held) and hub_server.open.count == 0


def test_client_that_does_not_read_is_disconnected_and_its_memory_is_freed(
    hub_server: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "SEND_SECONDS", 0.1)
    monkeypatch.setattr(websocket_protocol, "LINGER_SECONDS", 0.1)
    before = closes(4408)
    with line_to(hub_server):
        eventually(lambda: fill(hub_server))
        eventually(lambda: hub_server.connections == 0)
    assert closes(4408) == before + 1


def test_client_that_resumes_reading_gets_the_close_reason(
    hub_server: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "SEND_SECONDS", 0.1)
    with line_to(hub_server) as line:
        eventually(lambda: fill(hub_server))
        assert everything_from(line).endswith((4408).to_bytes(2, "big") + b"read too slowly")


def test_client_without_pong_is_disconnected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket_protocol, "LINGER_SECONDS", 0.1)
    before = closes(1011)
    with serving(ws_ping_interval=0.1, ws_ping_timeout=0.1) as hub_server, line_to(hub_server) as line:
        assert b"\x89\x04" in everything_from(line), "a ping"
        eventually(lambda: hub_server.open.count == 0 and hub_server.connections == 0)
    assert closes(1011) == before + 1


def test_client_with_pongs_stays_connected() -> None:
    with serving(ws_ping_interval=0.05, ws_ping_timeout=WAIT_SECONDS) as hub_server, listening(hub_server.url) as ear:
        assert [ear.connection.ping().wait(WAIT_SECONDS) for _ in range(5)] == [True] * 5
        hub_server.open.send_to([1], "1")
        assert ear.next() == 1


@pytest.mark.parametrize(
    ("flood", "code"),
    [
        (PING * 1000, 1008),
        (b"\x8a\x80\0\0\0\0" * 1000, 1008),  # answers to no ping
        (b"\x81\x80\0\0\0\0" * 1000, 1008),
        (b"\x01\x80\0\0\0\0" + b"\0\x80\0\0\0\0" * 1000, 1008),  # a text in empty pieces, without an end
        (b"\x82\x81\0\0\0\0x", 1008),  # bytes
        (b"\x81\x81\0\0\0\0\xff", 1007),
        (b"\x81\xfe\x7f\xff\0\0\0\0" + b"x" * 0x7FFF, 1009),
        (b"\x83\x80\0\0\0\0", 1002),  # of a kind that there is not
        (b"\x81\x01x", 1002),  # without a mask
    ],
)
def test_flooding_client_is_disconnected(hub_server: HubServer, flood: bytes, code: int) -> None:
    with line_to(hub_server) as line:
        with suppress(OSError):
            line.sendall(flood)
        assert code.to_bytes(2, "big") in everything_from(line)
    eventually(lambda: hub_server.open.count == 0 and hub_server.connections == 0)


def test_texts_of_a_client_are_taken_in_order_until_one_is_not_understood(hub_server: HubServer) -> None:
    with listening(hub_server.url) as ear:
        for text in ("one", "둘", "nonsense"):
            ear.connection.send(text)
        assert ear.closed() == 1008
    assert hub_server.taken == ["one", "둘", "nonsense"]


def test_data_before_the_handshake_response_closes_the_connection(hub_server: HubServer) -> None:
    hesitating = threading.Event()
    accept, hub_server.accept = hub_server.accept, lambda _: asyncio.to_thread(hesitating.wait, WAIT_SECONDS)
    with socket.create_connection(("127.0.0.1", hub_server.port), timeout=WAIT_SECONDS) as line:
        line.sendall(HEAD)
        eventually(lambda: hub_server.held)
        line.sendall(PING)
        assert everything_from(line) == b""
        hub_server.accept = accept
        hesitating.set()
    eventually(lambda: hub_server.open.count == 0 and hub_server.connections == 0)


def test_shutdown_does_not_wait_for_clients_that_do_not_read(
    hub_server: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket_protocol, "LINGER_SECONDS", 0.1)
    with line_to(hub_server):
        eventually(lambda: hub_server.held)
        hub_server.open.send_to([1], "x" * 10_000_000)
        hub_server.server.should_exit = True
        eventually(lambda: not hub_server.loop.is_running())


@pytest.mark.parametrize(
    "spoilt",
    [
        HEAD.replace(b"dGhl", b"dG"),
        HEAD.replace(b": 13", b": 8"),
        HEAD.replace(b"/ws", b"/other"),
        HEAD.replace(b"GET", b"PUT"),
        HEAD.replace(b"1.1", b"1.0"),
        HEAD[:-2] + b"upgrade: websocket\r\n\r\n",
        HEAD[:-2] + b"x: " + b"a" * 8_100 + b"\r\n\r\n",
        HEAD[:-2] + b"x: a\r\n" * 120 + b"\r\n",
        HEAD[:-2] + b"origin: a\r\norigin: b\r\n\r\n",
        HEAD[:-2] + b"sec-websocket-protocol: ,\r\n\r\n",
        HEAD[:-2] + b"transfer-encoding: chunked\r\n\r\n",
    ],
)
def test_invalid_handshake_gets_426_and_closes_the_connection(hub_server: HubServer, spoilt: bytes) -> None:
    with socket.create_connection(("127.0.0.1", hub_server.port), timeout=WAIT_SECONDS) as line:
        line.sendall(spoilt)
        answer = everything_from(line)
    assert answer.startswith(b"HTTP/1.1 426 ") and answer.count(b"HTTP/1.1") == 1
    eventually(lambda: hub_server.connections == 0)
