"""A gateway on a real socket with its services behind it, as long as a block lasts."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import IO, Any

import httpx
import uvicorn

from gateway.app import Gateway, create_app
from gateway.server.server import GatewayServer
from gateway.settings import Settings
from shared import clock, ids
from shared.events.envelope import Event
from shared.events.in_memory import InMemoryBus
from shared.server.config import server_options
from shared.testing.tokens import FakeTokenIssuer
from shared.testing.waiting import WAIT_SECONDS, eventually

from .stub_services import NAMES, StubServices

SECRET = "a secret for tests that is long enough"


@dataclass
class LiveGateway:
    """The gateway, what is behind it, and a client before it."""

    services: StubServices
    web: httpx.Client
    port: int
    bus: InMemoryBus
    loop: asyncio.AbstractEventLoop
    gateway: Gateway
    server: GatewayServer

    @property
    def token_issuer(self) -> FakeTokenIssuer:
        """Makes the tokens that are accepted here."""
        return self.services.token_issuer

    def deliver(self, type_: str, data: dict[str, Any]) -> bool:
        """Deliver a fact over the bus; whether it was taken in."""
        event = Event(ids.new(), type_, 1, clock.now(), None, data)
        return asyncio.run_coroutine_threadsafe(self.bus.publish([event]), self.loop).result(10)[0]

    def connect(self) -> socket.socket:
        """A raw connection to the gateway."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=WAIT_SECONDS)

    def raw(self, request: bytes) -> "Raw":
        """What comes back for these very bytes, until the gateway closes or has answered."""
        with self.connect() as line:
            line.sendall(request)
            return Raw.read(line.makefile("rb"))

    def send_and_leave(self, request: bytes) -> None:
        """Send these bytes, wait until a service has been asked, and hang up."""
        before = len(self.services.asked)
        with self.connect() as line:
            line.sendall(request)
            eventually(lambda: len(self.services.asked) > before)


@dataclass
class Raw:
    """An answer as it lay on the line."""

    status: int
    headers: dict[str, str]
    body: bytes

    @classmethod
    def read(cls, stream: IO[bytes]) -> "Raw":
        """Read one answer."""
        status = int(stream.readline().split()[1])
        headers: dict[str, str] = {}
        while (field := stream.readline()) not in (b"\r\n", b""):
            name, _, value = field.decode().partition(":")
            headers[name.lower()] = value.strip()
        return cls(status, headers, stream.read(int(headers.get("content-length", "0"))))

    @property
    def code(self) -> str:
        """Of the problem."""
        assert self.headers["content-type"] == "application/problem+json", self.body
        return str(json.loads(self.body)["code"])


@contextmanager
def live_gateway(services: StubServices | None = None, **changed: Any) -> Iterator[LiveGateway]:
    """A running gateway with these settings, that has loaded what it needs."""
    with ExitStack() as stack:
        services = services or StubServices()
        listeners = [listening() for _ in NAMES]
        services.ports = {listener.getsockname()[1]: name for listener, name in zip(listeners, NAMES, strict=True)}
        behind = uvicorn.Server(uvicorn.Config(services, **server_options()))
        stack.enter_context(serving(behind, listeners))
        live = stack.enter_context(live_gateway_alone(services, **changed))
        if services.revocations is not None:
            eventually(lambda: live.web.get("/readyz").json().get("revocations") == "loaded")
        yield live
        behind.should_exit = behind.force_exit = True  # while the gateway ends as well


@contextmanager
def live_gateway_alone(services: StubServices, **changed: Any) -> Iterator[LiveGateway]:
    """The gateway alone, before services that may be away."""
    settings = Settings(**{"secret": SECRET, "environment": "development", **services.settings(), **changed})
    bus = InMemoryBus()
    gateway = create_app(settings, bus)
    server = GatewayServer(gateway)
    listener = listening()
    port = listener.getsockname()[1]
    with (
        serving(server, [listener]) as loop,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=WAIT_SECONDS) as web,
    ):
        yield LiveGateway(services, web, port, bus, loop, gateway, server)


def listening() -> socket.socket:
    """A free port, without the 40 ms that small answers wait for where nobody says TCP_NODELAY."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


@contextmanager
def serving(server: uvicorn.Server, listeners: list[socket.socket]) -> Iterator[asyncio.AbstractEventLoop]:
    """Run this server in a thread of its own; the loop it runs in."""
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        await server.serve(sockets=listeners)

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    eventually(lambda: server.started or not thread.is_alive())
    try:
        yield loops[0]
    finally:
        server.should_exit = True
        thread.join(30)


def refused(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a problem in our form."""
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["request_id"] == answer.headers["x-request-id"]
    if answer.status_code == 503:
        assert int(answer.headers["retry-after"]) >= 1
    return answer.status_code, problem["code"]
