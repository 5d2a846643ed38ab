"""The people in whose name Schemathesis asks, and their things, of which one is made where none is left."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx

from deploy.tests.journeys.person import Person, form
from deploy.tests.journeys.responses import answer, items


class Known(Person):
    """Somebody who logs in again when a request of the run has ended their login."""

    def fetch(self, method: str, url: str, **options: Any) -> httpx.Response:
        """As every person, and once more after a 401."""
        response = super().fetch(method, url, **options)
        if response.status_code != httpx.codes.UNAUTHORIZED:
            return response
        answer(self.log_in())
        return super().fetch(method, url, **options)


@dataclass
class Owner:
    """One of them."""

    person: Known
    friend: Person
    _kept: dict[str, list[str]] = field(default_factory=dict)
    _rooms_opened: "count[int]" = field(default_factory=count)

    def post(self) -> str:
        """A post of theirs."""
        return self._one("post", lambda: self.person.posted("as it was")["id"])

    def comment(self) -> str:
        """A comment of theirs."""
        return self._one("comment", lambda: self.comment_on(self.post()))

    def comment_on(self, post_id: str) -> str:
        """A new comment of theirs on this post. AssertionError where there is no such post."""
        return str(answer(self.person.comment(post_id, "as it was"), 201)["id"])

    def room(self) -> str:
        """The room with their friend."""
        return self._one("room", lambda: self.person.open_room(self.friend.id).json()["id"])

    def message_in(self, room_id: str) -> str:
        """A new message of theirs in this room. AssertionError where they are not in it."""
        return str(answer(self.person.say(room_id, "as it was"), 201)["id"])

    def photo_in(self, room_id: str) -> dict[str, Any]:
        """A new photo of theirs in this room. AssertionError where they are not in it."""
        photo: dict[str, Any] = answer(self.person.upload_to(room_id), 201)
        return photo

    def photo(self) -> str:
        """A new photo that no post shows."""
        return self.person.photo()

    def photo_name(self) -> str:
        """The name of a file of a photo."""
        return last_part(answer(self.person.upload(), 201)["url"])

    def avatar_name(self) -> str:
        """The name of the file of their picture."""
        return last_part(answer(self.person.show_face(form()["file"][1]))["avatar_url"])

    def session(self) -> str:
        """A login of theirs on another device."""
        there = items(self.person.elsewhere().send("GET", "/auth/sessions"))
        return str(next(each["id"] for each in there if each["current"]))

    def company(self) -> str:
        """By turns somebody with whom they have a room, and somebody new."""
        if next(self._rooms_opened) % 2:
            return self.friend.id
        return Person.registered(self.person.web).id

    def forget(self, thing: str) -> None:
        """It is not there any more."""
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
