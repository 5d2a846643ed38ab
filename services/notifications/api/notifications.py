"""The list of one's notifications, how many are unread, and marking them as read."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from shared.pagination import Page
from shared.problem_details import documented
from shared.web import pagination, responses
from shared.web.authentication import CurrentUser
from shared.web.request_body import StrictRoute

from .. import queries
from ..actions import reading
from . import schemas
from .dependencies import Dependencies, Deps

router = APIRouter(prefix="/api/v1/notifications", tags=["notifications"], route_class=StrictRoute)


@router.get(
    "",
    response_model=schemas.Notifications,
    summary="One's notifications",
    responses=documented(400, 401, 422, 503),
)
async def list_notifications(
    request: Request, page: pagination.PageQuery, identity: CurrentUser, deps: Deps
) -> Response:
    """Last changed first. The pages keep the order of the time when the first one was read. What is about a post that
    the user cannot see is left out.
    """
    me = identity.subject
    found = await deps.with_known_users(lambda: deps.database.read(queries.listed, me, page))
    return pagination.page_response(request, Page(await _with_previews(deps, me, found.items), found.next))


@router.get(
    "/unread",
    response_model=schemas.Unread,
    summary="The number of unread notifications",
    responses=documented(401),
)
def unread(identity: CurrentUser, deps: Deps) -> Response:
    """Unread are those that have changed since the newest one that was marked as read had."""
    return responses.ok({"count": deps.database.read(queries.unread_count, identity.subject)})


@router.put(
    "/read",
    status_code=204,
    summary="Mark notifications as read, up to one of them",
    responses=documented(400, 401, 413, 415, 422),
)
def mark_read(body: schemas.Read, identity: CurrentUser, deps: Deps) -> Response:
    """An older notification changes nothing. 422 `unknown_notification`."""
    deps.database.write(reading.mark_read, identity.subject, body.up_to)
    return responses.empty()


async def _with_previews(deps: Dependencies, viewer: int, items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The notifications with what posts shows of their posts and comments, without those it does not show."""
    post_ids, comment_ids = (
        list(dict.fromkeys(each[name] for each in items if each[name] is not None))
        for name in ("post_id", "comment_id")
    )
    previews = await deps.posts.previews(viewer, post_ids, comment_ids)
    if previews is None:
        unknown = {"thumbnail_url": None, "text": None}
        previews = dict.fromkeys(post_ids, unknown), dict.fromkeys(comment_ids, unknown)
    shown = (_with_preview(each, *previews) for each in items)
    return [each for each in shown if each is not None]


def _with_preview(
    item: Mapping[str, Any], posts: Mapping[str, Any], comments: Mapping[str, Any]
) -> dict[str, Any] | None:
    rest = dict(item)
    post_id, comment_id = rest.pop("post_id"), rest.pop("comment_id")
    post, comment = posts.get(post_id), comments.get(comment_id)
    if (post_id and post is None) or (comment_id and comment is None):
        return None
    return {
        **rest,
        "post": None if post is None else {"id": post_id, "thumbnail_url": post["thumbnail_url"]},
        "comment": None if comment is None else {"id": comment_id, "text": comment["text"]},
    }
