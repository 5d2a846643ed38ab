"""Calls between services: retried once, reported as an outage, and only with valid credentials."""

import asyncio
import json
import ssl
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
import structlog

from shared.errors import Unauthenticated, Unavailable
from shared.http_client import fetch
from shared.security import service_calls
from shared.security.service_calls import InternalCallerVerifier, ServiceClient, Transport, ssl_context_for
from shared.testing import Stub
from shared.testing.clocked_loop import ClockedLoop
from shared.testing.ports import closed_port
from shared.testing.scripted_service import always, serving
from shared.testing.waiting import WAIT_SECONDS
from shared.tests.forged_tokens import part

SECRET = "a secret that two services share, and long enough for any algorithm of them"
CALLERS = InternalCallerVerifier("auth", {"posts": SECRET, "dm": "the secret of dm, which is another one"})


def client_of(url: str, transport: Transport | None = None) -> ServiceClient:
    return ServiceClient("posts", SECRET, "auth", url, transport)


def ask(stub: Stub, **query: str | int) -> Any:
    return asyncio.run(client_of("http://auth", stub.transport).get("/internal/things/1", **query))


def response(status: int, body: bytes = b"", headers: bytes = b"") -> bytes:
    head = b"HTTP/1.1 %d X\r\nconnection: close\r\ncontent-length: %d\r\n%b\r\n" % (status, len(body), headers)
    return head + body


def ask_service(*answers: bytes) -> tuple[Any, int]:
    """What a client gets of a service that sends these one after the other, and how often it has asked."""
    asked = 0

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answers[asked])
        asked += 1
        writer.write_eof()

    async def scenario() -> Any:
        async with serving(behave) as (origin, _):
            client = client_of(f"http://{origin.authority.decode()}")
            try:
                return await client.get("/internal/things/1")
            except Unavailable as failure:
                return failure.code
            finally:
                await client.close()

    return asyncio.run(scenario()), asked


def test_found_resource_is_returned() -> None:
    stub = Stub({"/internal/things/1": {"id": "1", "name": "thing"}})
    assert ask(stub, after="5", limit=2) == {"id": "1", "name": "thing"}
    assert stub.asked[0].url.query == b"after=5&limit=2"


def test_missing_resource_is_none() -> None:
    stub = Stub()
    assert ask(stub) is None
    assert len(stub.asked) == 1, "that is an answer"


FAILURES = {
    "closed": b"",
    "cut short": response(200, b'{"id":"1"}')[:-1],
    "not HTTP": b"SSH-2.0-OpenSSH\r\n",
    "500": response(500),
    "503": response(503),
    "401": response(401),
    "a redirect": response(302, headers=b"location: http://elsewhere\r\n"),
    "not JSON": response(200, b"not JSON"),
    "not UTF-8": response(200, b"\xff"),
    "too large": response(200, b'{"id":"%b"}' % (b"1" * 100)),
}


@pytest.fixture(autouse=True)
def small_responses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_calls, "MAX_JSON_BYTES", 100)


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_failed_request_is_retried_once(failure: bytes) -> None:
    assert ask_service(failure, response(200, b'{"id":"1"}')) == ({"id": "1"}, 2)


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_second_failure_is_unavailable(failure: bytes) -> None:
    assert ask_service(failure, failure) == ("neighbour_unavailable", 2)


def test_service_that_refuses_connections_is_unavailable() -> None:
    with closed_port() as port, pytest.raises(Unavailable):
        asyncio.run(client_of(f"http://127.0.0.1:{port}").get("/internal/things/1"))


def test_service_that_does_not_respond_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    async def behave(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        loop = asyncio.get_running_loop()
        assert isinstance(loop, ClockedLoop)
        loop.shift(WAIT_SECONDS)

    async def scenario() -> None:
        async with serving(behave) as (origin, service):
            with pytest.raises(Unavailable):
                await client_of(f"http://{origin.authority.decode()}").get("/internal/things/1")
            assert service.connections == 2

    monkeypatch.setattr(fetch, "WAIT_SECONDS", WAIT_SECONDS)
    with asyncio.Runner(loop_factory=ClockedLoop) as runner:
        runner.run(scenario())


def test_connection_that_the_service_closes_at_the_next_request_is_replaced() -> None:
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
        await reader.readuntil(b"\r\n\r\n")
        writer.write_eof()

    async def scenario() -> None:
        async with serving(behave) as (origin, service):
            client = client_of(f"http://{origin.authority.decode()}")
            assert [await client.get("/internal/things/1") for _ in range(2)] == [{}, {}]
            assert service.connections == 2
            await client.close()

    asyncio.run(scenario())


def test_file_is_read_up_to_its_largest_size() -> None:
    async def scenario() -> None:
        async with serving(always(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n\xff\x00x")) as (origin, _):
            client = client_of(f"http://{origin.authority.decode()}")
            assert await client.read("/api/v1/media/1.jpg", 3) == b"\xff\x00x"
            with pytest.raises(Unavailable):
                await client.read("/api/v1/media/1.jpg", 2)
            await client.close()

    asyncio.run(scenario())


def test_request_carries_credentials_and_request_id() -> None:
    stub = Stub()
    with structlog.contextvars.bound_contextvars(request_id="req-1"):
        ask(stub)
    ask(stub)
    first, second = (each.headers for each in stub.asked)
    assert (first["x-request-id"], "x-request-id" in second) == ("req-1", False)
    assert CALLERS.check(first["authorization"].removeprefix("Bearer ")) == "posts"


def token(secret: str = SECRET, alg: str = "HS256", header: dict[str, Any] | None = None, **claims: Any) -> str:
    """A valid credential, except for the given claims."""
    now = int(time.time())
    usual: dict[str, Any] = {"iss": "posts", "aud": "auth", "iat": now, "exp": now + 60}
    kept = {name: value for name, value in {**usual, **claims}.items() if value is not None}
    head = {"typ": "service+jwt", **(header or {})}
    return jwt.PyJWS().encode(json.dumps(kept).encode(), secret, alg, head)


def test_credentials_identify_the_caller() -> None:
    assert CALLERS.check(token()) == "posts"
    assert CALLERS.check(token("the secret of dm, which is another one", iss="dm")) == "dm"


FORGED: dict[str, Callable[[], str]] = {
    "nothing": lambda: "",
    "nonsense": lambda: "nonsense",
    "two dots": lambda: "..",
    "an unknown caller": lambda: token(iss="mallory"),
    "no caller": lambda: token(iss=None),
    "a list of callers": lambda: token(iss=["posts"]),
    "a caller by number": lambda: token(iss=5),
    "a caller that is an object": lambda: token(iss={}),
    "the secret of another caller": lambda: token(iss="dm"),
    "another secret": lambda: token("some other secret, that is long enough"),
    "for another service": lambda: token(aud="dm"),
    "for a list of services": lambda: token(aud=["auth", "dm"]),
    "for nobody": lambda: token(aud=None),
    "expired": lambda: token(iat=int(time.time()) - 600, exp=int(time.time()) - 60),
    "never expires": lambda: token(exp=None),
    "expires as text": lambda: token(exp="soon"),
    "issued in the future": lambda: token(iat=int(time.time()) + 86_400, exp=int(time.time()) + 86_460),
    "never issued": lambda: token(iat=None),
    "another algorithm": lambda: token(alg="HS512"),
    "of another type": lambda: token(header={"typ": "at+jwt"}),
    "without a type": lambda: token(header={"typ": None}),
    "no algorithm": lambda: f"{part({'alg': 'none', 'typ': 'service+jwt'})}.{token().split('.')[1]}.",
    "no signature": lambda: token().rpartition(".")[0] + ".",
    "an array of claims": lambda: jwt.PyJWS().encode(b"[]", SECRET, "HS256", {"typ": "service+jwt"}),
    "claims that are no JSON": lambda: jwt.PyJWS().encode(b"{", SECRET, "HS256", {"typ": "service+jwt"}),
    "claims too deep": lambda: jwt.PyJWS().encode(b'{"iss":' + b"[" * 1_200, SECRET, "HS256", {"typ": "service+jwt"}),
    "huge": lambda: token(iss="x" * 100_000),
    "an infinite end": lambda: token(exp=float("inf")),
    "not ASCII": lambda: "토큰.토큰.토큰",
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_invalid_credentials_are_refused(forge: Callable[[], str]) -> None:
    with pytest.raises(Unauthenticated):
        CALLERS.check(forge())


def test_every_caller_is_refused_when_none_is_configured() -> None:
    with pytest.raises(Unauthenticated):
        InternalCallerVerifier("auth", {}).check(token())


def test_http_client_loads_no_ca_certificates() -> None:
    context = ssl_context_for("http://auth:8101")
    assert isinstance(context, ssl.SSLContext)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert not context.get_ca_certs()


def test_https_client_uses_the_default_cas() -> None:
    assert ssl_context_for("https://auth.example") is True
