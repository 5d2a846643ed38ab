"""Users without a local copy: auth is asked once, and its response is stored."""

import asyncio
from typing import Any

import httpx

from services.posts import models
from services.posts.settings import Settings
from shared import ids
from shared.replication.purge import PURGED
from shared.security.service_calls import InternalCallerVerifier, ServiceClient
from shared.testing import LiveService, Stub, eventually
from shared.testing.api_client import expect_json, expect_problem

from .api_client import ApiClients
from .conftest import SECRET_OF_DM
from .factories import facts, purge_states, rows_of


def knows(auth: Stub, person_id: str, **changes: Any) -> None:
    """Make auth know this user."""
    person = {"user_id": person_id, "nickname": "ada", "name": "Ada", "avatar_url": None, "version": 1}
    auth.answers[f"/internal/people/{person_id}"] = {**person, "deleted": False, **changes}


def auth_requests(auth: Stub) -> list[httpx.Request]:
    """All requests to auth about users."""
    return [each for each in auth.asked if each.url.path.startswith("/internal/people/")]


def test_unknown_user_can_post_after_one_request_to_auth(clients: ApiClients, auth: Stub) -> None:
    jo = clients.unknown_user()
    knows(auth, jo.id, nickname="jo", avatar_url="/api/v1/avatars/1.jpg")
    post = jo.posted()
    assert post["author"] == {
        "id": jo.id,
        "nickname": "jo",
        "name": "Ada",
        "avatar_url": "/api/v1/avatars/1.jpg",
        "deleted": False,
    }
    assert expect_json(jo.like(post["id"]), 200)["like_count"] == 1
    assert len(auth_requests(auth)) == 1 and len(rows_of(clients.database, models.media)) == 1


def test_posts_authenticates_to_auth(clients: ApiClients, auth: Stub, settings: Settings) -> None:
    clients.anybody(f"/users/{ids.encode(ids.new())}/posts")
    token = auth_requests(auth)[0].headers["authorization"].removeprefix("Bearer ")
    assert InternalCallerVerifier("auth", {"posts": settings.caller_key("auth")}).check(token) == "posts"


def test_new_user_has_no_posts_and_unknown_user_is_not_found(clients: ApiClients, auth: Stub) -> None:
    newcomer = clients.unknown_user()
    knows(auth, newcomer.id)
    assert clients.anybody(f"/users/{newcomer.id}/posts").json() == {"items": [], "next_cursor": None}
    expect_problem(clients.anybody(f"/users/{ids.encode(ids.new())}/posts"), 404, "not_found")


def test_token_of_a_user_unknown_to_auth_is_refused(clients: ApiClients) -> None:
    (jo,) = clients.known(1)
    post = jo.posted()["id"]
    expect_problem(clients.unknown_user().like(post), 401, "invalid_token")
    expect_problem(clients.unknown_user().upload(), 401, "invalid_token")


def test_unknown_user_who_has_withdrawn_is_refused_and_stored_as_a_tombstone(clients: ApiClients, auth: Stub) -> None:
    jo, gone = *clients.known(1), clients.unknown_user()
    post = jo.posted()["id"]
    knows(auth, gone.id, nickname=None, name=None, version=0, deleted=True)
    expect_problem(gone.comment(post, "hello"), 401, "invalid_token")
    expect_problem(clients.anybody(f"/users/{gone.id}/posts"), 404, "not_found")
    assert len(auth_requests(auth)) == 1
    eventually(lambda: purge_states(clients.database) == {gone.number: PURGED})
    assert facts(clients.database) == [("user.purged.v1", {"user_id": gone.id, "service": "posts"})]


def test_only_unknown_users_get_503_while_auth_is_unavailable(clients: ApiClients, auth: Stub) -> None:
    (jo,) = clients.known(1)
    post = jo.posted()["id"]
    auth.down = True
    answer = clients.unknown_user().like(post)
    expect_problem(answer, 503, "neighbour_unavailable")
    assert answer.headers["retry-after"] == "1"
    assert expect_json(jo.like(post), 200)["like_count"] == 1


def test_internal_post_lookup_requires_service_credentials(clients: ApiClients) -> None:
    (jo,) = clients.known(1)
    post = jo.posted()["id"]
    path = f"/internal/posts/{post}"
    for headers in ({}, clients.token_issuer.bearer(jo.number), {"authorization": "Bearer forged"}):
        expect_problem(clients.service.client.get(path, headers=headers), 401, "invalid_token")
    assert asked_by_dm(clients.service, path) == {"post_id": post, "author_id": jo.id}
    assert jo.send("DELETE", f"/posts/{post}").status_code == 204
    for gone in (path, "/internal/posts/0000000000000001", "/internal/posts/x"):
        assert asked_by_dm(clients.service, gone) is None


def test_internal_previews_are_those_that_the_viewer_sees(clients: ApiClients) -> None:
    jo, max_ = clients.known(2)
    posts = [jo.posted() for _ in range(2)]
    query = {"post_ids": ",".join([*(each["id"] for each in posts), "0000000000000001"]), "viewer": max_.id}
    expect_problem(clients.service.client.get("/internal/previews", params=query), 401, "invalid_token")
    found = asked_by_dm(clients.service, "/internal/previews", **query)
    assert found is not None
    cards = [
        {"id": each["id"], "author": each["author"], "thumbnail_url": each["media"][0]["thumbnail_url"]}
        for each in posts
    ]
    assert sorted(found["posts"], key=lambda card: str(card["id"])) == cards
    assert jo.send("DELETE", f"/posts/{posts[0]['id']}").status_code == 204
    assert asked_by_dm(clients.service, "/internal/previews", **query) == {"posts": cards[1:], "comments": []}


def asked_by_dm(service: LiveService, path: str, **query: str) -> dict[str, Any] | None:
    """The response that dm gets."""

    async def ask() -> dict[str, Any] | None:
        client = ServiceClient("dm", SECRET_OF_DM, "posts", service.url)
        try:
            return await client.get(path, **query)
        finally:
            await client.close()

    return asyncio.run(ask())


def test_service_is_ready(service: LiveService) -> None:
    assert service.client.get("/readyz").json() == {"status": "ready", "database": "up", "broker": "up"}
