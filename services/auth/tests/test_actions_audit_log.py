"""The audit log of an account: what is recorded, and how much is kept."""

import pytest
from sqlalchemy import Connection

from services.auth import handles, models, queries
from services.auth.actions import accounts, audit_log, sessions, withdrawals
from services.auth.actions.audit_log import MAX_FAILURES, RETENTION_MS, AuditEvent, Origin
from services.auth.actions.sessions import GRACE_MS, MAX_SESSIONS, Login
from services.auth.queries import Account
from shared import clock, ids
from shared.database.engine import Database
from shared.errors import Conflict
from shared.testing.query_plans import SORT, captured_statements, slow_steps

from .factories import IP, KEY, LIFETIMES, TOKENS, Time, all_pages, open_login, register, rows

ELSEWHERE = "203.0.113.7"


@pytest.fixture
def ada(database: Database) -> Account:
    """A newly signed up user."""
    return register(database)


def kinds(database: Database, account: Account) -> list[str]:
    """The types of her entries, oldest first."""
    return [row.type for row in rows(database, models.trail) if row.account_id == account.id]


def last(database: Database) -> tuple[str, str, int | None, str | None]:
    row = rows(database, models.trail)[-1]
    return row.type, row.ip, row.session_id, row.device


def fail(database: Database, account: Account, times: int = 1) -> None:
    for _ in range(times):
        database.write(audit_log.record_failed_login, account.id, ELSEWHERE, None)


def change(database: Database, account: Account, login: Login, **changes: str | None) -> Account:
    taken = [handles.nickname(value) for name, value in changes.items() if name == "nickname" and value]
    origin = Origin(ELSEWHERE, login.session_id)
    return database.write(accounts.change_account, account, changes, taken, KEY, origin)


def test_log_starts_with_the_sign_up(database: Database, ada: Account) -> None:
    assert last(database) == ("signed_up", IP, None, None)


def test_login_is_logged_with_address_and_device(database: Database, ada: Account) -> None:
    login = open_login(database, ada, "Ada's phone")
    assert last(database) == ("login", IP, login.session_id, "Ada's phone")


def test_each_kind_of_change_is_logged_once(database: Database, ada: Account) -> None:
    login = open_login(database, ada, "Ada's phone")
    ada = change(database, ada, login, name="Ada King", bio="First programmer.")
    assert last(database) == ("profile_changed", ELSEWHERE, login.session_id, "Ada's phone")
    ada = change(database, ada, login, name="Ada King")
    ada = change(database, ada, login, nickname="countess", phone="+821012345678", password_hash="another")
    told = kinds(database, ada)[2:]
    assert told == ["profile_changed", "nickname_changed", "password_changed", "phone_changed"]


def test_refused_change_is_not_logged(database: Database, ada: Account) -> None:
    register(database, "bob")
    login = open_login(database, ada)
    with pytest.raises(Conflict):
        change(database, ada, login, name="Ada King", nickname="bob")
    assert kinds(database, ada) == ["signed_up", "login"]


def test_each_way_a_session_ends_has_its_own_type(database: Database, ada: Account, time: Time) -> None:
    current, other, third, fourth = (open_login(database, ada, f"device {each}") for each in range(4))
    database.write(sessions.end_other, ada.id, other.session_id, ELSEWHERE)
    assert last(database) == ("session_ended", ELSEWHERE, other.session_id, "device 1")
    database.write(sessions.log_out, ada.id, third.session_id, ELSEWHERE)
    assert last(database) == ("logout", ELSEWHERE, third.session_id, "device 2")
    database.write(sessions.refresh, fourth.refresh_token, IP, LIFETIMES, TOKENS)
    time.passes(GRACE_MS + 1)
    database.write(sessions.refresh, fourth.refresh_token, ELSEWHERE, LIFETIMES, TOKENS)
    assert last(database) == ("refresh_token_reused", ELSEWHERE, fourth.session_id, "device 3")
    open_login(database, ada)
    database.write(sessions.end_others, ada.id, current.session_id, ELSEWHERE)
    assert last(database) == ("sessions_ended", ELSEWHERE, current.session_id, "device 0")
    written = len(rows(database, models.trail))
    database.write(sessions.end_others, ada.id, current.session_id, ELSEWHERE)
    assert len(rows(database, models.trail)) == written, "there was none to end"


def test_session_ended_by_the_limit_is_logged(database: Database, ada: Account) -> None:
    first = open_login(database, ada)
    for _ in range(MAX_SESSIONS):
        open_login(database, ada)
    ended = [row.session_id for row in rows(database, models.trail) if row.type == AuditEvent.SESSION_ENDED]
    assert ended == [first.session_id]


def test_wrong_password_in_a_session_is_logged_with_the_session(database: Database, ada: Account) -> None:
    login = open_login(database, ada, "Ada's phone")
    database.write(audit_log.record_refused, ada.id, AuditEvent.WRONG_PASSWORD, Origin(ELSEWHERE, login.session_id))
    assert last(database) == ("wrong_password", ELSEWHERE, login.session_id, "Ada's phone")


def test_withdrawn_account_has_no_entries_and_gets_no_new_ones(database: Database, ada: Account) -> None:
    login = open_login(database, ada)
    bob = register(database, "bob")
    database.write(withdrawals.withdraw, ada)
    fail(database, ada)
    database.write(audit_log.record_failed_login, None, ELSEWHERE, None)
    database.write(audit_log.record_refused, ada.id, AuditEvent.WRONG_PASSWORD, Origin(ELSEWHERE, login.session_id))
    assert [row.account_id for row in rows(database, models.trail)] == [bob.id]


def test_wrong_password_entries_are_bounded_and_displace_no_others(database: Database, ada: Account) -> None:
    open_login(database, ada)
    fail(database, ada, MAX_FAILURES + 20)
    told = kinds(database, ada)
    assert told.count("login_failed") == MAX_FAILURES
    assert told[:2] == ["signed_up", "login"]


def test_newest_other_entries_are_kept(database: Database, ada: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_log, "MAX_ENTRIES", 3)
    bob = register(database, "bob")
    fail(database, ada, 5)
    logins = [open_login(database, ada) for _ in range(5)]
    kept = [row.session_id for row in rows(database, models.trail) if row.type == AuditEvent.LOGIN]
    assert kept == [each.session_id for each in logins[-3:]]
    assert kinds(database, ada).count("login_failed") == 5
    assert kinds(database, bob) == ["signed_up"]


def test_expired_entries_are_deleted_in_batches(database: Database, ada: Account, time: Time) -> None:
    fail(database, ada, 3)
    time.passes(RETENTION_MS + clock.MINUTE)
    fail(database, ada)
    assert database.write(audit_log.delete_expired, 3)
    assert not database.write(audit_log.delete_expired, 3)
    assert len(rows(database, models.trail)) == 1


def test_own_entries_are_paged_newest_first(database: Database, ada: Account) -> None:
    register(database, "bob")
    logins = [open_login(database, ada, f"device {each}") for each in range(5)]
    listed = all_pages(lambda page: database.read(queries.audit_log_of, ada.id, page), 2)
    assert [each["device"] for each in listed] == ["device 4", "device 3", "device 2", "device 1", "device 0", None]
    assert listed[0]["session_id"] == ids.encode(logins[4].session_id)
    (row,) = (each for each in rows(database, models.trail) if each.account_id == ada.id and each.session_id is None)
    first = {"id": ids.encode(row.id), "type": "signed_up", "session_id": None, "ip": IP, "device": None}
    assert listed[-1] == first | {"created_at": clock.format_rfc3339(row.created_at)}


def test_reading_and_writing_use_an_index(database: Database, ada: Account) -> None:
    def everything(tx: Connection) -> None:
        audit_log.record(tx, ada.id, AuditEvent.LOGIN, IP)
        audit_log.record_failed_login(tx, ada.id, IP, None)
        audit_log.record_failed_login(tx, None, IP, None)
        audit_log.delete_all(tx, ada.id)

    with captured_statements(database) as asked:
        all_pages(lambda page: database.read(queries.audit_log_of, ada.id, page), 1)
        database.write(everything)
    statements = [each for each in asked if "trail" in each[0] and not each[0].startswith("INSERT")]
    assert len(statements) >= 5
    for each in statements:
        assert slow_steps(database, each) <= {SORT}, each[0]
