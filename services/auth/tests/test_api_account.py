"""The own account over HTTP: changed and deleted only with the password."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, inspect, select, table, text

from services.auth import models
from services.auth.actions.claims import BRIEF_MS
from services.auth.actions.login_throttle import FREE_ATTEMPTS
from shared.database.engine import Database
from shared.testing import LiveService

from .factories import PASSWORD, Person, Time, application, bearer, create_user, facts, log_in, rows

ME, DELETION, SIGNUP = "/api/v1/users/me", "/api/v1/users/me/deletion", "/api/v1/auth/signup"


@pytest.fixture
def ada(auth: LiveService) -> Person:
    """A user with a phone."""
    return create_user(auth, phone="010-1234-5678")


@pytest.fixture(scope="module")
def eve(standing: LiveService) -> Person:
    """A user whose account no test changes."""
    return create_user(standing, "eve", phone="010-1234-5678")


def change(auth: LiveService, person: Person, password: str = PASSWORD, **what: Any) -> httpx.Response:
    return auth.client.patch(ME, json={"current_password": password, **what}, headers=person.bearer)


def withdraw(auth: LiveService, person: Person, password: str = PASSWORD) -> httpx.Response:
    return auth.client.post(DELETION, json={"current_password": password}, headers=person.bearer)


def test_a3_all_fields_but_the_email_change_with_the_password(auth: LiveService, ada: Person) -> None:
    wanted = {"name": "Ada King", "nickname": "Countess", "phone": "010-8765-4321", "bio": "First programmer."}
    answer = change(auth, ada, **wanted)
    assert answer.status_code == 200
    changed = answer.json()
    assert changed["updated_at"] > ada.account["updated_at"]
    expected = wanted | {"nickname": "countess", "phone": "+821087654321", "updated_at": changed["updated_at"]}
    assert changed == ada.account | expected
    assert auth.client.get(ME, headers=ada.bearer).json() == changed


def test_a3_omitted_fields_are_unchanged_and_null_removes_the_phone(auth: LiveService, ada: Person) -> None:
    assert change(auth, ada).json() == ada.account
    assert change(auth, ada, phone=None).json()["phone"] is None
    assert change(auth, ada, bio="").json()["bio"] == ""


@pytest.mark.parametrize("email", ["new@example.org", "ada@example.org", None, 5])
def test_a3_email_cannot_be_changed(standing: LiveService, eve: Person, email: object) -> None:
    answer = change(standing, eve, email=email)
    assert (answer.status_code, answer.json()["code"]) == (422, "immutable_field")
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/email"]
    assert standing.client.get(ME, headers=eve.bearer).json() == eve.account


def test_a3_change_without_the_correct_password_is_refused(standing: LiveService, eve: Person) -> None:
    answer = change(standing, eve, "wrong password", name="Mallory")
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_password")
    missing = standing.client.patch(ME, json={"name": "Mallory"}, headers=eve.bearer)
    assert [each["pointer"] for each in missing.json()["errors"]] == ["/current_password"]
    nobody = standing.client.patch(ME, json={"current_password": PASSWORD, "name": "Mallory"})
    assert (missing.status_code, nobody.status_code) == (422, 401)
    assert standing.client.get(ME, headers=eve.bearer).json() == eve.account


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ({"name": None}, "validation_failed"),
        ({"name": " \t"}, "blank"),
        ({"nickname": "x"}, "invalid_nickname"),
        ({"nickname": "support"}, "nickname_reserved"),
        ({"phone": "no phone"}, "invalid_phone"),
        ({"bio": "b" * 151}, "validation_failed"),
        ({"bio": "\u0000"}, "nul_character"),
        ({"new_password": "password"}, "common_password"),
        ({"new_password": ""}, "invalid_password"),
        ({"role": "admin"}, "validation_failed"),
    ],
)
def test_a3_invalid_change_changes_nothing(standing: LiveService, eve: Person, what: dict[str, Any], code: str) -> None:
    answer = change(standing, eve, **what)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert [each["pointer"] for each in answer.json()["errors"]] == [f"/{next(iter(what))}"]
    assert standing.client.get(ME, headers=eve.bearer).json() == eve.account


def test_a7_change_to_a_taken_handle_is_refused(auth: LiveService, ada: Person) -> None:
    bob = create_user(auth, "bob", phone="010-1111-1111")
    for taken, code in [({"nickname": "BOB"}, "nickname_taken"), ({"phone": "01011111111"}, "phone_taken")]:
        answer = change(auth, ada, name="Ada King", **taken)
        assert (answer.status_code, answer.json()["code"]) == (409, code)
    assert auth.client.get(ME, headers=ada.bearer).json() == ada.account, "not even the name"
    assert auth.client.get(ME, headers=bob.bearer).json() == bob.account


def test_a7_concurrent_changes_to_one_nickname_let_one_succeed(auth: LiveService) -> None:
    people = [create_user(auth, f"person{each}") for each in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda person: change(auth, person, nickname="wanted"), people))
    assert sorted(each.status_code for each in answers) == [200, *[409] * 7]


def test_former_nickname_stays_reserved(auth: LiveService, ada: Person, time: Time) -> None:
    time.passes(BRIEF_MS)
    change(auth, ada, nickname="countess")
    answer = auth.client.post(SIGNUP, json=application("eve") | {"nickname": "ada"})
    assert (answer.status_code, answer.json()["code"]) == (409, "nickname_taken")
    assert auth.client.post("/api/v1/auth/login", json={"identifier": "ada", "password": PASSWORD}).status_code == 401
    assert log_in(auth, "countess")


def test_phone_numbers_cannot_be_probed_by_changes(auth: LiveService, ada: Person) -> None:
    """After a few attempts a day the response is the same for any number; each refused attempt is logged."""
    create_user(auth, "bob", phone="010-9999-9999")
    numbers = ["010-9999-9999", "010-9999-0001", "010-9999-9999", "010-9999-0002", "010-9999-9999"]
    answers = [change(auth, ada, phone=number) for number in numbers]
    assert [each.status_code for each in answers] == [409, 200, 409, 200, 409]
    for number in ("010-9999-9999", "010-9999-0003"):
        refused = change(auth, ada, phone=number)
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_changes")
        assert int(refused.headers["retry-after"]) > 3_600
    events = auth.client.get("/api/v1/auth/events", headers=ada.bearer).json()["items"]
    told = [(each["type"], each["session_id"]) for each in events if each["type"] == "handle_refused"]
    assert len(told) == 3 and all(session for _, session in told)
    assert change(auth, ada, bio="other changes are not counted").status_code == 200
    assert change(auth, ada, phone="010-9999-0002").status_code == 200, "her own already"


def test_nickname_changes_of_one_account_are_limited(auth: LiveService, ada: Person, database: Database) -> None:
    held = len(rows(database, models.handles))
    statuses = [change(auth, ada, nickname=f"name.{number}").status_code for number in range(30)]
    changes = statuses.count(200)
    assert 1 <= changes <= 10 and statuses == [200] * changes + [429] * (30 - changes)
    assert len(rows(database, models.handles)) == held, "of those held briefly nothing stays"
    assert create_user(auth, "name.1").account["nickname"] == "name.1"


def test_removed_phone_number_can_be_used_by_another_account(auth: LiveService, ada: Person) -> None:
    change(auth, ada, phone=None)
    bob = create_user(auth, "bob", phone="010-1234-5678")
    assert log_in(auth, "010-1234-5678")
    assert bob.account["phone"] == "+821012345678"


def test_new_password_ends_all_other_sessions(auth: LiveService, ada: Person) -> None:
    other = log_in(auth)
    assert change(auth, ada, new_password="another good one").status_code == 200
    assert auth.client.get(ME, headers=ada.bearer).status_code == 200
    assert auth.client.get(ME, headers=bearer(other)).status_code == 401
    spent = auth.client.post("/api/v1/auth/refresh", json={"refresh_token": other["refresh_token"]})
    assert spent.status_code == 401
    old = auth.client.post("/api/v1/auth/login", json={"identifier": "ada", "password": PASSWORD})
    assert old.status_code == 401
    assert log_in(auth, "ada", "another good one")


@pytest.mark.parametrize("path", [ME, DELETION])
def test_password_guesses_in_account_changes_are_throttled(
    auth: LiveService, ada: Person, path: str, time: Time
) -> None:
    time.stops()
    method = "PATCH" if path == ME else "POST"
    wrong = {"current_password": "wrong password"}
    for status in [403] * FREE_ATTEMPTS + [429]:
        assert auth.client.request(method, path, json=wrong, headers=ada.bearer).status_code == status
    answer = change(auth, ada)
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_attempts")
    assert int(answer.headers["retry-after"]) >= 1


def test_a5_withdrawal_requires_the_correct_password(auth: LiveService, ada: Person) -> None:
    answer = withdraw(auth, ada, "wrong password")
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_password")
    assert auth.client.get(ME, headers=ada.bearer).status_code == 200
    answer = withdraw(auth, ada)
    assert (answer.status_code, answer.json()) == (202, {"status": "withdrawn"})


def test_a5_tokens_are_refused_after_the_response(auth: LiveService, ada: Person) -> None:
    other = log_in(auth)
    withdraw(auth, ada)
    for tokens in (ada.tokens, other):
        for method, path in [
            ("GET", ME),
            ("GET", "/api/v1/auth/sessions"),
            ("POST", "/api/v1/auth/logout"),
            ("DELETE", "/api/v1/users/me/avatar"),
        ]:
            answer = auth.client.request(method, path, headers=bearer(tokens))
            assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token"), path
        spent = auth.client.post("/api/v1/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
        assert spent.status_code == 401
    assert withdraw(auth, ada).status_code == 401
    for identifier in ("ada", "ada@example.org", "010-1234-5678"):
        again = auth.client.post("/api/v1/auth/login", json={"identifier": identifier, "password": PASSWORD})
        assert (again.status_code, again.json()["code"]) == (401, "invalid_credentials")


@pytest.mark.parametrize("kind", ["email", "nickname", "phone"])
def test_a5_handles_of_a_withdrawn_account_stay_reserved(auth: LiveService, ada: Person, kind: str, time: Time) -> None:
    time.passes(BRIEF_MS)
    change(auth, ada, nickname="countess")
    withdraw(auth, ada)
    for nickname in ("ada", "countess") if kind == "nickname" else ("eve",):
        hers = {"email": "ADA@example.org", "nickname": nickname, "phone": "+82 10-1234-5678"}[kind]
        answer = auth.client.post(SIGNUP, json=application("eve") | {kind: hers})
        assert (answer.status_code, answer.json()["code"]) == (409, f"{kind}_taken")


def test_a5_no_personal_data_is_left_in_any_table(auth: LiveService, database: Database, time: Time) -> None:
    marks = ["plantedname", "plantednick", "plantedmail", "5550123", "planteddevice", "plantedbio", "203.0.113.99"]
    ada = create_user(auth, "plantednick1", email="plantedmail@example.org", name="Plantedname", phone="+16505550123")
    seen = {"x-forwarded-for": "203.0.113.99"}
    body = {"identifier": "plantednick1", "password": PASSWORD, "device": "planteddevice"}
    assert auth.client.post("/api/v1/auth/login", json=body, headers=seen).status_code == 200
    auth.client.post("/api/v1/auth/login", json=body | {"password": "wrong password"})
    time.passes(BRIEF_MS)
    change(auth, ada, nickname="plantednick2", bio="plantedbio", name="Plantedname Two")
    before = everything_in(database)
    assert [mark for mark in marks if mark not in before] == [], "all of it was there"
    withdraw(auth, ada)
    after = everything_in(database)
    assert not [mark for mark in marks if mark in after]
    kinds = sorted(row.kind for row in rows(database, models.handles))
    assert kinds == ["email", "looks", "looks", "nickname", "nickname", "phone"], "hashes of each"
    assert rows(database, models.trail) == []


def everything_in(database: Database) -> str:
    """All rows of all tables as text in lower case."""

    def read(connection: Connection) -> str:
        names = inspect(connection).get_table_names()
        assert len(names) > 10
        return "".join(str(connection.execute(select(text("*")).select_from(table(name))).all()) for name in names)

    return database.read(read).lower()


def test_events_carry_the_request_id(auth: LiveService, database: Database) -> None:
    auth.client.post(SIGNUP, json=application(), headers={"x-request-id": "req-1"})
    assert [row.request_id for row in rows(database, models.outbox)] == ["req-1"]
    assert [name for name, _ in facts(database)] == ["user.registered.v1"]
