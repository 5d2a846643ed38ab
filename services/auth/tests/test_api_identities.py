"""Linked identities: linking with a proof, unlinking, and accounts without a password."""

from collections.abc import Iterator

import pyotp
import pytest
from sqlalchemy import update

from services.auth import models, queries
from services.auth.actions.login_throttle import FREE_ATTEMPTS
from services.auth.second_factor_codes import STEP_MS
from services.auth.settings import Settings
from shared import clock, ids
from shared.database.engine import Database
from shared.events.bus import Bus
from shared.testing import LiveService
from shared.testing.api_client import expect_json, expect_problem
from shared.testing.openid_provider import OpenIdProvider, openid_provider

from .factories import PASSWORD, Person, Time, create_user, rows
from .passkey_requests import event_types, proof, register
from .sign_ins import account, continuation, finish, link, linked, newcomer, serving, sign_in, unlink

ME, TOTP, DELETION = "/api/v1/users/me", "/api/v1/users/me/totp", "/api/v1/users/me/deletion"


@pytest.fixture(scope="module")
def provider() -> Iterator[OpenIdProvider]:
    with openid_provider() as running:
        yield running


@pytest.fixture
def auth(settings: Settings, bus: Bus, provider: OpenIdProvider) -> Iterator[LiveService]:
    with serving(settings, bus, provider.setting()) as service:
        yield service


@pytest.fixture
def ada(auth: LiveService) -> Person:
    return create_user(auth)


def test_identity_is_linked_with_the_password(auth: LiveService, provider: OpenIdProvider, ada: Person) -> None:
    text = continuation(auth, provider, "link_required")
    expect_problem(link(auth, ada, text, current_password="wrong password"), 403, "wrong_password")
    assert linked(auth, ada) == []
    identity = expect_json(link(auth, ada, text), 200)
    assert (identity["provider"], identity["email"]) == ("test", "ada@example.org")
    assert expect_json(link(auth, ada, text), 200) == identity, "idempotent"
    assert linked(auth, ada) == [identity]
    assert account(auth, expect_json(sign_in(auth, provider), 200))["id"] == ada.id
    assert event_types(auth, ada).count("identity_linked") == 1


def test_identity_is_linked_with_a_passkey(auth: LiveService, provider: OpenIdProvider, ada: Person) -> None:
    phone, _ = register(auth, ada)
    text = continuation(auth, provider, "link_required")
    both = {"current_password": PASSWORD, **proof(auth, ada, phone)}
    expect_problem(link(auth, ada, text, **both), 422, "proof_required", "/current_password")
    expect_json(link(auth, ada, text, **proof(auth, ada, phone)), 200)


def test_identity_has_one_account_and_an_account_one_of_each_provider(
    auth: LiveService, provider: OpenIdProvider, ada: Person
) -> None:
    eve = create_user(auth, "eve")
    texts = [continuation(auth, provider, "link_required") for _ in range(2)]
    other = continuation(auth, provider, "link_required", sub="subject-2")
    expect_json(link(auth, ada, texts[0]), 200)
    expect_problem(link(auth, eve, texts[1]), 409, "identity_taken")
    expect_problem(link(auth, eve, texts[0]), 422, "invalid_continuation", "/continuation")
    expect_problem(link(auth, ada, other), 409, "provider_linked")
    expect_problem(link(auth, ada, "made up"), 422, "invalid_continuation", "/continuation")
    expect_problem(link(auth, ada, other, "nobody"), 404, "not_found")


def test_unlinking_is_idempotent_and_final(auth: LiveService, provider: OpenIdProvider, ada: Person) -> None:
    expect_json(link(auth, ada, continuation(auth, provider, "link_required")), 200)
    for _ in range(2):
        assert unlink(auth, ada).status_code == 204
    assert linked(auth, ada) == []
    expect_problem(sign_in(auth, provider), 409, "link_required")
    assert event_types(auth, ada).count("identity_unlinked") == 1


def test_last_way_in_cannot_be_removed(auth: LiveService, provider: OpenIdProvider, database: Database) -> None:
    ada = newcomer(auth, provider)
    expect_problem(unlink(auth, ada), 409, "last_credential")
    assert len(linked(auth, ada)) == 1
    other = {"id": 1, "provider": "gone", "digest": b"d" * 32, "subject": "s", "created_at": 0}
    row = {**other, "account_id": ids.parse(ada.id)}
    database.write(lambda tx: tx.execute(models.identities.insert().values(**row)))
    expect_problem(unlink(auth, ada), 409, "last_credential")
    hashed = create_user(auth, "eve")
    found = database.read(queries.account_by_nickname, "eve")
    assert found is not None and hashed.id != ada.id
    accounts = models.accounts
    this = update(accounts).where(accounts.c.nickname == "ada").values(password_hash=found.password_hash)
    database.write(lambda tx: tx.execute(this))
    assert unlink(auth, ada).status_code == 204


def test_without_a_password_nothing_that_needs_one_can_be_done(auth: LiveService, provider: OpenIdProvider) -> None:
    ada = newcomer(auth, provider)
    for password in ("!", "the password of no account", PASSWORD):
        body = {"current_password": password}
        for method, path in (("POST", TOTP), ("DELETE", TOTP), ("POST", DELETION), ("PATCH", ME)):
            expect_problem(auth.client.request(method, path, json=body, headers=ada.bearer), 403, "no_password")
    assert account(auth, ada.tokens)["has_password"] is False


def test_withdrawal_deletes_identities(
    auth: LiveService, provider: OpenIdProvider, ada: Person, database: Database
) -> None:
    expect_json(link(auth, ada, continuation(auth, provider, "link_required")), 200)
    assert queries_own_data(database, ada)["identities"] == linked(auth, ada)
    body = {"current_password": PASSWORD}
    assert auth.client.post(DELETION, json=body, headers=ada.bearer).status_code == 202
    assert rows(database, models.identities) == []
    expect_problem(sign_in(auth, provider), 409, "sign_up_required")


def queries_own_data(database: Database, person: Person) -> dict[str, list[dict[str, object]]]:
    return database.read(queries.own_data, ids.parse(person.id))


@pytest.fixture
def guarded(auth: LiveService, provider: OpenIdProvider, ada: Person, time: Time) -> str:
    """The secret of an authenticator app of ada, who has linked an identity."""
    time.stops()
    expect_json(link(auth, ada, continuation(auth, provider, "link_required")), 200)
    secret = str(expect_json(auth.client.post(TOTP, json={"current_password": PASSWORD}, headers=ada.bearer))["secret"])
    expect_json(auth.client.put(TOTP, json={"code": code(secret)}, headers=ada.bearer), 200)
    time.passes(STEP_MS)
    return secret


def code(secret: str) -> str:
    return pyotp.TOTP(secret).generate_otp(clock.now() // STEP_MS)


def test_second_factor_is_asked_for_after_the_provider(
    auth: LiveService, provider: OpenIdProvider, ada: Person, guarded: str
) -> None:
    text = expect_problem(sign_in(auth, provider), 401, "second_factor_required")["continuation"]
    expect_problem(finish(auth, {"continuation": text, "otp": "000000"}), 401, "invalid_otp")
    tokens = expect_json(finish(auth, {"continuation": text, "otp": code(guarded)}), 200)
    assert account(auth, tokens)["id"] == ada.id
    again = {"continuation": text, "otp": code(guarded)}
    expect_problem(finish(auth, again), 401, "invalid_otp")
    assert event_types(auth, ada).count("second_factor_failed") == 2


def test_wrong_codes_are_throttled(auth: LiveService, provider: OpenIdProvider, guarded: str) -> None:
    text = expect_problem(sign_in(auth, provider), 401, "second_factor_required")["continuation"]
    for _ in range(FREE_ATTEMPTS):
        expect_problem(finish(auth, {"continuation": text, "otp": "000000"}), 401, "invalid_otp")
    expect_problem(finish(auth, {"continuation": text, "otp": code(guarded)}), 429, "too_many_attempts")


def test_continuation_of_a_user_without_an_account_is_no_second_step(
    auth: LiveService, provider: OpenIdProvider
) -> None:
    text = continuation(auth, provider)
    expect_problem(finish(auth, {"continuation": text, "otp": "000000"}), 422, "invalid_continuation")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"code": "a"},
        {"state": "a"},
        {"otp": "1"},
        {"code": "a", "state": "a", "otp": "1"},
        {"code": "a", "otp": "1"},
    ],
)
def test_finish_needs_one_pair(auth: LiveService, body: dict[str, str]) -> None:
    expect_problem(finish(auth, body), 422, "sign_in_incomplete")
