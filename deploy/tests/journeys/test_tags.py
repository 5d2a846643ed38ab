"""Tags and mentions in captions and comments."""

from secrets import token_hex

import httpx
import pytest

from .person import API, Person, fresh_nickname
from .responses import answer, ids, items, refusal, unauthorized


@pytest.fixture(scope="module")
def jo(web: httpx.Client) -> Person:
    return Person.newcomer(web, name="Jo Author")


@pytest.fixture(scope="module")
def fan(web: httpx.Client) -> Person:
    return Person.newcomer(web, name="Fay Fan")


@pytest.fixture
def tag() -> str:
    """That nobody else uses."""
    return f"바다{token_hex(6)}"


def test_posts_of_a_tag_are_listed_newest_first(web: httpx.Client, jo: Person, fan: Person, tag: str) -> None:
    first, second = jo.posted(f"the #{tag}"), fan.posted(f"#{tag.upper()}#{tag}역")
    assert (first["tags"], second["tags"]) == ([tag], [tag, f"{tag}역"])
    path = f"/tags/{tag}/posts"
    assert ids(web.get(f"{API}{path}")) == [second["id"], first["id"]]
    answer(fan.like(first["id"]))
    assert [each["liked"] for each in items(fan.send("GET", path))] == [False, True]
    unauthorized(web.get(f"{API}{path}", headers={"authorization": "Bearer nonsense"}))
    found = [{"tag": tag, "post_count": 2}, {"tag": f"{tag}역", "post_count": 1}]
    assert items(web.get(f"{API}/tags", params={"query": tag.upper()})) == found
    answer(fan.delete_post(second["id"]), 204)
    answer(jo.edit_post(first["id"], caption="no more"))
    assert items(web.get(f"{API}{path}")) == items(web.get(f"{API}/tags", params={"query": tag})) == []


def test_tags_are_found_only_with_a_beginning(web: httpx.Client) -> None:
    for query in ({}, {"query": ""}, {"query": "a" * 201}, {"query": "\0"}):
        refusal(web.get(f"{API}/tags", params=query), 422)
    refusal(web.get(f"{API}/tags/{'a' * 201}/posts"), 404)
    assert items(web.get(f"{API}/tags/{'a' * 51}/posts")) == []


def test_mentions_are_users_and_stay_after_a_change_of_the_nickname(web: httpx.Client, jo: Person) -> None:
    friend = Person.newcomer(web)
    post = jo.posted(f"with @{friend.nickname} and @{fresh_nickname()}")
    comment = answer(jo.comment(post["id"], f"@{friend.nickname.upper()}!"), 201)
    assert [each["id"] for each in post["mentions"]] == [each["id"] for each in comment["mentions"]] == [friend.id]
    assert friend.shown().items() <= post["mentions"][0].items()
    assert items(web.get(f"{API}/posts/{post['id']}/comments"))[0]["mentions"] == comment["mentions"]
    assert answer(jo.edit_comment(comment["id"], "words"))["mentions"] == []
    assert answer(jo.edit_post(post["id"], caption="words"))["mentions"] == []


def test_limits_include_tags_and_mentions(web: httpx.Client) -> None:
    limits = answer(web.get(f"{API}/limits"))["post"]
    assert (limits["max_tags"], limits["max_tag_length"], limits["max_mentions"]) == (30, 50, 20)
