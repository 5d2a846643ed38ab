"""What notifications reads from other services over HTTP."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import structlog

from shared import ids
from shared.errors import Unavailable
from shared.replication.pair_reconcile import PairSource
from shared.replication.source import RecordSource
from shared.security.service_calls import ServiceClient

log = structlog.get_logger()


def users_of(auth: ServiceClient) -> RecordSource:
    """Users, and the lists of deleted and of suspended accounts."""
    return RecordSource(auth, "/internal/people", "/internal/withdrawals", "user_id", "/internal/suspensions")


def restrictions_of(social: ServiceClient) -> PairSource:
    """The list of who blocks and mutes whom."""
    return PairSource(social, "/internal/restrictions")


@dataclass(frozen=True, slots=True)
class Posts:
    client: ServiceClient

    async def previews(
        self, viewer: int, post_ids: Collection[str], comment_ids: Collection[str]
    ) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """What is shown of these posts and comments, by their ids, without those that this user cannot see.

        None if posts does not answer: a list without previews is better than none.
        """
        if not post_ids:
            return {}, {}
        wanted = {"post_ids": ",".join(post_ids), "comment_ids": ",".join(comment_ids)}
        try:
            found = await self.client.get("/internal/previews", viewer=ids.encode(viewer), **wanted)
        except Unavailable:
            log.warning("notifications shown without previews")
            return None
        if found is None:  # a release without this route
            return None
        return {each["id"]: each for each in found["posts"]}, {each["id"]: each for each in found["comments"]}
