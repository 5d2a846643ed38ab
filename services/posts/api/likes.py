"""Liking posts, and lists of likers."""

from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy import Connection
from starlette.responses import Response

from shared.ids import Id
from shared.problem_details import documented
from shared.web import pagination, responses
from shared.web.authentication import CurrentUser
from shared.web.request_body import StrictRoute

from ..actions import likes
from ..queries.likes import like_json, likers
from . import schemas
from .dependencies import Deps

router = APIRouter(prefix="/api/v1", tags=["posts"], route_class=StrictRoute)


@router.put(
    "/posts/{post_id}/like",
    response_model=schemas.Like,
    summary="Like a post",
    responses=documented(401, 404),
)
async def like(post_id: Id, identity: CurrentUser, deps: Deps) -> Response:
    """Idempotent."""
    me = identity.subject

    def write(tx: Connection) -> dict[str, Any]:
        likes.like(tx, me, post_id)
        return like_json(tx, me, post_id)

    return responses.ok(await deps.with_known_users(lambda: deps.database.write(write)))


@router.delete(
    "/posts/{post_id}/like",
    response_model=schemas.Like,
    summary="No longer like a post",
    responses=documented(401, 404),
)
async def unlike(post_id: Id, identity: CurrentUser, deps: Deps) -> Response:
    """Idempotent."""
    me = identity.subject

    def write(tx: Connection) -> dict[str, Any]:
        likes.unlike(tx, me, post_id)
        return like_json(tx, me, post_id)

    return responses.ok(await deps.with_known_users(lambda: deps.database.write(write)))


@router.get(
    "/posts/{post_id}/likes",
    response_model=schemas.UserRefs,
    summary="Who likes a post",
    responses=documented(400, 404, 422),
)
def list_likes(post_id: Id, request: Request, page: pagination.PageQuery, deps: Deps) -> Response:
    """Newest first."""
    return pagination.page_response(request, deps.database.read(likers, post_id, page))
