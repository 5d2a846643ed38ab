"""A second factor: adding, confirming and removing it, and logins with it."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pyotp
import pytest

from services.auth import models
from services.auth.actions.login_throttle import FREE_ATTEMPTS
from services.auth.second_factor_codes import RECOVERY_CODES, STEP_MS, normalized
from shared import clock
from shared.database.engine import Database
from shared.testing import LiveService
from shared.testing.api_client import expect_json, expect_problem

from .factories import PASSWORD, Person, Time, create_user, rows

LOGIN, TOTP, ME = "/api/v1/auth/login", "/api/v1/users/me/totp", "/api/v1/users/me"
EVENTS, DELETION = "/api/v1/auth/events", "/api/v1/users/me/deletion"


@pytest.fixture
def ada(auth: LiveService, time: Time) -> Person:
    """A user without a second factor; the clock stands still."""
    time.stops()
    return create_user(auth)


def begin(auth: LiveService, person: Person, password: str = PASSWORD) -> httpx.Response:
    return auth.client.post(TOTP, json={"current_password": password}, headers=person.bearer)


def confirm(auth: LiveService, person: Person, code: str) -> httpx.Response:
    return auth.client.put(TOTP, json={"code": code}, headers=person.bearer)


def remove(auth: LiveService, person: Person, password: str = PASSWORD) -> httpx.Response:
    return auth.client.request("DELETE", TOTP, json={"current_password": password}, headers=person.bearer)


def log_in(auth: LiveService, otp: str | None = None, password: str = PASSWORD) -> httpx.Response:
    body = {"identifier": "ada", "password": password} | ({} if otp is None else {"otp": otp})
    return auth.client.post(LOGIN, json=body)


def code_of(secret: str, steps: int = 0) -> str:
    """The code of the authenticator app, this many time steps from now."""
    return pyotp.TOTP(secret).generate_otp(clock.now() // STEP_MS + steps)


def enabled(auth: LiveService, person: Person) -> tuple[str, list[str]]:
    """Add a second factor. Returns the secret and the recovery codes."""
    secret = expect_json(begin(auth, person))["secret"]
    return secret, expect_json(confirm(auth, person, code_of(secret)), 200)["recovery_codes"]


def account(auth: LiveService, person: Person) -> dict[str, Any]:
    return expect_json(auth.client.get(ME, headers=person.bearer), 200)


def audit_log(auth: LiveService, person: Person) -> list[str]:
    """The types of its entries, newest first."""
    return [each["type"] for each in expect_json(auth.client.get(EVENTS, headers=person.bearer), 200)["items"]]


def test_begun_second_factor_has_no_effect(auth: LiveService, ada: Person) -> None:
    begun = expect_json(begin(auth, ada))
    uri = pyotp.parse_uri(begun["uri"])
    assert (uri.secret, uri.name, uri.issuer) == (begun["secret"], "ada", "Shutter")
    assert account(auth, ada)["second_factor"] is False
    assert log_in(auth).status_code == 200


def test_login_needs_a_code_after_the_confirmation(auth: LiveService, ada: Person, time: Time) -> None:
    secret, recovery_codes = enabled(auth, ada)
    assert len(set(recovery_codes)) == RECOVERY_CODES
    assert account(auth, ada)["second_factor"] is True
    expect_problem(log_in(auth), 401, "second_factor_required")
    expect_problem(log_in(auth, "000000"), 401, "invalid_otp")
    time.passes(STEP_MS)
    assert log_in(auth, code_of(secret)).status_code == 200
    assert audit_log(auth, ada)[:3] == ["login", "second_factor_failed", "second_factor_added"]


def test_wrong_password_does_not_reveal_the_second_factor(auth: LiveService, ada: Person) -> None:
    enabled(auth, ada)
    expect_problem(log_in(auth, password="wrong password"), 401, "invalid_credentials")
    expect_problem(log_in(auth, "000000", password="wrong password"), 401, "invalid_credentials")


def test_code_is_usable_once(auth: LiveService, ada: Person, time: Time) -> None:
    secret, _ = enabled(auth, ada)
    expect_problem(log_in(auth, code_of(secret)), 401, "invalid_otp")  # it has confirmed the second factor
    time.passes(STEP_MS)
    used = code_of(secret)
    assert log_in(auth, used).status_code == 200
    expect_problem(log_in(auth, used), 401, "invalid_otp")
    expect_problem(log_in(auth, code_of(secret, -1)), 401, "invalid_otp")


@pytest.mark.parametrize(("steps", "status"), [(-2, 401), (-1, 200), (0, 200), (1, 200), (2, 401)])
def test_code_may_be_one_step_early_or_late(
    auth: LiveService, ada: Person, time: Time, steps: int, status: int
) -> None:
    secret, _ = enabled(auth, ada)
    time.passes(10 * STEP_MS)
    assert log_in(auth, code_of(secret, steps)).status_code == status


def test_recovery_code_is_usable_once_in_any_spelling(auth: LiveService, ada: Person, database: Database) -> None:
    _, (first, second, *_) = enabled(auth, ada)
    assert log_in(auth, first).status_code == 200
    expect_problem(log_in(auth, first), 401, "invalid_otp")
    assert log_in(auth, f" {second.upper().replace('-', ' ')} ").status_code == 200
    stored = [row.digest for row in rows(database, models.recovery_codes)]
    assert len(stored) == RECOVERY_CODES - 2
    assert not any(first.encode() in digest for digest in stored)


@pytest.mark.parametrize("kind", ["app", "recovery"])
def test_one_code_at_the_same_instant_logs_in_once(auth: LiveService, ada: Person, time: Time, kind: str) -> None:
    secret, recovery_codes = enabled(auth, ada)
    time.passes(STEP_MS)
    code = code_of(secret) if kind == "app" else recovery_codes[0]
    with ThreadPoolExecutor(8) as pool:
        statuses = [answer.status_code for answer in pool.map(lambda _: log_in(auth, code), range(16))]
    assert statuses.count(200) == 1, statuses
    assert set(statuses) <= {200, 401, 429}


def test_wrong_codes_are_throttled_with_wrong_passwords(auth: LiveService, ada: Person, time: Time) -> None:
    secret, recovery_codes = enabled(auth, ada)
    for _ in range(FREE_ATTEMPTS - 1):
        expect_problem(log_in(auth, "000000"), 401, "invalid_otp")
        expect_problem(log_in(auth), 401, "second_factor_required")  # neither a failure nor a success
    expect_problem(log_in(auth, password="wrong password"), 401, "invalid_credentials")
    expect_problem(log_in(auth, recovery_codes[0]), 429, "too_many_attempts")
    time.passes(STEP_MS)
    assert log_in(auth, code_of(secret)).status_code == 200


def test_password_is_needed_to_begin_and_to_remove(auth: LiveService, ada: Person, database: Database) -> None:
    expect_problem(begin(auth, ada, "wrong password"), 403, "wrong_password")
    assert rows(database, models.totp_secrets) == []
    enabled(auth, ada)
    expect_problem(remove(auth, ada, "wrong password"), 403, "wrong_password")
    assert account(auth, ada)["second_factor"] is True


def test_removal_deletes_secret_and_recovery_codes(auth: LiveService, ada: Person, database: Database) -> None:
    enabled(auth, ada)
    for _ in range(2):
        assert remove(auth, ada).status_code == 204
    assert rows(database, models.totp_secrets) == rows(database, models.recovery_codes) == []
    assert account(auth, ada)["second_factor"] is False
    assert log_in(auth).status_code == 200
    assert audit_log(auth, ada).count("second_factor_removed") == 1


def test_confirmation_needs_the_current_code(auth: LiveService, ada: Person) -> None:
    expect_problem(confirm(auth, ada, "000000"), 409, "second_factor_not_begun")
    secret = expect_json(begin(auth, ada))["secret"]
    expect_problem(confirm(auth, ada, code_of(secret, 5)), 422, "invalid_otp", "/code")
    replaced = expect_json(begin(auth, ada))["secret"]
    expect_problem(confirm(auth, ada, code_of(secret)), 422, "invalid_otp", "/code")
    assert confirm(auth, ada, code_of(replaced)).status_code == 200
    expect_problem(confirm(auth, ada, code_of(replaced, 1)), 409, "second_factor_enabled")
    expect_problem(begin(auth, ada), 409, "second_factor_enabled")


def test_secret_is_stored_encrypted(auth: LiveService, ada: Person, database: Database) -> None:
    secret, _ = enabled(auth, ada)
    (row,) = rows(database, models.totp_secrets)
    assert secret.encode() not in row.sealed_secret


def test_withdrawal_deletes_the_second_factor(auth: LiveService, ada: Person, database: Database) -> None:
    enabled(auth, ada)
    body = {"current_password": PASSWORD}
    assert auth.client.post(DELETION, json=body, headers=ada.bearer).status_code == 202
    assert rows(database, models.totp_secrets) == rows(database, models.recovery_codes) == []


def test_codes_are_compared_without_spaces_and_case() -> None:
    assert normalized(" 492 039 ") == "492039"
    assert normalized("K7M2Q X9D4P") == normalized("k7m2qx9d4p") == "k7m2q-x9d4p"
