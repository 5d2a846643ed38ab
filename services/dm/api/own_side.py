"""What a user changes on their own side of a room."""

from typing import Any

from fastapi import APIRouter
from sqlalchemy import Connection
from starlette.responses import Response

from shared.ids import Id
from shared.problem_details import documented
from shared.web import responses
from shared.web.authentication import CurrentUser
from shared.web.request_body import StrictRoute

from .. import room_queries
from ..actions import own_side
from . import schemas
from .dependencies import Deps

router = APIRouter(prefix="/api/v1/rooms", tags=["dm"], route_class=StrictRoute)


@router.put(
    "/{room_id}/acceptance", response_model=schemas.Room, summary="Accept a request", responses=documented(401, 404)
)
def accept(room_id: Id, identity: CurrentUser, deps: Deps) -> Response:
    """Idempotent. To write in the room accepts it as well. The other user sees from now on what one reads."""

    def change(tx: Connection) -> dict[str, Any]:
        own_side.accept(tx, identity.subject, room_id)
        return room_queries.room(tx, identity.subject, room_id, deps.url_signer)

    return responses.ok(deps.database.write(change))


@router.delete(
    "/{room_id}/acceptance", status_code=204, summary="Decline a request", responses=documented(401, 404, 409)
)
def decline(room_id: Id, identity: CurrentUser, deps: Deps) -> Response:
    """Idempotent. Neither the room nor a new message of it is shown again, and the other user is not told.
    409 `already_accepted`.
    """
    deps.database.write(own_side.decline, identity.subject, room_id)
    return responses.empty()


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
    """On one's own side: it is not listed until there is a new message. To hide a request is to decline it."""
    deps.database.write(own_side.hide, identity.subject, room_id)
    return responses.empty()


def _muted(deps: Deps, user_id: int, room_id: int, *, muted: bool) -> Response:
    def change(tx: Connection) -> dict[str, Any]:
        own_side.mute(tx, user_id, room_id, muted=muted)
        return room_queries.room(tx, user_id, room_id, deps.url_signer)

    return responses.ok(deps.database.write(change))
