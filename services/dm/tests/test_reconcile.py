"""Auth's list of withdrawals is the truth: whoever no fact told of is found there, and found once."""

import asyncio

import httpx
import pytest
from prometheus_client import REGISTRY

from services.dm import models, queries
from services.dm.actions.withdrawals import bury
from services.dm.app import create_app
from services.dm.models import PURGED, PURGING
from services.dm.neighbours import Auth
from services.dm.settings import Settings
from services.dm.subscriptions import OVERLAP, reconcile
from shared import clock, ids
from shared.database import Database
from shared.errors import Unavailable
from shared.events.bus import Bus
from shared.neighbours import Neighbour
from shared.testing import Stub, eventually, running

from .world import facts, purge_states, purge_to_the_end, rows_of, some_people


class ListOfAuth:
    """Auth's list as it serves it, in parts of two; remembers where it was asked from."""

    def __init__(self) -> None:
        self.entries: list[tuple[int, int]] = []
        self.asked: list[int] = []
        self.there = True

    def add(self, user_id: int, entry: int | None = None) -> int:
        """Another withdrawal; its place in the list."""
        self.entries.append((entry or ids.new(), user_id))
        return self.entries[-1][0]

    def answer(self, request: httpx.Request) -> httpx.Response:
        """What auth would answer."""
        if not self.there:
            return httpx.Response(404)
        after = ids.parse(request.url.params["after"])
        self.asked.append(after)
        part = sorted(entry for entry in self.entries if entry[0] > after)[:2]
        items = [{"id": ids.text(id_), "user_id": ids.text(user_id)} for id_, user_id in part]
        return httpx.Response(200, json={"items": items, "next": items[-1]["id"] if len(items) == 2 else None})


@pytest.fixture
def truth() -> ListOfAuth:
    """An empty list."""
    return ListOfAuth()


def compare(database: Database, truth: ListOfAuth) -> None:
    """One round of reconciliation."""

    async def once() -> None:
        neighbour = Neighbour("dm", "secret" * 6, "auth", "http://auth", httpx.MockTransport(truth.answer))
        assert not await reconcile(database, Auth(neighbour))
        await neighbour.close()

    asyncio.run(once())


def reconciled() -> float:
    """How many differences have been counted so far."""
    return REGISTRY.get_sample_value("reconciled_total", {"service": "dm"}) or 0.0


def test_whoever_no_fact_told_of_is_buried_exactly_as_the_fact_would(database: Database, truth: ListOfAuth) -> None:
    before = reconciled()
    heard, *missed = some_people(database, 4)
    missed.append(ids.new())  # never heard of at all
    database.write(bury, heard)
    for gone in (*reversed(missed), heard):
        truth.add(gone)
    compare(database, truth)
    assert purge_states(database) == dict.fromkeys([heard, *missed], PURGING)
    assert {row.id for row in rows_of(database, models.people) if row.deleted and row.name is None} == {heard, *missed}
    assert reconciled() - before == 4
    purge_to_the_end(database)
    assert len(facts(database)) == 5


def test_the_next_round_goes_on_where_the_last_one_ended_and_reads_the_end_again(
    database: Database, truth: ListOfAuth
) -> None:
    last = [truth.add(ids.new(), ids.at(clock.now()) + 10 * number) for number in range(5)][-1]
    compare(database, truth)
    assert truth.asked[0] == 0 and len(truth.asked) == 3
    assert database.read(queries.place_in_withdrawals) == last
    truth.asked = []
    late = ids.new()
    truth.add(late, last - 3)  # committed after entries that were made later
    compare(database, truth)
    assert truth.asked[0] == last - (OVERLAP << ids.RANDOM_BITS)
    assert late in purge_states(database) and len(purge_states(database)) == 6
    assert database.read(queries.place_in_withdrawals) == last


def test_without_the_list_nothing_is_taken_for_compared(database: Database, truth: ListOfAuth) -> None:
    truth.add(ids.new())
    truth.there = False
    with pytest.raises(Unavailable):
        compare(database, truth)
    assert database.read(queries.place_in_withdrawals) == 0
    truth.there = True
    compare(database, truth)
    assert len(purge_states(database)) == 1


def test_a_service_compares_itself_when_it_starts(
    settings: Settings, database: Database, neighbours: Stub, bus: Bus
) -> None:
    (gone,) = some_people(database, 1)
    entry = {"id": ids.text(ids.new()), "user_id": ids.text(gone)}
    neighbours.answers["/internal/withdrawals"] = {"items": [entry], "next": None}
    with running(create_app(settings, bus, neighbours.transport)):
        eventually(lambda: purge_states(database) == {gone: PURGED})
