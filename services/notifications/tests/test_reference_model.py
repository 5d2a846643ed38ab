"""After random events in random order, some of them twice, every list equals a search over all events."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from services.notifications import queries
from services.notifications.actions.reading import mark_read
from services.notifications.actions.withdrawals import WITHDRAWAL
from shared import ids
from shared.database.engine import Database
from shared.pagination import PageRequest

from .factories import (
    Told,
    comment_deleted,
    comment_liked,
    commented,
    followed,
    handle,
    liked,
    post_deleted,
    purge_to_the_end,
    restricted,
    room_requested,
    some_people,
    suspended,
    unread,
    work,
    written,
)

STEPS = 150
Key = tuple[int, str, int, int]
"""The recipient, the kind, the subject and the actor."""


@dataclass
class Known:
    """What the events so far say of one key."""

    position: int
    version: int = 0
    active: bool = False
    subjects: set[int] = field(default_factory=set)
    """What must not be deleted."""


class Life:
    """Posts, comments and rooms of a few users, the events about them, and those that were handled."""

    def __init__(self, database: Database, seed: int) -> None:
        self.database = database
        self.chance = Random(seed)
        self.people = some_people(database, 5)
        self.posts = {ids.new(): self.chance.choice(self.people) for _ in range(3)}
        self.comments = {ids.new(): (post, self.chance.choice(self.people)) for post in self.posts for _ in range(2)}
        self.version = 1
        self.waiting: list[Told] = []
        self.handled: list[Told] = []
        self.known: dict[Key, Known] = {}
        self.removed: set[int] = set()
        self.hidden: set[int] = set()
        self.gone: set[int] = set()
        self.restrictions: dict[tuple[int, int], tuple[bool, bool]] = {}
        self.read: dict[int, int] = dict.fromkeys(self.people, 0)
        self.positions = 0

    def step(self) -> None:
        act = self.chance.choice([*[self.happen] * 6, *[self.deliver] * 12, self.restrict, self.suspend, self.mark])
        act()

    def happen(self) -> None:
        """Something happens; the event about it waits."""
        chance, self.version = self.chance, self.version + 1
        actor, other = chance.sample(self.people, 2)
        post, comment = chance.choice(list(self.posts)), chance.choice(list(self.comments))
        on_post, (of_comment, writer) = self.posts[post], self.comments[comment]
        yes, some = chance.random() < 0.6, chance.sample(self.people, chance.randrange(3))
        rest = [each for each in self.people if each not in some]
        told = [
            followed(actor, other, self.version, following=yes),
            liked(actor, post, on_post, self.version, liked=yes),
            liked(actor, post, on_post, self.version, liked=yes),
            comment_liked(actor, comment, of_comment, writer, self.version, liked=yes),
            written(post, on_post, self.version, some, rest),
            commented(
                comment,
                of_comment,
                self.posts[of_comment],
                writer,
                self.version,
                parent_author=other,
                mentioned=some,
                former=rest,
            ),
            room_requested(9, min(actor, other), max(actor, other), "request" if yes else "declined", self.version),
        ]
        ends = [post_deleted(post, on_post), comment_deleted(comment, of_comment)]
        self.waiting.append(chance.choice(told if chance.random() < 0.97 else ends))

    def deliver(self) -> None:
        """Any event that waits, or once more one that was handled."""
        again = self.handled and self.chance.random() < 0.3
        if not again and not self.waiting:
            return
        place = self.chance.randrange(len(self.waiting)) if not again else 0
        told = self.chance.choice(self.handled) if again else self.waiting.pop(place)
        handle(self.database, told)
        self.handled.append(told)
        if told[0] in ("post.deleted.v1", "comment.deleted.v1"):
            work(self.database)
        self.note(told)

    def note(self, told: Told) -> None:
        name, data = told
        if name in ("post.deleted.v1", "comment.deleted.v1"):
            self.removed.add(ids.parse(data["comment_id" if name.startswith("comment") else "post_id"]))
            self.known = {key: each for key, each in self.known.items() if not each.subjects & self.removed}
            return
        for key, active, subjects in said(told):
            if key[0] == key[3] or subjects & self.removed or {key[0], key[3]} & self.gone:
                continue
            if key not in self.known:
                self.positions += 1
                self.known[key] = Known(self.positions, subjects=subjects)
            if data["version"] > self.known[key].version:
                self.known[key].version, self.known[key].active = data["version"], active

    def restrict(self) -> None:
        one, other = self.chance.sample(self.people, 2)
        if self.gone & {one, other}:
            return
        self.version += 1
        blocking, muting = self.chance.choice([(True, False), (False, True), (False, False)])
        restricted(self.database, one, other, self.version, blocking=blocking, muting=muting)
        self.restrictions[one, other] = blocking, muting

    def suspend(self) -> None:
        person = self.chance.choice(self.people)
        if person in self.gone:
            return
        self.version += 1
        self.hidden ^= {person}
        suspended(self.database, person, self.version, suspended=person in self.hidden)

    def mark(self) -> None:
        person = self.chance.choice(self.people)
        groups = self.groups(person)
        if person not in self.hidden | self.gone and groups:
            chosen = self.chance.randrange(len(groups))
            page = self.database.read(queries.listed, person, PageRequest(100, None))
            self.database.write(mark_read, person, ids.parse(page.items[chosen]["id"]))
            self.read[person] = max(self.read[person], groups[chosen][3])

    def withdraw(self) -> None:
        person = self.chance.choice(self.people)
        self.database.write(WITHDRAWAL.request, person)
        purge_to_the_end(self.database, 3)
        self.gone.add(person)
        self.hidden.discard(person)
        self.known = {key: each for key, each in self.known.items() if person not in (key[0], key[3])}

    def visible(self, recipient: int, actor: int) -> bool:
        blocking, muting = self.restrictions.get((recipient, actor), (False, False))
        blocked, _ = self.restrictions.get((actor, recipient), (False, False))
        return actor not in self.hidden and not (blocking or muting or blocked)

    def groups(self, person: int) -> list[tuple[str, list[int], int, int]]:
        """The kind, the newest actors, their number and the position of each notification, newest first."""
        found: dict[tuple[str, int], list[tuple[int, int]]] = {}
        for (recipient, kind, subject, actor), known in self.known.items():
            if recipient == person and known.active and self.visible(person, actor):
                found.setdefault((kind, subject), []).append((known.position, actor))
        groups = [
            (kind, [actor for _, actor in sorted(actors, reverse=True)[:3]], len(actors), max(actors)[0])
            for (kind, _), actors in found.items()
        ]
        return sorted(groups, key=lambda each: -each[3])

    def compare(self) -> None:
        for person in set(self.people) - self.hidden - self.gone:
            groups = self.groups(person)
            assert list(self.paged(person)) == [
                (kind, actors, count, position <= self.read[person]) for kind, actors, count, position in groups
            ]
            assert unread(self.database, person) == sum(each[3] > self.read[person] for each in groups)

    def paged(self, person: int) -> Iterator[tuple[Any, ...]]:
        limit, after = self.chance.choice([1, 3, 100]), None
        while True:
            page = self.database.read(queries.listed, person, PageRequest(limit, after))
            for each in page.items:
                actors = [ids.parse(actor["id"]) for actor in each["actors"]]
                yield each["kind"], actors, each["actor_count"], each["read"]
            after = page.next
            if after is None:
                return


def said(told: Told) -> Iterator[tuple[Key, bool, set[int]]]:
    """Of each key that the event is about, whether it holds from then on, and the subjects that must be there."""
    name, data = told
    id_ = {field: ids.parse(value) for field, value in data.items() if field.endswith("_id") and value is not None}
    match name:
        case "user.followed.v1" | "user.unfollowed.v1":
            yield (id_["followee_id"], "follow", 0, id_["follower_id"]), name == "user.followed.v1", set()
        case "post.liked.v1":
            yield (id_["author_id"], "like", id_["post_id"], id_["person_id"]), data["liked"], {id_["post_id"]}
        case "comment.liked.v1":
            key = id_["author_id"], "comment_like", id_["comment_id"], id_["person_id"]
            yield key, data["liked"], {id_["comment_id"], id_["post_id"]}
        case "room.requested.v1":
            key = id_["recipient_id"], "room_request", id_["room_id"], id_["sender_id"]
            yield key, data["state"] == "request", set()
        case _:
            yield from _mentions(name, data, id_)


def _mentions(name: str, data: dict[str, Any], id_: dict[str, int]) -> Iterator[tuple[Key, bool, set[int]]]:
    subject = id_["post_id"] if name == "post.written.v1" else id_["comment_id"]
    direct = {} if name == "post.written.v1" else {id_["post_author_id"]: "comment", id_["parent_author_id"]: "reply"}
    for listed, active in (("former_ids", False), ("mentioned_ids", True)):
        for person in map(ids.parse, data[listed]):
            if person not in direct:
                yield (person, "mention", subject, id_["author_id"]), active, {subject, id_["post_id"]}
    for person, kind in direct.items():
        yield (person, kind, subject, id_["author_id"]), True, {subject, id_["post_id"]}


@pytest.mark.parametrize("seed", range(3))
def test_every_list_equals_a_search_over_all_events(database: Database, seed: int) -> None:
    life = Life(database, seed)
    for number in range(STEPS):
        life.step()
        if number % 30 == 0:
            life.compare()
    while life.waiting:
        life.deliver()
    life.compare()
    life.withdraw()
    life.compare()
