"""Every transaction that adds work wakes its worker: the commit notifies of the table."""

from collections.abc import Callable

import pytest

from services.posts import models
from services.posts.actions import comments, posts
from services.posts.actions.feed import celebrities, fanout, follows, rebuild
from services.posts.actions.withdrawals import WITHDRAWAL
from shared.database.engine import Database

from .factories import all_like_comment, commented, follows_now, published, some_people, uploaded
from .test_actions_comment_threads import chain

QUEUES = (
    models.blank_comments,
    models.comment_removals,
    models.disposal,
    models.outbox,
    models.popular,
    models.purges,
    models.pushes,
    models.rebuilds,
    models.removals,
)


def publish(database: Database) -> Callable[[], object]:
    (author,) = some_people(database, 1)
    photo = uploaded(database, author)
    return lambda: database.write(posts.publish, author, [photo], None)


def delete(database: Database) -> Callable[[], object]:
    (author,) = some_people(database, 1)
    post = published(database, author)
    return lambda: database.write(posts.delete_post, author, post)


def withdraw(database: Database) -> Callable[[], object]:
    (person,) = some_people(database, 1)
    return lambda: database.write(WITHDRAWAL.request, person)


def ask_for_a_rebuild(database: Database) -> Callable[[], object]:
    (person,) = some_people(database, 1)
    return lambda: database.write(rebuild.ask_for, [person])


def follow_for_the_first_time(database: Database) -> Callable[[], object]:
    star, fan = some_people(database, 2)
    return lambda: database.write(follows.note, fan, star, 1, following=True)


def delete_the_last_answer(database: Database) -> Callable[[], object]:
    (author,) = some_people(database, 1)
    last = chain(database, published(database, author), author)[-1]
    return lambda: database.write(comments.delete_comment, author, last)


def delete_a_liked_comment(database: Database) -> Callable[[], object]:
    (author,) = some_people(database, 1)
    comment = commented(database, author, published(database, author))
    all_like_comment(database, [author], comment)
    return lambda: database.write(comments.delete_comment, author, comment)


def lose_followers(database: Database) -> Callable[[], object]:
    star, fan, other = some_people(database, 3)
    for each in (fan, other):
        follows_now(database, each, star)
    database.write(celebrities.begin, star)
    for each in (fan, other):
        database.write(follows.note, each, star, 2, following=False)
    published(database, star)
    return lambda: database.write(fanout.push_some, 2)


@pytest.mark.parametrize(
    ("prepared", "woken"),
    [
        (publish, {"pushes"}),
        (delete, {"removals", "disposal", "outbox"}),
        (withdraw, {"purges"}),
        (ask_for_a_rebuild, {"rebuilds"}),
        (follow_for_the_first_time, {"rebuilds"}),
        (delete_the_last_answer, {"blank_comments", "outbox"}),
        (delete_a_liked_comment, {"comment_removals", "outbox"}),
        (lose_followers, {"popular"}),
    ],
)
def test_commit_wakes_the_worker(
    database: Database, prepared: Callable[[Database], Callable[[], object]], woken: set[str]
) -> None:
    act = prepared(database)
    found: list[str] = []
    for queue in QUEUES:
        database.listeners.add(queue.name, lambda name=queue.name: found.append(name))  # type: ignore[misc] # bound now
    act()
    assert set(found) == woken
