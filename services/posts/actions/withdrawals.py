"""Carrying out withdrawals: hidden at once, then everything is removed little by little, then auth is told."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from shared import clock, replicas
from shared.database import insert_new, upsert

from .. import events, models
from ..models import DONE, PURGED, PURGING
from ..queries.withdrawals import ONLY_ROW
from . import comments, follows, likes, photos, posts, removals

BLANK = {"nickname": None, "name": None, "avatar_url": None}
LOOK_AGAIN_AFTER = clock.SECOND

Remove = Callable[[Connection, int, int], bool]
"""Removes at most so many things of a person; whether there were any."""
Chunks = Sequence[tuple[Remove, int]]


def _remove_some_answers(tx: Connection, user_id: int, chunk: int) -> bool:
    """Answers that are kept for repeated requests hold what the person wrote."""
    kept = models.idempotency_keys.c
    some = select(kept.key_hash).where(kept.owner_id == user_id).limit(chunk)
    keys = list(tx.execute(some).scalars())
    tx.execute(delete(models.idempotency_keys).where(kept.owner_id == user_id, kept.key_hash.in_(keys)))
    return bool(keys)


EVERYTHING: Chunks = (
    (posts.remove_some_by, 50),  # each with up to ten photos
    (photos.remove_some_by, 500),
    (likes.remove_some_by, 1_000),
    (comments.remove_some_by, 100),  # each a few statements
    (follows.remove_some_by, 1_000),
    (follows.remove_some_to, 1_000),
    (_remove_some_answers, 1_000),
)
"""What a person may have left here, and how many of it go in one transaction."""


def bury(tx: Connection, user_id: int) -> bool:
    """From now on this person is hidden and can change nothing; whether that is news.

    The purge's row comes before the person's, here as in `purge_some`, so that the two cannot deadlock.
    """
    now = clock.now()
    purge = {"user_id": user_id, "requested_at": now, "sweep_at": now, "state": PURGING}
    if not insert_new(tx, models.purges, purge):
        return False
    replicas.bury(tx, models.people, user_id, BLANK)
    return True


def report_again(tx: Connection, user_id: int) -> None:
    """Auth has not heard that nothing is left: say so once more, if it is so."""
    purges = models.purges.c
    question = select(purges.state).where(purges.user_id == user_id).with_for_update()
    if tx.execute(question).scalar_one() != PURGING:
        events.user_purged(tx, user_id)


def purge_some(tx: Connection, last_sweep_after: int, everything: Chunks = EVERYTHING) -> bool:
    """Take one step of one purge that is due: remove some things, or note that none are left.

    It looks for what is still there, so it goes on after any interruption. Whether there may be more to do.
    """
    purges = models.purges.c
    question = (
        select(models.purges)
        .where(purges.state.in_((PURGING, PURGED)), purges.sweep_at <= clock.now())
        .order_by(purges.state, purges.sweep_at)  # as the index has them
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    purge = tx.execute(question).one_or_none()
    if purge is None:
        return False
    # Some of each kind in one transaction: most people have little of everything, and few steps end their purge.
    removed = [remove(tx, purge.user_id, chunk) for remove, chunk in everything]
    if not any(removed):
        _note_nothing_left(tx, purge, last_sweep_after)
    return True


def catch_up(tx: Connection, user_ids: Sequence[int], place: int) -> int:
    """Bury whoever of these is not yet, exactly as their event would; how many those were."""
    missed = sum(bury(tx, each) for each in user_ids)
    table = models.reconciliation
    upsert(tx, table, {"id": ONLY_ROW, "place": place}, lambda new: {"place": new.place})
    return missed


def _note_nothing_left(tx: Connection, purge: Row[Any], last_sweep_after: int) -> None:
    """Tell auth, and look once more when every token of the person has expired; after that it is over."""
    table = models.purges
    if removals.are_left(tx, purge.user_id):
        changes: dict[str, Any] = {"sweep_at": clock.now() + LOOK_AGAIN_AFTER}
    elif purge.state == PURGED:
        changes = {"state": DONE}
    else:
        changes = {"state": PURGED, "sweep_at": purge.requested_at + last_sweep_after}
        events.user_purged(tx, purge.user_id)
    tx.execute(update(table).where(table.c.user_id == purge.user_id).values(**changes))
