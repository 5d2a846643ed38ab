"""Comments and likes over a real socket; each response is checked against the OpenAPI document."""

from typing import Any

import pytest

from shared.testing.api_client import expect_json, expect_problem

from .api_client import ApiClient, ApiClients

NOTHING = "0000000000000001"


@pytest.fixture
def people(clients: ApiClients) -> list[ApiClient]:
    """An author and a commenter."""
    return clients.known(2)


@pytest.fixture
def post(people: list[ApiClient]) -> str:
    post_id: str = people[0].posted()["id"]
    return post_id


def test_comment_is_created_replied_to_edited_and_blanked(
    clients: ApiClients, people: list[ApiClient], post: str
) -> None:
    jo, fan = people
    answer = fan.comment(post, "Lovely 🌸\nsecond line")
    first = expect_json(answer)
    assert answer.headers["location"] == f"/api/v1/comments/{first['id']}"
    assert (first["post_id"], first["parent_id"], first["author"]["id"]) == (post, None, fan.id)
    reply = jo.said(post, "thanks", first["id"])
    assert reply["parent_id"] == first["id"]
    edited = expect_json(fan.send("PATCH", f"/comments/{first['id']}", json={"text": "better"}), 200)
    assert edited == first | {"text": "better", "reply_count": 1, "updated_at": edited["updated_at"]}
    assert clients.anybody(f"/posts/{post}/comments").json() == {"items": [edited], "next_cursor": None}
    assert clients.anybody(f"/comments/{first['id']}/replies").json()["items"] == [reply]
    expect_problem(jo.send("DELETE", f"/comments/{first['id']}"), 403, "not_yours")
    expect_problem(jo.send("PATCH", f"/comments/{first['id']}", json={"text": "x"}), 403, "not_yours")
    assert fan.send("DELETE", f"/comments/{first['id']}").status_code == 204
    blank = clients.anybody(f"/posts/{post}/comments").json()["items"][0]
    assert blank == edited | {"text": None, "author": None, "deleted": True}
    assert jo.get(f"/posts/{post}")["comment_count"] == 1
    expect_problem(fan.send("DELETE", f"/comments/{first['id']}"), 404, "not_found")
    assert jo.send("DELETE", f"/comments/{reply['id']}").status_code == 204
    assert clients.anybody(f"/posts/{post}/comments").json()["items"] == []


BAD_COMMENTS: list[tuple[dict[str, Any], str, str]] = [
    ({}, "/text", "validation_failed"),
    ({"text": ""}, "/text", "validation_failed"),
    ({"text": None}, "/text", "validation_failed"),
    ({"text": "t" * 1001}, "/text", "validation_failed"),
    ({"text": "a\0b"}, "/text", "nul_character"),
    ({"text": 1}, "/text", "validation_failed"),
    ({"text": "x", "mood": "y"}, "/mood", "validation_failed"),
    ({"text": "x", "parent_id": NOTHING}, "/parent_id", "unknown_comment"),
    ({"text": "x", "parent_id": "no id"}, "/parent_id", "validation_failed"),
    ({"text": "x", "parent_id": 1}, "/parent_id", "validation_failed"),
]
"""Bodies, where they are wrong, and what their refusal is called."""


def test_invalid_comment_is_refused_with_a_pointer(people: list[ApiClient], post: str) -> None:
    first = people[1].said(post, "字" * 1000)
    for body, pointer, code in BAD_COMMENTS:
        expect_problem(people[1].send("POST", f"/posts/{post}/comments", json=body), 422, code, pointer)
        if "parent_id" not in body:
            expect_problem(people[1].send("PATCH", f"/comments/{first['id']}", json=body), 422, code, pointer)
    assert people[0].get(f"/posts/{post}/comments")["items"] == [first]


def test_one_key_creates_one_comment(people: list[ApiClient], post: str) -> None:
    first, again = (people[1].comment(post, "me too", key="once") for _ in range(2))
    assert expect_json(first) == expect_json(again) and first.headers["location"] == again.headers["location"]
    expect_problem(people[1].comment(post, "me three", key="once"), 422, "idempotency_key_reused")
    assert people[0].get(f"/posts/{post}")["comment_count"] == 1


def test_both_comment_lists_are_paged(people: list[ApiClient], post: str) -> None:
    jo, fan = people
    first = fan.said(post, "first")["id"]
    replies = [jo.said(post, str(number), first)["id"] for number in range(5)]
    firsts = [first, *(fan.said(post, str(number))["id"] for number in range(4))]
    for path, written in ((f"/posts/{post}/comments", firsts), (f"/comments/{first}/replies", replies)):
        url: str | None = f"{path}?limit=2"
        seen: list[str] = []
        while url is not None:
            answer = fan.send("GET", url.removeprefix("/api/v1"))
            seen += [each["id"] for each in expect_json(answer, 200)["items"]]
            url = answer.links["next"]["url"] if "next" in answer.links else None
        assert seen == written


def test_like_and_unlike_are_idempotent(clients: ApiClients, people: list[ApiClient], post: str) -> None:
    jo, fan = people
    assert (
        expect_json(fan.like(post), 200)
        == expect_json(fan.like(post), 200)
        == {"post_id": post, "liked": True, "like_count": 1}
    )
    assert expect_json(jo.like(post), 200)["like_count"] == 2
    likers = clients.anybody(f"/posts/{post}/likes").json()["items"]
    assert [(each["id"], each["nickname"], each["deleted"]) for each in likers] == [
        (jo.id, "nick0", False),
        (fan.id, "nick1", False),
    ]
    for _ in range(2):
        assert expect_json(fan.unlike(post), 200) == {"post_id": post, "liked": False, "like_count": 1}
    for answer in (fan.like(NOTHING), fan.unlike(NOTHING), clients.anybody(f"/posts/{NOTHING}/likes")):
        expect_problem(answer, 404, "not_found")


def test_unsupported_method_is_refused(people: list[ApiClient], post: str) -> None:
    for method, path in (("POST", f"/posts/{post}/like"), ("GET", f"/posts/{post}/like"), ("PUT", f"/posts/{post}")):
        expect_problem(people[0].send(method, path), 405, "method_not_allowed")
