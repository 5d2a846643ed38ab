"""Carrying out withdrawals: nameless at once; then what nobody else was given goes; then auth is told.

Rooms, messages and the photos in them stay as they are: they are the other one's as well.
"""

from functools import partial

from sqlalchemy import Connection

from shared import idempotency, replicas
from shared.purging import Purge

from .. import events, models
from . import photos

BLANK = {"nickname": None, "name": None, "avatar_url": None}


def _hide(tx: Connection, user_id: int) -> None:
    replicas.bury(tx, models.people, user_id, BLANK)


WITHDRAWAL = Purge(
    models.purges,
    hide=_hide,
    remove=(
        (photos.remove_unsent_of, 1_000),
        (partial(idempotency.forget_some_of, models.idempotency_keys), 1_000),
    ),
    announce=events.user_purged,
)
"""What it means here that somebody withdraws."""
