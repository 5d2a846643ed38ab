"""Deleted posts and comments: nothing about them is stored any more, and a worker removes what there is. Only that a
moderator removed them stays.
"""

from sqlalchemy import Connection, select

from shared import clock
from shared.replication.purge import PurgePlan, PurgeTarget

from .. import models
from . import causes

LAST_SWEEP_MS = clock.MINUTE
"""A transaction that has not seen the deletion ends before that."""
_causes = models.causes.c
_GOES = _causes.kind != causes.MODERATION


def _remove_some(tx: Connection, subject_id: int, chunk: int) -> bool:
    more = False
    for subject in (_causes.subject_id, _causes.post_id):
        about = select(models.causes).where(subject == subject_id, _GOES)
        found = tx.execute(about.limit(chunk)).all()
        causes.remove(tx, found)
        more = more or len(found) == chunk
    return more


def _nobody_waits(_tx: Connection, _subject_id: int) -> None:
    """Nothing is hidden before the worker has removed it, and nobody is told that it is done."""


REMOVAL = PurgePlan(
    models.removals,
    hide=_nobody_waits,
    targets=[PurgeTarget([_causes.subject_id, _causes.post_id], _remove_some, 200, _GOES)],
    announce=_nobody_waits,
)
