"""Clients that read or send slowly: disconnected by a minimum data rate, not by total time, and bounded in number."""

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from prometheus_client import REGISTRY

from gateway.exchange import Receive, Send
from gateway.slow_clients import SlowClients, Transfer
from shared.testing.waiting import eventually

from .clock import Clock
from .gateway_server import BOTH_WAYS, LiveGateway, Raw, live_gateway, refused
from .stub_services import ReceivedRequest, answering, say
from .test_request_body import LOGIN, MEDIA, head

POSTS = "/api/v1/posts"
PICTURE = "/api/v1/media/large.jpg"
LARGE = b"x" * 20_000_000


def ended_because(reason: str) -> float:
    return REGISTRY.get_sample_value("gateway_slow_clients_ended_total", {"reason": reason}) or 0.0


class Limited:
    """Transfers at 4,096 bytes per second in windows of 10 s, and the list of those that were ended."""

    def __init__(self, most: int = 100, most_of_network: int = 100) -> None:
        self.clock = Clock()
        self.ended: list[str] = []
        self.clients = SlowClients(10.0, 4096, most, most_of_network, self.clock)

    def transfer(self, name: str, network: str | None = "192.0.2.1") -> Transfer:
        return Transfer(network, lambda: self.ended.append(name))

    def receive(self, transfer: Transfer, size: int, seconds: float) -> None:
        """Wait this long for this number of bytes, with a sweep every second."""
        self.clients.wait(transfer)
        while seconds > 0:
            self.clock.now += min(1.0, seconds)
            seconds -= 1.0
            self.clients.sweep()
        self.clients.done(transfer, size)


def test_client_that_reads_nothing_is_disconnected_after_ten_seconds() -> None:
    limited = Limited()
    transfer = limited.transfer("deaf")
    limited.receive(transfer, 0, 6.0)
    limited.clock.now += 1000  # no transfer waits for it
    limited.clients.sweep()
    limited.receive(transfer, 0, 3.9)
    assert not limited.ended
    limited.receive(transfer, 0, 0.2)
    assert limited.ended == ["deaf"]
    assert len(limited.clients) == 0


@pytest.mark.parametrize(("size", "seconds"), [(44_000, 1.0), (1_500, 0.1), (5_000, 1.0), (60_000, 9.9)])
def test_slow_client_above_the_minimum_rate_may_take_any_time(size: int, seconds: float) -> None:
    limited = Limited()
    transfer = limited.transfer("slow")
    while limited.clock.now < 3600:
        limited.receive(transfer, size, seconds)
    assert not limited.ended


@pytest.mark.parametrize(("size", "seconds"), [(1, 1.0), (1, 5.0), (4_000, 1.0), (400, 0.1), (30_000, 9.9)])
def test_client_below_the_minimum_rate_is_disconnected(size: int, seconds: float) -> None:
    limited = Limited()
    transfer = limited.transfer("too slow")
    while limited.clock.now < 60 and not limited.ended:
        limited.receive(transfer, size, seconds)
    assert limited.ended == ["too slow"]
    assert limited.clock.now < 25


def test_bytes_read_during_a_wait_are_counted() -> None:
    limited = Limited()
    unsent = [1_000_000]
    transfer = Transfer(None, lambda: limited.ended.append("reader"), lambda: unsent[0])
    limited.clients.wait(transfer)
    for _ in range(100):
        limited.clock.now += 1.0
        unsent[0] -= 5_000
        limited.clients.sweep()
    assert not limited.ended
    for _ in range(11):
        limited.clock.now += 1.0
        limited.clients.sweep()
    assert limited.ended == ["reader"]


def test_over_the_bound_stalled_clients_are_evicted_before_slow_ones() -> None:
    limited = Limited(most=3)
    honest = limited.transfer("honest")
    limited.receive(honest, 44_000, 1.0)
    limited.clients.wait(honest)
    for number in range(10):
        limited.clock.now += 0.01
        limited.clients.wait(limited.transfer(f"deaf {number}", f"192.0.2.{number}"))
    assert limited.ended == [f"deaf {number}" for number in range(8)]


def test_address_has_a_share_of_slow_transfers_and_a_trusted_proxy_has_none() -> None:
    limited = Limited(most=5, most_of_network=2)
    for number in range(3):
        limited.clock.now += 0.01
        limited.clients.wait(limited.transfer(f"deaf {number}"))
        limited.clients.wait(limited.transfer(f"proxied {number}", None))
    assert limited.ended == ["deaf 0"]


@contextmanager
def timed_gateway(**changed: Any) -> Iterator[tuple[LiveGateway, Clock]]:
    """A gateway with a large image behind it, and the clock by which it measures data rates."""
    with live_gateway(**changed) as live:
        live.services.behaviours[PICTURE] = answering(200, LARGE)
        clock = live.gateway.slow_clients.clock = Clock()
        yield live, clock


@contextmanager
def not_reading(live: LiveGateway, path: str = PICTURE) -> Iterator[socket.socket]:
    """A client with a minimal receive buffer that sends a request and does not read."""
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        line.settimeout(10)
        line.connect(("127.0.0.1", live.port))
        line.sendall(f"GET {path} HTTP/1.1\r\nhost: a\r\n\r\n".encode())
        yield line


def rest_of(line: socket.socket) -> int:
    """The number of bytes received until the connection ends."""
    received = 0
    try:
        while part := line.recv(1_000_000):
            received += len(part)
    except OSError:
        pass
    return received


def test_client_that_does_not_read_is_disconnected_within_ten_seconds() -> None:
    with timed_gateway() as (live, clock), not_reading(live) as line:
        before = ended_because("slow")
        eventually(lambda: len(live.gateway.slow_clients) == 1)
        clock.now += 9.9
        assert live.web.get("/healthz").status_code == 200
        assert len(live.gateway.slow_clients) == 1
        clock.now += 0.2
        eventually(lambda: ended_because("slow") == before + 1)
        assert rest_of(line) < len(LARGE)
        eventually(lambda: len(live.gateway.slow_clients) == 0)


def test_fifty_clients_that_do_not_read_do_not_block_others() -> None:
    with timed_gateway(picture_in_flight=2, picture_in_flight_per_address=1) as (live, _), ExitStack() as stack:
        for number in range(50):
            stack.enter_context(not_reading(live))
            eventually(lambda: len(live.gateway.slow_clients) == number + 1)  # noqa: B023 - waited for at once
        assert live.web.get("/api/v1/media/small.jpg").status_code == 200
        assert live.web.post(MEDIA, content=b"x" * 100_000, headers=live.token_issuer.bearer(1)).status_code == 200
        assert live.web.get(POSTS).status_code == 200


def test_slow_transfers_are_bounded() -> None:
    with timed_gateway(slow_clients_per_address=3) as (live, _), ExitStack() as stack:
        before = ended_because("too many slow")
        live.web.close()
        for _ in range(8):
            stack.enter_context(not_reading(live))
        eventually(lambda: ended_because("too many slow") == before + 5)
        assert len(live.gateway.slow_clients) == 3
        eventually(lambda: len(live.server.server_state.connections) == 3)
        with live.connect() as line:
            line.sendall(f"GET {PICTURE} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n".encode())
            assert rest_of(line) > len(LARGE), "who reads is not one of them"


def test_responses_of_the_gateway_itself_are_limited_too() -> None:
    with timed_gateway() as (live, clock), not_reading(live, "/docs/swagger-ui-bundle.js") as line:
        eventually(lambda: len(live.gateway.slow_clients) == 1)
        clock.now += 11
        eventually(lambda: not live.server.server_state.tasks)
        assert rest_of(line) < 1_000_000


def test_twenty_megabytes_arrive_at_one_megabit_per_second() -> None:
    with timed_gateway() as (live, clock), not_reading(live) as line:
        received = 0
        with line.makefile("rb") as stream:
            while stream.readline() != b"\r\n":
                pass
            while received < len(LARGE):
                received += len(stream.read(125_000))
                clock.now += 1.0
        assert received == len(LARGE)
        assert clock.now >= 160


class Counting:
    """A service that counts the bytes of a request, until it is answered or cancelled."""

    def __init__(self) -> None:
        self.received = 0
        self.left = threading.Event()

    async def __call__(self, _asked: ReceivedRequest, receive: Receive, send: Send) -> None:
        while (message := await receive())["type"] == "http.request":
            self.received += len(message["body"])
            if not message["more_body"]:
                await say(send, 201, {})
        self.left.set()


def test_continuous_upload_has_no_total_timeout() -> None:
    size, step = 3_608_000, 44_000
    with timed_gateway() as (live, clock), live.connect() as line:
        service = Counting()
        live.services.behaviours[MEDIA] = service
        line.sendall(head(live, MEDIA, f"content-length: {size}"))
        for sent in range(step, size + 1, step):
            line.sendall(b"x" * step)
            eventually(lambda: sent < 2 * step or service.received >= sent)  # noqa: B023 - waited for at once
            clock.now += 1.0
        assert Raw.read(line.makefile("rb")).status == 201
        assert clock.now >= 82


@BOTH_WAYS
def test_stalled_upload_gets_408_and_its_service_request_is_cancelled() -> None:
    with timed_gateway() as (live, clock), live.connect() as line:
        service = Counting()
        live.services.behaviours[MEDIA] = service
        line.sendall(head(live, MEDIA, "content-length: 1000000") + b"x" * 100_000)
        eventually(lambda: service.received == 100_000)

        def is_answered_a_second_later() -> bool:
            clock.now += 1.0
            return bool(select.select([line], [], [], 0.01)[0])

        eventually(is_answered_a_second_later)
        answer = Raw.read(line.makefile("rb"))
        assert (answer.status, answer.code) == (408, "request_timeout")
        eventually(service.left.is_set)
        assert live.gateway._proxy.upstreams["posts"].in_flight == 0


def test_request_of_one_byte_per_second_is_aborted_before_it_reaches_a_service() -> None:
    with timed_gateway() as (live, clock), live.connect() as line:
        line.sendall(head(live, MEDIA, "content-length: 100000"))

        def answered() -> bool:
            if select.select([line], [], [], 0)[0]:
                return True
            line.sendall(b"x")
            clock.now += 1.0
            return False

        eventually(answered)
        assert Raw.read(line.makefile("rb")).status == 408
        assert clock.now >= 10
        assert not live.services.at(MEDIA)


def test_stalled_bodies_and_uploads_count_as_slow() -> None:
    with timed_gateway(slow_clients_per_address=4) as (live, _), ExitStack() as stack:
        before = ended_because("too many slow")
        for number in range(8):
            line = stack.enter_context(live.connect())
            line.sendall(head(live, MEDIA if number % 2 else LOGIN, "content-length: 1000") + b"{")
        eventually(lambda: ended_because("too many slow") == before + 4)
        answer = live.web.post(MEDIA, content=b"x" * 100_000, headers=live.token_issuer.bearer(1))
        assert answer.status_code == 200


def test_stalled_uploads_of_two_users_leave_slots_for_others() -> None:
    with timed_gateway() as (live, _), ExitStack() as stack:
        service = Counting()
        live.services.behaviours[MEDIA] = service
        for number in range(52):
            line = stack.enter_context(live.connect())
            token = live.token_issuer.bearer(number % 2 + 1)["authorization"]
            lines = (f"POST {MEDIA} HTTP/1.1", "host: a", f"authorization: {token}", "content-length: 1000000", "", "")
            line.sendall("\r\n".join(lines).encode() + b"x" * 70_000)
        eventually(lambda: service.received >= 24 * 70_000)
        answer = live.web.post(MEDIA, content=b"x" * 100_000, headers=live.token_issuer.bearer(3))
        assert answer.status_code == 201
        assert live.web.get(PICTURE).status_code == 200
        mine = live.web.post(MEDIA, content=b"x" * 100_000, headers=live.token_issuer.bearer(1))
        assert refused(mine) == (429, "too_many_at_once")
        assert int(mine.headers["retry-after"]) >= 1
