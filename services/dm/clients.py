"""What dm reads from other services over HTTP."""

from dataclasses import dataclass

from shared import ids
from shared.replication.source import RecordSource
from shared.security.service_calls import ServiceClient


def users_of(auth: ServiceClient) -> RecordSource:
    """Users, and the list of deleted accounts."""
    return RecordSource(auth, "/internal/people", "/internal/withdrawals", "user_id")


@dataclass(frozen=True, slots=True)
class Posts:
    client: ServiceClient

    async def has(self, post_id: int) -> bool:
        """Whether this post exists and its author has not deleted their account. Raises Unavailable."""
        return await self.client.get(f"/internal/posts/{ids.encode(post_id)}") is not None
