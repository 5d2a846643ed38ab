"""Forwards requests to the services and streams their responses back, without parsing bodies."""

import asyncio
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from socket import SO_RCVBUF, SOL_SOCKET, socket

import aiohttp
import structlog
from aiohappyeyeballs import AddrInfoType

from shared import errors
from shared.security.verifier import Identity

from .. import metrics
from ..exchange import Exchange
from ..request.body import Upload
from ..responses import CHUNK_BYTES, HttpError, from_app_error, service_unavailable
from ..routes import IMAGE_UPLOAD, PICTURE
from ..settings import Settings
from .headers import retry_after, to_client, to_upstream
from .upstream import Bulkhead, Clients, Upstream

SKIPPED_HEADERS = ("accept", "accept-encoding", "content-type", "user-agent")
"""Headers that the client library would otherwise add."""
MAX_FETCH_BYTES = 4 * 1024 * 1024
MAX_MESSAGE_BYTES = 256 * 1024
"""Bytes of one text on a WebSocket; the largest of a service has a tenth of it."""
HEARTBEAT_SECONDS = 20.0
CLOSE_SECONDS = 1.0
"""How long a service may take to answer the close of a WebSocket."""
STOPPED_ON_DISCONNECT = (PICTURE, IMAGE_UPLOAD)
log = structlog.get_logger()


class ResponseAborted(Exception):
    """The response ended too early after it had started; for the client the connection is closed as well."""


class UpstreamUnreachable(Exception):
    """No connection, or it was lost before a response started."""


@dataclass(slots=True)
class UpstreamCall:
    """One request that is forwarded."""

    exchange: Exchange
    upstream: Upstream
    bulkhead: Bulkhead
    body: bytes | Upload | None = None
    clients: Clients = ()
    """Whom the limits per client of the bulkhead count."""
    login_limited_seconds: int | None = None


class Proxy:
    """The client of all upstreams."""

    def __init__(self, settings: Settings, upstreams: dict[str, Upstream]) -> None:
        self.upstreams = upstreams
        self._first_byte_seconds = settings.first_byte_seconds
        self._heavy_seconds = settings.heavy_seconds
        self._connect_seconds = settings.connect_seconds
        self._session: aiohttp.ClientSession

    async def open(self) -> None:
        """Create the HTTP client, in the running event loop."""
        # Not with the library's `sock_read`: its timer outlives the request where the end of a response is parsed
        # when a paused connection resumes, and ends the next request on the same connection.
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
        self,
        exchange: Exchange,
        body: bytes | Upload | None,
        identity: Identity | None,
        login_limited_seconds: int | None,
    ) -> None:
        """Forward and stream the response back. Raises HttpError, BodyTooSlow, ClientDisconnected, ResponseAborted."""
        network, traffic_class = exchange.client.network, exchange.route.traffic_class
        clients: Clients = (network,) if identity is None else (network, identity.subject)
        upstream = self.upstreams[exchange.route.upstream]
        bulkhead = upstream.bulkheads[traffic_class]
        call = UpstreamCall(exchange, upstream, bulkhead, body, clients, login_limited_seconds)
        exchange.stop_on_disconnect = traffic_class in STOPPED_ON_DISCONNECT
        seconds = self._heavy_seconds if traffic_class is IMAGE_UPLOAD else self._first_byte_seconds
        try:
            async with exchange.time_limit.within(seconds):
                last_chunk = await self._stream(call)
        except TimeoutError as error:
            raise _timed_out(call) from error
        await exchange.end_response(last_chunk)

    async def connect(self, exchange: Exchange) -> aiohttp.ClientWebSocketResponse:
        """Open a WebSocket at the service, with the token of this request. Raises HttpError."""
        upstream = self.upstreams[exchange.route.upstream]
        call = UpstreamCall(exchange, upstream, upstream.bulkheads[exchange.route.traffic_class])
        upstream.enter(call.bulkhead, call.clients)
        try:
            async with asyncio.timeout(self._first_byte_seconds):
                return await self._open_websocket(call)
        except aiohttp.WSServerHandshakeError as error:
            raise _handshake_rejected(call, error) from error
        except (UpstreamUnreachable, aiohttp.ClientError, TimeoutError) as error:
            _record_failure(call, error)
            raise upstream.unavailable() from error
        finally:
            call.bulkhead.leave(call.clients)

    async def _open_websocket(self, call: UpstreamCall) -> aiohttp.ClientWebSocketResponse:
        websocket = await self._session.ws_connect(
            call.upstream.address(call.exchange.scope["raw_path"], b""),
            headers=to_upstream(call.exchange, None, None),
            timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_SECONDS),
            heartbeat=HEARTBEAT_SECONDS,
            max_msg_size=MAX_MESSAGE_BYTES,
        )
        call.bulkhead.breaker.succeeded()
        return websocket

    async def fetch(self, name: str, path: str, seconds: float) -> tuple[int, bytes] | None:
        """Status and body of a GET of the gateway's own; None without a response."""
        url = self.upstreams[name].address(path.encode(), b"")
        try:
            async with asyncio.timeout(seconds), self._session.get(url, allow_redirects=False) as response:
                return response.status, await _read_at_most(MAX_FETCH_BYTES, response)
        except (UpstreamUnreachable, aiohttp.ClientError, TimeoutError):
            return None

    async def _stream(self, call: UpstreamCall) -> bytes:
        """Send the client all but the last chunk, which is returned.

        The request counts in the bulkhead until the response starts: after that the client's speed decides.
        """
        call.upstream.enter(call.bulkhead, call.clients)
        try:
            response = await self._request(call)
        finally:
            call.bulkhead.leave(call.clients)
        try:
            return await _stream_response(call, response, self._first_byte_seconds)
        finally:
            response.release()

    async def _request(self, call: UpstreamCall) -> aiohttp.ClientResponse:
        """The head of the response. A GET that did not reach the service is retried once."""
        call.upstream.retry_budget.deposit()
        try:
            return await self._try(call)
        except UpstreamUnreachable:
            if call.exchange.route.method != "GET" or not call.upstream.retry_budget.withdraw():
                raise call.upstream.unavailable() from None
        try:
            return await self._try(call)
        except UpstreamUnreachable:
            raise call.upstream.unavailable() from None

    async def _try(self, call: UpstreamCall) -> aiohttp.ClientResponse:
        exchange = call.exchange
        try:
            response = await self._session.request(
                exchange.route.method,
                call.upstream.address(exchange.scope["raw_path"], exchange.scope["query_string"]),
                headers=to_upstream(exchange, call.body, call.login_limited_seconds),
                data=call.body,
                allow_redirects=False,
            )
        except (UpstreamUnreachable, aiohttp.ClientError, TimeoutError) as error:
            raise _request_error(call, error) from error
        if response.status < HTTPStatus.INTERNAL_SERVER_ERROR or response.status == HTTPStatus.SERVICE_UNAVAILABLE:
            call.bulkhead.breaker.succeeded()  # a service that says itself that it is busy is up
        else:
            call.bulkhead.breaker.failed()
        return response


async def _without_library_retries(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    # The library retries PUT and DELETE by itself after a lost connection; with an error of ours it does not.
    try:
        return await handler(request)
    except aiohttp.ClientConnectionError as error:  # refused, reset, disconnected, timed out: all that there are
        raise UpstreamUnreachable(repr(error)) from error


def _request_error(call: UpstreamCall, error: Exception) -> Exception:
    """What to raise where there is no response: the client may have caused it, by its upload."""
    if isinstance(call.body, Upload) and call.body.error is not None:
        return call.body.error
    _record_failure(call, error)
    if isinstance(error, UpstreamUnreachable):
        return error
    return _upstream_timeout() if isinstance(error, TimeoutError) else _upstream_failed()


def _handshake_rejected(call: UpstreamCall, error: aiohttp.WSServerHandshakeError) -> HttpError:
    if error.status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        call.bulkhead.breaker.succeeded()  # it is up, and says itself that it has too many
        return call.upstream.unavailable()
    if error.status == HTTPStatus.UNAUTHORIZED:
        call.bulkhead.breaker.succeeded()
        return from_app_error(errors.Unauthenticated("invalid_token", "The access token is no longer valid."))
    _record_failure(call, error)
    return _upstream_failed()


def _timed_out(call: UpstreamCall) -> Exception:
    _record_failure(call, TimeoutError())
    return _upstream_timeout() if call.exchange.status is None else ResponseAborted("the service stopped sending")


def _record_failure(call: UpstreamCall, error: Exception) -> None:
    # An upload that times out may just be waiting for a decoder: that is no failure of the service.
    if call.exchange.route.traffic_class is not IMAGE_UPLOAD or not isinstance(error, TimeoutError):
        call.bulkhead.breaker.failed()
    log.warning(
        "upstream did not respond",
        upstream=call.upstream.name,
        reason=repr(error),
        request_id=call.exchange.request_id,
    )


async def _stream_response(call: UpstreamCall, response: aiohttp.ClientResponse, seconds: float) -> bytes:
    """Send the client all but the last chunk, and return that. The service may pause for so many seconds."""
    exchange, upstream = call.exchange, call.upstream
    if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.warning("upstream failed", upstream=upstream.name, status=response.status, request_id=exchange.request_id)
        busy = response.status == HTTPStatus.SERVICE_UNAVAILABLE
        raise upstream.unavailable(retry_after(response)) if busy else _upstream_failed()
    upstream.on_response(response.headers)
    await exchange.start_response(response.status, to_client(response))
    if exchange.method == "HEAD":
        return b""
    content = response.content
    try:
        while True:
            if not content.is_eof():
                exchange.time_limit.move(seconds)
            chunk = await content.read(CHUNK_BYTES)
            if content.at_eof():
                return chunk
            exchange.time_limit.move(None)
            await exchange.send_chunk(chunk)
    except aiohttp.ClientError as error:
        call.bulkhead.breaker.failed()
        raise ResponseAborted(repr(error)) from error


def _new_socket(address: AddrInfoType) -> socket:
    """A socket with a small receive buffer: of a response that the client does not read, the kernel keeps little."""
    family, kind, protocol, _, _ = address
    new = socket(family, kind, protocol)
    new.setsockopt(SOL_SOCKET, SO_RCVBUF, CHUNK_BYTES)
    return new


def _upstream_timeout() -> HttpError:
    return service_unavailable("upstream_timeout", "This part of the service did not respond in time.")


def _upstream_failed() -> HttpError:
    return HttpError(HTTPStatus.BAD_GATEWAY, "upstream_failed", "This part of the service failed to respond.")


async def _read_at_most(limit: int, response: aiohttp.ClientResponse) -> bytes:
    content = bytearray()
    while len(content) <= limit and (chunk := await response.content.readany()):
        content += chunk
    return bytes(content)
