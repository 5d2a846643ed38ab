"""The resources of the requests: an owner with one of each, and every kind of client."""

from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from deploy.tests import identities, passkeys
from deploy.tests.journeys.person import Person, form, fresh_password
from deploy.tests.journeys.responses import answer, ids
from shared.testing import eventually
from shared.testing.push_service import Browser
from shared.tests.forged_tokens import Forger


@dataclass
class Scene:
    """An owner, their peer, and one resource of each kind."""

    owner: Person
    peer: Person
    outsider: Person
    """Whom nobody follows, and with whom nobody has a room."""
    session: str = ""
    photo: str = ""
    unused: str = ""
    post: dict[str, Any] = field(default_factory=dict)
    comment: str = ""
    reply: str = ""
    room: str = ""
    message: str = ""
    room_photo: dict[str, Any] = field(default_factory=dict)
    avatar: str = ""
    continuation: str = ""
    """That has linked the owner's identity."""
    passkey: passkeys.Passkey = field(default_factory=passkeys.Passkey)

    @classmethod
    def made(cls, web: httpx.Client) -> "Scene":
        """In the middle of the test run."""
        scene = cls(Person.newcomer(web), Person.newcomer(web), Person.registered(web))
        owner, peer = scene.owner, scene.peer
        scene.unused = owner.photo()
        scene.post = owner.posted("as it was")
        scene.comment = answer(owner.comment(scene.post["id"], "as it was"), 201)["id"]
        scene.reply = answer(peer.reply(scene.post["id"], scene.comment, "as it was"), 201)["id"]
        scene.room = owner.room_with(peer)
        scene.message = answer(owner.say(scene.room, "as it was"), 201)["id"]
        scene.room_photo = answer(owner.upload_to(scene.room), 201)
        scene.avatar = answer(owner.show_face(form()["file"][1]))["avatar_url"]
        answer(owner.follow(peer.id))
        scene.passkey = passkeys.register(owner)
        scene.continuation = identities.linked(owner)
        identities.linked(peer)
        scene.session = ids(owner.send("GET", "/auth/sessions"))[0]
        return scene

    def ask_for_export(self) -> None:
        """Of the owner, until it is complete. It takes a quarter of the time of all the rest."""
        answer(self.owner.send("POST", "/users/me/export"), 202)
        self.export_url()

    def export_url(self) -> str:
        """The URL of the owner's export."""
        return str(eventually(lambda: answer(self.owner.send("GET", "/users/me/export"))["url"]))

    def notification(self) -> str:
        """A notification of the owner: the peer has replied to their comment."""
        return str(eventually(lambda: ids(self.owner.send("GET", "/notifications")))[0])

    def push_subscription(self) -> str:
        """A browser of the owner."""
        return str(answer(self.owner.send("POST", "/push/subscriptions", json=push_subscription()), 201)["id"])

    def state(self) -> list[Any]:
        """All data of the owner, as the owner and the peer see it."""
        mine = ("/users/me", "/feed", "/rooms", f"/rooms/{self.room}/messages", f"/posts/{self.post['id']}")
        about = (f"/posts/{self.post['id']}/comments", f"/comments/{self.comment}/replies", f"/users/{self.owner.id}")
        counts = (
            f"/posts/{self.post['id']}/likes",
            f"/users/{self.owner.id}/counts",
            "/auth/events",
            "/users/me/identities",
            "/users/me/notification-settings",
        )
        seen = [answer(self.owner.send("GET", path)) for path in (*mine, *about, *counts)]
        return [*seen, len(ids(self.owner.send("GET", "/auth/sessions"))), answer(self.peer.send("GET", "/rooms"))]


def push_subscription() -> dict[str, Any]:
    """That of a new browser, at a push service that does not exist."""
    return Browser(f"/{token_hex(8)}").subscription("https://push.example.com")


def withdrawn(web: httpx.Client) -> str:
    """The token of a user who has just withdrawn."""
    person = Person.newcomer(web)
    answer(person.withdraw(), 202)
    return person.access_token


def logged_out(person: Person) -> str:
    """A token of this user from an ended session."""
    twin = person.elsewhere()
    answer(twin.log_out(), 204)
    return twin.access_token


def superseded(web: httpx.Client) -> str:
    """A token from before its owner changed the password on another device."""
    person = Person.newcomer(web)
    answer(person.elsewhere().change(new_password=fresh_password()))
    return person.access_token


def forged(kid: str, subject: str) -> str:
    """The token of the owner, signed with another key."""
    forger = Forger(Ed25519PrivateKey.generate(), kid)
    return forger.token(sub=subject)
