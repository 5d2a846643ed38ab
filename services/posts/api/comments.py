"""Comments on posts, and replies to comments."""

from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy import Connection
from starlette.responses import Response

from shared import ids
from shared.idempotency import StoredResponse
from shared.ids import Id
from shared.problem_details import documented
from shared.web import idempotency_key, pagination, responses
from shared.web.authentication import CurrentUser, OptionalUser, VerifiedUser
from shared.web.request_body import StrictRoute

from ..actions import comments
from ..queries import comments as shown
from . import schemas
from .dependencies import Deps, viewer

router = APIRouter(prefix="/api/v1", tags=["posts"], route_class=StrictRoute)


@router.post(
    "/posts/{post_id}/comments",
    status_code=201,
    response_model=schemas.Comment,
    summary="Comment on a post, or reply to a comment",
    responses=documented(400, 401, 403, 404, 409, 413, 415, 422, 429),
)
async def write_comment(
    post_id: Id, body: schemas.NewComment, identity: VerifiedUser, key: idempotency_key.IdempotencyKey, deps: Deps
) -> Response:
    """`parent_id` is the comment replied to, at any depth. 422 `unknown_comment` if the post has no such comment."""
    me = identity.subject

    def write(tx: Connection) -> StoredResponse:
        comment_id = comments.write(tx, me, post_id, body.text, body.parent_id)
        return responses.created(shown.comment(tx, comment_id, me), f"/api/v1/comments/{ids.encode(comment_id)}")

    return responses.to_response(await deps.with_known_users(lambda: deps.idempotency.write(key, write)))


@router.get(
    "/posts/{post_id}/comments",
    response_model=schemas.Comments,
    summary="The comments on a post",
    responses=documented(400, 401, 404, 422),
)
def comments_of(
    post_id: Id, request: Request, page: pagination.PageQuery, identity: OptionalUser, deps: Deps
) -> Response:
    """The first comment of each thread, oldest first.

    With a token, `liked` is set, and comments of users whom one blocks, or who block one, are left out; one with
    replies is shown deleted.
    """
    return pagination.page_response(request, deps.database.read(shown.comments_of, post_id, viewer(identity), page))


@router.get(
    "/comments/{comment_id}/replies",
    response_model=schemas.Comments,
    summary="The replies to a comment",
    responses=documented(400, 401, 404, 422),
)
def replies_to(
    comment_id: Id, request: Request, page: pagination.PageQuery, identity: OptionalUser, deps: Deps
) -> Response:
    """Oldest first: of a first comment its whole thread, flat; of a reply its direct replies.

    With a token, comments of users whom one blocks, or who block one, are left out; one with replies is shown deleted.
    """
    return pagination.page_response(request, deps.database.read(shown.replies_to, comment_id, viewer(identity), page))


@router.patch(
    "/comments/{comment_id}",
    response_model=schemas.Comment,
    summary="Edit a comment",
    responses=documented(400, 401, 403, 404, 413, 415, 422),
)
async def edit_comment(comment_id: Id, body: schemas.CommentChanges, identity: VerifiedUser, deps: Deps) -> Response:
    """Its author only: 403 `not_yours`."""
    me = identity.subject

    def write(tx: Connection) -> dict[str, Any]:
        comments.edit(tx, me, comment_id, body.text)
        return shown.comment(tx, comment_id, me)

    return responses.ok(await deps.with_known_users(lambda: deps.database.write(write)))


@router.delete(
    "/comments/{comment_id}",
    status_code=204,
    summary="Delete a comment",
    responses=documented(401, 403, 404),
)
async def delete_comment(comment_id: Id, identity: CurrentUser, deps: Deps) -> Response:
    """Its author only: 403 `not_yours`. One that has replies stays as `deleted`, without text and author."""
    me = identity.subject
    await deps.with_known_users(lambda: deps.database.write(comments.delete_comment, me, comment_id))
    return responses.empty()
