"""Posts with their authors and counts. A list is one statement, however many it shows."""

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Select, Text, bindparam, select, type_coerce

from shared import clock, ids
from shared.database.packed_columns import Packed
from shared.errors import NotFound
from shared.pagination import Page, PageRequest

from .. import models
from . import counters, people

_posts = models.posts.c
NEWER_THAN_ANY = 2**63 - 1


def with_authors(*shown: ColumnElement[Any]) -> Select[Any]:
    """SELECT of posts whose authors' accounts are not deleted."""
    # Every author is there. The outer join is for MySQL: with an inner join it may start with all users and sort all
    # posts, instead of reading posts in order until a page is full.
    persons = models.people.c
    return (
        select(*shown)
        .select_from(models.posts)
        .outerjoin(models.people, persons.id == _posts.author_id)
        .where(persons.deleted.is_not(True))
    )


def select_shown(*more: ColumnElement[Any]) -> Packed:
    """The columns shown of a post, and these."""
    own = (_posts.id, _posts.author_id, _posts.caption, _posts.created_at, _posts.updated_at)
    media = type_coerce(_posts.media, Text).label("media")  # sent as stored, never decoded
    return Packed(*own, *people.REF, *counters.COLUMNS, *more, beside=(media,))


_SHOWN = select_shown()
# Statements are built once: building takes longer than executing.
_BY_IDS = with_authors(*_SHOWN.columns).where(_posts.id.in_(bindparam("post_ids", expanding=True)))
_PAGE = with_authors(*_SHOWN.columns).where(_posts.id < bindparam("before")).limit(bindparam("most"))
_LATEST = _PAGE.order_by(_posts.id.desc())
_BY_AUTHOR = (  # with an index hint, because for a page MySQL may scan everyone's posts instead
    _LATEST.prefix_with("/*+ INDEX(posts posts_by_author) */", dialect="mysql").where(
        _posts.author_id == bindparam("author_id")
    )
)


def page_params(page: PageRequest, viewer: int | None) -> dict[str, int]:
    """The parameters `before`, `most` and `viewer` of a page and one post more."""
    before = NEWER_THAN_ANY if page.after is None else page.after[0]
    return {"before": before, "most": page.limit + 1, "viewer": viewer or counters.NOBODY}


def post(connection: Connection, post_id: int, viewer: int | None) -> dict[str, Any]:
    """One post. Raises NotFound."""
    found = by_ids(connection, [post_id], viewer)
    if not found:
        raise post_not_found()
    return post_json(found[0])


def by_ids(connection: Connection, post_ids: list[int], viewer: int | None) -> list[Any]:
    """The rows of those that exist, in any order."""
    asked = {"post_ids": post_ids, "viewer": viewer or counters.NOBODY}
    return _SHOWN.rows(connection.execute(_BY_IDS, asked))


def in_order(connection: Connection, post_ids: list[int], viewer: int | None) -> list[dict[str, Any]]:
    """Those of these posts that exist, in this order."""
    found = {row.id: row for row in by_ids(connection, post_ids, viewer)}
    return [post_json(found[each]) for each in post_ids if each in found]


def latest(connection: Connection, viewer: int | None, page: PageRequest) -> Page:
    """All posts, newest first."""
    return page_of(_SHOWN.rows(connection.execute(_LATEST, page_params(page, viewer))), page)


def posts_of(connection: Connection, author_id: int, viewer: int | None, page: PageRequest) -> Page:
    """A user's posts, newest first. Raises UnknownRecords, or NotFound for a deleted account."""
    rows = _SHOWN.rows(connection.execute(_BY_AUTHOR, {"author_id": author_id, **page_params(page, viewer)}))
    if not rows:
        people.require_present(connection, author_id)
    return page_of(rows, page)


def page_of(rows: Sequence[Any], page: PageRequest) -> Page:
    """The page of a statement that was executed with `page_params`."""
    return Page.of(rows, page, post_json, lambda row: (row.id,))


def require_author(connection: Connection, post_id: int) -> int:
    """The author of this post. Raises NotFound."""
    statement = with_authors(_posts.author_id).where(_posts.id == post_id)
    author_id: int | None = connection.execute(statement).scalar_one_or_none()
    if author_id is None:
        raise post_not_found()
    return author_id


def post_not_found() -> NotFound:
    return NotFound("not_found", "There is no such post.")


def post_json(row: Any) -> dict[str, Any]:
    """A post, of a row with the columns of `select_shown`."""
    likes, comments = counters.counts(row)
    created_at = clock.format_rfc3339(row.created_at)
    return {
        "id": ids.encode(row.id),
        "author": people.user_ref_json(row.author_id, row),
        "caption": row.caption,
        "media": orjson.Fragment(row.media),
        "like_count": likes,
        "comment_count": comments,
        "liked": bool(row.liked),
        "created_at": created_at,
        "updated_at": created_at if row.updated_at == row.created_at else clock.format_rfc3339(row.updated_at),
    }
