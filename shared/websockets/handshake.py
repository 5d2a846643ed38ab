"""Processes a WebSocket handshake as a GET (RFC 6455, section 4.1): same routing, authentication and errors."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from shared.asgi import Message, Receive, Scope, Send

BEARER = "bearer"
"""The subprotocol before the token: browsers cannot set headers of a WebSocket."""
SCOPE_KEY = "handshake"
SWITCHING_PROTOCOLS = 101
UPGRADE_REQUIRED = 426
UPGRADE_HEADERS = {"upgrade": "websocket", "connection": "upgrade"}
UPGRADE_REQUIRED_DETAIL = "This resource is a WebSocket: send an upgrade request (RFC 6455, version 13)."


@dataclass(slots=True)
class Handshake:
    """Accepts the WebSocket of a request that is processed as a GET."""

    receive: Receive
    send: Send
    subprotocol: str | None
    token_offered: bool
    """Whether the token was sent as a subprotocol, which any web page can do."""
    accepted: bool = False
    request_headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    _session: Callable[[], Awaitable[None]] | None = None

    async def accept(self, headers: list[tuple[bytes, bytes]]) -> None:
        """Accept the WebSocket. Raises OSError if the client has disconnected.

        Removes the headers of the request, which nothing reads any more: they would be kept as long as the WebSocket.
        """
        await self.receive()
        self.accepted = True
        await self.send({"type": "websocket.accept", "subprotocol": self.subprotocol, "headers": headers})
        self.request_headers.clear()

    def serve_later(self, session: Callable[[], Awaitable[None]]) -> None:
        """Have `serve` call this when the handling of the request has ended.

        Otherwise all objects that handled the request would be kept as long as the WebSocket.
        """
        self._session = session

    async def serve(self) -> None:
        """Serve the accepted WebSocket to its end."""
        if self._session is not None:
            await self._session()


def as_get_request(scope: Scope, receive: Receive, send: Send) -> tuple[Scope, Receive, Send]:
    """The handshake as an HTTP request. A token among the subprotocols becomes an Authorization header."""
    offered: list[str] = scope["subprotocols"]
    headers: list[tuple[bytes, bytes]] = list(scope["headers"])
    token_offered = len(offered) == 2 and offered[0] == BEARER
    if token_offered:
        headers.append((b"authorization", f"Bearer {offered[1]}".encode()))
    subprotocol = BEARER if BEARER in offered else None
    shaking = Handshake(receive, send, subprotocol, token_offered, request_headers=headers)

    async def nothing() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def answer(message: Message) -> None:
        await send({**message, "type": f"websocket.{message['type']}"})

    request: dict[str, Any] = {**scope, "type": "http", "method": "GET", "headers": headers, SCOPE_KEY: shaking}
    return request, nothing, answer


def is_accepted(scope: Scope) -> bool:
    """Whether this request has become a WebSocket and needs no response."""
    shaking = scope.get(SCOPE_KEY)
    return isinstance(shaking, Handshake) and shaking.accepted


async def serve_accepted(scope: Scope) -> None:
    """Serve the WebSocket that this request has become, if it has."""
    shaking = scope.get(SCOPE_KEY)
    if isinstance(shaking, Handshake):
        await shaking.serve()
