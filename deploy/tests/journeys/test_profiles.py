"""Profiles: found by id, nickname and search, with an avatar, and with current names in every service."""

from typing import Any

import httpx

from shared.testing import eventually

from .image_files import decoded, encoded, four_corners, picture, telling_exif, turned_exif
from .person import API, Person, fresh_nickname
from .responses import answer, disappears, ids, invalid, items, refusal


def test_profile_is_found_by_id_and_by_nickname_in_any_case(web: httpx.Client, other_user: Person) -> None:
    by_id = answer(web.get(f"{API}/users/{other_user.id}"))
    assert (by_id["id"], by_id["nickname"], by_id["name"]) == (other_user.id, other_user.nickname, other_user.name)
    assert answer(web.get(f"{API}/users/by-nickname/{other_user.nickname}")) == by_id
    assert answer(web.get(f"{API}/users/by-nickname/{other_user.nickname.upper()}")) == by_id


def test_unknown_profile_is_not_found(web: httpx.Client) -> None:
    refusal(web.get(f"{API}/users/0000000000000001"), 404)
    refusal(web.get(f"{API}/users/by-nickname/{fresh_nickname()}"), 404)


def test_search_matches_the_beginning_of_nickname_or_name_in_any_case(web: httpx.Client) -> None:
    jo = Person.registered(web, name=f"Zoë {fresh_nickname()}")
    for query in (jo.nickname, jo.nickname[:12].upper(), jo.name, jo.name.lower(), jo.name[:15]):
        found = items(web.get(f"{API}/users", params={"query": query}))
        assert [person["id"] for person in found] == [jo.id], query
        assert set(found[0]) >= {"id", "nickname", "name", "bio", "avatar_url", "created_at"}
        assert "email" not in found[0] and "phone" not in found[0]
    assert ids(web.get(f"{API}/users", params={"query": jo.nickname[1:]})) == []


def test_search_text_has_no_wildcards(web: httpx.Client) -> None:
    jo = Person.registered(web)
    for query in (f"{jo.nickname[:6]}%", f"_{jo.nickname[1:]}", "%", "\\", "'", f'{jo.nickname}" or 1=1 --'):
        assert jo.id not in ids(web.get(f"{API}/users", params={"query": query, "limit": 100})), query


def test_avatar_can_be_set_and_removed(web: httpx.Client) -> None:
    jo = Person.newcomer(web)
    url = answer(jo.show_face(picture()))["avatar_url"]
    assert answer(web.get(f"{API}/users/{jo.id}"))["avatar_url"] == url
    served = web.get(url)
    assert served.status_code == 200 and served.headers["content-type"].startswith("image/")
    assert decoded(served.content).width > 0
    assert answer(jo.send("DELETE", "/users/me/avatar"))["avatar_url"] is None
    assert answer(jo.send("DELETE", "/users/me/avatar"))["avatar_url"] is None
    disappears(web, url)


def test_new_avatar_has_a_new_url_and_the_old_file_stays_for_a_while(web: httpx.Client) -> None:
    jo = Person.newcomer(web)
    old = answer(jo.show_face(picture()))["avatar_url"]
    new = answer(jo.show_face(picture()))["avatar_url"]
    assert new != old
    assert [web.get(url).status_code for url in (old, new)] == [200, 200]


def test_avatar_metadata_is_removed(web: httpx.Client) -> None:
    jo = Person.newcomer(web)
    exif = telling_exif()
    exif.update(turned_exif(6))
    url = answer(jo.show_face(encoded(four_corners(), "JPEG", exif=exif, comment=b"<script>")))["avatar_url"]
    served = web.get(url)
    assert not decoded(served.content).getexif()
    assert b"Secret" not in served.content and b"<script>" not in served.content


def test_avatar_that_is_not_an_image_is_refused(other_user: Person) -> None:
    refusal(other_user.show_face(b"just text"), 415, "unsupported_media")
    refusal(other_user.show_face(picture(size=(400, 400))[:2000]), 422, "corrupt_media")
    invalid(
        other_user.send("PUT", "/users/me/avatar", files={"other": ("me.jpg", picture(), "image/jpeg")}),
        "/file",
    )
    assert answer(other_user.account())["avatar_url"] is None


def test_new_name_and_avatar_are_shown_in_every_service(web: httpx.Client) -> None:
    jo, peer = Person.newcomer(web), Person.newcomer(web)
    post = jo.posted()
    answer(jo.comment(post["id"], "hello"), 201)
    answer(jo.like(post["id"]))
    answer(jo.follow(peer.id))
    room = answer(peer.open_room(jo.id), 201)
    answer(jo.say(room["id"], "hello"), 201)
    answer(jo.change(nickname=fresh_nickname(), name="Jo Anew"))
    account = answer(jo.show_face(picture()))
    expected = {name: account[name] for name in ("id", "nickname", "name", "avatar_url")} | {"deleted": False}

    def everywhere() -> list[Any]:
        return [
            answer(web.get(f"{API}/posts/{post['id']}"))["author"],
            items(web.get(f"{API}/posts/{post['id']}/comments"))[0]["author"],
            items(web.get(f"{API}/posts/{post['id']}/likes"))[0],
            items(web.get(f"{API}/users/{peer.id}/followers"))[0],
            answer(peer.send("GET", f"/rooms/{room['id']}"))["peer"],
            items(peer.send("GET", f"/rooms/{room['id']}/messages"))[0]["sender"],
        ]

    eventually(lambda: all(expected.items() <= shown.items() for shown in everywhere()))
