"""Routes for the other services and the gateway, and the public keys."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from shared import clock
from shared.errors import NotFound
from shared.ids import Id
from shared.problem_details import documented
from shared.web import responses
from shared.web.authentication import InternalCaller
from shared.web.request_body import StrictRoute
from shared.web.threadpools import run_in_internal_pool

from .. import queries
from . import schemas
from .dependencies import Deps

router = APIRouter(tags=["auth"], route_class=StrictRoute)
SKEW = 10 * clock.SECOND


@router.get(
    "/.well-known/jwks.json",
    response_model=schemas.JwkSet,
    summary="The public keys of access tokens",
    responses=documented(),
)
async def key_set(deps: Deps) -> Response:
    """For everything that verifies tokens."""
    return responses.ok(await deps.token_issuer.key_set())


@router.get("/internal/people/{user_id}", include_in_schema=False)
async def person(user_id: Id, request: Request, _: InternalCaller, deps: Deps) -> Response:
    """What another service stores of a user that it has had no event about yet."""
    found: dict[str, Any] | None = await run_in_internal_pool(request, deps.database.read, queries.person, user_id)
    if found is None:
        raise NotFound("not_found", "There is no such user.")
    return responses.ok(found)


@router.get("/internal/withdrawals", include_in_schema=False)
async def withdrawals(
    request: Request,
    _: InternalCaller,
    deps: Deps,
    after: Id = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
) -> Response:
    """The ordered list of deleted accounts, with which other services reconcile."""
    return responses.ok(
        await run_in_internal_pool(request, deps.database.read, queries.withdrawals_after, after, limit)
    )


@router.get("/internal/revocations", include_in_schema=False)
async def revocations(request: Request, _: InternalCaller, deps: Deps) -> Response:
    """Everything revoked whose access tokens may not have expired yet."""
    since = clock.now() - deps.settings.access_token_seconds * clock.SECOND - 2 * SKEW
    return responses.ok(await run_in_internal_pool(request, deps.database.read, queries.revoked, since))
