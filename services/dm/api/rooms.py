"""Rooms: opening one, listing one's own, and marking messages as read."""

from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic.json_schema import SkipJsonSchema
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from shared import ids
from shared.ids import Id
from shared.problem_details import documented
from shared.web import pagination, responses
from shared.web.authentication import CurrentUser, VerifiedUser
from shared.web.fast_path import ABSENT
from shared.web.request_body import StrictRoute

from .. import queries, room_queries
from ..actions import rooms
from . import schemas
from .dependencies import Deps

router = APIRouter(prefix="/api/v1/rooms", tags=["dm"], route_class=StrictRoute)

State = Annotated[
    Literal["open", "request"] | SkipJsonSchema[None],
    Query(description="`request`: the requests that one has received and not answered"),
    ABSENT,
]


@router.post(
    "",
    status_code=201,
    response_model=schemas.Room,
    summary="Open the room with a user",
    responses={
        200: {"model": schemas.Room, "description": "It was there"},
        **documented(400, 401, 403, 404, 409, 413, 415, 422, 503),
    },
)
async def open_room(body: schemas.OpenRoom, identity: VerifiedUser, deps: Deps) -> Response:
    """The one room of these two users: 201 if it has just been created, else 200. For a user who does not follow one,
    a new room is a request, with at most three messages until they accept it.

    422 `cannot_message_self`; 409 `user_blocked` by oneself, and `messages_refused` if the user does not let one begin.
    """
    me, peer_id = identity.subject, body.user_id
    is_followed = await _is_followed(deps, me, peer_id)

    def enter(tx: Connection) -> tuple[rooms.Opened, dict[str, Any]]:
        opened = rooms.open_room(tx, me, peer_id, is_followed=is_followed)
        return opened, room_queries.room(tx, me, opened.room_id, deps.url_signer)

    opened, room = await deps.with_known_users(lambda: deps.database.write(enter))
    if not opened.is_new:
        return responses.ok(room)
    return responses.to_response(responses.created(room, f"/api/v1/rooms/{ids.encode(opened.room_id)}"))


async def _is_followed(deps: Deps, user_id: int, peer_id: int) -> bool | None:
    """Whether the peer follows the user, if it decides about a new room of the two; read before its transaction."""
    known = await run_in_threadpool(deps.database.read, queries.room_of, user_id, peer_id)
    if known is not None or user_id == peer_id:
        return None
    return await deps.social.follows(peer_id, user_id)


@router.get("", response_model=schemas.Rooms, summary="One's own rooms", responses=documented(400, 401, 422))
def list_rooms(
    request: Request, page: pagination.PageQuery, identity: CurrentUser, deps: Deps, state: State = None
) -> Response:
    """Last active first, without hidden ones; requests only with `state=request`. The pages keep the order of the time
    when the first one was read.
    """
    read = partial(room_queries.rooms_of, requested=state == "request")
    found = deps.database.read(read, identity.subject, page, deps.url_signer)
    return pagination.page_response(request, found)


@router.get("/{room_id}", response_model=schemas.Room, summary="A room", responses=documented(401, 404))
def room(room_id: Id, identity: CurrentUser, deps: Deps) -> Response:
    """404 for users who are not in it."""
    return responses.ok(deps.database.read(room_queries.room, identity.subject, room_id, deps.url_signer))


@router.put(
    "/{room_id}/read",
    response_model=schemas.Room,
    summary="Mark messages as read, up to one message",
    responses=documented(400, 401, 404, 413, 415, 422),
)
def mark_read(room_id: Id, body: schemas.Read, identity: CurrentUser, deps: Deps) -> Response:
    """A lower message changes nothing. The other user is not told of it before one has accepted a request.
    422 `unknown_message`.
    """

    def mark(tx: Connection) -> dict[str, Any]:
        rooms.mark_read(tx, identity.subject, room_id, body.message_id)
        return room_queries.room(tx, identity.subject, room_id, deps.url_signer)

    return responses.ok(deps.database.write(mark))
