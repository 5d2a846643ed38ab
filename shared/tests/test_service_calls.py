"""Calls between services: retried once, reported as an outage, and only with valid credentials."""

import asyncio
import json
import ssl
import time
from collections.abc import Callable
from typing import Any

import httpx
import jwt
import pytest
import structlog

from shared.errors import Unauthenticated, Unavailable
from shared.security.service_calls import InternalCallerVerifier, ServiceClient, ssl_context_for
from shared.testing import Stub
from shared.tests.forged_tokens import part

SECRET = "a secret that two services share, and long enough for any algorithm of them"
CALLERS = InternalCallerVerifier("auth", {"posts": SECRET, "dm": "the secret of dm, which is another one"})


def ask(transport: httpx.AsyncBaseTransport, path: str = "/internal/things/1", **query: Any) -> Any:
    async def scenario() -> Any:
        client = ServiceClient("posts", SECRET, "auth", "http://auth", transport)
        try:
            return await client.get(path, **query)
        finally:
            await client.close()

    return asyncio.run(scenario())


def answering(*answers: httpx.Response | Exception) -> tuple[httpx.AsyncBaseTransport, list[httpx.Request]]:
    """A client with these responses one after the other, and the requests it received."""
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        given = answers[len(asked) - 1]
        if isinstance(given, Exception):
            raise given
        return given

    return httpx.MockTransport(answer), asked


def test_found_resource_is_returned() -> None:
    stub = Stub({"/internal/things/1": {"id": "1", "name": "thing"}})
    assert ask(stub.transport, after="5", limit=2) == {"id": "1", "name": "thing"}
    assert stub.asked[0].url.query == b"after=5&limit=2"


def test_missing_resource_is_none() -> None:
    stub = Stub()
    assert ask(stub.transport) is None
    assert len(stub.asked) == 1, "that is an answer"


FAILURES = [
    httpx.ConnectError("away"),
    httpx.ReadTimeout("slow"),
    httpx.RemoteProtocolError("cut short"),
    httpx.Response(500),
    httpx.Response(503),
    httpx.Response(401),
    httpx.Response(302, headers={"location": "http://elsewhere"}),
    httpx.Response(200, content=b"not JSON"),
    httpx.Response(200, content=b"\xff"),
]


@pytest.mark.parametrize("failure", FAILURES, ids=str)
def test_failed_request_is_retried_once(failure: httpx.Response | Exception) -> None:
    transport, asked = answering(failure, httpx.Response(200, json={"id": "1"}))
    assert ask(transport) == {"id": "1"}
    assert len(asked) == 2


@pytest.mark.parametrize("failure", FAILURES, ids=str)
def test_second_failure_is_unavailable(failure: httpx.Response | Exception) -> None:
    transport, asked = answering(failure, failure)
    with pytest.raises(Unavailable) as refusal:
        ask(transport)
    assert refusal.value.code == "neighbour_unavailable"
    assert len(asked) == 2


def test_request_carries_credentials_and_request_id() -> None:
    stub = Stub()
    with structlog.contextvars.bound_contextvars(request_id="req-1"):
        ask(stub.transport)
    ask(stub.transport)
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
