"""Retention in auth: ended sessions, and references to old events."""

import pytest

from services.auth import models
from services.auth.actions import accounts, retention, sessions
from shared import clock
from shared.database.engine import Database
from shared.events import outbox

from .factories import CIPHER, IP, LIFETIMES, NOWHERE, TOKENS, Time, open_login, register, rows

LIFETIME = 10 * clock.MINUTE
"""Of an access token."""


def clean_up(database: Database) -> bool:
    return database.write(retention.delete_expired, CIPHER, LIFETIME)


def test_ended_session_is_deleted_when_its_tokens_have_expired(database: Database, time: Time) -> None:
    ada = register(database)
    ended, going_on = open_login(database, ada), open_login(database, ada)
    database.write(sessions.log_out, ada.id, ended.session_id, IP)
    clean_up(database)
    assert len(rows(database, models.sessions)) == 2
    time.passes(2 * LIFETIME + 1)
    clean_up(database)
    assert [row.id for row in rows(database, models.sessions)] == [going_on.session_id]
    assert [row.session_id for row in rows(database, models.refresh_tokens)] == [going_on.session_id]


def test_unused_session_is_deleted_with_its_tokens(database: Database, time: Time) -> None:
    login = open_login(database, register(database))
    database.write(sessions.refresh, login.refresh_token, IP, LIFETIMES, TOKENS)
    time.passes(LIFETIMES.idle + 1)
    clean_up(database)
    assert rows(database, models.sessions) == []
    assert rows(database, models.refresh_tokens) == []


def test_round_deletes_one_batch_and_reports_whether_there_is_more(
    database: Database, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH_SIZE", 2)
    ada = register(database)
    for _ in range(3):
        open_login(database, ada)
    time.passes(LIFETIMES.idle + 1)
    assert clean_up(database)
    assert not clean_up(database)
    assert rows(database, models.sessions) == []


def test_event_notes_are_deleted_after_their_events(database: Database, time: Time) -> None:
    ada = register(database)
    database.write(accounts.set_avatar, ada.id, "face.jpg", NOWHERE)
    first, second = (row.id for row in rows(database, models.outbox))
    database.write(lambda tx: tx.execute(models.outbox.delete().where(models.outbox.c.id == first)))
    time.passes(outbox.RETENTION_MS + clock.MINUTE)
    clean_up(database)
    assert [row.event_id for row in rows(database, models.person_facts)] == [second]
