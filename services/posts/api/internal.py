"""Routes for the other services."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from shared import ids
from shared.ids import Id
from shared.web import id_list, internal_pages, responses
from shared.web.authentication import InternalCaller
from shared.web.request_body import StrictRoute
from shared.web.threadpools import run_in_internal_pool

from ..queries import exports, posts, previews, reports
from .dependencies import Deps

router = APIRouter(include_in_schema=False, route_class=StrictRoute)


@router.get("/internal/posts/{post_id}")
async def post(post_id: Id, request: Request, _: InternalCaller, deps: Deps, viewer: Id | None = None) -> Response:
    """The author of a post. 404 if the post cannot be seen, by this viewer if one is given."""
    author_id = await run_in_internal_pool(request, deps.database.read, posts.require_author, post_id, viewer)
    return responses.ok({"post_id": ids.encode(post_id), "author_id": ids.encode(author_id)})


@router.get("/internal/reported/{kind}/{subject_id}")
async def reported(
    kind: reports.Kind, subject_id: Id, viewer: Id, request: Request, _: InternalCaller, deps: Deps
) -> Response:
    """A post or a comment that somebody reports, as they see it. 404 if they cannot see it."""
    return responses.ok(
        await run_in_internal_pool(request, deps.database.read, reports.reported, kind, subject_id, viewer)
    )


@router.get("/internal/previews")
async def preview(
    request: Request,
    _: InternalCaller,
    deps: Deps,
    viewer: Id,
    post_ids: Annotated[str, Query(pattern=id_list.PATTERN)],
    comment_ids: Annotated[str, Query(pattern=f"^$|{id_list.PATTERN}")] = "",
) -> Response:
    """What other services show of posts and of comments on them, without those that the viewer cannot see."""
    comments = id_list.parse("comment_ids", comment_ids) if comment_ids else []
    read = previews.previews, id_list.parse("post_ids", post_ids), comments, viewer
    return responses.ok(await run_in_internal_pool(request, deps.database.read, *read))


@router.get("/internal/exports/{user_id}/{kind}")
async def exported(
    user_id: Id, kind: exports.Kind, request: Request, _: InternalCaller, deps: Deps, page: internal_pages.Requested
) -> Response:
    """A page of what a user has published, liked or saved, for their export. 404 for a deleted account."""
    return await internal_pages.response(request, deps.database.read, exports.LISTS[kind], user_id, page)
