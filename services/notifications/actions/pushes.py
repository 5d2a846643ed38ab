"""What has to be pushed: a row for each browser and notification, whose content is read when it is sent.

A notification is pushed when it becomes unread, so a popular post is one message until its author looks. A row is
deleted when the push service has accepted the message: it is sent at least once. A push service that is busy or away
gets nothing more for the same browser until the time that it asks for, or after growing pauses.
"""

import random
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, case, delete, select, update

from shared import clock
from shared.database.queues import WorkQueue, notify
from shared.database.statements import upsert

from .. import models, queries
from . import push_subscriptions

LIFETIME_MS = clock.DAY
"""How long a message is retried, and kept by its push service for a browser that is away."""
LEASE_MS = clock.MINUTE
"""How long a message belongs to the process that sends it: longer than sending may take."""
FIRST_RETRY_MS, MAX_RETRY_MS = 30 * clock.SECOND, clock.HOUR
MAX_FAILURES = 10
"""After so many lost messages in a row, a subscription is deleted."""
_pushes, _subscriptions = models.web_pushes.c, models.push_subscriptions.c
QUEUE = WorkQueue(models.web_pushes, since=_pushes.created_at, due=_pushes.due_at, order=[_pushes.due_at])


@dataclass(frozen=True, slots=True)
class Push:
    """A message that this process sends."""

    row: Row[Any]
    subscription: Row[Any] | None
    content: dict[str, Any] | None
    """None: it is of no use any more."""

    @property
    def has_expired(self) -> bool:
        return bool(self.row.created_at <= clock.now() - LIFETIME_MS)

    @property
    def ttl_seconds(self) -> int:
        """How long its push service may keep it."""
        return max(0, int(self.row.created_at + LIFETIME_MS - clock.now()) // clock.SECOND)


def enqueue(tx: Connection, person_id: int, kind: str, notification_id: int, position: int) -> None:
    """Push this notification to all browsers of the user, who is locked, if they want this kind."""
    mine = select(_subscriptions.id, _subscriptions.retry_at).where(_subscriptions.person_id == person_id)
    found = tx.execute(mine).all()
    if not found or not queries.is_pushed(tx, person_id, kind):
        return
    now = clock.now()
    for each in found:
        key = {"subscription_id": each.id, "notification_id": notification_id}
        row = {**key, "position": position, "created_at": now, "due_at": max(now, each.retry_at), "attempts": 0}
        # One that waits or is being sent stays where it is, and is sent again if it has changed meanwhile.
        upsert(tx, models.web_pushes, row, lambda new: {"position": new.position, "created_at": new.created_at})
    notify(tx, models.web_pushes)


def take(tx: Connection) -> Push | None:
    """The message that has waited longest, which no other process takes meanwhile."""
    now = clock.now()
    due = select(models.web_pushes).where(_pushes.due_at <= now).order_by(_pushes.due_at).limit(1)
    row = tx.execute(due.with_for_update(skip_locked=True)).one_or_none()
    if row is None:
        return None
    tx.execute(update(models.web_pushes).where(_this(row)).values(due_at=now + LEASE_MS, attempts=row.attempts + 1))
    to = select(models.push_subscriptions).where(_subscriptions.id == row.subscription_id)
    subscription = tx.execute(to).one_or_none()
    content = None
    if subscription is not None:
        content = queries.push_content(tx, subscription.person_id, row.notification_id)
    return Push(row, subscription, content)


def accepted(tx: Connection, row: Row[Any]) -> None:
    """It is delivered. If the notification has changed since, it is sent again."""
    fresh = {"sent_at": clock.now(), "retry_at": 0, "failures": 0}
    tx.execute(update(models.push_subscriptions).where(_subscriptions.id == row.subscription_id).values(**fresh))
    done = delete(models.web_pushes).where(_this(row), _pushes.position == row.position)
    if not tx.execute(done).rowcount:
        tx.execute(update(models.web_pushes).where(_this(row)).values(due_at=clock.now(), attempts=0))
        notify(tx, models.web_pushes)


def deferred(tx: Connection, row: Row[Any], retry_after: int | None) -> None:
    """Send nothing to this browser for a while: a growing pause, and at least the seconds its push service asks for."""
    longest = min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** min(row.attempts, 10))
    pause = int(longest * random.uniform(0.8, 1))  # noqa: S311 - jitter, not a secret
    retry_at = clock.now() + max(pause, (retry_after or 0) * clock.SECOND)
    this = _subscriptions.id == row.subscription_id
    tx.execute(update(models.push_subscriptions).where(this).values(retry_at=retry_at))
    waiting = _pushes.subscription_id == row.subscription_id
    later = case((_pushes.due_at < retry_at, retry_at), else_=_pushes.due_at)
    tx.execute(update(models.web_pushes).where(waiting).values(due_at=later))
    tx.execute(update(models.web_pushes).where(_this(row)).values(due_at=retry_at))  # which had its lease


def lost(tx: Connection, row: Row[Any]) -> None:
    """It is refused or too old. After many of them in a row the subscription is of no use."""
    this = _subscriptions.id == row.subscription_id
    tx.execute(update(models.push_subscriptions).where(this).values(failures=_subscriptions.failures + 1))
    failures = tx.execute(select(_subscriptions.failures).where(this)).scalar_one_or_none() or 0
    if failures >= MAX_FAILURES:
        push_subscriptions.remove(tx, [row.subscription_id])
    dropped(tx, row)


def gone(tx: Connection, row: Row[Any]) -> None:
    """The subscription has ended."""
    push_subscriptions.remove(tx, [row.subscription_id])


def dropped(tx: Connection, row: Row[Any]) -> None:
    """It is of no use any more."""
    tx.execute(delete(models.web_pushes).where(_this(row)))


def _this(row: Row[Any]) -> ColumnElement[bool]:
    return and_(_pushes.subscription_id == row.subscription_id, _pushes.notification_id == row.notification_id)
