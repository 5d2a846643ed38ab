"""Forged access tokens: each differs from a valid one in one way."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from shared import ids


class _LeftOut:
    """Marks an omitted claim; its name in test ids is always the same."""

    def __repr__(self) -> str:
        return "left out"


LEFT_OUT = _LeftOut()
DAY = 86_400
"""Further ahead than any run of tests takes between making a forgery and showing it."""
NO_OBJECTS: list[Any] = [{}, [], "text", 5, None, b"", b"{", b"\xff\xfe", b"[" * 1_000, b'{"typ":' * 200]


class Forger:
    """Writes tokens byte by byte, including those that a library would refuse to write."""

    def __init__(self, key: Ed25519PrivateKey, kid: str) -> None:
        self.key = key
        self.kid = kid

    def token(self, header: dict[str, Any] | None = None, /, **claims: Any) -> str:
        """A valid token, except for the given fields."""
        return self.signed(self.good_header() | (header or {}), self.good_claims() | claims)

    def signed_by(self, key: Ed25519PrivateKey, header: dict[str, Any] | None = None) -> str:
        """A valid token, signed with another key."""
        return self.signed(self.good_header() | (header or {}), self.good_claims(), key)

    def good_header(self) -> dict[str, Any]:
        """As the issuer writes it."""
        return {"typ": "at+jwt", "alg": "EdDSA", "kid": self.kid}

    def good_claims(self) -> dict[str, Any]:
        """As the issuer writes them."""
        now = int(time.time())
        return {
            "iss": "shutter",
            "aud": "shutter",
            "sub": ids.encode(7),
            "sid": ids.encode(8),
            "jti": ids.encode(9),
            "iat": now,
            "exp": now + 600,
        }

    def signed(self, header: Any, claims: Any, key: Ed25519PrivateKey | None = None) -> str:
        """A signed token with any header and any claims."""
        plain = f"{part(header)}.{part(claims)}"
        return f"{plain}.{encoded((key or self.key).sign(plain.encode()))}"

    def with_hmac(self, alg: str, secret: bytes) -> str:
        """A token signed by HMAC with the public key as shared secret."""
        plain = f"{part(self.good_header() | {'alg': alg})}.{part(self.good_claims())}"
        return f"{plain}.{encoded(hmac.digest(secret, plain.encode(), hashlib.sha256))}"

    def public(self) -> bytes:
        """The public key as a JWK."""
        return self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def public_pem(self) -> bytes:
        """The public key in PEM."""
        return self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def part(value: Any) -> str:
    """One part of a token; bytes are used unchanged."""
    if isinstance(value, dict):
        value = {name: each for name, each in value.items() if each is not LEFT_OUT}
    return encoded(value if isinstance(value, bytes) else json.dumps(value).encode())


def forgeries(forger: Forger) -> Iterator[tuple[str, str]]:
    """Every known forgery, with a description."""
    yield from _headers(forger)
    yield from _claims(forger)
    yield from _signatures(forger)
    yield from _texts(forger)


def _headers(forger: Forger) -> Iterator[tuple[str, str]]:
    foreign_key = Ed25519PrivateKey.generate()
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": encoded(Forger(foreign_key, "x").public())}
    changes: dict[str, dict[str, Any]] = {
        "jwk of the forger": {"jwk": jwk},
        "jku": {"jku": "https://forger.example/jwks.json"},
        "x5u": {"x5u": "https://forger.example/key.pem"},
        "x5c": {"x5c": ["MIIB"]},
        "x5t": {"x5t": "AAAA"},
        "crit": {"crit": ["exp"]},
        "unencoded payload": {"b64": False, "crit": ["b64"]},
        "compressed": {"zip": "DEF"},
        "cty": {"cty": "JWT"},
        "unknown field": {"foo": "bar"},
    }
    for name, change in changes.items():
        yield name, forger.signed_by(foreign_key, change)
        yield f"{name}, well signed", forger.token(change)
    for name in ("typ", "alg", "kid"):
        values: list[Any] = [LEFT_OUT, None, "", 5, [], {}, True]
        for value in values:
            yield f"header {name} {value!r}", forger.token({name: value})
    for typ in ("JWT", "jwt", "AT+JWT", "application/at+jwt", "service+jwt", "at+jwt "):
        yield f"typ {typ}", forger.token({"typ": typ})
    for alg in ("none", "None", "nOnE", "HS256", "RS256", "ES256", "eddsa", "Ed25519", "EdDSA "):
        yield f"alg {alg}", forger.token({"alg": alg})
    for kid in ("unknown", "../../key", "/dev/null", "' OR 1=1 --", "\u0000", "http://forger.example", "x" * 500):
        yield f"kid {kid[:10]!r}", forger.token({"kid": kid})
    for number, header in enumerate(NO_OBJECTS):
        yield f"a header that is none, {number}", forger.signed(header, forger.good_claims())


def _claims(forger: Forger) -> Iterator[tuple[str, str]]:
    now = int(time.time())
    wrong: list[Any] = [LEFT_OUT, None, "", [], {}, True, 1.5, [[]]]
    for name in ("iss", "aud", "sub", "sid", "jti", "iat", "exp"):
        for value in wrong:
            yield f"claim {name} {value!r}", forger.token(**{name: value})
    for name in ("iss", "aud", "sub", "sid", "jti"):
        yield f"claim {name} as a number", forger.token(**{name: 5})
    yield "aud is a list with ours in it", forger.token(aud=["shutter", "other"])
    yield "aud is a list of ours", forger.token(aud=["shutter"])
    yield "aud of another", forger.token(aud="other")
    yield "iss is a list", forger.token(iss=["shutter"])
    yield "iss of another", forger.token(iss="https://shutter.example")
    yield "expired", forger.token(iat=now - 700, exp=now - 100)
    yield "expired just beyond the leeway", forger.token(iat=now - 600, exp=now - 11)
    yield "expires long ago", forger.token(iat=-600, exp=0)
    yield "expires in the year 30,000", forger.token(exp=884_541_340_800)
    yield "expires in infinity", forger.token(exp=float("inf"))
    yield "expires never", forger.token(exp=float("nan"))
    yield "expires as text", forger.token(exp=str(now + 600))
    yield "expires in a day", forger.token(exp=now + 86_400)
    yield "expires before it was issued", forger.token(iat=now + 5, exp=now + 1)
    yield "issued in the future", forger.token(iat=now + DAY, exp=now + DAY + 600)
    yield "issued as text", forger.token(iat=str(now))
    yield "not yet valid", forger.token(nbf=now + DAY)
    yield "not before as text", forger.token(nbf="soon")
    yield "numbers beyond all measure", forger.token(iat=10**400, exp=10**400 + 600)
    for name in ("sub", "sid"):
        for value in ("7", "8000000000000000", "000000000000000G", "0000000000000007\n", "٠" * 16, "0" * 17):
            yield f"{name} {value!r}", forger.token(**{name: value})
    for number, claims in enumerate(NO_OBJECTS):
        yield f"claims that are none, {number}", forger.signed(forger.good_header(), claims)


def _signatures(forger: Forger) -> Iterator[tuple[str, str]]:
    good = forger.token()
    plain, _, signature = good.rpartition(".")
    other_claims = part(forger.good_claims() | {"sub": ids.encode(1)})
    yield "another's key", forger.signed_by(Ed25519PrivateKey.generate())
    yield "no signature", f"{plain}."
    yield "no signature, alg none", f"{part(forger.good_header() | {'alg': 'none'})}.{part(forger.good_claims())}."
    yield "a signature of zeros", f"{plain}.{encoded(bytes(64))}"
    yield "a short signature", f"{plain}.{signature[:-4]}"
    yield "a long signature", f"{plain}.{signature}AAAA"
    yield "noise in the signature", f"{plain}.{signature[:5]}!!!!{signature[5:]}"
    for number, letter in enumerate(sorted(set("ABQRghwx09_-") - {signature[-1]})):
        yield f"another last letter, {number}", f"{plain}.{signature[:-1]}{letter}"
    yield "the signature of other claims", f"{part(forger.good_header())}.{other_claims}.{signature}"
    yield "the public key as a secret", forger.with_hmac("HS256", forger.public())
    yield "the public key's text as a secret", forger.with_hmac("HS256", forger.public_pem())
    yield "an empty secret", forger.with_hmac("HS256", b"")
    yield "HMAC called EdDSA", forger.with_hmac("EdDSA", forger.public())


def _texts(forger: Forger) -> Iterator[tuple[str, str]]:
    good = forger.token()
    head, claims, signature = good.split(".")
    yield "nothing", ""
    yield "one dot", "."
    yield "two dots", ".."
    yield "three dots", "..."
    yield "two parts", f"{head}.{claims}"
    yield "four parts", f"{good}.{signature}"
    yield "five parts, as if encrypted", f"{good}.a.b"
    yield "cut", good[:-1]
    yield "cut in half", good[: len(good) // 2]
    yield "doubled", good + good
    yield "padded", f"{head}.{claims}.{signature}=="
    yield "a space in it", f"{head}. {claims}.{signature}"
    yield "a line break behind", f"{good}\n{{"
    yield "not ASCII", f"{head}.{claims}.ü{signature[1:]}"
    yield "another script", "토큰.토큰.토큰"
    yield "a lone surrogate", f"{head}.{claims}.\ud800"
    yield "NUL", f"{head}.{claims}.\x00"
    yield "not base64", f"{head}.{claims}.!!!!"
    yield "huge", forger.token(sub="0" * 100_000)
    yield "a huge good one", forger.token(extra="x" * 2_000)
    yield "in quotes", f'"{good}"'
    yield "with its scheme", f"Bearer {good}"
