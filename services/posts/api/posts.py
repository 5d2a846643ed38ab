"""Posts: lists, publishing, editing, deleting. Routes are matched in order, so the most frequent comes first."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic.json_schema import SkipJsonSchema
from sqlalchemy import Connection
from starlette.responses import Response

from shared import ids
from shared.errors import Invalid
from shared.idempotency import StoredResponse
from shared.ids import Id
from shared.problem_details import documented
from shared.security.verifier import Identity
from shared.web import id_list, idempotency_key, pagination, responses
from shared.web.authentication import CurrentUser, OptionalUser, VerifiedUser
from shared.web.fast_path import ABSENT
from shared.web.request_body import StrictRoute

from ..actions import posts
from ..queries import feed as home
from ..queries import posts as shown
from . import schemas
from .dependencies import Dependencies, Deps, viewer

router = APIRouter(prefix="/api/v1", tags=["posts"], route_class=StrictRoute)

Wanted = Annotated[
    str | SkipJsonSchema[None],
    Query(
        alias="ids",
        description=f"1 to {id_list.MAX_IDS} ids, separated by commas; not together with `limit` and `cursor`",
        examples=["0037a52d5f400001,0037a52d5f400002"],
        json_schema_extra={"pattern": id_list.PATTERN},
    ),
    ABSENT,
]


@router.get(
    "/feed",
    response_model=schemas.Posts,
    summary="One's home feed",
    responses=documented(400, 401, 422),
)
def feed(request: Request, page: pagination.PageQuery, identity: CurrentUser, deps: Deps) -> Response:
    """Posts of the users that the user follows, and the user's own, newest first."""
    return pagination.page_response(request, deps.database.read(home.feed, identity.subject, page))


@router.post(
    "/posts",
    status_code=201,
    response_model=schemas.Post,
    summary="Publish a post",
    responses=documented(400, 401, 403, 409, 413, 415, 422, 429),
)
async def publish(
    body: schemas.NewPost, identity: VerifiedUser, key: idempotency_key.IdempotencyKey, deps: Deps
) -> Response:
    """One to ten of the user's own unused photos. 422 `unknown_media`, `media_already_used`."""
    me = identity.subject

    def write(tx: Connection) -> StoredResponse:
        post_id = posts.publish(tx, me, body.media_ids, body.caption)
        return responses.created(shown.post(tx, post_id, me), f"/api/v1/posts/{ids.encode(post_id)}")

    answer = await deps.with_known_users(lambda: deps.idempotency.write(key, write))
    return responses.to_response(answer)


@router.get(
    "/posts",
    response_model=schemas.Posts,
    summary="Everyone's posts",
    responses=documented(400, 401, 422),
)
def everyones(
    request: Request, page: pagination.PageQuery, identity: OptionalUser, deps: Deps, wanted: Wanted = None
) -> Response:
    """Newest first. With `ids` only these, in that order and on one page; deleted ones are left out."""
    if wanted is not None:
        return _by_ids(request, wanted, identity, deps)
    return pagination.page_response(request, deps.database.read(shown.latest, viewer(identity), page))


def _by_ids(request: Request, wanted: str, identity: Identity | None, deps: Dependencies) -> Response:
    for name in ("limit", "cursor"):
        if name in request.query_params:
            raise Invalid.field(name, "not_with_ids", "All posts of `ids` are on one page.")
    post_ids = id_list.parse("ids", wanted)
    found = deps.database.read(shown.in_order, post_ids, viewer(identity))
    return responses.ok({"items": found, "next_cursor": None})


@router.get("/posts/{post_id}", response_model=schemas.Post, summary="A post", responses=documented(401, 404))
def post(post_id: Id, identity: OptionalUser, deps: Deps) -> Response:
    """With a token, `liked` and `saved` are set."""
    return responses.ok(deps.database.read(shown.post, post_id, viewer(identity)))


@router.patch(
    "/posts/{post_id}",
    response_model=schemas.Post,
    summary="Edit a post",
    responses=documented(400, 401, 403, 404, 413, 415, 422),
)
async def edit_post(post_id: Id, body: schemas.PostChanges, identity: VerifiedUser, deps: Deps) -> Response:
    """Its author only: 403 `not_yours`. `media_ids` may contain photos of this post and new ones; the others are
    removed.

    Without fields, nothing changes. 422 `unknown_media`, `media_already_used`.
    """
    me = identity.subject
    changes: posts.Changes = {}
    if "caption" in body.model_fields_set:
        changes["caption"] = body.caption
    if "media_ids" in body.model_fields_set:
        changes["media_ids"] = body.media_ids

    def write(tx: Connection) -> dict[str, object]:
        posts.edit(tx, me, post_id, changes)
        return shown.post(tx, post_id, me)

    return responses.ok(await deps.with_known_users(lambda: deps.database.write(write)))


@router.delete("/posts/{post_id}", status_code=204, summary="Delete a post", responses=documented(401, 403, 404))
async def delete_post(post_id: Id, identity: CurrentUser, deps: Deps) -> Response:
    """Its author only: 403 `not_yours`. Its likes, comments and files are deleted with it."""
    me = identity.subject
    await deps.with_known_users(lambda: deps.database.write(posts.delete_post, me, post_id))
    return responses.empty()


@router.get(
    "/users/{user_id}/posts",
    response_model=schemas.Posts,
    summary="A person's posts",
    responses=documented(400, 401, 404, 422),
)
async def posts_of(
    user_id: Id, request: Request, page: pagination.PageQuery, identity: OptionalUser, deps: Deps
) -> Response:
    """Newest first."""
    looking = viewer(identity)
    found = await deps.with_known_users(lambda: deps.database.read(shown.posts_of, user_id, looking, page))
    return pagination.page_response(request, found)
