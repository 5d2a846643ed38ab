"""After random follows, suspensions and withdrawals, counts and lists equal those of a set of edges."""

from dataclasses import replace
from random import Random

import pytest

from services.social import models, queries
from services.social.actions import recount
from services.social.actions.follows import follow, unfollow
from services.social.actions.people import PEOPLE
from services.social.actions.suspensions import SUSPENSION
from services.social.actions.withdrawals import WITHDRAWAL
from shared import ids
from shared.database.engine import Database

from .factories import FIRST, edges, purge_to_the_end, registered, some_people

STEPS = 120
ROW_BY_ROW = replace(SUSPENSION, targets=[replace(each, chunk=1) for each in SUSPENSION.targets])


class Life:
    """Applies the same random operations to the database and to a set of edges, in the order of their creation."""

    def __init__(self, database: Database, seed: int) -> None:
        self.database = database
        self.chance = Random(seed)
        self.people = set(some_people(database, 7))
        self.hidden: set[int] = set()
        self.edges: dict[tuple[int, int], None] = {}
        self.version = 1

    def step(self) -> None:
        act = self.chance.choice([self.follow] * 6 + [self.unfollow] * 2 + [self.switch] * 3 + [self.withdraw])
        act()
        for _ in range(self.chance.choice([0, 0, 1, 3, 10])):
            self.database.write(ROW_BY_ROW.step)

    def pair(self) -> tuple[int, int]:
        one, other = self.chance.sample(sorted(self.people - self.hidden), 2)
        return one, other

    def follow(self) -> None:
        pair = self.pair()
        self.database.write(follow, *pair)
        self.edges.setdefault(pair)

    def unfollow(self) -> None:
        pair = self.pair()
        self.database.write(unfollow, *pair)
        self.edges.pop(pair, None)

    def switch(self) -> None:
        """Suspend or reinstate somebody."""
        able = self.people if len(self.people - self.hidden) > 2 else self.hidden
        self.tell(self.chance.choice(sorted(able)))

    def tell(self, person: int) -> None:
        """Change whether this person is suspended."""
        self.hidden ^= {person}
        self.version += 1
        self.database.write(PEOPLE.store, registered(person, self.version, suspended=person in self.hidden))

    def withdraw(self) -> None:
        if len(self.people) > 4 and len(self.people - self.hidden) > 2 and self.chance.random() < 0.2:
            person = self.chance.choice(sorted(self.people))
            self.database.write(WITHDRAWAL.request, person)
            purge_to_the_end(self.database)
            self.people.discard(person)
            self.hidden.discard(person)
            self.edges = {pair: None for pair in self.edges if person not in pair}

    def compare(self) -> None:
        while self.database.write(ROW_BY_ROW.step):
            pass
        assert self.database.write(recount.recount_some, 0)[1] == []
        assert edges(self.database) == set(self.edges)
        seen = [pair for pair in reversed(self.edges) if not self.hidden & set(pair)]
        for person in self.people - self.hidden:
            followers = [follower for follower, followee in seen if followee == person]
            following = [followee for follower, followee in seen if follower == person]
            assert self.listed("followers", person) == followers and self.listed("following", person) == following
            counts = {"followers_count": len(followers), "following_count": len(following)}
            assert self.database.read(queries.counts, person, None) == counts

    def listed(self, name: str, person: int) -> list[int]:
        return [ids.parse(each["id"]) for each in self.database.read(getattr(queries, name), person, None, FIRST).items]


@pytest.mark.parametrize("seed", range(4))
def test_counts_and_lists_equal_the_edges_without_the_hidden(database: Database, seed: int) -> None:
    life = Life(database, seed)
    for number in range(STEPS):
        life.step()
        if number % 5 == 0:
            life.compare()
    for person in sorted(life.hidden):
        life.tell(person)
    life.compare()
    assert database.read(lambda connection: connection.execute(models.recounts.select()).all()) == []
