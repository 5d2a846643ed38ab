"""Finds the tags and mentions of captions that were written without them, in rounds.

They are from before there were tags, or from a release that did not know them and still runs during an upgrade.
"""

from typing import Any

from sqlalchemy import Connection, Row, select, update

from shared.database.engine import Database

from .. import models
from ..text_entities import parse
from . import captions

CHUNK_SIZE = 100
_posts, _people = models.posts.c, models.people.c


class Reindexing:
    """Runs one round after another. A restart begins a new round, which sees all posts."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._after = 0

    def step(self) -> bool:
        """Check the next posts. Returns whether there are more in this round."""
        posts = self._database.read(_next_posts, self._after)
        for post in posts:
            if _is_stale(post):
                self._database.write(_correct, post.id, post.author_id)
        self._after = posts[-1].id if len(posts) == CHUNK_SIZE else 0
        return self._after > 0


def _is_stale(post: Row[Any]) -> bool:
    return {"tags": post.tags, "names": post.names} != captions.columns(parse(post.caption))


def _correct(tx: Connection, post_id: int, author_id: int) -> None:
    # In the order of an edit: the author, who is neither suspended nor reinstated meanwhile, then the post.
    author = select(_people.deleted, _people.hidden).where(_people.id == author_id)
    person = tx.execute(author.with_for_update(read=True)).one_or_none()
    post = tx.execute(select(models.posts).where(_posts.id == post_id).with_for_update()).one_or_none()
    if person is None or person.deleted or post is None or not _is_stale(post):
        return
    found = parse(post.caption)
    tx.execute(update(models.posts).where(_posts.id == post_id).values(**captions.columns(found)))
    captions.write(tx, post_id, author_id, found, hidden=bool(person.hidden))


def _next_posts(connection: Connection, after: int) -> list[Row[Any]]:
    wanted = select(_posts.id, _posts.author_id, _posts.caption, _posts.tags, _posts.names)
    return list(connection.execute(wanted.where(_posts.id > after).order_by(_posts.id).limit(CHUNK_SIZE)))
