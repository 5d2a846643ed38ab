"""Roles, suspensions and the log of moderation, for moderators and admins."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from shared.ids import Id
from shared.problem_details import documented
from shared.security.access_tokens import ADMIN, MODERATOR
from shared.security.verifier import Identity
from shared.web import pagination, responses
from shared.web.authentication import CurrentUser, require_role
from shared.web.request_body import StrictRoute

from .. import moderation_queries
from ..actions import moderation
from . import moderation_schemas as bodies
from .dependencies import Dependencies, Deps
from .reauthentication import current_account

router = APIRouter(prefix="/api/v1/moderation", tags=["moderation"], route_class=StrictRoute)
_LISTS = {
    "pending": moderation_queries.pending,
    "suspended": moderation_queries.suspended,
    "team": moderation_queries.team,
}


@router.put(
    "/users/{user_id}/role",
    response_model=bodies.ModeratedAccount,
    summary="Change the role of an account",
    responses=documented(400, 401, 403, 404, 413, 415, 422),
)
def set_role(user_id: Id, body: bodies.RoleChange, identity: CurrentUser, deps: Deps) -> Response:
    """For admins. The access tokens of that account are void within two seconds; a refresh gives new ones.

    403 `role_required`, `cannot_moderate_self`.
    """
    _require(deps, identity, ADMIN)
    account = deps.database.write(moderation.set_role, identity.subject, user_id, body.role)
    return responses.ok(moderation_queries.account_json(account))


@router.put(
    "/users/{user_id}/suspension",
    response_model=bodies.ModeratedAccount,
    summary="Suspend an account",
    responses=documented(400, 401, 403, 404, 413, 415, 422),
)
def suspend(user_id: Id, body: bodies.Suspension, identity: CurrentUser, deps: Deps) -> Response:
    """For moderators, of members; for admins, also of moderators. It is hidden everywhere and logged out, and its owner
    is told why by mail.

    A suspended account stays as it is; one that waits for its approval is refused by this.
    403 `role_required`, `cannot_moderate_self`.
    """
    require_moderator(deps, identity)
    account = deps.database.write(moderation.suspend, identity.subject, user_id, body.reason)
    return responses.ok(moderation_queries.account_json(account))


@router.delete(
    "/users/{user_id}/suspension",
    response_model=bodies.ModeratedAccount,
    summary="Reinstate a suspended account",
    responses=documented(401, 403, 404),
)
def reinstate(user_id: Id, identity: CurrentUser, deps: Deps) -> Response:
    """For whoever may suspend it. Approves an account that waits for that. Idempotent.

    403 `role_required`, `cannot_moderate_self`.
    """
    require_moderator(deps, identity)
    account = deps.database.write(moderation.reinstate, identity.subject, user_id)
    return responses.ok(moderation_queries.account_json(account))


@router.get(
    "/users",
    response_model=bodies.ModeratedAccounts,
    summary="Accounts to approve, suspended ones, or moderators and admins",
    responses=documented(400, 401, 403, 422),
)
def list_accounts(
    request: Request,
    page: pagination.PageQuery,
    identity: CurrentUser,
    deps: Deps,
    state: Annotated[
        Literal["pending", "suspended", "team"], Query(description="`team`: the moderators and admins")
    ] = "team",
) -> Response:
    """For moderators. The newest accounts first."""
    require_moderator(deps, identity)
    return pagination.page_response(request, deps.database.read(_LISTS[state], page))


@router.get(
    "/log",
    response_model=bodies.LogEntries,
    summary="What moderators did",
    responses=documented(400, 401, 403, 422),
)
def list_log(request: Request, page: pagination.PageQuery, identity: CurrentUser, deps: Deps) -> Response:
    """For moderators. Newest first. No route changes an entry; the deletion of an account blanks reasons about it."""
    require_moderator(deps, identity)
    return pagination.page_response(request, deps.database.read(moderation_queries.log, page))


def require_moderator(deps: Dependencies, identity: Identity) -> None:
    """Raises Unauthenticated if the session has ended, and Forbidden for a lower role."""
    _require(deps, identity, MODERATOR)


def _require(deps: Dependencies, identity: Identity, role: str) -> None:
    """Raises Unauthenticated if the session has ended, and Forbidden for a lower role."""
    current_account(deps, identity)
    require_role(identity, role)
