"""Issues access tokens (RFC 9068) and refresh tokens; holds the signing keys once they are loaded."""

import hashlib
import hmac
import secrets
import time
from base64 import b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared import clock, ids
from shared.errors import Unavailable
from shared.security.access_tokens import ALGORITHM, MEMBER, TYPE, KeySet

# The purpose of the key that encrypts them.
SIGNING_KEYS = "signing keys"
# The purpose of the key that refresh tokens are computed with.
REFRESH_TOKENS = "refresh tokens"
_ID_BYTES, _SECRET_BYTES, _TAG_BYTES = 8, 32, 20  # together a multiple of three: no padding in base64
_TOKEN_BYTES = _ID_BYTES + _SECRET_BYTES + _TAG_BYTES


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key pair, its public name, and from when it signs (ms since 1970)."""

    kid: str
    private: Ed25519PrivateKey
    signs_from: int

    def public_jwk(self) -> dict[str, Any]:
        """The public part (RFC 8037)."""
        public = jwt.algorithms.OKPAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return {**public, "kid": self.kid, "use": "sig", "alg": ALGORITHM}


class KeyCipher:
    """Encrypts private keys at rest, so that nobody can issue tokens with a copy of the database."""

    def __init__(self, key: bytes) -> None:
        self._fernet = Fernet(urlsafe_b64encode(key))

    def encrypt(self, key: Ed25519PrivateKey) -> bytes:
        """The key as it is stored."""
        return self._fernet.encrypt(key.private_bytes_raw())

    def decrypt(self, kid: str, sealed: bytes, signs_from: int) -> SigningKey | None:
        """The stored key, or None if it was encrypted with another secret."""
        try:
            return SigningKey(kid, Ed25519PrivateKey.from_private_bytes(self._fernet.decrypt(sealed)), signs_from)
        except InvalidToken:
            return None


class TokenIssuer:
    """Signs access tokens. Has no keys until `load` is called."""

    def __init__(self, issuer: str, audience: str, lifetime: int) -> None:
        self._issuer = issuer
        self._audience = audience
        self.lifetime = lifetime
        self._keys: list[SigningKey] = []

    def load(self, keys: list[SigningKey]) -> None:
        """Use these keys, newest last: all are published, and the newest one whose time has come signs."""
        self._keys = keys

    def check_ready(self) -> None:
        """Raises Unavailable before keys are loaded; called before a refresh token is spent."""
        self._loaded()

    async def key_set(self) -> KeySet:
        """The JWK set (RFC 7517) for verifiers. Raises Unavailable before keys are loaded."""
        return {"keys": [each.public_jwk() for each in self._loaded()]}

    def access_token(self, subject: int, session: int, *, email_verified: bool = False, role: str = MEMBER) -> str:
        """A token for this user in this session; `email_verified` as in OpenID Connect Core, section 5.1."""
        key = self._signing()
        now = int(time.time())
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": ids.encode(subject),
            "sid": ids.encode(session),
            "email_verified": email_verified,
            "role": role,
            "jti": ids.encode(ids.new()),
            "iat": now,
            "exp": now + self.lifetime,
        }
        return jwt.encode(claims, key.private, ALGORITHM, headers={"typ": TYPE, "kid": key.kid})

    def _signing(self) -> SigningKey:
        # Chosen for each token: a key begins to sign at its time, whether or not keys were loaded since.
        keys, now = self._loaded(), clock.now()
        return next((each for each in reversed(keys) if each.signs_from <= now), keys[0])

    def _loaded(self) -> list[SigningKey]:
        if not self._keys:
            raise Unavailable("keys_unavailable", "Tokens cannot be issued right now.")
        return self._keys


class RefreshTokens:
    """Makes refresh tokens: the first of a session at random, each further one computed from the one before it.

    So a spent token that is used again gives the same successor, of which only a digest is stored. Without the key no
    token can be computed from another. Each token contains its session and a MAC of it, so that a spent one is
    recognised after its row is deleted.
    """

    def __init__(self, key: bytes) -> None:
        self._successors, self._tags = (hmac.digest(key, name, hashlib.sha256) for name in (b"successors", b"tags"))

    def first(self, session_id: int) -> str:
        """A new token: 256 random bits, and its session."""
        return self._written(session_id, secrets.token_bytes(_SECRET_BYTES))

    def successor(self, session_id: int, token: str) -> str:
        """The successor of this token."""
        return self._written(session_id, hmac.digest(self._successors, token.encode(), hashlib.sha256))

    def session_of(self, token: str) -> int | None:
        """The session of this token; None if it was not made here, or by a release before tokens contained it."""
        try:
            raw = b64decode(token, altchars=b"-_", validate=True)
        except ValueError:
            return None
        signed, tag = raw[:-_TAG_BYTES], raw[-_TAG_BYTES:]
        is_ours = len(raw) == _TOKEN_BYTES and hmac.compare_digest(tag, self._tag(signed))
        if not is_ours or urlsafe_b64encode(raw).decode() != token:  # other spellings are refused
            return None
        return int.from_bytes(signed[:_ID_BYTES])

    def _written(self, session_id: int, secret: bytes) -> str:
        signed = session_id.to_bytes(_ID_BYTES) + secret
        return urlsafe_b64encode(signed + self._tag(signed)).decode()

    def _tag(self, signed: bytes) -> bytes:
        return hmac.digest(self._tags, signed, hashlib.sha256)[:_TAG_BYTES]


def refresh_digest(token: str) -> bytes:
    """The stored digest of a refresh token. Random bits need no slow hash."""
    return hashlib.sha256(token.encode()).digest()
