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
from .authentication.tokens import Tokens
from .exchange import BodyTooSlow, Gone, Headers, Receive, Scope, Send, Visit
from .rate_limit.limiter import Rates
from .request import validation
from .request.body import Upload, take, too_slow
from .request.client_ip import Addresses
from .request.cors import Cors
from .responses import Refused, unavailable
from .routes import OPEN, OWN, SLOW, Route, Table
from .settings import Settings
from .slow_clients import SlowClients
from .upstream.proxy import CutShort, Proxy
from .upstream.websockets import Sockets

Handler = Callable[[Visit], Awaitable[None]]
"""Answers one of the gateway's own routes."""
NOT_FOUND = (404, "not_found", "There is nothing here.")
log = structlog.get_logger()


class Door:
    """Refuses, answers or forwards."""

    def __init__(
        self,
        settings: Settings,
        table: Table,
        tokens: Tokens,
        rates: Rates,
        proxy: Proxy,
        sockets: Sockets,
        own: Mapping[str, Handler],
    ) -> None:
        self._settings = settings
        self._table = table
        self._tokens = tokens
        self._rates = rates
        self._proxy = proxy
        self._sockets = sockets
        self._own = own
        self.slow_clients = SlowClients(
            settings.stall_seconds,
            settings.min_bytes_per_second,
            settings.slow_clients,
            settings.slow_clients_per_address,
        )
        self._addresses = Addresses(settings.trusted_proxies)
        self._cors = Cors(settings)
        self._always = always(settings)
        self._timers: dict[tuple[str, int | None], Callable[[float], None]] = {}
        self._one_by_one = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens."""
        started = time.perf_counter()
        request_id = request_ids.of(scope["headers"])
        headers = [*self._always, (b"x-request-id", request_id.encode())]
        visit = Visit(scope, receive, send, request_id, headers, self.slow_clients)
        try:
            await self._serve(visit)
        except Refused as refused:
            await responses.refuse(visit, refused)
        except BodyTooSlow:
            await self._refuse_or_cut(visit, too_slow())
        except Gone:
            log.debug("the client has left", request_id=request_id)
            visit.cut()
        except CutShort as problem:
            log.warning("answer cut short", reason=str(problem), request_id=request_id)
            visit.cut()
        except Exception:
            log.exception("unexpected failure", request_id=request_id)
            await self._refuse_or_cut(visit, responses.surprise())
        finally:
            self._count(visit, time.perf_counter() - started)

    async def _refuse_or_cut(self, visit: Visit, refused: Refused) -> None:
        if visit.status is None:
            await responses.refuse(visit, refused)
        else:
            visit.cut()

    async def _serve(self, visit: Visit) -> None:
        visit.always += self._cors.headers(visit.scope["headers"])
        validation.examine(visit)
        visit.client = self._addresses.client(visit.scope)
        place = self._table.find(visit.path)
        if place is None:
            raise Refused(*NOT_FOUND)
        if visit.method == "OPTIONS":
            allow = (b"allow", ", ".join(place.methods).encode())
            await responses.nothing(visit, allow, *self._cors.preflight(visit, place))
            return
        route = place.routes.get(visit.method)
        if route is None:
            raise responses.not_allowed(place.methods)
        visit.pattern = route.pattern
        if route.weight is SLOW:
            await self._let_others_go_first()
        who = await self._admit(visit, route)
        if who is not None and route.weight is OPEN:
            self._cors.insist(visit)
            await self._sockets.carry(visit, route, who)
            return
        validation.insist_on_plain_body(visit, route)
        body = await take(visit, route, self._settings)
        if route.upstream == OWN:
            await self._answer(visit, route)
        else:
            await self._forward(visit, route, body, who)

    async def _let_others_go_first(self) -> None:
        """One in each turn of the loop: of a crowd that logs in most are refused, and even that takes time."""
        async with self._one_by_one:
            await asyncio.sleep(0)

    async def _admit(self, visit: Visit, route: Route) -> Identity | None:
        """Who asks. Raises Refused for whoever may not ask this, or asks too often."""
        try:
            who = await self._tokens.check(visit, route)
        except Refused as refused:
            if refused.status == HTTPStatus.UNAUTHORIZED:  # to find that out is work as well
                await self._rates.count(visit, route, None)
            raise
        await self._rates.count(visit, route, who)
        return who

    async def _answer(self, visit: Visit, route: Route) -> None:
        try:
            async with visit.within(self._settings.whole_seconds):
                await self._own[route.pattern](visit)
        except TimeoutError:
            raise visit.stopped or unavailable("too_slow", "This could not be answered in time.") from None
        finally:
            visit.timeout = None

    async def _forward(self, visit: Visit, route: Route, body: bytes | Upload | None, who: Identity | None) -> None:
        try:
            await self._proxy.forward(visit, route, body, who)
        finally:
            await self._rates.note(visit, route, who)

    def _count(self, visit: Visit, seconds: float) -> None:
        if visit.status == SWITCHING_PROTOCOLS:
            return  # how long a socket was open says nothing of how soon requests are answered
        labels = (visit.pattern, visit.status)
        timer = self._timers.get(labels)
        if timer is None:
            timer = self._timers[labels] = metrics.REQUESTS.labels("gateway", *labels).observe
        timer(seconds)


def always(settings: Settings) -> Headers:
    """The headers of every answer."""
    headers = [
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
        (b"x-frame-options", b"DENY"),
    ]
    if settings.hsts_seconds:
        headers.append((b"strict-transport-security", b"max-age=%d" % settings.hsts_seconds))
    return headers
