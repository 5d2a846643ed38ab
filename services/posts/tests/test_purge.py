"""A withdrawal ends complete and the counts right, wherever it is interrupted."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from threading import Barrier, BrokenBarrierError

import pytest
from sqlalchemy import Connection, event, insert, update

from services.posts import models
from services.posts.actions import comments, posts
from services.posts.actions.post_cleanup import remove_some
from services.posts.actions.withdrawals import WITHDRAWAL
from services.posts.app import create_app
from services.posts.queries.comments import comments_of, replies_to
from services.posts.queries.likes import likers
from services.posts.settings import Settings
from shared import clock, ids
from shared.database.engine import Database
from shared.events.bus import Bus
from shared.idempotency import Idempotency, Key, StoredResponse
from shared.replication.purge import DONE, PURGED, PURGING
from shared.testing import Stub, eventually, running_service

from .factories import (
    LAST_SWEEP_AFTER,
    ONE_BY_ONE,
    all_like,
    commented,
    counts,
    facts,
    follows_now,
    listed,
    published,
    purge_states,
    purge_to_the_end,
    remove_to_the_end,
    rows_of,
    some_people,
    traces_of,
    uploaded,
)


@dataclass
class Scene:
    """Somebody who withdraws, and what others keep."""

    gone: int
    friend: int
    post: int
    first: int
    """A comment of the one who goes, which the friend has answered."""
    answer: int
    alone: int
    """Another, which nobody has answered."""


def scene(database: Database) -> Scene:
    """Everything that a person can leave behind, and then they withdraw."""
    gone, friend, other = some_people(database, 3)
    post, second = published(database, friend), published(database, other)
    for each in (post, second):
        all_like(database, [gone, friend, other], each)
    first = commented(database, gone, post, "answered words")
    answer = commented(database, friend, post, "kept words", first)
    alone = commented(database, gone, post, "lone words")
    commented(database, gone, post, "last words", answer)
    for each in (published(database, gone, photos) for photos in ("one", "two", "three")):
        all_like(database, [friend, gone], each)
        commented(database, gone, each, parent=commented(database, friend, each))
    database.write(posts.delete_post, gone, published(database, gone))
    uploaded(database, gone)
    for follower, followee in ((gone, friend), (friend, gone), (gone, other), (other, friend)):
        follows_now(database, follower, followee)
    key = Key(gone, b"k" * 32, b"r" * 32)
    Idempotency(database, models.idempotency_keys).write(key, lambda _: StoredResponse(201, b"{}"))
    database.write(WITHDRAWAL.request, gone)
    return Scene(gone, friend, post, first, answer, alone)


def assert_complete(database: Database, left: Scene) -> None:
    assert traces_of(database, left.gone) == []
    assert purge_states(database) == {left.gone: PURGED}
    assert facts(database) == [("user.purged.v1", {"user_id": ids.encode(left.gone), "service": "posts"})]
    assert counts(database, left.post) == (2, 1)
    assert len(listed(database, likers, left.post)) == 2
    assert listed(database, comments_of, left.post) == [left.first]
    assert listed(database, replies_to, left.first) == [left.answer]
    assert [row.text for row in rows_of(database, models.comments)] == [None, "kept words"]
    assert [row.following for row in rows_of(database, models.follows)] == [True]
    kept = {name for row in rows_of(database, models.media) for name in (row.display, row.thumbnail)}
    doomed = {row.name for row in rows_of(database, models.disposal) if row.due_at <= clock.now()}
    assert len(kept) == 4 and len(doomed) == 10 and not kept & doomed


def test_a_withdrawal_takes_everything_that_names_the_person(database: Database) -> None:
    left = scene(database)
    assert set(traces_of(database, left.gone)) == {
        "follows", "media", "posts", "likes", "comments", "removals", "idempotency_keys",
        "feeds", "rebuilds", "timeline", "pushes",
    }  # fmt: skip
    purge_to_the_end(database)
    assert_complete(database, left)


@pytest.mark.parametrize("steps", range(8))
def test_a_purge_that_is_stopped_after_any_step_goes_on_in_a_fresh_process(settings: Settings, steps: int) -> None:
    before = Database(settings.database_url)
    left = scene(before)
    for step in range(steps):
        before.write(ONE_BY_ONE.step, LAST_SWEEP_AFTER)
        if step % 2:
            before.write(remove_some, 1)
    before.close()
    after = Database(settings.database_url)
    due_now(after)
    purge_to_the_end(after)
    due_now(after)
    purge_to_the_end(after)
    assert_complete(after, left)
    after.close()


def due_now(database: Database) -> None:
    """Let the pause of a purge that waits for deleted posts be over."""
    table = models.purges
    soon = update(table).where(table.c.state == PURGING).values(sweep_at=clock.now())
    database.write(lambda tx: tx.execute(soon))


def test_a_service_that_starts_again_finishes_what_it_had_begun(
    settings: Settings, database: Database, auth: Stub, bus: Bus
) -> None:
    left = scene(database)
    for _ in range(5):
        database.write(ONE_BY_ONE.step, LAST_SWEEP_AFTER)
    with running_service(create_app(settings, bus, auth.transport)):
        eventually(lambda: purge_states(database) == {left.gone: PURGED})
        eventually(lambda: len(rows_of(database, models.disposal)) == 0)
    assert traces_of(database, left.gone) == [] and counts(database, left.post) == (2, 1)


def test_nothing_is_reported_while_something_of_a_deleted_post_is_left(database: Database) -> None:
    gone, friend = some_people(database, 2)
    all_like(database, [friend], published(database, gone))
    database.write(WITHDRAWAL.request, gone)
    while database.write(WITHDRAWAL.step, LAST_SWEEP_AFTER):
        pass
    database.write(WITHDRAWAL.announce_again, gone)
    assert purge_states(database) == {gone: PURGING} and facts(database) == []
    remove_to_the_end(database)
    due_now(database)
    assert database.write(WITHDRAWAL.step, LAST_SWEEP_AFTER)
    assert purge_states(database) == {gone: PURGED} and len(facts(database)) == 1


def test_two_who_answered_each_other_can_withdraw_together(database: Database) -> None:
    one, other, friend = some_people(database, 3)
    post = published(database, friend)
    all_like(database, [one, other, friend], post)
    last = commented(database, one, post)
    for turn in range(6):
        last = commented(database, (other, one)[turn % 2], post, parent=last)
    kept = commented(database, friend, post)
    for gone in (one, other):
        database.write(WITHDRAWAL.request, gone)
    purge_to_the_end(database)
    assert listed(database, comments_of, post) == [kept] == [row.id for row in rows_of(database, models.comments)]
    assert counts(database, post) == (1, 1)
    assert purge_states(database) == {one: PURGED, other: PURGED}


def slip_in(tx: Connection, person: int, post: int) -> None:
    """A like as a write would leave it that did not see the tombstone."""
    tx.execute(insert(models.likes).values(person_id=person, post_id=post, id=ids.new()))
    counter = {"post_id": post, "slot": person % models.SHARDS, "likes": 1, "comments": 0}
    tx.execute(insert(models.tallies).values(**counter))


@pytest.mark.parametrize(("what", "shown"), [("likes", (1, 2)), ("comments", (2, 1))])
def test_two_who_purge_at_once_count_nothing_twice(database: Database, what: str, shown: tuple[int, int]) -> None:
    gone, friend = some_people(database, 2)
    liked = [published(database, friend) for _ in range(4)]
    for post in liked:
        all_like(database, [gone, friend], post)
        commented(database, gone, post)
        commented(database, friend, post)
    database.write(WITHDRAWAL.request, gone)
    (kind,) = (each for each in WITHDRAWAL.targets if each.names[0].table.name == what)
    both_asked = Barrier(2)

    def wait_for_the_other(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("SELECT"):
            with suppress(BrokenBarrierError):  # the other cannot ask before this one has ended
                both_asked.wait(timeout=1)

    event.listen(database.engine, "after_cursor_execute", wait_for_the_other)
    with ThreadPoolExecutor(2) as pool:
        for each in [pool.submit(database.write, kind.remove, gone, 2) for _ in range(2)]:
            each.result()
    while database.write(kind.remove, gone, 2):
        pass
    assert {counts(database, post) for post in liked} == {shown}


def test_a_last_sweep_takes_what_slipped_in_and_then_it_is_over_for_good(database: Database) -> None:
    gone, friend = some_people(database, 2)
    post = published(database, friend)
    database.write(WITHDRAWAL.request, gone)
    assert database.write(WITHDRAWAL.step, 0)
    assert purge_states(database) == {gone: PURGED} and len(facts(database)) == 1
    database.write(slip_in, gone, post)
    assert counts(database, post) == (1, 0)
    assert database.write(WITHDRAWAL.step, 0) and counts(database, post) == (0, 0)
    assert purge_states(database) == {gone: DONE}
    assert not database.write(WITHDRAWAL.step, 0)
    database.write(WITHDRAWAL.announce_again, gone)
    assert [name for name, _ in facts(database)] == ["user.purged.v1"] * 2


def test_nothing_is_left_of_who_they_were(database: Database) -> None:
    (gone,) = some_people(database, 1)
    assert database.write(WITHDRAWAL.request, gone)
    assert not database.write(WITHDRAWAL.request, gone)
    (row,) = rows_of(database, models.people)
    assert (row.nickname, row.name, row.avatar_url, row.deleted) == (None, None, None, True)


def test_a_long_chain_of_blank_comments_goes_with_the_last_words_below_it(database: Database) -> None:
    writer, friend = some_people(database, 2)
    post = published(database, friend)
    chain = [commented(database, writer, post)]
    for _ in range(40):
        chain.append(commented(database, writer, post, parent=chain[-1]))
    for comment in chain[:-1]:
        database.write(comments.delete_comment, writer, comment)
    assert counts(database, post) == (0, 1) and len(rows_of(database, models.comments)) == 41
    database.write(comments.delete_comment, writer, chain[-1])
    assert rows_of(database, models.comments) == [] and counts(database, post) == (0, 0)
