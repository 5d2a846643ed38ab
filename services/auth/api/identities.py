"""One's own identities at OpenID Connect providers."""

from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy import Connection, Row
from starlette.responses import Response

from shared.problem_details import documented
from shared.web import pagination, responses
from shared.web.authentication import CurrentUser
from shared.web.request_body import StrictRoute

from .. import identity_queries
from ..actions import identities
from . import provider_schemas as bodies
from .dependencies import Deps, origin_of
from .providers import ProviderPath, configured, continuation_of
from .reauthentication import current_account, proven_account

router = APIRouter(prefix="/api/v1/users/me/identities", tags=["auth"], route_class=StrictRoute)


@router.get(
    "",
    response_model=bodies.Identities,
    summary="One's own identities at providers",
    responses=documented(400, 401, 422),
)
def list_identities(request: Request, page: pagination.PageQuery, identity: CurrentUser, deps: Deps) -> Response:
    """Newest first."""
    current_account(deps, identity)
    return pagination.page_response(request, deps.database.read(identity_queries.identities_of, identity.subject, page))


@router.put(
    "/{provider}",
    response_model=bodies.Identity,
    summary="Link an identity at a provider",
    responses=documented(400, 401, 403, 404, 409, 413, 415, 422, 429),
)
async def link_identity(
    provider_id: ProviderPath, body: bodies.IdentityLink, request: Request, identity: CurrentUser, deps: Deps
) -> Response:
    """With the `continuation` of `POST /auth/providers/{provider}/finish`, and the password or a passkey.

    403 `wrong_password`, `invalid_passkey`, `no_password`; 409 `identity_taken`, `provider_linked`;
    422 `invalid_continuation`.
    """
    provider = configured(deps, provider_id)
    continuation = continuation_of(deps, provider, body.continuation)
    origin = origin_of(request, identity)
    with deps.passwords.slot(in_session=True):
        proven = await proven_account(deps, identity, body, origin)

        def link(tx: Connection) -> Row[Any]:
            return identities.link(tx, proven, continuation, origin)

        row = await deps.passwords.run_in_thread(deps.database.write, link)
    return responses.ok(identity_queries.identity_json(row))


@router.delete(
    "/{provider}",
    status_code=204,
    summary="Unlink an identity at a provider",
    responses=documented(401, 404, 409),
)
def unlink_identity(provider_id: ProviderPath, request: Request, identity: CurrentUser, deps: Deps) -> Response:
    """Idempotent. 409 `last_credential` if it is the only way to log in."""
    current_account(deps, identity)
    usable = tuple(deps.providers.providers)
    deps.database.write(identities.unlink, identity.subject, provider_id, usable, origin_of(request, identity))
    return responses.empty()
