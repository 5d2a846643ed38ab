"""Signing keys: created once, stored encrypted, shared by all processes with the secret."""

import asyncio

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.auth import models
from services.auth.actions import keys
from services.auth.tokens import KeyCipher, RefreshTokens, SigningKey, TokenIssuer
from shared import ids
from shared.database.engine import Database
from shared.errors import Unavailable
from shared.security.verifier import JwksClient, TokenVerifier

from .factories import CIPHER, Time, rows


def issuer_with(*signing: SigningKey) -> TokenIssuer:
    token_issuer = TokenIssuer("shutter", "shutter", 600)
    token_issuer.load(list(signing))
    return token_issuer


def fresh(kid: str) -> SigningKey:
    return SigningKey(kid, Ed25519PrivateKey.generate(), 0)


def test_first_key_is_created_once_and_shared(database: Database) -> None:
    (first,) = database.write(keys.load_or_create_keys, CIPHER)
    (again,) = database.write(keys.load_or_create_keys, CIPHER)
    assert first.kid == again.kid
    assert first.private.private_bytes_raw() == again.private.private_bytes_raw()


def test_private_keys_are_stored_encrypted(database: Database) -> None:
    (key,) = database.write(keys.load_or_create_keys, CIPHER)
    (row,) = rows(database, models.signing_keys)
    assert key.private.private_bytes_raw() not in row.sealed_private_key


def test_another_secret_creates_its_own_key(database: Database, time: Time) -> None:
    (mine,) = database.write(keys.load_or_create_keys, CIPHER)
    (other,) = database.write(keys.load_or_create_keys, KeyCipher(b"t" * 32))
    assert mine.kid != other.kid
    assert [each.kid for each in database.write(keys.load_or_create_keys, CIPHER)] == [mine.kid]


def test_modified_encrypted_key_is_refused() -> None:
    sealed = CIPHER.encrypt(Ed25519PrivateKey.generate())
    assert CIPHER.decrypt("kid", sealed, 0) is not None
    assert CIPHER.decrypt("kid", sealed[:-4] + b"AAAA", 0) is None


def test_newest_key_signs_and_all_keys_are_published() -> None:
    token_issuer = issuer_with(fresh("old"), fresh("new"))
    assert jwt.get_unverified_header(token_issuer.access_token(1, 2))["kid"] == "new"
    published = asyncio.run(token_issuer.key_set())["keys"]
    assert [each["kid"] for each in published] == ["old", "new"]
    assert all(set(each) == {"kty", "crv", "x", "kid", "use", "alg"} for each in published), "no private part"


def test_issued_token_contains_user_and_session_and_is_verified() -> None:
    token_issuer = issuer_with(fresh("key"))
    verifier = TokenVerifier(JwksClient(token_issuer.key_set), issuer="shutter", audience="shutter")
    subject, login = ids.new(), ids.new()
    identity = asyncio.run(verifier.verify(token_issuer.access_token(subject, login)))
    assert (identity.subject, identity.session_id) == (subject, login)


def test_tokens_of_the_previous_key_stay_valid() -> None:
    old = fresh("old")
    token = issuer_with(old).access_token(1, 2)
    verifier = TokenVerifier(JwksClient(issuer_with(old, fresh("new")).key_set), issuer="shutter", audience="shutter")
    assert asyncio.run(verifier.verify(token)).subject == 1


def test_tokens_are_unique() -> None:
    token_issuer = issuer_with(fresh("key"))
    assert token_issuer.access_token(1, 2) != token_issuer.access_token(1, 2)
    assert RefreshTokens(b"k").first(1) != RefreshTokens(b"k").first(1)


def test_no_token_is_issued_before_keys_are_loaded() -> None:
    token_issuer = TokenIssuer("shutter", "shutter", 600)
    with pytest.raises(Unavailable):
        token_issuer.check_ready()
    with pytest.raises(Unavailable):
        token_issuer.access_token(1, 2)
    with pytest.raises(Unavailable):
        asyncio.run(token_issuer.key_set())
