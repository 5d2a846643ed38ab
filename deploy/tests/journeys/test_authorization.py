"""Authorization: protected routes refuse requests without a token, and users cannot change resources of others."""

from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
import pytest

from . import routes
from .contract import operations
from .image_files import picture
from .person import API, Person
from .responses import answer, ids, refusal, shown, unauthorized
from .routes import Route

SOMETHING = "0000000000000001"
BAD_TOKENS = ["nonsense", "a.b.c", "", "null", "x" * 5000, "eyJhbGciOiJub25lIn0.e30."]


def path_of(route: Route) -> str:
    return API + route.path.replace("{id}", SOMETHING).replace("{nickname}", "nobody")


@pytest.mark.parametrize("route", routes.OWN, ids=str)
def test_T2_protected_route_refuses_a_missing_or_invalid_token(web: httpx.Client, route: Route) -> None:
    unauthorized(web.request(route.method, path_of(route)))
    for token in BAD_TOKENS:
        headers = {"Authorization": f"Bearer {token}".strip()}
        unauthorized(web.request(route.method, path_of(route), headers=headers))
    unauthorized(web.request(route.method, path_of(route), headers={"Authorization": "Basic am86am8="}))
    unauthorized(web.request(route.method, path_of(route), params={"access_token": "x"}, json={"any": "body"}))


@pytest.mark.parametrize("route", routes.PUBLIC, ids=str)
def test_A6_public_route_needs_no_token(web: httpx.Client, route: Route) -> None:
    response = web.request(route.method, path_of(route))
    assert response.status_code in (200, 404, 422), shown(response)


def test_T2_every_protected_route_refuses_a_missing_token(web: httpx.Client) -> None:
    wrong = []
    for operation in operations(answer(web.get("/openapi.json"))):
        response = web.request(operation.method, operation.template.replace("{}", SOMETHING))
        if (response.status_code == 401) != operation.needs_token:
            wrong.append(f"{operation}: {response.status_code}, declared {operation.needs_token}")
    assert wrong == []


def test_T2_token_in_the_url_is_ignored(web: httpx.Client, other_user: Person) -> None:
    for name in ("access_token", "token", "authorization"):
        unauthorized(web.get(f"{API}/users/me", params={name: other_user.access_token}))
    unauthorized(web.get(f"{API}/users/me", headers={"Cookie": f"access_token={other_user.access_token}"}))


def test_identity_headers_from_the_client_are_ignored(web: httpx.Client, other_user: Person) -> None:
    other = Person.registered(web)
    names = (
        "X-User-Id",
        "X_User_Id",
        "X-Subject",
        "X-Identity",
        "X-Forwarded-User",
        "X-Authenticated-User",
        "Sub",
    )
    claims = dict.fromkeys(names, other.id)
    unauthorized(web.get(f"{API}/users/me", headers=claims))
    assert answer(other_user.send("GET", "/users/me", headers=claims))["id"] == other_user.id


def test_internal_routes_are_not_public(other_user: Person) -> None:
    inner = (
        "/internal",
        "/internal/people",
        f"/internal/users/{other_user.id}",
        "/internal/revocations",
        "/internal/withdrawn",
    )
    for path in inner:
        refusal(other_user.fetch("GET", path), 404, "not_found")
        refusal(other_user.fetch("GET", f"{API}{path}"), 404, "not_found")
    refusal(other_user.fetch("GET", "/metrics"), 404, "not_found")


@dataclass
class Belongings:
    """Resources of one user that another one tries to access."""

    owner: Person
    peer: Person
    post: str
    photo: str
    comment: str
    room: str
    message: str
    private_photo: str
    session: str
    tries: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def theirs(web: httpx.Client) -> Belongings:
    owner, peer = Person.newcomer(web), Person.newcomer(web)
    post = owner.posted("mine")["id"]
    room = answer(owner.open_room(peer.id), 201)["id"]
    return Belongings(
        owner, peer, post,
        photo=owner.photo(),
        comment=answer(owner.comment(post, "mine"), 201)["id"],
        room=room,
        message=answer(owner.say(room, "ours"), 201)["id"],
        private_photo=answer(owner.upload_to(room), 201)["id"],
        session=ids(owner.send("GET", "/auth/sessions"))[0],
    )  # fmt: skip


Try = Callable[[Person, Belongings], httpx.Response]
TRIES: dict[str, tuple[Try, set[int]]] = {
    "edit the post": (lambda me, it: me.edit_post(it.post, caption="stolen"), {403}),
    "exchange the photos": (lambda me, it: me.edit_post(it.post, media_ids=[me.photo()]), {403}),
    "delete the post": (lambda me, it: me.delete_post(it.post), {403}),
    "publish the photo": (lambda me, it: me.send("POST", "/posts", json={"media_ids": [it.photo]}), {422}),
    "edit the comment": (lambda me, it: me.edit_comment(it.comment, "stolen"), {403}),
    "delete the comment": (lambda me, it: me.delete_comment(it.comment), {403}),
    "end the session": (lambda me, it: me.send("DELETE", f"/auth/sessions/{it.session}"), {404}),
    "see the room": (lambda me, it: me.send("GET", f"/rooms/{it.room}"), {404}),
    "read along": (lambda me, it: me.send("GET", f"/rooms/{it.room}/messages"), {404}),
    "join in": (lambda me, it: me.say(it.room, "hello"), {404}),
    "join in with a quote": (lambda me, it: me.say(it.room, "hello", reply_to=it.message), {404}),
    "show a photo": (lambda me, it: me.message(it.room, type="image", media_id=it.private_photo), {404}),
    "upload a photo": (lambda me, it: me.upload_to(it.room), {404}),
    "mark as read": (lambda me, it: me.read(it.room, it.message), {404}),
}


@pytest.mark.parametrize("what", TRIES)
def test_P6_P7_D1_other_users_resources_are_protected(other_user: Person, theirs: Belongings, what: str) -> None:
    attempt, statuses = TRIES[what]
    refusal(attempt(other_user, theirs), statuses)
    owner, it = theirs.owner, theirs
    assert answer(owner.send("GET", f"/posts/{it.post}"))["caption"] == "mine"
    assert ids(owner.send("GET", f"/posts/{it.post}/comments")) == [it.comment]
    assert ids(owner.send("GET", f"/rooms/{it.room}/messages")) == [it.message]
    assert answer(theirs.peer.send("GET", f"/rooms/{it.room}"))["unread_count"] == 1
    assert answer(owner.account())["id"] == owner.id


def test_message_of_another_room_cannot_be_quoted(web: httpx.Client, other_user: Person, theirs: Belongings) -> None:
    own_room = answer(other_user.open_room(Person.registered(web).id), 201)["id"]
    refusal(other_user.say(own_room, "look", reply_to=theirs.message), 422, "unknown_message")
    refusal(other_user.read(own_room, theirs.message), {404, 422})
    refusal(other_user.message(own_room, type="image", media_id=theirs.private_photo), 422, "unknown_media")


def test_both_members_of_a_room_have_the_same_rights(theirs: Belongings) -> None:
    assert ids(theirs.peer.send("GET", f"/rooms/{theirs.room}/messages")) == [theirs.message]
    answer(theirs.peer.upload_to(theirs.room, picture()), 201)


def test_invalid_token_on_a_public_route_does_not_affect_others(web: httpx.Client, theirs: Belongings) -> None:
    headers = {"Authorization": "Bearer nonsense"}
    response = web.get(f"{API}/posts/{theirs.post}", headers=headers)
    assert response.status_code in (200, 401), shown(response)
    if response.status_code == 200:
        assert response.json()["liked"] is False
