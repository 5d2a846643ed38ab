"""Blocking and muting users, and the lists of both."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from shared.ids import Id
from shared.problem_details import documented
from shared.web import pagination, responses
from shared.web.authentication import CurrentUser
from shared.web.request_body import StrictRoute

from .. import queries
from ..actions import restrictions
from . import schemas
from .dependencies import Dependencies, Deps

router = APIRouter(prefix="/api/v1", tags=["social"], route_class=StrictRoute)


@router.put(
    "/users/{user_id}/block",
    response_model=schemas.Relation,
    summary="Block a user",
    responses=documented(401, 404, 422),
)
async def block(user_id: Id, identity: CurrentUser, deps: Deps) -> Response:
    """Idempotent. Ends what the two follow of each other; from then on neither sees the other. The blocked user gets
    no sign of it: to them, this account is as if it were suspended. 422 `cannot_restrict_self`.
    """
    return await _changed(deps, restrictions.block, identity.subject, user_id)


@router.delete(
    "/users/{user_id}/block",
    response_model=schemas.Relation,
    summary="End the block of a user",
    responses=documented(401, 404, 422),
)
async def unblock(user_id: Id, identity: CurrentUser, deps: Deps) -> Response:
    """Idempotent. What the block has ended stays so. 422 `cannot_restrict_self`."""
    return await _changed(deps, restrictions.unblock, identity.subject, user_id)


@router.put(
    "/users/{user_id}/mute",
    response_model=schemas.Relation,
    summary="Mute a user",
    responses=documented(401, 404, 422),
)
async def mute(user_id: Id, identity: CurrentUser, deps: Deps) -> Response:
    """Idempotent. Leaves their posts out of one's home feed, and changes nothing else. 422 `cannot_restrict_self`."""
    return await _changed(deps, restrictions.mute, identity.subject, user_id)


@router.delete(
    "/users/{user_id}/mute",
    response_model=schemas.Relation,
    summary="End the mute of a user",
    responses=documented(401, 404, 422),
)
async def unmute(user_id: Id, identity: CurrentUser, deps: Deps) -> Response:
    """Idempotent. 422 `cannot_restrict_self`."""
    return await _changed(deps, restrictions.unmute, identity.subject, user_id)


@router.get(
    "/users/me/blocks",
    response_model=schemas.UserRefs,
    summary="The users whom one blocks",
    responses=documented(400, 401, 422),
)
def blocks(request: Request, page: pagination.PageQuery, identity: CurrentUser, deps: Deps) -> Response:
    """Newest first. Suspended accounts are in it, so that they can be taken from it."""
    return pagination.page_response(request, deps.database.read(queries.blocks, identity.subject, page))


@router.get(
    "/users/me/mutes",
    response_model=schemas.UserRefs,
    summary="The users whom one mutes",
    responses=documented(400, 401, 422),
)
def mutes(request: Request, page: pagination.PageQuery, identity: CurrentUser, deps: Deps) -> Response:
    """Newest first. Suspended accounts are in it, so that they can be taken from it."""
    return pagination.page_response(request, deps.database.read(queries.mutes, identity.subject, page))


async def _changed(deps: Dependencies, change: Callable[..., dict[str, Any]], me: int, user_id: int) -> Response:
    return responses.ok(await deps.with_known_users(lambda: deps.database.write(change, me, user_id)))
