"""Signing keys: made once, sealed in the database, shared by all who have the secret."""

import asyncio

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.auth import models
from services.auth.actions import keys
from services.auth.tokens import Mint, RefreshTokens, Seal, SigningKey
from shared import ids
from shared.database.engine import Database
from shared.errors import Unavailable
from shared.security.verifier import RemoteKeys, Verifier

from .factories import SEAL, Time, rows


def mint_with(*signing: SigningKey) -> Mint:
    mint = Mint("shutter", "shutter", 600)
    mint.load(list(signing))
    return mint


def fresh(kid: str) -> SigningKey:
    return SigningKey(kid, Ed25519PrivateKey.generate(), 0)


def test_the_first_key_is_made_once_and_then_shared(database: Database) -> None:
    (first,) = database.write(keys.have_keys, SEAL)
    (again,) = database.write(keys.have_keys, SEAL)
    assert first.kid == again.kid
    assert first.private.private_bytes_raw() == again.private.private_bytes_raw()


def test_a_copy_of_the_database_holds_no_key_in_clear(database: Database) -> None:
    (key,) = database.write(keys.have_keys, SEAL)
    (row,) = rows(database, models.signing_keys)
    assert key.private.private_bytes_raw() not in row.sealed_private_key


def test_with_another_secret_a_key_of_its_own_is_made(database: Database, time: Time) -> None:
    (mine,) = database.write(keys.have_keys, SEAL)
    (other,) = database.write(keys.have_keys, Seal(b"t" * 32))
    assert mine.kid != other.kid
    assert [each.kid for each in database.write(keys.have_keys, SEAL)] == [mine.kid]


def test_a_sealed_key_that_was_tampered_with_is_not_opened() -> None:
    sealed = SEAL.close(Ed25519PrivateKey.generate())
    assert SEAL.open("kid", sealed, 0) is not None
    assert SEAL.open("kid", sealed[:-4] + b"AAAA", 0) is None


def test_the_newest_key_signs_and_all_are_published() -> None:
    mint = mint_with(fresh("old"), fresh("new"))
    assert jwt.get_unverified_header(mint.access_token(1, 2))["kid"] == "new"
    published = asyncio.run(mint.key_set())["keys"]
    assert [each["kid"] for each in published] == ["old", "new"]
    assert all(set(each) == {"kty", "crv", "x", "kid", "use", "alg"} for each in published), "no private part"


def test_what_is_minted_says_who_in_which_login_and_is_verified() -> None:
    mint = mint_with(fresh("key"))
    verifier = Verifier(RemoteKeys(mint.key_set), issuer="shutter", audience="shutter")
    subject, login = ids.new(), ids.new()
    identity = asyncio.run(verifier.verify(mint.access_token(subject, login)))
    assert (identity.subject, identity.login) == (subject, login)


def test_tokens_of_a_key_that_has_been_followed_by_another_stay_good() -> None:
    old = fresh("old")
    token = mint_with(old).access_token(1, 2)
    verifier = Verifier(RemoteKeys(mint_with(old, fresh("new")).key_set), issuer="shutter", audience="shutter")
    assert asyncio.run(verifier.verify(token)).subject == 1


def test_two_tokens_are_never_the_same() -> None:
    mint = mint_with(fresh("key"))
    assert mint.access_token(1, 2) != mint.access_token(1, 2)
    assert RefreshTokens(b"k").first(1) != RefreshTokens(b"k").first(1)


def test_before_keys_are_loaded_nothing_is_minted() -> None:
    mint = Mint("shutter", "shutter", 600)
    with pytest.raises(Unavailable):
        mint.check_ready()
    with pytest.raises(Unavailable):
        mint.access_token(1, 2)
    with pytest.raises(Unavailable):
        asyncio.run(mint.key_set())
