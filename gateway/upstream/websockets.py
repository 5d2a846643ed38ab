"""Proxies WebSockets to the service: opened as a request, closed when the token ends."""

import asyncio
from contextlib import AsyncExitStack, suppress
from functools import partial
from http import HTTPStatus

import structlog
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from shared import errors
from shared.security.verifier import Identity
from shared.websockets.handshake import (
    SCOPE_KEY,
    SWITCHING_PROTOCOLS,
    UPGRADE_HEADERS,
    UPGRADE_REQUIRED_DETAIL,
    Handshake,
)
from shared.websockets.hub import CLOSE_REASONS, SEND_SECONDS, UPSTREAM_LOST, CloseReason, Hub, Socket

from ..authentication.revocations import Revocations
from ..exchange import ClientDisconnected, Exchange
from ..responses import HttpError, from_app_error
from ..routes import LOCAL
from ..settings import Settings
from .addresses import Address
from .proxy import Proxy

log = structlog.get_logger()


class WebSocketProxy:
    """All WebSockets that are open at this gateway."""

    def __init__(self, settings: Settings, proxy: Proxy, revocations: Revocations) -> None:
        self._proxy = proxy
        self._revocations = revocations
        self._open = Hub(LOCAL, settings.sockets, settings.sockets_per_person)
        revocations.on_revoked(self._open.end_session, self._open.end_subject)

    def drain(self, seconds: float) -> None:
        """Close the open ones one by one within this time."""
        self._open.drain(seconds)

    async def proxy(self, exchange: Exchange, identity: Identity) -> None:
        """Accept one; it is served when the pipeline has ended. Raises HttpError or ClientDisconnected."""
        handshake = exchange.scope.get(SCOPE_KEY)
        if handshake is None:
            raise _upgrade_required()
        try:
            async with AsyncExitStack() as resources:
                socket = self._open.register(identity)
                resources.callback(self._open.unregister, socket)
                # Check again: from here on, a revocation finds the socket in the hub and closes it.
                if self._revocations.revoked(identity.subject, identity.session_id):
                    raise from_app_error(errors.Unauthenticated("invalid_token", "The access token has been revoked."))
                upstream, address = await self._proxy.connect(exchange)
                resources.push_async_callback(_close, upstream, address)
                exchange.status = SWITCHING_PROTOCOLS
                await handshake.accept(exchange.response_headers)
                handshake.serve_later(partial(self._serve, handshake, socket, upstream, address))
                resources.pop_all()  # `_serve` closes them
        except errors.AppError as error:
            raise from_app_error(error) from error
        except OSError as error:
            raise ClientDisconnected from error

    async def _serve(self, handshake: Handshake, socket: Socket, upstream: ClientConnection, address: Address) -> None:
        next_message, take_text = partial(_next_message, upstream, socket), partial(_forward, upstream)
        try:
            await self._open.serve(socket, handshake.receive, handshake.send, next_message, take_text)
        finally:
            await _close(upstream, address)


async def _close(upstream: ClientConnection, address: Address) -> None:
    address.leave()
    await upstream.close()


async def _next_message(upstream: ClientConnection, socket: Socket) -> str | None:
    """The next text of the service; None when the service has closed the socket, or is lost."""
    with suppress(ConnectionClosed):
        return await upstream.recv(decode=True)
    ending = CLOSE_REASONS.get(upstream.close_code or 0, UPSTREAM_LOST)
    if ending is UPSTREAM_LOST:
        log.warning("a service dropped a WebSocket", code=upstream.close_code)
    socket.end(ending)
    return None


async def _forward(upstream: ClientConnection, text: str) -> CloseReason | None:
    """Send a text of the client to the service, which decides what it means."""
    try:
        async with asyncio.timeout(SEND_SECONDS):
            await upstream.send(text)
    except (ConnectionClosed, TimeoutError):
        return UPSTREAM_LOST
    return None


def _upgrade_required() -> HttpError:
    headers = [(name.encode(), value.encode()) for name, value in UPGRADE_HEADERS.items()]
    return HttpError(HTTPStatus.UPGRADE_REQUIRED, "upgrade_required", UPGRADE_REQUIRED_DETAIL, headers=headers)
