"""One valid request for each route, about the things of a scene's owner."""

from collections.abc import Callable
from typing import Any

from deploy.tests.journeys.person import Person, form, fresh_email, fresh_nickname, fresh_password

from .sample_data import Scene

Request = Callable[[Scene, Person], dict[str, Any]]
"""What to fill into the route's path, and what to send; the second is whoever asks."""


def at(**path: Callable[[Scene], str]) -> Request:
    """Nothing but the path."""
    return lambda scene, _: {"path": {name: value(scene) for name, value in path.items()}}


def sending(json: Callable[[Scene, Person], dict[str, Any]], **path: Callable[[Scene], str]) -> Request:
    """A document."""
    return lambda scene, who: {**at(**path)(scene, who), "json": json(scene, who)}


def uploading(**path: Callable[[Scene], str]) -> Request:
    """A photo."""
    return lambda scene, who: {**at(**path)(scene, who), "files": form()}


def owner(scene: Scene) -> str:
    return scene.owner.id


def post(scene: Scene) -> str:
    return str(scene.post["id"])


def comment(scene: Scene) -> str:
    return scene.comment


def room(scene: Scene) -> str:
    return scene.room


def somebody_new() -> dict[str, str]:
    return {"email": fresh_email(), "nickname": fresh_nickname(), "name": "Jo", "password": fresh_password()}


def of_the_peer(scene: Scene) -> dict[str, str]:
    return {"identifier": scene.peer.nickname, "password": scene.peer.password}


def proof(who: Person) -> dict[str, str]:
    return {"current_password": who.password}


def part_of(url: str, place: int) -> str:
    return url.partition("?")[0].split("/")[place]


REQUESTS: dict[str, Request] = {
    "POST /auth/signup": sending(lambda *_: somebody_new()),
    "POST /auth/login": sending(lambda scene, _: of_the_peer(scene)),
    "POST /auth/refresh": sending(lambda scene, _: {"refresh_token": scene.peer.elsewhere().refresh_token}),
    "POST /auth/logout": at(),
    "GET /auth/sessions": at(),
    "DELETE /auth/sessions": at(),
    "DELETE /auth/sessions/{id}": at(id=lambda scene: scene.session),
    "GET /auth/events": at(),
    "GET /users": lambda scene, _: {"path": {}, "params": {"query": scene.owner.nickname}},
    "GET /users/me": at(),
    "PATCH /users/me": sending(lambda _, who: {**proof(who), "bio": "changed"}),
    "PUT /users/me/avatar": uploading(),
    "DELETE /users/me/avatar": at(),
    "POST /users/me/deletion": sending(lambda _, who: proof(who)),
    "GET /users/by-nickname/{nickname}": at(nickname=lambda scene: scene.owner.nickname),
    "GET /users/{id}": at(id=owner),
    "GET /avatars/{name}": at(name=lambda scene: part_of(scene.avatar, -1)),
    "PUT /users/{id}/follow": at(id=lambda scene: scene.peer.id),
    "DELETE /users/{id}/follow": at(id=lambda scene: scene.peer.id),
    "GET /users/{id}/followers": at(id=owner),
    "GET /users/{id}/following": at(id=owner),
    "GET /users/{id}/counts": at(id=owner),
    "GET /relations": lambda scene, _: {"path": {}, "params": {"user_ids": scene.peer.id}},
    "POST /media": uploading(),
    "GET /media/{name}": at(name=lambda scene: part_of(scene.post["media"][0]["url"], -1)),
    "POST /posts": sending(lambda scene, _: {"media_ids": [scene.unused]}),
    "GET /posts": at(),
    "GET /posts/{id}": at(id=post),
    "PATCH /posts/{id}": sending(lambda *_: {"caption": "changed"}, id=post),
    "DELETE /posts/{id}": at(id=post),
    "GET /users/{id}/posts": at(id=owner),
    "GET /feed": at(),
    "PUT /posts/{id}/like": at(id=post),
    "DELETE /posts/{id}/like": at(id=post),
    "GET /posts/{id}/likes": at(id=post),
    "POST /posts/{id}/comments": sending(lambda *_: {"text": "also"}, id=post),
    "GET /posts/{id}/comments": at(id=post),
    "GET /comments/{id}/replies": at(id=comment),
    "PATCH /comments/{id}": sending(lambda *_: {"text": "changed"}, id=comment),
    "DELETE /comments/{id}": at(id=comment),
    "POST /rooms": sending(lambda scene, _: {"user_id": scene.peer.id}),
    "GET /limits": at(),
    "GET /rooms": at(),
    "GET /rooms/{id}": at(id=room),
    "GET /rooms/{id}/messages": at(id=room),
    "POST /rooms/{id}/messages": sending(lambda *_: {"type": "text", "text": "hello"}, id=room),
    "GET /rooms/{id}/messages/{message_id}": at(id=room, message_id=lambda scene: scene.message),
    "POST /rooms/{id}/media": uploading(id=room),
    "GET /rooms/{id}/media/{media_id}/{rendition}": lambda scene, _: {
        "url": scene.room_photo["url"],
    },
    "PUT /rooms/{id}/read": sending(lambda scene, _: {"message_id": scene.message}, id=room),
    "GET /ws": at(),
}
