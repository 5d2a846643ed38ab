"""What a sign-in with a provider carries from one request to the next, signed and not stored.

A state stands for one start: the provider, where the browser is sent back to, and when it expires. The nonce and the
PKCE verifier are computed from it with a key that only auth has. So a start, which needs no login, writes nothing.
A continuation says who has signed in at a provider, until the person has an account here.
"""

import hashlib
import hmac
import secrets
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import orjson

from shared import clock

SIGN_IN = "sign in with a provider"
"""The purpose of the key."""
STATE_MS = 10 * clock.MINUTE
"""How long somebody may take at the provider."""
CONTINUATION_MS = 15 * clock.MINUTE
"""How long somebody may take to choose a nickname, or to log in."""
MAX_STATE_LENGTH = 100
MAX_CONTINUATION_LENGTH = 4_096
_RANDOM_BYTES, _TIME_BYTES, _MAC_BYTES = 16, 8, 32


@dataclass(frozen=True, slots=True)
class State:
    """One start. Only `text` and what `challenge` and `nonce` say are sent to the browser."""

    text: str
    redirect_uri: str
    nonce: str
    verifier: str
    expires_at: int

    @property
    def challenge(self) -> str:
        """The PKCE challenge (RFC 7636, S256)."""
        return _encoded(hashlib.sha256(self.verifier.encode()).digest())

    @property
    def digest(self) -> bytes:
        """What is stored of a used one."""
        return hashlib.sha256(f"state {self.text}".encode()).digest()


@dataclass(frozen=True, slots=True)
class ProvenIdentity:
    """Who has signed in at a provider, as its token says. `email` is None unless the provider has confirmed it."""

    provider: str
    issuer: str
    subject: str
    email: str | None
    name: str | None

    @property
    def digest(self) -> bytes:
        """The key of this identity: its issuer and subject (OpenID Connect Core, section 2)."""
        return hashlib.sha256(orjson.dumps([self.issuer, self.subject])).digest()


@dataclass(frozen=True, slots=True)
class Continuation:
    """A signed identity, and when it expires (ms since 1970)."""

    identity: ProvenIdentity
    expires_at: int
    digest: bytes


class SignInTokens:
    """Makes and reads states and continuations."""

    def __init__(self, key: bytes) -> None:
        self._states, self._nonces, self._verifiers, self._continuations = (
            hmac.digest(key, kind, hashlib.sha256) for kind in (b"state", b"nonce", b"verifier", b"continuation")
        )

    def new_state(self, provider: str, redirect_uri: str) -> State:
        """A new one, valid for `STATE_MS`."""
        start = secrets.token_bytes(_RANDOM_BYTES) + (clock.now() + STATE_MS).to_bytes(_TIME_BYTES)
        return self._state(start + self._mac(start, provider, redirect_uri), redirect_uri)

    def read_state(self, text: str, provider: str, redirect_uris: Sequence[str]) -> State | None:
        """The state of this text; None if it was not made here for this provider and one of these, or has expired."""
        raw = _decoded(text)
        if raw is None or len(raw) != _RANDOM_BYTES + _TIME_BYTES + _MAC_BYTES:
            return None
        start, mac = raw[: _RANDOM_BYTES + _TIME_BYTES], raw[_RANDOM_BYTES + _TIME_BYTES :]
        for redirect_uri in redirect_uris:
            if hmac.compare_digest(mac, self._mac(start, provider, redirect_uri)):
                state = self._state(raw, redirect_uri)
                return state if state.expires_at >= clock.now() else None
        return None

    def continuation(self, identity: ProvenIdentity) -> str:
        """A new one, valid for `CONTINUATION_MS`."""
        content = orjson.dumps({**asdict(identity), "expires_at": clock.now() + CONTINUATION_MS})
        return _encoded(content + hmac.digest(self._continuations, content, hashlib.sha256))

    def read_continuation(self, text: str, provider: str) -> Continuation | None:
        """The continuation of this text; None if it was not made here for this provider, or has expired."""
        raw = _decoded(text)
        if raw is None or len(raw) <= _MAC_BYTES:
            return None
        content, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
        if not hmac.compare_digest(mac, hmac.digest(self._continuations, content, hashlib.sha256)):
            return None
        fields = orjson.loads(content)
        expires_at = fields.pop("expires_at")
        identity = ProvenIdentity(**fields)
        if identity.provider != provider or expires_at < clock.now():
            return None
        return Continuation(identity, expires_at, hashlib.sha256(b"continuation " + raw).digest())

    def _state(self, raw: bytes, redirect_uri: str) -> State:
        nonce, verifier = (_encoded(hmac.digest(key, raw, hashlib.sha256)) for key in (self._nonces, self._verifiers))
        expires_at = int.from_bytes(raw[_RANDOM_BYTES : _RANDOM_BYTES + _TIME_BYTES])
        return State(_encoded(raw), redirect_uri, nonce, verifier, expires_at)

    def _mac(self, start: bytes, provider: str, redirect_uri: str) -> bytes:
        return hmac.digest(self._states, start + orjson.dumps([provider, redirect_uri]), hashlib.sha256)


def _encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(text: str) -> bytes | None:
    """None if it is not base64url, or not in its one spelling."""
    try:
        raw = b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    return raw if _encoded(raw) == text else None
