"""The gateway as an ASGI application: what happens to a request, from first look to answer."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus

import structlog

from shared import metrics, request_ids
from shared.security.verifier import Identity
from shared.websockets.handshake import SWITCHING_PROTOCOLS

from . import responses
from .authentication.tokens import TokenAuthenticator
from .exchange import BodyTooSlow, ClientDisconnected, Exchange, Headers, Receive, Scope, Send
from .rate_limit.limiter import RateLimiter
from .request import validation
from .request.body import Upload, read_body, too_slow
from .request.client_ip import TrustedProxies
from .request.cors import Cors
from .responses import HttpError, service_unavailable
from .routes import HASHING, LOCAL, WEBSOCKET, Route, Router
from .settings import Settings
from .slow_clients import SlowClients
from .upstream.proxy import Proxy, ResponseAborted
from .upstream.websockets import WebSocketProxy

Handler = Callable[[Exchange], Awaitable[None]]
"""Answers one of the gateway's own routes."""
NOT_FOUND = (404, "not_found", "There is nothing here.")
log = structlog.get_logger()


class RequestPipeline:
    """Refuses, answers or forwards."""

    def __init__(
        self,
        settings: Settings,
        table: Router,
        tokens: TokenAuthenticator,
        rates: RateLimiter,
        proxy: Proxy,
        websockets: WebSocketProxy,
        own: Mapping[str, Handler],
    ) -> None:
        self._settings = settings
        self._table = table
        self._tokens = tokens
        self._rates = rates
        self._proxy = proxy
        self._websockets = websockets
        self._own = own
        self.slow_clients = SlowClients(
            settings.stall_seconds,
            settings.min_bytes_per_second,
            settings.slow_clients,
            settings.slow_clients_per_address,
        )
        self._addresses = TrustedProxies(settings.trusted_proxies)
        self._cors = Cors(settings)
        self._always = default_headers(settings)
        self._timers: dict[tuple[str, int | None], Callable[[float], None]] = {}
        self._password_turn = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens."""
        started = time.perf_counter()
        request_id = request_ids.of(scope["headers"])
        headers = [*self._always, (b"x-request-id", request_id.encode())]
        exchange = Exchange(scope, receive, send, request_id, headers, self.slow_clients)
        try:
            await self._serve(exchange)
        except HttpError as error:
            await responses.send_error(exchange, error)
        except BodyTooSlow:
            await self._send_error_or_abort(exchange, too_slow())
        except ClientDisconnected:
            log.debug("the client has left", request_id=request_id)
            exchange.cut()
        except ResponseAborted as problem:
            log.warning("answer cut short", reason=str(problem), request_id=request_id)
            exchange.cut()
        except Exception:
            log.exception("unexpected failure", request_id=request_id)
            await self._send_error_or_abort(exchange, responses.internal_error())
        finally:
            self._count(exchange, time.perf_counter() - started)

    async def _send_error_or_abort(self, exchange: Exchange, error: HttpError) -> None:
        if exchange.status is None:
            await responses.send_error(exchange, error)
        else:
            exchange.cut()

    async def _serve(self, exchange: Exchange) -> None:
        exchange.response_headers += self._cors.headers(exchange.scope["headers"])
        validation.validate_request(exchange)
        exchange.client = self._addresses.client(exchange.scope)
        node = self._table.find(exchange.path)
        if node is None:
            raise HttpError(*NOT_FOUND)
        if exchange.method == "OPTIONS":
            allow = (b"allow", ", ".join(node.methods).encode())
            await responses.send_no_content(exchange, allow, *self._cors.preflight(exchange, node))
            return
        route = node.routes.get(exchange.method)
        if route is None:
            raise responses.method_not_allowed(node.methods)
        exchange.pattern = route.pattern
        if route.traffic_class is HASHING:
            await self._yield_to_other_requests()
        who = await self._admit(exchange, route)
        if who is not None and route.traffic_class is WEBSOCKET:
            self._cors.require_allowed_origin(exchange)
            await self._websockets.proxy(exchange, route, who)
            return
        validation.require_identity_encoding(exchange, route)
        body = await read_body(exchange, route, self._settings)
        if route.upstream == LOCAL:
            await self._answer(exchange, route)
        else:
            await self._forward(exchange, route, body, who)

    async def _yield_to_other_requests(self) -> None:
        """One in each turn of the loop: of a crowd that logs in most are refused, and even that takes time."""
        async with self._password_turn:
            await asyncio.sleep(0)

    async def _admit(self, exchange: Exchange, route: Route) -> Identity | None:
        """Who asks. Raises HttpError for whoever may not ask this, or asks too often."""
        try:
            who = await self._tokens.check(exchange, route)
        except HttpError as error:
            if error.status == HTTPStatus.UNAUTHORIZED:  # to find that out is work as well
                await self._rates.count(exchange, route, None)
            raise
        await self._rates.count(exchange, route, who)
        return who

    async def _answer(self, exchange: Exchange, route: Route) -> None:
        try:
            async with exchange.within(self._settings.whole_seconds):
                await self._own[route.pattern](exchange)
        except TimeoutError:
            raise exchange.stopped or service_unavailable("too_slow", "This could not be answered in time.") from None
        finally:
            exchange.timeout = None

    async def _forward(
        self, exchange: Exchange, route: Route, body: bytes | Upload | None, who: Identity | None
    ) -> None:
        try:
            await self._proxy.forward(exchange, route, body, who)
        finally:
            await self._rates.note(exchange, route, who)

    def _count(self, exchange: Exchange, seconds: float) -> None:
        if exchange.status == SWITCHING_PROTOCOLS:
            return  # how long a socket was open says nothing of how soon requests are answered
        labels = (exchange.pattern, exchange.status)
        timer = self._timers.get(labels)
        if timer is None:
            timer = self._timers[labels] = metrics.REQUESTS.labels("gateway", *labels).observe
        timer(seconds)


def default_headers(settings: Settings) -> Headers:
    """The headers of every answer."""
    headers = [
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
        (b"x-frame-options", b"DENY"),
    ]
    if settings.hsts_seconds:
        headers.append((b"strict-transport-security", b"max-age=%d" % settings.hsts_seconds))
    return headers
