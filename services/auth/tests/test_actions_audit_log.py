"""The trail of an account: what is written into it together with what it tells of, and how much is kept."""

import pytest
from sqlalchemy import Connection

from services.auth import handles, models, queries
from services.auth.actions import accounts, audit_log, sessions, withdrawals
from services.auth.actions.audit_log import KEPT, MOST_FAILURES, AuditEvent, Origin
from services.auth.actions.sessions import GRACE, MOST, Login
from services.auth.queries import Account
from shared import clock, ids
from shared.database.engine import Database
from shared.errors import Conflict
from shared.testing.query_plans import SORT, captured_statements, slow_steps

from .factories import IP, KEY, LIFETIMES, TOKENS, Time, all_pages, open_login, register, rows

ELSEWHERE = "203.0.113.7"


@pytest.fixture
def ada(database: Database) -> Account:
    """Somebody who has just signed up."""
    return register(database)


def kinds(database: Database, account: Account) -> list[str]:
    """What her trail says, oldest first."""
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


def test_it_begins_with_the_sign_up(database: Database, ada: Account) -> None:
    assert last(database) == ("signed_up", IP, None, None)


def test_a_login_is_written_down_with_its_address_and_device(database: Database, ada: Account) -> None:
    login = open_login(database, ada, "Ada's phone")
    assert last(database) == ("login", IP, login.session_id, "Ada's phone")


def test_each_sort_of_change_is_written_down_and_what_does_not_change_is_not(database: Database, ada: Account) -> None:
    login = open_login(database, ada, "Ada's phone")
    ada = change(database, ada, login, name="Ada King", bio="First programmer.")
    assert last(database) == ("profile_changed", ELSEWHERE, login.session_id, "Ada's phone")
    ada = change(database, ada, login, name="Ada King")
    ada = change(database, ada, login, nickname="countess", phone="+821012345678", password_hash="another")
    told = kinds(database, ada)[2:]
    assert told == ["profile_changed", "nickname_changed", "password_changed", "phone_changed"]


def test_a_change_that_is_refused_leaves_no_trace(database: Database, ada: Account) -> None:
    register(database, "bob")
    login = open_login(database, ada)
    with pytest.raises(Conflict):
        change(database, ada, login, name="Ada King", nickname="bob")
    assert kinds(database, ada) == ["signed_up", "login"]


def test_each_way_in_which_a_login_ends_is_told_apart(database: Database, ada: Account, time: Time) -> None:
    current, other, third, fourth = (open_login(database, ada, f"device {each}") for each in range(4))
    database.write(sessions.end_other, ada.id, other.session_id, ELSEWHERE)
    assert last(database) == ("session_ended", ELSEWHERE, other.session_id, "device 1")
    database.write(sessions.log_out, ada.id, third.session_id, ELSEWHERE)
    assert last(database) == ("logout", ELSEWHERE, third.session_id, "device 2")
    database.write(sessions.refresh, fourth.refresh_token, IP, LIFETIMES, TOKENS)
    time.passes(GRACE + 1)
    database.write(sessions.refresh, fourth.refresh_token, ELSEWHERE, LIFETIMES, TOKENS)
    assert last(database) == ("refresh_token_reused", ELSEWHERE, fourth.session_id, "device 3")
    open_login(database, ada)
    database.write(sessions.end_others, ada.id, current.session_id, ELSEWHERE)
    assert last(database) == ("sessions_ended", ELSEWHERE, current.session_id, "device 0")
    written = len(rows(database, models.trail))
    database.write(sessions.end_others, ada.id, current.session_id, ELSEWHERE)
    assert len(rows(database, models.trail)) == written, "there was none to end"


def test_a_login_that_had_to_make_room_is_told_of(database: Database, ada: Account) -> None:
    first = open_login(database, ada)
    for _ in range(MOST):
        open_login(database, ada)
    ended = [row.session_id for row in rows(database, models.trail) if row.type == AuditEvent.SESSION_ENDED]
    assert ended == [first.session_id]


def test_a_wrong_password_in_a_login_is_told_with_the_login(database: Database, ada: Account) -> None:
    login = open_login(database, ada, "Ada's phone")
    database.write(audit_log.record_refused, ada.id, AuditEvent.WRONG_PASSWORD, Origin(ELSEWHERE, login.session_id))
    assert last(database) == ("wrong_password", ELSEWHERE, login.session_id, "Ada's phone")


def test_of_somebody_who_has_withdrawn_nothing_is_left_and_nothing_is_written(database: Database, ada: Account) -> None:
    login = open_login(database, ada)
    bob = register(database, "bob")
    database.write(withdrawals.withdraw, ada)
    fail(database, ada)
    database.write(audit_log.record_failed_login, None, ELSEWHERE, None)
    database.write(audit_log.record_refused, ada.id, AuditEvent.WRONG_PASSWORD, Origin(ELSEWHERE, login.session_id))
    assert [row.account_id for row in rows(database, models.trail)] == [bob.id]


def test_whoever_guesses_fills_no_disk_and_pushes_nothing_else_out(database: Database, ada: Account) -> None:
    open_login(database, ada)
    fail(database, ada, MOST_FAILURES + 20)
    told = kinds(database, ada)
    assert told.count("login_failed") == MOST_FAILURES
    assert told[:2] == ["signed_up", "login"]


def test_of_everything_else_the_newest_are_kept(
    database: Database, ada: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_log, "MOST", 3)
    bob = register(database, "bob")
    fail(database, ada, 5)
    logins = [open_login(database, ada) for _ in range(5)]
    kept = [row.session_id for row in rows(database, models.trail) if row.type == AuditEvent.LOGIN]
    assert kept == [each.session_id for each in logins[-3:]]
    assert kinds(database, ada).count("login_failed") == 5
    assert kinds(database, bob) == ["signed_up"]


def test_what_is_older_than_it_is_kept_goes_a_batch_at_a_time(database: Database, ada: Account, time: Time) -> None:
    fail(database, ada, 3)
    time.passes(KEPT + clock.MINUTE)
    fail(database, ada)
    assert database.write(audit_log.forget_old, 3)
    assert not database.write(audit_log.forget_old, 3)
    assert len(rows(database, models.trail)) == 1


def test_one_reads_ones_own_page_by_page_newest_first(database: Database, ada: Account) -> None:
    register(database, "bob")
    logins = [open_login(database, ada, f"device {each}") for each in range(5)]
    listed = all_pages(lambda page: database.read(queries.trail_of, ada.id, page), 2)
    assert [each["device"] for each in listed] == ["device 4", "device 3", "device 2", "device 1", "device 0", None]
    assert listed[0]["session_id"] == ids.encode(logins[4].session_id)
    (row,) = (each for each in rows(database, models.trail) if each.account_id == ada.id and each.session_id is None)
    first = {"id": ids.encode(row.id), "type": "signed_up", "session_id": None, "ip": IP, "device": None}
    assert listed[-1] == first | {"created_at": clock.format_rfc3339(row.created_at)}


def test_neither_reading_nor_writing_it_reads_a_whole_table(database: Database, ada: Account) -> None:
    def everything(tx: Connection) -> None:
        audit_log.record(tx, ada.id, AuditEvent.LOGIN, IP)
        audit_log.record_failed_login(tx, ada.id, IP, None)
        audit_log.record_failed_login(tx, None, IP, None)
        audit_log.forget(tx, ada.id)

    with captured_statements(database) as asked:
        all_pages(lambda page: database.read(queries.trail_of, ada.id, page), 1)
        database.write(everything)
    statements = [each for each in asked if "trail" in each[0] and not each[0].startswith("INSERT")]
    assert len(statements) >= 5
    for each in statements:
        assert slow_steps(database, each) <= {SORT}, each[0]
