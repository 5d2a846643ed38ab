"""Publishing events on request of an operator: at once; and again, by time, by name, by id, and repeatedly."""

import asyncio
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, MetaData, Table, insert, select

from shared import clock, ids
from shared.database.engine import Database
from shared.events.outbox import outbox_table
from shared.events.replay import publish_outbox, republish
from shared.testing.backends import Backend
from shared.testing.containers import RabbitServer
from shared.testing.ports import closed_port
from shared.tests.event_buses import RabbitBuses

OLD, NEW = 1_000, 2_000


@pytest.fixture
def outbox() -> Table:
    return outbox_table(MetaData())


@pytest.fixture
def database(backend: Backend, outbox: Table) -> Iterator[Database]:
    """An outbox with three published events and a waiting one."""
    opened = Database(backend.empty(), pool_size=1)
    opened.write(outbox.create)
    facts = [("user.deleted", OLD, NEW), ("user.deleted", NEW, NEW), ("user.updated", NEW, NEW), ("other", NEW, None)]
    for type_, occurred_at, published_at in facts:
        row = {"id": ids.new(), "type": type_, "version": 1, "data": {}, "occurred_at": occurred_at}
        opened.write(Connection.execute, insert(outbox).values(**row, published_at=published_at))
    yield opened
    opened.close()


def waiting(database: Database, outbox: Table) -> int:
    statement = select(outbox.c.id).where(outbox.c.published_at.is_(None), outbox.c.not_before <= clock.now())
    return len(database.read(lambda connection: connection.execute(statement).all()))


@pytest.mark.parametrize(
    ("since", "name", "again"),
    [(NEW, None, 2), (None, "user.deleted.v1", 2), (NEW, "user.deleted.v1", 1), (None, "user.deleted.v2", 0)],
)
def test_matching_dead_letters_are_republished_and_others_stay(
    database: Database, outbox: Table, since: int | None, name: str | None, again: int
) -> None:
    assert database.write(republish, since=since, name=name, event_id=None) == again
    assert waiting(database, outbox) == again + 1
    assert database.write(republish, since=since, name=name, event_id=None) == 0, "asking twice is asking once"
    assert waiting(database, outbox) == again + 1


def test_one_event_is_republished_by_its_id(database: Database, outbox: Table) -> None:
    published = select(outbox.c.id).where(outbox.c.published_at.is_not(None)).order_by(outbox.c.id)
    one, *_ = database.read(lambda connection: connection.execute(published).scalars().all())
    assert database.write(republish, since=None, name=None, event_id=one) == 1
    assert waiting(database, outbox) == 2


@pytest.mark.containers
def test_what_waits_is_published_at_once(database: Database, outbox: Table, rabbitmq: RabbitServer) -> None:
    buses = RabbitBuses(rabbitmq)
    buses.declare({"ear": {"other.v1"}})
    for _ in range(2):  # the second time there is nothing left
        assert asyncio.run(publish_outbox(database, buses.url))
        assert asyncio.run(buses.waiting_in("ear")) == 1
        assert waiting(database, outbox) == 0
    buses.remove()


def test_what_waits_stays_while_the_broker_is_away(database: Database, outbox: Table) -> None:
    with closed_port() as port:
        assert not asyncio.run(publish_outbox(database, f"amqp://127.0.0.1:{port}/"))
    assert waiting(database, outbox) == 1
