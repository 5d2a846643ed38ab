"""Comments and replies: by any user, changed only by their author, never lost through others (P4, P5, P7, P8)."""

from functools import partial
from itertools import pairwise
from typing import Any

import httpx
import pytest

from .parallel import at_once
from .person import API, Person
from .responses import ID, TIME, answer, ids, invalid, items, refusal, unauthorized

TIMES = {"created_at", "updated_at"}
COMMENT = TIMES | {
    "id",
    "post_id",
    "parent_id",
    "author",
    "text",
    "deleted",
    "reply_count",
    "like_count",
    "liked",
    "mentions",
}
NOTHING = "0000000000000001"


@pytest.fixture(scope="module")
def jo(web: httpx.Client) -> Person:
    return Person.newcomer(web, name="Jo Author")


@pytest.fixture(scope="module")
def fan(web: httpx.Client) -> Person:
    return Person.newcomer(web, name="Fay Fan")


@pytest.fixture
def post(jo: Person) -> str:
    post_id: str = jo.posted("say something")["id"]
    return post_id


def said(person: Person, post: str, text: str) -> Any:
    return answer(person.comment(post, text), 201)


def comments_of(web: httpx.Client, post: str) -> list[Any]:
    return items(web.get(f"{API}/posts/{post}/comments"))


def replies_to(web: httpx.Client, comment: dict[str, Any]) -> list[Any]:
    return items(web.get(f"{API}/comments/{comment['id']}/replies"))


def comment_count(web: httpx.Client, post: str) -> int:
    count: int = answer(web.get(f"{API}/posts/{post}"))["comment_count"]
    return count


def test_P4_any_user_can_comment_on_a_post(web: httpx.Client, fan: Person, post: str) -> None:
    comment = said(fan, post, "Lovely 🌸\nsecond line")
    assert set(comment) >= COMMENT and ID.fullmatch(comment["id"])
    assert fan.shown().items() <= comment["author"].items()
    assert (comment["post_id"], comment["parent_id"]) == (post, None)
    assert (comment["text"], comment["deleted"], comment["reply_count"]) == (
        "Lovely 🌸\nsecond line",
        False,
        0,
    )
    assert TIME.fullmatch(comment["created_at"]) and comment["updated_at"] == comment["created_at"]
    assert comments_of(web, post) == [comment]
    assert comment_count(web, post) == 1


def test_P4_comments_are_listed_oldest_first(web: httpx.Client, jo: Person, fan: Person, post: str) -> None:
    written = [said(person, post, str(number))["id"] for number, person in enumerate((fan, jo, fan))]
    assert [comment["id"] for comment in comments_of(web, post)] == written


def test_P4_comment_has_1_to_1000_characters(fan: Person, post: str) -> None:
    assert said(fan, post, "字" * 1000)["text"] == "字" * 1000
    for text in ("", "t" * 1001, None):
        invalid(fan.send("POST", f"/posts/{post}/comments", json={"text": text}), "/text")
    invalid(fan.send("POST", f"/posts/{post}/comments", json={}), "/text")


def test_P4_comment_requires_an_existing_post_and_a_user(web: httpx.Client, fan: Person, post: str) -> None:
    refusal(fan.comment(NOTHING, "hello?"), 404)
    refusal(web.get(f"{API}/posts/{NOTHING}/comments"), 404)
    unauthorized(web.post(f"{API}/posts/{post}/comments", json={"text": "anonymous"}))
    assert comments_of(web, post) == []


def test_P4_comment_count_is_exact_under_concurrency(web: httpx.Client, jo: Person, fan: Person, post: str) -> None:
    responses = at_once([partial(person.comment, post, "me too") for person in (jo, fan) * 4])
    assert [response.status_code for response in responses] == [201] * 8
    assert comment_count(web, post) == 8 == len(comments_of(web, post))


def test_P5_comment_can_be_replied_to(web: httpx.Client, jo: Person, fan: Person, post: str) -> None:
    first = said(fan, post, "first")
    reply = answer(jo.reply(post, first["id"], "thanks"), 201)
    assert (reply["parent_id"], reply["post_id"], reply["author"]["id"]) == (first["id"], post, jo.id)
    assert replies_to(web, first) == [reply]
    assert [(comment["id"], comment["reply_count"]) for comment in comments_of(web, post)] == [(first["id"], 1)]
    assert comment_count(web, post) == 2


def test_P5_nested_replies_are_listed_flat_under_the_first_comment(
    web: httpx.Client, jo: Person, fan: Person, post: str
) -> None:
    first = said(fan, post, "0")
    thread = [first]
    for depth, person in enumerate((jo, fan, jo), start=1):
        thread.append(answer(person.reply(post, thread[-1]["id"], str(depth)), 201))
    replies = replies_to(web, first)
    assert [(reply["id"], reply["parent_id"]) for reply in replies] == [
        (after["id"], before["id"]) for before, after in pairwise(thread)
    ]
    listed = comments_of(web, post)
    assert [(comment["id"], comment["reply_count"]) for comment in listed] == [(first["id"], 3)]
    assert comment_count(web, post) == 4


def test_P5_reply_must_be_to_a_comment_of_the_same_post(web: httpx.Client, jo: Person, post: str) -> None:
    elsewhere = said(jo, jo.posted()["id"], "another post")
    for parent in (elsewhere["id"], NOTHING, "no id"):
        refusal(jo.reply(post, parent, "lost"), 422)
    assert comments_of(web, post) == [] and replies_to(web, elsewhere) == []


def test_P7_only_the_author_edits_and_deletes_a_comment(web: httpx.Client, jo: Person, fan: Person, post: str) -> None:
    comment = said(fan, post, "my words")
    for other in (jo, Person.newcomer(web)):
        refusal(other.edit_comment(comment["id"], "twisted"), 403)
        refusal(other.delete_comment(comment["id"]), 403)
    unauthorized(web.patch(f"{API}/comments/{comment['id']}", json={"text": "twisted"}))
    unauthorized(web.delete(f"{API}/comments/{comment['id']}"))
    assert comments_of(web, post) == [comment]
    assert answer(fan.edit_comment(comment["id"], "better words"))["text"] == "better words"
    answer(fan.delete_comment(comment["id"]), 204)
    assert comments_of(web, post) == [] and comment_count(web, post) == 0


def test_P8_editing_a_comment_changes_updated_at(web: httpx.Client, fan: Person, post: str) -> None:
    comment = said(fan, post, "before")
    edited = answer(fan.edit_comment(comment["id"], "after"))
    assert edited["updated_at"] > comment["updated_at"]
    assert edited == comment | {"text": "after", "updated_at": edited["updated_at"]}
    assert comments_of(web, post) == [edited]
    for text in ("", "t" * 1001):
        invalid(fan.edit_comment(comment["id"], text), "/text")


def test_P7_deleted_comment_with_replies_stays_without_text(
    web: httpx.Client, jo: Person, fan: Person, post: str
) -> None:
    first = said(fan, post, "regretted words")
    reply = answer(jo.reply(post, first["id"], "kept words"), 201)
    answer(fan.delete_comment(first["id"]), 204)
    response = web.get(f"{API}/posts/{post}/comments")
    blank = items(response)[0]
    assert (blank["id"], blank["deleted"], blank["text"], blank["author"]) == (first["id"], True, None, None)
    assert blank["reply_count"] == 1 and "regretted" not in response.text
    assert replies_to(web, first) == [reply]


def test_P7_deleted_comment_cannot_be_edited(web: httpx.Client, jo: Person, fan: Person, post: str) -> None:
    first = said(fan, post, "regretted words")
    answer(jo.reply(post, first["id"], "kept words"), 201)
    answer(fan.delete_comment(first["id"]), 204)
    refusal(fan.edit_comment(first["id"], "back again"), {403, 404})
    assert comments_of(web, post)[0]["text"] is None


def test_P7_deleted_middle_reply_is_blanked_and_deleted_last_reply_is_removed(
    web: httpx.Client, jo: Person, fan: Person, post: str
) -> None:
    first = said(fan, post, "first")
    middle = answer(jo.reply(post, first["id"], "middle"), 201)
    last = answer(fan.reply(post, middle["id"], "last"), 201)
    answer(jo.delete_comment(middle["id"]), 204)
    assert [(one["id"], one["deleted"], one["text"]) for one in replies_to(web, first)] == [
        (middle["id"], True, None), (last["id"], False, "last"),
    ]  # fmt: skip
    answer(fan.delete_comment(last["id"]), 204)
    assert last["id"] not in ids(web.get(f"{API}/comments/{first['id']}/replies"))


def test_replies_to_an_unknown_comment_are_not_found(web: httpx.Client) -> None:
    refusal(web.get(f"{API}/comments/{NOTHING}/replies"), 404)


def test_comment_can_be_liked_and_likers_are_listed(web: httpx.Client, jo: Person, fan: Person, post: str) -> None:
    comment = said(jo, post, "like me")["id"]
    liked = {"comment_id": comment, "liked": True, "like_count": 1}
    assert answer(fan.like_comment(comment)) == answer(fan.like_comment(comment)) == liked
    answer(jo.like_comment(comment))
    likers = items(web.get(f"{API}/comments/{comment}/likes"))
    assert [(one["id"], one["nickname"]) for one in likers] == [(jo.id, jo.nickname), (fan.id, fan.nickname)]
    assert answer(jo.unlike_comment(comment)) == {"comment_id": comment, "liked": False, "like_count": 1}
    path = f"/posts/{post}/comments"
    seen = [items(response)[0] for response in (web.get(API + path), jo.send("GET", path), fan.send("GET", path))]
    assert [(each["liked"], each["like_count"]) for each in seen] == [(False, 1), (False, 1), (True, 1)]
    reply = answer(fan.reply(post, comment, "and me"), 201)["id"]
    answer(jo.like_comment(reply))
    assert [each["liked"] for each in items(jo.send("GET", f"/comments/{comment}/replies"))] == [True]


def test_likes_of_a_comment_need_one_that_is_there_and_a_user(web: httpx.Client, fan: Person, post: str) -> None:
    comment = said(fan, post, "not for long")["id"]
    unauthorized(web.put(f"{API}/comments/{comment}/like"))
    answer(fan.like_comment(comment))
    answer(fan.delete_comment(comment), 204)
    for missing in (comment, NOTHING):
        refusal(fan.like_comment(missing), 404)
        refusal(fan.unlike_comment(missing), 404)
        refusal(web.get(f"{API}/comments/{missing}/likes"), 404)
