"""Carrying out withdrawals: nameless at once; then what nobody else was given goes; then auth is told.

Rooms, messages and the photos in them stay as they are: they are the other one's as well.
"""

from functools import partial

from sqlalchemy import Connection, false

from shared import idempotency
from shared.replication import projections
from shared.replication.purge import PurgePlan, PurgeTarget

from .. import events, models
from . import photos

BLANK = {"nickname": None, "name": None, "avatar_url": None}


def _hide(tx: Connection, user_id: int) -> None:
    projections.tombstone(tx, models.people, user_id, BLANK)


WITHDRAWAL = PurgePlan(
    models.purges,
    hide=_hide,
    targets=[
        PurgeTarget([models.media.c.uploader_id], photos.remove_unsent_of, 1_000, models.media.c.sent == false()),
        PurgeTarget(
            [models.idempotency_keys.c.owner_id], partial(idempotency.forget_some_of, models.idempotency_keys), 1_000
        ),
    ],
    announce=events.user_purged,
)
"""What it means here that somebody withdraws."""
