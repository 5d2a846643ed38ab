"""The home feed: posts of the users that the reader follows, and the reader's own.

One range of the timeline is a page, however many the reader follows and however deep the page is, with two exceptions.
If the reader follows popular authors, their posts are merged in, because they are not copied. And a page that reaches
the feed's watermark is read on demand as a whole (`feed_fanin.py`): the timeline holds nothing below the watermark.

The watermark, the rows and whether a popular author is followed come from one statement, so that no trimming can
happen between them.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Connection, Select, and_, bindparam, exists, select, true

from shared.database.statements import PreparedSelect
from shared.pagination import Page, PageRequest
from shared.replication.projections import is_shown

from .. import models
from . import feed_fanin, posts

_posts, _feeds, _timeline = models.posts.c, models.feeds.c, models.timeline.c
_follows, _popular, _people = models.follows.c, models.popular.c, models.people.c


_READER: BindParameter[int] = bindparam("viewer")


def _meets_popular() -> ColumnElement[bool]:
    edge = and_(_follows.follower_id == _READER, _follows.followee_id == _popular.author_id)
    met = select(_popular.author_id).join(models.follows, edge).where(_follows.following == true())
    return exists(met.correlate(None)).label("meets_popular")


_SHOWN = posts.select_shown(_feeds.floor, _meets_popular())


def _pushed() -> Select[Any]:
    """The page and one row more, of the timeline above its watermark."""
    mine = and_(_timeline.owner_id == _READER, _timeline.post_id > _feeds.floor)
    return (
        select(*_SHOWN.columns)
        .prefix_with("STRAIGHT_JOIN", dialect="mysql")  # starts with the timeline, whose order is that of the result
        .select_from(models.feeds)
        .join(models.timeline, mine)
        .join(models.posts, _posts.id == _timeline.post_id)
        .join(models.people, _people.id == _posts.author_id)
        .where(_feeds.owner_id == _READER, is_shown(models.people), _timeline.post_id < bindparam("before"))
        .order_by(_timeline.post_id.desc())
        .limit(bindparam("most"))
    )


_PUSHED = PreparedSelect(_pushed())


def feed(connection: Connection, reader_id: int, page: PageRequest) -> Page:
    """The page, newest first."""
    rows = _SHOWN.rows(_PUSHED.execute(connection, posts.page_params(page, reader_id)))
    is_full = len(rows) > page.limit
    if not is_full and (not rows or rows[0].floor > 0):
        return _with_missing(connection, [], feed_fanin.everything(connection, reader_id, page), reader_id, page)
    if not rows[0].meets_popular:
        return posts.page_of(connection, rows, reader_id, page)
    merged = feed_fanin.by_popular(connection, reader_id, page, newer_than=rows[-1].id if is_full else 0)
    post_ids = sorted({*merged, *(row.id for row in rows)}, reverse=True)[: page.limit + 1]
    return _with_missing(connection, rows, post_ids, reader_id, page)


def _with_missing(
    connection: Connection, rows: Sequence[Any], post_ids: list[int], reader_id: int, page: PageRequest
) -> Page:
    """These posts, a page and one more, of which some rows are already read.

    A post that has been deleted since it was found is left out: the page ends where it did.
    """
    known = {row.id: row for row in rows}
    missing = [each for each in post_ids[: page.limit] if each not in known]
    if missing:
        known |= {row.id: row for row in posts.by_ids(connection, missing, reader_id)}
    mentions = posts.mentions_in(connection, known.values(), reader_id)
    items = [posts.post_json(known[each], mentions) for each in post_ids[: page.limit] if each in known]
    return Page(items, (post_ids[page.limit - 1],) if len(post_ids) > page.limit else None)
