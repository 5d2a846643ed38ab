"""The home feed: posts of those one follows, and one's own.

Which posts a page has is decided by their ids alone, in two questions to the index by author; everything else is
as for any list of posts. The newest posts can only be by those who posted last. So the first question looks at one
entry for each whom one follows, and the second only at entries of a page's number of authors; where there are more
of them, at none that is older than the newest of the last of them.
"""

from typing import Any

from sqlalchemy import Connection, Select, Subquery, select

from shared.pages import Page, Slice

from .. import models
from . import posts

_posts, _follows, _people = models.posts.c, models.follows.c, models.people.c


def feed(connection: Connection, reader_id: int, page: Page) -> Slice:
    """One's own posts and those of whom one follows, newest first."""
    followed = _last_to_post(connection, reader_id, page)
    oldest = followed[page.limit][1] if len(followed) > page.limit else 0
    newest = _newest([reader_id, *(author_id for author_id, _ in followed)], oldest, page)
    question = posts.with_authors().join(newest, newest.c.id == _posts.id)
    return posts.listed(connection, question, reader_id, page)


def _last_to_post(connection: Connection, reader_id: int, page: Page) -> list[tuple[int, int]]:
    """Of those one follows the last to post, as many as the page has posts and one more, each with their newest."""
    theirs = _before(select(_posts.id).where(_posts.author_id == _follows.followee_id), page)
    # In the index's whole order: for `id` alone MySQL may go through everyone's posts instead.
    newest = theirs.order_by(_posts.author_id.desc(), _posts.id.desc()).limit(1)
    last = newest.correlate(models.follows).scalar_subquery().label("last")
    question = (
        select(_follows.followee_id, last)
        .join(models.people, _people.id == _follows.followee_id)
        .where(_follows.follower_id == reader_id, _follows.following.is_(True), _people.deleted.is_(False))
        .order_by(last.desc())
        .limit(page.limit + 1)
    )
    return [(row.followee_id, row.last) for row in connection.execute(question) if row.last is not None]


def _newest(author_ids: list[int], oldest: int, page: Page) -> Subquery:
    """The ids of a page and one more of what these authors posted, from the oldest that can be among them."""
    theirs = select(_posts.id).where(_posts.author_id.in_(author_ids), _posts.id >= oldest)
    return _before(theirs, page).order_by(_posts.id.desc()).limit(page.limit + 1).subquery("newest")


def _before(question: Select[Any], page: Page) -> Select[Any]:
    return question if page.after is None else question.where(_posts.id < page.after[0])
