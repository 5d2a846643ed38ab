"""Mints access tokens (RFC 9068) and makes refresh tokens; knows the signing keys once they are loaded."""

import hashlib
import secrets
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared import clock, ids
from shared.access_tokens import ALGORITHM, TYPE, KeySet
from shared.errors import Unavailable

SIGNING_KEYS = "signing keys"
"""The purpose of the key that seals them."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key pair, its public name, and from when it signs (ms since 1970)."""

    kid: str
    private: Ed25519PrivateKey
    signs_from: int

    def public_jwk(self) -> dict[str, Any]:
        """What everybody may know (RFC 8037)."""
        public = jwt.algorithms.OKPAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return {**public, "kid": self.kid, "use": "sig", "alg": ALGORITHM}


class Seal:
    """Encrypts private keys at rest, so that a copy of the database mints nothing."""

    def __init__(self, key: bytes) -> None:
        self._fernet = Fernet(urlsafe_b64encode(key))

    def close(self, key: Ed25519PrivateKey) -> bytes:
        """The key as it is stored."""
        return self._fernet.encrypt(key.private_bytes_raw())

    def open(self, kid: str, sealed: bytes, signs_from: int) -> SigningKey | None:
        """The stored key, or None where it was sealed with another secret."""
        try:
            return SigningKey(kid, Ed25519PrivateKey.from_private_bytes(self._fernet.decrypt(sealed)), signs_from)
        except InvalidToken:
            return None


class Mint:
    """The keys in use. Empty until `load` has succeeded once."""

    def __init__(self, issuer: str, audience: str, lifetime: int) -> None:
        self._issuer = issuer
        self._audience = audience
        self.lifetime = lifetime
        self._keys: list[SigningKey] = []

    def load(self, keys: list[SigningKey]) -> None:
        """Use these keys, newest last: all are published, the newest of those that may sign does."""
        self._keys = keys

    def check_ready(self) -> None:
        """Raises Unavailable before keys are loaded: to be asked before anything is spent for a token."""
        self._loaded()

    async def key_set(self) -> KeySet:
        """The JWK set (RFC 7517) by which everybody verifies. Raises Unavailable before keys are loaded."""
        return {"keys": [each.public_jwk() for each in self._loaded()]}

    def access_token(self, subject: int, session: int) -> str:
        """A token for this person in this login."""
        key = self._signing()
        now = int(time.time())
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": ids.text(subject),
            "sid": ids.text(session),
            "jti": ids.text(ids.new()),
            "iat": now,
            "exp": now + self.lifetime,
        }
        return jwt.encode(claims, key.private, ALGORITHM, headers={"typ": TYPE, "kid": key.kid})

    def _signing(self) -> SigningKey:
        """Asked anew each time, for a key begins to sign at its moment, whether or not keys were loaded since."""
        keys, now = self._loaded(), clock.now()
        return next((each for each in reversed(keys) if each.signs_from <= now), keys[0])

    def _loaded(self) -> list[SigningKey]:
        if not self._keys:
            raise Unavailable("keys_unavailable", "Tokens cannot be made right now.")
        return self._keys


def new_refresh_token() -> str:
    """256 random bits; only its digest is stored."""
    return secrets.token_urlsafe(32)


def refresh_digest(token: str) -> bytes:
    """What is stored of a refresh token. Random bits need no slow hash."""
    return hashlib.sha256(token.encode()).digest()
