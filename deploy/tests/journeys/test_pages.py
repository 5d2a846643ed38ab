"""Pagination: every list keeps its limits, cursors and order while items are added."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from shared.testing.altered import altered

from .person import API, Person, fresh_nickname
from .responses import answer, items, refusal

SIZE = 5
NEWEST_FIRST = (
    "sessions", "followers", "following", "posts", "feed", "likes", "comment likes", "saved", "tag", "rooms",
    "messages", "search",
)  # fmt: skip
OLDEST_FIRST = ("comments", "replies")
EXACT_LISTS = pytest.mark.parametrize("name", NEWEST_FIRST + OLDEST_FIRST)
"""All but everyone's posts, which other people may be adding to at the same time."""
EVERY_LIST = pytest.mark.parametrize("name", [*NEWEST_FIRST, *OLDEST_FIRST, "everyones posts"])


@dataclass
class List:
    """A list of a user, and how to add an item to it."""

    owner: Person
    path: str
    add: Callable[[], httpx.Response]

    def page(self, **parameters: Any) -> httpx.Response:
        own = dict(httpx.QueryParams(self.path.partition("?")[2]))
        return self.owner.send("GET", self.path, params=own | parameters)

    def whole(self) -> list[str]:
        return [item["id"] for item in items(self.page(limit=100))]


@dataclass
class Users:
    """A user connected with five others, so that every list of users has items."""

    hub: Person
    others: list[Person]
    newcomers: Iterator[Person]
    post: str
    comment: str
    room: str
    unsaved: Iterator[str]


@pytest.fixture(scope="module")
def new_users(web: httpx.Client) -> Users:
    family = fresh_nickname()
    hub = Person.newcomer(web)
    others = [Person.newcomer(web, name=f"{family} {number}") for number in range(SIZE)]
    posts = [hub.posted(f"{number} #{family}")["id"] for number in range(SIZE)]
    comment = answer(hub.comment(posts[0], "the first"), 201)["id"]
    for other in others:
        answer(hub.log_in())
        answer(hub.follow(other.id))
        answer(other.follow(hub.id))
        answer(other.like(posts[0]))
        answer(other.comment(posts[0], "a comment"), 201)
        answer(other.reply(posts[0], comment, "a reply"), 201)
        answer(other.like_comment(comment))
        room = hub.room_with(other)
    for number in range(SIZE):
        answer(hub.say(room, str(number)), 201)
    newcomers = (Person.newcomer(web, name=f"{family} new") for _ in range(100))
    for post in posts:
        answer(hub.save(post))
    unsaved = (hub.posted("to be saved")["id"] for _ in range(100))
    return Users(hub, others, newcomers, posts[0], comment, room, unsaved)


@pytest.fixture(scope="module")
def lists(new_users: Users) -> dict[str, List]:
    hub, post, comment, room = new_users.hub, new_users.post, new_users.comment, new_users.room
    family = new_users.others[0].name.split()[0]
    return {
        "sessions": List(hub, "/auth/sessions", lambda: hub.elsewhere().account()),
        "search": List(hub, f"/users?query={family}", lambda: next(new_users.newcomers).account()),
        "followers": List(hub, f"/users/{hub.id}/followers", lambda: next(new_users.newcomers).follow(hub.id)),
        "following": List(hub, f"/users/{hub.id}/following", lambda: hub.follow(next(new_users.newcomers).id)),
        "everyones posts": List(hub, "/posts", hub.post),
        "posts": List(hub, f"/users/{hub.id}/posts", hub.post),
        "feed": List(hub, "/feed", hub.post),
        "likes": List(hub, f"/posts/{post}/likes", lambda: next(new_users.newcomers).like(post)),
        "comment likes": List(
            hub, f"/comments/{comment}/likes", lambda: next(new_users.newcomers).like_comment(comment)
        ),
        "tag": List(hub, f"/tags/{family}/posts", lambda: hub.post(f"#{family}")),
        "saved": List(hub, "/users/me/saved", lambda: hub.save(next(new_users.unsaved))),
        "comments": List(hub, f"/posts/{post}/comments", lambda: hub.comment(post, "one more")),
        "replies": List(hub, f"/comments/{comment}/replies", lambda: hub.reply(post, comment, "one more")),
        "rooms": List(hub, "/rooms", lambda: hub.open_room(next(new_users.newcomers).id)),
        "messages": List(hub, f"/rooms/{room}/messages", lambda: hub.say(room, "one more")),
    }


@pytest.fixture
def one(lists: dict[str, List], name: str) -> List:
    return lists[name]


def read_while_adding(one: List, pages: int = 50) -> list[str]:
    """Every item of the list, two at a time, with one more added after each page."""
    read: list[str] = []
    page = answer(one.page(limit=2))
    for _ in range(pages):
        assert len(page["items"]) <= 2
        read += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        assert one.add().status_code in (200, 201)
        page = answer(one.page(limit=2, cursor=page["next_cursor"]))
    return read


def next_link(response: httpx.Response) -> str | None:
    """The target of the `Link` header, if there is one."""
    return response.links["next"]["url"] if "next" in response.links else None


@EXACT_LISTS
def test_pages_contain_every_item_once_while_items_are_added(one: List, name: str) -> None:
    before, read = one.whole(), read_while_adding(one)
    assert len(set(read)) == len(read), "an item came twice"
    assert [item for item in read if item in set(before)] == before, "one was skipped, or the order changed"
    if name in NEWEST_FIRST:
        assert set(read) <= set(before), "what is newer than the first page belongs before it"


def test_explore_pages_contain_every_post_once_while_posts_are_added(lists: dict[str, List]) -> None:
    everyones_posts = lists["everyones posts"]
    for _ in range(4 * 2):
        assert everyones_posts.add().status_code == 201
    read = read_while_adding(everyones_posts, pages=4)
    assert len(read) == 4 * 2
    assert read == sorted(set(read), reverse=True), "one came twice, or the order changed"


@EVERY_LIST
def test_default_page_size_is_twenty(one: List, name: str) -> None:
    assert len(items(one.page())) <= 20
    assert len(items(one.page(limit=1))) == 1
    assert SIZE <= len(items(one.page(limit=100))) <= 100


@EVERY_LIST
def test_limit_outside_1_to_100_is_refused(one: List, name: str) -> None:
    for limit in ("0", "-1", "101", "9" * 30, "ten", "1.5", "", "1e1", "\0", "１０ ", "0x10", "true"):
        refusal(one.page(limit=limit), 422)


@EVERY_LIST
def test_next_link_keeps_all_other_parameters(one: List, name: str) -> None:
    first = one.page(limit=2)
    link = next_link(first)
    assert link is not None
    parameters = httpx.URL(link).params
    assert parameters["cursor"] == answer(first)["next_cursor"]
    assert parameters["limit"] == "2"
    own = httpx.QueryParams(one.path.partition("?")[2])
    assert {name: parameters[name] for name in own} == dict(own)
    assert httpx.URL(link).path == httpx.URL(first.request.url).path
    second = one.owner.fetch("GET", link)
    assert items(second) == items(one.page(limit=2, cursor=parameters["cursor"]))
    assert items(second) != items(first)


@EXACT_LISTS
def test_last_page_has_no_next_link(one: List, name: str) -> None:
    response = one.page(limit=100)
    assert answer(response)["next_cursor"] is None and next_link(response) is None


@EVERY_LIST
def test_forged_cursor_is_refused(one: List, name: str) -> None:
    good = answer(one.page(limit=2))["next_cursor"]
    other = altered(good, len(good) // 2)
    for cursor in (other, good[:-4], good + "AAAA", "forged", "0", "\0", "é", "MTIz", "x" * 3000, "[1]"):
        refusal(one.page(limit=2, cursor=cursor), 400, "invalid_cursor")
    assert items(one.page(limit=2, cursor=good))


def test_cursor_with_one_changed_character_is_refused(lists: dict[str, List]) -> None:
    one = lists["posts"]
    good = answer(one.page(limit=2))["next_cursor"]
    accepted = [
        place for place in range(len(good)) if one.page(limit=2, cursor=altered(good, place)).status_code != 400
    ]
    assert accepted == []


def test_cursor_of_another_list_is_refused(lists: dict[str, List]) -> None:
    cursors = {name: answer(one.page(limit=2))["next_cursor"] for name, one in lists.items()}
    for name, one in lists.items():
        for other, cursor in cursors.items():
            if other != name:
                refusal(one.page(limit=2, cursor=cursor), 400, "invalid_cursor")


def test_limit_may_differ_between_pages(lists: dict[str, List]) -> None:
    one = lists["messages"]
    whole = one.whole()
    cursor = answer(one.page(limit=1))["next_cursor"]
    assert [item["id"] for item in items(one.page(limit=3, cursor=cursor))] == whole[1:4]


def test_relations_are_returned_as_a_list(new_users: Users) -> None:
    asked = ",".join(other.id for other in new_users.others)
    page = answer(new_users.hub.send("GET", f"/relations?user_ids={asked}"))
    assert set(page) >= {"items", "next_cursor"} and len(page["items"]) == SIZE


def test_parameter_error_is_reported_with_a_pointer(other_user: Person) -> None:
    problem = refusal(other_user.send("GET", "/feed?limit=0"), 422)
    assert problem["errors"], "which parameter, and why"
    assert "limit" in str(problem["errors"])


def test_pages_together_contain_the_whole_list(web: httpx.Client, new_users: Users, lists: dict[str, List]) -> None:
    read: list[str] = []
    link: str | None = f"{API}/users/{new_users.hub.id}/posts?limit=3"
    while link and len(read) < 200:
        response = web.get(link)
        read += [item["id"] for item in items(response)]
        link = next_link(response)
    assert read == lists["posts"].whole() == sorted(read, reverse=True)
