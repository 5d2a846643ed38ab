"""A service with several addresses: requests are spread, and one that fails costs none of them."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from gateway.upstream.addresses import Address
from shared.testing.ports import free_port
from shared.testing.waiting import WAIT_SECONDS, eventually

from .gateway_server import LiveGateway, live_gateway, refused

NAME = "posts.test"
HOSTS = ("127.0.0.2", "127.0.0.3")
POSTS = "/api/v1/posts"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
FAILED = b"HTTP/1.1 500 Failed\r\ncontent-length: 0\r\n\r\n"


@dataclass
class Replica:
    """A process of the service: what it was asked, and what it responds to each request; None hangs up."""

    listener: socket.socket
    response: bytes | None = OK
    asked: list[bytes] = field(default_factory=list)
    silent: threading.Event | None = None
    """Where set, no request is answered before this event."""

    def serve(self) -> None:
        while True:
            try:
                line, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.converse, args=(line,), daemon=True).start()

    def converse(self, line: socket.socket) -> None:
        with line:
            while request := line.recv(65536):
                if request.startswith(b"GET /readyz "):
                    line.sendall(OK)
                    continue
                self.asked.append(request)
                if self.silent is not None:
                    self.silent.wait(WAIT_SECONDS)
                if self.response is None:
                    return
                line.sendall(self.response)

    def close(self) -> None:
        """Once or more often. Closing alone would not end `accept` in the other thread."""
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


@contextmanager
def serving(host: str, port: int) -> Iterator[Replica]:
    """One, at this address."""
    replica = Replica(socket.create_server((host, port)))
    thread = threading.Thread(target=replica.serve, daemon=True)
    thread.start()
    try:
        yield replica
    finally:
        replica.close()
        thread.join(WAIT_SECONDS)


@contextmanager
def replicas(count: int = 2) -> Iterator[list[Replica]]:
    """So many, at different addresses with the same port."""
    with ExitStack() as stack:
        port = free_port(*HOSTS[:count])
        yield [stack.enter_context(serving(host, port)) for host in HOSTS[:count]]


@dataclass
class NameServer:
    """What NAME resolves to."""

    hosts: list[str]


@pytest.fixture(autouse=True)
def name_server(monkeypatch: pytest.MonkeyPatch) -> NameServer:
    """Knows NAME, besides what the system knows."""
    known, resolve = NameServer(list(HOSTS)), socket.getaddrinfo

    def resolved(host: str, port: int, *args: Any, **more: Any) -> list[Any]:
        if host != NAME:
            return resolve(host, port, *args, **more)
        if not known.hosts:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in known.hosts]

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    return known


@contextmanager
def gateway_of(running: list[Replica], **changed: Any) -> Iterator[LiveGateway]:
    """A gateway that knows posts by NAME."""
    port = running[0].listener.getsockname()[1]
    with live_gateway(posts_url=f"http://{NAME}:{port}", **changed) as live:
        yield live


def addresses(live: LiveGateway) -> list[Address]:
    return live.gateway._proxy.upstreams["posts"].addresses._listed


def test_requests_are_spread_and_keep_the_name_in_the_host_header() -> None:
    with replicas() as running, gateway_of(running) as live:
        for _ in range(20):
            assert live.web.get(POSTS).status_code == 200
        assert [len(each.asked) for each in running] == [10, 10]
        assert f"host: {NAME}:".encode() in running[0].asked[0].lower()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_address_that_refuses_connections_costs_no_request(method: str) -> None:
    with replicas() as running, gateway_of(running) as live:
        running[0].close()
        headers = live.token_issuer.bearer(1)
        for _ in range(20):
            answer = live.web.request(method, POSTS, content=b"{}" if method == "POST" else None, headers=headers)
            assert answer.status_code == 200
        assert len(running[1].asked) == 20


def test_lost_connection_costs_only_what_cannot_be_retried() -> None:
    with replicas() as running, gateway_of(running) as live:
        running[0].response = None
        token = live.token_issuer.bearer(1)
        repeatable = [
            ("GET", POSTS, {}),
            ("PUT", f"{POSTS}/1/like", token),
            ("DELETE", f"{POSTS}/1/like", token),
            ("POST", POSTS, {**token, "idempotency-key": "one"}),
        ]
        for method, path, headers in repeatable:
            content = b"{}" if method == "POST" else None
            for _ in range(6):
                assert live.web.request(method, path, content=content, headers=headers).status_code == 200
        eventually(lambda: live.web.post(POSTS, json={}, headers=token).status_code == 503)
        sent = [request for each in running for request in each.asked if b"idempotency-key" not in request.lower()]
        lost = [request for request in running[0].asked if request.startswith(b"POST") and request in sent]
        assert len(lost) == 1


def test_address_that_accepts_connections_again_is_used_again() -> None:
    with replicas() as running, gateway_of(running) as live:
        host, port = running[0].listener.getsockname()
        running[0].close()
        eventually(lambda: live.web.get(POSTS).status_code == 200 and addresses(live)[0].down)
        with serving(host, port) as again:
            eventually(lambda: live.web.get(POSTS).status_code == 200 and again.asked)


def full(replica: Replica) -> list[socket.socket]:
    """Make it accept no more connections and answer nothing, as a machine without power."""
    host, port = replica.listener.getsockname()
    replica.silent = threading.Event()
    replica.close()
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(0)
    callers = [listener]
    while True:
        caller = socket.socket()
        callers.append(caller)
        caller.settimeout(0.2)
        try:
            caller.connect((host, port))
        except TimeoutError:
            return callers


def test_requests_waiting_for_a_dead_address_are_retried_at_another() -> None:
    with (
        replicas() as running,
        gateway_of(running, first_byte_seconds=60, connect_seconds=0.2) as live,
        ExitStack() as stack,
    ):
        for _ in range(4):
            assert live.web.get(POSTS).status_code == 200, "both have an open connection now"
        for each in full(running[0]):
            stack.enter_context(each)
        for _ in range(6):
            assert live.web.get(POSTS).status_code == 200
        assert running[0].silent is not None
        running[0].silent.set()
        assert addresses(live)[0].down


def test_circuit_breaker_opens_for_one_address_only() -> None:
    with replicas() as running, gateway_of(running) as live:
        running[0].response = FAILED
        statuses = [live.web.get(POSTS).status_code for _ in range(60)]
        assert statuses.count(502) == len(running[0].asked) == 10
        running[1].response = FAILED
        eventually(lambda: refused(live.web.get(POSTS)) == (503, "upstream_unavailable"))


def test_new_addresses_are_used_and_old_ones_are_not(monkeypatch: pytest.MonkeyPatch, name_server: NameServer) -> None:
    monkeypatch.setattr("gateway.upstream.addresses.RESOLVE_SECONDS", 0.0)
    name_server.hosts = [HOSTS[0]]
    with replicas() as running, gateway_of(running) as live:
        assert live.web.get(POSTS).status_code == 200
        name_server.hosts = [HOSTS[1]]
        eventually(lambda: live.web.get(POSTS).status_code == 200 and running[1].asked)
        before = len(running[0].asked)
        for _ in range(5):
            live.web.get(POSTS)
        assert len(running[0].asked) == before
        name_server.hosts = []
        eventually(lambda: addresses(live))
        for _ in range(5):
            assert live.web.get(POSTS).status_code == 200, "the last known addresses are kept"


def test_service_without_an_address_is_unavailable_until_it_has_one(name_server: NameServer) -> None:
    name_server.hosts = []
    with replicas() as running, gateway_of(running) as live:
        assert refused(live.web.get(POSTS)) == (503, "upstream_unavailable")
        name_server.hosts = list(HOSTS)
        eventually(lambda: live.web.get(POSTS).status_code == 200)
