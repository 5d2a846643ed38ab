"""Posts: photos with a caption, likes, and who may change or delete them (P1 to P3, P6, P8, P10)."""

from functools import partial
from typing import Any

import httpx
import pytest

from .contract import Operation
from .parallel import at_once
from .person import API, Person
from .responses import ID, TIME, answer, disappears, ids, invalid, items, refusal, unauthorized

TIMES = {"created_at", "updated_at"}
POST = TIMES | {"id", "author", "caption", "media", "like_count", "comment_count", "liked", "saved", "tags", "mentions"}
MEDIA = {"id", "url", "thumbnail_url", "width", "height", "blurhash", "alt", "content_type"}
NOTHING = "0000000000000001"


@pytest.fixture(scope="module")
def jo(web: httpx.Client) -> Person:
    return Person.newcomer(web, name="Jo Author")


@pytest.fixture(scope="module")
def fan(web: httpx.Client) -> Person:
    return Person.newcomer(web, name="Fay Fan")


def shown(web: httpx.Client, post: dict[str, Any]) -> Any:
    return answer(web.get(f"{API}/posts/{post['id']}"))


def test_P1_post_has_a_caption_and_photos(web: httpx.Client, jo: Person) -> None:
    photos = [answer(jo.upload(alt=f"photo {number}"), 201) for number in range(3)]
    body = {"media_ids": [photo["id"] for photo in photos], "caption": "Three of them 🌊"}
    response = jo.send("POST", "/posts", json=body)
    post = answer(response, 201)
    assert set(post) >= POST and ID.fullmatch(post["id"])
    assert post["media"] == photos and all(set(photo) >= MEDIA for photo in post["media"])
    assert jo.shown().items() <= post["author"].items()
    assert post["caption"] == body["caption"]
    assert (post["like_count"], post["comment_count"], post["liked"]) == (0, 0, False)
    assert TIME.fullmatch(post["created_at"]) and post["updated_at"] == post["created_at"]
    assert answer(web.get(response.headers["Location"])) == post
    assert shown(web, post) == post


def test_P1_new_post_is_first_in_the_authors_list_and_in_explore(web: httpx.Client, jo: Person) -> None:
    older, newer = jo.posted(), jo.posted()
    assert ids(web.get(f"{API}/users/{jo.id}/posts"))[:2] == [newer["id"], older["id"]]
    everyones = ids(web.get(f"{API}/posts", params={"limit": 100}))
    assert everyones.index(newer["id"]) < everyones.index(older["id"])
    assert everyones == sorted(everyones, reverse=True)


def test_P1_post_has_at_most_ten_photos_and_2200_characters(jo: Person) -> None:
    photos = [jo.photo() for _ in range(11)]
    refused = jo.send("POST", "/posts", json={"media_ids": photos})
    invalid(refused, "/media_ids")
    invalid(jo.send("POST", "/posts", json={"media_ids": photos[:1], "caption": "é" * 2201}), "/caption")
    full = answer(jo.send("POST", "/posts", json={"media_ids": photos[:10], "caption": "é" * 2200}), 201)
    assert [photo["id"] for photo in full["media"]] == photos[:10]


def test_P2_caption_is_optional(jo: Person) -> None:
    assert jo.posted()["caption"] is None
    body = {"media_ids": [jo.photo()], "caption": None}
    assert answer(jo.send("POST", "/posts", json=body), 201)["caption"] is None


@pytest.mark.parametrize("caption", ["", "  ", "\n", "\u200b\u3164"], ids=ascii)
def test_P2_caption_of_spaces_is_stored_as_none(jo: Person, caption: str) -> None:
    body = {"media_ids": [jo.photo()], "caption": caption}
    assert answer(jo.send("POST", "/posts", json=body), 201)["caption"] is None
    post = jo.posted("words")
    assert answer(jo.edit_post(post["id"], caption=caption))["caption"] is None


@pytest.mark.parametrize("body", [{}, {"media_ids": []}, {"media_ids": None}, {"media_ids": [], "caption": "words"}])
def test_P2_post_requires_at_least_one_photo(web: httpx.Client, jo: Person, body: dict[str, Any]) -> None:
    before = ids(web.get(f"{API}/users/{jo.id}/posts"))
    invalid(jo.send("POST", "/posts", json=body), "/media_ids")
    assert ids(web.get(f"{API}/users/{jo.id}/posts")) == before


def test_P1_photo_must_be_an_unused_upload_of_the_author(jo: Person, fan: Person) -> None:
    own, others = jo.photo(), fan.photo()
    used = jo.posted()["media"][0]["id"]
    for media_ids in ([others], [used], [NOTHING], ["no id"], [own, own], [own, others], [own, used]):
        refusal(jo.send("POST", "/posts", json={"media_ids": media_ids}), 422)
    answer(jo.send("POST", "/posts", json={"media_ids": [own]}), 201)
    answer(fan.send("POST", "/posts", json={"media_ids": [others]}), 201)


def test_P1_concurrent_posts_cannot_share_a_photo(jo: Person) -> None:
    body = {"media_ids": [jo.photo()]}
    responses = at_once([lambda: jo.send("POST", "/posts", json=body)] * 4)
    assert sorted(response.status_code for response in responses) == [201, 422, 422, 422]


def test_P3_post_can_be_liked_and_likers_are_listed(web: httpx.Client, jo: Person, fan: Person) -> None:
    post = jo.posted()
    assert answer(fan.like(post["id"])) == {"post_id": post["id"], "liked": True, "like_count": 1}
    answer(jo.like(post["id"]))
    likers = items(web.get(f"{API}/posts/{post['id']}/likes"))
    assert [(one["id"], one["nickname"]) for one in likers] == [(jo.id, jo.nickname), (fan.id, fan.nickname)]
    assert shown(web, post)["like_count"] == 2


def test_P3_liking_twice_has_no_further_effect(web: httpx.Client, jo: Person, fan: Person) -> None:
    post = jo.posted()
    assert answer(fan.like(post["id"])) == answer(fan.like(post["id"]))
    assert shown(web, post)["like_count"] == 1
    expected = {"post_id": post["id"], "liked": False, "like_count": 0}
    assert answer(fan.unlike(post["id"])) == answer(fan.unlike(post["id"])) == expected
    assert items(web.get(f"{API}/posts/{post['id']}/likes")) == []


def test_P3_liked_field_depends_on_the_viewer(web: httpx.Client, jo: Person, fan: Person) -> None:
    post = jo.posted()
    answer(fan.like(post["id"]))
    assert answer(fan.send("GET", f"/posts/{post['id']}"))["liked"] is True
    assert answer(jo.send("GET", f"/posts/{post['id']}"))["liked"] is False
    assert shown(web, post)["liked"] is False
    assert items(fan.send("GET", f"/users/{jo.id}/posts"))[0]["liked"] is True
    assert items(web.get(f"{API}/users/{jo.id}/posts"))[0]["liked"] is False


def test_P3_like_count_is_exact_under_concurrency(web: httpx.Client, jo: Person) -> None:
    post, fans = jo.posted(), [Person.newcomer(web) for _ in range(4)]
    at_once([partial(fan.like, post["id"]) for fan in fans * 3])
    assert shown(web, post)["like_count"] == 4
    assert len(items(web.get(f"{API}/posts/{post['id']}/likes"))) == 4
    at_once([partial(fan.unlike, post["id"]) for fan in fans[:3] * 3])
    assert shown(web, post)["like_count"] == 1


def test_P6_only_the_author_edits_and_deletes_a_post(web: httpx.Client, jo: Person, fan: Person) -> None:
    post = jo.posted("mine")
    refusal(fan.edit_post(post["id"], caption="stolen"), 403)
    refusal(fan.edit_post(post["id"], media_ids=[fan.photo()]), 403)
    refusal(fan.delete_post(post["id"]), 403)
    unauthorized(web.patch(f"{API}/posts/{post['id']}", json={"caption": "stolen"}))
    unauthorized(web.delete(f"{API}/posts/{post['id']}"))
    assert shown(web, post) == post
    assert answer(jo.edit_post(post["id"], caption="still mine"))["caption"] == "still mine"
    answer(jo.delete_post(post["id"]), 204)


def test_P8_only_editing_changes_updated_at(web: httpx.Client, jo: Person, fan: Person) -> None:
    post = jo.posted("before")
    answer(fan.like(post["id"]))
    answer(fan.comment(post["id"], "nice"), 201)
    assert shown(web, post)["updated_at"] == post["updated_at"]
    edited = answer(jo.edit_post(post["id"], caption="after"))
    assert edited["updated_at"] > post["updated_at"]
    assert edited["caption"] == "after"
    untouched = ("id", "author", "media", "created_at")
    assert [edited[name] for name in untouched] == [post[name] for name in untouched]
    assert (edited["like_count"], edited["comment_count"]) == (1, 1)
    assert shown(web, post) == edited


def test_P8_caption_can_be_removed(web: httpx.Client, jo: Person) -> None:
    post = jo.posted("words")
    edited = answer(jo.edit_post(post["id"], caption=None))
    assert edited["caption"] is None and edited["media"] == post["media"]
    assert shown(web, post) == edited


def test_P8_photos_can_be_replaced_and_old_files_stay_for_a_while(web: httpx.Client, jo: Person) -> None:
    post = jo.posted("words", photos=2)
    kept, dropped = post["media"]
    new = jo.photo()
    edited = answer(jo.edit_post(post["id"], media_ids=[new, kept["id"]]))
    assert [photo["id"] for photo in edited["media"]] == [new, kept["id"]]
    assert edited["caption"] == "words" and edited["updated_at"] > post["updated_at"]
    assert web.get(kept["url"]).status_code == 200
    for url in (dropped["url"], dropped["thumbnail_url"]):
        assert web.get(url).status_code == 200


def test_P8_edits_are_validated(web: httpx.Client, jo: Person, fan: Person) -> None:
    post, other = jo.posted("words"), jo.posted()
    for media_ids in ([], None, [NOTHING], [fan.photo()], [other["media"][0]["id"]]):
        refusal(jo.edit_post(post["id"], media_ids=media_ids), 422)
    invalid(jo.edit_post(post["id"], caption="c" * 2201), "/caption")
    assert shown(web, post) == post and shown(web, other) == other


def test_P10_deleting_a_post_deletes_its_likes_comments_and_files(web: httpx.Client, jo: Person, fan: Person) -> None:
    post = jo.posted("soon gone", photos=2)
    answer(fan.like(post["id"]))
    comment = answer(fan.comment(post["id"], "first"), 201)
    reply = answer(jo.reply(post["id"], comment["id"], "second"), 201)
    answer(jo.delete_post(post["id"]), 204)
    for path in ("", "/likes", "/comments"):
        refusal(web.get(f"{API}/posts/{post['id']}{path}"), 404)
    refusal(web.get(f"{API}/comments/{comment['id']}/replies"), 404)
    refusal(fan.edit_comment(comment["id"], "still here?"), 404)
    refusal(jo.delete_comment(reply["id"]), 404)
    refusal(fan.like(post["id"]), 404)
    refusal(fan.comment(post["id"], "hello?"), 404)
    assert post["id"] not in ids(web.get(f"{API}/users/{jo.id}/posts", params={"limit": 100}))
    for url in (photo[kind] for photo in post["media"] for kind in ("url", "thumbnail_url")):
        disappears(web, url)


def test_P10_deleted_post_stays_deleted(jo: Person) -> None:
    post = jo.posted()
    answer(jo.delete_post(post["id"]), 204)
    refusal(jo.delete_post(post["id"]), 404)
    refusal(jo.edit_post(post["id"], caption="back"), 404)
    refusal(jo.send("POST", "/posts", json={"media_ids": [post["media"][0]["id"]]}), 422)


def test_posts_of_an_unknown_user_are_not_found(web: httpx.Client) -> None:
    refusal(web.get(f"{API}/users/{NOTHING}/posts"), 404)
    refusal(web.get(f"{API}/posts/{NOTHING}"), 404)


def test_posts_are_returned_in_the_order_of_the_requested_ids(web: httpx.Client, jo: Person, fan: Person) -> None:
    first, second, gone = (jo.posted(str(number))["id"] for number in range(3))
    answer(fan.like(first))
    answer(jo.delete_post(gone), 204)
    page = answer(fan.send("GET", f"/posts?ids={second},{gone},{first},{NOTHING}"))
    assert [(each["id"], each["liked"]) for each in page["items"]] == [(second, False), (first, True)]
    assert page["next_cursor"] is None
    assert not any(each["liked"] for each in items(web.get(f"{API}/posts", params={"ids": f"{first},{second}"})))
    invalid(web.get(f"{API}/posts?ids=none"), "/ids")
    invalid(web.get(f"{API}/posts", params={"ids": ",".join([NOTHING] * 101)}), "/ids")


def test_documented_limits_are_enforced(web: httpx.Client, declared: list[Operation]) -> None:
    """In whichever service."""
    limits = answer(web.get(f"{API}/limits"))

    def most(path: str, field: str, bound: str) -> int:
        operation = next(each for each in declared if (each.method, each.template) == ("POST", f"{API}{path}"))
        schema = operation.body_fields()[field]
        found: int = next(one[bound] for one in (schema, *schema.get("anyOf", [])) if bound in one)
        return found

    assert limits["post"]["max_caption_length"] == most("/posts", "caption", "maxLength")
    assert limits["post"]["max_media"] == most("/posts", "media_ids", "maxItems")
    assert limits["comment"]["max_text_length"] == most("/posts/{}/comments", "text", "maxLength")
    assert limits["message"]["max_text_length"] == most("/rooms/{}/messages", "text", "maxLength")
    assert limits["media"]["max_bytes"] == 20 * 1024 * 1024


def test_post_can_be_saved_and_only_its_owner_sees_that(web: httpx.Client, jo: Person, fan: Person) -> None:
    first, second = jo.posted("one")["id"], jo.posted("two")["id"]
    assert answer(fan.save(second)) == answer(fan.save(second)) == {"post_id": second, "saved": True}
    answer(fan.save(first))
    assert ids(fan.send("GET", "/users/me/saved")) == [first, second]
    assert [each["saved"] for each in items(fan.send("GET", "/users/me/saved"))] == [True, True]
    assert answer(fan.send("GET", f"/posts/{first}"))["saved"] is True
    assert answer(jo.send("GET", f"/posts/{first}"))["saved"] is False
    assert shown(web, {"id": first})["saved"] is False
    assert ids(jo.send("GET", "/users/me/saved")) == []
    assert answer(fan.unsave(first)) == answer(fan.unsave(first)) == {"post_id": first, "saved": False}
    answer(jo.delete_post(second), 204)
    assert ids(fan.send("GET", "/users/me/saved")) == []
    refusal(fan.save(second), 404)
    unauthorized(web.get(f"{API}/users/me/saved"))
