"""Accounts: unique handles, also under a race and after they were given up, and what changes when."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from services.auth import handles, models, queries
from services.auth.actions import accounts
from services.auth.actions.claims import BRIEF
from services.auth.queries import Account
from shared import ids
from shared.database.engine import Database
from shared.errors import AppError, Conflict, Forbidden, Unauthenticated

from .factories import KEY, NOWHERE, Time, facts, register, rows


def change(database: Database, proven: Account, *taken: handles.Handle, **changes: str | None) -> Account:
    """Change columns; handles are among them."""
    columns = changes | {each.kind: each.value for each in taken}
    return database.write(accounts.change_account, proven, columns, list(taken), KEY, NOWHERE)


def phone(number: str) -> handles.Handle:
    return handles.phone(number, "KR")


def test_who_signs_up_is_announced_with_what_others_may_know(database: Database) -> None:
    account = register(database, phone="010-1234-5678")
    person = {"user_id": ids.encode(account.id), "nickname": "ada", "name": "Ada Lovelace", "avatar_url": None}
    assert facts(database) == [("user.registered.v1", {**person, "version": 1})]


@pytest.mark.parametrize(
    ("email", "nickname", "code"),
    [
        ("Ada@example.org", "ada", "email_taken"),
        ("bob@example.org", "ADA", "nickname_taken"),
        ("bob@example.org", "bob", "phone_taken"),
    ],
)
def test_the_first_taken_handle_is_named(database: Database, email: str, nickname: str, code: str) -> None:
    register(database, "ada", phone="010-1234-5678")
    with pytest.raises(Conflict) as refusal:
        register(database, nickname, email=email, phone="+82 10 1234 5678")
    assert refusal.value.code == code
    assert len(rows(database, models.accounts)) == 1
    assert len(rows(database, models.handles)) == 4, "nothing of the second is left"
    assert len(facts(database)) == 1


def test_of_many_at_the_same_instant_one_gets_the_nickname(database: Database) -> None:
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


def test_two_who_swap_nicknames_are_both_refused(database: Database) -> None:
    ada, bob = register(database, "ada"), register(database, "bob")
    for account, nickname in ((ada, "bob"), (bob, "ada")):
        with pytest.raises(Conflict, match="nickname_taken"):
            change(database, account, handles.nickname(nickname))


def test_a_former_nickname_stays_with_the_one_who_had_it(database: Database, time: Time) -> None:
    ada = register(database, "ada")
    time.passes(BRIEF)
    renamed = change(database, ada, handles.nickname("countess"))
    assert renamed.nickname == "countess"
    with pytest.raises(Conflict, match="nickname_taken"):
        register(database, "ada", email="other@example.org")
    assert change(database, renamed, handles.nickname("ada")).nickname == "ada"


def test_nobody_is_found_by_a_handle_they_no_longer_bear(database: Database) -> None:
    ada = register(database, "ada")
    change(database, ada, handles.nickname("countess"))
    former, new = handles.nickname("ada"), handles.nickname("countess")
    assert database.read(queries.account_by_handle, handles.digest(KEY, former), former.value) is None
    found = database.read(queries.account_by_handle, handles.digest(KEY, new), new.value)
    assert found is not None and found.id == ada.id


def test_a_phone_number_that_was_given_up_may_be_somebody_elses(database: Database) -> None:
    ada = register(database, "ada", phone="010-1111-1111")
    moved = change(database, ada, phone("010-2222-2222"))
    register(database, "bob", phone="010-1111-1111")
    change(database, moved, phone=None)
    assert register(database, "eve", phone="010-2222-2222").phone == "+821022222222"


def test_the_same_phone_number_again_stays_taken(database: Database) -> None:
    ada = register(database, "ada", phone="010-1111-1111")
    change(database, ada, phone("+82 10 1111 1111"))
    with pytest.raises(Conflict, match="phone_taken"):
        register(database, "bob", phone="010-1111-1111")


def test_what_others_see_is_announced_with_a_new_version_and_the_rest_is_not(database: Database) -> None:
    ada = register(database)
    unseen = change(database, ada, bio="First programmer.")
    assert unseen.version == 1 and unseen.updated_at > ada.updated_at
    seen = change(database, ada, name="Ada King")
    assert seen.version == 2
    told = [(name, data.get("name"), data.get("version")) for name, data in facts(database)]
    assert told == [("user.registered.v1", "Ada Lovelace", 1), ("user.updated.v1", "Ada King", 2)]


def test_no_change_is_no_change(database: Database) -> None:
    ada = register(database)
    assert change(database, ada, name=ada.name, bio=ada.bio) == ada
    assert len(facts(database)) == 1


def test_each_change_moves_updated_at_also_within_a_millisecond(database: Database) -> None:
    ada = register(database)
    moments = [ada.updated_at, *(change(database, ada, bio=str(each)).updated_at for each in range(5))]
    assert moments == sorted(set(moments))


def test_a_new_name_is_found_by_its_new_beginning(database: Database) -> None:
    ada = change(database, register(database), name="ÉMILIE du Châtelet")
    assert ada.name_key == "émilie du châtelet"


def test_nothing_changes_where_the_password_did_after_it_was_checked(database: Database) -> None:
    proven = register(database)
    change(database, proven, password_hash="another")
    with pytest.raises(Forbidden, match="wrong_password"):
        change(database, proven, name="Mallory")
    assert rows(database, models.accounts)[0].name == "Ada Lovelace"


def test_nothing_changes_of_somebody_who_is_gone(database: Database) -> None:
    proven = register(database)
    database.write(lambda tx: tx.execute(models.accounts.delete()))
    with pytest.raises(Unauthenticated):
        change(database, proven, name="Ghost")


def test_a_new_picture_claims_its_file_and_gives_up_the_former(database: Database) -> None:
    ada = register(database)
    first = database.write(accounts.set_avatar, ada.id, "one.jpg", NOWHERE)
    assert queries.account_json(first)["avatar_url"] == "/api/v1/avatars/one.jpg"
    assert rows(database, models.disposal) == []
    database.write(accounts.set_avatar, ada.id, "two.jpg", NOWHERE)
    assert [row.name for row in rows(database, models.disposal)] == ["one.jpg"]
    assert database.write(accounts.set_avatar, ada.id, None, NOWHERE).avatar is None
    assert {row.name for row in rows(database, models.disposal)} == {"one.jpg", "two.jpg"}
    assert [data.get("version") for _, data in facts(database)] == [1, 2, 3, 4]
