"""WebSockets, carried on to the service that has something to say: let in as requests are, and ended as tokens are."""

from http import HTTPStatus

import aiohttp
import structlog

from shared import errors
from shared.security.verifier import Identity
from shared.websockets.handshake import (
    SCOPE_KEY,
    SWITCHING_PROTOCOLS,
    UPGRADE_HEADERS,
    UPGRADE_REQUIRED_DETAIL,
    Handshake,
)
from shared.websockets.hub import CLOSE_REASONS, UPSTREAM_LOST, Hub, Socket

from ..authentication.revocations import Revocations
from ..exchange import ClientDisconnected, Exchange
from ..responses import HttpError, from_app_error
from ..routes import LOCAL, Route
from ..settings import Settings
from .proxy import Proxy

log = structlog.get_logger()


class WebSocketProxy:
    """All that are open here."""

    def __init__(self, settings: Settings, proxy: Proxy, revocations: Revocations) -> None:
        self._proxy = proxy
        self._revocations = revocations
        self._open = Hub(LOCAL, settings.sockets, settings.sockets_per_person)
        revocations.tell(self._open.end_session, self._open.end_subject)

    async def proxy(self, exchange: Exchange, route: Route, who: Identity) -> None:
        """Keep one open as long as it may be. Raises HttpError while it can still be refused, or ClientDisconnected."""
        handshake = exchange.scope.get(SCOPE_KEY)
        if handshake is None:
            raise _upgrade_required()
        try:
            with self._open.register(who) as socket:
                if self._revocations.revoked(who.subject, who.session_id):  # what ends from here on finds it held
                    raise from_app_error(errors.Unauthenticated("invalid_token", "The access token has just ended."))
                await self._join(exchange, handshake, socket, await self._proxy.connect(exchange, route))
        except errors.AppError as refusal:
            raise from_app_error(refusal) from refusal
        except OSError as problem:
            raise ClientDisconnected from problem

    async def _join(
        self, exchange: Exchange, handshake: Handshake, socket: Socket, upstream: aiohttp.ClientWebSocketResponse
    ) -> None:
        async def next_message() -> str | None:
            return await _next(upstream, socket)

        try:
            exchange.status = SWITCHING_PROTOCOLS
            await handshake.accept(exchange.response_headers)
            await self._open.serve(socket, handshake.receive, handshake.send, next_message)
        finally:
            await upstream.close()


async def _next(upstream: aiohttp.ClientWebSocketResponse, socket: Socket) -> str | None:
    """What the service says next; None when it has ended the socket, or is lost."""
    text = await upstream.receive()
    if text.type is aiohttp.WSMsgType.TEXT:
        return str(text.data)
    ending = CLOSE_REASONS.get(upstream.close_code or 0, UPSTREAM_LOST)
    if ending is UPSTREAM_LOST:
        log.warning("a service has let go of a socket", code=upstream.close_code)
    socket.end(ending)
    return None


def _upgrade_required() -> HttpError:
    headers = [(name.encode(), value.encode()) for name, value in UPGRADE_HEADERS.items()]
    return HttpError(HTTPStatus.UPGRADE_REQUIRED, "upgrade_required", UPGRADE_REQUIRED_DETAIL, headers=headers)
