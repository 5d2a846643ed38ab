"""Reconciliation: records that no event reported are found in the owner's list, once."""

import asyncio
from collections.abc import Iterator

import pytest
from prometheus_client import REGISTRY

from shared import clock, ids
from shared.database.engine import Database
from shared.errors import Unavailable
from shared.replication.purge import PURGING
from shared.replication.reconcile import OVERLAP_MS, Reconciler, SubjectPage
from shared.testing.backends import Backend
from shared.tests.sample_purge import PURGE, checkpoints, hidden, metadata, states

from .tables import made, rows


@pytest.fixture
def database(backend: Backend) -> Iterator[Database]:
    """With the tables of these tests."""
    opened = Database(made(backend.empty(), metadata))
    yield opened
    opened.close()


class List:
    """A list of deleted records in pages of two; records the entries after which it was read."""

    def __init__(self) -> None:
        self.entries: dict[int, int] = {}
        self.asked: list[int] = []
        self.there = True

    async def part(self, after: int) -> SubjectPage:
        """The page after this entry."""
        if not self.there:
            raise Unavailable("neighbour_unavailable", "It is away.")
        self.asked.append(after)
        found = sorted(entry for entry in self.entries if entry > after)[:2]
        last = found[-1] if found else None
        return SubjectPage([self.entries[entry] for entry in found], last, last if len(found) == 2 else None)


@pytest.fixture
def truth() -> List:
    """An empty list."""
    return List()


def compare(database: Database, truth: List) -> Reconciler:
    """One round."""
    comparison = Reconciler("test", database, PURGE, checkpoints, truth.part)
    assert not asyncio.run(comparison.step())
    return comparison


def differences() -> float:
    return REGISTRY.get_sample_value("reconciled_total", {"service": "test"}) or 0.0


def test_missed_events_are_requested_as_the_event_would(database: Database, truth: List) -> None:
    before = differences()
    database.write(PURGE.request, 8)
    truth.entries = {ids.new(): subject for subject in (9, 8, 7)}
    compare(database, truth)
    compare(database, truth)
    assert states(database) == {7: PURGING, 8: PURGING, 9: PURGING}
    assert [row.subject for row in rows(database, hidden)] == [7, 8, 9]
    assert differences() - before == 2


def test_next_round_continues_at_the_checkpoint_and_repeats_the_overlap(database: Database, truth: List) -> None:
    now = clock.now()
    entries = [ids.first_id_at(now - minutes * clock.MINUTE) for minutes in (60, 50, 40, 30, 20)]
    truth.entries = {entry: subject for subject, entry in enumerate(entries)}
    compare(database, truth)
    assert truth.asked[0] == 0 and len(truth.asked) == 3
    truth.asked.clear()
    late = entries[-1] - ((OVERLAP_MS - clock.MINUTE) << ids.RANDOM_BITS)
    truth.entries[late] = 99  # committed after entries that were made later
    comparison = compare(database, truth)
    assert truth.asked == [entries[-1] - (OVERLAP_MS << ids.RANDOM_BITS), entries[-1]]
    assert states(database)[99] == PURGING and len(states(database)) == 6
    assert database.read(comparison.checkpoint) == entries[-1], "never back"


def test_unavailable_or_empty_list_does_not_move_the_checkpoint(database: Database, truth: List) -> None:
    truth.entries = {ids.new(): 7}
    truth.there = False
    with pytest.raises(Unavailable):
        compare(database, truth)
    truth.there = True
    comparison = compare(database, truth)
    checkpoint = next(iter(truth.entries))
    assert database.read(comparison.checkpoint) == checkpoint and states(database) == {7: PURGING}
    truth.entries.clear()
    compare(database, truth)
    assert database.read(comparison.checkpoint) == checkpoint, "an empty list keeps the place"
