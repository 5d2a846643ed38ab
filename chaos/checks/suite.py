"""All checks together, and the state in which they may be made: nothing is under way any more."""

from collections.abc import Callable, Iterable, Sequence

import httpx
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.exc import SQLAlchemyError

from chaos.checks import api, events, feeds, follows, people, posts, rooms, traces
from chaos.checks.context import WRONG, Difference, Ledger, each
from services.auth import models as auth
from services.posts import models as posts_tables
from shared.replication.purge import PURGING

Check = Callable[[Ledger], Iterable[Difference]]

OWN: Sequence[Check] = (
    people.accounts,
    people.burials,
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
"""What must hold even if no fact ever travels: services then learn of withdrawals from auth's list."""

TRAVELLED: Sequence[Check] = (
    people.withdrawals,
    people.names,
    follows.same_in_posts,
    feeds.pushed,
    events.published,
    events.taken_in,
    events.drained,
    events.announced_once,
    traces.in_schemas,
)
"""What holds when all facts have arrived."""


def verdict(ledger: Ledger, checks: Iterable[Check] = (*OWN, *TRAVELLED)) -> list[Difference]:
    """Every difference that is found."""
    found = [difference for check in checks for difference in check(ledger)]
    return [*found, *each(WRONG, "answer", ledger.history.surprises)]


def under_way(ledger: Ledger) -> list[str]:
    """What still goes on, in words; nothing when all is quiet."""
    if not ledger.system.is_ready():
        return ["not every process is ready"]
    try:
        waiting = {
            "facts in outboxes": events.unpublished(ledger),
            "purges": sum(_purging(ledger, service) for service in people.COPIES),
            "withdrawals not complete": _count(ledger, "auth", auth.withdrawals.c.complete.is_(False)),
            "posts being removed": ledger.rows("posts", select(func.count()).select_from(posts_tables.removals))[0][0],
            "posts being pushed": feeds.waiting(ledger),
            "messages at the broker": sum(ledger.system.waiting_messages().values()),
        }
    except (SQLAlchemyError, httpx.HTTPError) as problem:
        return [repr(problem)]
    left = [f"{number} {what}" for what, number in waiting.items() if number]
    return left or [f"{difference.what}" for difference in list(events.taken_in(ledger))[:3]]


def _purging(ledger: Ledger, service: str) -> int:
    table = people.COPIES[service].purges
    return int(ledger.rows(service, select(func.count()).where(table.c.state == PURGING))[0][0])


def _count(ledger: Ledger, service: str, which: ColumnElement[bool]) -> int:
    return int(ledger.rows(service, select(func.count()).where(which))[0][0])


def burials_left(ledger: Ledger) -> int:
    """Withdrawals that some service has not carried out, where no fact is needed to know."""
    unheard = sum(1 for _ in people.burials(ledger))
    return unheard + sum(_purging(ledger, service) for service in people.COPIES)
