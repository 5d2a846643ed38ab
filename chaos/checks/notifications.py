"""Notifications: of every follow and like there is, and of no other, with counts that equal the causes."""

from collections import Counter
from collections.abc import Iterator

from sqlalchemy import select

from chaos.checks.context import COUNTERS, LOST, ORPHANED, CheckContext, Difference, each
from chaos.checks.follows import edges
from services.notifications import models
from services.posts import models as posts


def told(context: CheckContext) -> Iterator[Difference]:
    """Every follow and every like has its cause, and every cause its follow or like; none is of deleted users."""
    rows = context.rows("notifications", select(models.causes))
    authors = {row.id: row.author_id for row in context.rows("posts", select(posts.posts))}
    likes = {(row.person_id, row.post_id) for row in context.rows("posts", select(posts.likes))}
    wanted = {
        "follow": {(one, other) for one, other in edges(context)},
        "like": {(person, post) for person, post in likes if authors.get(post) != person},
    }
    there = {
        "follow": {(row.actor_id, row.recipient_id) for row in rows if row.kind == "follow" and row.active},
        "like": {(row.actor_id, row.subject_id) for row in rows if row.kind == "like" and row.active},
    }
    for kind, found in there.items():
        yield from each(LOST, f"cause of a {kind}", wanted[kind] - found)
        yield from each(LOST, f"end of a {kind} in notifications", found - wanted[kind])
    of_gone = [row.id for row in rows if {row.recipient_id, row.actor_id} & context.gone]
    yield from each(ORPHANED, "cause of a withdrawn", of_gone)
    browsers = context.rows("notifications", select(models.push_subscriptions))
    of_gone = [row.id for row in browsers if row.person_id in context.gone]
    yield from each(ORPHANED, "push subscription of a withdrawn", of_gone)


def counted(context: CheckContext) -> Iterator[Difference]:
    """The counts of all notifications equal the causes that are shown."""
    shown = Counter(
        (row.recipient_id, row.kind, row.subject_id)
        for row in context.rows("notifications", select(models.causes))
        if row.shown
    )
    stored = {
        (row.recipient_id, row.kind, row.subject_id): row.actor_count
        for row in context.rows("notifications", select(models.notifications))
    }
    yield from each(COUNTERS, "notification", set(stored.items()) ^ set(shown.items()))
