"""What happens to a request, from top to bottom: validate, match, authenticate, limit, read the body, forward."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus

import structlog

from shared import metrics, request_ids, request_log
from shared.security.verifier import Identity
from shared.tracing import spans
from shared.websockets.handshake import SCOPE_KEY, SWITCHING_PROTOCOLS

from . import responses
from .authentication.tokens import TokenAuthenticator
from .exchange import BodyTooSlow, ClientDisconnected, Exchange, Headers, Receive, Scope, Send
from .rate_limit.limiter import Allowed, RateLimiter
from .request.body import body_timeout, read_body
from .request.client_ip import TrustedProxies
from .request.cors import Cors
from .request.validation import parse_request, require_identity_encoding, validate_request
from .responses import HttpError, service_unavailable
from .routes import HASHING, LOCAL, WEBSOCKET, Router
from .settings import Settings
from .slow_clients import SlowClients
from .upstream.call import ResponseAborted
from .upstream.proxy import Proxy
from .upstream.websockets import WebSocketProxy

Handler = Callable[[Exchange], Awaitable[None]]
"""Responds on one of the gateway's own routes."""
UNTRACED_PATHS = ("/healthz", "/readyz")
NOT_FOUND = (404, "not_found", "There is nothing here.")
log = structlog.get_logger()


class RequestPipeline:
    """The ASGI application for HTTP requests and WebSocket handshakes."""

    def __init__(
        self,
        settings: Settings,
        router: Router,
        authenticator: TokenAuthenticator,
        rate_limiter: RateLimiter,
        proxy: Proxy,
        websockets: WebSocketProxy,
        local: Mapping[str, Handler],
    ) -> None:
        self._settings = settings
        self._router = router
        self._authenticator = authenticator
        self._rate_limiter = rate_limiter
        self._proxy = proxy
        self._websockets = websockets
        self._local = local
        self.slow_clients = SlowClients(
            settings.stall_seconds,
            settings.min_bytes_per_second,
            settings.slow_clients,
            settings.slow_clients_per_address,
        )
        self._trusted_proxies = TrustedProxies(settings.trusted_proxies)
        self._cors = Cors(settings)
        self._default_headers = default_headers(settings)
        self._timers: dict[tuple[str, int | None], Callable[[float], None]] = {}
        self._password_turn = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to one request; an error becomes a problem document, or aborts a response that has started."""
        started = time.perf_counter()
        request_id = request_ids.of(scope["headers"])
        headers = [*self._default_headers, (b"x-request-id", request_id.encode())]
        exchange = Exchange(scope, receive, send, request_id, headers, self.slow_clients)
        with _span_of(exchange) as span:
            try:
                await self._respond(exchange)
            finally:
                self._observe(exchange, span, time.perf_counter() - started)

    async def _respond(self, exchange: Exchange) -> None:
        request_id = exchange.request_id
        try:
            await self._handle(exchange)
        except HttpError as error:
            await responses.send_error(exchange, error)
        except BodyTooSlow:
            await _send_error_or_abort(exchange, body_timeout())
        except ClientDisconnected:
            log.debug("client disconnected", request_id=request_id)
            exchange.cut()
        except ResponseAborted as error:
            log.warning("response aborted", reason=str(error), request_id=request_id)
            exchange.cut()
        except Exception:
            log.exception("unexpected failure", request_id=request_id)
            await _send_error_or_abort(exchange, responses.internal_error())

    async def _handle(self, exchange: Exchange) -> None:
        exchange.response_headers += self._cors.headers(exchange.scope["headers"])
        exchange.request = request = parse_request(exchange.scope)
        validate_request(exchange.scope, request)
        exchange.client = self._trusted_proxies.client(exchange.scope)

        node = self._router.match(exchange.path)
        if node is None:
            raise HttpError(*NOT_FOUND)
        if exchange.method == "OPTIONS":
            allow = (b"allow", ", ".join(node.methods).encode())
            await responses.send_no_content(exchange, allow, *self._cors.preflight(request, node))
            return
        route = node.routes.get(exchange.method)
        if route is None:
            raise responses.method_not_allowed(node.methods)
        exchange.route = route

        if route.traffic_class is HASHING:
            await self._yield_to_other_requests()
        identity = await self._authenticate(exchange)
        allowed = await self._check_rate_limit(exchange, identity)

        if identity is not None and route.traffic_class is WEBSOCKET:
            self._cors.require_allowed_origin(exchange.scope, request)
            await self._websockets.proxy(exchange, identity)
            return
        require_identity_encoding(request, route)
        body = await read_body(exchange, route, self._settings)
        if route.upstream == LOCAL:
            await self._respond_locally(exchange)
            return
        try:
            await self._proxy.forward(exchange, body, identity, allowed.login_limited_seconds)
        finally:
            await self._rate_limiter.record_outcome(route, exchange.client, identity, exchange.status)

    async def _yield_to_other_requests(self) -> None:
        # One password request in each iteration of the event loop. In a burst of logins most are rejected, but even
        # that takes time, and other requests would wait for all of them.
        async with self._password_turn:
            await asyncio.sleep(0)

    async def _authenticate(self, exchange: Exchange) -> Identity | None:
        authorization = exchange.request.headers.get(b"authorization")
        try:
            return await self._authenticator.authenticate(authorization, exchange.route)
        except HttpError as error:
            if error.status == HTTPStatus.UNAUTHORIZED:  # verifying a bad token is work too, and counts
                await self._check_rate_limit(exchange, None)
            raise

    async def _check_rate_limit(self, exchange: Exchange, identity: Identity | None) -> Allowed:
        allowed = await self._rate_limiter.check(exchange.route, exchange.client, identity)
        exchange.response_headers += allowed.headers
        return allowed

    async def _respond_locally(self, exchange: Exchange) -> None:
        try:
            async with exchange.time_limit.within(self._settings.whole_seconds):
                await self._local[exchange.route.pattern](exchange)
        except TimeoutError:
            raise service_unavailable("too_slow", "The response took too long.") from None

    def _observe(self, exchange: Exchange, span: spans.Span, seconds: float) -> None:
        method = request_log.known(exchange.method)
        span.describe_http(method, exchange.route.pattern, exchange.status, exchange.request_id)
        request_log.write(LOCAL, exchange.request_id, exchange.method, exchange.route.pattern, exchange.status, seconds)
        if exchange.status == SWITCHING_PROTOCOLS:
            return  # the lifetime of a WebSocket is no response time
        labels = (exchange.route.pattern, exchange.status)
        observe = self._timers.get(labels)
        if observe is None:
            observe = self._timers[labels] = metrics.REQUESTS.labels("gateway", *labels).observe
        observe(seconds)


def _span_of(exchange: Exchange) -> spans.Span:
    """The span of a request. `traceparent` of the client is ignored: it would decide what is traced and stored.

    A WebSocket has none, as it may be open for hours.
    """
    if exchange.path in UNTRACED_PATHS or SCOPE_KEY in exchange.scope:
        return spans.NO_SPAN
    return spans.start_trace(LOCAL)


async def _send_error_or_abort(exchange: Exchange, error: HttpError) -> None:
    if exchange.status is None:
        await responses.send_error(exchange, error)
    else:
        exchange.cut()


def default_headers(settings: Settings) -> Headers:
    """The headers of every response."""
    headers = [
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
        (b"x-frame-options", b"DENY"),
    ]
    if settings.hsts_seconds:
        headers.append((b"strict-transport-security", b"max-age=%d" % settings.hsts_seconds))
    return headers
