"""WebSockets through the gateway: authenticated like requests, proxied, and closed when the token ends."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from gateway.exchange import Receive, Send
from shared import clock, ids
from shared.metrics import SOCKETS
from shared.testing.waiting import WAIT_SECONDS, eventually
from shared.testing.websocket_client import Listener, listening, refused_handshake
from shared.websockets import hub

from .gateway_server import LiveGateway, Raw, live_gateway, live_gateway_alone
from .stub_services import ReceivedRequest, StubServices, never, not_letting_in, saying

WS = "/api/v1/ws"
PAGE = "https://app.example.com"


@pytest.fixture(autouse=True)
def _no_behaviour_of_another_test(live: LiveGateway) -> None:
    """The gateway is shared by all tests of this file, in any order."""
    live.services.socket = saying()


@pytest.fixture
def gateway_with_origins() -> Iterator[LiveGateway]:
    """A separate gateway."""
    with live_gateway(
        sockets_per_person=2, sockets=3, cors_origins=[PAGE], first_byte_seconds=1, whole_seconds=1
    ) as opened:
        yield opened


def url(live: LiveGateway, path: str = WS) -> str:
    return f"http://127.0.0.1:{live.port}{path}"


@contextmanager
def ear(live: LiveGateway, subject: int = 1, login: int = 1, **claims: Any) -> Iterator[Listener]:
    """An open socket of this user."""
    with listening(url(live), live.token_issuer.token(subject, login, **claims)) as opened:
        yield opened


def refused(live: LiveGateway, path: str = WS, **options: Any) -> tuple[int, str]:
    """The status and code with which this gateway refuses a handshake."""
    return refused_handshake(url(live, path), **options)


def test_messages_of_the_service_reach_the_client(live: LiveGateway) -> None:
    live.services.socket = saying("1", '"안녕"')
    with ear(live) as opened:
        assert (opened.next(), opened.next()) == (1, "안녕")


def test_service_gets_the_token_and_no_forged_headers(live: LiveGateway) -> None:
    token = live.token_issuer.token(1)
    made_up = {"x-user-id": "7", "x-forwarded-for": "9.9.9.9", "cookie": "a=b", "x-request-id": "mine"}
    with listening(url(live, f"{WS}?token=x"), subprotocols=["bearer", token], headers=made_up) as opened:
        assert opened.connection.subprotocol == "bearer"
        assert opened.connection.response is not None
        assert opened.connection.response.headers["x-request-id"] == "mine"
    asked = live.services.handshakes[-1]
    assert asked.target == f"{WS}?"
    assert asked.all("authorization") == [f"Bearer {token}"]
    assert asked.all("x-request-id") == ["mine"]
    assert asked.all("x-forwarded-for") == ["127.0.0.1"]
    assert not asked.names & {"x-user-id", "cookie", "sec-websocket-protocol", "origin"}


def test_socket_requires_a_valid_token(live: LiveGateway) -> None:
    token, before = live.token_issuer.token(1), len(live.services.handshakes)
    nobody = 401, "invalid_token"
    assert refused(live) == nobody
    assert refused(live, f"{WS}?access_token={token}&token={token}") == nobody
    assert refused(live, token="nonsense") == nobody
    assert refused(live, token=live.token_issuer.token(1, exp=int(time.time()) - 60)) == nobody
    assert refused(live, subprotocols=["bearer", "nonsense"]) == nobody
    assert refused(live, subprotocols=["other", token]) == nobody
    assert refused(live, token=token, subprotocols=["bearer", token]) == (400, "repeated_header")
    assert len(live.services.handshakes) == before


def test_other_paths_are_not_sockets(live: LiveGateway) -> None:
    token = live.token_issuer.token(1)
    assert refused(live, "/nowhere/ws", token=token) == (404, "not_found")
    assert refused(live, "/api/v1/..%2fws", token=token) == (400, "malformed_path")
    with pytest.raises(InvalidStatus, match="200"), listening(url(live, "/healthz"), token):
        pass


def test_plain_request_gets_upgrade_required(live: LiveGateway) -> None:
    answer = live.web.get(WS, headers=live.token_issuer.bearer(1))
    assert (answer.status_code, answer.json()["code"]) == (426, "upgrade_required")
    assert (answer.headers["upgrade"], answer.headers["connection"]) == ("websocket", "upgrade")
    assert live.web.get(WS).status_code == 401


HANDSHAKE = {
    b"host": b"a",
    b"connection": b"keep-alive, Upgrade",
    b"upgrade": b"websocket",
    b"sec-websocket-version": b"13",
    b"sec-websocket-key": b"dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({}, 101),
        ({b"sec-websocket-key": b"short"}, 426),
        ({b"sec-websocket-key": None}, 426),
        ({b"sec-websocket-version": b"12"}, 426),
        ({b"upgrade": b"h2c"}, 426),
        ({b"connection": b"close"}, 426),
        ({b"content-length": b"5"}, 426),
        ({b"host": None}, 400),
        ({b"host": b"a b"}, 400),
        ({b"sec-websocket-protocol": b"bearer,, x"}, 426),
        ({b"accept-language": b"a" * 9_000}, 426),
        ({b"accept-language": b"a" * 17_000}, 431),
        (dict.fromkeys((b"x-%d" % each for each in range(130)), b"x"), 431),
    ],
)
def test_invalid_handshake_is_handled_as_a_plain_request(
    live: LiveGateway, changed: dict[bytes, Any], status: int
) -> None:
    token = live.token_issuer.bearer(1)["authorization"].encode()
    lines = {**HANDSHAKE, b"authorization": token, **changed}
    head = b"".join(b"%b: %b\r\n" % line for line in lines.items() if line[1] is not None)
    assert live.raw(b"GET %b HTTP/1.1\r\n%b\r\n" % (WS.encode(), head)).status == status


def test_bytes_after_a_refused_upgrade_are_not_a_request(live: LiveGateway) -> None:
    lines = {
        **HANDSHAKE,
        b"content-length": b"56",
        b"authorization": live.token_issuer.bearer(1)["authorization"].encode(),
    }
    head = b"".join(b"%b: %b\r\n" % line for line in lines.items())
    with live.connect() as line:
        line.sendall(b"POST /api/v1/posts HTTP/1.1\r\n%b\r\n" % head)
        stream = line.makefile("rb")
        assert Raw.read(stream).status == 200
        with suppress(OSError):
            line.sendall(b"GET /api/v1/posts/smuggled HTTP/1.1\r\nhost: a.example\r\n\r\n")
            assert stream.read() == b""
    assert not live.services.at("/api/v1/posts/smuggled")


def test_socket_closes_when_its_token_expires(live: LiveGateway) -> None:
    with ear(live, exp=int(time.time()) + 2) as opened:
        assert opened.closed() == 4401


def test_socket_closes_with_its_session_and_others_stay_open(live: LiveGateway) -> None:
    live.services.socket = saying("1")
    mine, other = ids.new(), ids.new()
    now = clock.format_rfc3339(clock.now())
    revoked = {"session_id": ids.encode(mine), "user_id": ids.encode(11), "revoked_at": now}
    with ear(live, 11, mine) as ended, ear(live, 11, other) as stays:
        assert stays.next() == 1
        assert live.deliver("session.revoked", revoked)
        assert ended.closed() == 4401
        with pytest.raises(TimeoutError):
            stays.connection.recv(timeout=0)
    assert refused(live, token=live.token_issuer.token(11, mine)) == (401, "invalid_token")


def test_withdrawal_closes_every_socket_of_the_user(live: LiveGateway) -> None:
    with ear(live, 12, ids.new()) as one, ear(live, 12, ids.new()) as two:
        assert live.deliver(
            "user.deleted", {"user_id": ids.encode(12), "deleted_at": clock.format_rfc3339(clock.now())}
        )
        assert (one.closed(), two.closed()) == (4401, 4401)


def test_session_that_ends_during_the_handshake_closes_the_socket(live: LiveGateway) -> None:
    arrived, go_on, login = threading.Event(), threading.Event(), ids.new()
    accept = saying()

    async def hesitating(asked: ReceivedRequest, receive: Receive, send: Send) -> None:
        arrived.set()
        await asyncio.to_thread(go_on.wait, 10)
        await accept(asked, receive, send)

    def listen() -> int:
        with ear(live, 14, login) as opened:
            return opened.closed()

    live.services.socket = hesitating
    with ThreadPoolExecutor(1) as pool:
        listening_there = pool.submit(listen)
        assert arrived.wait(WAIT_SECONDS)
        now = clock.format_rfc3339(clock.now())
        revoked = {"session_id": ids.encode(login), "user_id": ids.encode(14), "revoked_at": now}
        assert live.deliver("session.revoked", revoked)
        go_on.set()
        assert listening_there.result(WAIT_SECONDS) == 4401


def test_revocation_header_of_auth_closes_sockets_without_the_bus(live: LiveGateway) -> None:
    login = ids.new()
    with ear(live, 13, login) as opened:
        live.services.revocations = {"session_ids": [ids.encode(login)], "user_ids": []}
        assert opened.closed() == 4401


def test_open_sockets_are_bounded(gateway_with_origins: LiveGateway) -> None:
    first, second = gateway_with_origins.token_issuer.token(21), gateway_with_origins.token_issuer.token(22)
    with ExitStack() as stack:
        opened = stack.enter_context(listening(url(gateway_with_origins), first))
        stack.enter_context(listening(url(gateway_with_origins), first))
        assert refused(gateway_with_origins, token=first) == (429, "too_many_sockets")
        stack.enter_context(listening(url(gateway_with_origins), second))
        assert refused(gateway_with_origins, token=second) == (503, "sockets_exhausted")
        opened.connection.close()
        eventually(lambda: SOCKETS.labels("gateway")._value.get() == 2)
        stack.enter_context(listening(url(gateway_with_origins), first))
    eventually(lambda: SOCKETS.labels("gateway")._value.get() == 0)


@pytest.mark.parametrize(
    ("said", "heard"),
    [(4401, 4401), (4408, 4408), (1012, 1012), (1008, 1008), (1000, 1013), (1011, 1013), (4999, 1013)],
)
def test_close_code_of_the_service_is_forwarded(live: LiveGateway, said: int, heard: int) -> None:
    live.services.socket = saying("1", code=said)
    with ear(live) as opened:
        assert opened.closed() == heard


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (401, (401, "invalid_token")),
        (429, (503, "upstream_unavailable")),
        (503, (503, "upstream_unavailable")),
        (404, (502, "upstream_failed")),
        (500, (502, "upstream_failed")),
    ],
)
def test_refusal_of_the_service_is_forwarded(
    gateway_with_origins: LiveGateway, status: int, answer: tuple[int, str]
) -> None:
    gateway_with_origins.services.socket = not_letting_in(status)
    assert refused(gateway_with_origins, token=gateway_with_origins.token_issuer.token(1)) == answer


def test_silent_or_unreachable_service_gets_503() -> None:
    with live_gateway(whole_seconds=1, first_byte_seconds=1) as live:
        live.services.socket = never
        assert refused(live, token=live.token_issuer.token(1)) == (503, "upstream_unavailable")
    services = StubServices()
    with live_gateway(services, dm_url="http://127.0.0.1:9") as live:
        assert refused(live, token=live.token_issuer.token(1)) == (503, "upstream_unavailable")


async def vanishing(_asked: ReceivedRequest, _receive: Receive, send: Send) -> None:
    """Accept, and drop the connection without a close frame."""
    await send({"type": "websocket.accept"})


def test_lost_service_connection_asks_the_client_to_reconnect(live: LiveGateway) -> None:
    live.services.socket = vanishing
    with ear(live) as opened:
        assert opened.closed() == 1013


def test_shutdown_asks_clients_to_reconnect() -> None:
    with live_gateway() as live, ExitStack() as outside, ExitStack() as process:
        going = process.enter_context(live_gateway_alone(live.services))
        eventually(lambda: going.web.get("/readyz").json()["revocations"] == "loaded")
        opened = outside.enter_context(listening(url(going), going.token_issuer.token(1)))
        process.close()
        assert opened.closed() == 1012


def test_client_that_does_not_read_is_disconnected(live: LiveGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "SEND_SECONDS", 0.2)
    live.services.socket = saying(*[json.dumps("x" * 100_000)] * 300)
    with ear(live, 31) as opened:
        eventually(lambda: SOCKETS.labels("gateway")._value.get() == 0)
        assert opened.closed() == 4408
