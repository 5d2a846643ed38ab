"""A purge ends complete wherever it is stopped, says so once, looks once more, and needs no event to begin."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import Column, Connection, Index, MetaData, String, Table, delete, insert, select, update

from shared import clock, ids
from shared.database import Big, Database, insert_new
from shared.errors import Unavailable
from shared.purging import DONE, OVERLAP, PURGED, PURGING, Comparison, Part, Purge
from shared.testing.homes import Cluster, Home, Servers
from shared.testing.steps import in_steps_of

from .tables import made, rows

LAST_SWEEP_AFTER = clock.HOUR
metadata = MetaData()
jobs = Table(
    "jobs",
    metadata,
    Column("subject", Big, primary_key=True, autoincrement=False),
    Column("requested_at", Big, nullable=False),
    Column("sweep_at", Big),
    Column("state", String(8), nullable=False),
    Index("jobs_due", "sweep_at"),
)
places = Table(
    "places",
    metadata,
    Column("id", Big, primary_key=True, autoincrement=False),
    Column("place", Big, nullable=False),
)
things = Table(
    "things",
    metadata,
    Column("id", Big, primary_key=True, autoincrement=False),
    Column("owner", Big, nullable=False, index=True),
)
hidden = Table("hidden", metadata, Column("subject", Big, primary_key=True, autoincrement=False))
said = Table("said", metadata, Column("id", Big, primary_key=True), Column("subject", Big, nullable=False))
pending = Table("pending", metadata, Column("subject", Big, primary_key=True, autoincrement=False))


def hide(tx: Connection, subject: int) -> None:
    insert_new(tx, hidden, {"subject": subject})


def remove_some(tx: Connection, subject: int, chunk: int) -> bool:
    some = list(tx.execute(select(things.c.id).where(things.c.owner == subject).limit(chunk)).scalars())
    tx.execute(delete(things).where(things.c.id.in_(some)))
    return len(some) == chunk


def say(tx: Connection, subject: int) -> None:
    tx.execute(insert(said).values(subject=subject))


def is_pending(tx: Connection, subject: int) -> bool:
    return tx.execute(select(pending).where(pending.c.subject == subject)).first() is not None


PURGE = Purge(jobs, hide, [(remove_some, 3)], say)


@pytest.fixture
def database(home: Home) -> Iterator[Database]:
    """With the few tables of these tests."""
    opened = Database(made(home.empty(), metadata))
    yield opened
    opened.close()


def own(database: Database, subject: int, number: int = 1) -> None:
    """Let this subject have so many things."""
    database.write(lambda tx: tx.execute(insert(things), [{"id": ids.new(), "owner": subject} for _ in range(number)]))


def owners(database: Database) -> list[int]:
    return [row.owner for row in rows(database, things)]


def states(database: Database) -> dict[int, str]:
    return {row.subject: row.state for row in rows(database, jobs)}


def told(database: Database) -> list[int]:
    return [row.subject for row in rows(database, said)]


def due_now(database: Database) -> None:
    """Let every pause be over."""
    soon = update(jobs).where(jobs.c.sweep_at.is_not(None)).values(sweep_at=clock.now())
    database.write(lambda tx: tx.execute(soon))


def to_the_end(database: Database, purge: Purge = PURGE, last_sweep_after: int = LAST_SWEEP_AFTER) -> None:
    while database.write(purge.step, last_sweep_after):
        pass


def test_a_request_hides_at_once_and_is_news_once(database: Database) -> None:
    assert database.write(PURGE.request, 7)
    assert not database.write(PURGE.request, 7)
    assert states(database) == {7: PURGING} and len(rows(database, hidden)) == 1


def test_one_step_ends_the_purge_of_somebody_who_left_little(database: Database) -> None:
    own(database, 7, 2)
    database.write(PURGE.request, 7)
    assert database.write(PURGE.step, LAST_SWEEP_AFTER)
    assert owners(database) == [] and states(database) == {7: PURGED} and told(database) == [7]
    assert not database.write(PURGE.step, LAST_SWEEP_AFTER)


@pytest.mark.parametrize("steps", range(5))
def test_a_purge_that_is_stopped_after_any_step_goes_on(database: Database, steps: int) -> None:
    own(database, 7, 10)
    own(database, 8, 2)
    database.write(PURGE.request, 7)
    for _ in range(steps):
        database.write(PURGE.step, LAST_SWEEP_AFTER)
    assert told(database) == ([7] if steps == 4 else [])
    to_the_end(database)
    assert owners(database) == [8, 8] and states(database) == {7: PURGED} and told(database) == [7]


def test_a_step_that_dies_before_its_commit_has_not_happened(database: Database) -> None:
    own(database, 7)
    database.write(PURGE.request, 7)

    def die_at_the_end(tx: Connection) -> None:
        PURGE.step(tx, LAST_SWEEP_AFTER)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        database.write(die_at_the_end)
    assert owners(database) == [7] and states(database) == {7: PURGING} and told(database) == []


def test_somebody_who_left_much_does_not_keep_the_others_waiting(database: Database) -> None:
    own(database, 7, 100)
    own(database, 8, 2)
    for subject in (7, 8):
        database.write(PURGE.request, subject)
    due_now(database)
    for _ in range(3):
        database.write(in_steps_of(5, PURGE).step, LAST_SWEEP_AFTER)
    assert states(database) == {7: PURGING, 8: PURGED}


@pytest.mark.containers  # SQLite's writers take turns
def test_two_who_work_at_once_take_two_different_jobs(servers: Servers) -> None:
    home = Cluster(servers)
    database = Database(made(home.empty(), metadata))
    for subject in (7, 8):
        database.write(PURGE.request, subject)

    def both(tx: Connection) -> None:
        PURGE.step(tx, LAST_SWEEP_AFTER)
        database.write(PURGE.step, LAST_SWEEP_AFTER)

    database.write(both)
    assert states(database) == {7: PURGED, 8: PURGED} and sorted(told(database)) == [7, 8]
    database.close()
    home.clear()


def test_while_something_goes_on_elsewhere_nothing_is_said_and_it_looks_again(database: Database) -> None:
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


def test_the_last_sweep_waits_takes_what_slipped_in_and_then_it_is_over(database: Database) -> None:
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


def test_whoever_asks_again_is_told_again(database: Database) -> None:
    database.write(PURGE.request, 7)
    to_the_end(database, last_sweep_after=0)
    assert states(database) == {7: DONE}
    database.write(PURGE.announce_again, 7)
    assert told(database) == [7, 7]


class List:
    """Somebody's list of all that have to be purged, in parts of two; remembers from where it was asked."""

    def __init__(self) -> None:
        self.entries: dict[int, int] = {}
        self.asked: list[int] = []
        self.there = True

    async def part(self, after: int) -> Part:
        """What comes after this entry."""
        if not self.there:
            raise Unavailable("neighbour_unavailable", "It is away.")
        self.asked.append(after)
        found = sorted(entry for entry in self.entries if entry > after)[:2]
        last = found[-1] if found else None
        return Part([self.entries[entry] for entry in found], last, last if len(found) == 2 else None)


@pytest.fixture
def truth() -> List:
    """An empty list."""
    return List()


def compare(database: Database, truth: List) -> Comparison:
    """One round."""
    comparison = Comparison("test", database, PURGE, places, truth.part)
    assert not asyncio.run(comparison.step())
    return comparison


def differences() -> float:
    return REGISTRY.get_sample_value("reconciled_total", {"service": "test"}) or 0.0


def test_whatever_no_event_told_of_is_requested_exactly_as_the_event_would(database: Database, truth: List) -> None:
    before = differences()
    database.write(PURGE.request, 8)
    truth.entries = {ids.new(): subject for subject in (9, 8, 7)}
    compare(database, truth)
    compare(database, truth)
    assert states(database) == {7: PURGING, 8: PURGING, 9: PURGING}
    assert [row.subject for row in rows(database, hidden)] == [7, 8, 9]
    assert differences() - before == 2


def test_the_next_round_goes_on_where_the_last_one_ended_and_reads_the_end_again(
    database: Database, truth: List
) -> None:
    now = clock.now()
    entries = [ids.at(now - minutes * clock.MINUTE) for minutes in (60, 50, 40, 30, 20)]
    truth.entries = {entry: subject for subject, entry in enumerate(entries)}
    compare(database, truth)
    assert truth.asked[0] == 0 and len(truth.asked) == 3
    truth.asked.clear()
    late = entries[-1] - ((OVERLAP - clock.MINUTE) << ids.RANDOM_BITS)
    truth.entries[late] = 99  # committed after entries that were made later
    comparison = compare(database, truth)
    assert truth.asked == [entries[-1] - (OVERLAP << ids.RANDOM_BITS), entries[-1]]
    assert states(database)[99] == PURGING and len(states(database)) == 6
    assert database.read(comparison.place) == entries[-1], "never back"


def test_without_the_list_nothing_is_taken_for_compared(database: Database, truth: List) -> None:
    truth.entries = {ids.new(): 7}
    truth.there = False
    with pytest.raises(Unavailable):
        compare(database, truth)
    truth.there = True
    comparison = compare(database, truth)
    place: Any = next(iter(truth.entries))
    assert database.read(comparison.place) == place and states(database) == {7: PURGING}
    truth.entries.clear()
    compare(database, truth)
    assert database.read(comparison.place) == place, "an empty list keeps the place"
