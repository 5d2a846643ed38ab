"""After random follows, blocks, mutes, suspensions and withdrawals, every list equals a search over the whole state."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from services.social import queries
from services.social.actions.follows import follow, remove_follower, unfollow
from services.social.actions.people import PEOPLE
from services.social.actions.restrictions import block, mute, unblock, unmute
from services.social.actions.withdrawals import WITHDRAWAL
from shared import ids
from shared.database.engine import Database
from shared.errors import Conflict, NotFound
from shared.pagination import Page, PageRequest

from .factories import edges, facts, purge_to_the_end, registered, relation_json, restrictions, some_people

STEPS = 120
Pair = tuple[int, int]


class Life:
    """Applies the same random operations to the database and to dictionaries, whose order is that of the additions."""

    def __init__(self, database: Database, seed: int) -> None:
        self.database = database
        self.chance = Random(seed)
        self.people = set(some_people(database, 7))
        self.hidden: set[int] = set()
        self.edges: dict[Pair, None] = {}
        self.blocks: dict[Pair, None] = {}
        self.mutes: dict[Pair, None] = {}
        self.version = 1
        self.did: list[str] = []

    def step(self) -> None:
        often = [self.follow] * 8 + [self.unfollow, self.remove_follower] * 2 + [self.block] * 3 + [self.mute] * 2
        act = self.chance.choice([*often, self.unblock, self.unblock, self.unmute, self.switch, self.withdraw])
        self.did.append(act.__name__)
        act()

    def pair(self) -> Pair:
        """Somebody who can act, and anybody else."""
        one = self.chance.choice(sorted(self.people - self.hidden))
        return one, self.chance.choice(sorted(self.people - {one}))

    def sees(self, viewer: int | None, person: int) -> bool:
        """Whether the person is there for the viewer."""
        return person in self.people - self.hidden and (person, viewer) not in self.blocks

    def apart(self, viewer: int | None, person: int) -> bool:
        return not {(person, viewer), (viewer, person)} & self.blocks.keys()

    def attempt(self, change: Callable[..., Any], pair: Pair, error: type[Exception] | None) -> bool:
        """Whether it was done; if not, it is refused in the expected way."""
        if error is None:
            self.database.write(change, *pair)
            return True
        with pytest.raises(error):
            self.database.write(change, *pair)
        return False

    def follow(self) -> None:
        one, other = pair = self.pair()
        blocked = Conflict if pair in self.blocks else None
        if self.attempt(follow, pair, blocked if self.sees(one, other) else NotFound):
            self.edges.setdefault(pair)

    def unfollow(self) -> None:
        one, other = pair = self.pair()
        if self.attempt(unfollow, pair, None if self.sees(one, other) else NotFound):
            self.edges.pop(pair, None)

    def remove_follower(self) -> None:
        one, other = pair = self.pair()
        if self.attempt(remove_follower, pair, None if self.sees(one, other) else NotFound):
            self.edges.pop((other, one), None)

    def block(self) -> None:
        one, other = pair = self.pair()
        self.database.write(block, *pair)
        self.blocks.setdefault(pair)
        for each in (pair, (other, one)):
            self.edges.pop(each, None)

    def unblock(self) -> None:
        pair = self.chance.choice([self.pair(), *self.blocks])
        if pair[0] not in self.hidden:
            self.database.write(unblock, *pair)
            self.blocks.pop(pair, None)

    def mute(self) -> None:
        pair = self.pair()
        self.database.write(mute, *pair)
        self.mutes.setdefault(pair)

    def unmute(self) -> None:
        pair = self.chance.choice([self.pair(), *self.mutes])
        if pair[0] not in self.hidden:
            self.database.write(unmute, *pair)
            self.mutes.pop(pair, None)

    def switch(self) -> None:
        """Suspend or reinstate somebody."""
        person = self.chance.choice(sorted(self.people if len(self.people - self.hidden) > 2 else self.hidden))
        self.hidden ^= {person}
        self.version += 1
        self.database.write(PEOPLE.store, registered(person, self.version, suspended=person in self.hidden))

    def withdraw(self) -> None:
        if len(self.people) > 4 and len(self.people - self.hidden) > 2 and self.chance.random() < 0.3:
            person = self.chance.choice(sorted(self.people))
            self.database.write(WITHDRAWAL.request, person)
            if self.chance.random() < 0.5:  # or a later step finishes it
                purge_to_the_end(self.database, 1)
            self.people.discard(person)
            self.hidden.discard(person)
            for pairs in (self.edges, self.blocks, self.mutes):
                for each in [each for each in pairs if person in each]:
                    del pairs[each]

    def compare(self) -> None:
        for viewer in (*self.people - self.hidden, None):
            for person in self.people:
                self.compare_lists(viewer, person)
        for person in self.people - self.hidden:
            for query, pairs in ((queries.blocks, self.blocks), (queries.mutes, self.mutes)):
                assert self.paged(query, person) == [other for one, other in reversed(pairs) if one == person]
            others = sorted(self.people - {person})
            assert self.database.read(queries.relations, person, others) == [
                self.relation(person, each) for each in others
            ]

    def compare_lists(self, viewer: int | None, person: int) -> None:
        if not self.sees(viewer, person):
            for query in (queries.followers, queries.following):
                with pytest.raises(NotFound):
                    self.database.read(queries.counts_of_profile, person, viewer)
                with pytest.raises(NotFound):
                    self.database.read(query, person, viewer, PageRequest(1, None))
            return
        shown = [pair for pair in reversed(self.edges) if not self.hidden & {*pair}]
        followers = [one for one, other in shown if other == person and self.apart(viewer, one)]
        following = [other for one, other in shown if one == person and self.apart(viewer, other)]
        assert self.paged(queries.followers, person, viewer) == followers
        assert self.paged(queries.following, person, viewer) == following
        if viewer is not None:
            common = [other for one, other in shown if one == viewer and (other, person) in self.edges]
            assert self.paged(queries.common_followers, person, viewer) == common
            some = self.database.read(queries.counts_of_profile, person, viewer)["followed_by_some"]
            assert [ids.parse(each["id"]) for each in some] == common[:3]

    def relation(self, one: int, other: int) -> dict[str, Any]:
        there = other not in self.hidden
        return relation_json(
            other,
            following=there and (one, other) in self.edges,
            followed_by=there and (other, one) in self.edges,
            blocking=(one, other) in self.blocks,
            muting=(one, other) in self.mutes,
        )

    def paged(self, query: Callable[..., Page], *args: Any) -> list[int]:
        """A whole list, in pages of one of several sizes; only the last one is not full."""
        limit, after, read = self.chance.choice([1, 2, 3, 100]), None, list[int]()
        while True:
            page = self.database.read(query, *args, PageRequest(limit, after))
            read += [ids.parse(each["id"]) for each in page.items]
            if page.next is None:
                return read
            assert len(page.items) == limit
            after = page.next

    def told(self) -> dict[Pair, tuple[bool, bool]]:
        """Who restricts whom according to the events, handled in any order, for those who are still there."""
        newest: dict[Pair, tuple[int, bool, bool]] = {}
        heard = [data for name, data in facts(self.database) if name == "user.restricted.v1"]
        for data in self.chance.sample(heard, len(heard)):
            pair = ids.parse(data["user_id"]), ids.parse(data["other_id"])
            newest[pair] = max(newest.get(pair, (0, False, False)), (data["version"], data["blocking"], data["muting"]))
        there = {pair: flags for pair, (_, *flags) in newest.items() if self.people >= {*pair}}
        return {pair: (blocking, muting) for pair, (blocking, muting) in there.items() if blocking or muting}


@pytest.mark.parametrize("seed", range(4))
def test_every_list_equals_a_search_over_the_whole_state(database: Database, seed: int) -> None:
    life = Life(database, seed)
    try:
        for number in range(STEPS):
            life.step()
            if number % 10 == 0:
                life.compare()
        life.compare()
    except AssertionError as problem:
        problem.add_note(f"after {life.did}")
        raise
    purge_to_the_end(database, 1)
    assert edges(database) == set(life.edges)
    both = {pair: (pair in life.blocks, pair in life.mutes) for pair in life.blocks | life.mutes}
    assert restrictions(database) == life.told() == both
