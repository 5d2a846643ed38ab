"""A purge completes with correct counts after any interruption."""

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
from services.posts.queries.photos import file_names
from services.posts.queries.posts import posts_of
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
    all_like_comment,
    commented,
    counts,
    facts,
    follows_now,
    listed,
    published,
    purge_states,
    purge_to_the_end,
    remove_to_the_end,
    restricted,
    rows_of,
    save_all,
    some_people,
    tag_counts,
    traces_of,
    uploaded,
)

TEXT = "with @nick0 and @nick1 in the #harbour"


@dataclass
class Scene:
    """A user who withdraws, and the rows of others that stay."""

    gone: int
    friend: int
    post: int
    first: int
    """A comment of the one who goes, which the friend has answered."""
    answer: int
    alone: int
    """Another one without replies."""


def scene(database: Database) -> Scene:
    """A user with rows in every table, who withdraws."""
    gone, friend, other = some_people(database, 3)
    post, second = published(database, friend, TEXT), published(database, other)
    for each in (post, second):
        all_like(database, [gone, friend, other], each)
    first = commented(database, gone, post, "answered words")
    answer = commented(database, friend, post, "kept words", first)
    alone = commented(database, gone, post, "lone words")
    commented(database, gone, post, "last words", answer)
    database.write(comments.edit, friend, answer, f"kept words {TEXT}")
    for each in (published(database, gone, photos) for photos in ("one", f"two {TEXT}", "three")):
        all_like(database, [friend, gone], each)
        commented(database, gone, each, parent=commented(database, friend, each))
    save_all(database, gone, [post, second])
    save_all(database, friend, [post, *listed(database, posts_of, gone, None)])
    all_like_comment(database, [friend, gone], first)
    all_like_comment(database, [gone, other], answer)
    database.write(posts.delete_post, gone, published(database, gone))
    uploaded(database, gone)
    for follower, followee in ((gone, friend), (friend, gone), (gone, other), (other, friend)):
        follows_now(database, follower, followee)
    for person, blocked in ((gone, other), (other, gone)):
        restricted(database, person, blocked, blocking=True)
    key = Key(gone, b"k" * 32, b"r" * 32)
    Idempotency(database, models.idempotency_keys).write(key, lambda _: StoredResponse(201, b"{}"))
    database.write(WITHDRAWAL.request, gone)
    return Scene(gone, friend, post, first, answer, alone)


def assert_complete(database: Database, left: Scene) -> None:
    assert traces_of(database, left.gone) == []
    assert purge_states(database) == {left.gone: PURGED}
    assert facts(database) == [("user.purged.v1", {"user_id": ids.encode(left.gone), "service": "posts"})]
    assert counts(database, left.post) == (2, 1)
    assert len(listed(database, likers, left.post, None)) == 2
    assert listed(database, comments_of, left.post, None) == [left.first]
    assert listed(database, replies_to, left.first, None) == [left.answer]
    assert [row.text for row in rows_of(database, models.comments)] == [
        None,
        f"kept words {TEXT}",
    ]
    assert [row.post_id for row in rows_of(database, models.saves)] == [left.post]
    assert tag_counts(database) == {"harbour": 1}
    assert [row.post_id for row in rows_of(database, models.post_mentions)] == [left.post]
    assert [row.comment_id for row in rows_of(database, models.comment_mentions)] == [left.answer]
    assert [row.comment_id for row in rows_of(database, models.comment_likes)] == [left.answer]
    assert {row.comment_id: row.likes for row in rows_of(database, models.comment_counters) if row.likes} == {
        left.answer: 1
    }
    assert [row.following for row in rows_of(database, models.follows)] == [True]
    kept = {name for row in rows_of(database, models.media) for name in file_names(row)}
    doomed = {row.name for row in rows_of(database, models.disposal) if row.due_at <= clock.now()}
    assert len(kept) == 16 and len(doomed) == 40 and not kept & doomed


def test_withdrawal_removes_every_row_with_the_user_id(database: Database) -> None:
    left = scene(database)
    assert set(traces_of(database, left.gone)) == {
        "follows", "restrictions", "media", "posts", "likes", "comments", "removals", "idempotency_keys",
        "comment_likes", "saves", "post_mentions", "comment_mentions",
        "feeds", "rebuilds", "timeline", "pushes",
    }  # fmt: skip
    purge_to_the_end(database)
    assert_complete(database, left)


@pytest.mark.parametrize("steps", range(8))
def test_interrupted_purge_continues_in_a_new_process(settings: Settings, steps: int) -> None:
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
    """End the pause of a purge that waits for deleted posts."""
    table = models.purges
    soon = update(table).where(table.c.state == PURGING).values(sweep_at=clock.now())
    database.write(lambda tx: tx.execute(soon))


def test_restarted_service_finishes_its_purge(settings: Settings, database: Database, auth: Stub, bus: Bus) -> None:
    left = scene(database)
    for _ in range(5):
        database.write(ONE_BY_ONE.step, LAST_SWEEP_AFTER)
    with running_service(create_app(settings, bus, auth.transport)):
        eventually(lambda: purge_states(database) == {left.gone: PURGED})
        eventually(lambda: len(rows_of(database, models.disposal)) == 0)
    assert traces_of(database, left.gone) == [] and counts(database, left.post) == (2, 1)


def test_purge_is_not_reported_before_deleted_posts_are_cleaned_up(database: Database) -> None:
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


def test_users_who_replied_to_each_other_can_withdraw_concurrently(database: Database) -> None:
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
    assert listed(database, comments_of, post, None) == [kept] == [row.id for row in rows_of(database, models.comments)]
    assert counts(database, post) == (1, 1)
    assert purge_states(database) == {one: PURGED, other: PURGED}


def slip_in(tx: Connection, person: int, post: int) -> None:
    """Insert a like as a concurrent write would that did not see the tombstone."""
    tx.execute(insert(models.likes).values(person_id=person, post_id=post, id=ids.new()))
    counter = {"post_id": post, "slot": person % models.SHARDS, "likes": 1, "comments": 0}
    tx.execute(insert(models.tallies).values(**counter))


@pytest.mark.parametrize(("what", "shown"), [("likes", (1, 2)), ("comments", (2, 1))])
def test_concurrent_purges_count_nothing_twice(database: Database, what: str, shown: tuple[int, int]) -> None:
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


def test_final_sweep_removes_late_rows_and_ends_the_purge(database: Database) -> None:
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


def test_no_personal_data_is_left(database: Database) -> None:
    (gone,) = some_people(database, 1)
    assert database.write(WITHDRAWAL.request, gone)
    assert not database.write(WITHDRAWAL.request, gone)
    (row,) = rows_of(database, models.people)
    assert (row.nickname, row.name, row.avatar_url, row.deleted) == (None, None, None, True)


def test_chain_of_blank_comments_is_removed_with_its_last_reply(database: Database) -> None:
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
