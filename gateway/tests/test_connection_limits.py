"""Connections that only cost resources: slow heads, endless trailers, unread responses, too many connections."""

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest
from prometheus_client import REGISTRY

from gateway import metrics
from gateway.server import connection_limits
from gateway.server.connection_limits import ConnectionLimits
from gateway.settings import Settings
from shared.testing.waiting import WAIT_SECONDS, eventually

from .gateway_server import LiveGateway, Raw, live_gateway
from .stub_services import waiting
from .test_request_body import LOGIN, chunk, head

GET = b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n"


@contextmanager
def line_to(live: LiveGateway) -> Iterator[socket.socket]:
    """A connection."""
    with live.connect() as line:
        yield line


def is_ended(line: socket.socket) -> bool:
    """Whether the gateway has closed it; data before that is discarded."""
    line.settimeout(0.01)
    try:
        while line.recv(65536):
            pass
    except TimeoutError:
        return False
    except OSError:
        pass
    return True


def close_as_slow(live: LiveGateway, line: socket.socket) -> None:
    """Move the clock of the gateway until it closes this connection."""

    def is_ended_a_second_later() -> bool:
        live.loop.shift(1)
        return is_ended(line)

    eventually(is_ended_a_second_later)


def closed(reason: str) -> float:
    return REGISTRY.get_sample_value("gateway_connections_closed_total", {"reason": reason}) or 0.0


def test_slow_request_head_gets_408() -> None:
    with live_gateway() as live, line_to(live) as line:
        before = closed("slow head")
        line.sendall(GET + GET[:20])
        stream = line.makefile("rb")
        assert Raw.read(stream).status == 200  # so that the second head has begun to arrive

        def is_answered_a_second_later() -> bool:
            live.loop.shift(1)
            return bool(select.select([line], [], [], 0.01)[0])

        eventually(is_answered_a_second_later)
        answer = Raw.read(stream)
        assert (answer.status, answer.code) == (408, "request_timeout")
        assert answer.headers["connection"] == "close"
        assert line.recv(1) == b""
        assert closed("slow head") > before


def test_slow_bytes_do_not_extend_the_head_timeout() -> None:
    with live_gateway(head_seconds=0.5) as live, line_to(live) as line:
        line.sendall(b"GET /healthz HTTP/1.1\r\nhost: a\r\n")

        def is_refused_by_now() -> bool:
            with suppress(OSError):
                line.sendall(b"x: 1\r\n")
            return is_ended(line)

        eventually(is_refused_by_now)


@pytest.mark.parametrize(
    "first", [b"", b"\r\n", GET, GET + b"\r\n"], ids=["nothing", "an empty line", "a request", "both"]
)
def test_silent_connection_is_closed(first: bytes) -> None:
    with live_gateway(head_seconds=0.2, keep_alive_seconds=1) as live, line_to(live) as line:
        line.sendall(first)
        eventually(lambda: is_ended(line))


def test_empty_lines_do_not_keep_a_connection_open() -> None:
    with live_gateway(head_seconds=0.5) as live, line_to(live) as line:

        def is_ended_by_now() -> bool:
            with suppress(OSError):
                line.sendall(b"\r\n")
            return is_ended(line)

        eventually(is_ended_by_now)


def test_response_may_take_longer_than_the_head_timeout() -> None:
    arrived, go_on = threading.Event(), threading.Event()
    with live_gateway(first_byte_seconds=3600) as live, line_to(live) as line, line_to(live) as other:
        live.services.behaviours["/api/v1/posts"] = waiting(arrived, go_on)
        line.sendall(b"GET /api/v1/posts HTTP/1.1\r\nhost: a\r\n\r\n" + GET[:10])
        assert arrived.wait(WAIT_SECONDS)
        other.sendall(GET[:10])
        close_as_slow(live, other)  # by then the first has waited for as long
        go_on.set()
        assert Raw.read(line.makefile("rb")).status == 200


def test_keep_alive_connection_is_not_closed_as_slow() -> None:
    with live_gateway() as live, line_to(live) as line, line_to(live) as other:
        stream = line.makefile("rb")

        def is_served_and_the_other_ended() -> bool:
            line.sendall(GET)
            assert Raw.read(stream).status == 200
            live.loop.shift(1)
            return is_ended(other)

        eventually(is_served_and_the_other_ended)


def test_endless_trailer_does_not_fill_memory() -> None:
    with live_gateway() as live, line_to(live) as line:
        line.sendall(head(live, LOGIN, "transfer-encoding: chunked") + b"0\r\nx: ")
        sent = 0
        with suppress(OSError):
            while sent < 50_000_000:
                sent += line.send(b"a" * 65536)
        assert sent < 50_000_000
        assert live.web.get("/healthz").status_code == 200


def test_trailer_is_not_treated_as_a_header() -> None:
    with live_gateway() as live:
        trailer = chunk(b"{}") + b"0\r\nidempotency-key: x\r\nhost: b\r\nx-request-id: from-a-trailer\r\n\r\n"
        answer = live.raw(head(live, LOGIN, "transfer-encoding: chunked") + trailer)
        assert answer.status == 200
        assert answer.headers["x-request-id"] != "from-a-trailer"
        assert not live.services.at(LOGIN)[-1].all("idempotency-key")


def test_pipelined_requests_are_bounded() -> None:
    arrived, go_on = threading.Event(), threading.Event()
    with live_gateway() as live, line_to(live) as line:
        live.services.behaviours["/api/v1/posts"] = waiting(arrived, go_on)
        line.sendall(b"GET /api/v1/posts HTTP/1.1\r\nhost: a\r\n\r\n" + GET * 200)
        assert arrived.wait(WAIT_SECONDS)
        go_on.set()
        answered = line.makefile("rb").read().count(b"HTTP/1.1 200 OK")
        assert 1 < answered < 30, "the others were not taken in, and the connection has ended"


def test_malformed_pipelined_request_does_not_cancel_the_response() -> None:
    arrived, go_on = threading.Event(), threading.Event()
    with live_gateway() as live, line_to(live) as line:
        live.services.behaviours["/api/v1/posts"] = waiting(arrived, go_on)
        line.sendall(b"GET /api/v1/posts HTTP/1.1\r\nhost: a\r\n\r\nnonsense\r\n\r\n")
        assert arrived.wait(WAIT_SECONDS)
        line.sendall(b"and more of it\r\n\r\n")
        go_on.set()
        answers = line.makefile("rb").read()
        assert answers.startswith(b"HTTP/1.1 200 OK")
        assert answers.count(b"HTTP/1.1") == 1


def test_idle_connection_is_closed_for_a_new_one_of_the_same_address() -> None:
    with live_gateway(connections_per_address=10) as live, ExitStack() as stack:
        slow = [stack.enter_context(line_to(live)) for _ in range(30)]
        for line in slow:
            with suppress(OSError):
                line.sendall(GET[:10])
        assert live.web.get("/healthz").status_code == 200
        eventually(lambda: sum(map(is_ended, slow)) >= 20)
        assert live.server.server_state.connections and len(live.server.server_state.connections) <= 10


def test_connections_with_a_running_request_are_not_evicted() -> None:
    arrived, go_on = threading.Event(), threading.Event()
    with live_gateway(connections=3) as live, ExitStack() as stack:
        live.web.close()  # its connection is one as well
        live.services.behaviours["/api/v1/posts"] = waiting(arrived, go_on)
        served = [stack.enter_context(line_to(live)) for _ in range(3)]
        for line in served:
            line.sendall(b"GET /api/v1/posts HTTP/1.1\r\nhost: a\r\n\r\n")
        eventually(lambda: len(live.services.at("/api/v1/posts")) == 3)
        with line_to(live) as line:
            answer = Raw.read(line.makefile("rb"))
            assert (answer.status, answer.code) == (503, "too_many_connections")
            assert int(answer.headers["retry-after"]) >= 1
        go_on.set()
        assert [Raw.read(line.makefile("rb")).status for line in served] == [200] * 3
        with line_to(live) as line:  # one that has been served may go
            line.sendall(GET)
            assert Raw.read(line.makefile("rb")).status == 200


def test_no_eviction_work_without_open_connections() -> None:
    with live_gateway() as live:
        connections = live.server._limits
        live.web.get("/healthz")
        assert connections.any_open.is_set()
        live.web.close()
        eventually(lambda: not connections.any_open.is_set())
        assert metrics.CONNECTIONS._value.get() == 0


class Silent:
    """A connection that does nothing by itself."""

    def __init__(self, address: str = "192.0.2.1") -> None:
        self.client: tuple[str, int] | None = (address, 1)
        self.ended = ""
        self.closing = False

    def give_up(self) -> None:
        self.ended = "given up"

    def abort(self) -> None:
        self.ended = "aborted"

    def is_closing(self) -> bool:
        return self.closing


def test_longest_idle_connection_is_evicted() -> None:
    now = [0.0]
    opened = ConnectionLimits(Settings(connections=4), lambda: now[0])
    served, resting, slow, slower = (Silent(f"192.0.2.{number}") for number in range(4))
    for connection in (served, resting, slower, slow):
        assert opened.open(connection)
        now[0] += 1
    opened.serving(served)
    opened.serving(resting)
    opened.idle(resting)
    expected = [slower, slow, resting]
    for victim in expected:
        newcomer = Silent("198.51.100.1")
        assert opened.open(newcomer)
        opened.serving(newcomer)
        assert victim.ended == "aborted"
    assert not opened.open(Silent()), "the others are all being served"
    assert served.ended == ""


def test_eviction_is_per_address_and_proxies_are_exempt() -> None:
    opened = ConnectionLimits(Settings(connections_per_address=1, trusted_proxies=["10.0.0.0/8"]))  # type: ignore[list-item] # parsed
    other, first, second = Silent("192.0.2.1"), Silent("2001:db8::1"), Silent("2001:db8::2")
    proxied = [Silent("10.0.0.1") for _ in range(5)]
    assert all(map(opened.open, [other, first, second, *proxied]))
    assert [each.ended for each in (other, first, second)] == ["", "aborted", ""]
    assert {each.ended for each in proxied} == {""}
    assert [opened.limited_network(each) for each in (other, proxied[0], first)] == ["192.0.2.1", None, None]


def test_unread_response_is_dropped_when_its_connection_closes() -> None:
    now = [0.0]
    opened = ConnectionLimits(Settings(), lambda: now[0])
    line = Silent()
    opened.open(line)
    opened.serving(line)
    line.closing = True
    for moment, ended in ((0.0, ""), (29.0, ""), (31.0, "aborted")):
        now[0] = moment
        opened.sweep()
        assert line.ended == ended


def test_closed_connections_leave_no_state() -> None:
    opened = ConnectionLimits(Settings())
    several = [Silent(f"192.0.2.{number}") for number in range(5)]
    for connection in several:
        opened.open(connection)
        opened.serving(connection)
        opened.idle(connection)
        opened.reading_head(connection)
        opened.leave(connection)
        opened.leave(connection)
        opened.reading_head(connection)
        opened.idle(connection)
    assert not (opened._all.open or opened._all.reading_head or opened._all.idle or opened._networks or opened._of)


def test_file_descriptor_limit_is_raised_and_a_reserve_is_kept() -> None:
    assert connection_limits.max_open_files() >= 256
    assert ConnectionLimits(Settings(connections=10**9))._limit <= connection_limits.max_open_files() // 2
