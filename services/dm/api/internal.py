"""Routes for the other services."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from shared.ids import Id
from shared.web import internal_pages, responses
from shared.web.authentication import InternalCaller
from shared.web.request_body import StrictRoute
from shared.web.threadpools import run_in_internal_pool

from .. import moderation_queries, queries, room_queries
from .dependencies import Deps

router = APIRouter(prefix="/internal", include_in_schema=False, route_class=StrictRoute)
_ROOMS = "/exports/{user_id}/rooms"


@router.get("/messages/{message_id}")
async def reported(
    message_id: Id,
    viewer: Id,
    request: Request,
    _: InternalCaller,
    deps: Deps,
    before: Annotated[int, Query(ge=0, le=20)] = 0,
) -> Response:
    """A message that somebody reports, with those before it, as they see them. 404 if it is not in a room of theirs."""
    read = (deps.database.read, moderation_queries.reported, message_id, viewer, before)
    return responses.ok(await run_in_internal_pool(request, *read))


@router.get(_ROOMS)
async def rooms(
    user_id: Id, request: Request, _: InternalCaller, deps: Deps, page: internal_pages.Requested
) -> Response:
    """A page of a user's rooms, requests and hidden ones too, for their export."""
    read = (deps.database.read, room_queries.all_rooms_of, user_id, page, deps.url_signer)
    return await internal_pages.response(request, *read)


@router.get(f"{_ROOMS}/{{room_id}}/messages")
async def messages(
    user_id: Id, room_id: Id, request: Request, _: InternalCaller, deps: Deps, page: internal_pages.Requested
) -> Response:
    """A page of the messages of one of these rooms, newest first. 404 if it is not theirs."""
    read = (deps.database.read, queries.messages_in, user_id, room_id, page, deps.url_signer)
    return await internal_pages.response(request, *read)


@router.get("/exports/{user_id}/message_settings")
async def message_settings(
    user_id: Id, request: Request, _: InternalCaller, deps: Deps, page: internal_pages.Requested
) -> Response:
    """Who may begin a conversation with a user, as a page of one item, for their export."""
    return await internal_pages.response(request, deps.database.read, queries.exported_settings, user_id, page)
