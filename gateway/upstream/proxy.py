"""Forwards requests to the services and streams their responses back, without parsing bodies."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import fields
from functools import partial
from http import HTTPStatus
from typing import TypeVar

import structlog
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import InvalidStatus

from shared.http_client.response import InvalidResponse, Response, ServiceUnreachable
from shared.security.verifier import Identity
from shared.tracing import spans

from .. import metrics
from ..exchange import Exchange
from ..request.body import Upload
from ..routes import IMAGE_UPLOAD, NORMAL, PICTURE
from ..settings import Settings
from .addresses import Address
from .call import (
    ResponseAborted,
    UpstreamCall,
    handshake_rejected,
    record_failure,
    request_error,
    timed_out,
    upstream_failed,
)
from .headers import retry_after, to_client, to_upstream
from .upstream import Clients, Upstream

MAX_FETCH_BYTES = 4 * 1024 * 1024
STOPPED_ON_DISCONNECT = (PICTURE, IMAGE_UPLOAD)
log = structlog.get_logger()
T = TypeVar("T")


class Proxy:
    """The client of all upstreams."""

    def __init__(self, settings: Settings, upstreams: dict[str, Upstream]) -> None:
        self.upstreams = upstreams
        self._first_byte_seconds = settings.first_byte_seconds
        self._heavy_seconds = settings.heavy_seconds
        limits = settings.rate_limits
        self._rate_limit_policy = ", ".join(getattr(limits, each.name).policy for each in fields(limits)).encode()

    async def open(self) -> None:
        """Create the HTTP clients, in the running event loop."""
        await asyncio.gather(*(each.addresses.open() for each in self.upstreams.values()))
        for upstream in self.upstreams.values():
            metrics.IN_FLIGHT.labels(upstream.name).set_function(partial(getattr, upstream, "in_flight"))

    async def close(self) -> None:
        """Close the connections."""
        await asyncio.gather(*(each.addresses.close() for each in self.upstreams.values()))

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
            raise timed_out(call) from error
        await exchange.end_response(last_chunk)

    async def connect(self, exchange: Exchange) -> tuple[ClientConnection, Address]:
        """A WebSocket at the service, with the token of this request, and its address, in use. Raises HttpError."""
        upstream = self.upstreams[exchange.route.upstream]
        call = UpstreamCall(exchange, upstream, upstream.bulkheads[exchange.route.traffic_class])
        call.bulkhead.enter(call.clients)
        try:
            async with asyncio.timeout(self._first_byte_seconds):
                websocket = await self._repeated(call, self._open_websocket)
        except (InvalidResponse, TimeoutError) as error:
            record_failure(call, error)
            raise upstream.unavailable() from error
        finally:
            call.bulkhead.leave(call.clients)
        address = call.tried[-1]
        address.in_use += 1
        return websocket, address

    async def _open_websocket(self, call: UpstreamCall, address: Address) -> ClientConnection:
        try:
            websocket = await address.client.open_websocket(call.exchange.path, to_upstream(call.exchange, None, None))
        except InvalidStatus as error:
            raise handshake_rejected(call, error) from error
        except ServiceUnreachable as error:
            record_failure(call, error)
            raise
        call.breaker.succeeded()
        return websocket

    async def fetch(self, name: str, path: str, seconds: float) -> tuple[int, bytes] | None:
        """Status and body of a GET of the gateway's own; None without a response."""
        upstream = self.upstreams[name]
        address = upstream.addresses.choose(NORMAL)
        if address is None:
            return None
        try:
            with spans.child(upstream.span_name, "client") as span:
                headers = [] if span.traceparent is None else [(spans.HEADER.encode(), span.traceparent.encode())]
                async with asyncio.timeout(seconds):
                    response = await address.client.request("GET", path.encode(), headers)
                    try:
                        span.set_status(response.status)
                        return response.status, await _read_at_most(MAX_FETCH_BYTES, response)
                    finally:
                        response.release()
        except ServiceUnreachable:
            upstream.addresses.lost(address)
            return None
        except (InvalidResponse, TimeoutError):
            return None

    async def _stream(self, call: UpstreamCall) -> bytes:
        """Send the client all but the last chunk, which is returned.

        The request counts in the bulkhead until the response starts: after that the client's speed decides.
        """
        call.bulkhead.enter(call.clients)
        try:
            call.upstream.retry_budget.deposit()
            response = await self._repeated(call, self._try)
        finally:
            call.bulkhead.leave(call.clients)
        address = call.tried[-1]
        address.in_use += 1
        try:
            return await _stream_response(call, response, self._first_byte_seconds)
        finally:
            address.leave()
            response.release()

    async def _repeated(self, call: UpstreamCall, attempt: Callable[[UpstreamCall, Address], Awaitable[T]]) -> T:
        """Attempt at one address and, where the connection is lost and the request may be repeated, at others."""
        while True:
            address = call.choose_address()
            try:
                return await attempt(call, address)
            except ServiceUnreachable as error:
                call.upstream.addresses.lost(address)
                if not call.is_repeated_after(error):
                    raise call.upstream.unavailable() from None

    async def _try(self, call: UpstreamCall, address: Address) -> Response:
        exchange = call.exchange
        address.in_use += 1
        address.sent()
        try:
            with spans.child(call.upstream.span_name, "client") as span:
                headers = to_upstream(exchange, call.body, call.login_limited_seconds)
                if exchange.route.is_told_rate_limits:
                    headers.append((b"ratelimit-policy", self._rate_limit_policy))
                query = exchange.scope["query_string"]
                target = exchange.scope["raw_path"] + (b"?" + query if query else b"")
                response = await address.client.request(exchange.route.method, target, headers, call.body)
                span.set_status(response.status)
        except (ServiceUnreachable, InvalidResponse, TimeoutError) as error:
            raise request_error(call, error) from error
        finally:
            address.answered()
            address.leave()
        if response.headers.get(b"connection") == b"close":
            address.closed_connection()
        if response.status < HTTPStatus.INTERNAL_SERVER_ERROR or response.status == HTTPStatus.SERVICE_UNAVAILABLE:
            call.breaker.succeeded()  # a service that responds that it is busy is available
        else:
            call.breaker.failed()
        return response


async def _stream_response(call: UpstreamCall, response: Response, seconds: float) -> bytes:
    """Send the client all but the last chunk, which is returned. The service may pause for `seconds`."""
    exchange, upstream = call.exchange, call.upstream
    if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.warning("upstream failed", upstream=upstream.name, status=response.status, request_id=exchange.request_id)
        busy = response.status == HTTPStatus.SERVICE_UNAVAILABLE
        raise upstream.unavailable(retry_after(response)) if busy else upstream_failed()
    upstream.on_response(response.headers)
    await exchange.start_response(response.status, to_client(response))
    if exchange.method == "HEAD":
        return b""
    try:
        while True:
            if not response.is_received:
                exchange.time_limit.move(seconds)
            chunk = await response.read()
            if response.at_end:
                return chunk
            exchange.time_limit.move(None)
            await exchange.send_chunk(chunk)
    except InvalidResponse as error:
        call.breaker.failed()
        raise ResponseAborted(repr(error)) from error


async def _read_at_most(limit: int, response: Response) -> bytes:
    content = bytearray()
    while len(content) <= limit and (chunk := await response.read()):
        content += chunk
    return bytes(content)
