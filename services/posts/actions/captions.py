"""The tags and mentions of captions: stored with the post, in the transaction that writes the caption."""

from sqlalchemy import Connection

from .. import models
from ..events import Mentioned
from ..text_entities import Entities
from . import mentions, tags


def columns(found: Entities) -> dict[str, str | None]:
    """What the row of a post stores of its caption, so that a list of posts needs no join."""
    return {"tags": " ".join(found.tags) or None, "names": names_column(found)}


def names_column(found: Entities) -> str | None:
    """What the row of a text stores of its mentions."""
    return " ".join(found.names) or None


def write(tx: Connection, post_id: int, author_id: int, found: Entities, *, hidden: bool = False) -> Mentioned:
    """Give the post these tags and mentions, and no others. `hidden`: its author is suspended.

    Returns whom it mentions, and no longer mentions.
    """
    mentioned = mentions.write(tx, models.post_mentions, post_id, found.names)
    tags.write(tx, post_id, author_id, found.tags, hidden=hidden)
    return mentioned
