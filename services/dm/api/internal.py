"""Routes for the other services."""

from functools import partial

from fastapi import APIRouter, Request
from starlette.responses import Response

from shared.ids import Id
from shared.web import internal_pages
from shared.web.authentication import InternalCaller
from shared.web.request_body import StrictRoute

from .. import queries
from .dependencies import Deps

router = APIRouter(prefix="/internal/exports/{user_id}/rooms", include_in_schema=False, route_class=StrictRoute)


@router.get("")
async def rooms(
    user_id: Id, request: Request, _: InternalCaller, deps: Deps, page: internal_pages.Requested
) -> Response:
    """A page of a user's rooms, hidden ones too, for their export."""
    read = (deps.database.read, partial(queries.rooms_of, hidden=True), user_id, page, deps.url_signer)
    return await internal_pages.response(request, *read)


@router.get("/{room_id}/messages")
async def messages(
    user_id: Id, room_id: Id, request: Request, _: InternalCaller, deps: Deps, page: internal_pages.Requested
) -> Response:
    """A page of the messages of one of these rooms, newest first. 404 if it is not theirs."""
    read = (deps.database.read, queries.messages_in, user_id, room_id, page, deps.url_signer)
    return await internal_pages.response(request, *read)
