"""A gateway on a real socket with stub services behind it, for the duration of a block."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import IO, Any

import httpx
import pytest
import uvicorn

from gateway.app import Gateway, create_app
from gateway.server.server import GatewayServer
from gateway.settings import Settings
from shared import clock, ids
from shared.events.envelope import Event
from shared.events.in_memory import InMemoryBus
from shared.security.service_calls import ssl_context_for
from shared.server.config import Server, server_options
from shared.testing.clocked_loop import ClockedLoop, ClockedServer
from shared.testing.tokens import FakeTokenIssuer
from shared.testing.waiting import WAIT_SECONDS, eventually

from .stub_services import NAMES, StubServices

SECRET = "a secret for tests that is long enough"
WAYS = {"http": False, "asgi": True}
BOTH_WAYS = pytest.mark.parametrize("calls_applications", WAYS.values(), ids=WAYS, indirect=True, scope="module")
"""Runs a test with services that the gateway reaches over loopback, and with services in its own event loop."""

calls_applications = False
"""Whether `live_gateway` runs its services in the event loop of the gateway. Set by the fixture of this name."""


@dataclass
class LiveGateway:
    """The gateway, its stub services, and an HTTP client."""

    services: StubServices
    web: httpx.Client
    port: int
    bus: InMemoryBus
    loop: ClockedLoop
    gateway: Gateway
    server: GatewayServer

    @property
    def token_issuer(self) -> FakeTokenIssuer:
        """Issues tokens that this gateway accepts."""
        return self.services.token_issuer

    def deliver(self, type_: str, data: dict[str, Any]) -> bool:
        """Deliver an event over the bus. Returns whether it was handled."""
        event = Event(ids.new(), type_, 1, clock.now(), None, data)
        return asyncio.run_coroutine_threadsafe(self.bus.publish([event]), self.loop).result(WAIT_SECONDS)[0]

    def connect(self) -> socket.socket:
        """A raw connection to the gateway."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=WAIT_SECONDS)

    def raw(self, request: bytes) -> "Raw":
        """The response to these bytes, read until the gateway closes the connection or has responded."""
        with self.connect() as line:
            line.sendall(request)
            return Raw.read(line.makefile("rb"))

    def send_and_leave(self, request: bytes) -> None:
        """Send these bytes, wait until a service has received the request, and disconnect."""
        before = len(self.services.asked)
        with self.connect() as line:
            line.sendall(request)
            eventually(lambda: len(self.services.asked) > before)


@dataclass
class Raw:
    """A response as received."""

    status: int
    headers: dict[str, str]
    body: bytes

    @classmethod
    def read(cls, stream: IO[bytes]) -> "Raw":
        """Read one response."""
        status = int(stream.readline().split()[1])
        headers: dict[str, str] = {}
        while (field := stream.readline()) not in (b"\r\n", b""):
            name, _, value = field.decode().partition(":")
            headers[name.lower()] = value.strip()
        return cls(status, headers, stream.read(int(headers.get("content-length", "0"))))

    @property
    def code(self) -> str:
        """The problem code."""
        assert self.headers["content-type"] == "application/problem+json", self.body
        return str(json.loads(self.body)["code"])


@contextmanager
def live_gateway(services: StubServices | None = None, **changed: Any) -> Iterator[LiveGateway]:
    """A running gateway with these settings, after it has loaded keys and revocations."""
    with ExitStack() as stack:
        services = services or StubServices()
        listeners = [listening() for _ in NAMES]
        services.ports = {listener.getsockname()[1]: name for listener, name in zip(listeners, NAMES, strict=True)}
        behind = ClockedServer(uvicorn.Config(services, **server_options()))
        if calls_applications:
            others = InSameLoop(behind, listeners, [name for name in NAMES if f"{name}_url" not in changed])
            live = stack.enter_context(live_gateway_alone(services, others, **changed))
        else:
            stack.enter_context(serving(behind, listeners))
            live = stack.enter_context(live_gateway_alone(services, **changed))
        if services.revocations is not None:
            eventually(lambda: live.web.get("/readyz").json().get("revocations") == "loaded")
        yield live
        behind.force_exit = True  # it may still be answering somebody


@dataclass
class InSameLoop:
    """A server in the event loop of the gateway, and the services whose requests are calls of its application."""

    server: ClockedServer
    listeners: list[socket.socket]
    names: Sequence[str]

    def servers(self) -> dict[str, Server]:
        """As `create_app` takes them."""
        return dict.fromkeys(self.names, self.server)


@contextmanager
def live_gateway_alone(
    services: StubServices, others: InSameLoop | None = None, **changed: Any
) -> Iterator[LiveGateway]:
    """A gateway whose services may be unavailable."""
    settings = Settings(**{"secret": SECRET, "environment": "development", **services.settings(), **changed})
    bus = InMemoryBus()
    gateway = create_app(settings, bus, others.servers() if others else {})
    server = _ClockedGatewayServer(gateway)
    listener = listening()
    port = listener.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with (
        serving(server, [listener], others) as loop,
        httpx.Client(base_url=url, timeout=WAIT_SECONDS, verify=ssl_context_for(url)) as web,
    ):
        server._limits._clock = loop.time
        yield LiveGateway(services, web, port, bus, loop, gateway, server)


class _ClockedGatewayServer(GatewayServer, ClockedServer):
    """The gateway's own server, without the pause."""


def listening() -> socket.socket:
    """A free port, with TCP_NODELAY: small responses would otherwise wait for 40 ms."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


@contextmanager
def serving(
    server: ClockedServer, listeners: list[socket.socket], others: InSameLoop | None = None
) -> Iterator[ClockedLoop]:
    """Run this server in a separate thread. Returns its event loop."""
    loop = ClockedLoop()

    def serve() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(_serve(server, listeners, others))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    eventually(lambda: server.started or not thread.is_alive())
    try:
        yield loop
    finally:
        server.should_exit = True
        thread.join(WAIT_SECONDS)


async def _serve(server: ClockedServer, listeners: list[socket.socket], others: InSameLoop | None) -> None:
    if others is None:
        await server.serve(sockets=listeners)
        return
    behind = asyncio.create_task(others.server.serve(sockets=others.listeners))
    await others.server.is_serving.wait()
    await server.serve(sockets=listeners)
    others.server.should_exit = True
    await behind


def refused(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a problem document in our format."""
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["request_id"] == answer.headers["x-request-id"]
    if answer.status_code == 503:
        assert int(answer.headers["retry-after"]) >= 1
    return answer.status_code, problem["code"]
