"""Identity tokens that no honest provider gives for this sign-in: each is refused, and nobody gets in."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import ECKey, OKPKey, RSAKey

from services.auth.app import NAME
from services.auth.settings import Settings
from shared.events.bus import Bus
from shared.testing import LiveService
from shared.testing.altered import altered
from shared.testing.api_client import expect_json, expect_problem
from shared.testing.backends import Embedded
from shared.testing.openid_provider import CLIENT_ID, CLIENT_SECRET, Lies, OpenIdProvider, encoded, openid_provider

from .conftest import settings_for
from .factories import Person
from .sign_ins import account, newcomer, serving, sign_in

Json = dict[str, Any]
Make = Callable[[OpenIdProvider, Json, Json], Any]
NOW = int(time.time())
DAY = 86_400
OTHER_KEY = RSAKey.generate_key(2048)
SHORT_KEY = rsa.generate_private_key(65_537, 1024)  # noqa: S505 - it is refused
EC_KEY, ED_KEY = ECKey.generate_key("P-256"), OKPKey.generate_key("Ed25519")


def part(value: Any) -> str:
    return encoded(value if isinstance(value, bytes) else json.dumps(value).encode())


def with_hmac(secret: bytes) -> Make:
    """As if the published key, or the secret of the client, were the secret of an HMAC."""

    def make(_: OpenIdProvider, header: Json, claims: Json) -> str:
        start = f"{part(header | {'alg': 'HS256'})}.{part(claims)}"
        return f"{start}.{encoded(hmac.digest(secret, start.encode(), hashlib.sha256))}"

    return make


def with_public_key(provider: OpenIdProvider, header: Json, claims: Json) -> str:
    pem = provider.key.public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return str(with_hmac(pem)(provider, header, claims))


def without_signature(algorithm: str) -> Make:
    return lambda _, header, claims: f"{part(header | {'alg': algorithm})}.{part(claims)}."


def none_with_signature(provider: OpenIdProvider, header: Json, claims: Json) -> str:
    return f"{part(header | {'alg': 'none'})}.{part(claims)}.{provider.sign(header, claims).rpartition('.')[2]}"


def changed(change: Callable[[str], Any]) -> Make:
    """An honest token that was changed on its way."""
    return lambda provider, header, claims: change(provider.sign(header, claims))


def other_claims(token: str) -> str:
    """With the signature of others."""
    head, body, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    return f"{head}.{part(claims | {'sub': 'subject-2'})}.{signature}"


def other_header(token: str) -> str:
    return part({"alg": "RS256"}) + token[token.index(".") :]


def with_embedded_key(provider: OpenIdProvider, header: Json, claims: Json) -> str:
    header = header | {"jwk": OTHER_KEY.as_dict(private=False)}
    start = f"{part({**header, 'alg': 'RS256'})}.{part(claims)}"
    signed = provider.sign({"alg": "RS256"}, claims, OTHER_KEY).rpartition(".")[2]
    return f"{start}.{signed}"


def raw(header: Any = None, claims: Any = None, key: rsa.RSAPrivateKey | None = None) -> Make:
    """With parts that are no honest JSON, signed correctly."""

    def make(provider: OpenIdProvider, good_header: Json, good_claims: Json) -> str:
        start = f"{part(good_header if header is None else header)}.{part(good_claims if claims is None else claims)}"
        signer = key or provider.key.private_key
        assert signer is not None
        signature = signer.sign(start.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{start}.{encoded(signature)}"

    return make


def claims(**said: Any) -> Lies:
    return Lies(claims=said)


def published(key: Any, **parameters: Any) -> Json:
    return {**key.as_dict(private=False), **parameters}


def short_key(kid: str) -> Json:
    numbers = SHORT_KEY.public_key().public_numbers()
    return {"kty": "RSA", "kid": kid, "e": "AQAB", "n": encoded(numbers.n.to_bytes(128))}


FORGERIES: dict[str, Lies] = {
    "another issuer": claims(iss="https://evil.example"),
    "issuer with a slash": claims(iss="http://127.0.0.1/"),
    "no issuer": claims(iss=None),
    "issuer in a list": claims(iss=["https://evil.example"]),
    "another audience": claims(aud="another client"),
    "no audience": claims(aud=None),
    "empty audience": claims(aud=[]),
    "several audiences": claims(aud=[CLIENT_ID, "another client"]),
    "audience as an object": claims(aud={CLIENT_ID: True}),
    "audience with a space": claims(aud=f"{CLIENT_ID} "),
    "another authorized party": claims(azp="another client"),
    "another nonce": claims(nonce="n" * 43),
    "no nonce": claims(nonce=None),
    "nonce in a list": claims(nonce=["n"]),
    "empty nonce": claims(nonce=""),
    "no subject": claims(sub=None),
    "empty subject": claims(sub=""),
    "subject as a number": claims(sub=5),
    "subject as an object": claims(sub={"a": 1}),
    "subject of 256 characters": claims(sub="s" * 256),
    "subject with a NUL": claims(sub="subject-1\x00"),
    "subject beyond ASCII": claims(sub="subject-１"),
    "expired": claims(exp=NOW - DAY),
    "no expiry": claims(exp=None),
    "expiry as a text": claims(exp=str(NOW + DAY)),
    "expiry as true": claims(exp=True),
    "no time of issue": claims(iat=None),
    "issued a day ago": claims(iat=NOW - DAY, exp=NOW + DAY),
    "issued tomorrow": claims(iat=NOW + DAY, exp=NOW + 2 * DAY),
    "not valid yet": claims(nbf=NOW + DAY),
    "for another access token": claims(at_hash="a" * 22),
    "access token's hash as a number": claims(at_hash=7),
    "algorithm none": Lies(token=without_signature("none")),
    "algorithm None": Lies(token=without_signature("None")),
    "algorithm NONE": Lies(token=without_signature("NONE")),
    "no algorithm": Lies(token=raw(header={"kid": "key-1"})),
    "algorithm none with a signature": Lies(token=none_with_signature),
    "HMAC with the public key": Lies(token=with_public_key),
    "HMAC with the secret of the client": Lies(token=with_hmac(CLIENT_SECRET.encode())),
    "HMAC with nothing": Lies(token=with_hmac(b"")),
    "no signature": Lies(token=without_signature("RS256")),
    "another key": Lies(key=OTHER_KEY),
    "unknown key id": Lies(header={"kid": "key-2"}),
    "another key and its id": Lies(key=OTHER_KEY, header={"kid": "key-2"}),
    "key id as a number": Lies(token=raw(header={"alg": "RS256", "kid": 1})),
    "key that it brings along": Lies(token=with_embedded_key),
    "address of its key": Lies(token=raw(header={"alg": "RS256", "kid": "key-1", "jku": "https://evil.example"})),
    "critical extension": Lies(token=raw(header={"alg": "RS256", "kid": "key-1", "crit": ["b64"], "b64": False})),
    "access token": Lies(header={"typ": "at+jwt"}),
    "logout token": Lies(header={"typ": "logout+jwt"}),
    "other claims than were signed": Lies(token=changed(other_claims)),
    "other header than was signed": Lies(token=changed(other_header)),
    "last characters changed": Lies(token=changed(lambda token: altered(token, -4))),
    "cut short": Lies(token=changed(lambda token: token[:-20])),
    "with padding": Lies(token=changed(lambda token: token + "==")),
    "four parts": Lies(token=changed(lambda token: token + ".a")),
    "five parts, as if encrypted": Lies(token=changed(lambda token: token + ".a.a")),
    "line break at the end": Lies(token=changed(lambda token: token + "\n")),
    "in a list": Lies(token=changed(lambda token: [token])),
    "empty": Lies(token=changed(lambda _: "")),
    "30,000 characters": Lies(token=changed(lambda token: token.replace(".", "." + "A" * 30_000, 1))),
    "claims that are a list": Lies(token=raw(claims=[1])),
    "claims that are no JSON": Lies(token=raw(claims=b"{")),
    "claims that are not UTF-8": Lies(token=raw(claims=b'{"sub": "\xff"}')),
    "claims that are a token": Lies(token=raw(claims=b"a.b.c")),
    "header that is a list": Lies(token=raw(header=[])),
    "header that is no JSON": Lies(token=raw(header=b"{")),
    "10,000 lists deep": Lies(token=raw(claims=b"[" * 10_000)),
    "no key is published": Lies(keys=[]),
}  # fmt: skip
"""What the provider does; everything else is honest."""
PUBLISHED: dict[str, Callable[[OpenIdProvider], Lies]] = {
    "key for encryption": lambda each: Lies(keys=[published(each.key, use="enc")]),
    "key for another algorithm": lambda each: Lies(keys=[published(each.key, alg="PS256")]),
    "key that only signs": lambda each: Lies(keys=[published(each.key, key_ops=["sign"])]),
    "two keys with one id": lambda each: Lies(keys=[published(each.key), published(OTHER_KEY, kid=each.kid)]),
    "private key": lambda each: Lies(keys=[each.key.as_dict(private=True)]),
    "RSA key of 1,024 bits": lambda each: Lies(keys=[short_key(each.kid)], token=raw(key=SHORT_KEY)),
    "symmetric key": lambda each: Lies(
        keys=[{"kty": "oct", "k": encoded(b"k" * 32), "kid": each.kid}], token=with_hmac(b"k" * 32)
    ),
    "elliptic key for RSA": lambda each: Lies(keys=[published(EC_KEY, kid=each.kid)]),
    "no key id, and two keys": lambda each: Lies(
        keys=[published(each.key), published(OTHER_KEY, kid="key-2")], header={"kid": None}
    ),
    "key that is no object": lambda _: Lies(keys=["key"]),  # type: ignore[list-item] # a provider may send anything
    "key without its parts": lambda each: Lies(keys=[{"kty": "RSA", "kid": each.kid}]),
}


@pytest.fixture(scope="module")
def provider() -> Iterator[OpenIdProvider]:
    with openid_provider() as running:
        yield running


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory, provider: OpenIdProvider) -> Iterator[LiveService]:
    folder = tmp_path_factory.mktemp("forged")
    backend = Embedded(folder)
    settings: Settings = settings_for(backend, folder)
    bus: Bus = backend.bus(NAME, {}, ())
    with serving(settings, bus, provider.setting()) as service:
        yield service


@pytest.fixture(scope="module")
def ada(standing: LiveService, provider: OpenIdProvider) -> Person:
    """Somebody who signs in with the provider; the forgeries are about them."""
    return newcomer(standing, provider)


@pytest.fixture
def lying(provider: OpenIdProvider, standing: LiveService) -> Iterator[OpenIdProvider]:
    """Honest again afterwards."""
    client = standing.app.state.dependencies.providers
    client._keys["test"].fetched_at = client._keys["test"].tried_at = float("-inf")
    yield provider
    provider.lies = Lies()
    client._keys["test"].fetched_at = client._keys["test"].tried_at = float("-inf")


def test_there_are_forty_kinds() -> None:
    assert len(FORGERIES) + len(PUBLISHED) >= 40


def test_honest_token_is_accepted(standing: LiveService, ada: Person, provider: OpenIdProvider) -> None:
    """Otherwise every forgery would be refused for the wrong reason."""
    assert account(standing, expect_json(sign_in(standing, provider), 200))["id"] == ada.id


@pytest.mark.parametrize("kind", FORGERIES)
def test_forged_token_is_refused(standing: LiveService, ada: Person, lying: OpenIdProvider, kind: str) -> None:
    lying.lies = FORGERIES[kind]
    expect_problem(sign_in(standing, lying), 401, "identity_refused")


@pytest.mark.parametrize("kind", PUBLISHED)
def test_key_that_does_not_suit_is_refused(
    standing: LiveService, ada: Person, lying: OpenIdProvider, kind: str
) -> None:
    lying.lies = PUBLISHED[kind](lying)
    expect_problem(sign_in(standing, lying), 401, "identity_refused")


HONEST: dict[str, Callable[[OpenIdProvider], Lies]] = {
    "audience in a list": lambda _: claims(aud=[CLIENT_ID], azp=CLIENT_ID),
    "without a hash of the access token": lambda _: claims(at_hash=None),
    "without a kind": lambda _: Lies(header={"typ": None}),
    "without a key id": lambda each: Lies(header={"kid": None}, keys=[published(each.key, kid=None)]),
    "fractions of seconds": lambda _: claims(iat=time.time()),
    "PS256": lambda each: Lies(
        header={"alg": "PS256"}, key=OTHER_KEY, keys=[published(OTHER_KEY, kid=each.kid, alg="PS256")]
    ),
    "ES256": lambda each: Lies(header={"alg": "ES256"}, key=EC_KEY, keys=[published(EC_KEY, kid=each.kid)]),
    "Ed25519": lambda each: Lies(
        header={"alg": "Ed25519"}, claims={"at_hash": None}, key=ED_KEY, keys=[published(ED_KEY, kid=each.kid)]
    ),
    "unknown claims": lambda _: claims(amr=["pwd"], address={"country": "KR"}),
    "another key beside it": lambda each: Lies(keys=[published(OTHER_KEY, kid="key-2"), published(each.key)]),
}


@pytest.mark.parametrize("kind", HONEST)
def test_other_honest_tokens_are_accepted(standing: LiveService, ada: Person, lying: OpenIdProvider, kind: str) -> None:
    lying.lies = HONEST[kind](lying)
    assert account(standing, expect_json(sign_in(standing, lying), 200))["id"] == ada.id
