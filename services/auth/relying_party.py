"""The relying party of WebAuthn (https://www.w3.org/TR/webauthn-3/): challenges, options, answers of authenticators.

A challenge is signed and not stored: it contains when it expires, and its signature covers what it is for. A used one
is stored until it expires (`actions/passkeys.py`). So requests for challenges, which need no login, write nothing.
"""

import hashlib
import hmac
import secrets
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import orjson

from shared import clock, ids

PASSKEYS = "passkeys"
"""The purpose of the key that signs challenges."""
NAME = "Shutter"
"""The name that an authenticator shows."""
CHALLENGE_MS = 5 * clock.MINUTE
MAX_CREDENTIAL_ID_LENGTH = 1023
MAX_PUBLIC_KEY_LENGTH = 1024
"""Bytes. An RSA key of 4096 bits in COSE has 0.6 kB."""
MIN_RSA_BITS = 2048
EDDSA, ES256, RS256 = -8, -7, -257
"""COSE algorithms. Every authenticator has one of these; Windows Hello may have only the last."""
ALGORITHMS = (EDDSA, ES256, RS256)
_NONCE_LENGTH = 16
_TIME_LENGTH = 8
_MAC_LENGTH = 32


class Purpose(StrEnum):
    """What a challenge may be used for."""

    LOGIN = "login"
    REGISTRATION = "registration"
    REAUTHENTICATION = "reauthentication"


@dataclass(frozen=True, slots=True)
class Binding:
    """What a challenge is for. Only at a login is the account not known yet."""

    purpose: Purpose
    account_id: int = 0
    session_id: int = 0


LOGIN = Binding(Purpose.LOGIN)


@dataclass(frozen=True, slots=True)
class Challenge:
    """The challenge of an answer, and when it expires (ms since 1970)."""

    value: bytes
    expires_at: int


@dataclass(frozen=True, slots=True)
class Registered:
    """A new credential; `public_key` is in COSE."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    challenge: Challenge


@dataclass(frozen=True, slots=True)
class Asserted:
    """A verified answer of a credential. Its counter is 0 where the authenticator does not count."""

    sign_count: int
    challenge: Challenge


class InvalidPasskey(Exception):
    """The answer of an authenticator is refused. The message says why, for the log; clients are not told."""


class RelyingParty:
    """Makes options and verifies answers, both in the JSON of WebAuthn (section 5.1), whose shape answers have."""

    def __init__(self, origin: str, key: bytes) -> None:
        self._origin = origin
        self._id = urlsplit(origin).hostname or ""
        self._key = key

    def registration_options(
        self, binding: Binding, nickname: str, name: str, registered: Sequence[bytes]
    ) -> dict[str, Any]:
        """What `navigator.credentials.create` gets. An authenticator with a registered credential makes no other."""
        return {
            "rp": {"id": self._id, "name": NAME},
            "user": {"id": _encoded(user_handle(binding.account_id)), "name": nickname, "displayName": name},
            "challenge": _encoded(self.challenge(binding)),
            "pubKeyCredParams": [{"type": "public-key", "alg": each} for each in ALGORITHMS],
            "timeout": CHALLENGE_MS,
            "excludeCredentials": _descriptors(registered),
            "authenticatorSelection": {
                "residentKey": "required",
                "requireResidentKey": True,
                "userVerification": "required",
            },
            "attestation": "none",
        }

    def request_options(self, binding: Binding, allowed: Sequence[bytes] = ()) -> dict[str, Any]:
        """What `navigator.credentials.get` gets. Without `allowed`, the user chooses among all that they have here."""
        return {
            "challenge": _encoded(self.challenge(binding)),
            "timeout": CHALLENGE_MS,
            "rpId": self._id,
            "allowCredentials": _descriptors(allowed),
            "userVerification": "required",
        }

    def challenge(self, binding: Binding) -> bytes:
        """A new one for this purpose: 128 random bits, when it expires, and the signature."""
        start = secrets.token_bytes(_NONCE_LENGTH) + (clock.now() + CHALLENGE_MS).to_bytes(_TIME_LENGTH, "big")
        return start + self._mac(start, binding)

    def verify_registration(self, answer: Mapping[str, Any], binding: Binding) -> Registered:
        """The new credential. Raises InvalidPasskey."""
        library = load()
        with _refusing():
            challenge = self._challenge_of(answer, binding)
            attestation = library.helpers.parse_attestation_object(_decoded(answer["response"]["attestationObject"]))
            # "none" was asked for; a self attestation passes that (section 5.4.7). Others would only be a risk.
            if attestation.fmt not in ("none", "packed") or attestation.att_stmt.x5c:
                raise InvalidPasskey("an attestation")
            verified = library.verify_registration_response(
                credential=dict(answer),
                expected_challenge=challenge.value,
                expected_rp_id=self._id,
                expected_origin=self._origin,
                require_user_verification=True,
                supported_pub_key_algs=list(ALGORITHMS),
            )
            _check_key(library, verified.credential_public_key)
        if len(verified.credential_id) > MAX_CREDENTIAL_ID_LENGTH:
            raise InvalidPasskey("a credential id that is too long")
        return Registered(verified.credential_id, verified.credential_public_key, verified.sign_count, challenge)

    def verify_assertion(
        self, answer: Mapping[str, Any], binding: Binding, account_id: int, public_key: bytes, sign_count: int
    ) -> Asserted:
        """That this key has signed it, for this account. Raises InvalidPasskey, also if its counter has not grown."""
        library = load()
        with _refusing():
            challenge = self._challenge_of(answer, binding)
            handle = answer["response"].get("userHandle")
            if handle is not None and _decoded(handle) != user_handle(account_id):
                raise InvalidPasskey("the user handle of another account")
            verified = library.verify_authentication_response(
                credential=dict(answer),
                expected_challenge=challenge.value,
                expected_rp_id=self._id,
                expected_origin=self._origin,
                credential_public_key=public_key,
                credential_current_sign_count=sign_count,
                require_user_verification=True,
            )
        return Asserted(verified.new_sign_count, challenge)

    def _challenge_of(self, answer: Mapping[str, Any], binding: Binding) -> Challenge:
        """The challenge that this answer contains, if we made it for this and it has not expired."""
        client_data = orjson.loads(_decoded(answer["response"]["clientDataJSON"]))
        if client_data.get("crossOrigin", False) is not False:
            raise InvalidPasskey("made in a frame of another site")
        value = _decoded(client_data["challenge"])
        start, mac = value[: _NONCE_LENGTH + _TIME_LENGTH], value[_NONCE_LENGTH + _TIME_LENGTH :]
        if not hmac.compare_digest(mac, self._mac(start, binding)):
            raise InvalidPasskey("a challenge for something else")
        expires_at = int.from_bytes(start[_NONCE_LENGTH:], "big")
        if expires_at < clock.now():
            raise InvalidPasskey("a challenge that has expired")
        return Challenge(value, expires_at)

    def _mac(self, start: bytes, binding: Binding) -> bytes:
        about = f"{binding.purpose} {binding.account_id} {binding.session_id} ".encode()
        return hmac.digest(self._key, about + start, hashlib.sha256)


def load() -> Any:
    """Import the package `webauthn`. A process in which nobody uses a passkey never does."""
    import webauthn  # noqa: PLC0415 - takes 0.4 s and 11 MB
    import webauthn.helpers  # noqa: PLC0415 - as above

    return webauthn


def user_handle(account_id: int) -> bytes:
    """What an authenticator stores to name the account (section 14.6.1): its id, which is no personal data."""
    return ids.encode(account_id).encode()


def credential_id(answer: Mapping[str, Any]) -> bytes:
    """The credential that answers. Raises InvalidPasskey."""
    with _refusing():
        return _decoded(answer["id"])


def _check_key(library: Any, public_key: bytes) -> None:
    """Refuse a key that no signature could be verified with, or that is too large or too weak."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa  # noqa: PLC0415 - loaded with the library

    helpers = library.helpers
    decoded = helpers.decode_credential_public_key(public_key)
    key = helpers.decoded_public_key_to_cryptography(decoded)
    if len(public_key) > MAX_PUBLIC_KEY_LENGTH:
        raise InvalidPasskey("a public key that is too large")
    suits = {
        EDDSA: isinstance(key, ed25519.Ed25519PublicKey),
        ES256: isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1),
        RS256: isinstance(key, rsa.RSAPublicKey) and key.key_size >= MIN_RSA_BITS,
    }
    if not suits[decoded.alg]:
        raise InvalidPasskey("a public key that does not suit its algorithm")


@contextmanager
def _refusing() -> Iterator[None]:
    """Whatever the parsers of the library raise for bytes that anybody may have made: they are invalid."""
    try:
        yield
    except InvalidPasskey:
        raise
    except Exception as problem:
        raise InvalidPasskey(f"{type(problem).__name__}: {problem}"[:200]) from problem


def _descriptors(credential_ids: Sequence[bytes]) -> list[dict[str, str]]:
    return [{"type": "public-key", "id": _encoded(each)} for each in credential_ids]


def _encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
