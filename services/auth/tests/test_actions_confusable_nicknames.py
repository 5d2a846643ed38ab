"""Confusable nicknames: refused to other users for ever, and ordinary nicknames are not affected."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, insert

from services.auth import handles, models
from services.auth.actions import accounts, claims, withdrawals
from services.auth.handles import Handle, skeleton
from services.auth.queries import Account
from shared.database.engine import Database
from shared.errors import AppError, Conflict, Invalid

from .factories import KEY, NOWHERE, Time, facts, register, rows


def skeleton_of(nickname: str) -> str:
    return skeleton(Handle("nickname", nickname)).value


def change(database: Database, account: Account, nickname: str) -> Account:
    wanted = handles.nickname(nickname)
    changes = {"nickname": wanted.value}
    return database.write(accounts.change_account, account, changes, [wanted], KEY, NOWHERE)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ann1", "annl"),
        ("ann1", "anni"),
        ("bob0", "bobo"),
        ("morgan", "rnorgan"),
        ("wanda", "vvanda"),
        ("vvv", "wv"),
        ("anna", "anna."),
        ("anna", "_anna_"),
        ("ann.lee", "ann_lee"),
        ("ann_lee", "ann__.lee"),
    ],
)
def test_names_are_confusable(one: str, other: str) -> None:
    assert skeleton_of(one) == skeleton_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("bob1", "bob2"), ("bob1", "bob11"), ("bob10", "bob01"), ("ann_1", "ann1"), ("annlee", "ann.lee"), ("r.n", "mmm")],
)
def test_names_are_not_confusable(one: str, other: str) -> None:
    assert skeleton_of(one) != skeleton_of(other)


def test_numbered_names_are_not_confusable() -> None:
    assert len({skeleton_of(f"bob{number}") for number in range(1_000)}) == 1_000
    assert len({skeleton_of(f"bob_{number}") for number in range(1_000)}) == 1_000


@given(st.from_regex(r"[a-z0-9._]{0,13}[a-z][a-z0-9._]{2,13}", fullmatch=True))
def test_nickname_is_its_own_confusable(nickname: str) -> None:
    found = skeleton_of(nickname)
    assert found and skeleton_of(found) == found, "the look of a look is that look"


def test_sign_up_with_a_confusable_nickname_is_refused(database: Database) -> None:
    register(database, "ann1")
    with pytest.raises(Conflict) as refusal:
        register(database, "annl")
    assert refusal.value.code == "nickname_taken"
    assert len(rows(database, models.accounts)) == 1
    assert len(rows(database, models.handles)) == 3, "nothing of the second is left"
    assert len(facts(database)) == 1


def test_change_to_a_confusable_nickname_of_another_account_is_refused(database: Database) -> None:
    register(database, "morgan")
    eve = register(database, "eve")
    with pytest.raises(Conflict, match="nickname_taken"):
        change(database, eve, "rnorgan")
    assert change(database, eve, "norgan").nickname == "norgan"


def test_change_between_confusable_names_of_one_account_is_allowed(database: Database) -> None:
    anna = register(database, "anna")
    for nickname in ("anna.", "anna_", "anna"):
        anna = change(database, anna, nickname)
    assert anna.nickname == "anna"


def test_skeleton_of_a_former_nickname_stays_reserved(database: Database, time: Time) -> None:
    anna = register(database, "anna")
    time.passes(claims.BRIEF_MS)
    change(database, anna, "countess")
    with pytest.raises(Conflict, match="nickname_taken"):
        register(database, "anna_")


def test_skeleton_of_a_withdrawn_account_stays_reserved(database: Database) -> None:
    database.write(withdrawals.withdraw, register(database, "anna"))
    with pytest.raises(Conflict, match="nickname_taken"):
        register(database, "anna.", email="other@example.org")
    assert "anna" not in str(rows(database, models.handles))


def test_concurrent_sign_ups_with_confusable_nicknames_create_one_account(database: Database) -> None:
    def attempt(nickname: str) -> str:
        try:
            register(database, nickname)
        except AppError as refusal:
            return refusal.code
        return "made"

    with ThreadPoolExecutor(8) as pool:
        outcomes = sorted(pool.map(attempt, ["ill1", "ll11", "1l1l", "lili", "l1l1", "il1i", "iiii", "llll"]))
    assert outcomes == ["made", *["nickname_taken"] * 7]


def test_names_that_imitate_the_operator_are_refused() -> None:
    for nickname in ("adm1n", "supp0rt", "rnoderator", "0fficial."):
        with pytest.raises(Invalid, match="nickname_reserved"):
            handles.nickname(nickname)
    for nickname in ("adam", "mira", "officer", "modesty", "staffan", "teamwork", "roots", "helper", "infanta"):
        assert handles.nickname(nickname).value == nickname


@pytest.mark.parametrize(
    "nickname",
    [
        *("shutter_official", "admin.team", "a.d.m.i.n", "administrator1", "shutt3r", "root0"),
        *("hel.p", "a.p.i", "s_y_s_t_e_m", "un.defined", "0wn.er"),
        *("support_team", "the_admin", "s.h.u.t.t.e.r", "_mod_", "moderator2024", "5upport", "r007", "5t4ff"),
        *("shutterofficial", "officialshutterteam", "help.team", "info_help", "a.d.m.1.n.t.e.a.m", "ann.security"),
    ],
)
def test_role_name_is_refused_in_every_spelling(nickname: str) -> None:
    with pytest.raises(Invalid, match="nickname_reserved"):
        handles.nickname(nickname)


@pytest.mark.parametrize(
    "nickname",
    [
        *("meme", "kim.me", "team_rocket", "helpme", "modena", "ann.mod3l", "supporter", "rooted", "infomedia"),
        *("apiary", "systems", "sound.system", "owner1x", "me2you", "ann1", "r2d2", "b0b", "4nna", "bob.2024"),
    ],
)
def test_names_that_only_contain_a_role_name_are_accepted(nickname: str) -> None:
    assert handles.nickname(nickname).value == nickname


def test_account_with_a_now_reserved_nickname_can_log_in() -> None:
    assert handles.identifier("Adm1n", "KR") == Handle("nickname", "adm1n")


def old(database: Database, *nicknames: str) -> list[Account]:
    """Accounts as after the migration that added skeletons: none is claimed, and some are equal."""
    made = [register(database, f"person{number}") for number, _ in enumerate(nicknames)]
    for account, nickname in zip(made, nicknames, strict=True):
        database.write(_rename, account, nickname)
    return made


def _rename(tx: Connection, account: Account, nickname: str) -> None:
    tx.execute(models.handles.delete().where(models.handles.c.kind == handles.SKELETON))
    tx.execute(models.accounts.update().where(models.accounts.c.id == account.id).values(nickname=nickname))
    mark = handles.digest(KEY, Handle("nickname", nickname))
    tx.execute(insert(models.handles).values(kind="nickname", digest=mark, account_id=account.id))
    tx.execute(insert(models.unclaimed_looks).values(account_id=account.id))


def claim_all(database: Database, limit: int = 500) -> None:
    while database.write(claims.claim_skeletons, KEY, limit):
        pass


def test_missing_skeletons_are_claimed_in_batches_oldest_account_first(database: Database) -> None:
    first, second, third = old(database, "ann1", "annl", "bob")
    claim_all(database, limit=2)
    claimed = {row.account_id for row in rows(database, models.handles) if row.kind == handles.SKELETON}
    assert claimed == {first.id, third.id}
    assert second.id not in claimed
    assert rows(database, models.unclaimed_looks) == []
    with pytest.raises(Conflict, match="nickname_taken"):
        register(database, "anni")


def test_existing_confusable_accounts_keep_their_names(database: Database) -> None:
    _, second = old(database, "ann1", "annl")
    claim_all(database)
    second = change(database, second, "annl")
    second = change(database, second, "countess")
    assert change(database, second, "annl").nickname == "annl", "one's own of before"


def test_withdrawn_account_claims_no_skeleton(database: Database) -> None:
    (ada,) = old(database, "ada")
    database.write(lambda tx: tx.execute(models.accounts.delete()))
    claim_all(database)
    assert rows(database, models.unclaimed_looks) == []
    assert ada.id not in {row.account_id for row in rows(database, models.handles) if row.kind == handles.SKELETON}
