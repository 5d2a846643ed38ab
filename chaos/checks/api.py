"""A sample of the responses that clients receive through the gateway."""

import random
from collections.abc import Iterator
from typing import TypeVar

import httpx

from chaos.checks.context import LOST, RESURRECTED, CheckContext, Difference
from chaos.client import API, Client
from chaos.history import ACKED, Person, Written
from shared.security.service_calls import ssl_context_for

SAMPLE = 40
T = TypeVar("T")


def seen(context: CheckContext) -> Iterator[Difference]:
    """Profiles, posts and rooms of a sample of existing and deleted users."""
    chance = random.Random(len(context.history.people))  # noqa: S311 - a sample, no secret
    people = [person for person in context.history.people if person.id]
    living = [person for person in people if person.living]
    gone = [person for person in people if person.gone]
    written = [each for each in context.history.written if each.outcome is ACKED]
    client = Client(context.system.base_url, context.history, chance)
    try:
        yield from _profiles(context, _some(chance, living), _some(chance, gone))
        yield from _published(context, _some(chance, [each for each in written if each.kind == "post"]))
        yield from _rooms(context, client, _some(chance, living), written)
    finally:
        client.close()


def _some(chance: random.Random, things: list[T]) -> list[T]:
    return chance.sample(things, min(SAMPLE, len(things)))


def _status(context: CheckContext, path: str) -> int:
    url = f"{context.system.base_url}{API}{path}"
    return httpx.get(url, timeout=20, verify=ssl_context_for(url)).status_code


def _profiles(context: CheckContext, living: list[Person], gone: list[Person]) -> Iterator[Difference]:
    for person in living:
        if _status(context, f"/users/{person.id}") != 200:
            yield Difference(LOST, f"profile of {person.mark}")
    for person in gone:
        for path in (f"/users/{person.id}", f"/users/by-nickname/{person.mark}"):
            if _status(context, path) != 404:
                yield Difference(RESURRECTED, f"profile of a deleted user: {person.mark}")


def _published(context: CheckContext, some: list[Written]) -> Iterator[Difference]:
    for post in some:
        status = _status(context, f"/posts/{post.id}")
        if post.author.living and status != 200:
            yield Difference(LOST, f"post {post.id} through the gateway: {status}")
        if post.author.gone and status != 404:
            yield Difference(RESURRECTED, f"post {post.id} of a deleted user through the gateway: {status}")


def _rooms(context: CheckContext, client: Client, some: list[Person], written: list[Written]) -> Iterator[Difference]:
    for pair, room in list(context.history.rooms.items()):
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
