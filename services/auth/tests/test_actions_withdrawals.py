"""Account deletion: what is deleted at once, what stays, and the reports of the services."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from sqlalchemy import insert, select

from services.auth import models, queries
from services.auth.actions import accounts, retention, sessions, withdrawals
from services.auth.actions.sessions import Client
from services.auth.actions.withdrawals import ANNOUNCE_AGAIN_MS
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
    """A user with two sessions and an avatar."""
    account = register(database, "ada", phone="010-1234-5678")
    for _ in range(2):
        open_login(database, account, "Ada's phone")
    return database.write(accounts.set_avatar, account.id, "face.jpg", NOWHERE)


def withdraw(database: Database, proven: Account) -> None:
    database.write(withdrawals.withdraw, proven)


def told_again(database: Database) -> int:
    """How often user.deleted has been published so far."""
    return [name for name, _ in facts(database)].count("user.deleted.v1")


def test_withdrawal_deletes_all_account_data(database: Database, ada: Account) -> None:
    bob = register(database, "bob")
    open_login(database, bob)
    withdraw(database, ada)
    assert [row.id for row in rows(database, models.accounts)] == [bob.id]
    assert [row.account_id for row in rows(database, models.sessions)] == [bob.id]
    assert len(rows(database, models.refresh_tokens)) == 1
    assert [row.name for row in rows(database, models.disposal)] == ["face.jpg"]


def test_withdrawal_keeps_the_id_and_handle_hashes(database: Database, ada: Account) -> None:
    withdraw(database, ada)
    assert [(row.account_id, row.complete) for row in rows(database, models.withdrawals)] == [(ada.id, False)]
    assert {row.kind for row in rows(database, models.handles)} == {"email", "nickname", "looks", "phone"}
    everything = "".join(str(row) for table in models.metadata.sorted_tables for row in rows(database, table))
    for trace in ("ada", "Ada", "example.org", "1234"):
        assert trace not in everything


def test_withdrawal_event_is_published_and_earlier_events_are_deleted(database: Database, ada: Account) -> None:
    register(database, "bob")
    withdraw(database, ada)
    assert [name for name, _ in facts(database)] == ["user.registered.v1", "user.deleted.v1"]
    told, gone = (data for _, data in facts(database))
    assert told["nickname"] == "bob"
    assert gone["user_id"] == ids.encode(ada.id)


def test_account_with_many_events_can_withdraw(database: Database, ada: Account) -> None:
    """A statement has at most 32,766 parameters in SQLite."""
    told = [{"account_id": ada.id, "event_id": each} for each in range(40_000)]
    database.write(lambda tx: tx.execute(insert(models.person_facts), told))
    with captured_statements(database) as asked:
        database.write(withdrawals.withdraw, ada)
        for service in PURGE_REPORTERS:
            database.write(withdrawals.record_purge, ada.id, service)
    assert max(len(parameters) for _, parameters in asked) <= 1_000
    assert [name for name, _ in facts(database)] == ["user.deleted.v1"]


@pytest.mark.parametrize("kind", ["email", "nickname", "phone"])
def test_handles_of_a_withdrawn_account_stay_reserved(database: Database, ada: Account, kind: str) -> None:
    withdraw(database, ada)
    hers = {"email": "ada@example.org", "nickname": "ada", "phone": "010-1234-5678"}
    handles_of = {"email": "eve@example.org", "nickname": "eve", "phone": "010-9999-9999", kind: hers[kind]}
    with pytest.raises(Conflict, match=f"{kind}_taken"):
        register(database, **handles_of)


def test_withdrawal_is_refused_when_the_password_changed_after_the_check(database: Database, ada: Account) -> None:
    database.write(accounts.change_account, ada, {"password_hash": "another"}, [], KEY, NOWHERE)
    with pytest.raises(Forbidden):
        withdraw(database, ada)
    assert rows(database, models.withdrawals) == []


def test_second_withdrawal_is_refused(database: Database, ada: Account) -> None:
    withdraw(database, ada)
    with pytest.raises(Unauthenticated):
        withdraw(database, ada)
    assert told_again(database) == 1


def test_session_cannot_be_refreshed_after_withdrawal(database: Database, ada: Account) -> None:
    login = open_login(database, ada)
    withdraw(database, ada)
    with pytest.raises(Unauthenticated):
        database.write(sessions.refresh, login.refresh_token, IP, LIFETIMES, TOKENS)
    with pytest.raises(Unauthenticated):
        open_login(database, ada)


def test_concurrent_refreshes_and_withdrawal_leave_no_token(database: Database) -> None:
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
def test_withdrawal_is_complete_after_every_service_reports(
    database: Database, ada: Account, order: tuple[str, ...]
) -> None:
    withdraw(database, ada)
    for service in order:
        assert not rows(database, models.withdrawals)[0].complete
        for _ in range(2):
            database.write(withdrawals.record_purge, ada.id, service)
    assert rows(database, models.withdrawals)[0].complete


def test_report_for_an_unknown_or_existing_account_has_no_effect(database: Database, ada: Account) -> None:
    database.write(withdrawals.record_purge, ada.id, "posts")
    withdraw(database, ada)
    for service in ("dm", "social", "a service with a very long name that no column takes"):
        database.write(withdrawals.record_purge, ada.id, service)
    assert not rows(database, models.withdrawals)[0].complete
    assert {row.service for row in rows(database, models.purges)} == {"dm", "social"}


def test_event_skipped_by_the_withdrawal_is_deleted_on_completion(database: Database, ada: Account) -> None:
    """As if another relay had locked the row, so that the withdrawal skipped it."""
    held = rows(database, models.outbox)[0]
    withdraw(database, ada)
    database.write(lambda tx: tx.execute(models.outbox.insert().values(held._asdict())))
    for service in PURGE_REPORTERS:
        database.write(withdrawals.record_purge, ada.id, service)
    assert {name for name, _ in facts(database)} == {"user.deleted.v1"}


@pytest.mark.containers  # SQLite's writers take turns
def test_withdrawal_is_not_complete_while_a_relay_locks_its_events(servers: Servers) -> None:
    backend = Cluster(servers)
    impatient = Database(backend.database(MIGRATIONS), lock_timeout=1)
    ada = register(impatient)
    with impatient.engine.connect() as relay, relay.begin():
        relay.execute(select(models.outbox).with_for_update()).all()
        withdraw(impatient, ada)
        for service in PURGE_REPORTERS[:-1]:
            impatient.write(withdrawals.record_purge, ada.id, service)
        with pytest.raises(Unavailable):
            impatient.write(withdrawals.record_purge, ada.id, PURGE_REPORTERS[-1])
    assert "ada" in str(rows(impatient, models.outbox))
    impatient.write(withdrawals.record_purge, ada.id, PURGE_REPORTERS[-1])
    assert "ada" not in str(rows(impatient, models.outbox))
    assert [row.complete for row in rows(impatient, models.withdrawals)] == [True]
    impatient.close()
    backend.clear()


def test_incomplete_withdrawals_are_announced_again(database: Database, ada: Account, time: Time) -> None:
    withdraw(database, ada)
    assert not database.write(withdrawals.announce_again)
    assert told_again(database) == 1
    for times in (2, 3):
        time.passes(ANNOUNCE_AGAIN_MS + 1)
        database.write(withdrawals.announce_again)
        database.write(withdrawals.announce_again)
        assert told_again(database) == times
    for service in PURGE_REPORTERS:
        database.write(withdrawals.record_purge, ada.id, service)
    time.passes(ANNOUNCE_AGAIN_MS + 1)
    database.write(withdrawals.announce_again)
    assert told_again(database) == 3


def test_next_batch_of_incomplete_withdrawals_follows(
    database: Database, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(withdrawals, "BATCH_SIZE", 2)
    for each in ("one", "two", "three"):
        withdraw(database, register(database, each))
    time.passes(ANNOUNCE_AGAIN_MS + 1)
    assert database.write(withdrawals.announce_again)
    assert not database.write(withdrawals.announce_again)
    assert told_again(database) == 6


def test_withdrawal_list_is_ordered_and_paged(database: Database) -> None:
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


def test_internal_lookup_tells_existing_withdrawn_and_unknown_users_apart(database: Database, ada: Account) -> None:
    present = database.read(queries.person, ada.id)
    assert present is not None and present["nickname"] == "ada" and present["deleted"] is False
    withdraw(database, ada)
    fields = {"nickname": None, "name": None, "avatar_url": None, "version": 0, "suspended": False, "deleted": True}
    assert database.read(queries.person, ada.id) == {"user_id": ids.encode(ada.id), **fields}
    assert database.read(queries.person, 1) is None


def test_revocations_are_listed_until_their_tokens_expire(database: Database, ada: Account, time: Time) -> None:
    bob = open_login(database, register(database, "bob"))
    database.write(sessions.log_out, bob.account_id, bob.session_id, IP)
    withdraw(database, ada)
    lifetime = 600 * clock.SECOND
    told = database.read(queries.revoked, clock.now() - lifetime)
    assert told == {"session_ids": [ids.encode(bob.session_id)], "user_ids": [ids.encode(ada.id)]}
    time.passes(lifetime + clock.MINUTE)
    assert database.read(queries.revoked, clock.now() - lifetime) == {"session_ids": [], "user_ids": []}


def test_ended_session_is_listed_as_revoked_after_its_own_expiry(database: Database, time: Time) -> None:
    """Its access token may outlive the session by minutes."""
    ada = register(database)
    brief = sessions.Lifetimes(idle=clock.MINUTE, absolute=clock.MINUTE)
    login = database.write(sessions.log_in, ada.id, ada.password_hash, None, Client("::1"), brief, TOKENS)
    database.write(sessions.log_out, ada.id, login.session_id, IP)
    time.passes(2 * clock.MINUTE)
    lifetime = 10 * clock.MINUTE
    database.write(retention.delete_expired, CIPHER, lifetime)
    assert database.read(queries.revoked, clock.now() - lifetime)["session_ids"] == [ids.encode(login.session_id)]
