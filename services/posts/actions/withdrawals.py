"""Carrying out withdrawals: hidden at once, then everything is removed little by little, then auth is told."""

from functools import partial

from sqlalchemy import Connection

from shared import idempotency, replicas
from shared.purging import Purge

from .. import events, models
from . import comments, follows, likes, photos, posts, removals

BLANK = {"nickname": None, "name": None, "avatar_url": None}


def _hide(tx: Connection, user_id: int) -> None:
    replicas.bury(tx, models.people, user_id, BLANK)


WITHDRAWAL = Purge(
    models.purges,
    hide=_hide,
    remove=(
        (posts.remove_some_by, 50),  # each with up to ten photos
        (photos.remove_some_by, 500),
        (likes.remove_some_by, 1_000),
        (comments.remove_some_by, 100),  # each a few statements
        (follows.remove_some_by, 1_000),
        (follows.remove_some_to, 1_000),
        (partial(idempotency.forget_some_of, models.idempotency_keys), 1_000),
    ),
    announce=events.user_purged,
    is_pending=removals.are_left,
)
"""What it means here that somebody withdraws."""
