"""Authenticates requests by their bearer token."""

from shared import errors
from shared.security.verifier import CachingTokenVerifier, Identity

from ..responses import HttpError, from_app_error, service_unavailable
from ..routes import PUBLIC, SIGNED_IN, Route
from .revocations import Revocations


class TokenAuthenticator:
    """Verifies access tokens, and checks that neither the session nor the account has been revoked."""

    def __init__(self, verifier: CachingTokenVerifier, revocations: Revocations) -> None:
        self._verifier = verifier
        self._revocations = revocations

    async def authenticate(self, authorization: bytes | None, route: Route) -> Identity | None:
        """The identity behind the Authorization header. Raises HttpError where the route needs a valid token."""
        if authorization is None and route.access is not SIGNED_IN:
            return None
        try:
            return await self._identity(authorization or b"")
        except HttpError:
            if route.access is PUBLIC:
                return None
            raise

    async def _identity(self, authorization: bytes) -> Identity:
        scheme, _, token = authorization.partition(b" ")
        if scheme.lower() != b"bearer" or not token.isascii():
            raise _invalid()
        if not self._revocations.loaded:
            raise service_unavailable("revocations_unavailable", "Tokens cannot be checked right now.")
        try:
            identity = await self._verifier.verify(token.decode())
        except errors.AppError as error:
            raise from_app_error(error) from error
        if self._revocations.revoked(identity.subject, identity.session_id):
            raise _invalid()
        return identity


def _invalid() -> HttpError:
    return from_app_error(
        errors.Unauthenticated("invalid_token", "The access token is missing, expired, revoked or not ours.")
    )
