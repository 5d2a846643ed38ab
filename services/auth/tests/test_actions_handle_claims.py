"""Claimed handles: how often others may be tried, and the release of briefly used nicknames."""

import pytest

from services.auth import handles, models
from services.auth.actions import accounts, claims
from services.auth.actions.claims import BRIEF_MS, LIMITS, RETENTION_MS
from services.auth.queries import Account
from shared import clock
from shared.database.engine import Database
from shared.errors import Conflict, TooManyRequests

from .factories import KEY, NOWHERE, Time, register, rows

CHANGES, MONTH = LIMITS["nickname change"]
PHONES, DAY = LIMITS["phone"]


def rename(database: Database, account: Account, nickname: str) -> Account:
    wanted = handles.nickname(nickname)
    return database.write(accounts.change_account, account, {"nickname": wanted.value}, [wanted], KEY, NOWHERE)


def held(database: Database, account: Account) -> int:
    """How many nicknames and skeletons the account holds."""
    kinds = ("nickname", "looks")
    return len([row for row in rows(database, models.handles) if row.account_id == account.id and row.kind in kinds])


def try_phone(database: Database, account: Account, number: int) -> int:
    """The seconds that the account is told to wait; 0 if it may try."""
    try:
        database.write(claims.count_attempts, account, [handles.phone(f"010-1234-{number:04}", "KR")])
    except TooManyRequests as refusal:
        return refusal.retry_after or 0
    return 0


def test_briefly_used_nicknames_are_released(database: Database) -> None:
    ada = register(database)
    for number in range(CHANGES):
        ada = rename(database, ada, f"name{number}")
    assert held(database, ada) == 2
    for number in range(CHANGES - 1):
        assert register(database, f"name{number}")
    assert register(database, "ada", email="other@example.org")


def test_nickname_changes_per_month_are_limited(database: Database, time: Time) -> None:
    ada = register(database)
    for number in range(CHANGES):
        ada = rename(database, ada, f"name{number}")
        time.passes(clock.HOUR)
    with pytest.raises(TooManyRequests) as refusal:
        rename(database, ada, "another")
    assert refusal.value.code == "too_many_changes"
    assert refusal.value.retry_after == pytest.approx((MONTH - CHANGES * clock.HOUR) / clock.SECOND, abs=30)
    assert rename(database, ada, ada.nickname) == ada, "no change"
    assert register(database, "another"), "nothing is left of what was refused"
    time.passes(MONTH)
    assert rename(database, ada, "at.last").nickname == "at.last"


def test_long_used_nickname_stays_reserved_after_a_brief_return(database: Database, time: Time) -> None:
    ada = register(database)
    time.passes(BRIEF_MS)
    for nickname in ("countess", "ada", "king"):
        ada = rename(database, ada, nickname)
    with pytest.raises(Conflict, match="nickname_taken"):
        register(database, "ada", email="other@example.org")
    assert register(database, "countess")


def test_skeleton_stays_reserved_while_the_new_nickname_shares_it(database: Database) -> None:
    anna = register(database, "anna")
    anna = rename(database, anna, "anna.")
    assert held(database, anna) == 2
    with pytest.raises(Conflict, match="nickname_taken"):
        register(database, "anna", email="other@example.org")
    rename(database, anna, "zoe")
    assert register(database, "anna", email="other@example.org")


def test_handle_of_another_account_is_never_released(database: Database) -> None:
    """Two nicknames were confusable before skeletons existed: only the first account holds their skeleton."""
    ann, eve = register(database, "ann1"), register(database, "eve")
    database.write(
        lambda tx: tx.execute(models.accounts.update().where(models.accounts.c.id == eve.id).values(nickname="annl"))
    )
    row = {"kind": "nickname", "digest": handles.digest(KEY, handles.Handle("nickname", "annl")), "account_id": eve.id}
    database.write(lambda tx: tx.execute(models.handles.insert().values(**row)))
    rename(database, eve, "zoe")
    assert held(database, ann) == 2
    with pytest.raises(Conflict, match="nickname_taken"):
        register(database, "anni")


def test_phone_changes_per_day_are_limited(database: Database, time: Time) -> None:
    ada, bob = register(database, phone="010-1234-0000"), register(database, "bob")
    assert [try_phone(database, ada, number) for number in range(PHONES + 1)] == [0] * (PHONES + 1), "one is her own"
    assert try_phone(database, ada, 99) >= DAY // clock.SECOND - 5
    assert try_phone(database, bob, 99) == 0
    time.passes(DAY)
    assert try_phone(database, ada, 99) == 0


def test_claim_attempts_are_deleted_after_their_window(database: Database, time: Time) -> None:
    ada = register(database)
    for number in range(3):
        try_phone(database, ada, number)
    time.passes(RETENTION_MS + clock.MINUTE)
    try_phone(database, ada, 9)
    assert database.write(claims.delete_old_attempts, 2)
    assert not database.write(claims.delete_old_attempts, 2)
    assert len(rows(database, models.handle_attempts)) == 1
