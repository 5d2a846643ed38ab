"""Accounts: unique handles, also under concurrency and after a change, and the effects of changes."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from services.auth import handles, models, queries
from services.auth.actions import accounts
from services.auth.actions.claims import BRIEF_MS
from services.auth.queries import Account
from shared import ids
from shared.database.engine import Database
from shared.errors import AppError, Conflict, Forbidden, Unauthenticated

from .factories import KEY, NOWHERE, Time, facts, register, rows


def change(database: Database, proven: Account, *taken: handles.Handle, **changes: str | None) -> Account:
    """Change columns, including handles."""
    columns = changes | {each.kind: each.value for each in taken}
    return database.write(accounts.change_account, proven, columns, list(taken), KEY, NOWHERE)


def phone(number: str) -> handles.Handle:
    return handles.phone(number, "KR")


def test_sign_up_publishes_the_public_fields(database: Database) -> None:
    account = register(database, phone="010-1234-5678")
    person = {"user_id": ids.encode(account.id), "nickname": "ada", "name": "Ada Lovelace", "avatar_url": None}
    assert facts(database) == [("user.registered.v1", {**person, "version": 1, "suspended": False})]


@pytest.mark.parametrize(
    ("email", "nickname", "code"),
    [
        ("Ada@example.org", "ada", "email_taken"),
        ("bob@example.org", "ADA", "nickname_taken"),
        ("bob@example.org", "bob", "phone_taken"),
    ],
)
def test_first_taken_handle_is_reported(database: Database, email: str, nickname: str, code: str) -> None:
    register(database, "ada", phone="010-1234-5678")
    with pytest.raises(Conflict) as refusal:
        register(database, nickname, email=email, phone="+82 10 1234 5678")
    assert refusal.value.code == code
    assert len(rows(database, models.accounts)) == 1
    assert len(rows(database, models.handles)) == 4, "nothing of the second is left"
    assert len(facts(database)) == 1


def test_concurrent_sign_ups_get_a_nickname_once(database: Database) -> None:
    def attempt(number: int) -> str:
        try:
            register(database, "ada", email=f"ada{number}@example.org")
        except AppError as refusal:
            return refusal.code
        return "made"

    with ThreadPoolExecutor(8) as pool:
        outcomes = sorted(pool.map(attempt, range(8)))
    assert outcomes == ["made", *["nickname_taken"] * 7]
    assert len(rows(database, models.handles)) == 3


def test_swapping_nicknames_is_refused_for_both(database: Database) -> None:
    ada, bob = register(database, "ada"), register(database, "bob")
    for account, nickname in ((ada, "bob"), (bob, "ada")):
        with pytest.raises(Conflict, match="nickname_taken"):
            change(database, account, handles.nickname(nickname))


def test_former_nickname_stays_reserved_for_its_account(database: Database, time: Time) -> None:
    ada = register(database, "ada")
    time.passes(BRIEF_MS)
    renamed = change(database, ada, handles.nickname("countess"))
    assert renamed.nickname == "countess"
    with pytest.raises(Conflict, match="nickname_taken"):
        register(database, "ada", email="other@example.org")
    assert change(database, renamed, handles.nickname("ada")).nickname == "ada"


def test_account_is_not_found_by_a_former_handle(database: Database) -> None:
    ada = register(database, "ada")
    change(database, ada, handles.nickname("countess"))
    former, new = handles.nickname("ada"), handles.nickname("countess")
    assert database.read(queries.account_by_handle, handles.digest(KEY, former), former.value) is None
    found = database.read(queries.account_by_handle, handles.digest(KEY, new), new.value)
    assert found is not None and found.id == ada.id


def test_released_phone_number_can_be_used_by_another_account(database: Database) -> None:
    ada = register(database, "ada", phone="010-1111-1111")
    moved = change(database, ada, phone("010-2222-2222"))
    register(database, "bob", phone="010-1111-1111")
    change(database, moved, phone=None)
    assert register(database, "eve", phone="010-2222-2222").phone == "+821022222222"


def test_resubmitted_phone_number_stays_taken(database: Database) -> None:
    ada = register(database, "ada", phone="010-1111-1111")
    change(database, ada, phone("+82 10 1111 1111"))
    with pytest.raises(Conflict, match="phone_taken"):
        register(database, "bob", phone="010-1111-1111")


def test_changes_of_public_fields_are_published_with_a_new_version(database: Database) -> None:
    ada = register(database)
    unseen = change(database, ada, bio="First programmer.")
    assert unseen.version == 1 and unseen.updated_at > ada.updated_at
    seen = change(database, ada, name="Ada King")
    assert seen.version == 2
    told = [(name, data.get("name"), data.get("version")) for name, data in facts(database)]
    assert told == [("user.registered.v1", "Ada Lovelace", 1), ("user.updated.v1", "Ada King", 2)]


def test_change_without_effect_writes_nothing(database: Database) -> None:
    ada = register(database)
    assert change(database, ada, name=ada.name, bio=ada.bio) == ada
    assert len(facts(database)) == 1


def test_each_change_increases_updated_at_within_a_millisecond(database: Database) -> None:
    ada = register(database)
    moments = [ada.updated_at, *(change(database, ada, bio=str(each)).updated_at for each in range(5))]
    assert moments == sorted(set(moments))


def test_search_finds_the_new_name(database: Database) -> None:
    ada = change(database, register(database), name="ÉMILIE du Châtelet")
    assert ada.name_key == "émilie du châtelet"


def test_change_is_refused_when_the_password_changed_after_the_check(database: Database) -> None:
    proven = register(database)
    change(database, proven, password_hash="another")
    with pytest.raises(Forbidden, match="wrong_password"):
        change(database, proven, name="Mallory")
    assert rows(database, models.accounts)[0].name == "Ada Lovelace"


def test_withdrawn_account_cannot_be_changed(database: Database) -> None:
    proven = register(database)
    database.write(lambda tx: tx.execute(models.accounts.delete()))
    with pytest.raises(Unauthenticated):
        change(database, proven, name="Ghost")


def test_new_avatar_keeps_its_file_and_schedules_deletion_of_the_old_one(database: Database) -> None:
    ada = register(database)
    first = database.write(accounts.set_avatar, ada.id, "one.jpg", NOWHERE)
    assert queries.account_json(first)["avatar_url"] == "/api/v1/avatars/one.jpg"
    assert rows(database, models.disposal) == []
    database.write(accounts.set_avatar, ada.id, "two.jpg", NOWHERE)
    assert [row.name for row in rows(database, models.disposal)] == ["one.jpg"]
    assert database.write(accounts.set_avatar, ada.id, None, NOWHERE).avatar is None
    assert {row.name for row in rows(database, models.disposal)} == {"one.jpg", "two.jpg"}
    assert [data.get("version") for _, data in facts(database)] == [1, 2, 3, 4]
