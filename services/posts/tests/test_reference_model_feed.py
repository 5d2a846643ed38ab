"""After random operations and idle workers, every feed equals a search over all posts."""

from random import Random

import pytest

from services.posts import models
from services.posts.actions import post_cleanup, posts
from services.posts.actions.feed import celebrities, fanout, follows, rebuild, timelines
from services.posts.actions.withdrawals import WITHDRAWAL
from services.posts.queries.posts import latest
from shared.database.engine import Database

from .factories import (
    LAST_SWEEP_AFTER,
    ONE_BY_ONE,
    listed,
    published,
    purge_to_the_end,
    remove_to_the_end,
    restricted,
    rows_of,
    some_people,
)
from .feed_checks import KEPT, THRESHOLD, assert_timelines_are_whole, paged, settle
from .reference_model import Model, Post

PEOPLE = 7
STEPS = 150
LOOK_EVERY = 25


class Life:
    """Applies the same random operations to the database and to the model, while the workers run step by step."""

    def __init__(self, database: Database, seed: int) -> None:
        self.database = database
        self.chance = Random(seed)
        self.model = Model(people=set(some_people(database, PEOPLE)))
        self.versions = 0
        self.was_popular = False
        self.did: list[str] = []

    def step(self) -> None:
        people = [self.follow] * 6 + [self.unfollow] * 3 + [self.hear_late] + [self.restrict] * 4 + [self.publish] * 6
        people += [self.delete_post] * 2 + [self.withdraw]
        workers = [self.push] * 6 + [self.rebuild] * 2 + [self.make_up] * 3 + [self.trim, self.remove, self.purge]
        act = self.chance.choice([*people, *workers])
        self.did.append(act.__name__)
        act()
        self.was_popular = self.was_popular or bool(rows_of(self.database, models.popular))

    def authors(self) -> list[int]:
        """The few users who post: most of the others follow them."""
        return sorted(self.model.people)[:3]

    def edge(self, following: bool, version: int) -> None:
        followee = self.chance.choice(self.authors())
        follower = self.chance.choice(sorted(self.model.people - {followee}))
        fact = (follower, followee, version, following)
        for _ in range(self.chance.choice([1, 1, 2])):
            self.database.write(follows.note, *fact)
            self.model.note(*fact)

    def follow(self) -> None:
        self.versions += 1
        self.edge(True, self.versions)

    def unfollow(self) -> None:
        self.versions += 1
        self.edge(False, self.versions)

    def hear_late(self) -> None:
        self.edge(self.chance.random() < 0.5, self.chance.randint(1, self.versions + 1))
        self.versions += 1

    def restrict(self) -> None:
        """Block or mute, or end it; the event may be late, so that a newer one stays."""
        person, other = self.chance.sample(sorted(self.model.people), 2)
        if self.chance.random() < 0.8:
            other = self.chance.choice([each for each in self.authors() if each != person])
        self.versions += 1
        version = self.chance.choice([self.versions, self.versions, self.chance.randint(1, self.versions)])
        told = {"blocking": version % 5 == 0, "muting": version % 3 == 0}  # each version has one content
        restricted(self.database, person, other, version, **told)
        self.model.restrict(person, other, version, **told)

    def publish(self) -> None:
        author = self.chance.choice(self.authors())
        for _ in range(self.chance.choice([1, 1, 1, 5])):
            post = published(self.database, author)
            self.model.posts[post] = Post(post, author, None, [])

    def delete_post(self) -> None:
        if self.model.posts:
            post = self.chance.choice(list(self.model.posts.values()))
            self.database.write(posts.delete_post, post.author, post.id)
            self.model.delete_post(post.id)

    def withdraw(self) -> None:
        if len(self.model.people) > PEOPLE - 2 and self.chance.random() < 0.2:
            person = self.chance.choice(sorted(self.model.people))
            self.database.write(WITHDRAWAL.request, person)
            self.model.withdraw(person)

    def push(self) -> None:
        self.database.write(fanout.push_some, THRESHOLD, self.chance.choice([1, 2, 100]))

    def rebuild(self) -> None:
        if self.chance.random() < 0.3:
            self.database.write(rebuild.ask_for, [self.chance.choice(sorted(self.model.people))])
        self.database.write(rebuild.rebuild_some, KEPT)

    def make_up(self) -> None:
        self.database.write(celebrities.backfill_some, self.chance.choice([1, 10]), 0)

    def trim(self) -> None:
        self.database.write(timelines.trim, self.chance.choice(sorted(self.model.people)), KEPT)

    def remove(self) -> None:
        self.database.write(post_cleanup.remove_some, 1)

    def purge(self) -> None:
        self.database.write(ONE_BY_ONE.step, LAST_SWEEP_AFTER)

    def look(self) -> None:
        """Check every feed now: ordered, without duplicates and wrong posts; own posts are there at once."""
        for reader in self.model.people:
            wanted = [each.id for each in self.model.posts_for(reader)]
            shown = paged(self.database, reader, self.chance.choice([1, 3, 100]))
            assert shown == [each for each in wanted if each in set(shown)]
            own = {each.id for each in self.model.posts.values() if each.author == reader}
            assert own <= set(shown)

    def compare(self) -> None:
        """Compare when the workers are idle."""
        settle(self.database, THRESHOLD, KEPT)
        remove_to_the_end(self.database)
        purge_to_the_end(self.database)
        for reader in self.model.people:
            wanted = [each.id for each in self.model.posts_for(reader)]
            for limit in (1, 2, 3, KEPT, 100):
                assert paged(self.database, reader, limit) == wanted
        assert_timelines_are_whole(self.database, self.model)
        assert set(listed(self.database, latest, None)) == set(self.model.posts)


@pytest.mark.parametrize("seed", range(5))
def test_every_feed_equals_a_full_search_when_idle(
    database: Database, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timelines, "MAX_COPIED_POSTS", 4)
    life = Life(database, seed)
    try:
        for number in range(STEPS):
            life.step()
            if number % LOOK_EVERY == 0:
                life.look()
            if number % (4 * LOOK_EVERY) == 0:
                life.compare()
        life.compare()
    except AssertionError as problem:
        problem.add_note(f"after {life.did}")
        raise
    assert life.was_popular
    assert rows_of(database, models.pushes) == rows_of(database, models.rebuilds) == []
