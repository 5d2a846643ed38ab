"""Fixtures of the journeys: a client, another user, and the sample data of invalid requests."""

from collections.abc import Iterator

import httpx
import pytest

from shared.testing.waiting import WAIT_SECONDS

from .bodies import Scene
from .contract import Operation, operations
from .person import Person
from .refusals import Refusals
from .responses import answer, ids


@pytest.fixture(scope="session")
def web(base_url: str) -> Iterator[httpx.Client]:
    """An anonymous client. It follows no redirects, because no route should redirect."""
    with httpx.Client(base_url=base_url, timeout=WAIT_SECONDS) as client:
        yield client


@pytest.fixture(scope="session")
def _other_user(web: httpx.Client) -> Person:
    return Person.newcomer(web)


@pytest.fixture
def other_user(_other_user: Person) -> Person:
    """A user who only reads and is refused, shared by all tests: never change their data."""
    _other_user.keep_fresh()
    return _other_user


@pytest.fixture(scope="session")
def declared(web: httpx.Client) -> list[Operation]:
    """Every operation of the merged description."""
    return operations(answer(web.get("/openapi.json")))


@pytest.fixture(scope="module")
def scene(web: httpx.Client) -> Scene:
    """A user with one of each resource."""
    person, peer = Person.newcomer(web), Person.newcomer(web)
    post = person.posted("as it was")["id"]
    room = person.room_with(peer)
    return Scene(
        person=person,
        peer=peer,
        post=post,
        comment=answer(person.comment(post, "as it was"), 201)["id"],
        room=room,
        message=answer(person.say(room, "as it was"), 201)["id"],
        photo=person.photo(),
        session=ids(person.elsewhere().send("GET", "/auth/sessions"))[0],
    )


@pytest.fixture
def refusals(scene: Scene) -> Iterator[Refusals]:
    """At the end nothing may have changed, and every response must have been the expected refusal."""
    before, found = scene.seen or scene.state(), Refusals(scene)
    yield found
    scene.seen = scene.state()
    assert found.wrong == [], "\n" + "\n".join(found.wrong)
    assert scene.seen == before
