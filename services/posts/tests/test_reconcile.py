"""Auth's list of withdrawals is the truth: whoever no fact told of is found there, and found once."""

import asyncio

import httpx
import pytest
from prometheus_client import REGISTRY

from services.posts.actions.withdrawals import bury
from services.posts.app import create_app
from services.posts.models import PURGED, PURGING
from services.posts.neighbours import Auth
from services.posts.queries.likes import likers
from services.posts.queries.withdrawals import place_in_withdrawals
from services.posts.settings import Settings
from services.posts.subscriptions import OVERLAP, reconcile
from shared import ids
from shared.database import Database
from shared.errors import Unavailable
from shared.events.bus import Bus
from shared.neighbours import Neighbour
from shared.testing import Stub, eventually, running

from .world import all_like, counts, listed, published, purge_states, purge_to_the_end, some_people


class ListOfAuth:
    """Auth's list as it serves it, in parts of two; remembers from where it was asked."""

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
        neighbour = Neighbour("posts", "secret" * 6, "auth", "http://auth", httpx.MockTransport(truth.answer))
        assert not await reconcile(database, Auth(neighbour))
        await neighbour.close()

    asyncio.run(once())


def reconciled() -> float:
    """How many differences this process has counted."""
    return REGISTRY.get_sample_value("reconciled_total", {"service": "posts"}) or 0.0


def test_whoever_no_fact_told_of_is_buried_exactly_as_the_fact_would(database: Database, truth: ListOfAuth) -> None:
    before = reconciled()
    never_heard_of = ids.new()
    star, heard, *missed = some_people(database, 6)
    post = published(database, star)
    all_like(database, [heard, *missed], post)
    database.write(bury, heard)
    for gone in (*reversed(missed), heard, never_heard_of):
        truth.add(gone)
    compare(database, truth)
    assert purge_states(database) == dict.fromkeys([heard, never_heard_of, *missed], PURGING)
    assert listed(database, likers, post) == []
    assert reconciled() - before == 5
    purge_to_the_end(database)
    assert counts(database, post) == (0, 0)


def test_the_next_round_goes_on_where_the_last_one_ended_and_reads_the_end_again(
    database: Database, truth: ListOfAuth
) -> None:
    first = ids.new()
    last = [truth.add(ids.new(), first + place) for place in (0, 10, 20, 30, 40)][-1]
    compare(database, truth)
    assert truth.asked[0] == 0 and len(truth.asked) == 3
    assert database.read(place_in_withdrawals) == last
    before, truth.asked = purge_states(database), []
    truth.add(ids.new(), last - 3)  # committed after entries that were made later
    compare(database, truth)
    assert truth.asked[0] == last - (OVERLAP << ids.RANDOM_BITS)
    assert database.read(place_in_withdrawals) == last
    assert len(purge_states(database)) == len(before) + 1


def test_without_the_list_nothing_is_taken_for_compared(database: Database, truth: ListOfAuth) -> None:
    last = truth.add(ids.new())
    truth.there = False
    with pytest.raises(Unavailable):
        compare(database, truth)
    assert database.read(place_in_withdrawals) == 0
    truth.there = True
    compare(database, truth)
    assert len(purge_states(database)) == 1
    truth.entries.clear()
    compare(database, truth)
    assert database.read(place_in_withdrawals) == last, "an empty list keeps the place"


def test_a_service_compares_itself_when_it_starts(settings: Settings, database: Database, auth: Stub, bus: Bus) -> None:
    star, gone = some_people(database, 2)
    post = published(database, star)
    all_like(database, [gone], post)
    entry = {"id": ids.text(ids.new()), "user_id": ids.text(gone)}
    auth.answers["/internal/withdrawals"] = {"items": [entry], "next": None}
    with running(create_app(settings, bus, auth.transport)):
        eventually(lambda: purge_states(database) == {gone: PURGED})
    assert counts(database, post) == (0, 0)
