"""Forwarded headers: to the service those of a list, to the client all but hop-by-hop and reserved ones."""

from http import HTTPStatus

import aiohttp
from multidict import CIMultiDict, istr

from shared.security.access_tokens import LOGIN_LIMITED_HEADER, REVOKED_SESSIONS_HEADER, REVOKED_USER_HEADER
from shared.tracing import spans

from ..exchange import Exchange, Headers
from ..request.body import Upload
from ..request.validation import FORWARDED_HEADERS
from ..responses import HttpError
from ..routes import PUBLIC

_NAMES = {name: istr(name.decode()) for name in FORWARDED_HEADERS}
_AUTHORIZATION = istr("authorization")
_CONTENT_LENGTH = istr("content-length")
_LOGIN_LIMITED = istr(LOGIN_LIMITED_HEADER)
_FORWARDED_FOR = istr("x-forwarded-for")
_REQUEST_ID = istr("x-request-id")
_TRACEPARENT = istr(spans.HEADER)

_NOT_FORWARDED = frozenset(
    {
        # hop-by-hop (RFC 9110, section 7.6.1)
        *(b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection"),
        *(b"te", b"trailer", b"transfer-encoding", b"upgrade"),
        # set by the gateway
        *(b"access-control-allow-credentials", b"access-control-allow-origin", b"date", b"referrer-policy"),
        *(b"ratelimit", b"ratelimit-policy", b"x-ratelimit-limit", b"x-ratelimit-remaining", b"x-ratelimit-reset"),
        *(b"server", b"strict-transport-security", b"x-content-type-options", b"x-frame-options"),
        b"x-request-id",
        # for the gateway
        *(REVOKED_SESSIONS_HEADER.encode(), REVOKED_USER_HEADER.encode()),
    }
)
MAX_RETRY_AFTER_SECONDS = 3600


def to_upstream(exchange: Exchange, body: bytes | Upload | None, login_limited_seconds: int | None) -> CIMultiDict[str]:
    """The request headers for the service. Raises HttpError for a value that is not UTF-8."""
    request = exchange.request
    headers: CIMultiDict[str] = CIMultiDict()
    try:
        for name, value in request.headers.items():
            if name in _NAMES:
                headers.add(_NAMES[name], value.decode())
    except UnicodeDecodeError:
        raise HttpError(HTTPStatus.BAD_REQUEST, "malformed_header", "A header field is not UTF-8.") from None
    if exchange.route.access is not PUBLIC and b"authorization" in request.headers:
        headers.add(_AUTHORIZATION, request.headers[b"authorization"].decode())
    if isinstance(body, Upload) and request.content_length is not None:
        headers.add(_CONTENT_LENGTH, str(request.content_length))
    if login_limited_seconds is not None:
        headers.add(_LOGIN_LIMITED, str(login_limited_seconds))
    headers.add(_FORWARDED_FOR, exchange.client.address)
    headers.add(_REQUEST_ID, exchange.request_id)
    traceparent = spans.current().traceparent
    if traceparent is not None:
        headers.add(_TRACEPARENT, traceparent)
    return headers


def to_client(response: aiohttp.ClientResponse) -> Headers:
    """The response headers of the service that the client receives."""
    not_forwarded = _NOT_FORWARDED
    connection = response.headers.get("connection")
    if connection is not None:
        not_forwarded = not_forwarded | {name.strip().lower().encode() for name in connection.split(",")}
    return [(name, value) for name, value in response.raw_headers if name.lower() not in not_forwarded]


def retry_after(response: aiohttp.ClientResponse) -> int:
    """The seconds until a retry that the service asks for."""
    value = response.headers.get("retry-after", "")
    return min(int(value), MAX_RETRY_AFTER_SECONDS) if value.isdecimal() and len(value) < 10 else 1
