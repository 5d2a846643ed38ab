"""The same seen from outside: a sample of what clients get through the gateway."""

import random
from collections.abc import Iterator
from typing import TypeVar

import httpx

from chaos.checks.context import BACK, LOST, Difference, Ledger
from chaos.client import API, Client
from chaos.history import ACKED, Person, Written

SAMPLE = 40
T = TypeVar("T")


def seen(ledger: Ledger) -> Iterator[Difference]:
    """Profiles, posts and rooms of some of the living and some of the withdrawn."""
    chance = random.Random(len(ledger.history.people))  # noqa: S311 - a sample, no secret
    people = [person for person in ledger.history.people if person.id]
    living = [person for person in people if person.living]
    gone = [person for person in people if person.gone]
    written = [each for each in ledger.history.written if each.outcome is ACKED]
    client = Client(ledger.system.base_url, ledger.history, chance)
    try:
        yield from _profiles(ledger, _some(chance, living), _some(chance, gone))
        yield from _published(ledger, _some(chance, [each for each in written if each.kind == "post"]))
        yield from _rooms(ledger, client, _some(chance, living), written)
    finally:
        client.close()


def _some(chance: random.Random, things: list[T]) -> list[T]:
    return chance.sample(things, min(SAMPLE, len(things)))


def _status(ledger: Ledger, path: str) -> int:
    return httpx.get(f"{ledger.system.base_url}{API}{path}", timeout=20).status_code


def _profiles(ledger: Ledger, living: list[Person], gone: list[Person]) -> Iterator[Difference]:
    for person in living:
        if _status(ledger, f"/users/{person.id}") != 200:
            yield Difference(LOST, f"profile of {person.mark}")
    for person in gone:
        for path in (f"/users/{person.id}", f"/users/by-nickname/{person.mark}"):
            if _status(ledger, path) != 404:
                yield Difference(BACK, f"profile of a withdrawn: {person.mark}")


def _published(ledger: Ledger, some: list[Written]) -> Iterator[Difference]:
    for post in some:
        status = _status(ledger, f"/posts/{post.id}")
        if post.author.living and status != 200:
            yield Difference(LOST, f"post {post.id} at the door: {status}")
        if post.author.gone and status != 404:
            yield Difference(BACK, f"post {post.id} of a withdrawn at the door: {status}")


def _rooms(ledger: Ledger, client: Client, some: list[Person], written: list[Written]) -> Iterator[Difference]:
    for pair, room in list(ledger.history.rooms.items()):
        reader = next((person for person in some if person.id in pair), None)
        if reader is None:
            continue
        wanted = sorted((each.id, each.text) for each in written if each.kind == "message" and each.place == room)
        shown = sorted(_messages(client, reader, room))
        if not set(wanted) <= set(shown):
            yield Difference(LOST, f"room {room} as {reader.mark} sees it")


def _messages(client: Client, reader: Person, room: str) -> Iterator[tuple[str, str]]:
    cursor: str | None = ""
    while cursor is not None:
        path = f"/rooms/{room}/messages?limit=100" + (f"&cursor={cursor}" if cursor else "")
        page = client.ask(reader, "GET", path).body
        yield from ((each["id"], each["text"]) for each in page.get("items", []))
        cursor = page.get("next_cursor")
