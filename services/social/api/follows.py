"""Following users, removing followers, and lists of followers and followees."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from shared.ids import Id
from shared.problem_details import documented
from shared.web import id_list, pagination, responses
from shared.web.authentication import CurrentUser, OptionalUser
from shared.web.request_body import StrictRoute

from .. import queries
from ..actions import follows
from . import schemas
from .dependencies import Deps, viewer

router = APIRouter(prefix="/api/v1", tags=["social"], route_class=StrictRoute)


@router.put(
    "/users/{user_id}/follow",
    response_model=schemas.Relation,
    summary="Follow a person",
    responses=documented(401, 404, 409, 422),
)
async def follow(user_id: Id, identity: CurrentUser, deps: Deps) -> Response:
    """Idempotent. 422 `cannot_follow_self`; 409 `following_limit_reached`, or `user_blocked` by oneself."""
    me, limit = identity.subject, deps.following_limit
    relation = await deps.with_known_users(lambda: deps.database.write(follows.follow, me, user_id, limit))
    return responses.ok(relation)


@router.delete(
    "/users/{user_id}/follow",
    response_model=schemas.Relation,
    summary="Unfollow a user",
    responses=documented(401, 404, 422),
)
async def unfollow(user_id: Id, identity: CurrentUser, deps: Deps) -> Response:
    """Idempotent. 422 `cannot_follow_self`."""
    me = identity.subject
    relation = await deps.with_known_users(lambda: deps.database.write(follows.unfollow, me, user_id))
    return responses.ok(relation)


@router.delete(
    "/users/me/followers/{user_id}",
    status_code=204,
    summary="Remove a follower",
    responses=documented(401, 404, 422),
)
async def remove_follower(user_id: Id, identity: CurrentUser, deps: Deps) -> Response:
    """Idempotent. The user follows one no longer, and may follow again. 422 `cannot_follow_self`."""
    me = identity.subject
    await deps.with_known_users(lambda: deps.database.write(follows.remove_follower, me, user_id))
    return responses.empty()


@router.get(
    "/users/{user_id}/followers",
    response_model=schemas.UserRefs,
    summary="The followers of a user",
    responses=documented(400, 401, 404, 422),
)
async def followers(
    user_id: Id, request: Request, page: pagination.PageQuery, identity: OptionalUser, deps: Deps
) -> Response:
    """Newest first. With a token, without those whom one blocks, or who block one."""
    looking = viewer(identity)
    found = await deps.with_known_users(lambda: deps.database.read(queries.followers, user_id, looking, page))
    return pagination.page_response(request, found)


@router.get(
    "/users/{user_id}/followers/common",
    response_model=schemas.UserRefs,
    summary="The followers of a user whom one follows",
    responses=documented(400, 401, 404, 422),
)
async def common_followers(
    user_id: Id, request: Request, page: pagination.PageQuery, identity: CurrentUser, deps: Deps
) -> Response:
    """Whom one followed last comes first."""
    me = identity.subject
    found = await deps.with_known_users(lambda: deps.database.read(queries.common_followers, user_id, me, page))
    return pagination.page_response(request, found)


@router.get(
    "/users/{user_id}/following",
    response_model=schemas.UserRefs,
    summary="The users that a user follows",
    responses=documented(400, 401, 404, 422),
)
async def following(
    user_id: Id, request: Request, page: pagination.PageQuery, identity: OptionalUser, deps: Deps
) -> Response:
    """Newest first. With a token, without those whom one blocks, or who block one."""
    looking = viewer(identity)
    found = await deps.with_known_users(lambda: deps.database.read(queries.following, user_id, looking, page))
    return pagination.page_response(request, found)


@router.get(
    "/users/{user_id}/counts",
    response_model=schemas.Counts,
    summary="The number of followers and of followed users",
    responses=documented(401, 404),
)
async def counts(user_id: Id, identity: OptionalUser, deps: Deps) -> Response:
    """Exact at any moment, and the same for everybody. For a signed-in user, `followed_by_some` names the first users
    of `GET /users/{id}/followers/common`.
    """
    looking = viewer(identity)
    read = deps.database.read
    return responses.ok(await deps.with_known_users(lambda: read(queries.counts_of_profile, user_id, looking)))


@router.get(
    "/relations",
    response_model=schemas.Relations,
    summary="The relations to several users",
    responses=documented(401, 422),
)
def relations(
    identity: CurrentUser,
    deps: Deps,
    user_ids: Annotated[
        str,
        Query(
            description=f"1 to {id_list.MAX_IDS} ids, separated by commas",
            examples=["0037a52d5f400001,0037a52d5f400002"],
            json_schema_extra={"pattern": id_list.PATTERN},
        ),
    ],
) -> Response:
    """In the order of the request, each once. There is no relation to unknown users and deleted accounts."""
    found = deps.database.read(queries.relations, identity.subject, id_list.parse("user_ids", user_ids))
    return responses.ok({"items": found, "next_cursor": None})
