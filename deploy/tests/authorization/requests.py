"""One valid request for each route, for the resources of a scene's owner."""

from collections.abc import Callable
from typing import Any

import pyotp

from deploy.tests import identities, passkeys
from deploy.tests.journeys.person import Person, form, fresh_email, fresh_nickname, fresh_password
from deploy.tests.journeys.responses import answer

from .sample_data import Scene, push_subscription
from .table import Expected

Request = Callable[[Scene, Person], dict[str, Any]]
"""Returns the values for the path and the body, for a scene and the user that sends the request."""


def at(**path: Callable[[Scene], str]) -> Request:
    """Only a path."""
    return lambda scene, _: {"path": {name: value(scene) for name, value in path.items()}}


def sending(json: Callable[[Scene, Person], dict[str, Any]], **path: Callable[[Scene], str]) -> Request:
    """A JSON body."""
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


def provider(_: Scene) -> str:
    return identities.PROVIDER


def somebody_new() -> dict[str, str]:
    return {"email": fresh_email(), "nickname": fresh_nickname(), "name": "Jo", "password": fresh_password()}


def of_the_peer(scene: Scene) -> dict[str, str]:
    return {"identifier": scene.peer.nickname, "password": scene.peer.password}


def proof(who: Person) -> dict[str, str]:
    return {"current_password": who.password}


def totp_code(who: Person) -> str:
    """The code of a new authenticator app of this user."""
    begun = who.send("POST", "/users/me/totp", json=proof(who))
    return pyotp.TOTP(answer(begun, 201)["secret"]).now()


def part_of(url: str, place: int) -> str:
    return url.partition("?")[0].split("/")[place]


REQUESTS: dict[str, Request] = {
    "POST /auth/signup": sending(lambda *_: somebody_new()),
    "POST /auth/login": sending(lambda scene, _: of_the_peer(scene)),
    "POST /auth/refresh": sending(lambda scene, _: {"refresh_token": scene.peer.elsewhere().refresh_token}),
    "POST /auth/logout": at(),
    "POST /auth/email-verification": at(),
    "POST /auth/email-verification/confirm": sending(lambda *_: {"token": "made up"}),
    "POST /auth/password-reset": sending(lambda *_: {"email": fresh_email()}),
    "POST /auth/password-reset/confirm": sending(lambda *_: {"token": "made up", "new_password": fresh_password()}),
    "GET /auth/sessions": at(),
    "DELETE /auth/sessions": at(),
    "DELETE /auth/sessions/{id}": at(id=lambda scene: scene.session),
    "GET /auth/events": at(),
    "POST /auth/passkeys/registration": sending(lambda _, who: proof(who)),
    "POST /auth/passkeys/registration/verify": sending(lambda _, who: passkeys.new_passkey(who)),
    "POST /auth/passkeys/reauthentication": at(),
    "POST /auth/passkeys/login": at(),
    "POST /auth/passkeys/login/verify": sending(lambda scene, _: passkeys.login_answer(scene.owner, scene.passkey)),
    "GET /auth/passkeys": at(),
    "DELETE /auth/passkeys/{id}": sending(lambda _, who: proof(who), id=lambda scene: scene.passkey.id),
    "GET /auth/providers": at(),
    "POST /auth/providers/{id}/start": sending(lambda *_: identities.start_body(), id=provider),
    "POST /auth/providers/{id}/finish": sending(lambda scene, _: identities.answer_of(scene.peer), id=provider),
    "POST /auth/providers/{id}/sign-up": sending(lambda scene, _: identities.new_person(scene.peer), id=provider),
    "GET /users/me/identities": at(),
    "PUT /users/me/identities/{provider}": sending(
        lambda scene, who: {**proof(who), "continuation": scene.continuation}, provider=provider
    ),
    "DELETE /users/me/identities/{provider}": at(provider=provider),
    "GET /users": lambda scene, _: {"path": {}, "params": {"query": scene.owner.nickname}},
    "GET /users/me": at(),
    "PATCH /users/me": sending(lambda _, who: {**proof(who), "bio": "changed"}),
    "PUT /users/me/avatar": uploading(),
    "DELETE /users/me/avatar": at(),
    "POST /users/me/totp": sending(lambda _, who: proof(who)),
    "PUT /users/me/totp": sending(lambda _, who: {"code": totp_code(who)}),
    "DELETE /users/me/totp": sending(lambda _, who: proof(who)),
    "POST /users/me/deletion": sending(lambda _, who: proof(who)),
    "POST /users/me/export": at(),
    "GET /users/me/export": at(),
    "GET /exports/{name}": lambda scene, _: {"url": scene.export_url()},
    "GET /users/by-nickname/{nickname}": at(nickname=lambda scene: scene.owner.nickname),
    "GET /users/{id}": at(id=owner),
    "GET /avatars/{name}": at(name=lambda scene: part_of(scene.avatar, -1)),
    "POST /reports": sending(lambda scene, _: {"subject": {"kind": "user", "id": scene.peer.id}, "reason": "spam"}),
    "GET /moderation/reports": at(),
    "PUT /moderation/reports/{id}": sending(lambda *_: {"state": "taken"}, id=post),
    "GET /auth/signup": at(),
    "POST /moderation/invitations": sending(lambda *_: {"uses": 1, "days": 1}),
    "GET /moderation/invitations": at(),
    "DELETE /moderation/invitations/{id}": at(id=post),
    "GET /moderation/users": at(),
    "PUT /moderation/users/{id}/role": sending(lambda *_: {"role": "admin"}, id=lambda scene: scene.peer.id),
    "PUT /moderation/users/{id}/suspension": sending(lambda *_: {"reason": "spam"}, id=lambda scene: scene.peer.id),
    "DELETE /moderation/users/{id}/suspension": at(id=lambda scene: scene.peer.id),
    "GET /moderation/log": at(),
    "PUT /users/{id}/follow": at(id=lambda scene: scene.peer.id),
    "DELETE /users/{id}/follow": at(id=lambda scene: scene.peer.id),
    "DELETE /users/me/followers/{id}": at(id=lambda scene: scene.peer.id),
    "GET /users/{id}/followers": at(id=owner),
    "GET /users/{id}/followers/common": at(id=owner),
    "GET /users/{id}/following": at(id=owner),
    "GET /users/{id}/counts": at(id=owner),
    "PUT /users/{id}/block": at(id=lambda scene: scene.outsider.id),
    "DELETE /users/{id}/block": at(id=lambda scene: scene.outsider.id),
    "GET /users/me/blocks": at(),
    "PUT /users/{id}/mute": at(id=lambda scene: scene.outsider.id),
    "DELETE /users/{id}/mute": at(id=lambda scene: scene.outsider.id),
    "GET /users/me/mutes": at(),
    "GET /relations": lambda scene, _: {"path": {}, "params": {"user_ids": scene.peer.id}},
    "POST /media": uploading(),
    "GET /media/{name}": at(name=lambda scene: part_of(scene.post["media"][0]["url"], -1)),
    "PATCH /media/{name}": sending(lambda *_: {"alt": "a quay"}, name=lambda scene: scene.post["media"][0]["id"]),
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
    "PUT /posts/{id}/save": at(id=post),
    "DELETE /posts/{id}/save": at(id=post),
    "GET /users/me/saved": at(),
    "POST /posts/{id}/comments": sending(lambda *_: {"text": "also"}, id=post),
    "GET /posts/{id}/comments": at(id=post),
    "GET /comments/{id}/replies": at(id=comment),
    "PATCH /comments/{id}": sending(lambda *_: {"text": "changed"}, id=comment),
    "DELETE /comments/{id}": at(id=comment),
    "PUT /comments/{id}/like": at(id=comment),
    "DELETE /comments/{id}/like": at(id=comment),
    "GET /comments/{id}/likes": at(id=comment),
    "POST /rooms": sending(lambda scene, _: {"user_id": scene.peer.id}),
    "GET /tags": lambda *_: {"path": {}, "params": {"query": "harbour"}},
    "GET /tags/{tag}/posts": at(tag=lambda _: "harbour"),
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
    "PUT /rooms/{id}/acceptance": at(id=room),
    "DELETE /rooms/{id}/acceptance": at(id=room),
    "PUT /rooms/{id}/mute": at(id=room),
    "DELETE /rooms/{id}/mute": at(id=room),
    "PUT /rooms/{id}/hidden": at(id=room),
    "GET /messages": lambda *_: {"path": {}, "params": {"query": "hello"}},
    "GET /notifications": at(),
    "GET /notifications/unread": at(),
    "PUT /notifications/read": sending(lambda scene, _: {"up_to": scene.notification()}),
    "GET /users/me/notification-settings": at(),
    "PUT /users/me/notification-settings": sending(lambda *_: {"like": {"list": False, "push": False}}),
    "GET /push/key": at(),
    "POST /push/subscriptions": sending(lambda *_: push_subscription()),
    "DELETE /push/subscriptions/{id}": at(id=lambda scene: scene.push_subscription()),
    "GET /users/me/message-settings": at(),
    "PUT /users/me/message-settings": sending(lambda *_: {"from": "following"}),
    "GET /ws": at(),
}

NEUTRAL = {
    "POST /auth/signup", "POST /auth/login", "POST /auth/refresh", "POST /auth/email-verification",
    "POST /auth/email-verification/confirm", "POST /auth/password-reset", "POST /auth/password-reset/confirm",
    "POST /auth/passkeys/registration", "POST /auth/passkeys/reauthentication", "POST /auth/passkeys/login",
    "POST /auth/providers/{id}/start", "POST /auth/providers/{id}/finish", "POST /auth/providers/{id}/sign-up",
    "POST /users/me/totp", "DELETE /users/me/totp",
    "POST /reports", "PUT /moderation/reports/{id}", "POST /moderation/invitations",
    "DELETE /moderation/invitations/{id}", "PUT /moderation/users/{id}/role", "PUT /moderation/users/{id}/suspension",
    "DELETE /moderation/users/{id}/suspension",
    "PUT /users/{id}/follow", "DELETE /users/{id}/block", "DELETE /users/{id}/mute",
    "POST /media", "DELETE /posts/{id}/like", "DELETE /posts/{id}/save", "DELETE /comments/{id}/like",
    "POST /rooms/{id}/media", "DELETE /rooms/{id}/mute",
    "PUT /notifications/read", "POST /push/subscriptions", "DELETE /push/subscriptions/{id}",
}  # fmt: skip
"""Requests that change nothing of a scene that its other requests depend on, whoever sends them.

They are for others, refused to all, or ask for what is so already.
"""


def is_neutral(expected: Expected) -> bool:
    """Whether the request of a route changes nothing of a scene."""
    return expected.method == "GET" or str(expected) in NEUTRAL
