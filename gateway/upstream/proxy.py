"""Carries requests to the upstreams and their answers back, as streams, without looking inside."""

import asyncio
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from socket import SO_RCVBUF, SOL_SOCKET, socket

import aiohttp
import structlog
from aiohappyeyeballs import AddrInfoType

from shared import errors, metrics
from shared.security.verifier import Identity

from ..exchange import Visit
from ..request.body import Upload
from ..responses import PART, Refused, from_shared, unavailable
from ..routes import HEAVY, PICTURE, Route
from ..settings import Settings
from . import headers
from .upstream import Clients, Share, Upstream

NOT_ADDED = ("accept", "accept-encoding", "content-type", "user-agent")
"""What the client library would otherwise say in the client's name."""
LARGEST_FETCH = 4 * 1024 * 1024
LONGEST_TEXT = 256 * 1024
"""Bytes of one text on a WebSocket; what a service says takes a tenth of it."""
HEARTBEAT_SECONDS = 20.0
CLOSE_SECONDS = 1.0
"""How long a service may take to answer the close of a WebSocket."""
LONG = (PICTURE, HEAVY)
"""Given up when the client leaves."""
log = structlog.get_logger()


class CutShort(Exception):
    """The answer broke off after it had begun; all that is left is to cut it short for the client as well."""


class NotReached(Exception):
    """No connection, or it was lost before an answer began."""


@dataclass(slots=True)
class Errand:
    """One request to be carried out at an upstream."""

    visit: Visit
    route: Route
    upstream: Upstream
    share: Share
    """Of the upstream's places."""
    body: bytes | Upload | None
    clients: Clients
    """The address and the person, if any, for whom there is only a part of the places."""


class Proxy:
    """The way to all upstreams."""

    def __init__(self, settings: Settings, upstreams: dict[str, Upstream]) -> None:
        self.upstreams = upstreams
        self._patience = settings.first_byte_seconds
        self._heavy_patience = settings.heavy_seconds
        self._connect_seconds = settings.connect_seconds
        self._session: aiohttp.ClientSession

    async def open(self) -> None:
        """Get ready, in the running loop.

        The library's `sock_read` is not used: its timer outlives the exchange where the end of an answer is parsed
        when a paused connection goes on, and ends the next exchange on the same connection.
        """
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=30, socket_factory=_new_socket),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=NOT_ADDED,
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None, connect=self._connect_seconds, sock_read=None),
            read_bufsize=PART,
            middlewares=(_never_repeated,),
        )
        for upstream in self.upstreams.values():
            metrics.IN_FLIGHT.labels(upstream.name).set_function(partial(getattr, upstream, "in_flight"))

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def forward(self, visit: Visit, route: Route, body: bytes | Upload | None, who: Identity | None) -> None:
        """Ask the upstream of this route and hand its answer back. Raises Refused, BodyTooSlow, Gone or CutShort."""
        clients: Clients = (visit.client.network,) if who is None else (visit.client.network, who.subject)
        errand = self._errand(visit, route, body, clients)
        visit.long = route.weight in LONG
        patience = self._heavy_patience if route.weight is HEAVY else self._patience
        try:
            async with visit.within(patience):
                last = await self._carry_out(errand)
        except TimeoutError as problem:
            raise visit.stopped or _too_late(errand) from problem
        finally:
            visit.timeout = None
        await visit.end(last)

    def _errand(self, visit: Visit, route: Route, body: bytes | Upload | None, clients: Clients) -> Errand:
        upstream = self.upstreams[route.upstream]
        return Errand(visit, route, upstream, upstream.shares[route.weight], body, clients)

    async def connect(self, visit: Visit, route: Route) -> aiohttp.ClientWebSocketResponse:
        """Open a WebSocket at the upstream of this route, as who asks here. Raises Refused."""
        errand = self._errand(visit, route, None, ())
        errand.upstream.enter(errand.share, ())
        try:
            async with asyncio.timeout(self._patience):
                return await self._open(errand)
        except aiohttp.WSServerHandshakeError as refused:
            raise _not_opened(errand, refused) from refused
        except (NotReached, aiohttp.ClientError, TimeoutError) as problem:
            _blame(errand, problem)
            raise errand.upstream.away() from problem
        finally:
            errand.share.leave(())

    async def _open(self, errand: Errand) -> aiohttp.ClientWebSocketResponse:
        visit, upstream = errand.visit, errand.upstream
        opened = await self._session.ws_connect(
            upstream.address(visit.scope["raw_path"], b""),
            headers=headers.to_upstream(visit, errand.route, None),
            timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_SECONDS),
            heartbeat=HEARTBEAT_SECONDS,
            max_msg_size=LONGEST_TEXT,
        )
        errand.share.breaker.succeeded()
        return opened

    async def fetch(self, name: str, path: str, seconds: float) -> tuple[int, bytes] | None:
        """Status and body of what an upstream says at this path, for the gateway's own use; None if nothing."""
        url = self.upstreams[name].address(path.encode(), b"")
        try:
            async with asyncio.timeout(seconds), self._session.get(url, allow_redirects=False) as answer:
                return answer.status, await _at_most(LARGEST_FETCH, answer)
        except (NotReached, aiohttp.ClientError, TimeoutError):
            return None

    async def _carry_out(self, errand: Errand) -> bytes:
        """All but the last part of the answer, which is given back.

        The place at the upstream is held until the answer begins; after that it is the client who sets the pace.
        """
        errand.upstream.enter(errand.share, errand.clients)
        try:
            answer = await self._ask(errand)
        finally:
            errand.share.leave(errand.clients)
        try:
            return await _hand_back(errand, answer, self._patience)
        finally:
            answer.release()

    async def _ask(self, errand: Errand) -> aiohttp.ClientResponse:
        """The head of the answer. A question that changes nothing is put once more if it did not arrive."""
        errand.upstream.budget.earn()
        try:
            return await self._try(errand)
        except NotReached:
            if errand.route.method != "GET" or not errand.upstream.budget.spend():
                raise errand.upstream.away() from None
        try:
            return await self._try(errand)
        except NotReached:
            raise errand.upstream.away() from None

    async def _try(self, errand: Errand) -> aiohttp.ClientResponse:
        visit, upstream = errand.visit, errand.upstream
        try:
            answer = await self._session.request(
                errand.route.method,
                upstream.address(visit.scope["raw_path"], visit.scope["query_string"]),
                headers=headers.to_upstream(visit, errand.route, errand.body),
                data=errand.body,
                allow_redirects=False,
            )
        except (NotReached, aiohttp.ClientError, TimeoutError) as problem:
            raise _meaning(errand, problem) from problem
        if answer.status < HTTPStatus.INTERNAL_SERVER_ERROR or answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
            errand.share.breaker.succeeded()  # a service that says itself that it is busy is there
        else:
            errand.share.breaker.failed()
        return answer


async def _never_repeated(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """The library repeats PUT and DELETE by itself after a lost connection; with our error it does not."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectionError as problem:  # refused, reset, disconnected, timed out: all that there are
        raise NotReached(repr(problem)) from problem


def _meaning(errand: Errand, problem: Exception) -> Exception:
    """Whose fault it is that no answer came, and what to say about it."""
    if isinstance(errand.body, Upload) and errand.body.trouble is not None:
        return errand.body.trouble
    _blame(errand, problem)
    if isinstance(problem, NotReached):
        return problem
    return _silent() if isinstance(problem, TimeoutError) else _failed()


def _not_opened(errand: Errand, refused: aiohttp.WSServerHandshakeError) -> Refused:
    """What to say where the service lets no WebSocket in."""
    if refused.status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        errand.share.breaker.succeeded()  # it is there, and says itself that it has too many
        return errand.upstream.away()
    if refused.status == HTTPStatus.UNAUTHORIZED:
        errand.share.breaker.succeeded()
        return from_shared(errors.Unauthenticated("invalid_token", "The access token is not good any more."))
    _blame(errand, refused)
    return _failed()


def _too_late(errand: Errand) -> Exception:
    """The upstream has been silent for too long."""
    _blame(errand, TimeoutError())
    return _silent() if errand.visit.status is None else CutShort("the service fell silent")


def _blame(errand: Errand, problem: Exception) -> None:
    if errand.route.weight is not HEAVY or not isinstance(problem, TimeoutError):  # a slow picture is no failure
        errand.share.breaker.failed()
    log.warning(
        "upstream did not answer",
        upstream=errand.upstream.name,
        reason=repr(problem),
        request_id=errand.visit.request_id,
    )


async def _hand_back(errand: Errand, answer: aiohttp.ClientResponse, patience: float) -> bytes:
    """Send the client all but the last part of the answer, and give that back."""
    visit, upstream = errand.visit, errand.upstream
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        request_id = visit.request_id
        log.warning("upstream failed", upstream=upstream.name, status=answer.status, request_id=request_id)
        busy = answer.status == HTTPStatus.SERVICE_UNAVAILABLE
        raise upstream.away(headers.retry_after(answer)) if busy else _failed()
    upstream.on_answer(answer.headers)
    await visit.begin(answer.status, headers.to_client(answer))
    if visit.method == "HEAD":
        return b""
    content = answer.content
    try:
        while True:
            if not content.is_eof():
                visit.allow(patience)
            part = await content.read(PART)
            if content.at_eof():
                return part
            visit.allow(None)
            await visit.go_on(part)
    except aiohttp.ClientError as problem:
        errand.share.breaker.failed()
        raise CutShort(repr(problem)) from problem


def _new_socket(address: AddrInfoType) -> socket:
    """A socket to an upstream, with a bound on what the system keeps of an answer that a client does not read."""
    family, kind, protocol, _, _ = address
    made = socket(family, kind, protocol)
    made.setsockopt(SOL_SOCKET, SO_RCVBUF, PART)
    return made


def _silent() -> Refused:
    return unavailable("upstream_timeout", "This part of the service did not answer in time.")


def _failed() -> Refused:
    return Refused(HTTPStatus.BAD_GATEWAY, "upstream_failed", "This part of the service failed to answer.")


async def _at_most(limit: int, answer: aiohttp.ClientResponse) -> bytes:
    content = bytearray()
    while len(content) <= limit and (part := await answer.content.readany()):
        content += part
    return bytes(content)
