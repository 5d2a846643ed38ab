"""Cuts long timelines down to their newest posts, in rounds over all of them."""

from sqlalchemy import Connection, func, select

from shared.database.engine import Database

from ... import models
from . import timelines

# A timeline may grow to this multiple of its length, so that it is cut rarely, and by many rows at once.
SLACK = 1.25
CHUNK_ROWS = 100
_feeds, _timeline = models.feeds.c, models.timeline.c


class Trimming:
    """Runs one round after another. A restart begins a new round, which sees all timelines."""

    def __init__(self, database: Database, kept: int) -> None:
        self._database = database
        self._kept = kept
        self._after = 0

    def step(self) -> bool:
        """Look at the next timelines. Returns whether there are more in this round."""
        owners = self._database.read(_next_owners, self._after)
        for owner_id in self._database.read(_longer_than, owners, int(self._kept * SLACK)):
            self._database.write(timelines.trim, owner_id, self._kept)
        self._after = owners[-1] if len(owners) == CHUNK_ROWS else 0
        return self._after > 0


def _next_owners(connection: Connection, after: int) -> list[int]:
    owners = select(_feeds.owner_id).where(_feeds.owner_id > after).order_by(_feeds.owner_id).limit(CHUNK_ROWS)
    return list(connection.execute(owners).scalars())


def _longer_than(connection: Connection, owner_ids: list[int], number: int) -> list[int]:
    theirs = select(_timeline.owner_id).where(_timeline.owner_id.in_(owner_ids)).group_by(_timeline.owner_id)
    return list(connection.execute(theirs.having(func.count() > number)).scalars())
