"""What other services show of posts and comments."""

from collections.abc import Collection
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, select

from shared import ids
from shared.replication.projections import is_shown

from .. import models
from . import people
from .posts import by_ids

_comments = models.comments.c
# Built once: building takes longer than executing.
_COMMENTS = (
    select(_comments.id, _comments.text)
    .join(models.people, models.people.c.id == _comments.author_id)
    .where(
        _comments.id.in_(bindparam("comment_ids", expanding=True)),
        _comments.post_id.in_(bindparam("post_ids", expanding=True)),
        _comments.deleted.is_(False),
        is_shown(models.people),
        people.is_apart(_comments.author_id),
    )
)


def previews(
    connection: Connection, post_ids: Collection[int], comment_ids: Collection[int], viewer: int
) -> dict[str, list[dict[str, Any]]]:
    """The authors and first photos of these posts, and the texts of these comments on them, in any order.

    What the viewer cannot see is left out. By at most two statements.
    """
    posts = by_ids(connection, list(post_ids), viewer)
    asked = {"comment_ids": list(comment_ids), "post_ids": [row.id for row in posts], "viewer": viewer}
    comments = connection.execute(_COMMENTS, asked).all() if posts and comment_ids else []
    return {
        "posts": [
            {
                "id": ids.encode(row.id),
                "author": people.user_ref_json(row.author_id, row),
                "thumbnail_url": orjson.loads(row.media)[0]["thumbnail_url"],
            }
            for row in posts
        ],
        "comments": [{"id": ids.encode(row.id), "text": row.text} for row in comments],
    }
