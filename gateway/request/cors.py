"""Which web pages may call from a browser: those of the configured origins, by exact comparison."""

from http import HTTPStatus

from shared.websockets.handshake import SCOPE_KEY

from ..exchange import Exchange, Headers
from ..responses import HttpError
from ..routes import RouteNode
from ..settings import Settings
from .client_ip import TrustedProxies

_VARY = (b"vary", b"origin")
_READABLE = (
    b"access-control-expose-headers",
    b"link, location, ratelimit, ratelimit-policy, retry-after, www-authenticate, x-ratelimit-limit,"
    b" x-ratelimit-remaining, x-ratelimit-reset, x-request-id",
)
_SENDABLE = (
    b"access-control-allow-headers",
    b"accept, authorization, content-type, idempotency-key, x-request-id",
)
_REMEMBER = (b"access-control-max-age", b"600")
_PORTS = {b"http": b":80", b"https": b":443"}
"""Browsers leave them out of an origin (RFC 6454, section 6.2)."""


class Cors:
    """Adds what browsers look for."""

    def __init__(self, settings: Settings) -> None:
        self._origins = frozenset(origin.encode() for origin in settings.cors_origins)
        self._public = {settings.public_origin.encode()} - {b""}
        self._addresses = TrustedProxies(settings.trusted_proxies)

    def headers(self, lines: Headers | None) -> Headers:
        """Let the page that sent these header fields read the answer, if its origin is one of ours.

        None stands for a head that was not read. Its origin is unknown, and told where it can be only one.
        """
        if not self._origins:
            return []
        sent = self._origins if lines is None else {value for name, value in lines if name == b"origin"}
        if len(sent) != 1 or not sent <= self._origins:
            return [_VARY]
        return [_VARY, (b"access-control-allow-origin", next(iter(sent))), _READABLE]

    def require_allowed_origin(self, exchange: Exchange) -> None:
        """Raises HttpError for the WebSocket of a page that is neither ours nor allowed: any page can open one.

        A token in a header was sent by a program: a page can only offer it as a subprotocol.
        """
        origin, handshake = exchange.headers.get(b"origin"), exchange.scope.get(SCOPE_KEY)
        if origin is None or handshake is None or not handshake.token_offered:
            return
        if origin not in self._origins and origin.lower() not in self._own(exchange):
            detail = "Pages of this origin may not call here."
            raise HttpError(HTTPStatus.FORBIDDEN, "origin_not_allowed", detail)

    def preflight(self, exchange: Exchange, node: RouteNode) -> Headers:
        """What the page that asks may do at this node."""
        if (
            b"access-control-request-method" not in exchange.headers
            or exchange.headers.get(b"origin") not in self._origins
        ):
            return []
        methods = ", ".join(node.routes).encode()
        return [(b"access-control-allow-methods", methods), _SENDABLE, _REMEMBER]

    def _own(self, exchange: Exchange) -> set[bytes]:
        """The origins of a page that was loaded from where this request was sent to.

        A trusted proxy may tell the scheme and the host that the client used; where it does not tell the scheme, it can
        be either.
        """
        schemes: tuple[bytes, ...] = (b"http",)
        host = exchange.headers[b"host"]
        if self._addresses.trusts_peer(exchange.scope):
            told = dict(exchange.scope["headers"])
            scheme = told.get(b"x-forwarded-proto", b"").lower()
            schemes = (scheme,) if scheme in _PORTS else tuple(_PORTS)
            host = told.get(b"x-forwarded-host", host)
        own = {b"%b://%b" % (scheme, host.lower().removesuffix(_PORTS[scheme])) for scheme in schemes}
        return own | self._public
