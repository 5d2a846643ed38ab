"""Verification of access tokens (JWT, RFC 9068).

The public keys come from the issuer's JWKS. It is fetched when a key id is unknown, at most once in 30 seconds; while
the issuer is down the last set is kept.
"""

import asyncio
import hashlib
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, cast

import jwt
import orjson
import structlog

from shared import errors, ids
from shared.http_client.fetch import fetch_once
from shared.http_client.response import RequestFailed
from shared.security.access_tokens import ALGORITHM, MEMBER, REQUIRED_CLAIMS, ROLES, TYPE, KeySet

LEEWAY_SECONDS = 10
MAX_TOKEN_CHARACTERS = 2_048
MAX_CACHED_TOKENS = 10_000
"""About 200 bytes each."""
WIRE_FORM = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{85}[AQgw]")
"""Three parts in base64url (RFC 7515), without padding; only one spelling of the 64 bytes of a signature."""
MAX_KEY_SET_BYTES = 64 * 1024
REFETCH_SECONDS = 30.0
RETRY_SECONDS = 0.5
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Identity:
    """The user and session of a valid token, when it expires (seconds since 1970), whether the user has confirmed the
    email address, and the user's role. Tokens of releases without these claims count as confirmed and of a member."""

    subject: int
    session_id: int
    expires_at: int
    email_verified: bool = True
    role: str = MEMBER


class JwksClient:
    """The issuer's public keys, fetched when a key id is unknown."""

    def __init__(self, fetch: Callable[[], Awaitable[KeySet]]) -> None:
        self._fetch = fetch
        self._keys: dict[str, jwt.PyJWK] = {}
        self._ask_again_at = float("-inf")
        self._lock = asyncio.Lock()

    async def get(self, kid: str) -> jwt.PyJWK | None:
        """The key with this id, or None. Raises errors.Unavailable while no key could be fetched."""
        if kid not in self._keys:
            async with self._lock:
                await self._learn(kid)
        return self._keys.get(kid)

    async def _learn(self, kid: str) -> None:
        if kid not in self._keys and time.monotonic() >= self._ask_again_at:
            self._ask_again_at = time.monotonic() + RETRY_SECONDS  # retry soon after a failure: a new key may be in use
            try:
                self._keys = _public_keys(await self._fetch())
                self._ask_again_at = time.monotonic() + REFETCH_SECONDS
            except (RequestFailed, ValueError, KeyError, TypeError, jwt.PyJWTError) as problem:
                log.warning("keys not fetched", reason=repr(problem))
        if not self._keys:
            raise errors.Unavailable("keys_unavailable", "Tokens cannot be checked right now.")


def _public_keys(document: KeySet) -> dict[str, jwt.PyJWK]:
    return {each["kid"]: jwt.PyJWK(each, algorithm=ALGORITHM) for each in document["keys"]}


def fetch_from(url: str) -> Callable[[], Awaitable[KeySet]]:
    """A function that fetches the JWK set from this URL."""

    async def fetch() -> KeySet:
        status, body = await fetch_once(url, MAX_KEY_SET_BYTES)
        if status != HTTPStatus.OK:
            raise RequestFailed(f"status {status}")
        return cast("KeySet", orjson.loads(body))

    return fetch


class TokenVerifier:
    """Verifies signature, claims and expiry of a token. It does not know revocations."""

    def __init__(self, keys: JwksClient, *, issuer: str, audience: str) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience

    async def verify(self, token: str) -> Identity:
        """The identity of this token. Raises errors.Unauthenticated, or errors.Unavailable without keys."""
        if len(token) > MAX_TOKEN_CHARACTERS or not WIRE_FORM.fullmatch(token):
            raise invalid_token()
        try:
            header = jwt.get_unverified_header(token)
            if header.get("typ") != TYPE or header.get("alg") != ALGORITHM or set(header) - {"typ", "alg", "kid"}:
                raise invalid_token()
            key = await self._keys.get(str(header.get("kid")))
            if key is None:
                raise invalid_token()
            claims = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                issuer=self._issuer,
                audience=self._audience,
                leeway=LEEWAY_SECONDS,
                options={"require": REQUIRED_CLAIMS, "strict_aud": True},
            )
            return _identity(claims)
        except (jwt.PyJWTError, ValueError, TypeError) as problem:
            raise invalid_token() from problem


class CachingTokenVerifier:
    """Caches valid tokens by hash: verifying a signature costs more than the rest of many responses.

    The expiry is checked at each use. The oldest entry is removed when the cache is full.
    """

    def __init__(self, verifier: TokenVerifier) -> None:
        self._verifier = verifier
        self._known: dict[bytes, Identity] = {}

    async def verify(self, token: str) -> Identity:
        """As TokenVerifier does."""
        name = hashlib.blake2b(token.encode(), digest_size=32).digest()
        known = self._known.get(name)
        if known is not None and known.expires_at + LEEWAY_SECONDS > time.time():
            return known
        self._known.pop(name, None)
        who = await self._verifier.verify(token)
        if len(self._known) >= MAX_CACHED_TOKENS:
            del self._known[next(iter(self._known))]
        self._known[name] = who
        return who


def _identity(claims: dict[str, Any]) -> Identity:
    expires_at, issued_at = claims["exp"], claims["iat"]
    if type(expires_at) is not int or type(issued_at) is not int or not 0 < expires_at - issued_at <= 3600:
        raise ValueError("not a lifetime that the issuer uses")
    ids.parse(claims["jti"])
    email_verified = claims.get("email_verified", True)
    if type(email_verified) is not bool:
        raise ValueError("not a boolean")
    role = claims.get("role", MEMBER)
    if role not in ROLES:
        raise ValueError("not a role")
    return Identity(ids.parse(claims["sub"]), ids.parse(claims["sid"]), expires_at, email_verified, role)


def invalid_token() -> errors.Unauthenticated:
    return errors.Unauthenticated("invalid_token", "The access token is missing, expired, revoked or not ours.")
