"""The posts that a user has saved. Only that user sees them."""

from typing import Any

from sqlalchemy import Connection, bindparam, select

from shared import ids
from shared.pagination import Page, PageRequest
from shared.replication.projections import is_shown

from .. import models
from . import people, posts

_posts, _saves, _people = models.posts.c, models.saves.c, models.people.c
_SHOWN = posts.select_shown(_saves.id.label("save_id"))
# Built once: building takes longer than executing. In the order of an index, which MySQL would else give up for the
# primary key, and sort.
_SAVED = (
    select(*_SHOWN.columns)
    .prefix_with("/*+ INDEX(saves saves_by_person) */", dialect="mysql")
    .prefix_with("STRAIGHT_JOIN", dialect="mysql")
    .select_from(models.saves)
    .join(models.posts, _posts.id == _saves.post_id)
    .join(models.people, _people.id == _posts.author_id)
    .where(_saves.person_id == people.VIEWER, _saves.id < bindparam("before"))
    .where(is_shown(models.people), people.is_apart(_posts.author_id))
    .order_by(_saves.id.desc())
    .limit(bindparam("most"))
)


def saved_by(connection: Connection, person_id: int, page: PageRequest) -> Page:
    """The posts that this user has saved, last saved first.

    Without those of deleted and suspended accounts, and of users whom this one blocks, or who block this one.
    """
    rows = _SHOWN.rows(connection.execute(_SAVED, posts.page_params(page, person_id)))
    return posts.page_of(connection, rows, person_id, page, lambda row: int(row.save_id))


def save_json(connection: Connection, person_id: int, post_id: int) -> dict[str, Any]:
    """Whether a user has saved a post."""
    theirs = select(_saves.id).where(_saves.person_id == person_id, _saves.post_id == post_id)
    return {"post_id": ids.encode(post_id), "saved": connection.execute(theirs).first() is not None}
