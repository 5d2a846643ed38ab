"""Checks of feeds: runs the workers until nothing is due, and compares timelines with their expected content."""

from services.posts import models
from services.posts.actions.feed import celebrities, fanout, rebuild
from services.posts.queries.feed import feed
from shared import ids
from shared.database.engine import Database
from shared.pagination import PageRequest

from .factories import rows_of
from .reference_model import Model

THRESHOLD = 2
KEPT = 6


def settle(database: Database, threshold: int = 100, kept: int = 1_000) -> None:
    """Run fan-out, backfill and rebuild until nothing is due, without waiting."""
    while (
        database.write(fanout.push_some, threshold, 2)
        | database.write(rebuild.rebuild_some, kept)
        | database.write(celebrities.backfill_some, 1, 0)
    ):
        pass


def paged(database: Database, reader: int, limit: int) -> list[int]:
    """The ids of a whole feed, read in pages of this size."""
    page, read = PageRequest(limit, None), list[int]()
    while True:
        found = database.read(feed, reader, page)
        assert len(found.items) == limit or found.next is None
        read += [ids.parse(each["id"]) for each in found.items]
        if found.next is None:
            return read
        page = PageRequest(limit, found.next)


def timelines(database: Database) -> dict[int, list[int]]:
    """The content of each timeline: rows above the watermark, newest first."""
    floors = {row.owner_id: row.floor for row in rows_of(database, models.feeds)}
    rows = sorted(rows_of(database, models.timeline), key=lambda row: -row.post_id)
    return {
        owner: [row.post_id for row in rows if row.owner_id == owner and row.post_id > floor]
        for owner, floor in floors.items()
    }


def assert_timelines_are_whole(database: Database, model: Model) -> None:
    """No post is missing, except those of popular authors, and no post is wrong."""
    floors = {row.owner_id: row.floor for row in rows_of(database, models.feeds)}
    popular = {row.author_id for row in rows_of(database, models.popular)}
    for owner, told in timelines(database).items():
        wanted = {each.id: each.author for each in model.posts_for(owner) if each.id > floors[owner]}
        assert set(told) <= set(wanted)
        assert {wanted[each] for each in set(wanted) - set(told)} <= popular - {owner}
