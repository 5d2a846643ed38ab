"""A replica of a service that is told to stop under traffic costs no request, not even one that cannot be retried."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import httpx
import pytest
import uvicorn

from gateway.exchange import Receive, Scope, Send
from shared.draining import Draining
from shared.server.config import server_options
from shared.testing.clocked_loop import ClockedServer
from shared.testing.ports import free_port
from shared.testing.waiting import WAIT_SECONDS, eventually

from .gateway_server import LiveGateway, live_gateway, serving
from .stub_services import whole_body

NAME = "posts.test"
POSTS = "/api/v1/posts"
CLIENTS = 4
ENOUGH = 40
"""Requests of the other replica before and after one is stopped."""


class Replica:
    """A process of the service as far as its server goes: it drains as every process does."""

    def __init__(self, host: str, port: int) -> None:
        self.requests = 0
        self.listener = socket.create_server((host, port))
        self.port: int = self.listener.getsockname()[1]
        config = uvicorn.Config(self, **{**server_options(), "lifespan": "off"})
        self.server = ClockedServer(config, Draining(), drain_seconds=2)

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        await whole_body(receive)
        self.requests += 1
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def replicas(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Replica]]:
    """Two, which NAME resolves to. The name server goes on naming both: its answers are older than what happens."""
    hosts = ("127.0.0.2", "127.0.0.3")
    port = free_port(*hosts)
    first, second = (Replica(host, port) for host in hosts)
    resolve = socket.getaddrinfo

    def resolved(host: str, port: int, *args: object, **more: object) -> list[tuple[object, ...]]:
        if host != NAME:
            return list(resolve(host, port, *args, **more))  # type: ignore[arg-type] # passed on as it was given
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in hosts]

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    monkeypatch.setattr("shared.http_client.client.KEEP_ALIVE_SECONDS", 0.5)  # less than the drain, as in production
    with ExitStack() as stack:
        for each in (first, second):
            stack.enter_context(serving(each.server, [each.listener]))
        yield [first, second]


@dataclass
class Traffic:
    """Clients that send one POST after another."""

    live: LiveGateway
    stopping: threading.Event
    failures: list[str]

    def send(self) -> None:
        with httpx.Client(base_url=self.live.web.base_url, timeout=WAIT_SECONDS) as web:
            while not self.stopping.is_set():
                answer = web.post(POSTS, json={}, headers=self.live.token_issuer.bearer(1))
                if answer.status_code != 200:
                    self.failures.append(f"{answer.status_code} {answer.text}")


@contextmanager
def traffic(live: LiveGateway) -> Iterator[Traffic]:
    sending = Traffic(live, threading.Event(), [])
    threads = [threading.Thread(target=sending.send) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield sending
    finally:
        sending.stopping.set()
        for thread in threads:
            thread.join()


def test_stopping_replica_costs_no_request(replicas: list[Replica]) -> None:
    stopped, other = replicas
    with live_gateway(posts_url=f"http://{NAME}:{stopped.port}") as live, traffic(live) as sending:
        eventually(lambda: stopped.requests > ENOUGH and other.requests > ENOUGH)
        stopped.server.should_exit = True
        eventually(lambda: not stopped.server.servers[0].is_serving())
        before = other.requests
        eventually(lambda: other.requests > before + ENOUGH)
    assert sending.failures == []
