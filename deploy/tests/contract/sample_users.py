"""The users of Schemathesis and their resources, which are created when none is left."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from secrets import token_hex
from typing import Any

import httpx

from deploy.tests import identities, passkeys
from deploy.tests.journeys.person import Person, form
from deploy.tests.journeys.responses import answer, ids, items
from shared.testing import eventually
from shared.testing.push_service import Browser


class Known(Person):
    """A user who logs in again when a request of the run has ended the session."""

    def fetch(self, method: str, url: str, **options: Any) -> httpx.Response:
        """As any user, and once more after a 401."""
        response = super().fetch(method, url, **options)
        if response.status_code != httpx.codes.UNAUTHORIZED:
            return response
        answer(self.log_in())
        return super().fetch(method, url, **options)

    def _renew(self) -> None:
        if self.refresh().status_code == httpx.codes.UNAUTHORIZED:
            answer(self.log_in())


@dataclass
class Owner:
    """One of the users."""

    person: Known
    friend: Known
    _kept: dict[str, list[str]] = field(default_factory=dict)
    _rooms_opened: "count[int]" = field(default_factory=count)

    @cached_property
    def export_url(self) -> str:
        """The URL of an export of the user."""
        self.person.send("POST", "/users/me/export")  # or it has been requested
        return str(eventually(lambda: answer(self.person.send("GET", "/users/me/export"))["url"]))

    @cached_property
    def passkey_of_friend(self) -> passkeys.Passkey:
        """A passkey that nobody removes."""
        return passkeys.register(self.friend)

    @cached_property
    def friend_with_identity(self) -> Person:
        """The friend, who can sign in with a provider."""
        identities.linked(self.friend)
        return self.friend

    def passkey(self) -> str:
        """A passkey of the user."""
        return self._one("passkey", lambda: passkeys.register(self.person).id)

    def post(self) -> str:
        """A post of the user."""
        return self._one("post", lambda: self.person.posted("as it was")["id"])

    def comment(self) -> str:
        """A comment of the user."""
        return self._one("comment", lambda: self.comment_on(self.post()))

    def comment_on(self, post_id: str) -> str:
        """A new comment of the user on this post. AssertionError without such a post."""
        return str(answer(self.person.comment(post_id, "as it was"), 201)["id"])

    def room(self) -> str:
        """The room with their friend, who has accepted it."""

        def make() -> str:
            room_id: str = self.person.open_room(self.friend.id).json()["id"]
            answer(self.friend.accept(room_id))
            return room_id

        return self._one("room", make)

    def request(self) -> str:
        """A room that somebody else has opened, and that the user has not accepted."""

        def make() -> str:
            answer(self.person.send("PUT", "/users/me/message-settings", json={"from": "everyone"}))
            return str(answer(Person.newcomer(self.person.web).open_room(self.person.id), 201)["id"])

        return self._one("request", make)

    def message_in(self, room_id: str) -> str:
        """A new message of the user in this room. AssertionError if the user is not in it."""
        return str(answer(self.person.say(room_id, "as it was"), 201)["id"])

    def photo_in(self, room_id: str) -> dict[str, Any]:
        """A new photo of the user in this room. AssertionError if the user is not in it."""
        photo: dict[str, Any] = answer(self.person.upload_to(room_id), 201)
        return photo

    def photo(self) -> str:
        """A new photo without a post."""
        return self.person.photo()

    def photo_name(self) -> str:
        """The name of a file of a photo."""
        return last_part(answer(self.person.upload(), 201)["url"])

    def avatar_name(self) -> str:
        """The name of the avatar file."""
        return last_part(answer(self.person.show_face(form()["file"][1]))["avatar_url"])

    def session(self) -> str:
        """A session of the user on another device."""
        there = items(self.person.elsewhere().send("GET", "/auth/sessions"))
        return str(next(each["id"] for each in there if each["current"]))

    def company(self) -> str:
        """Alternately a user with whom they have a room, and a new user, who follows them: their room is no request."""
        if next(self._rooms_opened) % 2:
            return self.friend.id
        follower = Person.newcomer(self.person.web)
        answer(follower.follow(self.person.id))
        return follower.id

    def push_subscription(self) -> str:
        """A browser of the user."""
        body = Browser(f"/{token_hex(8)}").subscription("https://push.example.com")
        return str(answer(self.person.send("POST", "/push/subscriptions", json=body), 201)["id"])

    def notification(self) -> str:
        """A notification of the user: somebody new follows them."""
        answer(
            self.person.send("PUT", "/users/me/notification-settings", json={"follow": {"list": True, "push": True}})
        )
        answer(Person.newcomer(self.person.web).follow(self.person.id))
        return str(eventually(lambda: ids(self.person.send("GET", "/notifications")))[0])

    def forget(self, thing: str) -> None:
        """It has been deleted."""
        for kept in self._kept.values():
            if thing in kept:
                kept.remove(thing)

    def _one(self, kind: str, make: Callable[[], str]) -> str:
        kept = self._kept.setdefault(kind, [])
        if not kept:
            kept.append(make())
        return kept[-1]


def last_part(url: str) -> str:
    """The last segment of the path."""
    return url.partition("?")[0].rpartition("/")[2]
