"""Which headers travel on: to the upstream by a list of what may, to the client all but what is not theirs."""

from http import HTTPStatus

import aiohttp
from multidict import CIMultiDict, istr

from shared.security.access_tokens import LOGIN_LIMITED_HEADER, REVOKED_SESSIONS_HEADER, REVOKED_USER_HEADER

from ..exchange import Exchange, Headers
from ..request.body import Upload
from ..request.validation import FORWARDED_HEADERS
from ..responses import HttpError
from ..routes import PUBLIC, Route

_NAMES = {name: istr(name.decode()) for name in FORWARDED_HEADERS}
_AUTHORIZATION = istr("authorization")
_CONTENT_LENGTH = istr("content-length")
_LOGIN_LIMITED = istr(LOGIN_LIMITED_HEADER)
_FORWARDED_FOR = istr("x-forwarded-for")
_REQUEST_ID = istr("x-request-id")

_KEPT_BACK = frozenset(
    {
        # of one connection only (RFC 9110, section 7.6.1)
        *(b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection"),
        *(b"te", b"trailer", b"transfer-encoding", b"upgrade"),
        # ours to say
        *(b"access-control-allow-credentials", b"access-control-allow-origin", b"date", b"referrer-policy"),
        *(b"ratelimit", b"ratelimit-policy", b"x-ratelimit-limit", b"x-ratelimit-remaining", b"x-ratelimit-reset"),
        *(b"server", b"strict-transport-security", b"x-content-type-options", b"x-frame-options"),
        b"x-request-id",
        # said to us
        *(REVOKED_SESSIONS_HEADER.encode(), REVOKED_USER_HEADER.encode()),
    }
)
MAX_RETRY_AFTER_SECONDS = 3600


def to_upstream(exchange: Exchange, route: Route, body: bytes | Upload | None) -> CIMultiDict[str]:
    """What the upstream gets to see. Raises HttpError for what is no text."""
    headers: CIMultiDict[str] = CIMultiDict()
    try:
        for name, value in exchange.headers.items():
            if name in _NAMES:
                headers.add(_NAMES[name], value.decode())
    except UnicodeDecodeError:
        raise HttpError(HTTPStatus.BAD_REQUEST, "malformed_header", "A header field is not UTF-8.") from None
    if route.access is not PUBLIC and b"authorization" in exchange.headers:
        headers.add(_AUTHORIZATION, exchange.headers[b"authorization"].decode())
    if isinstance(body, Upload) and exchange.length is not None:
        headers.add(_CONTENT_LENGTH, str(exchange.length))
    if exchange.login_limited_seconds is not None:
        headers.add(_LOGIN_LIMITED, str(exchange.login_limited_seconds))
    headers.add(_FORWARDED_FOR, exchange.client.address)
    headers.add(_REQUEST_ID, exchange.request_id)
    return headers


def to_client(answer: aiohttp.ClientResponse) -> Headers:
    """What the client gets to see of the upstream's headers."""
    kept_back = _KEPT_BACK
    connection = answer.headers.get("connection")
    if connection is not None:
        kept_back = kept_back | {name.strip().lower().encode() for name in connection.split(",")}
    return [(name, value) for name, value in answer.raw_headers if name.lower() not in kept_back]


def retry_after(answer: aiohttp.ClientResponse) -> int:
    """The seconds that the upstream asks to wait."""
    given = answer.headers.get("retry-after", "")
    return min(int(given), MAX_RETRY_AFTER_SECONDS) if given.isdecimal() and len(given) < 10 else 1
