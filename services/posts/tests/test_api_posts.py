"""Posts over a real socket; each response is checked against the OpenAPI document."""

from typing import Any

import pytest

from services.posts import models
from services.posts.actions.photos import REPLACED_RETENTION_MS
from services.posts.actions.withdrawals import WITHDRAWAL
from shared import clock, ids
from shared.testing import eventually
from shared.testing.api_client import expect_json, expect_problem

from .api_client import ApiClients, picture

NOTHING = "0000000000000001"


def test_post_is_created_read_edited_and_deleted(clients: ApiClients) -> None:
    jo, fan = clients.known(2)
    photos = [expect_json(jo.upload(alt="first")), expect_json(jo.upload())]
    answer = jo.post([photo["id"] for photo in photos], caption="Two of them 🌊")
    post = expect_json(answer)
    assert post["media"] == photos and post["author"]["id"] == jo.id
    assert (post["caption"], post["like_count"], post["comment_count"], post["liked"]) == (
        "Two of them 🌊",
        0,
        0,
        False,
    )
    assert answer.headers["location"] == f"/api/v1/posts/{post['id']}"
    assert clients.anybody(f"/posts/{post['id']}").json() == fan.get(f"/posts/{post['id']}") == post
    edited = expect_json(jo.edit(post["id"], caption=None, media_ids=[photos[1]["id"]]), 200)
    assert edited["caption"] is None and edited["media"] == photos[1:]
    assert edited["updated_at"] > post["updated_at"]
    assert expect_json(jo.edit(post["id"]), 200) == edited == fan.get(f"/posts/{post['id']}")
    for _ in range(2):
        expect_problem(fan.send("DELETE", f"/posts/{post['id']}"), 403, "not_yours")
    assert jo.send("DELETE", f"/posts/{post['id']}").status_code == 204
    expect_problem(jo.send("DELETE", f"/posts/{post['id']}"), 404, "not_found")
    expect_problem(clients.anybody(f"/posts/{post['id']}"), 404, "not_found")


def test_files_are_deleted_with_the_post_and_later_after_an_edit(
    clients: ApiClients, monkeypatch: pytest.MonkeyPatch
) -> None:
    (jo,) = clients.known(1)
    post = jo.posted(photos=2)
    kept, dropped = post["media"]
    assert served(clients, kept) == served(clients, dropped) == {200}
    expect_json(jo.edit(post["id"], media_ids=[kept["id"]]), 200)
    assert served(clients, dropped) == {200}, "pages that were loaded before still show it"
    now = clock.now
    monkeypatch.setattr(clock, "now", lambda: now() + REPLACED_RETENTION_MS)
    clients.service.app.state.database.listeners.call([models.disposal.name])  # the worker reads the clock again
    eventually(lambda: served(clients, dropped) == {404})
    assert served(clients, kept) == {200}
    assert jo.send("DELETE", f"/posts/{post['id']}").status_code == 204
    eventually(lambda: served(clients, kept) == {404})


def test_files_removed_by_an_edit_are_deleted_at_once_with_the_post(clients: ApiClients) -> None:
    (jo,) = clients.known(1)
    post = jo.posted(photos=2)
    kept, dropped = post["media"]
    expect_json(jo.edit(post["id"], media_ids=[kept["id"]]), 200)
    assert served(clients, dropped) == {200}
    assert jo.send("DELETE", f"/posts/{post['id']}").status_code == 204
    eventually(lambda: served(clients, dropped) == {404})


def test_files_removed_by_an_edit_are_deleted_at_once_with_the_account(clients: ApiClients) -> None:
    (jo,) = clients.known(1)
    post = jo.posted(photos=2)
    kept, dropped = post["media"]
    expect_json(jo.edit(post["id"], media_ids=[kept["id"]]), 200)
    assert clients.service.deliver(
        "user.deleted.v1", {"user_id": jo.id, "deleted_at": clock.format_rfc3339(clock.now())}
    )
    eventually(lambda: served(clients, dropped) == served(clients, kept) == {404})


def served(clients: ApiClients, photo: dict[str, Any]) -> set[int]:
    """The statuses of its two files."""
    return {clients.service.client.get(photo[size]).status_code for size in ("url", "thumbnail_url")}


BAD_POSTS: list[tuple[dict[str, Any], str, str]] = [
    ({}, "/media_ids", "validation_failed"),
    ({"media_ids": []}, "/media_ids", "validation_failed"),
    ({"media_ids": None}, "/media_ids", "validation_failed"),
    ({"media_ids": [], "caption": "words"}, "/media_ids", "validation_failed"),
    ({"media_ids": "0000000000000001"}, "/media_ids", "validation_failed"),
    ({"media_ids": ["no id"]}, "/media_ids/0", "validation_failed"),
    ({"media_ids": [1]}, "/media_ids/0", "validation_failed"),
    ({"media_ids": [NOTHING, NOTHING]}, "/media_ids", "duplicate_media"),
    ({"media_ids": [ids.encode(each) for each in range(1, 12)]}, "/media_ids", "validation_failed"),
    ({"media_ids": [NOTHING]}, "/media_ids/0", "unknown_media"),
    ({"media_ids": [NOTHING], "caption": "é" * 2201}, "/caption", "validation_failed"),
    ({"media_ids": [NOTHING], "caption": "nul\0"}, "/caption", "nul_character"),
    ({"media_ids": [NOTHING], "caption": 1}, "/caption", "validation_failed"),
    ({"media_ids": [NOTHING], "author": NOTHING}, "/author", "validation_failed"),
]
"""Bodies, where they are wrong, and what their refusal is called."""


def test_invalid_post_is_refused_with_a_pointer(clients: ApiClients) -> None:
    (jo,) = clients.known(1)
    post = jo.posted("as it was")
    for body, pointer, code in BAD_POSTS:
        expect_problem(jo.send("POST", "/posts", json=body), 422, code, pointer)
        if body:
            expect_problem(jo.edit(post["id"], **body), 422, code, pointer)
    assert jo.get(f"/users/{jo.id}/posts")["items"] == [post]


def test_photo_of_another_user_and_used_photo_are_refused(clients: ApiClients) -> None:
    jo, other = clients.known(2)
    used, theirs, own = jo.posted()["media"][0]["id"], other.photo(), jo.photo()
    expect_problem(jo.post([own, theirs]), 422, "unknown_media", "/media_ids/1")
    expect_problem(jo.post([own, used]), 422, "media_already_used", "/media_ids/1")
    expect_json(jo.post([own]))


def test_post_has_at_most_ten_photos_and_2200_characters(clients: ApiClients) -> None:
    (jo,) = clients.known(1)
    photos = [jo.photo() for _ in range(10)]
    assert [photo["id"] for photo in expect_json(jo.post(photos, caption="字" * 2200))["media"]] == photos


def test_one_key_creates_one_post(clients: ApiClients) -> None:
    (jo,) = clients.known(1)
    photo = jo.photo()
    first, again = (jo.post([photo], key="once", caption="words") for _ in range(2))
    assert expect_json(first) == expect_json(again) and first.headers["location"] == again.headers["location"]
    expect_problem(jo.post([photo], key="once", caption="other words"), 422, "idempotency_key_reused")
    assert len(jo.get(f"/users/{jo.id}/posts")["items"]) == 1


def test_each_list_of_posts_is_paged(clients: ApiClients) -> None:
    jo, fan = clients.known(2)
    assert clients.service.deliver("user.followed.v1", {"follower_id": fan.id, "followee_id": jo.id, "version": 1})
    published = [jo.posted()["id"] for _ in range(5)]
    for path in ("/posts", f"/users/{jo.id}/posts", "/feed"):
        url: str | None = f"{path}?limit=2"
        seen: list[str] = []
        while url is not None:
            answer = fan.send("GET", url.removeprefix("/api/v1"))
            seen += [each["id"] for each in expect_json(answer, 200)["items"]]
            url = answer.links["next"]["url"] if "next" in answer.links else None
        assert seen == published[::-1]


def test_posts_are_returned_in_the_order_of_the_requested_ids(clients: ApiClients) -> None:
    jo, fan = clients.known(2)
    first, second, gone = (jo.posted(str(number)) for number in range(3))
    expect_json(fan.like(second["id"]), 200)
    assert jo.send("DELETE", f"/posts/{gone['id']}").status_code == 204
    wanted = ",".join(each["id"] for each in (second, gone, first, second))
    answer = fan.get(f"/posts?ids={wanted},{NOTHING}")
    assert [(each["id"], each["liked"]) for each in answer["items"]] == [(second["id"], True), (first["id"], False)]
    assert answer["next_cursor"] is None
    for_anybody = clients.anybody(f"/posts?ids={wanted}")
    assert [each["liked"] for each in for_anybody.json()["items"]] == [False, False]
    assert "link" not in for_anybody.headers
    assert clients.anybody(f"/posts?ids={NOTHING}").json() == {"items": [], "next_cursor": None}
    clients.database.write(WITHDRAWAL.request, jo.number)
    assert clients.anybody(f"/posts?ids={wanted}").json()["items"] == []


def test_at_most_a_hundred_posts_are_read_by_id(clients: ApiClients) -> None:
    many = ",".join(ids.encode(each) for each in range(1, 101))
    assert clients.anybody(f"/posts?ids={many}").json()["items"] == []
    expect_problem(clients.anybody(f"/posts?ids={many},{ids.encode(101)}"), 422, "too_many_ids")
    for bad in ("", ",", NOTHING + ",", "1", NOTHING.upper() + "F", NOTHING + ", " + NOTHING):
        problem = expect_problem(clients.anybody(f"/posts?ids={bad}"), 422, "invalid_id")
        assert problem["errors"][0]["pointer"] == "/ids"
    expect_problem(clients.anybody(f"/posts?ids={NOTHING}&limit=5"), 422, "not_with_ids")
    expect_problem(clients.anybody(f"/posts?ids={NOTHING}&ids={NOTHING}"), 422, "repeated_parameter")
    expect_problem(clients.anybody(f"/posts?id={NOTHING}"), 422, "unknown_parameter")
    cursor = NOTHING
    expect_problem(clients.anybody(f"/posts?ids={NOTHING}&cursor={cursor}"), 400, "invalid_cursor")


def test_documented_limits_are_enforced(clients: ApiClients) -> None:
    """Values up to the documented limit are accepted."""
    (jo,) = clients.known(1)
    answer = clients.anybody("/limits")
    told = expect_json(answer, 200)
    assert answer.headers["cache-control"] == "public, max-age=3600"
    caption = "x" * told["post"]["max_caption_length"]
    photos = [jo.photo() for _ in range(told["post"]["max_media"])]
    post = expect_json(jo.post(photos, caption=caption))
    expect_problem(jo.edit(post["id"], caption=f"{caption}x"), 422, "validation_failed")
    expect_problem(jo.post([*photos, NOTHING]), 422, "validation_failed")
    expect_problem(jo.comment(post["id"], "x" * (told["comment"]["max_text_length"] + 1)), 422, "validation_failed")
    expect_problem(jo.upload(alt="x" * (told["media"]["max_alt_length"] + 1)), 422, "validation_failed")
    assert "image/jpeg" in told["media"]["content_types"] and told["media"]["max_decoded_bytes"] == 235_000_000
    assert told["rates"] == []
    policy = {"ratelimit-policy": '"uploads";q=30;w=1800, "person";q=1500;w=300'}
    assert clients.service.client.get("/api/v1/limits", headers=policy).json()["rates"] == [
        {"name": "uploads", "max_requests": 30, "seconds": 1800},
        {"name": "person", "max_requests": 1500, "seconds": 300},
    ]
    assert clients.anybody(f"/posts?limit={told['lists']['max_limit']}").status_code == 200
    expect_problem(clients.anybody(f"/posts?limit={told['lists']['max_limit'] + 1}"), 422, "validation_failed")


def test_list_items_show_whether_the_viewer_likes_them(clients: ApiClients) -> None:
    jo, fan = clients.known(2)
    post = jo.posted()["id"]
    expect_json(fan.like(post), 200)
    for path in ("/posts", f"/users/{jo.id}/posts"):
        assert [each["liked"] for each in fan.get(path)["items"]] == [True]
        assert [each["liked"] for each in jo.get(path)["items"]] == [False]
        assert [each["liked"] for each in clients.anybody(path).json()["items"]] == [False]
    assert [each["liked"] for each in jo.get("/feed")["items"]] == [False]


def test_every_write_requires_a_token_and_an_invalid_one_is_refused_everywhere(clients: ApiClients) -> None:
    (jo,) = clients.known(1)
    post = jo.posted()["id"]
    comment = jo.said(post, "words")["id"]
    client = clients.service.client
    writes = [
        ("POST", "/posts"), ("PATCH", f"/posts/{post}"), ("DELETE", f"/posts/{post}"),
        ("GET", "/feed"), ("PUT", f"/posts/{post}/like"), ("DELETE", f"/posts/{post}/like"),
        ("POST", f"/posts/{post}/comments"), ("PATCH", f"/comments/{comment}"), ("DELETE", f"/comments/{comment}"),
    ]  # fmt: skip
    for method, path in writes:
        answer = client.request(method, f"/api/v1{path}")
        expect_problem(answer, 401, "invalid_token")
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    expect_problem(
        client.post("/api/v1/media", files={"file": ("x.jpg", picture(), "image/jpeg")}), 401, "invalid_token"
    )
    for path in ("/posts", f"/posts/{post}", f"/users/{jo.id}/posts"):
        expect_problem(client.get(f"/api/v1{path}", headers={"authorization": "Bearer forged"}), 401, "invalid_token")


def test_malformed_id_is_not_found(clients: ApiClients) -> None:
    (jo,) = clients.known(1)
    for wrong in ("x", "0" * 15, "f" * 16, "%00", "A" * 3000):
        for path in (f"/posts/{wrong}", f"/posts/{wrong}/likes", f"/posts/{wrong}/comments", f"/users/{wrong}/posts"):
            expect_problem(clients.anybody(path), 404, "not_found")
        expect_problem(jo.like(wrong), 404, "not_found")
        expect_problem(jo.edit(wrong, caption="x"), 404, "not_found")
        expect_problem(jo.comment(wrong, "x"), 404, "not_found")
        expect_problem(clients.anybody(f"/comments/{wrong}/replies"), 404, "not_found")


def test_posts_of_an_unknown_or_withdrawn_user_are_not_found(clients: ApiClients) -> None:
    (jo,) = clients.known(1)
    post = jo.posted()["id"]
    expect_problem(clients.anybody(f"/users/{NOTHING}/posts"), 404, "not_found")
    clients.database.write(WITHDRAWAL.request, jo.number)
    expect_problem(clients.anybody(f"/users/{jo.id}/posts"), 404, "not_found")
    expect_problem(clients.anybody(f"/posts/{post}"), 404, "not_found")
    expect_problem(jo.like(post), 401, "invalid_token")
    expect_problem(jo.upload(), 401, "invalid_token")
