"""An open WebSocket of a user, for the journeys."""

from collections.abc import Iterator
from contextlib import contextmanager

from shared.testing.websocket_client import Listener, listening

from .person import API, Person


def address(person: Person) -> str:
    return f"{str(person.web.base_url).rstrip('/')}{API}/ws"


@contextmanager
def ear_of(person: Person) -> Iterator[Listener]:
    """Open during the block."""
    person.keep_fresh()
    with listening(address(person), person.access_token) as ear:
        yield ear
