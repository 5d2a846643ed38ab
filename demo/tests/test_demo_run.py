"""The demo against a real instance: its data is visible, and a second run adds nothing."""

import secrets
from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

import httpx
import pytest

from demo import plan as planning
from demo.client import API, ApiClient
from demo.conversations import Conversation, Line
from demo.image_files import Drawing
from demo.people import PASSWORD, PEOPLE
from demo.plan import Plan
from demo.seed import Seeder
from shared.testing.waiting import WAIT_SECONDS

T = TypeVar("T")
WAVES = Drawing("waves", "square", "jpg", seed=1)


def unseen(_step: str, items: Iterable[T], _total: int) -> Iterable[T]:
    return items


@pytest.fixture
def small_plan() -> Plan:
    """Four new users, and a little of everything."""
    run = secrets.token_hex(4)
    people = tuple(replace(person, nickname=f"demo.{run}.{number}") for number, person in enumerate(PEOPLE[:4]))
    lines = (
        Line(0, "text", "Seen this?"),
        Line(1, "post"),
        Line(0, "picture", "waves"),
        Line(1, "text", "Lovely.", quotes=2),
    )
    conversations = (Conversation((people[0].nickname, people[1].nickname), lines),)
    plan = planning.plan(people=people, posts=6, conversations=conversations)
    return replace(plan, posts=tuple(replace(post, drawings=(WAVES,)) for post in plan.posts))


def seeded(plan: Plan, base_url: str) -> Seeder:
    with httpx.Client(timeout=WAIT_SECONDS) as http:
        seeder = Seeder(plan, ApiClient(base_url, http), unseen)
        seeder.run()
    return seeder


def test_demo_adds_only_what_is_missing(base_url: str, small_plan: Plan) -> None:
    first = seeded(replace(small_plan, posts=small_plan.posts[:3], likes=(), conversations=()), base_url)
    assert (first.added["people"], first.added["posts"]) == (4, 3)

    rest = seeded(small_plan, base_url)
    assert (rest.added["people"], rest.added["posts"], rest.added["messages"]) == (0, 3, 4)
    assert first.added["comments"] + rest.added["comments"] == sum(map(len, small_plan.comments))

    again = seeded(small_plan, base_url)
    assert not any(again.added.values())


def test_demo_data_is_visible_to_everyone(base_url: str, small_plan: Plan) -> None:
    seeder = seeded(small_plan, base_url)
    with httpx.Client(base_url=base_url + API, timeout=WAIT_SECONDS) as anyone:
        for number, post in enumerate(small_plan.posts):
            seen = anyone.get(f"/posts/{seeder.posts[number]}").json()
            assert seen["author"]["nickname"] == small_plan.people[post.author].nickname
            assert seen["caption"] == post.caption
            assert len(seen["media"]) == len(post.drawings)
            assert seen["like_count"] == sum(liked == number for _, liked in small_plan.likes)
            assert seen["comment_count"] == len(small_plan.comments[number])


def test_withdrawn_demo_user_is_skipped(base_url: str, small_plan: Plan) -> None:
    first = seeded(replace(small_plan, posts=()), base_url)
    gone = first.users[0]
    bearer = {"Authorization": f"Bearer {gone.token}"}
    with httpx.Client(base_url=base_url + API, headers=bearer, timeout=WAIT_SECONDS) as theirs:
        assert theirs.post("/users/me/deletion", json={"current_password": PASSWORD}).status_code == 202
    rest = seeded(small_plan, base_url)
    assert set(rest.users) == {1, 2, 3}
    assert all(small_plan.posts[number].author != 0 for number in rest.posts)
