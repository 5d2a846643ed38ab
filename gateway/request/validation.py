"""What a request must look like before anything else is done with it. Ambiguous ones are refused, not mended."""

import re
from http import HTTPStatus
from urllib.parse import unquote_to_bytes

from shared.body_limits import NO_CODING

from ..exchange import Headers, Visit
from ..responses import Refused, not_allowed
from ..routes import NONE, Route

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
MOST_HEADERS = 100
MOST_HEADER_BYTES = 16 * 1024
LONGEST_TARGET = 8 * 1024

LISTS = frozenset({b"accept", b"accept-encoding", b"accept-language", b"if-match", b"if-none-match"})
"""Headers that may come in several lines, which mean the same as one."""
PASSED_ON = LISTS | {
    b"content-type",
    b"idempotency-key",
    b"if-modified-since",
    b"if-range",
    b"if-unmodified-since",
    b"range",
    b"user-agent",
}
"""The client's headers that upstreams get to see. Identity and forwarding headers come from us alone."""
_MEANING = PASSED_ON | {
    b"access-control-request-method",
    b"authorization",
    b"content-encoding",
    b"content-length",
    b"host",
    b"origin",
    b"sec-websocket-protocol",
    b"transfer-encoding",
}

_JOINED = LISTS | {b"content-encoding"}

_HOST = re.compile(rb"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_STRANGE = re.compile(
    rb"[^A-Za-z0-9/._~:@!$&'()*+,;=%-]"  # what no path may hold (RFC 3986), a backslash among it
    rb"|//"
    rb"|%(?![0-9A-Fa-f]{2})"
    rb"|%(?:2[Ff]|5[Cc]|[01].|7[Ff])"  # an encoded slash, backslash or control character
)
_DOTS = re.compile(r"/\.{1,2}(?:/|$)")


def examine(visit: Visit) -> None:
    """Raises Refused for a request that is too large, ambiguous, or not of a form that we know."""
    visit.given = _headers(visit.scope["headers"])
    visit.expect_body()
    if not _HOST.fullmatch(visit.given.get(b"host", b"")):
        raise _malformed("malformed_host", "A request names exactly one well-formed Host.")
    _check_target(visit)
    if visit.method not in METHODS:
        raise not_allowed(METHODS)


def insist_on_plain_body(visit: Visit, route: Route) -> None:
    """Raises Refused for a body with a content coding."""
    if route.body is not NONE and visit.given.get(b"content-encoding", b"").lower() not in (b"", b"identity"):
        raise coded()


def _headers(lines: Headers) -> dict[bytes, bytes]:
    given: dict[bytes, bytes] = {}
    size = 0
    for name, value in lines:
        size += len(name) + len(value)
        if name not in _MEANING:
            continue
        if name in given:
            if name not in _JOINED:
                raise _malformed("repeated_header", f"{name.decode()} was sent more than once.")
            given[name] += b", " + value
        else:
            given[name] = value
    if size > MOST_HEADER_BYTES or len(lines) > MOST_HEADERS:
        detail = f"At most {MOST_HEADERS} header fields of {MOST_HEADER_BYTES} bytes together."
        raise Refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large", detail)
    return given


def _check_target(visit: Visit) -> None:
    raw: bytes = visit.scope["raw_path"]
    query: bytes = visit.scope["query_string"]
    if len(raw) + len(query) > LONGEST_TARGET:
        raise Refused(
            HTTPStatus.REQUEST_URI_TOO_LONG, "uri_too_long", f"An address has at most {LONGEST_TARGET} bytes."
        )
    strange = not raw.startswith(b"/") or _STRANGE.search(raw) or _DOTS.search(visit.path)
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


def coded() -> Refused:
    """415, and what would be taken (RFC 9110, section 15.5.16)."""
    accepted = (b"accept-encoding", b"identity")
    return Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", NO_CODING, headers=[accepted])


def _malformed(code: str, detail: str) -> Refused:
    return Refused(HTTPStatus.BAD_REQUEST, code, detail)
