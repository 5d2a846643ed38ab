"""Calls between services: a short-lived token for each call, timeouts, one retry."""

import ssl
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

import jwt
import orjson
import structlog

from shared import errors
from shared.http_client.client import Fields
from shared.http_client.fetch import Fetcher
from shared.http_client.response import RequestFailed
from shared.tracing import spans

LIFETIME_SECONDS = 60
MAX_TOKEN_CHARACTERS = 2_048
TYPE = "service+jwt"
ALGORITHM = "HS256"
MAX_JSON_BYTES = 64 * 1024 * 1024
"""Of one response; the longest pages of lists have 500 items of less than 100 kB."""
Transport = Callable[[str, Fields, int], Awaitable[tuple[int, bytes]]]
"""Sends a GET with these headers to this path, and returns status and body; see `Fetcher.get`."""
T = TypeVar("T")
log = structlog.get_logger()


def ssl_context_for(url: str) -> ssl.SSLContext | bool:
    """The `verify` of an httpx client. For http:// it loads no CA certificates, which saves 1 MB for each client."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if urlsplit(url).scheme == "http" else True


class ServiceClient:
    """HTTP client of another service. `key` authenticates this service to that one only."""

    def __init__(self, me: str, key: str, name: str, url: str, transport: Transport | None = None) -> None:
        self._me = me
        self._key = key
        self._name = name
        self._span_name = f"call {name}"
        self._fetcher = Fetcher(url)
        self._send = transport or self._fetcher.get

    async def get(self, path: str, **query: str | int) -> dict[str, Any] | None:
        """The JSON of the response, or None for 404. Raises errors.Unavailable."""
        asked = f"{path}?{urlencode(query)}" if query else path
        found: dict[str, Any] | None = await self._ask(asked, MAX_JSON_BYTES, orjson.loads)
        return found

    async def read(self, path: str, max_bytes: int) -> bytes | None:
        """The bytes of a file, or None for 404. Raises errors.Unavailable, also if there are more."""
        return await self._ask(path, max_bytes, bytes)

    async def close(self) -> None:
        """Close the connections."""
        self._fetcher.close()

    async def _ask(self, path: str, max_bytes: int, parse: Callable[[bytes], T]) -> T | None:
        """The body, or None for 404. Whatever fails is repeated once, as every call only reads."""
        for attempt in (1, 2):
            try:
                with spans.child(self._span_name, "client") as span:
                    status, body = await self._send(path, self._headers(span), max_bytes)
                    span.set_status(status)
                if status == HTTPStatus.NOT_FOUND:
                    return None
                if status != HTTPStatus.OK:
                    raise RequestFailed(f"status {status}")
                return parse(body)
            except (RequestFailed, ValueError) as problem:
                log.warning("service call failed", callee=self._name, attempt=attempt, reason=repr(problem))
        raise errors.Unavailable("neighbour_unavailable", "A part of this service is unavailable; please try again.")

    def _headers(self, span: spans.Span) -> Fields:
        now = int(time.time())
        claims = {"iss": self._me, "aud": self._name, "iat": now, "exp": now + LIFETIME_SECONDS}
        token = jwt.encode(claims, self._key, ALGORITHM, headers={"typ": TYPE})
        request_id = structlog.contextvars.get_contextvars().get("request_id")
        found = {"authorization": f"Bearer {token}", "x-request-id": request_id, spans.HEADER: span.traceparent}
        return [(name.encode(), value.encode()) for name, value in found.items() if value]


class InternalCallerVerifier:
    """Verifies the tokens of the services that may call this one. Each has its own key."""

    def __init__(self, me: str, keys: dict[str, str]) -> None:
        self._me = me
        self._keys = keys

    def check(self, token: str) -> str:
        """The name of the calling service. Raises errors.Unauthenticated."""
        if len(token) > MAX_TOKEN_CHARACTERS:
            raise not_a_service()
        try:
            claimed = jwt.decode(token, options={"verify_signature": False})["iss"]
            header = jwt.get_unverified_header(token)
            if header.get("typ") != TYPE:
                raise not_a_service()
            jwt.decode(
                token,
                self._keys[claimed],
                algorithms=[ALGORITHM],
                audience=self._me,
                issuer=claimed,
                leeway=10,
                options={"require": ["exp", "iat", "iss", "aud"], "strict_aud": True},
            )
        except (jwt.PyJWTError, KeyError, TypeError, ValueError) as problem:
            raise not_a_service() from problem
        return str(claimed)


def not_a_service() -> errors.Unauthenticated:
    return errors.Unauthenticated("invalid_token", "Only this system's own services may call this route.")
