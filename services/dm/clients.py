"""What dm reads from other services over HTTP."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from shared import ids
from shared.errors import Unavailable
from shared.replication.pair_reconcile import PairSource
from shared.replication.source import RecordSource
from shared.security.service_calls import ServiceClient

CARDS_SECONDS = 0.5
"""How long messages wait for the cards of shared posts."""


def users_of(auth: ServiceClient) -> RecordSource:
    """Users, and the lists of deleted and of suspended accounts."""
    return RecordSource(auth, "/internal/people", "/internal/withdrawals", "user_id", "/internal/suspensions")


def restrictions_of(social: ServiceClient) -> PairSource:
    """The list of who blocks whom."""
    return PairSource(social, "/internal/restrictions")


@dataclass(frozen=True, slots=True)
class Social:
    client: ServiceClient

    async def follows(self, follower_id: int, followee_id: int) -> bool | None:
        """Whether the one follows the other. None if social is unavailable: messages do not wait for it."""
        try:
            found = await self.client.get(f"/internal/follows/{ids.encode(follower_id)}/{ids.encode(followee_id)}")
        except Unavailable:
            return None
        return found is not None and bool(found["following"])


@dataclass(frozen=True, slots=True)
class Posts:
    client: ServiceClient

    async def shows(self, post_id: int, viewer: int) -> bool:
        """Whether this user can see this post. Raises Unavailable."""
        path = f"/internal/posts/{ids.encode(post_id)}"
        return await self.client.get(path, viewer=ids.encode(viewer)) is not None

    async def cards(self, post_ids: Collection[str], viewer: int) -> dict[str, dict[str, Any]] | None:
        """The author and the picture of those of these posts that this user can see, by their ids.

        None if posts does not respond soon: messages do not wait for it.
        """
        try:
            async with asyncio.timeout(CARDS_SECONDS):
                found = await self.client.get(
                    "/internal/previews", post_ids=",".join(sorted(post_ids)), viewer=ids.encode(viewer)
                )
        except (Unavailable, TimeoutError):
            return None
        return None if found is None else {each["id"]: each for each in found["posts"]}
