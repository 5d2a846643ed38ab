"""CORS: pages of the configured origins may call, and open WebSockets; origins are compared exactly."""

from http import HTTPStatus

from shared.websockets.handshake import SCOPE_KEY

from ..exchange import Headers, Request, Scope
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
"""The default ports, which browsers leave out of an origin (RFC 6454, section 6.2)."""


class Cors:
    """The CORS headers of responses, and the origins that may open a WebSocket."""

    def __init__(self, settings: Settings) -> None:
        self._origins = frozenset(origin.encode() for origin in settings.cors_origins)
        self._public = {settings.public_origin.encode()} - {b""}
        self._trusted_proxies = TrustedProxies(settings.trusted_proxies)

    def headers(self, lines: Headers | None) -> Headers:
        """The headers that let the page behind these request headers read the response, if its origin is configured.

        None means that the head was not received. Its origin is unknown, and assumed to be the configured one if there
        is only one.
        """
        if not self._origins:
            return []
        sent = self._origins if lines is None else {value for name, value in lines if name == b"origin"}
        if len(sent) != 1 or not sent <= self._origins:
            return [_VARY]
        return [_VARY, (b"access-control-allow-origin", next(iter(sent))), _READABLE]

    def require_allowed_origin(self, scope: Scope, request: Request) -> None:
        """Raises HttpError for a WebSocket of a page of another origin: browsers let any page open one.

        Checked only if the token was sent as a subprotocol: pages cannot send it in a header, other programs can.
        """
        origin, handshake = request.headers.get(b"origin"), scope.get(SCOPE_KEY)
        if origin is None or handshake is None or not handshake.token_offered:
            return
        if origin not in self._origins and origin.lower() not in self._same_origins(scope, request):
            detail = "Pages of this origin are not allowed."
            raise HttpError(HTTPStatus.FORBIDDEN, "origin_not_allowed", detail)

    def preflight(self, request: Request, node: RouteNode) -> Headers:
        """The headers of the response to a preflight request."""
        if (
            b"access-control-request-method" not in request.headers
            or request.headers.get(b"origin") not in self._origins
        ):
            return []
        methods = ", ".join(node.routes).encode()
        return [(b"access-control-allow-methods", methods), _SENDABLE, _REMEMBER]

    def _same_origins(self, scope: Scope, request: Request) -> set[bytes]:
        """The origins of a page that was loaded from the address of this request.

        A trusted proxy may forward the scheme and the host that the client used; without the scheme, both count.
        """
        schemes: tuple[bytes, ...] = (b"http",)
        host = request.headers[b"host"]
        if self._trusted_proxies.trusts_peer(scope):
            forwarded = dict(scope["headers"])
            scheme = forwarded.get(b"x-forwarded-proto", b"").lower()
            schemes = (scheme,) if scheme in _PORTS else tuple(_PORTS)
            host = forwarded.get(b"x-forwarded-host", host)
        same = {b"%b://%b" % (scheme, host.lower().removesuffix(_PORTS[scheme])) for scheme in schemes}
        return same | self._public
