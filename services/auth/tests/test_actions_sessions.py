"""Sessions and their chains of refresh tokens: a repeat gives the same successor, a late one ends the session."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import insert

from services.auth import models, queries
from services.auth.actions import sessions
from services.auth.actions.sessions import GRACE, MOST, MOST_STEPS, SPENT_KEPT, Client, Lifetimes, Login, Reused
from services.auth.tokens import RefreshTokens, refresh_digest
from shared import clock, ids
from shared.database.engine import Database
from shared.errors import NotFound, Unauthenticated

from .factories import HASH, IP, LIFETIMES, TOKENS, Time, all_pages, facts, open_login, register, rows


@pytest.fixture
def login(database: Database) -> Login:
    """One login of somebody."""
    return open_login(database, register(database))


def refresh(database: Database, token: str, lifetimes: Lifetimes = LIFETIMES) -> Login:
    """A new pair, which must be given."""
    outcome = database.write(sessions.refresh, token, IP, lifetimes, TOKENS)
    assert isinstance(outcome, Login)
    return outcome


def is_over(database: Database, login: Login) -> bool:
    return rows(database, models.sessions)[0].ended_at is not None and not rows(database, models.refresh_tokens)


def test_a_refresh_token_is_kept_only_as_its_digest(database: Database, login: Login) -> None:
    (kept,) = rows(database, models.refresh_tokens)
    assert kept.digest == refresh_digest(login.refresh_token)
    assert len(login.refresh_token) == 80, "256 bits, and whose they are"


def test_a_chain_goes_on_as_long_as_each_token_is_used_once(database: Database, login: Login, time: Time) -> None:
    token = login.refresh_token
    for _ in range(5):
        time.passes(clock.HOUR)
        token = refresh(database, token).refresh_token
    assert rows(database, models.sessions)[0].ended_at is None
    assert len(rows(database, models.refresh_tokens)) == 2, "the newest token and the one that was just spent"


def test_a_spent_token_that_comes_later_ends_the_whole_login(database: Database, login: Login, time: Time) -> None:
    successor = refresh(database, login.refresh_token)
    time.passes(GRACE + 1)
    assert isinstance(database.write(sessions.refresh, login.refresh_token, IP, LIFETIMES, TOKENS), Reused)
    assert is_over(database, login)
    with pytest.raises(Unauthenticated):
        refresh(database, successor.refresh_token)
    assert [name for name, _ in facts(database)] == ["user.registered.v1", "session.revoked.v1"]


def test_a_repeat_within_the_grace_period_gives_the_same_successor(
    database: Database, login: Login, time: Time
) -> None:
    first = refresh(database, login.refresh_token)
    time.passes(GRACE - clock.SECOND)
    again = refresh(database, login.refresh_token)
    assert again.refresh_token == first.refresh_token
    time.passes(clock.HOUR)
    refresh(database, again.refresh_token)
    assert not is_over(database, login)


def test_the_grace_period_is_counted_from_the_first_use(database: Database, login: Login, time: Time) -> None:
    refresh(database, login.refresh_token)
    time.passes(GRACE - clock.SECOND)
    refresh(database, login.refresh_token)
    time.passes(2 * clock.SECOND)
    assert isinstance(database.write(sessions.refresh, login.refresh_token, IP, LIFETIMES, TOKENS), Reused)


def test_two_holders_of_one_token_both_go_on(database: Database, login: Login, time: Time) -> None:
    one, other = (refresh(database, login.refresh_token) for _ in range(2))
    assert refresh(database, one.refresh_token) == refresh(database, other.refresh_token)
    assert not is_over(database, login)


def test_a_repeat_after_the_successor_was_spent_gives_the_newest_token(
    database: Database, login: Login, time: Time
) -> None:
    """What it held before would end the session when it is used ten minutes later."""
    newest = login
    for _ in range(3):
        newest = refresh(database, newest.refresh_token)
    assert refresh(database, login.refresh_token) == newest
    time.passes(10 * clock.MINUTE)
    refresh(database, newest.refresh_token)
    assert not is_over(database, login)


def test_a_longer_chain_within_the_grace_period_is_followed_for_a_while_only(database: Database, login: Login) -> None:
    chain = [login]
    for _ in range(MOST_STEPS + 2):
        chain.append(refresh(database, chain[-1].refresh_token))
    assert refresh(database, login.refresh_token) == chain[MOST_STEPS]


def test_of_fifty_refreshes_at_once_all_get_the_same_token(database: Database, login: Login) -> None:
    with ThreadPoolExecutor(10) as pool:
        outcomes = list(pool.map(lambda _: refresh(database, login.refresh_token), range(50)))
    assert len(set(outcomes)) == 1
    assert [row.spent_at is None for row in rows(database, models.refresh_tokens)].count(True) == 1


def test_a_session_keeps_few_rows_however_often_it_is_refreshed(database: Database, login: Login, time: Time) -> None:
    token = login.refresh_token
    for _ in range(100):
        time.passes(SPENT_KEPT // 4)
        token = refresh(database, token).refresh_token
    assert len(rows(database, models.refresh_tokens)) <= 6


def test_a_spent_token_whose_row_is_gone_ends_the_session_too(database: Database, login: Login, time: Time) -> None:
    newest = login
    for _ in range(3):
        time.passes(clock.HOUR)
        newest = refresh(database, newest.refresh_token)
    assert refresh_digest(login.refresh_token) not in {row.digest for row in rows(database, models.refresh_tokens)}
    assert isinstance(database.write(sessions.refresh, login.refresh_token, IP, LIFETIMES, TOKENS), Reused)
    assert is_over(database, login)


def test_a_token_from_before_tokens_told_their_session_is_spent_and_remembered(
    database: Database, login: Login, time: Time
) -> None:
    old = "o" * 43
    row = {"digest": refresh_digest(old), "session_id": login.session_id, "issued_at": clock.now()}
    database.write(lambda tx: tx.execute(insert(models.refresh_tokens).values(**row)))
    newest = refresh(database, old)
    assert refresh(database, old) == newest
    for _ in range(3):
        time.passes(clock.HOUR)
        newest = refresh(database, newest.refresh_token)
    assert isinstance(database.write(sessions.refresh, old, IP, LIFETIMES, TOKENS), Reused)
    assert is_over(database, login)


def test_only_the_key_makes_a_token_of_a_session(database: Database, login: Login) -> None:
    forged = RefreshTokens(b"another key").first(login.session_id)
    own = TOKENS.first(login.session_id)
    for token in (forged, own[:-1] + "=", own + "AAAA", own[:10] + ("B" if own[10] == "A" else "A") + own[11:]):
        with pytest.raises(Unauthenticated, match="invalid_token"):
            refresh(database, token)
    assert TOKENS.session_of(own) == login.session_id
    assert not is_over(database, login)


def test_a_copy_of_the_database_gives_no_token(database: Database, login: Login) -> None:
    successor = refresh(database, login.refresh_token).refresh_token
    assert successor != RefreshTokens(b"another key").successor(login.session_id, login.refresh_token)
    kept = str(rows(database, models.refresh_tokens))
    assert login.refresh_token not in kept and successor not in kept


def test_an_unknown_token_is_refused_and_ends_nothing(database: Database, login: Login) -> None:
    for token in ("", "unknown", login.refresh_token + "x", "é" * 100, "A" * 80):
        with pytest.raises(Unauthenticated, match="invalid_token"):
            refresh(database, token)
    assert not is_over(database, login)


def test_a_login_that_is_not_used_ends_by_itself(database: Database, login: Login, time: Time) -> None:
    time.passes(LIFETIMES.idle - clock.SECOND)
    going_on = refresh(database, login.refresh_token)
    time.passes(LIFETIMES.idle + 1)
    with pytest.raises(Unauthenticated):
        refresh(database, going_on.refresh_token)


def test_a_login_ends_at_last_however_much_it_is_used(database: Database, login: Login, time: Time) -> None:
    token = login.refresh_token
    for _ in range(4):
        time.passes(20 * clock.DAY)
        token = refresh(database, token).refresh_token
    time.passes(10 * clock.DAY)
    with pytest.raises(Unauthenticated):
        refresh(database, token)


def test_a_short_absolute_lifetime_counts_from_the_first_token(database: Database, time: Time) -> None:
    short = Lifetimes(idle=30 * clock.DAY, absolute=clock.DAY)
    ada = register(database)
    login = database.write(sessions.log_in, ada.id, HASH, None, Client("::1"), short, TOKENS)
    time.passes(clock.DAY + 1)
    with pytest.raises(Unauthenticated):
        refresh(database, login.refresh_token, short)


def test_the_fifty_first_login_ends_the_one_longest_unused(database: Database, time: Time) -> None:
    ada = register(database)
    logins = []
    for _ in range(MOST):
        logins.append(open_login(database, ada))
        time.passes(clock.SECOND)
    refresh(database, logins[0].refresh_token)
    open_login(database, ada)
    ended = {row.id for row in rows(database, models.sessions) if row.ended_at is not None}
    assert ended == {logins[1].session_id}


def test_one_persons_logins_do_not_push_out_anothers(database: Database) -> None:
    bob = open_login(database, register(database, "bob"))
    ada = register(database, "ada")
    for _ in range(MOST + 1):
        open_login(database, ada)
    assert not [row for row in rows(database, models.sessions) if row.id == bob.session_id and row.ended_at]


def test_no_login_where_the_password_changed_after_it_was_checked(database: Database) -> None:
    ada = register(database)
    with pytest.raises(Unauthenticated, match="invalid_credentials"):
        database.write(sessions.log_in, ada.id, "the former hash", None, Client("::1"), LIFETIMES, TOKENS)
    assert rows(database, models.sessions) == []


def test_a_login_keeps_the_fresh_hash(database: Database) -> None:
    ada = register(database)
    database.write(sessions.log_in, ada.id, HASH, "a dearer hash", Client("::1"), LIFETIMES, TOKENS)
    assert rows(database, models.accounts)[0].password_hash == "a dearer hash"


def test_logging_out_ends_one_login_and_tells_of_it_once(database: Database, login: Login) -> None:
    database.write(sessions.log_out, login.account_id, login.session_id, IP)
    assert is_over(database, login)
    with pytest.raises(NotFound):
        database.write(sessions.log_out, login.account_id, login.session_id, IP)
    revoked = [data for name, data in facts(database) if name == "session.revoked.v1"]
    assert [each["session_id"] for each in revoked] == [ids.encode(login.session_id)]


def test_nobody_ends_a_login_of_somebody_else(database: Database, login: Login) -> None:
    bob = register(database, "bob")
    with pytest.raises(NotFound):
        database.write(sessions.log_out, bob.id, login.session_id, IP)
    assert not is_over(database, login)


def test_all_but_this_login_end_together(database: Database) -> None:
    ada, bob = register(database, "ada"), open_login(database, register(database, "bob"))
    current, *others = (open_login(database, ada) for _ in range(4))
    database.write(sessions.end_others, ada.id, current.session_id, IP)
    ended = {row.id for row in rows(database, models.sessions) if row.ended_at is not None}
    assert ended == {each.session_id for each in others}
    assert {row.session_id for row in rows(database, models.refresh_tokens)} == {current.session_id, bob.session_id}


def test_ones_logins_are_listed_page_by_page_without_those_that_are_over(database: Database, time: Time) -> None:
    ada = register(database)
    over = open_login(database, ada, "forgotten")
    time.passes(LIFETIMES.idle)
    logins = [open_login(database, ada, f"device {each}") for each in range(5)]
    database.write(sessions.log_out, ada.id, logins[2].session_id, IP)
    current = logins[4].session_id
    listed = all_pages(lambda page: database.read(queries.sessions_of, ada.id, current, page), 2)
    seen = [(each["device"], each["current"]) for each in listed]
    assert seen == [("device 4", True), ("device 3", False), ("device 1", False), ("device 0", False)]
    assert ids.encode(over.session_id) not in {each["id"] for each in listed}
