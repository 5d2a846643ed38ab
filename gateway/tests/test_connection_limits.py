"""ConnectionLimits that only cost: slow heads, trailers without end, clients that do not read, and too many of them."""

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
from shared.testing.waiting import eventually

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
    """Whether the gateway has closed it; what it says before is thrown away."""
    line.settimeout(0.01)
    try:
        while line.recv(65536):
            pass
    except TimeoutError:
        return False
    except OSError:
        pass
    return True


def closed(reason: str) -> float:
    return REGISTRY.get_sample_value("gateway_connections_closed_total", {"reason": reason}) or 0.0


def test_a_head_that_does_not_come_in_time_is_408() -> None:
    with live_gateway(head_seconds=0.2) as live, line_to(live) as line:
        before = closed("slow head")
        line.sendall(GET[:20])
        answer = Raw.read(line.makefile("rb"))
        assert (answer.status, answer.code) == (408, "request_timeout")
        assert answer.headers["connection"] == "close"
        assert line.recv(1) == b""
        assert closed("slow head") > before


def test_sending_a_little_now_and_then_buys_no_time() -> None:
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
def test_who_says_nothing_is_not_waited_for(first: bytes) -> None:
    with live_gateway(head_seconds=0.2, keep_alive_seconds=1) as live, line_to(live) as line:
        line.sendall(first)
        eventually(lambda: is_ended(line))


def test_empty_lines_keep_no_connection_open() -> None:
    with live_gateway(head_seconds=0.5) as live, line_to(live) as line:

        def is_ended_by_now() -> bool:
            with suppress(OSError):
                line.sendall(b"\r\n")
            return is_ended(line)

        eventually(is_ended_by_now)


def test_an_answer_may_take_longer_than_a_head() -> None:
    arrived, go_on = threading.Event(), threading.Event()
    with live_gateway(head_seconds=0.2) as live, line_to(live) as line, line_to(live) as other:
        live.services.behaviours["/api/v1/posts"] = waiting(arrived, go_on)
        line.sendall(b"GET /api/v1/posts HTTP/1.1\r\nhost: a\r\n\r\n" + GET[:10])
        assert arrived.wait(10)
        other.sendall(GET[:10])
        eventually(lambda: is_ended(other))  # by then the first has waited for as long
        go_on.set()
        assert Raw.read(line.makefile("rb")).status == 200


def test_who_is_served_again_and_again_is_not_slow() -> None:
    with live_gateway(head_seconds=0.2) as live, line_to(live) as line, line_to(live) as other:
        stream = line.makefile("rb")
        while not is_ended(other):
            line.sendall(GET)
            assert Raw.read(stream).status == 200


def test_a_trailer_without_end_does_not_fill_the_memory() -> None:
    with live_gateway() as live, line_to(live) as line:
        line.sendall(head(live, LOGIN, "transfer-encoding: chunked") + b"0\r\nx: ")
        sent = 0
        with suppress(OSError):
            while sent < 50_000_000:
                sent += line.send(b"a" * 65536)
        assert sent < 50_000_000
        assert live.web.get("/healthz").status_code == 200


def test_a_trailer_is_no_header() -> None:
    with live_gateway() as live:
        trailer = chunk(b"{}") + b"0\r\nidempotency-key: x\r\nhost: b\r\nx-request-id: from-a-trailer\r\n\r\n"
        answer = live.raw(head(live, LOGIN, "transfer-encoding: chunked") + trailer)
        assert answer.status == 200
        assert answer.headers["x-request-id"] != "from-a-trailer"
        assert not live.services.at(LOGIN)[-1].all("idempotency-key")


def test_only_so_many_requests_may_be_sent_ahead() -> None:
    arrived, go_on = threading.Event(), threading.Event()
    with live_gateway() as live, line_to(live) as line:
        live.services.behaviours["/api/v1/posts"] = waiting(arrived, go_on)
        line.sendall(b"GET /api/v1/posts HTTP/1.1\r\nhost: a\r\n\r\n" + GET * 200)
        assert arrived.wait(10)
        go_on.set()
        answered = line.makefile("rb").read().count(b"HTTP/1.1 200 OK")
        assert 1 < answered < 30, "the others were not taken in, and the connection has ended"


def test_nonsense_behind_a_request_takes_no_answer_away() -> None:
    arrived, go_on = threading.Event(), threading.Event()
    with live_gateway() as live, line_to(live) as line:
        live.services.behaviours["/api/v1/posts"] = waiting(arrived, go_on)
        line.sendall(b"GET /api/v1/posts HTTP/1.1\r\nhost: a\r\n\r\nnonsense\r\n\r\n")
        assert arrived.wait(10)
        line.sendall(b"and more of it\r\n\r\n")
        go_on.set()
        answers = line.makefile("rb").read()
        assert answers.startswith(b"HTTP/1.1 200 OK")
        assert answers.count(b"HTTP/1.1") == 1


def test_too_many_connections_of_one_address_make_room_for_its_next() -> None:
    with live_gateway(connections_per_address=10) as live, ExitStack() as stack:
        slow = [stack.enter_context(line_to(live)) for _ in range(30)]
        for line in slow:
            with suppress(OSError):
                line.sendall(GET[:10])
        assert live.web.get("/healthz").status_code == 200
        eventually(lambda: sum(map(is_ended, slow)) >= 20)
        assert live.server.server_state.connections and len(live.server.server_state.connections) <= 10


def test_connections_that_are_served_are_not_closed_for_others() -> None:
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


def test_nothing_is_looked_through_while_nothing_is_open() -> None:
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


def test_room_is_made_by_the_one_that_has_been_of_no_use_for_longest() -> None:
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


def test_an_address_makes_room_only_by_its_own_and_a_proxy_need_not() -> None:
    opened = ConnectionLimits(Settings(connections_per_address=1, trusted_proxies=["10.0.0.0/8"]))  # type: ignore[list-item] # parsed
    other, first, second = Silent("192.0.2.1"), Silent("2001:db8::1"), Silent("2001:db8::2")
    proxied = [Silent("10.0.0.1") for _ in range(5)]
    assert all(map(opened.open, [other, first, second, *proxied]))
    assert [each.ended for each in (other, first, second)] == ["", "aborted", ""]
    assert {each.ended for each in proxied} == {""}
    assert [opened.limited_network(each) for each in (other, proxied[0], first)] == ["192.0.2.1", None, None]


def test_who_does_not_read_the_rest_of_an_answer_is_ended_when_the_connection_is_closed() -> None:
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


def test_what_has_left_leaves_nothing_behind() -> None:
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


def test_files_are_asked_for_and_some_are_kept_back() -> None:
    assert connection_limits.max_open_files() >= 256
    assert ConnectionLimits(Settings(connections=10**9))._limit <= connection_limits.max_open_files() // 2
