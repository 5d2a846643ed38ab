"""What a request must look like before anything else is done with it. Ambiguous ones are refused, not mended."""

import re
from http import HTTPStatus
from urllib.parse import unquote_to_bytes

from shared.body_limits import NO_CONTENT_CODING

from ..exchange import Exchange, Headers
from ..responses import HttpError, method_not_allowed
from ..routes import NONE, Route

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
MAX_HEADERS = 100
MAX_HEADER_BYTES = 16 * 1024
MAX_TARGET_BYTES = 8 * 1024

LIST_HEADERS = frozenset({b"accept", b"accept-encoding", b"accept-language", b"if-match", b"if-none-match"})
"""Headers that may come in several lines, which mean the same as one."""
FORWARDED_HEADERS = LIST_HEADERS | {
    b"content-type",
    b"idempotency-key",
    b"if-modified-since",
    b"if-range",
    b"if-unmodified-since",
    b"range",
    b"user-agent",
}
"""The client's headers that upstreams get to see. Identity and forwarding headers come from us alone."""
_KNOWN_HEADERS = FORWARDED_HEADERS | {
    b"access-control-request-method",
    b"authorization",
    b"content-encoding",
    b"content-length",
    b"host",
    b"origin",
    b"sec-websocket-protocol",
    b"transfer-encoding",
}

_JOINED_HEADERS = LIST_HEADERS | {b"content-encoding"}

_HOST = re.compile(rb"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_FORBIDDEN_IN_PATH = re.compile(
    rb"[^A-Za-z0-9/._~:@!$&'()*+,;=%-]"  # what no path may hold (RFC 3986), a backslash among it
    rb"|//"
    rb"|%(?![0-9A-Fa-f]{2})"
    rb"|%(?:2[Ff]|5[Cc]|[01].|7[Ff])"  # an encoded slash, backslash or control character
)
_DOT_SEGMENT = re.compile(r"/\.{1,2}(?:/|$)")


def validate_request(exchange: Exchange) -> None:
    """Raises HttpError for a request that is too large, ambiguous, or not of a form that we know."""
    exchange.headers = _headers(exchange.scope["headers"])
    exchange.expect_body()
    if not _HOST.fullmatch(exchange.headers.get(b"host", b"")):
        raise _malformed("malformed_host", "A request names exactly one well-formed Host.")
    _check_target(exchange)
    if exchange.method not in METHODS:
        raise method_not_allowed(METHODS)


def require_identity_encoding(exchange: Exchange, route: Route) -> None:
    """Raises HttpError for a body with a content coding."""
    if route.body is not NONE and exchange.headers.get(b"content-encoding", b"").lower() not in (b"", b"identity"):
        raise unsupported_content_encoding()


def _headers(lines: Headers) -> dict[bytes, bytes]:
    given: dict[bytes, bytes] = {}
    size = 0
    for name, value in lines:
        size += len(name) + len(value)
        if name not in _KNOWN_HEADERS:
            continue
        if name in given:
            if name not in _JOINED_HEADERS:
                raise _malformed("repeated_header", f"{name.decode()} was sent more than once.")
            given[name] += b", " + value
        else:
            given[name] = value
    if size > MAX_HEADER_BYTES or len(lines) > MAX_HEADERS:
        detail = f"At most {MAX_HEADERS} header fields of {MAX_HEADER_BYTES} bytes together."
        raise HttpError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large", detail)
    return given


def _check_target(exchange: Exchange) -> None:
    raw: bytes = exchange.scope["raw_path"]
    query: bytes = exchange.scope["query_string"]
    if len(raw) + len(query) > MAX_TARGET_BYTES:
        raise HttpError(
            HTTPStatus.REQUEST_URI_TOO_LONG, "uri_too_long", f"An address has at most {MAX_TARGET_BYTES} bytes."
        )
    strange = not raw.startswith(b"/") or _FORBIDDEN_IN_PATH.search(raw) or _DOT_SEGMENT.search(exchange.path)
    if strange or (b"%" in raw and not _is_text(raw)):
        raise _malformed("malformed_path", "The path is not in a form that means one thing only.")
    if not query.isascii() or (b"%" in query and not _is_text(query)):
        raise _malformed("malformed_query", "The query is not percent-encoded UTF-8.")


def _is_text(raw: bytes) -> bool:
    try:
        unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        return False
    return True


def unsupported_content_encoding() -> HttpError:
    """415, and what would be taken (RFC 9110, section 15.5.16)."""
    accepted = (b"accept-encoding", b"identity")
    return HttpError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", NO_CONTENT_CODING, headers=[accepted])


def _malformed(code: str, detail: str) -> HttpError:
    return HttpError(HTTPStatus.BAD_REQUEST, code, detail)
