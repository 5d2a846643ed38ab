"""Is this access token good, and has nothing ended it: checked once with the key, then from memory."""

import hashlib
import time

from shared import errors
from shared.security.verifier import LEEWAY_SECONDS, Identity, TokenVerifier

from ..exchange import Exchange
from ..responses import HttpError, from_app_error, service_unavailable
from ..routes import PUBLIC, SIGNED_IN, Route
from .revocations import Revocations

MOST = 10_000


class TokenAuthenticator:
    """Lets in who has a valid token. Verified ones are remembered by their hash, never themselves."""

    def __init__(self, verifier: TokenVerifier, revocations: Revocations) -> None:
        self._verifier = verifier
        self._revocations = revocations
        self._verified: dict[bytes, Identity] = {}

    async def check(self, exchange: Exchange, route: Route) -> Identity | None:
        """Who sent this, where they say so. Raises HttpError where this route does not let them in."""
        authorization = exchange.headers.get(b"authorization")
        if authorization is None and route.access is not SIGNED_IN:
            return None
        try:
            return await self._holder(authorization or b"")
        except HttpError:
            if route.access is PUBLIC:
                return None
            raise

    async def _holder(self, authorization: bytes) -> Identity:
        token = _token_in(authorization)
        if not self._revocations.loaded:
            raise service_unavailable("revocations_unavailable", "Tokens cannot be checked right now.")
        who = await self._identify(token)
        if self._revocations.revoked(who.subject, who.session_id):
            raise _invalid()
        return who

    async def _identify(self, token: bytes) -> Identity:
        name = hashlib.blake2b(token, digest_size=32).digest()
        known = self._verified.get(name)
        if known is not None:
            if known.expires_at + LEEWAY_SECONDS > time.time():
                return known
            del self._verified[name]
        try:
            who = await self._verifier.verify(token.decode())
        except errors.AppError as refusal:
            raise from_app_error(refusal) from refusal
        self._remember(name, who)
        return who

    def _remember(self, name: bytes, who: Identity) -> None:
        if len(self._verified) >= MOST:
            del self._verified[next(iter(self._verified))]
        self._verified[name] = who


def _token_in(authorization: bytes) -> bytes:
    scheme, _, token = authorization.partition(b" ")
    if scheme.lower() != b"bearer" or not token.isascii():
        raise _invalid()
    return token


def _invalid() -> HttpError:
    return from_app_error(
        errors.Unauthenticated("invalid_token", "The access token is missing, expired, revoked or not ours.")
    )
