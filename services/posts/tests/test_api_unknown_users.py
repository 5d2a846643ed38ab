"""People whom no fact has told of yet: auth is asked once, and what it says is kept."""

import asyncio
from typing import Any

import httpx

from services.posts import models
from services.posts.settings import Settings
from shared import ids
from shared.replication.purge import PURGED
from shared.security.service_calls import InternalCallerVerifier, ServiceClient
from shared.testing import LiveService, Stub, eventually

from .api_client import ApiClients, expect_json, expect_problem
from .conftest import SECRET_OF_DM
from .factories import facts, purge_states, rows_of


def knows(auth: Stub, person_id: str, **changes: Any) -> None:
    """Let auth know somebody."""
    person = {"user_id": person_id, "nickname": "ada", "name": "Ada", "avatar_url": None, "version": 1}
    auth.answers[f"/internal/people/{person_id}"] = {**person, "deleted": False, **changes}


def auth_requests(auth: Stub) -> list[httpx.Request]:
    """Everything that auth was asked about people."""
    return [each for each in auth.asked if each.url.path.startswith("/internal/people/")]


def test_a_stranger_can_publish_and_auth_is_asked_once(clients: ApiClients, auth: Stub) -> None:
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


def test_posts_proves_to_auth_who_it_is(clients: ApiClients, auth: Stub, settings: Settings) -> None:
    clients.anybody(f"/users/{ids.encode(ids.new())}/posts")
    token = auth_requests(auth)[0].headers["authorization"].removeprefix("Bearer ")
    assert InternalCallerVerifier("auth", {"posts": settings.caller_key("auth")}).check(token) == "posts"


def test_somebody_who_has_just_signed_up_has_no_posts_and_nobody_has_no_list(clients: ApiClients, auth: Stub) -> None:
    newcomer = clients.unknown_user()
    knows(auth, newcomer.id)
    assert clients.anybody(f"/users/{newcomer.id}/posts").json() == {"items": [], "next_cursor": None}
    expect_problem(clients.anybody(f"/users/{ids.encode(ids.new())}/posts"), 404, "not_found")


def test_a_token_of_whom_auth_does_not_know_is_refused(clients: ApiClients) -> None:
    (jo,) = clients.known(1)
    post = jo.posted()["id"]
    expect_problem(clients.unknown_user().like(post), 401, "invalid_token")
    expect_problem(clients.unknown_user().upload(), 401, "invalid_token")


def test_a_stranger_who_has_withdrawn_is_refused_and_buried_here_too(clients: ApiClients, auth: Stub) -> None:
    jo, gone = *clients.known(1), clients.unknown_user()
    post = jo.posted()["id"]
    knows(auth, gone.id, nickname=None, name=None, version=0, deleted=True)
    expect_problem(gone.comment(post, "hello"), 401, "invalid_token")
    expect_problem(clients.anybody(f"/users/{gone.id}/posts"), 404, "not_found")
    assert len(auth_requests(auth)) == 1
    eventually(lambda: purge_states(clients.database) == {gone.number: PURGED})
    assert facts(clients.database) == [("user.purged.v1", {"user_id": gone.id, "service": "posts"})]


def test_while_auth_is_away_only_strangers_are_told_to_come_back(clients: ApiClients, auth: Stub) -> None:
    (jo,) = clients.known(1)
    post = jo.posted()["id"]
    auth.down = True
    answer = clients.unknown_user().like(post)
    expect_problem(answer, 503, "neighbour_unavailable")
    assert answer.headers["retry-after"] == "1"
    assert expect_json(jo.like(post), 200)["like_count"] == 1


def test_a_neighbour_is_told_whose_post_it_is_and_nobody_else_is(clients: ApiClients) -> None:
    (jo,) = clients.known(1)
    post = jo.posted()["id"]
    path = f"/internal/posts/{post}"
    for headers in ({}, clients.token_issuer.bearer(jo.number), {"authorization": "Bearer forged"}):
        expect_problem(clients.service.client.get(path, headers=headers), 401, "invalid_token")
    assert asked_by_dm(clients.service, path) == {"post_id": post, "author_id": jo.id}
    assert jo.send("DELETE", f"/posts/{post}").status_code == 204
    for gone in (path, "/internal/posts/0000000000000001", "/internal/posts/x"):
        assert asked_by_dm(clients.service, gone) is None


def asked_by_dm(service: LiveService, path: str) -> dict[str, Any] | None:
    """What dm gets to hear when it asks."""

    async def ask() -> dict[str, Any] | None:
        client = ServiceClient("dm", SECRET_OF_DM, "posts", service.url)
        try:
            return await client.get(path)
        finally:
            await client.close()

    return asyncio.run(ask())


def test_the_service_says_that_it_is_ready(service: LiveService) -> None:
    assert service.client.get("/readyz").json() == {"status": "ready", "database": "up", "broker": "up"}
