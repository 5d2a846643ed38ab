"""Records of deleted accounts beside the database: written once, and found again after an older backup was restored."""

from pathlib import Path

import pytest

from services.auth import models
from services.auth.actions import restore, withdrawal_records, withdrawals
from services.auth.actions.restore import VERSION_STEP
from shared import clock, ids
from shared.database.engine import Database
from shared.files.folder import FolderStorage
from shared.files.storage import Storage

from .factories import facts, open_login, register, rows


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return FolderStorage(tmp_path / "files")


def recorded(storage: Storage) -> list[str]:
    return [name for page in storage.pages("withdrawals") for name in page]


def test_each_deleted_account_is_recorded_once(database: Database, storage: Storage) -> None:
    ada = register(database, "ada")
    database.write(withdrawals.withdraw, ada)
    assert not withdrawal_records.record_some(database, storage)
    assert recorded(storage) == [f"withdrawals/{ids.encode(ada.id)}"]
    assert rows(database, models.unrecorded_withdrawals) == []


def test_without_records_nothing_is_repeated(database: Database, storage: Storage) -> None:
    assert withdrawal_records.repeat_all(database, storage) == 0


def test_an_account_that_a_backup_brought_back_is_deleted_again(database: Database, storage: Storage) -> None:
    bob, ada = register(database, "bob"), register(database, "ada")
    open_login(database, ada)
    withdrawn_at = clock.now() - clock.HOUR
    storage.put(f"withdrawals/{ids.encode(ada.id)}", clock.format_rfc3339(withdrawn_at).encode(), "text/plain")
    assert withdrawal_records.repeat_all(database, storage) == 1
    assert [row.id for row in rows(database, models.accounts)] == [bob.id]
    assert rows(database, models.sessions) == []
    (listed,) = rows(database, models.withdrawals)
    assert (listed.account_id, listed.complete) == (ada.id, False)
    assert abs(listed.withdrawn_at - withdrawn_at) < clock.SECOND
    assert ("user.deleted.v1", ids.encode(ada.id)) in [(name, data["user_id"]) for name, data in facts(database)]
    assert withdrawal_records.repeat_all(database, storage) == 0


def test_an_account_that_is_younger_than_the_backup_is_listed(database: Database, storage: Storage) -> None:
    unknown = ids.new()
    storage.put(f"withdrawals/{ids.encode(unknown)}", clock.format_rfc3339(clock.now()).encode(), "text/plain")
    assert withdrawal_records.repeat_all(database, storage) == 1
    assert [row.account_id for row in rows(database, models.withdrawals)] == [unknown]


def test_after_a_restore_no_user_is_logged_in_and_all_accounts_are_published_as_newer(database: Database) -> None:
    ada, bob = register(database, "ada"), register(database, "bob")
    open_login(database, ada)
    restore.forget_all_sessions(database)
    assert rows(database, models.sessions) == rows(database, models.refresh_tokens) == []
    assert restore.announce_all_accounts(database) == 2
    told = {data["user_id"]: data["version"] for name, data in facts(database) if name == "user.updated.v1"}
    assert told == {ids.encode(each.id): each.version + VERSION_STEP for each in (ada, bob)}
