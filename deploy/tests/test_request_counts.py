"""A page costs one request of each service that has a part of it, however many items it has."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from deploy.tests.journeys.person import Person
from deploy.tests.journeys.responses import answer, items
from deploy.tests.standalone_process import CHEAP_HASHES, ForkedStandalone, Standalone
from shared.testing import eventually
from shared.testing.waiting import WAIT_SECONDS

SETTINGS = CHEAP_HASHES | {"ENVIRONMENT": "production", "LOG_LEVEL": "info", "UNVERIFIED_MAY_POST": "true"}
"""Each request to each service is one line of the log."""
SHARED_POSTS = 12


@dataclass
class World:
    """A reader, an author with posts that mention the reader, and a room in which both share posts."""

    standalone: Standalone
    reader: Person
    author: Person
    room: str

    def requests(self, path: str, request_id: str) -> Counter[str]:
        """How many requests each service has handled for this one of the reader."""
        response = self.reader.send("GET", path, headers={"X-Request-ID": request_id})
        assert answer(response) and response.headers["X-Request-ID"] == request_id
        return eventually(lambda: self._logged(request_id))

    def _logged(self, request_id: str) -> Counter[str]:
        """By service; empty until the gateway has logged the request, which it does last."""
        lines = [json.loads(line) for line in self.standalone.printed().splitlines() if request_id in line]
        found = Counter(line["service"] for line in lines if line["event"] == "request")
        return found if found["gateway"] else Counter()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("requests") / "data"
    with (
        ForkedStandalone(folder, settings=SETTINGS).served() as standalone,
        httpx.Client(base_url=standalone.base_url, timeout=WAIT_SECONDS) as web,
    ):
        reader, author, other = (Person.newcomer(web) for _ in range(3))
        for each in (author, other):
            answer(reader.follow(each.id))
        room = reader.room_with(author)
        for number in range(SHARED_POSTS):
            who = (author, other)[number % 2]
            post = who.posted(f"for @{reader.nickname} #tag{number}", photos=2)["id"]
            answer(author.like(post))
            answer((reader, author)[number % 3 % 2].share(room, post), 201)
        eventually(lambda: len(items(reader.send("GET", "/feed"))) == SHARED_POSTS)
        yield World(standalone, reader, author, room)


@pytest.mark.parametrize(
    ("name", "path", "services"),
    [
        ("profile", "/users/by-nickname/{author.nickname}", ["auth"]),
        ("counts", "/users/{author.id}/counts", ["social"]),
        ("posts", "/users/{author.id}/posts", ["posts"]),
        ("feed", "/feed", ["posts"]),
        ("rooms", "/rooms", ["dm"]),
        ("messages", "/rooms/{room}/messages?limit=100", ["dm", "posts"]),
        ("found", "/messages?query=x", ["dm"]),
        ("notifications", "/notifications", ["notifications", "posts"]),
    ],
)
def test_page_costs_one_request_of_each_service(world: World, name: str, path: str, services: list[str]) -> None:
    address = path.format(author=world.author, room=world.room)
    for number in range(2):  # also when everything is known already
        assert world.requests(address, f"page-of-{name}-{number}") == Counter(
            {"gateway": 1} | dict.fromkeys(services, 1)
        )


def test_messages_have_the_cards_of_all_shared_posts(world: World) -> None:
    messages = items(world.reader.send("GET", f"/rooms/{world.room}/messages?limit=100"))
    assert [each["post"]["deleted"] for each in messages if each["type"] == "post"] == [False] * SHARED_POSTS
