"""The home feed: posts of those one follows, and one's own.

Which posts a page has is decided by `_newest`, their ids alone; everything else is as for any list of posts.
"""

from typing import Any

from sqlalchemy import Connection, Select, Subquery, select, union

from shared.pages import Page, Slice

from .. import models
from . import posts


def feed(connection: Connection, reader_id: int, page: Page) -> Slice:
    """One's own posts and those of whom one follows, newest first."""
    newest = _newest(reader_id, page)
    question = posts.with_authors().join(newest, newest.c.id == models.posts.c.id)
    return posts.listed(connection, question, reader_id, page)


def _newest(reader_id: int, page: Page) -> Subquery:
    """The ids of a page and one more of either kind, read from the index by author: no post itself is looked at."""
    own = select(models.posts.c.id).where(models.posts.c.author_id == reader_id)
    kinds = [_first(own, page).subquery("own"), _first(_of_followed(reader_id), page).subquery("followed")]
    return union(*(select(kind.c.id) for kind in kinds)).subquery("newest")


def _of_followed(reader_id: int) -> Select[tuple[int]]:
    follows, persons, table = models.follows.c, models.people.c, models.posts.c
    return (
        select(table.id)
        .select_from(models.follows)
        .join(models.people, persons.id == follows.followee_id)
        .join(models.posts, table.author_id == follows.followee_id)
        .where(follows.follower_id == reader_id, follows.following.is_(True), persons.deleted.is_(False))
    )


def _first(question: Select[Any], page: Page) -> Select[Any]:
    if page.after is not None:
        question = question.where(models.posts.c.id < page.after[0])
    return question.order_by(models.posts.c.id.desc()).limit(page.limit + 1)
