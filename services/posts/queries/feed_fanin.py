"""Fan-in on read: the newest posts of many authors, selected when they are needed.

Only the authors who posted most recently can have the newest posts. So the first statement reads one index entry per
author, and the second at most a page of posts of each of the first authors, at most as many as the page has posts.
"""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, select, true, union_all

from shared.pagination import PageRequest
from shared.replication.projections import is_shown

from .. import models

_posts, _follows, _people, _popular = models.posts.c, models.follows.c, models.people.c, models.popular.c
# Authors that one statement reads.
AT_ONCE = 50

# Authors, each with their newest post, the newest first.
Last = list[tuple[int, int]]


def everything(connection: Connection, reader_id: int, page: PageRequest) -> list[int]:
    """The page, and one post more, of the reader and the users they follow."""
    last = _last(connection, _followed(reader_id), page)
    return _newest(connection, [reader_id, *(author_id for author_id, _ in last)], page, newer_than=0)


def by_popular(connection: Connection, reader_id: int, page: PageRequest, newer_than: int) -> list[int]:
    """The same for popular authors only, for posts newer than `newer_than`."""
    last = [each for each in _last(connection, _popular_followed(reader_id), page) if each[1] > newer_than]
    return _newest(connection, [author_id for author_id, _ in last], page, newer_than) if last else []


def newest_ids(connection: Connection, reader_id: int, number: int) -> list[int]:
    """The newest posts of the reader and the users they follow, newest first; in statements of bounded size.

    For a timeline, so those of suspended accounts are included: they are shown again when the account is reinstated.
    """
    page = PageRequest(number - 1, None)
    last = _last(connection, _followed(reader_id), page, _people.deleted.is_(False))
    found = _newest(connection, [reader_id], page, newer_than=0)
    for start in range(0, len(last), AT_ONCE):
        oldest = found[-1] if len(found) == number else 0
        authors = [author_id for author_id, newest in last[start : start + AT_ONCE] if newest > oldest]
        if not authors:
            break
        found = sorted([*found, *_newest(connection, authors, page, oldest)], reverse=True)[:number]
    return found


def _followed(reader_id: int) -> Select[Any]:
    return select(_follows.followee_id).where(_follows.follower_id == reader_id, _follows.following == true())


def _popular_followed(reader_id: int) -> Select[Any]:
    return _followed(reader_id).join(models.popular, _popular.author_id == _follows.followee_id)


def _last(
    connection: Connection,
    authors: Select[Any],
    page: PageRequest,
    which: ColumnElement[bool] = is_shown(models.people),  # noqa: B008 - immutable
) -> Last:
    """The authors among these who posted most recently, as many as the page has posts and one more."""
    theirs = _before(select(_posts.id).where(_posts.author_id == _follows.followee_id), page)
    # Ordered by all columns of the index: for `id` alone MySQL may scan everyone's posts instead.
    newest = theirs.order_by(_posts.author_id.desc(), _posts.id.desc()).limit(1)
    last = newest.correlate(models.follows).scalar_subquery().label("last")
    statement = (
        authors.add_columns(last)
        .join(models.people, _people.id == _follows.followee_id)
        .where(which)
        .order_by(last.desc())
        .limit(page.limit + 1)
    )
    return [(row.followee_id, row.last) for row in connection.execute(statement) if row.last is not None]


def _newest(connection: Connection, author_ids: list[int], page: PageRequest, newer_than: int) -> list[int]:
    """The ids of a page and one more of what these authors posted after `newer_than`."""
    each_ones = [select(_theirs(author_id, page, newer_than).subquery().c.id) for author_id in author_ids]
    newest = union_all(*each_ones).subquery("newest")
    statement = select(newest.c.id).order_by(newest.c.id.desc()).limit(page.limit + 1)
    return list(connection.execute(statement).scalars())


def _theirs(author_id: int, page: PageRequest, newer_than: int) -> Select[Any]:
    theirs = _before(select(_posts.id).where(_posts.author_id == author_id, _posts.id > newer_than), page)
    return theirs.order_by(_posts.author_id.desc(), _posts.id.desc()).limit(page.limit + 1)


def _before(statement: Select[Any], page: PageRequest) -> Select[Any]:
    return statement if page.after is None else statement.where(_posts.id < page.after[0])
