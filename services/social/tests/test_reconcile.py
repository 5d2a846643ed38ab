"""Auth's list of withdrawals is the truth: whoever no fact told of is found there, and found once."""

import asyncio

import httpx
import pytest
from prometheus_client import REGISTRY

from services.social import queries
from services.social.actions.withdrawals import bury
from services.social.app import create_app
from services.social.models import PURGED, PURGING
from services.social.neighbours import Auth
from services.social.settings import Settings
from services.social.subscriptions import OVERLAP, reconcile
from shared import ids
from shared.database import Database
from shared.errors import Unavailable
from shared.events.bus import Bus
from shared.neighbours import Neighbour
from shared.testing import Stub, eventually, running

from .world import FIRST, all_follow, person, purge_states, purge_to_the_end, some_people


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
        neighbour = Neighbour("social", "secret" * 6, "auth", "http://auth", httpx.MockTransport(truth.answer))
        assert not await reconcile(database, Auth(neighbour))
        await neighbour.close()

    asyncio.run(once())


@pytest.fixture
def reconciled_before() -> float:
    """How many differences had been counted when the test began."""
    return reconciled()


def reconciled() -> float:
    return REGISTRY.get_sample_value("reconciled_total", {"service": "social"}) or 0.0


def test_whoever_no_fact_told_of_is_buried_exactly_as_the_fact_would(
    database: Database, truth: ListOfAuth, reconciled_before: float
) -> None:
    star, heard, *missed = some_people(database, 6)
    all_follow(database, [heard, *missed], star)
    database.write(bury, heard)
    for gone in (*reversed(missed), heard):
        truth.add(gone)
    compare(database, truth)
    assert purge_states(database) == dict.fromkeys([heard, *missed], PURGING)
    assert database.read(queries.followers, star, FIRST).items == []
    assert reconciled() - reconciled_before == 4
    purge_to_the_end(database)
    assert database.read(queries.counts, star)["followers_count"] == 0


def test_a_person_never_heard_of_is_buried_all_the_same(database: Database, truth: ListOfAuth) -> None:
    never_heard_of = ids.new()
    truth.add(never_heard_of)
    compare(database, truth)
    assert person(database, never_heard_of).deleted


def test_the_next_round_goes_on_where_the_last_one_ended_and_reads_the_end_again(
    database: Database, truth: ListOfAuth, reconciled_before: float
) -> None:
    first = ids.new()
    last = [truth.add(ids.new(), first + place) for place in (0, 10, 20, 30, 40)][-1]
    compare(database, truth)
    assert truth.asked[0] == 0 and len(truth.asked) == 3
    assert database.read(queries.place_in_withdrawals) == last
    before, truth.asked = purge_states(database), []
    late = truth.add(ids.new(), last - 3)  # committed after entries that were made later
    compare(database, truth)
    assert truth.asked[0] == last - (OVERLAP << ids.RANDOM_BITS)
    assert late < last == database.read(queries.place_in_withdrawals)
    assert len(purge_states(database)) == len(before) + 1
    assert reconciled() - reconciled_before == 6


def test_an_empty_list_keeps_the_place(database: Database, truth: ListOfAuth) -> None:
    last = truth.add(ids.new())
    compare(database, truth)
    truth.entries.clear()
    compare(database, truth)
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


def test_a_service_compares_itself_when_it_starts(settings: Settings, database: Database, auth: Stub, bus: Bus) -> None:
    star, gone = some_people(database, 2)
    all_follow(database, [gone], star)
    entry = {"id": ids.text(ids.new()), "user_id": ids.text(gone)}
    auth.answers["/internal/withdrawals"] = {"items": [entry], "next": None}
    with running(create_app(settings, bus, auth.transport)):
        eventually(lambda: purge_states(database) == {gone: PURGED})
    assert database.read(queries.counts, star)["followers_count"] == 0
