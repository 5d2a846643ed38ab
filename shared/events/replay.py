"""Commands for operators: publish events, also again, and requeue dead letters. All can be repeated safely."""

from collections.abc import Sequence
from typing import cast

import aio_pika
from aiormq import Channel
from sqlalchemy import Connection, MetaData, update

from shared import clock, ids
from shared.database.engine import Database
from shared.events import topology
from shared.events.envelope import DecodeError, Event
from shared.events.outbox import Relay, outbox_table
from shared.events.rabbitmq import CONNECT_SECONDS, PUBLISH_SECONDS, TRANSIENT_ERRORS, open_connection, publish_all

_outbox = outbox_table(MetaData())


def republish(tx: Connection, *, since: int | None, name: str | None, event_id: int | None) -> int:
    """Mark events as unpublished: since a time (ms), of a name, or one by its id. Returns how many."""
    again = update(_outbox).where(_outbox.c.published_at.is_not(None)).values(published_at=None, not_before=0)
    if since is not None:
        again = again.where(_outbox.c.occurred_at >= since)
    if name is not None:
        type_, _, version = name.rpartition(".v")
        again = again.where(_outbox.c.type == type_, _outbox.c.version == int(version))
    if event_id is not None:
        again = again.where(_outbox.c.id == event_id)
    return tx.execute(again).rowcount


async def publish_outbox(database: Database, url: str) -> bool:
    """Publish what waits in the outbox. Returns whether the broker was reached.

    For commands that add events: their commits wake no worker of the processes that serve, which look once a minute.
    With the in-memory bus there is nobody to publish to: there the one process that serves notices the commit
    (shared.database.commit_watch).
    """
    if url.startswith("memory:"):
        return True
    try:
        async with await open_connection(url) as connection:
            channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
            relay = Relay(database, _outbox, _Publisher(cast("Channel", await channel.get_underlay_channel())))
            while await relay.step():
                pass
    except TRANSIENT_ERRORS:
        return False
    return True


class _Publisher:
    """Publishes to an open channel."""

    connected = True

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    async def publish(self, events: Sequence[Event]) -> list[bool]:
        return await publish_all(self._channel, events)


async def dead_letters(url: str, service: str, limit: int) -> list[dict[str, str | None]]:
    """The oldest dead letters of this service, without their data, which may be personal. They stay where they are."""
    async with await open_connection(url) as connection:
        channel = await connection.channel()
        dead = await channel.get_queue(topology.dead_queue(service), ensure=False)
        found: list[dict[str, str | None]] = []
        while len(found) < limit and (message := await dead.get(fail=False, timeout=CONNECT_SECONDS)) is not None:
            found.append(_described(message.body))
        return found  # without an acknowledgement: the broker requeues them when the connection closes


def _described(body: bytes) -> dict[str, str | None]:
    try:
        event = Event.from_json(body)
    except DecodeError:
        return {"event": "not decodable", "id": None, "occurred_at": None, "request_id": None}
    return {
        "event": event.name,
        "id": ids.encode(event.id),
        "occurred_at": clock.format_rfc3339(event.occurred_at),
        "request_id": event.request_id,
    }


async def requeue_dead_letters(url: str, service: str) -> int:
    """Move every dead letter of this service to the shortest retry queue. Returns how many.

    A letter is removed only after the broker has confirmed its copy: a kill may duplicate one, but loses none.
    """
    async with await open_connection(url) as connection:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        dead = await channel.get_queue(topology.dead_queue(service), ensure=False)
        retries = await channel.get_exchange(topology.retries_of(service), ensure=False)
        moved = 0
        while (message := await dead.get(fail=False, timeout=CONNECT_SECONDS)) is not None:
            again = aio_pika.Message(
                message.body, content_type=message.content_type, delivery_mode=aio_pika.DeliveryMode.PERSISTENT
            )
            await retries.publish(again, routing_key=str(topology.RETRY_SECONDS[0]), timeout=PUBLISH_SECONDS)
            await message.ack()
            moved += 1
        return moved
