"""What somebody reports to the moderators, as they see it."""

from typing import Any, Literal

from sqlalchemy import Connection, bindparam, select

from shared import ids

from .. import models
from . import comments
from .posts import for_viewer, post_not_found

Kind = Literal["post", "comment"]
_posts = models.posts.c
_POST = for_viewer(_posts.author_id, _posts.caption).where(_posts.id == bindparam("post_id"))


def reported(connection: Connection, kind: Kind, subject_id: int, viewer: int) -> dict[str, Any]:
    """Who has made it (`owner_id`), its text, and the post of a comment. Raises NotFound."""
    return _comment(connection, subject_id, viewer) if kind == "comment" else _post(connection, subject_id, viewer)


def _post(connection: Connection, post_id: int, viewer: int) -> dict[str, Any]:
    row = connection.execute(_POST, {"post_id": post_id, "viewer": viewer}).one_or_none()
    if row is None:
        raise post_not_found()
    return _content(row.author_id, row.caption, None)


def _comment(connection: Connection, comment_id: int, viewer: int) -> dict[str, Any]:
    comments.require_shown(connection, comment_id, viewer)
    columns = models.comments.c
    this = select(columns.author_id, columns.text, columns.post_id).where(columns.id == comment_id)
    row = connection.execute(this.where(columns.deleted.is_(False))).one_or_none()
    if row is None:
        raise comments.comment_not_found()
    return _content(row.author_id, row.text, row.post_id)


def _content(owner_id: int, text: str | None, post_id: int | None) -> dict[str, Any]:
    of_post = None if post_id is None else ids.encode(post_id)
    return {"owner_id": ids.encode(owner_id), "text": text, "post_id": of_post, "messages": []}
