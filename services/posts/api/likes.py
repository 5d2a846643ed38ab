"""Liking posts and comments, and lists of likers."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from shared.ids import Id
from shared.problem_details import documented
from shared.web import pagination
from shared.web.authentication import CurrentUser, OptionalUser
from shared.web.request_body import StrictRoute

from ..actions import comment_likes, likes
from ..queries import comment_likes as shown_of_comments
from ..queries.likes import like_json, likers
from . import schemas
from .dependencies import Deps, changed, viewer

router = APIRouter(prefix="/api/v1", tags=["posts"], route_class=StrictRoute)


@router.put(
    "/posts/{post_id}/like",
    response_model=schemas.Like,
    summary="Like a post",
    responses=documented(401, 404),
)
async def like(post_id: Id, identity: CurrentUser, deps: Deps) -> Response:
    """Idempotent."""
    return await changed(deps, likes.like, like_json, identity.subject, post_id)


@router.delete(
    "/posts/{post_id}/like",
    response_model=schemas.Like,
    summary="No longer like a post",
    responses=documented(401, 404),
)
async def unlike(post_id: Id, identity: CurrentUser, deps: Deps) -> Response:
    """Idempotent."""
    return await changed(deps, likes.unlike, like_json, identity.subject, post_id)


@router.get(
    "/posts/{post_id}/likes",
    response_model=schemas.UserRefs,
    summary="Who likes a post",
    responses=documented(400, 401, 404, 422),
)
def list_likes(
    post_id: Id, request: Request, page: pagination.PageQuery, identity: OptionalUser, deps: Deps
) -> Response:
    """Newest first. With a token, without those whom one blocks, or who block one."""
    return pagination.page_response(request, deps.database.read(likers, post_id, viewer(identity), page))


@router.put(
    "/comments/{comment_id}/like",
    response_model=schemas.CommentLike,
    summary="Like a comment",
    responses=documented(401, 404),
)
async def like_comment(comment_id: Id, identity: CurrentUser, deps: Deps) -> Response:
    """Idempotent. A comment that is `deleted` is 404."""
    return await changed(deps, comment_likes.like, shown_of_comments.like_json, identity.subject, comment_id)


@router.delete(
    "/comments/{comment_id}/like",
    response_model=schemas.CommentLike,
    summary="No longer like a comment",
    responses=documented(401, 404),
)
async def unlike_comment(comment_id: Id, identity: CurrentUser, deps: Deps) -> Response:
    """Idempotent. A comment that is `deleted` is 404."""
    return await changed(deps, comment_likes.unlike, shown_of_comments.like_json, identity.subject, comment_id)


@router.get(
    "/comments/{comment_id}/likes",
    response_model=schemas.UserRefs,
    summary="Who likes a comment",
    responses=documented(400, 401, 404, 422),
)
def list_comment_likes(
    comment_id: Id, request: Request, page: pagination.PageQuery, identity: OptionalUser, deps: Deps
) -> Response:
    """Newest first. With a token, without those whom one blocks, or who block one."""
    found = deps.database.read(shown_of_comments.likers, comment_id, viewer(identity), page)
    return pagination.page_response(request, found)
