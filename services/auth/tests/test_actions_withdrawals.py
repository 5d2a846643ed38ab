"""Withdrawing: what goes at once, what stays, and who has to say that they are done too."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from sqlalchemy import event, insert, select

from services.auth import models, queries
from services.auth.actions import accounts, retention, sessions, withdrawals
from services.auth.actions.sessions import Client
from services.auth.actions.withdrawals import ASK_AGAIN
from services.auth.queries import Account
from shared import clock, ids
from shared.database.engine import Database
from shared.errors import Conflict, Forbidden, Unauthenticated, Unavailable
from shared.service_list import PURGE_REPORTERS
from shared.testing.backends import Cluster, Servers
from shared.testing.query_plans import captured_statements
from shared.testing.waiting import WAIT_SECONDS

from .conftest import MIGRATIONS
from .factories import CIPHER, IP, KEY, LIFETIMES, NOWHERE, TOKENS, Time, facts, open_login, register, rows


@pytest.fixture
def ada(database: Database) -> Account:
    """Somebody with two logins and a picture."""
    account = register(database, "ada", phone="010-1234-5678")
    for _ in range(2):
        open_login(database, account, "Ada's phone")
    return database.write(accounts.set_avatar, account.id, "face.jpg", NOWHERE)


def withdraw(database: Database, proven: Account) -> None:
    database.write(withdrawals.withdraw, proven)


def told_again(database: Database) -> int:
    """How often it has been announced so far that somebody is gone."""
    return [name for name, _ in facts(database)].count("user.deleted.v1")


def test_everything_of_the_person_goes_at_once(database: Database, ada: Account) -> None:
    bob = register(database, "bob")
    open_login(database, bob)
    withdraw(database, ada)
    assert [row.id for row in rows(database, models.accounts)] == [bob.id]
    assert [row.account_id for row in rows(database, models.sessions)] == [bob.id]
    assert len(rows(database, models.refresh_tokens)) == 1
    assert [row.name for row in rows(database, models.disposal)] == ["face.jpg"]


def test_what_stays_is_who_is_gone_and_hashes_of_their_handles(database: Database, ada: Account) -> None:
    withdraw(database, ada)
    assert [(row.account_id, row.complete) for row in rows(database, models.withdrawals)] == [(ada.id, False)]
    assert {row.kind for row in rows(database, models.handles)} == {"email", "nickname", "looks", "phone"}
    everything = "".join(str(row) for table in models.metadata.sorted_tables for row in rows(database, table))
    for trace in ("ada", "Ada", "example.org", "1234"):
        assert trace not in everything


def test_the_fact_travels_and_the_names_told_before_do_not(database: Database, ada: Account) -> None:
    register(database, "bob")
    withdraw(database, ada)
    assert [name for name, _ in facts(database)] == ["user.registered.v1", "user.deleted.v1"]
    told, gone = (data for _, data in facts(database))
    assert told["nickname"] == "bob"
    assert gone["user_id"] == ids.encode(ada.id)


def test_somebody_of_whom_very_much_was_told_can_withdraw(database: Database, ada: Account) -> None:
    """A statement takes 32,766 parameters in SQLite."""
    told = [{"account_id": ada.id, "event_id": each} for each in range(40_000)]
    database.write(lambda tx: tx.execute(insert(models.person_facts), told))
    with captured_statements(database) as asked:
        database.write(withdrawals.withdraw, ada)
        for service in PURGE_REPORTERS:
            database.write(withdrawals.note_purge, ada.id, service)
    assert max(len(parameters) for _, parameters in asked) <= 1_000
    assert [name for name, _ in facts(database)] == ["user.deleted.v1"]


@pytest.mark.parametrize("kind", ["email", "nickname", "phone"])
def test_nobody_else_ever_gets_a_handle_of_somebody_who_is_gone(database: Database, ada: Account, kind: str) -> None:
    withdraw(database, ada)
    hers = {"email": "ada@example.org", "nickname": "ada", "phone": "010-1234-5678"}
    handles_of = {"email": "eve@example.org", "nickname": "eve", "phone": "010-9999-9999", kind: hers[kind]}
    with pytest.raises(Conflict, match=f"{kind}_taken"):
        register(database, **handles_of)


def test_nothing_happens_where_the_password_changed_after_it_was_checked(database: Database, ada: Account) -> None:
    database.write(accounts.change_account, ada, {"password_hash": "another"}, [], KEY, NOWHERE)
    with pytest.raises(Forbidden):
        withdraw(database, ada)
    assert rows(database, models.withdrawals) == []


def test_one_withdraws_once(database: Database, ada: Account) -> None:
    withdraw(database, ada)
    with pytest.raises(Unauthenticated):
        withdraw(database, ada)
    assert told_again(database) == 1


def test_no_login_goes_on_after_it(database: Database, ada: Account) -> None:
    login = open_login(database, ada)
    withdraw(database, ada)
    with pytest.raises(Unauthenticated):
        database.write(sessions.refresh, login.refresh_token, IP, LIFETIMES, TOKENS)
    with pytest.raises(Unauthenticated):
        open_login(database, ada)


def test_logins_that_go_on_at_the_same_instant_leave_no_token_behind(database: Database) -> None:
    def go_on(token: str) -> None:
        with suppress(Unauthenticated):
            database.write(sessions.refresh, token, IP, LIFETIMES, TOKENS)

    for number in range(5):
        account = register(database, f"person{number}")
        tokens = [open_login(database, account).refresh_token for _ in range(4)]
        with ThreadPoolExecutor(5) as pool:
            going_on = [pool.submit(go_on, token) for token in tokens]
            pool.submit(withdraw, database, account).result(WAIT_SECONDS)
            for each in going_on:
                each.result(WAIT_SECONDS)
    assert rows(database, models.sessions) == rows(database, models.refresh_tokens) == []


@pytest.mark.parametrize("order", list(itertools.permutations(PURGE_REPORTERS)))
def test_it_is_complete_once_each_service_has_said_so(database: Database, ada: Account, order: tuple[str, ...]) -> None:
    withdraw(database, ada)
    for service in order:
        assert not rows(database, models.withdrawals)[0].complete
        for _ in range(2):
            database.write(withdrawals.note_purge, ada.id, service)
    assert rows(database, models.withdrawals)[0].complete


def test_a_stranger_or_a_purge_of_somebody_who_is_there_completes_nothing(database: Database, ada: Account) -> None:
    database.write(withdrawals.note_purge, ada.id, "posts")
    withdraw(database, ada)
    for service in ("dm", "social", "a service with a very long name that no column takes"):
        database.write(withdrawals.note_purge, ada.id, service)
    assert not rows(database, models.withdrawals)[0].complete
    assert {row.service for row in rows(database, models.purges)} == {"dm", "social"}


def test_names_that_were_being_published_at_that_moment_go_when_all_are_done(database: Database, ada: Account) -> None:
    """As if another relay had held the row: it was skipped by the withdrawal."""
    held = rows(database, models.outbox)[0]
    withdraw(database, ada)
    database.write(lambda tx: tx.execute(models.outbox.insert().values(held._asdict())))
    for service in PURGE_REPORTERS:
        database.write(withdrawals.note_purge, ada.id, service)
    assert {name for name, _ in facts(database)} == {"user.deleted.v1"}


@pytest.mark.containers  # SQLite's writers take turns
def test_nobody_is_done_while_a_relay_still_holds_what_was_told_of_them(servers: Servers) -> None:
    backend = Cluster(servers)
    impatient = Database(backend.database(MIGRATIONS), lock_timeout=1)
    event.listen(impatient.engine, "begin", lambda tx: tx.exec_driver_sql("SET innodb_lock_wait_timeout = 1"))
    ada = register(impatient)
    with impatient.engine.connect() as relay, relay.begin():
        relay.execute(select(models.outbox).with_for_update()).all()
        withdraw(impatient, ada)
        for service in PURGE_REPORTERS[:-1]:
            impatient.write(withdrawals.note_purge, ada.id, service)
        with pytest.raises(Unavailable):
            impatient.write(withdrawals.note_purge, ada.id, PURGE_REPORTERS[-1])
    assert "ada" in str(rows(impatient, models.outbox))
    impatient.write(withdrawals.note_purge, ada.id, PURGE_REPORTERS[-1])
    assert "ada" not in str(rows(impatient, models.outbox))
    assert [row.complete for row in rows(impatient, models.withdrawals)] == [True]
    impatient.close()
    backend.clear()


def test_those_who_are_not_done_are_asked_again_and_again(database: Database, ada: Account, time: Time) -> None:
    withdraw(database, ada)
    assert not database.write(withdrawals.ask_again)
    assert told_again(database) == 1
    for times in (2, 3):
        time.passes(ASK_AGAIN + 1)
        database.write(withdrawals.ask_again)
        database.write(withdrawals.ask_again)
        assert told_again(database) == times
    for service in PURGE_REPORTERS:
        database.write(withdrawals.note_purge, ada.id, service)
    time.passes(ASK_AGAIN + 1)
    database.write(withdrawals.ask_again)
    assert told_again(database) == 3


def test_a_batch_of_those_asked_again_may_be_followed_by_another(
    database: Database, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(withdrawals, "BATCH", 2)
    for each in ("one", "two", "three"):
        withdraw(database, register(database, each))
    time.passes(ASK_AGAIN + 1)
    assert database.write(withdrawals.ask_again)
    assert not database.write(withdrawals.ask_again)
    assert told_again(database) == 6


def test_the_list_of_who_is_gone_is_read_in_order_and_in_pages(database: Database) -> None:
    gone = [register(database, f"person{each}") for each in range(5)]
    for each in gone:
        withdraw(database, each)
    listed, after = [], 0
    for _ in range(3):
        page = database.read(queries.withdrawals_after, after, 2)
        listed += [each["user_id"] for each in page["items"]]
        if page["next"] is None:
            break
        after = ids.parse(page["next"])
    assert listed == [ids.encode(each.id) for each in gone]


def test_a_neighbour_is_told_who_is_there_who_is_gone_and_who_never_was(database: Database, ada: Account) -> None:
    present = database.read(queries.person, ada.id)
    assert present is not None and present["nickname"] == "ada" and present["deleted"] is False
    withdraw(database, ada)
    blank = {"nickname": None, "name": None, "avatar_url": None, "version": 0, "deleted": True}
    assert database.read(queries.person, ada.id) == {"user_id": ids.encode(ada.id), **blank}
    assert database.read(queries.person, 1) is None


def test_all_that_is_revoked_is_known_until_its_tokens_have_expired(
    database: Database, ada: Account, time: Time
) -> None:
    bob = open_login(database, register(database, "bob"))
    database.write(sessions.log_out, bob.account_id, bob.session_id, IP)
    withdraw(database, ada)
    lifetime = 600 * clock.SECOND
    told = database.read(queries.revoked, clock.now() - lifetime)
    assert told == {"session_ids": [ids.encode(bob.session_id)], "user_ids": [ids.encode(ada.id)]}
    time.passes(lifetime + clock.MINUTE)
    assert database.read(queries.revoked, clock.now() - lifetime) == {"session_ids": [], "user_ids": []}


def test_a_login_that_was_ended_is_known_as_revoked_also_past_its_own_end(database: Database, time: Time) -> None:
    """Its access token may outlive the login by minutes."""
    ada = register(database)
    brief = sessions.Lifetimes(idle=clock.MINUTE, absolute=clock.MINUTE)
    login = database.write(sessions.log_in, ada.id, ada.password_hash, None, Client("::1"), brief, TOKENS)
    database.write(sessions.log_out, ada.id, login.session_id, IP)
    time.passes(2 * clock.MINUTE)
    lifetime = 10 * clock.MINUTE
    database.write(retention.forget_old, CIPHER, lifetime)
    assert database.read(queries.revoked, clock.now() - lifetime)["session_ids"] == [ids.encode(login.session_id)]
