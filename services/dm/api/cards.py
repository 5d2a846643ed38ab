"""The cards of shared posts in messages: asked of posts for each response, and stored nowhere here."""

from collections.abc import Iterable
from typing import Any

from shared import ids

from .dependencies import Deps


async def add(deps: Deps, viewer: int, messages: Iterable[dict[str, Any]]) -> None:
    """Put the card into each message that shares a post, by one request for all of them. None if posts is away."""
    sharing = [message for message in messages if message["post_id"] is not None]
    cards = await deps.posts.cards({message["post_id"] for message in sharing}, viewer) if sharing else None
    if cards is not None:
        for message in sharing:
            message["post"] = _card(message["post_id"], cards)


async def of(deps: Deps, viewer: int, post_id: int | None) -> dict[str, Any]:
    """The field of a message that shares this post."""
    message: dict[str, Any] = {"post_id": None if post_id is None else ids.encode(post_id), "post": None}
    await add(deps, viewer, [message])
    return {"post": message["post"]}


def _card(post_id: str, cards: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The card of a post; of one that the viewer cannot see, that it is gone."""
    gone = {"id": post_id, "author": None, "thumbnail_url": None}
    return {**cards.get(post_id, gone), "deleted": post_id not in cards}
