"""Passwords in any Unicode spelling: one password whatever keyboard typed it, on every route that accepts one."""

import asyncio
import unicodedata

import pytest
from sqlalchemy import select, update

from services.auth import models
from services.auth.passwords import Passwords
from shared.database.engine import Database
from shared.testing import LiveService

from .factories import PASSWORD, Person, bearer, create_user, log_in, rows

ME, DELETION, LOGIN = "/api/v1/users/me", "/api/v1/users/me/deletion", "/api/v1/auth/login"
SPELLINGS = [
    ("caf\u00e9 au lait", "cafe\u0301 au lait"),
    ("한국어 비밀번호 여덟", unicodedata.normalize("NFD", "한국어 비밀번호 여덟")),
    ("correct horse battery", "correct\u00a0horse\u3000battery"),
    ("\u212bngström 12", "A\u030angstro\u0308m 12"),
]


@pytest.mark.parametrize(("one", "other"), SPELLINGS)
def test_login_works_with_every_equivalent_spelling(auth: LiveService, one: str, other: str) -> None:
    for nickname, password in (("ada", one), ("bob", other)):
        create_user(auth, nickname, password=password)
        assert log_in(auth, nickname, one) and log_in(auth, nickname, other)


@pytest.mark.parametrize(("one", "other"), SPELLINGS)
def test_changes_and_withdrawal_work_with_every_equivalent_spelling(auth: LiveService, one: str, other: str) -> None:
    ada = create_user(auth)
    change = {"current_password": PASSWORD, "new_password": other}
    assert auth.client.patch(ME, json=change, headers=ada.bearer).status_code == 200
    assert log_in(auth, "ada", one)
    assert auth.client.patch(ME, json={"current_password": one, "bio": "x"}, headers=ada.bearer).status_code == 200
    assert auth.client.post(DELETION, json={"current_password": one}, headers=ada.bearer).status_code == 202


@pytest.mark.parametrize("password", ["❤\ufe0f👨\u200d👩\u200d👧 family", "tab\there too", "\u200b" * 4 + "seen"])
def test_characters_disallowed_by_precis_are_accepted_unchanged(auth: LiveService, password: str) -> None:
    create_user(auth, password=password)
    assert log_in(auth, "ada", password)


@pytest.mark.parametrize(("one", "other"), SPELLINGS)
def test_hash_of_an_older_normalisation_is_accepted_and_renewed(
    auth: LiveService, database: Database, one: str, other: str
) -> None:
    """Earlier releases hashed the password as sent, so only that spelling works."""
    ada = create_user(auth)
    passwords: Passwords = auth.app.state.dependencies.passwords
    former = passwords._hasher.hash(other)
    database.write(lambda tx: tx.execute(update(models.accounts).values(password_hash=former)))
    body = {"identifier": "ada", "password": "wrong password"}
    assert auth.client.post(LOGIN, json=body).status_code == 401
    kept = {"current_password": other, "bio": "still here"}
    assert auth.client.patch(ME, json=kept, headers=ada.bearer).status_code == 200
    assert log_in(auth, "ada", other)
    renewed = database.read(lambda connection: connection.execute(select(models.accounts.c.password_hash)).scalar_one())
    assert renewed != former
    assert log_in(auth, "ada", one)
    assert rows(database, models.accounts)[0].password_hash == renewed, "once is enough"


def test_wrong_password_costs_the_same_with_and_without_an_account(
    auth: LiveService, monkeypatch: pytest.MonkeyPatch
) -> None:
    passwords: Passwords = auth.app.state.dependencies.passwords
    tried: list[str] = []
    matches = passwords._matches

    def watched(password: str, password_hash: str) -> bool:
        tried.append(password)
        return matches(password, password_hash)

    create_user(auth)
    monkeypatch.setattr(passwords, "_matches", watched)
    for password in ("wrong password", "wro\u0301ng password"):
        counts = []
        for identifier in ("ada", "nobody"):
            tried.clear()
            auth.client.post(LOGIN, json={"identifier": identifier, "password": password})
            counts.append(len(tried))
        assert counts[0] == counts[1]


def test_too_long_normalised_password_is_refused_without_hashing(
    auth: LiveService, monkeypatch: pytest.MonkeyPatch
) -> None:
    passwords: Passwords = auth.app.state.dependencies.passwords
    monkeypatch.setattr(passwords, "_matches", lambda *_: pytest.fail("it was hashed"))
    assert asyncio.run(passwords.verify("x" * 129, None)) is None


@pytest.fixture
def ada(auth: LiveService) -> Person:
    """A user with handles of every kind."""
    return create_user(auth, "ada.lovelace", phone="010-1234-5678", name="Augusta Ada King")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"new_password": "Ada_Lovelace"}, "/new_password"),
        ({"new_password": "ada.lovelace@example.org"}, "/new_password"),
        ({"new_password": "augusta ada king"}, "/new_password"),
        ({"new_password": "010 1234 5678"}, "/new_password"),
        ({"new_password": "countess.of.l", "nickname": "countess_of_l"}, "/new_password"),
        ({"nickname": "correct_horse_battery"}, "/nickname"),
        ({"name": "Correct Horse Battery"}, "/name"),
    ],
)
def test_password_cannot_equal_a_handle_after_a_change(
    auth: LiveService, database: Database, ada: Person, change: dict[str, str], pointer: str
) -> None:
    before = rows(database, models.accounts)
    answer = auth.client.patch(ME, json={"current_password": PASSWORD, **change}, headers=ada.bearer)
    assert (answer.status_code, answer.json()["code"]) == (422, "common_password")
    assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]
    assert rows(database, models.accounts) == before


def test_existing_password_equal_to_the_nickname_still_works(
    auth: LiveService, database: Database, ada: Person
) -> None:
    passwords: Passwords = auth.app.state.dependencies.passwords
    former = passwords._hasher.hash("ada.lovelace")
    database.write(lambda tx: tx.execute(update(models.accounts).values(password_hash=former)))
    current = bearer(log_in(auth, "ada.lovelace", "ada.lovelace"))
    change = {"current_password": "ada.lovelace", "bio": "x"}
    assert auth.client.patch(ME, json=change, headers=current).status_code == 200
