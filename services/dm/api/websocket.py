"""The WebSocket on which the service sends what happens in the user's rooms."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Header, Request
from starlette.responses import Response

from shared.problem_details import documented
from shared.web.authentication import CurrentUser
from shared.web.request_body import StrictRoute
from shared.web.websocket_handshake import AlreadyHandled, handshake_of

from .dependencies import Deps
from .typing import TypingRelay

router = APIRouter(prefix="/api/v1", tags=["dm"], route_class=StrictRoute)

SWITCHED = {
    "description": "The connection is now a WebSocket. Each of its texts is"
    ' `{"event": "message.created", "data": Message}`, `{"event": "room.updated", "data": Room}`,'
    ' `{"event": "typing", "data": {"room_id", "user_id"}}`,'
    ' `{"event": "room.read", "data": {"room_id", "user_id", "message_id"}}`,'
    ' `{"event": "notification.created", "data": {"id"}}` or `{"event": "notification.updated", "data": {"id"}}`.'
    ' Clients send only `{"event": "typing", "data": {"room_id"}}`.',
    "headers": {
        "Upgrade": {"schema": {"type": "string", "const": "websocket"}},
        "Sec-WebSocket-Protocol": {
            "schema": {"type": "string", "const": "bearer"},
            "description": "Present if the client offered it",
        },
    },
}
Subprotocols = Annotated[
    str,
    Header(
        alias="Sec-WebSocket-Protocol",
        description="`bearer, <token>`, for clients that cannot send headers",
    ),
]


@router.get(
    "/ws",
    status_code=101,
    response_class=Response,
    summary="Receive the events of one's rooms and notifications",
    responses={101: SWITCHED, **documented(401, 426, 429)},
)
async def listen(request: Request, identity: CurrentUser, deps: Deps, _subprotocols: Subprotocols = "") -> Response:
    """A WebSocket (RFC 6455) on which the service sends what both users do, as it happens. Missed events are read by
    HTTP. A client sends `typing` while its user writes, every 3 s for a room; more are dropped.

    Closed with 4401 when the token ends, 4408 for a slow reader, 1008 when the client sends anything else or more than
    20 frames in 10 s, 1012 or 1013 when the client should reconnect. Events come nearly in order, and one may come
    twice: compare ids. No token in the URL.
    """
    handshake = handshake_of(request)
    typing = TypingRelay(deps.database, deps.publisher, identity.subject)
    socket = deps.notifier.sockets.register(identity)
    try:
        await handshake.accept([(b"x-request-id", request.scope["request_id"].encode())])
    except BaseException:
        deps.notifier.sockets.unregister(socket)
        raise
    handshake.serve_later(
        partial(deps.notifier.sockets.serve, socket, handshake.receive, handshake.send, socket.next, typing.take)
    )
    return AlreadyHandled()
