"""Answers that no honest authenticator of the account gives: each is refused, and changes nothing."""

import json
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from webauthn.helpers import encode_cbor

from shared.testing import LiveService
from shared.testing.api_client import expect_json, expect_problem

from .authenticator import (
    EDDSA,
    ES256,
    RS256,
    USER_PRESENT,
    USER_VERIFIED,
    Authenticator,
    cose_key,
    decoded,
    encoded,
    new_key,
)
from .factories import Person, create_user
from .passkey_requests import begin, finish, list_passkeys, log_in, login_options, register

Answer = dict[str, Any]
Options = dict[str, Any]
Forgery = Callable[[Authenticator, Options], Answer]
P256_ORDER_POINT = {1: 2, 3: ES256, -1: 1, -2: b"\x01" * 32, -3: b"\x02" * 32}
"""Coordinates that are no point of the curve."""


def saying(**said: Any) -> Forgery:
    """Honest but for what it says here, and signed."""
    return lambda phone, options: phone.get(options, **said)


def changed(change: Callable[[Answer], Any]) -> Forgery:
    """An honest answer that was changed on its way."""

    def forge(phone: Authenticator, options: Options) -> Answer:
        answer = phone.get(options)
        change(answer)
        return answer

    return forge


def flipped(name: str) -> Forgery:
    """With another last bit in this part."""

    def change(answer: Answer) -> None:
        raw = bytearray(decoded(answer["response"][name]))
        raw[-1] ^= 1
        answer["response"][name] = encoded(bytes(raw))

    return changed(change)


def client_data_changed(phone: Authenticator, options: Options) -> Answer:
    """Another origin was signed than the one that is sent."""
    honest = json.dumps({"type": "webauthn.get", "challenge": options["challenge"], "origin": phone.origin})
    return phone.get(options, sent_client_data=honest.encode(), claims={"origin": "https://evil.example"})


def of_another_key(phone: Authenticator, options: Options) -> Answer:
    return Authenticator(credential_id=phone.credential_id, user_handle=phone.user_handle).get(options)


def other_algorithm(phone: Authenticator, options: Options) -> Answer:
    """The registered key is of ES256; this one signs with RSA or Ed25519."""
    other = Authenticator(algorithm=RS256, credential_id=phone.credential_id, user_handle=phone.user_handle)
    return other.get(options)


def public_key_as_secret(phone: Authenticator, options: Options) -> Answer:
    """As with tokens whose public key is taken for the secret of an HMAC."""
    return phone.get(options, signature=cose_key(new_key(), ES256)[:32])


def nested_cbor(phone: Authenticator, options: Options) -> Answer:
    """An extension of 2,000 lists in one another."""
    start = decoded(phone.get(options)["response"]["authenticatorData"])
    return phone.get(options, data=start[:32] + b"\x85" + start[33:] + b"\x81" * 2000 + b"\x00")


FORGERIES: dict[str, Forgery] = {
    "other origin": saying(claims={"origin": "https://evil.example"}),
    "origin with another port": saying(claims={"origin": "http://localhost:8081"}),
    "origin with another scheme": saying(claims={"origin": "https://localhost:8080"}),
    "origin with a slash": saying(claims={"origin": "http://localhost:8080/"}),
    "subdomain as origin": saying(claims={"origin": "http://a.localhost:8080"}),
    "no origin": saying(claims={"origin": None}),
    "made in a frame of another site": saying(claims={"crossOrigin": True}),
    "other relying party": saying(rp_id="evil.example"),
    "relying party of a subdomain": saying(rp_id="a.localhost"),
    "type of a registration": saying(claims={"type": "webauthn.create"}),
    "unknown type": saying(claims={"type": "payment.get"}),
    "own challenge": saying(claims={"challenge": encoded(b"c" * 32)}),
    "own challenge of the same length": saying(claims={"challenge": encoded(b"c" * 56)}),
    "empty challenge": saying(claims={"challenge": ""}),
    "challenge that is a number": saying(claims={"challenge": 7}),
    "no challenge": saying(client_data=b'{"type": "webauthn.get", "origin": "http://localhost:8080"}'),
    "client data is a list": saying(client_data=b"[]"),
    "client data is no JSON": saying(client_data=b"{"),
    "client data is not UTF-8": saying(client_data=b"\xff\xfe"),
    "user not verified": saying(flags=USER_PRESENT),
    "user not present": saying(flags=USER_VERIFIED),
    "no flags": saying(flags=0),
    "backed up but not eligible": saying(flags=USER_PRESENT | USER_VERIFIED | 0x10),
    "credential data announced but missing": saying(flags=USER_PRESENT | USER_VERIFIED | 0x40),
    "extensions announced but missing": saying(flags=USER_PRESENT | USER_VERIFIED | 0x80),
    "authenticator data cut short": saying(data=b"short"),
    "bytes left over": lambda phone, options: phone.get(
        options, data=decoded(phone.get(options)["response"]["authenticatorData"]) + b"\x00"
    ),
    "deeply nested extension": nested_cbor,
    "user handle of another account": saying(user_handle=b"0037a52d5f400001"),
    "changed signature": flipped("signature"),
    "changed authenticator data": flipped("authenticatorData"),
    "changed client data": client_data_changed,
    "signature of another key": of_another_key,
    "signature of another algorithm": other_algorithm,
    "public key as a signature": public_key_as_secret,
    "signature of one byte": saying(signature=b"\x00"),
    "signature with zero as both numbers": saying(signature=bytes.fromhex("3006020100020100")),
    "unknown credential": changed(lambda answer: answer.update(id=encoded(b"n" * 32))),
    "credential id that is no base64url": changed(lambda answer: answer.update(id="a")),
}


_numbers = count()


@pytest.fixture
def ada(standing: LiveService) -> Person:
    """A new user of the instance that serves this file."""
    return create_user(standing, f"ada{next(_numbers)}")


@pytest.fixture
def eve(standing: LiveService) -> Person:
    """Another one."""
    return create_user(standing, f"eve{next(_numbers)}")


@pytest.fixture
def phone(standing: LiveService, ada: Person) -> Authenticator:
    """A registered one of the user."""
    return register(standing, ada)[0]


@pytest.mark.parametrize("kind", FORGERIES)
def test_forged_answer_does_not_log_in(standing: LiveService, ada: Person, kind: str) -> None:
    phone, _ = register(standing, ada)
    answer = FORGERIES[kind](phone, login_options(standing))
    expect_problem(log_in(standing, answer), 401, "invalid_passkey")
    assert log_in(standing, phone.get(login_options(standing))).status_code == 200


def test_answer_of_another_persons_passkey_does_not_log_in(standing: LiveService, ada: Person, eve: Person) -> None:
    register(standing, ada)
    theirs, _ = register(standing, eve)
    expect_problem(
        log_in(standing, theirs.get(login_options(standing), user_handle=ada.id.encode())), 401, "invalid_passkey"
    )


def test_replayed_answer_is_refused(standing: LiveService, ada: Person) -> None:
    phone, _ = register(standing, ada)
    answer = phone.get(login_options(standing))
    assert log_in(standing, answer).status_code == 200
    expect_problem(log_in(standing, answer), 401, "invalid_passkey")


def test_challenge_is_refused_for_another_purpose(standing: LiveService, ada: Person, eve: Person) -> None:
    phone, _ = register(standing, ada)
    registration = expect_json(begin(standing, ada), 200)
    expect_problem(log_in(standing, phone.get({**registration, "rpId": "localhost"})), 401, "invalid_passkey")
    login = {**registration, "challenge": login_options(standing)["challenge"]}
    expect_problem(finish(standing, ada, Authenticator().create(login)), 422, "invalid_passkey", "/passkey")
    theirs = expect_json(begin(standing, eve), 200)
    expect_problem(finish(standing, ada, Authenticator().create(theirs)), 422, "invalid_passkey", "/passkey")


@pytest.mark.parametrize("counter", [0, 1, 4, 5])
def test_counter_that_has_not_grown_is_refused(standing: LiveService, ada: Person, counter: int) -> None:
    key, _ = register(standing, ada, Authenticator(counts=True))
    assert log_in(standing, key.get(login_options(standing), counter=5)).status_code == 200
    expect_problem(log_in(standing, key.get(login_options(standing), counter=counter)), 401, "invalid_passkey")
    assert log_in(standing, key.get(login_options(standing), counter=6)).status_code == 200


def test_two_answers_with_one_counter_log_in_once(standing: LiveService, ada: Person) -> None:
    key, _ = register(standing, ada, Authenticator(counts=True))
    first, copy = (key.get(login_options(standing), counter=9) for _ in range(2))
    assert log_in(standing, first).status_code == 200
    expect_problem(log_in(standing, copy), 401, "invalid_passkey")


def creating(**said: Any) -> Forgery:
    return lambda phone, options: phone.create(options, **said)


def self_attested(phone: Authenticator, options: Options) -> Answer:
    """A packed statement whose signature is of nothing."""
    return phone.create(options, format="packed", statement={"alg": ES256, "sig": b"\x00" * 70})


REGISTRATIONS: dict[str, Forgery] = {
    "other origin": creating(claims={"origin": "https://evil.example"}),
    "other relying party": creating(rp_id="evil.example"),
    "type of a login": creating(claims={"type": "webauthn.get"}),
    "own challenge": creating(claims={"challenge": encoded(b"c" * 56)}),
    "made in a frame of another site": creating(claims={"crossOrigin": True}),
    "user not verified": creating(flags=USER_PRESENT),
    "user not present": creating(flags=USER_VERIFIED),
    "attestation with a certificate": creating(
        format="packed", statement={"alg": ES256, "sig": b"s", "x5c": [b"certificate"]}
    ),
    "wrong self attestation": self_attested,
    "attestation of a TPM": creating(format="tpm", statement={}),
    "unknown attestation": creating(format="own", statement={}),
    "statement without a format": creating(statement={"sig": b"s"}),
    "no CBOR": creating(attestation=b"\xff\xff"),
    "CBOR that is a list": creating(attestation=encode_cbor([1, 2])),
    "deeply nested CBOR": creating(attestation=b"\x81" * 6000 + b"\x00"),
    "a list of 2^60 items": creating(attestation=b"\x9b" + b"\x10" + b"\x00" * 7),
    "unknown algorithm": creating(public_key=encode_cbor({1: 2, 3: -999, -1: 1, -2: b"x" * 32, -3: b"y" * 32})),
    "symmetric key": creating(public_key=encode_cbor({1: 4, 3: 5, -1: b"k" * 32})),
    "no algorithm": creating(public_key=encode_cbor({1: 2, -1: 1, -2: b"x" * 32, -3: b"y" * 32})),
    "elliptic key for RSA": creating(public_key=cose_key(new_key(), RS256)),
    "elliptic key for Ed25519": creating(public_key=cose_key(new_key(), EDDSA)),
    "another curve": creating(public_key=cose_key(ec.generate_private_key(ec.SECP384R1()), ES256)),
    "no point of the curve": creating(public_key=encode_cbor(P256_ORDER_POINT)),
    "RSA key of 1024 bits": creating(public_key=cose_key(rsa.generate_private_key(65_537, 1024), RS256)),  # noqa: S505 - it is refused
    "RSA key of 40,000 bits": creating(
        public_key=encode_cbor({1: 3, 3: RS256, -1: b"\xff" * 5000, -2: b"\x01\x00\x01"})
    ),
    "bytes left over": creating(leftover=b"\x00"),
    "empty credential id": creating(credential_id=b""),
    "credential id of 1,024 bytes": creating(credential_id=b"i" * 1024),
}


@pytest.mark.parametrize("kind", REGISTRATIONS)
def test_forged_registration_is_refused(standing: LiveService, ada: Person, kind: str) -> None:
    answer = REGISTRATIONS[kind](Authenticator(), expect_json(begin(standing, ada), 200))
    expect_problem(finish(standing, ada, answer), 422, "invalid_passkey", "/passkey")
    assert list_passkeys(standing, ada) == []


def test_self_attestation_is_accepted(standing: LiveService, ada: Person) -> None:
    """What a browser leaves of an authenticator that attests its own key, although none was asked for."""
    phone = Authenticator()
    options = expect_json(begin(standing, ada), 200)
    plain = phone.create(options)
    signature = phone.attest(plain)
    answer = phone.create(options, format="packed", statement={"alg": ES256, "sig": signature})
    assert finish(standing, ada, answer).status_code == 201


SHAPES: dict[str, Callable[[Answer], Any]] = {
    "no id": lambda answer: answer.pop("id"),
    "id is a number": lambda answer: answer.update(id=7),
    "id of 2,000 characters": lambda answer: answer.update(id="a" * 2000),
    "other type": lambda answer: answer.update(type="password"),
    "no response": lambda answer: answer.pop("response"),
    "response is a list": lambda answer: answer.update(response=[]),
    "no signature": lambda answer: answer["response"].pop("signature"),
    "signature with padding": lambda answer: answer["response"].update(signature="YQ=="),
    "signature of 2,000 characters": lambda answer: answer["response"].update(signature="a" * 2000),
    "no client data": lambda answer: answer["response"].pop("clientDataJSON"),
    "empty client data": lambda answer: answer["response"].update(clientDataJSON=""),
    "client data of 5,000 characters": lambda answer: answer["response"].update(clientDataJSON="a" * 5000),
    "no authenticator data": lambda answer: answer["response"].pop("authenticatorData"),
    "user handle is an object": lambda answer: answer["response"].update(userHandle={}),
}


@pytest.mark.parametrize("kind", SHAPES)
def test_answer_of_another_shape_is_invalid(standing: LiveService, phone: Authenticator, kind: str) -> None:
    answer = phone.get(login_options(standing))
    SHAPES[kind](answer)
    expect_problem(log_in(standing, answer), 422, "validation_failed")


def test_what_browsers_send_beyond_is_not_read(standing: LiveService, phone: Authenticator) -> None:
    answer = phone.get(login_options(standing))
    answer |= {"clientExtensionResults": {"credProps": {"rk": True}}, "future": [1, 2], "rawId": "other"}
    answer["response"] |= {"attestationObject": None, "publicKeyAlgorithm": -7}
    assert log_in(standing, answer).status_code == 200


def test_user_handle_is_optional(standing: LiveService, phone: Authenticator) -> None:
    assert log_in(standing, phone.get(login_options(standing), user_handle=None)).status_code == 200
