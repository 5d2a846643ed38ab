"""FastAPI dependencies that give a route the user, or the service, that makes the request."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from shared.errors import Forbidden
from shared.security.access_tokens import ROLES, role_required
from shared.security.service_calls import InternalCallerVerifier, not_a_service
from shared.security.verifier import WIRE_FORM, CachingTokenVerifier, Identity, TokenVerifier, invalid_token
from shared.web.fast_path import FastPathMiss, FastPathReader

_bearer = HTTPBearer(auto_error=False, bearerFormat="JWT", description="The access token from POST /auth/login")


async def _required(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Identity:
    if credentials is None:
        raise invalid_token()
    verifier: TokenVerifier | CachingTokenVerifier = request.app.state.verifier
    return await verifier.verify(credentials.credentials)


async def _optional(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Identity | None:
    if "authorization" not in request.headers:
        return None
    return await _required(request, credentials)


async def required_on_fast_path(request: Request) -> Identity:
    """As CurrentUser. Raises FastPathMiss."""
    verifier: TokenVerifier | CachingTokenVerifier = request.app.state.verifier
    return await verifier.verify(_fast_path_token(request))


async def _optional_on_fast_path(request: Request) -> Identity | None:
    return await required_on_fast_path(request) if "authorization" in request.headers else None


def _fast_path_token(request: Request) -> str:
    given = request.headers.getlist("authorization")
    if len(given) != 1 or not given[0].startswith("Bearer "):
        raise FastPathMiss
    token = given[0].removeprefix("Bearer ")
    if not WIRE_FORM.fullmatch(token):
        raise FastPathMiss
    return token


CurrentUser = Annotated[Identity, Depends(_required), FastPathReader(required_on_fast_path)]
"""The authenticated user; without a valid token the response is 401."""
OptionalUser = Annotated[Identity | None, Depends(_optional), FastPathReader(_optional_on_fast_path)]
"""The authenticated user, or None without a token; a token must be valid."""


async def _verified(request: Request, identity: CurrentUser) -> Identity:
    if not identity.email_verified and not request.app.state.settings.unverified_users_may_post:
        raise Forbidden("email_unverified", "Confirm the email address first, then renew the access token.")
    return identity


async def _verified_on_fast_path(request: Request) -> Identity:
    return await _verified(request, await required_on_fast_path(request))


VerifiedUser = Annotated[Identity, Depends(_verified), FastPathReader(_verified_on_fast_path)]
"""The authenticated user, for what others see of them; 403 if the address has to be confirmed first."""


def require_role(identity: Identity, role: str) -> None:
    """Raises Forbidden if the user's token has a lower role. Called by routes, after the request has been validated."""
    if ROLES.index(identity.role) < ROLES.index(role):
        raise role_required(role)


async def _internal_caller(request: Request) -> str:
    callers: InternalCallerVerifier = request.app.state.callers
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise not_a_service()
    return callers.check(token)


InternalCaller = Annotated[str, Depends(_internal_caller)]
"""The service that calls an /internal route; any other caller gets 401."""
