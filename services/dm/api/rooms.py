"""Rooms: opening one, listing one's own, and marking messages as read."""

from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy import Connection
from starlette.responses import Response

from shared import ids
from shared.ids import Id
from shared.problem_details import documented
from shared.web import pagination, responses
from shared.web.authentication import CurrentUser, VerifiedUser
from shared.web.request_body import StrictRoute

from .. import queries
from ..actions import rooms
from . import schemas
from .dependencies import Deps

router = APIRouter(prefix="/api/v1/rooms", tags=["dm"], route_class=StrictRoute)


@router.post(
    "",
    status_code=201,
    response_model=schemas.Room,
    summary="Open the room with a user",
    responses={
        200: {"model": schemas.Room, "description": "It was there"},
        **documented(400, 401, 403, 404, 409, 413, 415, 422),
    },
)
async def open_room(body: schemas.OpenRoom, identity: VerifiedUser, deps: Deps) -> Response:
    """The one room of these two users: 201 if it has just been created, else 200. 422 `cannot_message_self`;
    409 `user_blocked` by oneself.
    """

    def enter(tx: Connection) -> tuple[rooms.Opened, dict[str, Any]]:
        opened = rooms.open_room(tx, identity.subject, body.user_id)
        return opened, queries.room(tx, identity.subject, opened.room_id, deps.url_signer)

    opened, room = await deps.with_known_users(lambda: deps.database.write(enter))
    if not opened.is_new:
        return responses.ok(room)
    return responses.to_response(responses.created(room, f"/api/v1/rooms/{ids.encode(opened.room_id)}"))


@router.get("", response_model=schemas.Rooms, summary="One's own rooms", responses=documented(400, 401, 422))
def list_rooms(request: Request, page: pagination.PageQuery, identity: CurrentUser, deps: Deps) -> Response:
    """Last active first, without hidden ones. The pages keep the order of the time when the first one was read."""
    found = deps.database.read(queries.rooms_of, identity.subject, page, deps.url_signer)
    return pagination.page_response(request, found)


@router.get("/{room_id}", response_model=schemas.Room, summary="A room", responses=documented(401, 404))
def room(room_id: Id, identity: CurrentUser, deps: Deps) -> Response:
    """404 for users who are not in it."""
    return responses.ok(deps.database.read(queries.room, identity.subject, room_id, deps.url_signer))


@router.put(
    "/{room_id}/read",
    response_model=schemas.Room,
    summary="Mark messages as read, up to one message",
    responses=documented(400, 401, 404, 413, 415, 422),
)
def mark_read(room_id: Id, body: schemas.Read, identity: CurrentUser, deps: Deps) -> Response:
    """A lower message changes nothing. 422 `unknown_message`."""

    def mark(tx: Connection) -> dict[str, Any]:
        rooms.mark_read(tx, identity.subject, room_id, body.message_id)
        return queries.room(tx, identity.subject, room_id, deps.url_signer)

    return responses.ok(deps.database.write(mark))


@router.put("/{room_id}/mute", response_model=schemas.Room, summary="Mute a room", responses=documented(401, 404))
def mute(room_id: Id, identity: CurrentUser, deps: Deps) -> Response:
    """On one's own side. Its messages arrive and count as unread, but clients do not notify of them."""
    return _muted(deps, identity.subject, room_id, muted=True)


@router.delete("/{room_id}/mute", response_model=schemas.Room, summary="Unmute a room", responses=documented(401, 404))
def unmute(room_id: Id, identity: CurrentUser, deps: Deps) -> Response:
    """On one's own side."""
    return _muted(deps, identity.subject, room_id, muted=False)


@router.put("/{room_id}/hidden", status_code=204, summary="Hide a room", responses=documented(401, 404))
def hide(room_id: Id, identity: CurrentUser, deps: Deps) -> Response:
    """On one's own side: it is not listed until there is a new message."""
    deps.database.write(rooms.hide, identity.subject, room_id)
    return responses.empty()


def _muted(deps: Deps, user_id: int, room_id: int, *, muted: bool) -> Response:
    def change(tx: Connection) -> dict[str, Any]:
        rooms.mute(tx, user_id, room_id, muted=muted)
        return queries.room(tx, user_id, room_id, deps.url_signer)

    return responses.ok(deps.database.write(change))
