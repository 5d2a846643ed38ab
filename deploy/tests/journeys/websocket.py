"""An open WebSocket of a user, for the journeys."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from shared.testing.websocket_client import Listener, listening

from .person import API, Person


def address(person: Person) -> str:
    return f"{str(person.web.base_url).rstrip('/')}{API}/ws"


class Ear(Listener):
    """Notifications come at any time: they are skipped where a test waits for what happens in a room."""

    def next(self) -> Any:
        """The next event that is not about a notification."""
        while (event := self.next_of_all())["event"].startswith("notification."):
            pass
        return event

    def next_of_all(self) -> Any:
        """The next event."""
        return super().next()


@contextmanager
def ear_of(person: Person) -> Iterator[Ear]:
    """Open during the block."""
    person.keep_fresh()
    with listening(address(person), person.access_token) as ear:
        yield Ear(ear.connection)
