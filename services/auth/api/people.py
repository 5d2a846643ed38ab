"""Users as everybody sees them, and their pictures."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from sqlalchemy import Connection
from starlette.responses import Response

from shared.errors import Invalid, NotFound
from shared.ids import Id
from shared.pagination import Page
from shared.problem_details import documented
from shared.security.verifier import Identity
from shared.web import image_responses, pagination, responses
from shared.web.authentication import OptionalUser
from shared.web.request_body import WITHOUT_NUL, StrictRoute

from .. import handles, people_queries, queries
from ..actions.accounts import name_key
from ..queries import Account
from . import schemas
from .dependencies import Deps

router = APIRouter(prefix="/api/v1", tags=["auth"], route_class=StrictRoute)


@router.get(
    "/users",
    response_model=schemas.Profiles,
    summary="Look for people",
    responses=documented(400, 401, 422),
)
def search(
    request: Request,
    page: pagination.PageQuery,
    identity: OptionalUser,
    deps: Deps,
    query: Annotated[
        str,
        Query(
            min_length=1,
            max_length=60,
            description="Beginning of a nickname or a name",
            json_schema_extra={"pattern": WITHOUT_NUL},
        ),
    ],
) -> Response:
    """Users whose nickname or name starts with this, whatever the case. With a token, without those whom one blocks, or
    who block one.
    """
    if "\x00" in query:
        raise Invalid.field("query", "nul_character", "Text may not hold NUL characters.")
    name, nickname = name_key(query), handles.beginning(query)
    if not name:  # the query has only characters that searches ignore
        return pagination.page_response(request, Page([], None))
    found = deps.database.read(people_queries.search_people, name, nickname, _viewer(identity), page)
    return pagination.page_response(request, found)


@router.get(
    "/users/by-nickname/{nickname}",
    response_model=schemas.Profile,
    summary="A person",
    responses=documented(401, 404),
)
def by_nickname(nickname: Annotated[str, Path(max_length=64)], identity: OptionalUser, deps: Deps) -> Response:
    """By nickname, whatever its case and width."""
    try:
        handle = handles.existing_nickname(nickname)
    except Invalid:
        return _profile(None)

    def read(connection: Connection) -> Account | None:
        found = queries.account_by_nickname(connection, handle.value)
        return people_queries.shown_account(connection, found, _viewer(identity))

    return _profile(deps.database.read(read))


@router.get("/users/{user_id}", response_model=schemas.Profile, summary="A person", responses=documented(401, 404))
def by_id(user_id: Id, identity: OptionalUser, deps: Deps) -> Response:
    """By id. 404 for unknown users, for deleted and suspended accounts, and for those who block one."""

    def read(connection: Connection) -> Account | None:
        return people_queries.shown_account(connection, queries.account(connection, user_id), _viewer(identity))

    return _profile(deps.database.read(read))


@router.head("/avatars/{name}", include_in_schema=False)
@router.get(
    "/avatars/{name}",
    response_class=Response,
    summary="A person's picture",
    responses={**image_responses.IMAGE_RESPONSES_OPENAPI, **documented(404, 416)},
)
def avatar(request: Request, name: image_responses.Name, deps: Deps) -> Response:
    """An immutable file; a new picture has a new name."""
    return image_responses.image_response(request, deps.storage, name)


def _viewer(identity: Identity | None) -> int | None:
    return None if identity is None else identity.subject


def _profile(account: Account | None) -> Response:
    if account is None:
        raise NotFound("not_found", "There is no such user.")
    return responses.ok(queries.profile_json(account))
