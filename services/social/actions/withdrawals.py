"""Carrying out withdrawals: hidden at once, then every edge is removed little by little, then auth is told."""

from sqlalchemy import Connection

from shared.replication import projections
from shared.replication.purge import PurgePlan, PurgeTarget

from .. import events, models
from . import follows

BLANK = {"nickname": None, "name": None, "avatar_url": None, "version": 0}


def _hide(tx: Connection, user_id: int) -> None:
    projections.tombstone(tx, models.people, user_id, BLANK)


WITHDRAWAL = PurgePlan(
    models.purges,
    hide=_hide,
    targets=[PurgeTarget([models.follows.c.follower_id, models.follows.c.followee_id], follows.remove_some_of, 500)],
    announce=events.user_purged,
)
"""What it means here that somebody withdraws."""
