"""What notifications show of posts and comments."""

from collections.abc import Collection
from typing import Any

import orjson
from sqlalchemy import Connection, Text, bindparam, select, type_coerce

from shared import ids
from shared.replication.projections import is_shown

from .. import models
from . import people
from .photos import with_variants
from .posts import for_viewer

_posts, _comments = models.posts.c, models.comments.c
# Statements are built once: building takes longer than executing.
_POSTS = for_viewer(_posts.id, type_coerce(_posts.media, Text).label("media")).where(
    _posts.id.in_(bindparam("post_ids", expanding=True))
)
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
    """The first pictures of these posts, and the texts of these comments on them, without what the viewer cannot see.

    By at most two statements.
    """
    posts = {
        row.id: orjson.loads(with_variants(row.media))[0]["thumbnail_url"]
        for row in connection.execute(_POSTS, {"post_ids": list(post_ids), "viewer": viewer})
    }
    asked = {"comment_ids": list(comment_ids), "post_ids": list(posts), "viewer": viewer}
    comments = connection.execute(_COMMENTS, asked).all() if posts and comment_ids else []
    return {
        "posts": [{"id": ids.encode(post_id), "thumbnail_url": url} for post_id, url in posts.items()],
        "comments": [{"id": ids.encode(row.id), "text": row.text} for row in comments],
    }
