"""What both servers have in common: one process, the posts that are created, and that every feed shows the newest."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from bench.load.requests import Request
from bench.oracle import Wrong
from chaos.containers import until
from chaos.processes import Process

FEED_POSTS = 10
PASSWORD = "correct-Horse-battery-9-staple"  # noqa: S105 - of accounts that last as long as a measurement
REQUEST_SECONDS = 60.0
DELIVERY_SECONDS = 120.0
"""Until the last post is in all feeds."""

Texts = Callable[[Any], Sequence[str]]
"""The texts of the posts in a feed, from its JSON."""


@dataclass
class OneProcess:
    """A `System` (bench.systems) of one process."""

    folder: Path
    process: Process = field(init=False)
    name: str = ""
    base: int = 16

    def tiers(self) -> dict[str, list[int]]:
        """The process."""
        return {"server": [self.process.pid]}

    def port(self, *, through_gateway: bool = True) -> int:  # noqa: ARG002 - there is no other way
        """Where it answers."""
        return self.process.port

    def settle(self) -> float:
        """Reading a feed leaves nothing to do."""
        return 0.0


def texts(people: int, posts_each: int) -> list[str]:
    """Of all posts, in the order of their creation. The authors take turns."""
    return [f"Post {post} of {author}: a quiet morning" for post in range(posts_each) for author in range(people)]


def send(web: httpx.Client, method: str, path: str, token: str = "", **options: Any) -> Any:
    """The JSON of the response; None if it is empty. Raises httpx.HTTPStatusError."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    response = web.request(method, path, headers=headers, **options)
    response.raise_for_status()
    return response.json() if response.content else None


def follow_all(ids: Sequence[str], follow: Callable[[int, str], object]) -> None:
    """Each follows all others: `follow(follower, followee)` with the follower's place in `ids`."""
    for follower, own in enumerate(ids):
        for followee in ids:
            if followee != own:
                follow(follower, followee)


def await_feeds(url: str, requests: Sequence[Request], expected: Sequence[str], texts_of: Texts) -> None:
    """Wait until each feed shows the newest of these posts, the newest first. Raises Wrong."""
    newest = list(reversed(expected))[:FEED_POSTS]
    with httpx.Client(base_url=url, timeout=REQUEST_SECONDS) as web:
        for request in requests:
            shows_newest = partial(_shows, web, request, texts_of, newest)
            try:
                until(shows_newest, DELIVERY_SECONDS, "a feed shows the newest posts")
            except TimeoutError as problem:
                raise Wrong(f"{request.target} does not show {newest}") from problem


def _shows(web: httpx.Client, request: Request, texts_of: Texts, expected: Sequence[str]) -> bool:
    return list(texts_of(send(web, request.method, request.target, request.token))) == expected
