"""All checks, and whether the system is idle, which they require."""

from collections.abc import Callable, Iterable, Sequence

import httpx
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.exc import SQLAlchemyError

from chaos.checks import api, events, feeds, follows, notifications, people, posts, rooms, traces
from chaos.checks.context import WRONG, CheckContext, Difference, each
from services.auth import models as auth
from services.notifications import models as notification_tables
from services.posts import models as posts_tables
from shared.replication.purge import PURGING

Check = Callable[[CheckContext], Iterable[Difference]]

# These hold even if no event is ever delivered: services then read withdrawals from auth's list.
WITHOUT_EVENTS: Sequence[Check] = (
    people.accounts,
    people.credentials,
    people.exported,
    people.tombstones,
    follows.as_acknowledged,
    follows.counts,
    posts.published,
    posts.liked,
    posts.commented,
    posts.counted,
    posts.finished,
    rooms.said,
    rooms.shown,
    rooms.one_room_for_two,
    rooms.counted,
    rooms.finished,
    traces.in_files,
    traces.in_logs,
    traces.stored,
    api.seen,
)

# These hold when all events have been delivered.
WITH_EVENTS: Sequence[Check] = (
    people.withdrawals,
    people.names,
    follows.same_in_posts,
    feeds.pushed,
    notifications.told,
    notifications.counted,
    events.published,
    events.taken_in,
    events.drained,
    events.announced_once,
    traces.in_schemas,
)


def run_checks(context: CheckContext, checks: Iterable[Check] = (*WITHOUT_EVENTS, *WITH_EVENTS)) -> list[Difference]:
    found = [difference for check in checks for difference in check(context)]
    return [*found, *each(WRONG, "answer", context.history.surprises)]


def under_way(context: CheckContext) -> list[str]:
    """Descriptions of the work that is left; empty when the system is idle."""
    if not context.system.is_ready():
        return ["not every process is ready"]
    try:
        waiting = {
            "events in outboxes": events.unpublished(context),
            "causes being removed": _removing(context),
            "purges": sum(_purging(context, service) for service in people.COPIES),
            "withdrawals not complete": _count(context, "auth", auth.withdrawals.c.complete.is_(False)),
            "exports being collected": _count(context, "auth", auth.exports.c.due_at.is_not(None)),
            "posts being removed": context.rows("posts", select(func.count()).select_from(posts_tables.removals))[0][0],
            "posts being pushed": feeds.waiting(context),
            "messages at the broker": sum(context.system.waiting_messages().values()),
        }
    except (SQLAlchemyError, httpx.HTTPError) as problem:
        return [repr(problem)]
    left = [f"{number} {what}" for what, number in waiting.items() if number]
    return left or [f"{difference.what}" for difference in list(events.taken_in(context))[:3]]


def _purging(context: CheckContext, service: str) -> int:
    table = people.COPIES[service].purges
    return int(context.rows(service, select(func.count()).where(table.c.state == PURGING))[0][0])


def _removing(context: CheckContext) -> int:
    table = notification_tables.removals
    return int(context.rows("notifications", select(func.count()).where(table.c.state == PURGING))[0][0])


def _count(context: CheckContext, service: str, which: ColumnElement[bool]) -> int:
    return int(context.rows(service, select(func.count()).where(which))[0][0])


def missing_tombstones(context: CheckContext) -> int:
    """Withdrawals that some service has not completed, counted without events."""
    missing = sum(1 for _ in people.tombstones(context))
    return missing + sum(_purging(context, service) for service in people.COPIES)
