"""Passkeys over HTTP: adding and removing them, and using them instead of the password."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from services.auth import models
from services.auth.actions.passkeys import CLOCK_SKEW_MS, MAX_PASSKEYS, delete_expired_challenges
from services.auth.relying_party import CHALLENGE_MS
from services.auth.settings import Settings
from shared.database.engine import Database
from shared.testing import LiveService
from shared.testing.api_client import expect_json, expect_problem

from .authenticator import ORIGIN, Authenticator, decoded
from .factories import PASSWORD, Person, Time, create_user, rows
from .passkey_requests import (
    PASSKEYS,
    begin,
    event_types,
    finish,
    list_passkeys,
    log_in,
    login_options,
    proof,
    register,
    remove,
)  # fmt: skip

LOGIN, TOTP = "/api/v1/auth/login", "/api/v1/users/me/totp"
ME, DELETION = "/api/v1/users/me", "/api/v1/users/me/deletion"


@pytest.fixture
def ada(auth: LiveService, time: Time) -> Person:
    """A user without passkeys; the clock stands still."""
    time.stops()
    return create_user(auth)


def test_options_ask_for_a_discoverable_credential_and_the_verified_user(auth: LiveService, ada: Person) -> None:
    options = expect_json(begin(auth, ada), 200)
    assert options["rp"] == {"id": "localhost", "name": "Shutter"}
    assert options["attestation"] == "none"
    selection = {"residentKey": "required", "requireResidentKey": True, "userVerification": "required"}
    assert options["authenticatorSelection"] == selection
    assert decoded(options["user"]["id"]) == ada.id.encode()
    asked = login_options(auth)
    fixed = {"timeout": CHALLENGE_MS, "rpId": "localhost", "allowCredentials": [], "userVerification": "required"}
    assert asked == {"challenge": asked["challenge"], **fixed}
    assert asked["challenge"] != login_options(auth)["challenge"]


def test_registered_passkeys_are_excluded_and_allowed(auth: LiveService, ada: Person) -> None:
    phone, _ = register(auth, ada)
    known = [{"type": "public-key", "id": phone.get(login_options(auth))["id"]}]
    assert expect_json(begin(auth, ada), 200)["excludeCredentials"] == known
    asked = expect_json(auth.client.post(f"{PASSKEYS}/reauthentication", headers=ada.bearer), 200)
    assert asked["allowCredentials"] == known


def test_several_passkeys_are_listed_newest_first_and_removed_one_by_one(
    auth: LiveService, ada: Person, time: Time
) -> None:
    phone, first = register(auth, ada, name=" Ada’s phone ")
    time.passes(1)
    key, second = register(auth, ada, name="key")
    assert [each["name"] for each in list_passkeys(auth, ada)] == ["key", "Ada’s phone"]
    page = expect_json(auth.client.get(f"{PASSKEYS}?limit=1", headers=ada.bearer), 200)
    rest = expect_json(auth.client.get(f"{PASSKEYS}?limit=1&cursor={page['next_cursor']}", headers=ada.bearer), 200)
    assert [each["id"] for each in page["items"] + rest["items"]] == [second["id"], first["id"]]
    assert remove(auth, ada, first["id"]).status_code == 204
    expect_problem(remove(auth, ada, first["id"]), 404, "not_found")
    expect_problem(log_in(auth, phone.get(login_options(auth))), 401, "invalid_passkey")
    assert log_in(auth, key.get(login_options(auth))).status_code == 200
    assert "passkey_removed" in event_types(auth, ada)


def test_passkeys_of_others_cannot_be_removed(auth: LiveService, ada: Person) -> None:
    _, passkey = register(auth, ada)
    eve = create_user(auth, "eve")
    expect_problem(remove(auth, eve, passkey["id"]), 404, "not_found")
    assert list_passkeys(auth, eve) == []
    assert len(list_passkeys(auth, ada)) == 1


def test_number_of_passkeys_is_limited(auth: LiveService, ada: Person) -> None:
    pending = expect_json(begin(auth, ada), 200)
    for _ in range(MAX_PASSKEYS):
        register(auth, ada)
    expect_problem(begin(auth, ada), 409, "too_many_passkeys")
    expect_problem(finish(auth, ada, Authenticator().create(pending)), 409, "too_many_passkeys")
    assert len(list_passkeys(auth, ada)) == MAX_PASSKEYS


def test_credential_is_registered_once(auth: LiveService, ada: Person) -> None:
    phone, _ = register(auth, ada)
    eve = create_user(auth, "eve")
    for person in (ada, eve):
        options = expect_json(begin(auth, person), 200)
        copy = Authenticator(credential_id=phone.credential_id)
        expect_problem(finish(auth, person, copy.create(options)), 409, "passkey_exists")
    assert log_in(auth, phone.get(login_options(auth))).status_code == 200


@pytest.mark.parametrize("name", ["", "  ", "a" * 61, "a\x07b", "a\x00b", "\u200b"])
def test_name_of_a_passkey_has_visible_characters(auth: LiveService, ada: Person, name: str) -> None:
    answer = Authenticator().create(expect_json(begin(auth, ada), 200))
    response = finish(auth, ada, answer, name)
    assert response.status_code == 422
    assert [each["pointer"] for each in response.json()["errors"]] == ["/name"]
    assert finish(auth, ada, answer).status_code == 201  # the challenge was not used up


def test_password_or_passkey_is_needed_to_add_and_to_remove(auth: LiveService, ada: Person) -> None:
    expect_problem(begin(auth, ada, current_password="wrong password"), 403, "wrong_password")
    phone, passkey = register(auth, ada)
    assert begin(auth, ada, **proof(auth, ada, phone)).status_code == 200
    expect_problem(remove(auth, ada, passkey["id"], current_password="wrong password"), 403, "wrong_password")
    expect_problem(remove(auth, ada, passkey["id"], **proof(auth, ada, phone, flags=1)), 403, "invalid_passkey")
    assert remove(auth, ada, passkey["id"], **proof(auth, ada, phone)).status_code == 204
    events = event_types(auth, ada)
    assert [events.count(each) for each in ("wrong_password", "passkey_failed", "passkey_removed")] == [2, 1, 1]


@pytest.mark.parametrize("given", [[], ["current_password", "passkey"], [None, "passkey"]])
def test_one_proof_is_needed(auth: LiveService, ada: Person, given: list[str | None]) -> None:
    phone, _ = register(auth, ada)
    both = {"current_password": PASSWORD, **proof(auth, ada, phone)}
    body = {name: value for name, value in both.items() if name in given}
    body |= {"current_password": None} if None in given else {}
    answer = auth.client.post(f"{PASSKEYS}/registration", json=body, headers=ada.bearer)
    expect_problem(answer, 422, "proof_required")


def test_reauthentication_needs_a_passkey(auth: LiveService, ada: Person) -> None:
    expect_problem(auth.client.post(f"{PASSKEYS}/reauthentication", headers=ada.bearer), 409, "no_passkey")


def test_proof_is_of_this_session_fresh_and_usable_once(auth: LiveService, ada: Person, time: Time) -> None:
    phone, _ = register(auth, ada)
    elsewhere = Person(ada.account, expect_json(log_in(auth, phone.get(login_options(auth))), 200))
    expect_problem(begin(auth, ada, **proof(auth, elsewhere, phone)), 403, "invalid_passkey")
    expect_problem(begin(auth, ada, passkey=phone.get(login_options(auth))), 403, "invalid_passkey")
    used = proof(auth, ada, phone)
    assert begin(auth, ada, **used).status_code == 200
    expect_problem(begin(auth, ada, **used), 403, "invalid_passkey")
    late = proof(auth, ada, phone)
    time.passes(CHALLENGE_MS + 1)
    expect_problem(begin(auth, ada, **late), 403, "invalid_passkey")


def test_second_factor_is_added_and_removed_with_a_passkey(auth: LiveService, ada: Person) -> None:
    phone, _ = register(auth, ada)
    begun = auth.client.post(TOTP, json=proof(auth, ada, phone), headers=ada.bearer)
    assert begun.status_code == 201
    gone = auth.client.request("DELETE", TOTP, json=proof(auth, ada, phone), headers=ada.bearer)
    assert gone.status_code == 204


def test_account_is_deleted_with_a_passkey_and_its_passkeys_too(
    auth: LiveService, ada: Person, database: Database
) -> None:
    phone, _ = register(auth, ada)
    register(auth, create_user(auth, "eve"))
    refused = proof(auth, ada, phone, flags=1)
    expect_problem(auth.client.post(DELETION, json=refused, headers=ada.bearer), 403, "invalid_passkey")
    deletion = auth.client.post(DELETION, json=proof(auth, ada, phone), headers=ada.bearer)
    assert deletion.status_code == 202
    assert len(rows(database, models.passkeys)) == 1
    expect_problem(log_in(auth, phone.get(login_options(auth))), 401, "invalid_passkey")


@pytest.mark.parametrize("kind", ["login", "registration", "proof"])
def test_of_fifty_uses_of_one_challenge_one_succeeds(auth: LiveService, ada: Person, kind: str) -> None:
    phone, _ = register(auth, ada)
    if kind == "login":
        answer = phone.get(login_options(auth))
        responses = at_once(lambda: log_in(auth, answer))
    elif kind == "registration":
        options = expect_json(begin(auth, ada), 200)
        answers = [Authenticator().create(options) for _ in range(50)]
        responses = at_once(lambda: finish(auth, ada, answers.pop()))
    else:
        shown = proof(auth, ada, phone)
        responses = at_once(lambda: begin(auth, ada, **shown))
    succeeded = [each for each in responses if each.is_success]
    assert len(succeeded) == 1, sorted(each.status_code for each in responses)
    assert {each.status_code for each in responses} <= {200, 201, 401, 403, 422, 429, 503}


def test_used_challenges_are_deleted_when_they_have_expired(
    auth: LiveService, ada: Person, database: Database, time: Time
) -> None:
    register(auth, ada)
    assert len(rows(database, models.used_challenges)) == 1
    time.passes(CHALLENGE_MS)
    assert database.write(delete_expired_challenges) is False
    assert len(rows(database, models.used_challenges)) == 1
    time.passes(CLOCK_SKEW_MS + 1)
    database.write(delete_expired_challenges)
    assert rows(database, models.used_challenges) == []


def test_unused_challenges_are_not_stored(auth: LiveService, ada: Person, database: Database) -> None:
    for _ in range(3):
        login_options(auth)
        begin(auth, ada)
    assert rows(database, models.used_challenges) == []


@pytest.mark.parametrize(
    ("given", "origin"),
    [
        ({}, ORIGIN),
        ({"public_url": "https://example.com/shutter"}, "https://example.com"),
        ({"public_url": "https://example.com", "passkey_origin": "https://id.example.com:8443/x"},
         "https://id.example.com:8443"),
    ],
)  # fmt: skip
def test_origin_is_that_of_the_public_url(given: dict[str, Any], origin: str) -> None:
    assert Settings(**given).relying_party_origin == origin


def test_invalid_origin_is_refused() -> None:
    with pytest.raises(ValidationError, match="PASSKEY_ORIGIN is not a URL"):
        Settings(passkey_origin="example.com")


def test_library_is_not_imported_before_a_passkey_is_used() -> None:
    code = "import sys, services.auth.app; assert not {'webauthn', 'OpenSSL', 'cbor2'} & sys.modules.keys()"
    subprocess.run([sys.executable, "-c", code], check=True)


def at_once(send: Any) -> list[httpx.Response]:
    """The responses to fifty concurrent requests."""
    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(lambda _: send(), range(50)))
