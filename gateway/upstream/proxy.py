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

from ..exchange import Exchange
from ..request.body import Upload
from ..responses import CHUNK_BYTES, HttpError, from_app_error, service_unavailable
from ..routes import IMAGE_UPLOAD, PICTURE, Route
from ..settings import Settings
from . import headers
from .upstream import Bulkhead, Clients, Upstream

SKIPPED_HEADERS = ("accept", "accept-encoding", "content-type", "user-agent")
"""What the client library would otherwise say in the client's name."""
MAX_FETCH_BYTES = 4 * 1024 * 1024
MAX_MESSAGE_BYTES = 256 * 1024
"""Bytes of one text on a WebSocket; what a service says takes a tenth of it."""
HEARTBEAT_SECONDS = 20.0
CLOSE_SECONDS = 1.0
"""How long a service may take to answer the close of a WebSocket."""
LONG = (PICTURE, IMAGE_UPLOAD)
"""Given up when the client leaves."""
log = structlog.get_logger()


class ResponseAborted(Exception):
    """The answer broke off after it had begun; all that is left is to cut it short for the client as well."""


class UpstreamUnreachable(Exception):
    """No connection, or it was lost before an answer began."""


@dataclass(slots=True)
class UpstreamCall:
    """One request to be carried out at an upstream."""

    exchange: Exchange
    route: Route
    upstream: Upstream
    bulkhead: Bulkhead
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
            skip_auto_headers=SKIPPED_HEADERS,
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None, connect=self._connect_seconds, sock_read=None),
            read_bufsize=CHUNK_BYTES,
            middlewares=(_without_library_retries,),
        )
        for upstream in self.upstreams.values():
            metrics.IN_FLIGHT.labels(upstream.name).set_function(partial(getattr, upstream, "in_flight"))

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def forward(
        self, exchange: Exchange, route: Route, body: bytes | Upload | None, who: Identity | None
    ) -> None:
        """Forward and stream the response back. Raises HttpError, BodyTooSlow, ClientDisconnected, ResponseAborted."""
        clients: Clients = (exchange.client.network,) if who is None else (exchange.client.network, who.subject)
        call = self._call(exchange, route, body, clients)
        exchange.long = route.traffic_class in LONG
        patience = self._heavy_patience if route.traffic_class is IMAGE_UPLOAD else self._patience
        try:
            async with exchange.within(patience):
                last = await self._carry_out(call)
        except TimeoutError as problem:
            raise exchange.stopped or _too_late(call) from problem
        finally:
            exchange.timeout = None
        await exchange.end_response(last)

    def _call(self, exchange: Exchange, route: Route, body: bytes | Upload | None, clients: Clients) -> UpstreamCall:
        upstream = self.upstreams[route.upstream]
        return UpstreamCall(exchange, route, upstream, upstream.bulkheads[route.traffic_class], body, clients)

    async def connect(self, exchange: Exchange, route: Route) -> aiohttp.ClientWebSocketResponse:
        """Open a WebSocket at the upstream of this route, as who asks here. Raises HttpError."""
        call = self._call(exchange, route, None, ())
        call.upstream.enter(call.bulkhead, ())
        try:
            async with asyncio.timeout(self._patience):
                return await self._open(call)
        except aiohttp.WSServerHandshakeError as refused:
            raise _not_opened(call, refused) from refused
        except (UpstreamUnreachable, aiohttp.ClientError, TimeoutError) as problem:
            _record_failure(call, problem)
            raise call.upstream.away() from problem
        finally:
            call.bulkhead.leave(())

    async def _open(self, call: UpstreamCall) -> aiohttp.ClientWebSocketResponse:
        exchange, upstream = call.exchange, call.upstream
        opened = await self._session.ws_connect(
            upstream.address(exchange.scope["raw_path"], b""),
            headers=headers.to_upstream(exchange, call.route, None),
            timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_SECONDS),
            heartbeat=HEARTBEAT_SECONDS,
            max_msg_size=MAX_MESSAGE_BYTES,
        )
        call.bulkhead.breaker.succeeded()
        return opened

    async def fetch(self, name: str, path: str, seconds: float) -> tuple[int, bytes] | None:
        """Status and body of what an upstream says at this path, for the gateway's own use; None if nothing."""
        url = self.upstreams[name].address(path.encode(), b"")
        try:
            async with asyncio.timeout(seconds), self._session.get(url, allow_redirects=False) as answer:
                return answer.status, await _at_most(MAX_FETCH_BYTES, answer)
        except (UpstreamUnreachable, aiohttp.ClientError, TimeoutError):
            return None

    async def _carry_out(self, call: UpstreamCall) -> bytes:
        """All but the last part of the answer, which is given back.

        The place at the upstream is held until the answer begins; after that it is the client who sets the pace.
        """
        call.upstream.enter(call.bulkhead, call.clients)
        try:
            answer = await self._ask(call)
        finally:
            call.bulkhead.leave(call.clients)
        try:
            return await _stream_response(call, answer, self._patience)
        finally:
            answer.release()

    async def _ask(self, call: UpstreamCall) -> aiohttp.ClientResponse:
        """The head of the answer. A question that changes nothing is put once more if it did not arrive."""
        call.upstream.budget.deposit()
        try:
            return await self._try(call)
        except UpstreamUnreachable:
            if call.route.method != "GET" or not call.upstream.budget.withdraw():
                raise call.upstream.away() from None
        try:
            return await self._try(call)
        except UpstreamUnreachable:
            raise call.upstream.away() from None

    async def _try(self, call: UpstreamCall) -> aiohttp.ClientResponse:
        exchange, upstream = call.exchange, call.upstream
        try:
            answer = await self._session.request(
                call.route.method,
                upstream.address(exchange.scope["raw_path"], exchange.scope["query_string"]),
                headers=headers.to_upstream(exchange, call.route, call.body),
                data=call.body,
                allow_redirects=False,
            )
        except (UpstreamUnreachable, aiohttp.ClientError, TimeoutError) as problem:
            raise _meaning(call, problem) from problem
        if answer.status < HTTPStatus.INTERNAL_SERVER_ERROR or answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
            call.bulkhead.breaker.succeeded()  # a service that says itself that it is busy is there
        else:
            call.bulkhead.breaker.failed()
        return answer


async def _without_library_retries(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """The library repeats PUT and DELETE by itself after a lost connection; with our error it does not."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectionError as problem:  # refused, reset, disconnected, timed out: all that there are
        raise UpstreamUnreachable(repr(problem)) from problem


def _meaning(call: UpstreamCall, problem: Exception) -> Exception:
    """Whose fault it is that no answer came, and what to say about it."""
    if isinstance(call.body, Upload) and call.body.error is not None:
        return call.body.error
    _record_failure(call, problem)
    if isinstance(problem, UpstreamUnreachable):
        return problem
    return _silent() if isinstance(problem, TimeoutError) else _failed()


def _not_opened(call: UpstreamCall, refused: aiohttp.WSServerHandshakeError) -> HttpError:
    """What to say where the service lets no WebSocket in."""
    if refused.status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        call.bulkhead.breaker.succeeded()  # it is there, and says itself that it has too many
        return call.upstream.away()
    if refused.status == HTTPStatus.UNAUTHORIZED:
        call.bulkhead.breaker.succeeded()
        return from_app_error(errors.Unauthenticated("invalid_token", "The access token is not good any more."))
    _record_failure(call, refused)
    return _failed()


def _too_late(call: UpstreamCall) -> Exception:
    """The upstream has been silent for too long."""
    _record_failure(call, TimeoutError())
    return _silent() if call.exchange.status is None else ResponseAborted("the service fell silent")


def _record_failure(call: UpstreamCall, problem: Exception) -> None:
    if call.route.traffic_class is not IMAGE_UPLOAD or not isinstance(
        problem, TimeoutError
    ):  # a slow picture is no failure
        call.bulkhead.breaker.failed()
    log.warning(
        "upstream did not answer",
        upstream=call.upstream.name,
        reason=repr(problem),
        request_id=call.exchange.request_id,
    )


async def _stream_response(call: UpstreamCall, answer: aiohttp.ClientResponse, patience: float) -> bytes:
    """Send the client all but the last part of the answer, and give that back."""
    exchange, upstream = call.exchange, call.upstream
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        request_id = exchange.request_id
        log.warning("upstream failed", upstream=upstream.name, status=answer.status, request_id=request_id)
        busy = answer.status == HTTPStatus.SERVICE_UNAVAILABLE
        raise upstream.away(headers.retry_after(answer)) if busy else _failed()
    upstream.on_answer(answer.headers)
    await exchange.start_response(answer.status, headers.to_client(answer))
    if exchange.method == "HEAD":
        return b""
    content = answer.content
    try:
        while True:
            if not content.is_eof():
                exchange.allow(patience)
            part = await content.read(CHUNK_BYTES)
            if content.at_eof():
                return part
            exchange.allow(None)
            await exchange.send_chunk(part)
    except aiohttp.ClientError as problem:
        call.bulkhead.breaker.failed()
        raise ResponseAborted(repr(problem)) from problem


def _new_socket(address: AddrInfoType) -> socket:
    """A socket to an upstream, with a bound on what the system keeps of an answer that a client does not read."""
    family, kind, protocol, _, _ = address
    made = socket(family, kind, protocol)
    made.setsockopt(SOL_SOCKET, SO_RCVBUF, CHUNK_BYTES)
    return made


def _silent() -> HttpError:
    return service_unavailable("upstream_timeout", "This part of the service did not answer in time.")


def _failed() -> HttpError:
    return HttpError(HTTPStatus.BAD_GATEWAY, "upstream_failed", "This part of the service failed to answer.")


async def _at_most(limit: int, answer: aiohttp.ClientResponse) -> bytes:
    content = bytearray()
    while len(content) <= limit and (part := await answer.content.readany()):
        content += part
    return bytes(content)
