"""Commands for operators: publish events again, and requeue dead letters. Both can be repeated safely."""

import aio_pika
from sqlalchemy import Connection, MetaData, update

from shared.events import topology
from shared.events.outbox import outbox_table
from shared.events.rabbitmq import CONNECT_SECONDS, PUBLISH_SECONDS

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


async def requeue_dead_letters(url: str, service: str) -> int:
    """Move every dead letter of this service to the shortest retry queue. Returns how many.

    A letter is removed only after the broker has confirmed its copy: a kill may duplicate one, but loses none.
    """
    async with await aio_pika.connect(url, timeout=CONNECT_SECONDS) as connection:
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
