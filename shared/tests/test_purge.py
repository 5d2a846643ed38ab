"""A purge completes after any interruption, reports once, and does a last sweep."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Connection, delete, insert

from shared import clock, ids
from shared.database.engine import Database
from shared.replication.purge import CHUNKS_PER_TURN, DONE, PURGED, PURGING, PurgeTarget
from shared.testing.backends import Backend, Cluster, Servers
from shared.testing.small_chunks import with_chunk_size
from shared.tests.sample_purge import (
    LAST_SWEEP_AFTER,
    PURGE,
    due_now,
    hidden,
    is_pending,
    jobs,
    metadata,
    own,
    owners,
    pending,
    remove_some,
    states,
    things,
    to_the_end,
    told,
)

from .tables import made, rows


@pytest.fixture
def database(backend: Backend) -> Iterator[Database]:
    """With the tables of these tests."""
    opened = Database(made(backend.empty(), metadata))
    yield opened
    opened.close()


def test_request_hides_the_record_at_once_and_is_new_only_once(database: Database) -> None:
    assert database.write(PURGE.request, 7)
    assert not database.write(PURGE.request, 7)
    assert states(database) == {7: PURGING} and len(rows(database, hidden)) == 1


def test_small_purge_ends_in_one_step(database: Database) -> None:
    own(database, 7, 2)
    database.write(PURGE.request, 7)
    assert database.write(PURGE.step, LAST_SWEEP_AFTER)
    assert owners(database) == [] and states(database) == {7: PURGED} and told(database) == [7]
    assert not database.write(PURGE.step, LAST_SWEEP_AFTER)


def test_long_purge_continues_after_pauses_and_ends(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    rests: list[float] = []
    monkeypatch.setattr("shared.replication.purge.time.sleep", rests.append)
    own(database, 7, 3 * (CHUNKS_PER_TURN + 2))  # a chunk is three
    database.write(PURGE.request, 7)
    assert PURGE.work(database, LAST_SWEEP_AFTER)
    assert len(owners(database)) == 3 and states(database) == {7: PURGING}
    assert len(rests) == CHUNKS_PER_TURN and min(rests) > 0
    while PURGE.work(database, LAST_SWEEP_AFTER):
        pass
    assert owners(database) == [] and states(database) == {7: PURGED} and told(database) == [7]


def test_long_purge_ends_despite_continuous_writes(database: Database) -> None:
    own(database, 7, 9)
    database.write(PURGE.request, 7)
    with database.writes:
        while PURGE.work(database, LAST_SWEEP_AFTER):
            pass
    assert owners(database) == [] and states(database) == {7: PURGED}


def test_chunk_starts_when_concurrent_writes_have_ended(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(database.writes, "wait_for_none", waited.append)
    own(database, 7, 9)
    database.write(PURGE.request, 7)
    assert PURGE.work(database, LAST_SWEEP_AFTER)
    assert len(waited) == 3 and min(waited) > 0  # before all but the first of three, and a last one that finds nothing


def test_small_purge_never_pauses(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("shared.replication.purge.time.sleep")
    own(database, 7, 2)
    database.write(PURGE.request, 7)
    assert PURGE.work(database, LAST_SWEEP_AFTER) and states(database) == {7: PURGED}
    assert not PURGE.work(database, LAST_SWEEP_AFTER)


@pytest.mark.parametrize("steps", range(5))
def test_purge_interrupted_after_any_step_continues(database: Database, steps: int) -> None:
    own(database, 7, 10)
    own(database, 8, 2)
    database.write(PURGE.request, 7)
    for _ in range(steps):
        database.write(PURGE.step, LAST_SWEEP_AFTER)
    assert told(database) == ([7] if steps == 4 else [])
    to_the_end(database)
    assert owners(database) == [8, 8] and states(database) == {7: PURGED} and told(database) == [7]


def test_rolled_back_step_has_no_effect(database: Database) -> None:
    own(database, 7)
    database.write(PURGE.request, 7)

    def die_at_the_end(tx: Connection) -> None:
        PURGE.step(tx, LAST_SWEEP_AFTER)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        database.write(die_at_the_end)
    assert owners(database) == [7] and states(database) == {7: PURGING} and told(database) == []


def test_large_purge_does_not_delay_others(database: Database) -> None:
    own(database, 7, 100)
    own(database, 8, 2)
    for subject in (7, 8):
        database.write(PURGE.request, subject)
    due_now(database)
    for _ in range(3):
        database.write(with_chunk_size(5, PURGE).step, LAST_SWEEP_AFTER)
    assert states(database) == {7: PURGING, 8: PURGED}


@pytest.mark.containers  # SQLite's writers take turns
def test_row_written_during_a_step_is_removed_before_the_report(database: Database) -> None:
    own(database, 7)
    database.write(PURGE.request, 7)
    late = [7]

    def remove_and_meet_a_late_write(tx: Connection, subject: int, chunk: int) -> bool:
        more = remove_some(tx, subject, chunk)
        while late:
            tx.execute(insert(things).values(id=ids.new(), owner=late.pop()))
        return more

    purge = replace(PURGE, targets=[PurgeTarget([things.c.owner], remove_and_meet_a_late_write, 3)])
    assert database.write(purge.step, LAST_SWEEP_AFTER)
    assert states(database) == {7: PURGING} and told(database) == []
    to_the_end(database)
    assert owners(database) == [] and states(database) == {7: PURGED} and told(database) == [7]


@pytest.mark.containers
def test_concurrent_workers_take_different_jobs(servers: Servers) -> None:
    backend = Cluster(servers)
    database = Database(made(backend.empty(), metadata))
    for subject in (7, 8):
        database.write(PURGE.request, subject)

    def both(tx: Connection) -> None:
        PURGE.step(tx, LAST_SWEEP_AFTER)
        database.write(PURGE.step, LAST_SWEEP_AFTER)

    database.write(both)
    assert states(database) == {7: PURGED, 8: PURGED} and sorted(told(database)) == [7, 8]
    database.close()
    backend.clear()


def test_purge_with_pending_work_is_not_reported_and_checked_again(database: Database) -> None:
    purge = replace(PURGE, is_pending=is_pending)
    database.write(lambda tx: tx.execute(insert(pending).values(subject=7)))
    database.write(purge.request, 7)
    to_the_end(database, purge)
    database.write(purge.announce_again, 7)
    assert states(database) == {7: PURGING} and told(database) == []
    database.write(lambda tx: tx.execute(delete(pending)))
    due_now(database)
    to_the_end(database, purge)
    assert states(database) == {7: PURGED} and told(database) == [7]


def test_final_sweep_waits_removes_late_rows_and_ends(database: Database) -> None:
    earliest = clock.now() + LAST_SWEEP_AFTER
    database.write(PURGE.request, 7)
    to_the_end(database)
    own(database, 7)
    assert not database.write(PURGE.step, LAST_SWEEP_AFTER) and owners(database) == [7]
    assert rows(database, jobs)[0].sweep_at >= earliest
    due_now(database)
    to_the_end(database)
    assert owners(database) == [] and states(database) == {7: DONE} and told(database) == [7]
    own(database, 7)
    to_the_end(database)
    assert owners(database) == [7], "a job that is over is never due"


def test_repeated_request_repeats_the_report(database: Database) -> None:
    database.write(PURGE.request, 7)
    to_the_end(database, last_sweep_after=0)
    assert states(database) == {7: DONE}
    database.write(PURGE.announce_again, 7)
    assert told(database) == [7, 7]
