"""Calls between services: a short-lived token for each call, timeouts, one retry."""

import ssl
import time
from typing import Any, cast
from urllib.parse import urlsplit

import httpx
import jwt
import structlog

from shared import errors
from shared.tracing import spans

LIFETIME_SECONDS = 60
MAX_TOKEN_CHARACTERS = 2_048
TYPE = "service+jwt"
ALGORITHM = "HS256"
TIMEOUT = httpx.Timeout(2.0, connect=1.0)
log = structlog.get_logger()


def ssl_context_for(url: str) -> ssl.SSLContext | bool:
    """The `verify` of an httpx client. For http:// it loads no CA certificates, which saves 1 MB for each client."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if urlsplit(url).scheme == "http" else True


class ServiceClient:
    """HTTP client of another service. `key` authenticates this service to that one only."""

    def __init__(
        self, me: str, key: str, name: str, url: str, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._me = me
        self._key = key
        self._name = name
        self._span_name = f"call {name}"
        limits = httpx.Limits(max_connections=50)
        self._http = httpx.AsyncClient(
            base_url=url, verify=ssl_context_for(url), timeout=TIMEOUT, limits=limits, transport=transport
        )

    async def get(self, path: str, **query: Any) -> dict[str, Any] | None:
        """The JSON of the response, or None for 404. Raises errors.Unavailable."""
        for attempt in (1, 2):
            try:
                with spans.child(self._span_name, "client") as span:
                    answer = await self._http.get(path, params=query, headers=self._headers(span))
                    span.set_status(answer.status_code)
                if answer.status_code == httpx.codes.NOT_FOUND:
                    return None
                return cast("dict[str, Any]", answer.raise_for_status().json())
            except (httpx.HTTPError, ValueError) as problem:
                log.warning("service call failed", callee=self._name, attempt=attempt, reason=repr(problem))
        raise errors.Unavailable("neighbour_unavailable", "A part of this service is unavailable; please try again.")

    async def read(self, path: str, max_bytes: int) -> bytes | None:
        """The bytes of a file, or None for 404. Raises errors.Unavailable, also if there are more."""
        for attempt in (1, 2):
            try:
                with spans.child(self._span_name, "client") as span:
                    answered = self._http.stream("GET", path, headers=self._headers(span))
                    async with answered as answer:
                        span.set_status(answer.status_code)
                        if answer.status_code == httpx.codes.NOT_FOUND:
                            return None
                        answer.raise_for_status()
                        return await _limited(answer, max_bytes)
            except httpx.HTTPError as problem:
                log.warning("service call failed", callee=self._name, attempt=attempt, reason=repr(problem))
        raise errors.Unavailable("neighbour_unavailable", "A part of this service is unavailable; please try again.")

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    def _headers(self, span: spans.Span) -> dict[str, str]:
        now = int(time.time())
        claims = {"iss": self._me, "aud": self._name, "iat": now, "exp": now + LIFETIME_SECONDS}
        token = jwt.encode(claims, self._key, ALGORITHM, headers={"typ": TYPE})
        request_id = structlog.contextvars.get_contextvars().get("request_id")
        found = {"authorization": f"Bearer {token}", "x-request-id": request_id, spans.HEADER: span.traceparent}
        return {name: value for name, value in found.items() if value}


async def _limited(answer: httpx.Response, max_bytes: int) -> bytes:
    content = bytearray()
    async for piece in answer.aiter_bytes():
        content += piece
        if len(content) > max_bytes:
            raise httpx.DecodingError(f"more than {max_bytes} bytes")
    return bytes(content)


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
