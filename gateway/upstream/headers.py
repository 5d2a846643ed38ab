"""Forwarded headers: to the service those of a list, to the client all but hop-by-hop and reserved ones."""

from http import HTTPStatus

from shared.http_client.response import Response
from shared.security.access_tokens import LOGIN_LIMITED_HEADER, REVOKED_SESSIONS_HEADER, REVOKED_USER_HEADER
from shared.tracing import spans

from ..exchange import Exchange, Headers
from ..request.body import Upload
from ..request.validation import FORWARDED_HEADERS
from ..responses import HttpError
from ..routes import PUBLIC

_LOGIN_LIMITED = LOGIN_LIMITED_HEADER.encode()
_TRACEPARENT = spans.HEADER.encode()
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


def to_upstream(exchange: Exchange, body: bytes | Upload | None, login_limited_seconds: int | None) -> Headers:
    """The request headers for the service. Raises HttpError for a value that is not UTF-8."""
    request = exchange.request
    headers = [(name, value) for name, value in request.headers.items() if name in FORWARDED_HEADERS]
    _check_encoding(headers)
    if exchange.route.access is not PUBLIC and b"authorization" in request.headers:
        headers.append((b"authorization", request.headers[b"authorization"]))
    if login_limited_seconds is not None:
        headers.append((_LOGIN_LIMITED, b"%d" % login_limited_seconds))
    headers.append((b"x-forwarded-for", exchange.client.address.encode()))
    headers.append((b"x-request-id", exchange.request_id.encode()))
    traceparent = spans.current().traceparent
    if traceparent is not None:
        headers.append((_TRACEPARENT, traceparent.encode()))
    if isinstance(body, bytes):
        headers.append((b"content-length", b"%d" % len(body)))
    elif body is not None:
        length = request.content_length
        headers.append((b"transfer-encoding", b"chunked") if length is None else (b"content-length", b"%d" % length))
    return headers


def _check_encoding(headers: Headers) -> None:
    try:
        for _, value in headers:
            if not value.isascii():
                value.decode()
    except UnicodeDecodeError:
        raise HttpError(HTTPStatus.BAD_REQUEST, "malformed_header", "A header field is not UTF-8.") from None


def to_client(response: Response) -> Headers:
    """The response headers of the service that the client receives."""
    not_forwarded = _NOT_FORWARDED
    connection = response.headers.get(b"connection")
    if connection is not None:
        not_forwarded = not_forwarded | {name.strip().lower() for name in connection.split(b",")}
    return [field for field in response.fields if field[0] not in not_forwarded]


def retry_after(response: Response) -> int:
    """The seconds until a retry that the service asks for."""
    value = response.headers.get(b"retry-after", b"").decode("latin-1")
    return min(int(value), MAX_RETRY_AFTER_SECONDS) if value.isdecimal() and len(value) < 10 else 1
