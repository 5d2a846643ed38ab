"""The posts of a tag, and tags by their beginning."""

from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from shared.pagination import Page, PageRequest
from shared.replication.projections import is_shown

from .. import models
from ..text_entities import fold
from . import counters, people, posts

_posts, _tags, _people, _counters = models.posts.c, models.post_tags.c, models.people.c, models.tag_counters.c
_SHOWN = posts.select_shown()
# Built once: building takes longer than executing. It starts with the tag, whose order is that of the result.
_OF_TAG = (
    select(*_SHOWN.columns)
    .prefix_with("STRAIGHT_JOIN", dialect="mysql")
    .select_from(models.post_tags)
    .join(models.posts, _posts.id == _tags.post_id)
    .join(models.people, _people.id == _posts.author_id)
    .where(_tags.tag == bindparam("tag"), _tags.post_id < bindparam("before"))
    .where(is_shown(models.people), people.is_apart(_posts.author_id))
    .order_by(_tags.post_id.desc())
    .limit(bindparam("most"))
)
_LAST_CHARACTER = "\U0010ffff"


def posts_of_tag(connection: Connection, tag: str, viewer: int | None, page: PageRequest) -> Page:
    """The posts whose captions have this tag, newest first; none of a tag that nobody uses."""
    asked = {"tag": fold(tag), **posts.page_params(page, viewer)}
    return posts.page_of(connection, _SHOWN.rows(connection.execute(_OF_TAG, asked)), viewer, page)


def search(connection: Connection, query: str, page: PageRequest) -> Page:
    """The tags that begin with this, in their order, and how many posts have each."""
    beginning = fold(query)
    if not beginning:
        return Page([], None)
    number = counters.as_number(func.sum(_counters.posts)).label("post_count")
    statement = select(_counters.tag, number).where(_counters.tag < beginning + _LAST_CHARACTER)
    if page.after is None:
        statement = statement.where(_counters.tag >= beginning)
    else:
        statement = statement.where(_counters.tag > page.after[0])
    statement = statement.group_by(_counters.tag).order_by(_counters.tag).limit(page.limit + 1)
    return Page.of(connection.execute(statement).all(), page, _tag_json, lambda row: (row.tag,))


def _tag_json(row: Any) -> dict[str, Any]:
    return {"tag": row.tag, "post_count": row.post_count}
