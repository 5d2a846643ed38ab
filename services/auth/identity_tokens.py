"""Verification of a provider's identity tokens (OpenID Connect Core 1.0, section 3.1.3.7) with joserfc."""

import hashlib
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson

from shared import clock

MAX_TOKEN_LENGTH = 16_384
MAX_SUBJECT_LENGTH = 255
MAX_TEXT_LENGTH = 254
"""Characters of an email or a name; a longer one is not read."""
MAX_AGE_SECONDS = 600
"""Of a token when it arrives: it was issued for a code that was used a moment ago."""
LEEWAY_SECONDS = 60
MIN_RSA_BITS = 2048
KEY_TYPES = {
    "RS256": "RSA", "RS384": "RSA", "RS512": "RSA", "PS256": "RSA", "PS384": "RSA", "PS512": "RSA",
    "ES256": "EC", "ES384": "EC", "ES512": "EC", "Ed25519": "OKP",
}  # fmt: skip
"""The accepted algorithms and their kinds of keys: none is symmetric, so no public key can be taken for a secret."""
_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "Ed25519": "Ed25519"}
_PRIVATE_PARTS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_KEY_FIELDS = frozenset({"kty", "n", "e", "crv", "x", "y"})
_REFUSED_HEADERS = frozenset({"crit", "b64", "zip", "jku", "jwk", "x5u", "x5c", "cty"})
"""Extensions, and keys that a token brings along."""
_WIRE_FORM = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


class InvalidIdentityToken(Exception):
    """The token is refused. The message says why, for the log; clients are not told."""


class UnknownKey(InvalidIdentityToken):
    """None of the keys has the id of the token's header: the provider may have a newer one."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token has to say."""

    issuer: str
    client_id: str
    nonce: str
    access_token: str | None = None
    """That came with it. A token with `at_hash` has to be for this one."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What an accepted token says about a person. `email` is None unless the provider has confirmed it."""

    subject: str
    email: str | None
    name: str | None


def verify(token: str, expected: Expected, keys: Sequence[Mapping[str, Any]]) -> Claims:
    """The claims of this token, signed with one of these keys (JWKs). Raises InvalidIdentityToken, UnknownKey."""
    if len(token) > MAX_TOKEN_LENGTH or not _WIRE_FORM.fullmatch(token):
        raise InvalidIdentityToken("not a signed token")
    with _refusing():
        header = _object(token.partition(".")[0])
        algorithm = _checked_algorithm(header)
        claims = _verified(token, algorithm, _key(header, algorithm, keys))
        _check_claims(claims, expected, algorithm)
        return Claims(claims["sub"], _confirmed_email(claims), _text(claims.get("name") or claims.get("nickname")))


def _verified(token: str, algorithm: str, jwk: Mapping[str, Any]) -> dict[str, Any]:
    from joserfc import jws  # noqa: PLC0415 - takes 0.3 s; a process where nobody signs in with a provider never needs it
    from joserfc.jwk import JWKRegistry  # noqa: PLC0415 - as above

    if KEY_TYPES[algorithm] == "RSA" and int.from_bytes(_decoded(jwk["n"])).bit_length() < MIN_RSA_BITS:
        raise InvalidIdentityToken("a key that is too short")
    key = JWKRegistry.import_key({name: value for name, value in jwk.items() if name in _KEY_FIELDS})
    signed = jws.deserialize_compact(token, key, algorithms=[algorithm])
    claims = orjson.loads(signed.payload)
    if not isinstance(claims, dict):
        raise InvalidIdentityToken("no object")
    return claims


def _checked_algorithm(header: Mapping[str, Any]) -> str:
    algorithm, kind = header.get("alg"), header.get("typ", "JWT")
    if algorithm not in KEY_TYPES:
        raise InvalidIdentityToken("an algorithm that is not accepted")
    if not isinstance(kind, str) or kind.upper() != "JWT":
        raise InvalidIdentityToken("another kind of token")
    if _REFUSED_HEADERS & header.keys():
        raise InvalidIdentityToken("a header that is not accepted")
    return str(algorithm)


def _key(header: Mapping[str, Any], algorithm: str, keys: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The one key that this header means. Without a key id it has to be the only one that suits."""
    kid = header.get("kid")
    if kid is not None and not isinstance(kid, str):
        raise InvalidIdentityToken("a key id that is no text")
    suitable = [each for each in keys if _suits(each, algorithm) and kid in (None, each.get("kid"))]
    if kid is not None and not any(each.get("kid") == kid for each in keys):
        raise UnknownKey("a key that the provider does not have")
    if len(suitable) != 1:
        raise InvalidIdentityToken("no key that suits, or several")
    return suitable[0]


def _suits(jwk: Mapping[str, Any], algorithm: str) -> bool:
    """Whether this key is a public one for signatures with this algorithm."""
    operations = jwk.get("key_ops")
    return (
        jwk.get("kty") == KEY_TYPES[algorithm]
        and jwk.get("use", "sig") == "sig"
        and (operations is None or (isinstance(operations, list) and "verify" in operations))
        and jwk.get("alg", algorithm) == algorithm
        and jwk.get("crv") == _CURVES.get(algorithm)
        and not _PRIVATE_PARTS & jwk.keys()
    )


def _check_claims(claims: Mapping[str, Any], expected: Expected, algorithm: str) -> None:
    if claims.get("iss") != expected.issuer:
        raise InvalidIdentityToken("of another issuer")
    audience = claims.get("aud")
    if audience not in (expected.client_id, [expected.client_id]):
        raise InvalidIdentityToken("for another client, or for several")
    if claims.get("azp", expected.client_id) != expected.client_id:
        raise InvalidIdentityToken("for another authorized party")
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), expected.nonce.encode()):
        raise InvalidIdentityToken("of another sign-in")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT_LENGTH or not subject.isascii():
        raise InvalidIdentityToken("without a subject")
    if not subject.isprintable():
        raise InvalidIdentityToken("a subject that is no text")
    _check_times(claims)
    _check_access_token(claims, expected, algorithm)


def _check_times(claims: Mapping[str, Any]) -> None:
    now = clock.now() / clock.SECOND
    expires, issued, valid_from = (_time(claims.get(name)) for name in ("exp", "iat", "nbf"))
    if expires is None or issued is None:
        raise InvalidIdentityToken("without times")
    if expires <= now - LEEWAY_SECONDS or issued < now - MAX_AGE_SECONDS:
        raise InvalidIdentityToken("expired, or issued long ago")
    if issued > now + LEEWAY_SECONDS or (valid_from is not None and valid_from > now + LEEWAY_SECONDS):
        raise InvalidIdentityToken("of the future")


def _time(value: Any) -> float | None:
    """Seconds since 1970; None if there are none. Raises InvalidIdentityToken for what is no number."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidIdentityToken("a time that is no number")
    return float(value)


def _check_access_token(claims: Mapping[str, Any], expected: Expected, algorithm: str) -> None:
    """Section 3.1.3.8: where there is an `at_hash`, it is the left half of the hash of the access token."""
    found = claims.get("at_hash")
    if found is None:
        return
    size = {"256": "sha256", "384": "sha384"}.get(algorithm[2:], "sha512")
    digest = hashlib.new(size, (expected.access_token or "").encode()).digest()
    half = urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=")
    if not isinstance(found, str) or not hmac.compare_digest(found.encode(), half):
        raise InvalidIdentityToken("for another access token")


def _confirmed_email(claims: Mapping[str, Any]) -> str | None:
    """Apple sends the text `true`."""
    email, is_confirmed = claims.get("email"), claims.get("email_verified")
    return _text(email) if is_confirmed is True or is_confirmed == "true" else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= MAX_TEXT_LENGTH else None


def _object(part: str) -> dict[str, Any]:
    value = orjson.loads(_decoded(part))
    if not isinstance(value, dict):
        raise InvalidIdentityToken("no object")
    return value


def _decoded(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


@contextmanager
def _refusing() -> Iterator[None]:
    """Whatever the parsers raise for a token that anybody may have made: it is invalid."""
    try:
        yield
    except InvalidIdentityToken:
        raise
    except Exception as problem:
        raise InvalidIdentityToken(f"{type(problem).__name__}: {problem}"[:200]) from problem
