"""Every statement uses an index, and what a like costs does not depend on how many there are."""

from sqlalchemy import Connection, insert, update

from services.notifications import models, queries
from services.notifications.actions import causes, push_subscriptions, pushes, retention
from services.notifications.actions.people import lock
from services.notifications.actions.reading import mark_read
from services.notifications.actions.withdrawals import WITHDRAWAL
from shared import ids
from shared.database.engine import Database
from shared.database.queues import earliest
from shared.pagination import PageRequest
from shared.testing.query_plans import SORT, captured_statements, slow_steps

from .factories import (
    FIRST,
    LAST_SWEEP_AFTER,
    comment_liked,
    handle,
    liked,
    listed,
    post_deleted,
    restricted,
    rows_of,
    some_people,
    subscribed,
    suspended,
    unread,
)

HARMLESS = {"all of reviews", "all of recounts"}
"""By an index, and only the first."""
FEW_ROWS = ("AS former", "FROM (SELECT")
"""The pages of a list that has changed: the notifications that have changed since."""


def test_no_statement_scans_a_table(database: Database) -> None:
    me, *fans = some_people(database, 5)
    with captured_statements(database) as statements:
        subscribed(database, me, "/a")
        for fan in fans:
            handle(database, liked(fan, 1, me), liked(fan, 2, me), comment_liked(fan, 3, 2, me))
        first = database.read(queries.listed, me, PageRequest(1, None))
        handle(database, liked(fans[0], 4, me), liked(fans[0], 1, me, 2, liked=False))
        database.read(queries.listed, me, PageRequest(1, first.next))
        database.read(queries.own, me, FIRST)
        push = database.write(pushes.take)
        assert push is not None and push.content is not None
        database.write(mark_read, me, ids.parse(listed(database, me)[0]["id"]))
        unread(database, me)
        restricted(database, me, fans[1], 1, muting=True)
        suspended(database, fans[2], 2)
        handle(database, post_deleted(2, me))
        database.write(retention.delete_expired)
        for settle in (pushes.accepted, pushes.lost, pushes.dropped, pushes.gone):
            database.write(settle, push.row)
        database.write(pushes.deferred, push.row, None)
        database.read(earliest, models.web_pushes.c.due_at)
        database.read(pushes.QUEUE.measure)
        database.write(push_subscriptions.unsubscribe, me, subscribed(database, me, "/a"))
        database.write(push_subscriptions.end_session, 1)
        database.write(push_subscriptions.delete_expired)
        database.read(queries.own_push_subscriptions, me, FIRST)
        database.write(WITHDRAWAL.request, fans[3])
        database.write(WITHDRAWAL.step, LAST_SWEEP_AFTER)
        database.write(causes.remove_some_of, me, 2)
    asked = {each[0]: each for each in statements if each[0].startswith(("SELECT", "UPDATE", "DELETE"))}
    assert len(asked) > 25
    for statement in asked.values():
        steps = slow_steps(database, statement) - HARMLESS
        if any(words in statement[0] for words in FEW_ROWS):
            steps -= {SORT}
        assert steps == set(), statement


def test_a_like_costs_the_same_with_many_likes(database: Database) -> None:
    me, *fans = some_people(database, 4)
    handle(database, liked(fans[0], 1, me))
    with captured_statements(database) as few:
        handle(database, liked(fans[1], 1, me))
    database.write(_many_likes, me, 2_000)
    with captured_statements(database) as many:
        handle(database, liked(fans[2], 1, me))
    # Beyond LIVE_ACTORS nothing is published, so there is one statement less.
    assert len(many) <= len(few)
    (row,) = rows_of(database, models.notifications)
    assert row.actor_count == 2_003 and row.actors == [ids.encode(each) for each in (fans[2], fans[1], 1)]


def _many_likes(tx: Connection, me: int, number: int) -> None:
    """As if so many others had liked the post."""
    first = lock(tx, [me])[me].last_id
    row = {"recipient_id": me, "kind": "like", "subject_id": 1, "version": 1, "active": True, "shown": True}
    tx.execute(insert(models.causes), [{**row, "actor_id": each, "id": first - each} for each in range(1, number + 1)])
    this = update(models.notifications).where(models.notifications.c.recipient_id == me)
    tx.execute(this.values(actor_count=models.notifications.c.actor_count + number))
