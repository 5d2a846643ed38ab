"""Concurrent follows, unfollows, posts and deletions during fan-out: afterwards every feed is correct."""

from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

import pytest

from services.posts import models
from services.posts.actions import posts
from services.posts.actions.feed import celebrities, fanout, follows, rebuild, timelines
from shared import ids
from shared.database.engine import Database
from shared.testing import LiveService, eventually

from .api_client import ApiClients
from .factories import published, remove_to_the_end, rows_of, size, some_people
from .feed_checks import assert_timelines_are_whole, paged, settle
from .reference_model import Model, Post

PEOPLE = 8
STEPS = 40
THRESHOLD = 4
KEPT = 10


def what_there_is(database: Database) -> Model:
    """The model of the follows and posts in the tables."""
    model = Model(people={row.id for row in rows_of(database, models.people) if not row.deleted})
    model.posts = {row.id: Post(row.id, row.author_id, None, []) for row in rows_of(database, models.posts)}
    edges = rows_of(database, models.follows)
    model.edges = {(row.follower_id, row.followee_id): (row.version, row.following) for row in edges}
    return model


def assert_feeds_are_right(database: Database) -> None:
    model = what_there_is(database)
    for reader in model.people:
        assert paged(database, reader, 7) == [each.id for each in model.posts_for(reader)]
    assert_timelines_are_whole(database, model)


def live(database: Database, seed: int, people: list[int]) -> None:
    """One user follows, unfollows, posts and deletes at random."""
    chance, me = Random(seed), people[seed]
    mine: list[int] = []
    for version in range(1, STEPS + 1):
        other = chance.choice([each for each in people[:5] if each != me])
        act = chance.random()
        if act < 0.6:
            database.write(follows.note, me, other, version, chance.random() < 0.7)
        elif act < 0.9:
            mine.append(published(database, me))
        elif mine:
            database.write(posts.delete_post, me, mine.pop(chance.randrange(len(mine))))


def work(database: Database, seed: int, people: list[int]) -> None:
    """The workers of one replica."""
    chance = Random(seed)
    for _ in range(STEPS * 3):
        database.write(fanout.push_some, THRESHOLD, chance.choice([2, 100]))
        database.write(celebrities.backfill_some, 2, 0)
        if chance.random() < 0.2:
            database.write(rebuild.ask_for, [chance.choice(people)])
            database.write(timelines.trim, chance.choice(people), KEPT)
        database.write(rebuild.rebuild_some, KEPT)


def test_concurrent_follows_and_posts_lose_nothing(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timelines, "MAX_COPIED_POSTS", 6)
    people = some_people(database, PEOPLE)
    with ThreadPoolExecutor(PEOPLE + 2) as pool:
        lives = [pool.submit(live, database, seed, people) for seed in range(PEOPLE)]
        workers = [pool.submit(work, database, seed, people) for seed in range(2)]
        for each in (*lives, *workers):
            each.result()
    settle(database, THRESHOLD, KEPT)
    remove_to_the_end(database)
    assert size(database, models.posts) > PEOPLE
    assert_feeds_are_right(database)


def test_running_service_fans_out_posts_and_handles_follow_events(service: LiveService, clients: ApiClients) -> None:
    people = clients.known(5)
    chance = Random(5)
    for version in range(1, 41):
        follower, followee = chance.sample(people, 2)
        fact: dict[str, Any] = {"follower_id": follower.id, "followee_id": followee.id, "version": version}
        assert service.deliver(chance.choice(["user.followed.v1"] * 3 + ["user.unfollowed.v1"]), fact)
        if version % 4 == 0:
            chance.choice(people).posted()
    eventually(lambda: size(clients.database, models.pushes) + size(clients.database, models.rebuilds) == 0)
    model = what_there_is(clients.database)
    for reader in people:
        shown = [ids.parse(each["id"]) for each in reader.get("/feed?limit=100")["items"]]
        assert shown == [each.id for each in model.posts_for(reader.number)]
    assert_timelines_are_whole(clients.database, model)
