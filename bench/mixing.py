"""The mix of the DeathStarBench social network: 60 % home feeds, 30 % posts of one user, 10 % new posts, 10 a page.

A read requests any of the first eleven pages, by cursors that were read before.
"""

import random

import httpx

from bench.environment import Environment, walk
from bench.load.requests import Request
from bench.systems import System, feed, new_post, person

WALKERS = 100
PAGES = 11
HOME, ONE_PERSON = 0.6, 0.9
"""Below which a number drawn from 0 to 1 means which request."""


class Mix:
    """Of one system; every new post uses up an upload."""

    def __init__(self, environment: Environment, system: System) -> None:
        self._system = system
        self._chance = random.Random(60_30_10)  # noqa: S311 - both systems are asked the same
        people = self._chance.sample(environment.dataset.people, WALKERS)
        self._tokens = environment.tokens(environment.dataset.people)
        self._uploads = environment.uploads[system.name]
        with httpx.Client(base_url=f"http://127.0.0.1:{system.port()}", timeout=30) as web:
            self._feeds = [request for each in people for request in _pages(web, feed(self._tokens[each]))]
            lists = [person(system, self._tokens[each], self._chance.choice(people)) for each in people]
            self._lists = [request for each in lists for request in _pages(web, each)]

    def requests(self, number: int) -> list[Request]:
        """This number of random requests."""
        return [self._one() for _ in range(number)]

    def _one(self) -> Request:
        drawn = self._chance.random()
        if drawn < HOME:
            return self._chance.choice(self._feeds)
        if drawn < ONE_PERSON:
            return self._chance.choice(self._lists)
        return self._post()

    def _post(self) -> Request:
        author = self._chance.choice([*self._uploads])
        media_id = self._uploads[author].pop()
        if not self._uploads[author]:
            del self._uploads[author]
        return new_post(self._system, self._tokens[author], media_id)


def _pages(web: httpx.Client, first: Request) -> list[Request]:
    """The requests of the first pages, at most as many as exist."""
    cursors = [page["next_cursor"] for page in walk(web, first, PAGES - 1)]
    rest = [Request("GET", f"{first.target}&cursor={each}", first.token) for each in cursors if each]
    return [first, *rest]
