"""Routes for the other services and the gateway, and the public keys."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from shared import clock, ids
from shared.errors import NotFound
from shared.ids import Id
from shared.problem_details import documented
from shared.web import responses
from shared.web.authentication import InternalCaller
from shared.web.request_body import StrictRoute
from shared.web.threadpools import run_in_internal_pool

from .. import queries
from ..actions.suspensions import suspended_after
from .dependencies import Deps
from .schemas import AN_ID

router = APIRouter(tags=["auth"], route_class=StrictRoute)
MAX_KEYS = 100
"""Keys published at the same time: one is created in 2 minutes at most, and none kept for much longer than an hour."""
CLOCK_SKEW_MS = 10 * clock.SECOND


class JwkSet(BaseModel):
    """The public keys of access tokens (RFC 7517)."""

    keys: Annotated[
        list[dict[str, str]],
        Field(
            max_length=MAX_KEYS,
            examples=[[{"kty": "OKP", "crv": "Ed25519", "kid": AN_ID, "use": "sig", "alg": "EdDSA", "x": "11qY..."}]],
        ),
    ]


@router.get(
    "/.well-known/jwks.json",
    response_model=JwkSet,
    summary="The public keys of access tokens",
    responses=documented(),
)
async def key_set(deps: Deps) -> Response:
    """For verifiers of access tokens."""
    return responses.ok(await deps.token_issuer.key_set())


@router.get("/internal/people/{user_id}", include_in_schema=False)
async def person(user_id: Id, request: Request, _: InternalCaller, deps: Deps) -> Response:
    """The user data that another service stores; for users of whom it has not received an event yet."""
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


@router.get("/internal/suspensions", include_in_schema=False)
async def suspensions(
    request: Request,
    _: InternalCaller,
    deps: Deps,
    after: Id = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
) -> Response:
    """The suspended accounts by id, with which other services reconcile."""
    found = await run_in_internal_pool(request, deps.database.read, suspended_after, after, limit)
    return responses.ok({"items": [{"user_id": ids.encode(each)} for each in found]})


@router.get("/internal/revocations", include_in_schema=False)
async def revocations(request: Request, _: InternalCaller, deps: Deps) -> Response:
    """All revocations whose access tokens may not have expired yet."""
    since = clock.now() - deps.settings.access_token_seconds * clock.SECOND - 2 * CLOCK_SKEW_MS
    return responses.ok(await run_in_internal_pool(request, deps.database.read, queries.revoked, since))
