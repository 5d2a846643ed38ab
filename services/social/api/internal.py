"""Routes for the other services."""

from typing import Literal

from fastapi import APIRouter, Request
from starlette.responses import Response

from shared.errors import NotFound
from shared.ids import Id
from shared.web import internal_pages, responses
from shared.web.authentication import InternalCaller
from shared.web.request_body import StrictRoute
from shared.web.threadpools import run_in_internal_pool

from .. import queries, restriction_queries
from .dependencies import Deps

router = APIRouter(include_in_schema=False, route_class=StrictRoute)
LISTS = {
    "following": queries.own_following,
    "followers": queries.own_followers,
    "blocks": queries.own_blocks,
    "mutes": queries.own_mutes,
}


@router.get("/internal/exports/{user_id}/{kind}")
async def exported(
    user_id: Id,
    kind: Literal["following", "followers", "blocks", "mutes"],
    request: Request,
    _: InternalCaller,
    deps: Deps,
    page: internal_pages.Requested,
) -> Response:
    """A page of whom a user follows, blocks or mutes, or who follows them, for their export."""
    return await internal_pages.response(request, deps.database.read, LISTS[kind], user_id, page)


@router.get("/internal/follows/{user_id}/{other_id}")
async def follow(user_id: Id, other_id: Id, request: Request, _: InternalCaller, deps: Deps) -> Response:
    """Whether one follows another."""
    following = await run_in_internal_pool(request, deps.database.read, queries.is_following, user_id, other_id)
    return responses.ok({"following": following})


@router.get("/internal/restrictions")
async def restrictions(request: Request, _: InternalCaller, deps: Deps, page: internal_pages.Requested) -> Response:
    """A page of who blocks and mutes whom, for copies of it."""
    return await internal_pages.response(request, deps.database.read, restriction_queries.restrictions_after, page)


@router.get("/internal/restrictions/{user_id}/{other_id}")
async def restriction(user_id: Id, other_id: Id, request: Request, _: InternalCaller, deps: Deps) -> Response:
    """Whether one blocks and mutes another; 404 if the one is unknown."""
    read = restriction_queries.restriction_between
    found = await run_in_internal_pool(request, deps.database.read, read, user_id, other_id)
    if found is None:
        raise NotFound("not_found", "There is no such user.")
    return responses.ok(found)
