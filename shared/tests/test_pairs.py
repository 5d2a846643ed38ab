"""Copies of pairs: only newer versions, any order of events, and the comparison with the owner's list."""

import asyncio
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from pydantic import BaseModel, Field, ValidationError
from sqlalchemy import Connection, MetaData, select, text

from shared import ids
from shared.database.engine import Database
from shared.events.envelope import Event
from shared.ids import Id
from shared.replication.pair_reconcile import PairReconciler, PairSource
from shared.replication.pairs import Key, PairProjection, in_neither_direction, pair_table, purge_target
from shared.testing.backends import Backend
from shared.testing.query_plans import captured_statements, slow_steps

from .tables import made

METADATA = MetaData()
LINKS = pair_table("links", METADATA, ("from_id", "to_id"), ("red", "blue"))
GONE = 99
State = dict[Key, tuple[bool, bool]]
stored: list[Key] = []


class Link(BaseModel):
    from_id: Id = Field(alias="thing_id")
    to_id: Id = Field(alias="other_id")
    red: bool
    blue: bool
    version: int


PROJECTION = PairProjection(
    LINKS, Link, lambda _, key: GONE in key, lambda _, row: stored.append((row.from_id, row.to_id))
)


class Owner:
    """The service that owns the pairs, without HTTP; all its versions are one sequence."""

    def __init__(self, links: State) -> None:
        self.links = links
        self.version = 1
        self.has_list = True
        self.requests: list[str] = []

    async def get(self, path: str, after: str = "", limit: int = 0) -> dict[str, Any] | None:
        self.requests.append(path)
        if not self.has_list:
            return None
        if after:
            begin = tuple(map(int, after.split(",")))
            found = [message(*key, *self.links[key], self.version) for key in sorted(self.links) if key > begin]
            return {"items": found[:limit], "next": "more" if len(found) > limit else None}
        key = (ids.parse(path.split("/")[-2]), ids.parse(path.rsplit("/", maxsplit=1)[-1]))
        return message(*key, *self.links.get(key, (False, False)), self.version)


@pytest.fixture
def database(backend: Backend) -> Iterator[Database]:
    stored.clear()
    opened = Database(made(backend.empty(), METADATA))
    yield opened
    opened.close()


def message(one: int, other: int, red: bool, blue: bool, version: int) -> dict[str, Any]:
    key = {"thing_id": ids.encode(one), "other_id": ids.encode(other)}
    return {**key, "red": red, "blue": blue, "version": version, "more": "not kept"}


def heard(database: Database, *told: Any) -> None:
    event = Event(ids.new(), "thing.linked", 1, 0, None, message(*told))
    database.write(PROJECTION.on_changed, event)


def flagged(database: Database) -> State:
    """The copies with a flag."""
    rows = database.read(lambda connection: connection.execute(select(LINKS)).all())
    return {(row.from_id, row.to_id): (row.red, row.blue) for row in rows if row.red or row.blue}


def reconcile(database: Database, owner: Any, page_size: int) -> None:
    source = PairSource(owner, "/internal/links")
    assert asyncio.run(PairReconciler("things", database, PROJECTION, source, page_size).step()) is False


def test_only_newer_versions_are_stored(database: Database) -> None:
    for version, red in ((2, True), (1, False), (2, False)):
        heard(database, 1, 2, red, False, version)
    assert flagged(database) == {(1, 2): (True, False)}
    heard(database, 1, 2, False, True, 3)
    assert flagged(database) == {(1, 2): (False, True)}
    assert stored == [(1, 2)] * 4


def test_older_event_does_not_set_flags_again(database: Database) -> None:
    heard(database, 1, 2, False, False, 2)
    heard(database, 1, 2, True, True, 1)
    assert flagged(database) == {}


def test_pairs_with_deleted_records_are_not_stored(database: Database) -> None:
    heard(database, 1, GONE, True, False, 1)
    heard(database, GONE, 1, True, False, 1)
    assert flagged(database) == {} and stored == []


def test_invalid_data_is_refused(database: Database) -> None:
    with pytest.raises(ValidationError):
        database.write(PROJECTION.store, {"thing_id": ids.encode(1), "red": True, "version": 1})


def test_purge_removes_pairs_in_both_directions(database: Database) -> None:
    for one, other in ((1, 2), (1, 3), (2, 1), (3, 1), (2, 3)):
        heard(database, one, other, True, False, 1)
    target = purge_target(LINKS)
    while database.write(target.remove, 1, 1):
        pass
    assert flagged(database) == {(2, 3): (True, False)}


def test_condition_looks_in_both_directions(database: Database) -> None:
    heard(database, 1, 2, True, False, 1)
    heard(database, 3, 1, True, False, 1)
    heard(database, 1, 4, False, True, 1)

    def apart(connection: Connection, one: int, other: int) -> bool:
        return bool(connection.execute(select(in_neither_direction(LINKS, "red", one, other))).scalar_one())

    pairs = [(1, 2), (2, 1), (1, 3), (3, 1), (1, 4), (4, 1), (2, 3)]
    assert [database.read(apart, *pair) for pair in pairs] == [False] * 4 + [True] * 3


@pytest.mark.parametrize("page_size", [1, 2, 3, 100])
@pytest.mark.parametrize("seed", range(3))
def test_reconciliation_makes_any_copies_equal_to_the_list(database: Database, seed: int, page_size: int) -> None:
    chance = Random(seed)

    def some_links() -> State:
        keys = [(chance.randint(1, 6), chance.randint(1, 6)) for _ in range(chance.randint(0, 12))]
        return {key: chance.choice([(True, False), (False, True), (True, True)]) for key in keys}

    for round_ in range(4):
        owner = Owner(some_links())
        owner.version = round_ + 2
        for key, flags in some_links().items():
            heard(database, *key, *flags, round_ + 1)
        reconcile(database, owner, page_size)
        assert flagged(database) == owner.links
        before = len(stored)
        reconcile(database, owner, page_size)
        assert len(stored) == before, "nothing differs any more"


def test_event_that_is_newer_than_the_list_stays(database: Database) -> None:
    owner = Owner({(1, 2): (True, False)})
    heard(database, 1, 2, False, False, 2)
    heard(database, 1, 3, False, True, 2)
    reconcile(database, owner, 10)
    assert flagged(database) == {(1, 3): (False, True)}


def test_owner_without_the_list_changes_nothing(database: Database) -> None:
    owner = Owner({})
    owner.has_list = False
    heard(database, 1, 2, True, False, 1)
    reconcile(database, owner, 10)
    assert flagged(database) == {(1, 2): (True, False)} and owner.requests == ["/internal/links"]


def test_no_statement_scans_or_sorts(database: Database) -> None:
    heard(database, 1, 2, True, False, 1)
    with captured_statements(database) as asked:
        listed = [message(1, 3, True, False, 1)]
        for is_last in (True, False):
            database.read(PROJECTION.differing, listed, (1, 1), is_last, 10)
        heard(database, 1, 4, True, False, 1)
        database.write(purge_target(LINKS).remove, 1, 10)
        database.read(lambda connection: connection.execute(select(in_neither_direction(LINKS, "red", 1, 2))).all())
    statements = [each for each in asked if each[0].startswith(("SELECT", "DELETE"))]
    assert len(statements) >= 6
    for each in statements:
        assert slow_steps(database, each) == set(), each
    assert slow_steps(database, (str(text("SELECT * FROM links ORDER BY version")), ())) == {"all of links", "sort"}
