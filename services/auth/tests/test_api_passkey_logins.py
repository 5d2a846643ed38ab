"""Logging in with a passkey: alone, and as a second factor."""

from typing import Any

import httpx
import pyotp
import pytest

from services.auth.actions.login_throttle import FREE_ATTEMPTS
from services.auth.second_factor_codes import STEP_MS
from shared import clock
from shared.testing import LiveService
from shared.testing.api_client import expect_json, expect_problem

from .authenticator import EDDSA, ES256, RS256, Authenticator
from .factories import PASSWORD, Person, Time, bearer, create_user
from .passkey_requests import (
    PASSKEYS,
    event_types,
    list_passkeys,
    log_in,
    login_options,
    register,
)  # fmt: skip

LOGIN, TOTP = "/api/v1/auth/login", "/api/v1/users/me/totp"
ME, DELETION = "/api/v1/users/me", "/api/v1/users/me/deletion"


@pytest.fixture
def ada(auth: LiveService, time: Time) -> Person:
    """A user without passkeys; the clock stands still."""
    time.stops()
    return create_user(auth)


def require_code(auth: LiveService, person: Person, time: Time) -> str:
    """Add an authenticator app. Returns its secret; its next code is valid."""
    begun = auth.client.post(TOTP, json={"current_password": PASSWORD}, headers=person.bearer)
    secret = str(expect_json(begun)["secret"])
    code = pyotp.TOTP(secret).generate_otp(clock.now() // STEP_MS)
    expect_json(auth.client.put(TOTP, json={"code": code}, headers=person.bearer), 200)
    time.passes(STEP_MS)
    return secret


def log_in_by_password(auth: LiveService, password: str = PASSWORD, **more: Any) -> httpx.Response:
    return auth.client.post(LOGIN, json={"identifier": "ada", "password": password, **more})


@pytest.mark.parametrize("algorithm", [ES256, EDDSA, RS256])
@pytest.mark.parametrize("counts", [False, True])
def test_passkey_is_the_whole_login(auth: LiveService, ada: Person, algorithm: int, counts: bool) -> None:
    phone, passkey = register(auth, ada, Authenticator(algorithm=algorithm, counts=counts))
    assert passkey["last_used_at"] is None
    for _ in range(2):
        tokens = expect_json(log_in(auth, phone.get(login_options(auth)), device="phone"), 200)
        assert expect_json(auth.client.get(ME, headers=bearer(tokens)), 200)["id"] == ada.id
    (listed,) = list_passkeys(auth, ada)
    assert listed["last_used_at"] == clock.format_rfc3339(clock.now())
    assert sorted(event_types(auth, ada)) == ["login", "login", "login", "passkey_added", "signed_up"]


def test_passkey_login_needs_no_code(auth: LiveService, ada: Person, time: Time) -> None:
    phone, _ = register(auth, ada)
    require_code(auth, ada, time)
    expect_problem(log_in_by_password(auth), 401, "second_factor_required")
    assert log_in(auth, phone.get(login_options(auth))).status_code == 200


def test_passkey_replaces_the_code_after_the_password(auth: LiveService, ada: Person, time: Time) -> None:
    phone, _ = register(auth, ada)
    require_code(auth, ada, time)
    answer = phone.get(login_options(auth))
    expect_problem(log_in_by_password(auth, "wrong password", passkey=answer), 401, "invalid_credentials")
    assert log_in_by_password(auth, passkey=answer).status_code == 200
    expect_problem(log_in_by_password(auth, passkey=answer), 401, "invalid_passkey")
    assert sorted(event_types(auth, ada)[:3]) == ["login", "login_failed", "second_factor_failed"]


def test_passkey_of_another_account_is_no_second_factor(auth: LiveService, ada: Person, time: Time) -> None:
    require_code(auth, ada, time)
    phone, _ = register(auth, create_user(auth, "eve"))
    answer = phone.get(login_options(auth))
    expect_problem(log_in_by_password(auth, passkey=answer), 401, "invalid_passkey")
    assert log_in(auth, answer).status_code == 200  # of eve: it was not used up


def test_new_password_and_other_sessions_leave_passkeys(auth: LiveService, ada: Person) -> None:
    phone, _ = register(auth, ada)
    changes = {"current_password": PASSWORD, "new_password": "another good password"}
    assert auth.client.patch(ME, json=changes, headers=ada.bearer).status_code == 200
    assert auth.client.delete("/api/v1/auth/sessions", headers=ada.bearer).status_code == 204
    assert log_in(auth, phone.get(login_options(auth))).status_code == 200


def test_refused_passkeys_are_throttled_as_passwords(auth: LiveService, ada: Person, time: Time) -> None:
    phone, _ = register(auth, ada)
    elsewhere, _ = register(auth, create_user(auth, "eve"))
    for _ in range(FREE_ATTEMPTS):
        expect_problem(log_in(auth, phone.get(login_options(auth), flags=1)), 401, "invalid_passkey")
    expect_problem(log_in(auth, phone.get(login_options(auth))), 429, "too_many_attempts")
    assert log_in(auth, elsewhere.get(login_options(auth))).status_code == 200
    time.passes(2 * clock.SECOND)
    assert log_in(auth, phone.get(login_options(auth))).status_code == 200
    assert event_types(auth, ada).count("passkey_failed") == FREE_ATTEMPTS


def test_unknown_passkey_is_throttled_too(auth: LiveService, ada: Person) -> None:
    phone = Authenticator()
    for _ in range(FREE_ATTEMPTS):
        expect_problem(log_in(auth, phone.get(login_options(auth))), 401, "invalid_passkey")
    expect_problem(log_in(auth, phone.get(login_options(auth))), 429, "too_many_attempts")


def test_address_with_too_many_failures_is_refused_unless_the_account_knows_it(auth: LiveService, ada: Person) -> None:
    phone, _ = register(auth, ada)
    limited = {"x-login-limited": "30", "x-forwarded-for": "203.0.113.9"}
    answer = phone.get(login_options(auth))
    refused = auth.client.post(f"{PASSKEYS}/login/verify", json={"passkey": answer}, headers=limited)
    expect_problem(refused, 429, "rate_limited")
    known = limited | {"x-forwarded-for": "127.0.0.1"}
    assert auth.client.post(f"{PASSKEYS}/login/verify", json={"passkey": answer}, headers=known).status_code == 200
