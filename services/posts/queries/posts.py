"""Posts with their authors and counts. A list is one statement, however many it shows, and one for its mentions."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Select, Text, bindparam, select, type_coerce

from shared import clock, ids
from shared.database.packed_columns import Packed
from shared.database.statements import PreparedSelect
from shared.errors import NotFound
from shared.pagination import Page, PageRequest
from shared.replication.projections import is_shown

from .. import models
from . import counters, people
from .mentions import Mentions, mentioned
from .photos import with_variants

_posts = models.posts.c
NEWER_THAN_ANY = 2**63 - 1


def with_authors(*shown: ColumnElement[Any]) -> Select[Any]:
    """SELECT of posts whose authors' accounts are neither deleted nor suspended."""
    return _joined(*shown).where(is_shown(models.people))


def for_viewer(*shown: ColumnElement[Any]) -> Select[Any]:
    """The same, and neither author nor `viewer`, a parameter, blocks the other."""
    return with_authors(*shown).where(people.is_apart(_posts.author_id))


def _joined(*shown: ColumnElement[Any]) -> Select[Any]:
    # Every author exists. The outer join is for MySQL: with an inner join it may start with all users and sort all
    # posts, instead of reading posts in order until a page is full.
    author = models.people.c.id == _posts.author_id
    return select(*shown).select_from(models.posts).outerjoin(models.people, author)


def select_shown(*more: ColumnElement[Any]) -> Packed:
    """The columns shown of a post, and these."""
    texts = (_posts.caption, _posts.tags, _posts.names)
    own = (_posts.id, _posts.author_id, *texts, _posts.created_at, _posts.updated_at)
    media = type_coerce(_posts.media, Text).label("media")  # sent as stored, never decoded
    return Packed(*own, *people.REF, *counters.COLUMNS, *more, beside=(media,))


_SHOWN = select_shown()
# Statements are built once: building takes longer than executing.
_BY_IDS = for_viewer(*_SHOWN.columns).where(_posts.id.in_(bindparam("post_ids", expanding=True)))


def _page(statement: Select[Any]) -> Select[Any]:
    older = statement.where(_posts.id < bindparam("before"))
    return older.limit(bindparam("most")).order_by(_posts.id.desc())


def _by_author(page: Select[Any]) -> Select[Any]:
    """With an index hint, because for a page MySQL may scan everyone's posts instead."""
    hinted = page.prefix_with("/*+ INDEX(posts posts_by_author) */", dialect="mysql")
    return hinted.where(_posts.author_id == bindparam("author_id"))


_EVERYONES = _page(for_viewer(*_SHOWN.columns))
_LATEST = PreparedSelect(_EVERYONES)
_BY_AUTHOR = PreparedSelect(_by_author(_EVERYONES))
_AUTHOR = for_viewer(_posts.author_id).where(_posts.id == bindparam("post_id"))
_OWN = _by_author(_page(_joined(*_SHOWN.columns)))


def page_params(page: PageRequest, viewer: int | None) -> dict[str, int]:
    """The parameters `before`, `most` and `viewer` of a page and one post more."""
    before = NEWER_THAN_ANY if page.after is None else page.after[0]
    return {"before": before, "most": page.limit + 1, "viewer": viewer or people.NOBODY}


def post(connection: Connection, post_id: int, viewer: int | None) -> dict[str, Any]:
    """One post. Raises NotFound."""
    found = by_ids(connection, [post_id], viewer)
    if not found:
        raise post_not_found()
    return post_json(found[0], mentions_in(connection, found, viewer))


def by_ids(connection: Connection, post_ids: list[int], viewer: int | None) -> list[Any]:
    """The rows of those that exist, in any order."""
    asked = {"post_ids": post_ids, "viewer": viewer or people.NOBODY}
    return _SHOWN.rows(connection.execute(_BY_IDS, asked))


def in_order(connection: Connection, post_ids: list[int], viewer: int | None) -> list[dict[str, Any]]:
    """Those of these posts that exist, in this order."""
    found = {row.id: row for row in by_ids(connection, post_ids, viewer)}
    mentions = mentions_in(connection, found.values(), viewer)
    return [post_json(found[each], mentions) for each in post_ids if each in found]


def latest(connection: Connection, viewer: int | None, page: PageRequest) -> Page:
    """All posts, newest first."""
    return page_of(connection, _SHOWN.rows(_LATEST.execute(connection, page_params(page, viewer))), viewer, page)


def posts_of(connection: Connection, author_id: int, viewer: int | None, page: PageRequest) -> Page:
    """A user's posts, newest first; none if the viewer blocks them. Raises as `people.require_present` does."""
    rows = _SHOWN.rows(_BY_AUTHOR.execute(connection, {"author_id": author_id, **page_params(page, viewer)}))
    if not rows:
        people.require_present(connection, author_id, viewer)
    return page_of(connection, rows, viewer, page)


def own_posts_of(connection: Connection, author_id: int, page: PageRequest) -> Page:
    """A user's posts, newest first, for their export: also of a suspended account."""
    asked = {"author_id": author_id, **page_params(page, author_id)}
    return page_of(connection, _SHOWN.rows(connection.execute(_OWN, asked)), author_id, page)


def page_of(
    connection: Connection,
    rows: Sequence[Any],
    viewer: int | None,
    page: PageRequest,
    position: Callable[[Any], int] = lambda row: row.id,
) -> Page:
    """The page of a statement that was executed with `page_params`."""
    mentions = mentions_in(connection, rows, viewer)
    return Page.of(rows, page, lambda row: post_json(row, mentions), lambda row: (position(row),))


def mentions_in(connection: Connection, rows: Iterable[Any], viewer: int | None) -> Mentions:
    """Those mentioned in the captions of these rows. Most lists have none, and need no statement."""
    return mentioned(connection, models.post_mentions, [row.id for row in rows if row.names], viewer)


def require_author(connection: Connection, post_id: int, viewer: int | None) -> int:
    """The author of this post. Raises NotFound, also if one of author and viewer blocks the other."""
    asked = {"post_id": post_id, "viewer": viewer or people.NOBODY}
    author_id: int | None = connection.execute(_AUTHOR, asked).scalar_one_or_none()
    if author_id is None:
        raise post_not_found()
    return author_id


def post_not_found() -> NotFound:
    return NotFound("not_found", "There is no such post.")


def post_json(row: Any, mentions: Mentions) -> dict[str, Any]:
    """A post, of a row with the columns of `select_shown`, and those mentioned in captions."""
    likes, comments = counters.counts(row)
    created_at = clock.format_rfc3339(row.created_at)
    return {
        "id": ids.encode(row.id),
        "author": people.user_ref_json(row.author_id, row),
        "caption": row.caption,
        "tags": row.tags.split(" ") if row.tags else [],
        "mentions": mentions.get(row.id, []),
        "media": orjson.Fragment(with_variants(row.media)),
        "like_count": likes,
        "comment_count": comments,
        "liked": bool(row.liked),
        "saved": bool(row.saved),
        "created_at": created_at,
        "updated_at": created_at if row.updated_at == row.created_at else clock.format_rfc3339(row.updated_at),
    }
