"""Events: each was published, each was handled by every consumer, and no queue has messages left."""

import importlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import func, select

from chaos.checks.context import DOUBLED, LOST, UNFINISHED, CheckContext, Difference, each, repeated
from chaos.containers import SERVICES
from deploy.broker import MEMBERS
from shared.service_list import NAMES

MODELS: dict[str, Any] = {name: importlib.import_module(f"services.{name}.models") for name in NAMES}


def unpublished(context: CheckContext) -> int:
    """The number of events that wait in outboxes."""
    waiting = 0
    for service, models in MODELS.items():
        statement = select(func.count()).where(models.outbox.c.published_at.is_(None))
        waiting += context.rows(service, statement)[0][0]
    return waiting


def published(context: CheckContext) -> Iterator[Difference]:
    """No outbox has unpublished events."""
    for service, models in MODELS.items():
        table = models.outbox.c
        waiting = context.rows(service, select(table.id, table.type, table.tries).where(table.published_at.is_(None)))
        yield from each(UNFINISHED, f"{service} has not published", waiting)


def taken_in(context: CheckContext) -> Iterator[Difference]:
    """Every published event is in the inbox of each of its consumers."""
    inboxes = {
        service: {row.event_id for row in context.rows(service, select(models.inbox.c.event_id))}
        for service, models in MODELS.items()
    }
    for service, models in MODELS.items():
        table = models.outbox.c
        done = table.published_at.is_not(None)
        for row in context.rows(service, select(table.id, table.type, table.version).where(done)):
            name = f"{row.type}.v{row.version}"
            for hearer in SERVICES:
                if name in MEMBERS[hearer].consumes and row.id not in inboxes[hearer]:
                    yield Difference(LOST, f"{name} {row.id} of {service} never reached {hearer}")


def drained(context: CheckContext) -> Iterator[Difference]:
    """No queue of the broker has messages, in particular no dead-letter queue."""
    yield from each(UNFINISHED, "messages at the broker", context.system.waiting_messages().items())


def announced_once(context: CheckContext) -> Iterator[Difference]:
    """One event for each sign-up and each follow: a retried action left none behind."""
    table = MODELS["social"].outbox.c
    rows = context.rows("social", select(table.type, table.data).where(table.type.like("user.%followed")))
    versions = [(row.data["follower_id"], row.data["version"]) for row in rows]
    yield from each(DOUBLED, "version of a follow", repeated(versions))
