"""A purge completes after any interruption, and keeps what other users received."""

import pytest
from sqlalchemy import Connection, Table, insert

from services.dm import models
from services.dm.actions import message_settings
from services.dm.actions.messages import Draft, send
from services.dm.actions.withdrawals import WITHDRAWAL
from services.dm.app import create_app
from services.dm.settings import Settings
from shared import clock, ids
from shared.database.engine import Database
from shared.events.bus import Bus
from shared.replication.purge import DONE, PURGED
from shared.testing import Stub, eventually, running_service
from shared.testing.small_chunks import with_chunk_size

from .factories import (
    LAST_SWEEP_AFTER,
    facts,
    purge_states,
    purge_to_the_end,
    room_of,
    rows_of,
    say,
    some_people,
    upload,
)

CHUNK_ROWS = 2
KEPT = [models.rooms, models.members, models.messages]


def keep_answer(tx: Connection, owner: int, key: bytes) -> None:
    """Store a response under an idempotency key, as a sent message does."""
    row = {"owner_id": owner, "key_hash": key * 32, "request_hash": b"r" * 32, "status": 201, "body": b"{}"}
    tx.execute(insert(models.idempotency_keys).values(row | {"location": "", "created_at": clock.now()}))


def with_things_everywhere(database: Database) -> tuple[int, list[object]]:
    """A user who withdraws, with sent and unsent photos and stored responses; and the rows that must stay."""
    gone, other = some_people(database, 2)
    room = room_of(database, gone, other)
    say(database, gone, room)
    photos = [upload(database, gone, room, f"{number:032x}") for number in range(5)]
    database.write(send, gone, room, Draft(media_id=photos[0]))
    upload(database, other, room, "a" * 32)
    for number in (b"1", b"2", b"3"):
        database.write(keep_answer, gone, number)
    database.write(keep_answer, other, b"1")
    for person in (gone, other):
        database.write(message_settings.store, person, "following")
    database.write(WITHDRAWAL.request, gone)
    return gone, what_stays(database, gone)


def what_stays(database: Database, gone: int) -> list[object]:
    media = [row for row in rows_of(database, models.media) if row.sent or row.uploader_id != gone]
    keys = [row for row in rows_of(database, models.idempotency_keys) if row.owner_id != gone]
    settings = [row for row in rows_of(database, models.message_settings) if row.user_id != gone]
    return [*(rows_of(database, table) for table in KEPT), media, keys, settings]


def everything(database: Database) -> list[object]:
    tables: list[Table] = [*KEPT, models.media, models.idempotency_keys, models.message_settings]
    return [rows_of(database, table) for table in tables]


def assert_complete(database: Database, gone: int, kept: list[object]) -> None:
    assert everything(database) == kept == what_stays(database, gone)
    due = sorted(row.name for row in rows_of(database, models.disposal) if row.due_at <= clock.now())
    names = [f"{number:032x}-{file}" for number in range(1, 5) for file in ("display.jpg", "4.webp")]
    assert due == sorted(names)
    assert purge_states(database) == {gone: PURGED}
    assert facts(database) == [("user.purged.v1", {"user_id": ids.encode(gone), "service": "dm"})]


@pytest.mark.parametrize("steps", range(6))
def test_interrupted_purge_continues_in_a_new_process(settings: Settings, steps: int) -> None:
    before = Database(settings.database_url)
    gone, kept = with_things_everywhere(before)
    for _ in range(steps):
        before.write(with_chunk_size(CHUNK_ROWS, WITHDRAWAL).step, LAST_SWEEP_AFTER)
    before.close()
    after = Database(settings.database_url)
    purge_to_the_end(after, CHUNK_ROWS)
    assert_complete(after, gone, kept)
    after.close()


def test_restarted_service_finishes_its_purge(
    settings: Settings, database: Database, other_services: Stub, bus: Bus
) -> None:
    gone, kept = with_things_everywhere(database)
    database.write(with_chunk_size(CHUNK_ROWS, WITHDRAWAL).step, LAST_SWEEP_AFTER)
    with running_service(create_app(settings, bus, other_services.transport)):
        eventually(lambda: purge_states(database) == {gone: PURGED})
    assert everything(database) == kept


def test_no_personal_data_is_left(database: Database) -> None:
    (gone,) = some_people(database, 1)
    database.write(WITHDRAWAL.request, gone)
    (row,) = rows_of(database, models.people)
    assert (row.id, row.nickname, row.name, row.avatar_url, row.deleted) == (gone, None, None, None, True)


def test_both_members_can_withdraw(database: Database) -> None:
    one, other = some_people(database, 2)
    message = say(database, one, room_of(database, one, other))
    for gone in (one, other):
        database.write(WITHDRAWAL.request, gone)
    purge_to_the_end(database)
    assert purge_states(database) == {one: PURGED, other: PURGED}
    assert [row.id for row in rows_of(database, models.messages)] == [message]


def test_final_sweep_removes_late_rows_and_ends_the_purge(database: Database) -> None:
    gone, other = some_people(database, 2)
    photo = upload(database, other, room_of(database, gone, other))
    database.write(WITHDRAWAL.request, gone)
    assert database.write(WITHDRAWAL.step, 0)
    assert purge_states(database) == {gone: PURGED} and len(facts(database)) == 1
    database.write(keep_answer, gone, b"1")
    assert database.write(WITHDRAWAL.step, 0) and rows_of(database, models.idempotency_keys) == []
    assert purge_states(database) == {gone: DONE}
    assert not database.write(WITHDRAWAL.step, 0)
    assert len(facts(database)) == 1 and [row.id for row in rows_of(database, models.media)] == [photo]
