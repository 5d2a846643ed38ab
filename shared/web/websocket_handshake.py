"""The WebSocket handshake in a FastAPI route, which handles it as a GET."""

from fastapi import HTTPException, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from shared.websockets.handshake import (
    SCOPE_KEY,
    UPGRADE_HEADERS,
    UPGRADE_REQUIRED,
    UPGRADE_REQUIRED_DETAIL,
    Handshake,
)


class AlreadyHandled(Response):
    """Returned by a route that has accepted a WebSocket: sends nothing."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends nothing: the connection has become a WebSocket."""


def handshake_of(request: Request) -> Handshake:
    """The handshake of this request. Raises HTTPException 426 if it is not one."""
    shaking = request.scope.get(SCOPE_KEY)
    if not isinstance(shaking, Handshake):
        raise HTTPException(UPGRADE_REQUIRED, UPGRADE_REQUIRED_DETAIL, UPGRADE_HEADERS)
    return shaking
