"""Signing up over HTTP: accepted and refused requests, also concurrently."""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from services.auth import models
from shared.database.engine import Database
from shared.testing import LiveService

from .factories import PASSWORD, application, facts, rows, sign_up

SIGNUP = "/api/v1/auth/signup"


def test_a1_sign_up_takes_email_name_nickname_password_and_phone(auth: LiveService, database: Database) -> None:
    answer = auth.client.post(SIGNUP, json=application("ada", phone="010-1234-5678"))
    assert answer.status_code == 201
    assert answer.headers["location"] == "/api/v1/users/me"
    account = answer.json()
    assert re.fullmatch(r"[0-7][0-9a-f]{15}", account.pop("id"))
    moment = account.pop("created_at")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", moment)
    assert account.pop("updated_at") == moment
    assert account == {
        "email": "ada@example.org",
        "name": "Ada Lovelace",
        "nickname": "ada",
        "phone": "+821012345678",
        "bio": "",
        "avatar_url": None,
        "email_verified": False,
        "language": "en",
        "second_factor": False,
        "role": "member",
        "has_password": True,
    }
    assert PASSWORD not in str(rows(database, models.accounts))


@pytest.mark.parametrize("missing", ["email", "name", "nickname", "password"])
def test_a2_all_fields_but_the_phone_are_required(standing: LiveService, missing: str) -> None:
    body = {name: value for name, value in application(phone="010-1234-5678").items() if name != missing}
    answer = standing.client.post(SIGNUP, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    assert [each["pointer"] for each in answer.json()["errors"]] == [f"/{missing}"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("  Ada  ", "Ada"),
        ("\u3000Ada\n", "Ada"),
        ("e\u0301" * 60, "\u00e9" * 60),
        (" " + "x" * 60 + " ", "x" * 60),
        *((name, name) for name in ("각", "👨\u200d👩\u200d👧", "مريم", "❤\ufe0f", "A\u200dB")),
    ],
)
def test_name_is_stored_trimmed_and_normalised(auth: LiveService, given: str, kept: str) -> None:
    assert sign_up(auth, "ada", name=given)["name"] == kept


@pytest.mark.parametrize(
    "password",
    [
        *("ada.lovelace_1815", "Ada.Lovelace-1815", "adalovelace1815", "first.last@example.org", "First.Last"),
        *("Augusta Ada King", "augustaadaking", "010-1234-5678", "+82 10 1234 5678", "01012345678", "+821012345678"),
    ],
)
def test_password_cannot_equal_a_handle_or_the_name(standing: LiveService, password: str) -> None:
    known_by = {"email": "first.last@example.org", "name": "Augusta Ada King", "phone": "010-1234-5678"}
    body = application("ada.lovelace_1815", **known_by, password=password)
    answer = standing.client.post(SIGNUP, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "common_password")
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/password"]


def test_a2_phone_may_be_null_or_omitted(auth: LiveService) -> None:
    assert sign_up(auth, "ada")["phone"] is None
    assert auth.client.post(SIGNUP, json=application("bob") | {"phone": None}).json()["phone"] is None


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"email": "no email"}, "invalid_email"),
        ({"email": "a" * 250 + "@example.org"}, "validation_failed"),
        ({"nickname": "no"}, "invalid_nickname"),
        ({"nickname": "12345"}, "invalid_nickname"),
        ({"nickname": "Admin"}, "nickname_reserved"),
        ({"nickname": "a" * 65}, "validation_failed"),
        ({"phone": "no phone"}, "invalid_phone"),
        ({"password": "short"}, "invalid_password"),
        ({"password": "x1" * 65}, "invalid_password"),
        ({"password": "Password1"}, "common_password"),
        ({"name": ""}, "blank"),
        ({"name": "   "}, "blank"),
        *(({"name": name}, "blank") for name in "\u200b\u3164\u2800\u115f\u2060\u00ad\u202e\ufe0f\n"),
        *(({"name": f"a{each}b"}, "control_character") for each in "\n\x1b\x7f\x85\u2028\u202e\u2066"),
        ({"email": "root@localhost"}, "invalid_email"),
        ({"phone": "112"}, "invalid_phone"),
        ({"phone": "123-4567"}, "invalid_phone"),
        ({"nickname": "shutter_official"}, "nickname_reserved"),
        ({"password": "\u1112\u1161\u11ab" * 3}, "invalid_password"),
        ({"password": "ｐａｓｓｗｏｒｄ"}, "common_password"),
        ({"name": "n" * 61}, "validation_failed"),
        ({"name": "a\u0000b"}, "nul_character"),
        ({"name": 5}, "validation_failed"),
        ({"email": ["ada@example.org"]}, "validation_failed"),
        ({"phone": 1012345678}, "validation_failed"),
        ({"admin": True}, "validation_failed"),
    ],
)
def test_invalid_field_is_refused_and_nothing_is_stored(
    standing: LiveService, wrong: dict[str, Any], code: str
) -> None:
    answer = standing.client.post(SIGNUP, json=application() | wrong)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert [each["pointer"] for each in answer.json()["errors"]] == [f"/{next(iter(wrong))}"]
    database: Database = standing.app.state.database
    assert rows(database, models.accounts) == rows(database, models.handles) == []


def test_a7_email_nickname_and_phone_are_unique(auth: LiveService) -> None:
    sign_up(auth, "ada", phone="010-1234-5678")
    for taken, code in [
        ({"email": "ADA@example.org"}, "email_taken"),
        ({"nickname": "ADA"}, "nickname_taken"),
        ({"phone": "+82 10-1234-5678"}, "phone_taken"),
    ]:
        answer = auth.client.post(SIGNUP, json=application("bob") | taken)
        assert (answer.status_code, answer.json()["code"]) == (409, code)
    sign_up(auth, "bob", phone="010-8765-4321")


@pytest.mark.parametrize("kind", ["email", "nickname", "phone"])
def test_a7_concurrent_identical_sign_ups_create_one_account(auth: LiveService, database: Database, kind: str) -> None:
    wanted = {"email": "ada@example.org", "nickname": "ada", "phone": "010-1234-5678"}[kind]

    def attempt(number: int) -> tuple[int, str]:
        body = application(f"person{number}") | {kind: wanted}
        answer = auth.client.post(SIGNUP, json=body)
        return answer.status_code, answer.json().get("code", "")

    with ThreadPoolExecutor(8) as pool:
        outcomes = sorted(pool.map(attempt, range(8)))
    assert outcomes == [(201, ""), *[(409, f"{kind}_taken")] * 7]
    assert len(rows(database, models.accounts)) == len(facts(database)) == 1


@pytest.mark.parametrize(
    ("content", "content_type", "status", "code"),
    [
        (b"{", "application/json", 400, "malformed_json"),
        (b'{"name": "\\ud800"}', "application/json", 400, "malformed_json"),
        (b"[" * 10_000, "application/json", 400, "malformed_json"),
        (b"[]", "application/json", 422, "validation_failed"),
        (b"", "application/json", 422, "validation_failed"),
        (b"name=Ada", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (b"{}", "text/plain", 415, "unsupported_media_type"),
        (b'{"password": "' + b"x" * 1_000_000 + b'"}', "application/json", 413, "too_large"),
    ],
)
def test_malformed_body_is_refused(
    standing: LiveService, content: bytes, content_type: str, status: int, code: str
) -> None:
    answer = standing.client.post(SIGNUP, content=content, headers={"content-type": content_type})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
