"""Validates the head of a request. An ambiguous request is rejected, never repaired."""

import re
from http import HTTPStatus
from urllib.parse import unquote_to_bytes

from shared.body_limits import NO_CONTENT_CODING

from ..exchange import Headers, Request, Scope
from ..responses import HttpError, method_not_allowed
from ..routes import NONE, Route

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
MAX_HEADERS = 100
MAX_HEADER_BYTES = 16 * 1024
MAX_TARGET_BYTES = 8 * 1024

LIST_HEADERS = frozenset({b"accept", b"accept-encoding", b"accept-language", b"if-match", b"if-none-match"})
"""Lists: several lines mean the same as one line (RFC 9110, section 5.3)."""
FORWARDED_HEADERS = LIST_HEADERS | {
    b"content-type",
    b"idempotency-key",
    b"if-modified-since",
    b"if-range",
    b"if-unmodified-since",
    b"range",
    b"user-agent",
}
"""The request headers that services receive. Identity and forwarding headers are set by the gateway alone."""
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
    rb"[^A-Za-z0-9/._~:@!$&'()*+,;=%-]"  # characters not allowed in a path (RFC 3986), such as a backslash
    rb"|//"
    rb"|%(?![0-9A-Fa-f]{2})"
    rb"|%(?:2[Ff]|5[Cc]|[01].|7[Ff])"  # an encoded slash, backslash or control character
)
_DOT_SEGMENT = re.compile(r"/\.{1,2}(?:/|$)")


def parse_request(scope: Scope) -> Request:
    """The headers and the length of the body. Raises HttpError for too many headers, and for repeated ones."""
    headers = _headers(scope["headers"])
    return Request(headers, _content_length(headers))


def validate_request(scope: Scope, request: Request) -> None:
    """Raises HttpError for a host, a target or a method that is malformed or ambiguous."""
    if not _HOST.fullmatch(request.headers.get(b"host", b"")):
        raise _malformed("malformed_host", "A request needs exactly one well-formed Host header.")
    _check_target(scope)
    if scope["method"] not in METHODS:
        raise method_not_allowed(METHODS)


def require_identity_encoding(request: Request, route: Route) -> None:
    """Raises HttpError for a body with a content coding."""
    if route.body is not NONE and request.headers.get(b"content-encoding", b"").lower() not in (b"", b"identity"):
        raise unsupported_content_encoding()


def _content_length(headers: dict[bytes, bytes]) -> int | None:
    if b"transfer-encoding" in headers:
        return None
    return int(headers.get(b"content-length", b"0"))


def _headers(lines: Headers) -> dict[bytes, bytes]:
    headers: dict[bytes, bytes] = {}
    size = 0
    for name, value in lines:
        size += len(name) + len(value)
        if name not in _KNOWN_HEADERS:
            continue
        if name in headers:
            if name not in _JOINED_HEADERS:
                raise _malformed("repeated_header", f"{name.decode()} was sent more than once.")
            headers[name] += b", " + value
        else:
            headers[name] = value
    if size > MAX_HEADER_BYTES or len(lines) > MAX_HEADERS:
        detail = f"At most {MAX_HEADERS} header fields of {MAX_HEADER_BYTES} bytes together."
        raise HttpError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large", detail)
    return headers


def _check_target(scope: Scope) -> None:
    raw: bytes = scope["raw_path"]
    query: bytes = scope["query_string"]
    if len(raw) + len(query) > MAX_TARGET_BYTES:
        raise HttpError(HTTPStatus.REQUEST_URI_TOO_LONG, "uri_too_long", f"A URL has at most {MAX_TARGET_BYTES} bytes.")
    strange = not raw.startswith(b"/") or _FORBIDDEN_IN_PATH.search(raw) or _DOT_SEGMENT.search(scope["path"])
    if strange or (b"%" in raw and not _is_text(raw)):
        raise _malformed("malformed_path", "The path is malformed or ambiguous.")
    if not query.isascii() or (b"%" in query and not _is_text(query)):
        raise _malformed("malformed_query", "The query is not percent-encoded UTF-8.")


def _is_text(raw: bytes) -> bool:
    try:
        unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        return False
    return True


def unsupported_content_encoding() -> HttpError:
    """415, with the accepted encoding (RFC 9110, section 15.5.16)."""
    accepted = (b"accept-encoding", b"identity")
    return HttpError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", NO_CONTENT_CODING, headers=[accepted])


def _malformed(code: str, detail: str) -> HttpError:
    return HttpError(HTTPStatus.BAD_REQUEST, code, detail)
