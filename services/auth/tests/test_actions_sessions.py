"""Sessions and their chains of refresh tokens: a repeat gives the same successor, a late reuse ends the session."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import insert

from services.auth import models, queries
from services.auth.actions import sessions
from services.auth.actions.sessions import (
    GRACE_MS,
    MAX_CHAIN_LENGTH,
    MAX_SESSIONS,
    SPENT_RETENTION_MS,
    Client,
    Lifetimes,
    Login,
    Reused,
)
from services.auth.tokens import RefreshTokens, refresh_digest
from shared import clock, ids
from shared.database.engine import Database
from shared.errors import NotFound, Unauthenticated
from shared.testing.altered import altered

from .factories import HASH, IP, LIFETIMES, TOKENS, Time, all_pages, facts, open_login, register, rows


@pytest.fixture
def login(database: Database) -> Login:
    """One login of a user."""
    return open_login(database, register(database))


def refresh(database: Database, token: str, lifetimes: Lifetimes = LIFETIMES) -> Login:
    """A new pair; the refresh must succeed."""
    outcome = database.write(sessions.refresh, token, IP, lifetimes, TOKENS)
    assert isinstance(outcome, Login)
    return outcome


def is_over(database: Database, login: Login) -> bool:
    return rows(database, models.sessions)[0].ended_at is not None and not rows(database, models.refresh_tokens)


def test_refresh_token_is_stored_as_a_digest(database: Database, login: Login) -> None:
    (kept,) = rows(database, models.refresh_tokens)
    assert kept.digest == refresh_digest(login.refresh_token)
    assert len(login.refresh_token) == 80, "256 bits, and whose they are"


def test_session_continues_while_each_token_is_used_once(database: Database, login: Login, time: Time) -> None:
    token = login.refresh_token
    for _ in range(5):
        time.passes(clock.HOUR)
        token = refresh(database, token).refresh_token
    assert rows(database, models.sessions)[0].ended_at is None
    assert len(rows(database, models.refresh_tokens)) == 2, "the newest token and the one that was just spent"


def test_reused_token_ends_the_session(database: Database, login: Login, time: Time) -> None:
    successor = refresh(database, login.refresh_token)
    time.passes(GRACE_MS + 1)
    assert isinstance(database.write(sessions.refresh, login.refresh_token, IP, LIFETIMES, TOKENS), Reused)
    assert is_over(database, login)
    with pytest.raises(Unauthenticated):
        refresh(database, successor.refresh_token)
    assert [name for name, _ in facts(database)] == ["user.registered.v1", "session.revoked.v1"]


def test_repeat_within_the_grace_period_gets_the_same_successor(database: Database, login: Login, time: Time) -> None:
    first = refresh(database, login.refresh_token)
    time.passes(GRACE_MS - clock.SECOND)
    again = refresh(database, login.refresh_token)
    assert again.refresh_token == first.refresh_token
    time.passes(clock.HOUR)
    refresh(database, again.refresh_token)
    assert not is_over(database, login)


def test_grace_period_starts_at_the_first_use(database: Database, login: Login, time: Time) -> None:
    refresh(database, login.refresh_token)
    time.passes(GRACE_MS - clock.SECOND)
    refresh(database, login.refresh_token)
    time.passes(2 * clock.SECOND)
    assert isinstance(database.write(sessions.refresh, login.refresh_token, IP, LIFETIMES, TOKENS), Reused)


def test_two_holders_of_one_token_can_both_continue(database: Database, login: Login, time: Time) -> None:
    one, other = (refresh(database, login.refresh_token) for _ in range(2))
    assert refresh(database, one.refresh_token) == refresh(database, other.refresh_token)
    assert not is_over(database, login)


def test_repeat_after_the_successor_was_used_gets_the_newest_token(
    database: Database, login: Login, time: Time
) -> None:
    """The token that it held before would end the session when used ten minutes later."""
    newest = login
    for _ in range(3):
        newest = refresh(database, newest.refresh_token)
    assert refresh(database, login.refresh_token) == newest
    time.passes(10 * clock.MINUTE)
    refresh(database, newest.refresh_token)
    assert not is_over(database, login)


def test_chain_within_the_grace_period_is_followed_up_to_a_limit(database: Database, login: Login) -> None:
    chain = [login]
    for _ in range(MAX_CHAIN_LENGTH + 2):
        chain.append(refresh(database, chain[-1].refresh_token))
    assert refresh(database, login.refresh_token) == chain[MAX_CHAIN_LENGTH]


def test_fifty_concurrent_refreshes_get_the_same_token(database: Database, login: Login) -> None:
    with ThreadPoolExecutor(10) as pool:
        outcomes = list(pool.map(lambda _: refresh(database, login.refresh_token), range(50)))
    assert len(set(outcomes)) == 1
    assert [row.spent_at is None for row in rows(database, models.refresh_tokens)].count(True) == 1


def test_number_of_rows_per_session_is_bounded(database: Database, login: Login, time: Time) -> None:
    token = login.refresh_token
    for _ in range(100):
        time.passes(SPENT_RETENTION_MS // 4)
        token = refresh(database, token).refresh_token
    assert len(rows(database, models.refresh_tokens)) <= 6


def test_used_token_without_a_row_ends_the_session_too(database: Database, login: Login, time: Time) -> None:
    newest = login
    for _ in range(3):
        time.passes(clock.HOUR)
        newest = refresh(database, newest.refresh_token)
    assert refresh_digest(login.refresh_token) not in {row.digest for row in rows(database, models.refresh_tokens)}
    assert isinstance(database.write(sessions.refresh, login.refresh_token, IP, LIFETIMES, TOKENS), Reused)
    assert is_over(database, login)


def test_token_of_the_old_format_is_used_once(database: Database, login: Login, time: Time) -> None:
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


def test_session_token_requires_the_key(database: Database, login: Login) -> None:
    forged = RefreshTokens(b"another key").first(login.session_id)
    own = TOKENS.first(login.session_id)
    for token in (forged, own[:-1] + "=", own + "AAAA", altered(own, 10)):
        with pytest.raises(Unauthenticated, match="invalid_token"):
            refresh(database, token)
    assert TOKENS.session_of(own) == login.session_id
    assert not is_over(database, login)


def test_database_copy_contains_no_usable_token(database: Database, login: Login) -> None:
    successor = refresh(database, login.refresh_token).refresh_token
    assert successor != RefreshTokens(b"another key").successor(login.session_id, login.refresh_token)
    kept = str(rows(database, models.refresh_tokens))
    assert login.refresh_token not in kept and successor not in kept


def test_unknown_token_is_refused_and_ends_nothing(database: Database, login: Login) -> None:
    for token in ("", "unknown", login.refresh_token + "x", "é" * 100, "A" * 80):
        with pytest.raises(Unauthenticated, match="invalid_token"):
            refresh(database, token)
    assert not is_over(database, login)


def test_unused_session_expires(database: Database, login: Login, time: Time) -> None:
    time.passes(LIFETIMES.idle - clock.SECOND)
    going_on = refresh(database, login.refresh_token)
    time.passes(LIFETIMES.idle + 1)
    with pytest.raises(Unauthenticated):
        refresh(database, going_on.refresh_token)


def test_session_has_an_absolute_lifetime(database: Database, login: Login, time: Time) -> None:
    token = login.refresh_token
    for _ in range(4):
        time.passes(20 * clock.DAY)
        token = refresh(database, token).refresh_token
    time.passes(10 * clock.DAY)
    with pytest.raises(Unauthenticated):
        refresh(database, token)


def test_short_absolute_lifetime_starts_at_the_first_token(database: Database, time: Time) -> None:
    short = Lifetimes(idle=30 * clock.DAY, absolute=clock.DAY)
    ada = register(database)
    login = database.write(sessions.log_in, ada.id, HASH, None, Client("::1"), short, TOKENS)
    time.passes(clock.DAY + 1)
    with pytest.raises(Unauthenticated):
        refresh(database, login.refresh_token, short)


def test_fifty_first_login_ends_the_least_recently_used_session(database: Database, time: Time) -> None:
    ada = register(database)
    logins = []
    for _ in range(MAX_SESSIONS):
        logins.append(open_login(database, ada))
        time.passes(clock.SECOND)
    refresh(database, logins[0].refresh_token)
    open_login(database, ada)
    ended = {row.id for row in rows(database, models.sessions) if row.ended_at is not None}
    assert ended == {logins[1].session_id}


def test_session_limit_is_per_account(database: Database) -> None:
    bob = open_login(database, register(database, "bob"))
    ada = register(database, "ada")
    for _ in range(MAX_SESSIONS + 1):
        open_login(database, ada)
    assert not [row for row in rows(database, models.sessions) if row.id == bob.session_id and row.ended_at]


def test_login_is_refused_when_the_password_changed_after_the_check(database: Database) -> None:
    ada = register(database)
    with pytest.raises(Unauthenticated, match="invalid_credentials"):
        database.write(sessions.log_in, ada.id, "the former hash", None, Client("::1"), LIFETIMES, TOKENS)
    assert rows(database, models.sessions) == []


def test_login_stores_the_renewed_hash(database: Database) -> None:
    ada = register(database)
    database.write(sessions.log_in, ada.id, HASH, "a dearer hash", Client("::1"), LIFETIMES, TOKENS)
    assert rows(database, models.accounts)[0].password_hash == "a dearer hash"


def test_logout_ends_one_session_and_publishes_one_event(database: Database, login: Login) -> None:
    database.write(sessions.log_out, login.account_id, login.session_id, IP)
    assert is_over(database, login)
    with pytest.raises(NotFound):
        database.write(sessions.log_out, login.account_id, login.session_id, IP)
    revoked = [data for name, data in facts(database) if name == "session.revoked.v1"]
    assert [each["session_id"] for each in revoked] == [ids.encode(login.session_id)]


def test_session_of_another_account_cannot_be_ended(database: Database, login: Login) -> None:
    bob = register(database, "bob")
    with pytest.raises(NotFound):
        database.write(sessions.log_out, bob.id, login.session_id, IP)
    assert not is_over(database, login)


def test_all_other_sessions_end_together(database: Database) -> None:
    ada, bob = register(database, "ada"), open_login(database, register(database, "bob"))
    current, *others = (open_login(database, ada) for _ in range(4))
    database.write(sessions.end_others, ada.id, current.session_id, IP)
    ended = {row.id for row in rows(database, models.sessions) if row.ended_at is not None}
    assert ended == {each.session_id for each in others}
    assert {row.session_id for row in rows(database, models.refresh_tokens)} == {current.session_id, bob.session_id}


def test_sessions_are_paged_without_expired_ones(database: Database, time: Time) -> None:
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
