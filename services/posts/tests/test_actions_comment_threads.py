"""A chain of replies of any depth is removed in bounded steps, with concurrent writes between them."""

from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from services.posts import models
from services.posts.actions import comments
from services.posts.actions.comments import MAX_LEVELS
from services.posts.actions.withdrawals import WITHDRAWAL
from shared import ids
from shared.database.engine import Database
from shared.testing.query_plans import captured_statements

from .factories import LAST_SWEEP_AFTER, commented, published, purge_states, rows_of, size, some_people

DEPTH = 1_200
"""More than Python allows for recursion, and 12 steps of the worker."""
STATEMENTS = MAX_LEVELS + 20


@pytest.fixture
def people(database: Database) -> list[int]:
    return some_people(database, 3)


@pytest.fixture
def post(database: Database, people: list[int]) -> int:
    return published(database, people[0])


def chain(database: Database, post: int, author: int) -> list[int]:
    """A comment on this post and replies, each to the previous one; all but the last are deleted."""
    first = commented(database, author, post)
    made = [first, *(ids.new() for _ in range(DEPTH - 1))]
    blank: dict[str, Any] = {"post_id": post, "root_id": first, "deleted": True, "author_id": None, "text": None}
    times = {"reply_count": 1, "created_at": 1, "updated_at": 1}
    answers = [{"id": this, "parent_id": above} | blank | times for above, this in pairwise(made)]
    answers[-1] |= {"author_id": author, "text": "the last", "deleted": False}

    def write(tx: Connection) -> None:
        tx.execute(insert(models.comments), answers)
        tx.execute(models.comments.update().where(models.comments.c.id == first).values(deleted=True, author_id=None))

    database.write(write)
    return made


def steps_to_the_end(database: Database) -> int:
    """The number of bounded steps in which the worker removes the remaining blank comments."""
    for step in range(DEPTH):
        with captured_statements(database) as asked:
            more = database.write(comments.remove_some_blank)
        assert len(asked) < STATEMENTS
        if not more:
            return step
    raise AssertionError("it never ends")


def test_deleting_the_last_reply_removes_a_bounded_part_and_the_worker_the_rest(
    database: Database, people: list[int], post: int
) -> None:
    last = chain(database, post, people[1])[-1]
    with captured_statements(database) as asked:
        database.write(comments.delete_comment, people[1], last)
    assert len(asked) < STATEMENTS
    assert size(database, models.comments) == DEPTH - MAX_LEVELS
    assert steps_to_the_end(database) == DEPTH // MAX_LEVELS - 1
    assert rows_of(database, models.comments) == rows_of(database, models.blank_comments) == []


def test_comment_replied_to_during_the_removal_stays(database: Database, people: list[int], post: int) -> None:
    """Another user replies in the middle of the chain before the worker reaches it."""
    made = chain(database, post, people[1])
    database.write(comments.delete_comment, people[1], made[-1])
    middle = made[DEPTH // 2]
    answer = commented(database, people[2], post, "not so fast", middle)
    steps_to_the_end(database)
    left = [row.id for row in rows_of(database, models.comments)]
    assert left == [*made[: DEPTH // 2 + 1], answer]
    database.write(comments.delete_comment, people[2], answer)
    steps_to_the_end(database)
    assert size(database, models.comments) == 0


def test_blank_comment_replied_to_before_its_turn_stays(database: Database, people: list[int], post: int) -> None:
    made = chain(database, post, people[1])
    database.write(comments.delete_comment, people[1], made[-1])
    (due,) = [row.comment_id for row in rows_of(database, models.blank_comments)]
    answer = commented(database, people[2], post, "just in time", due)
    assert steps_to_the_end(database) == 1
    assert rows_of(database, models.comments)[-1].id == answer
    assert size(database, models.comments) == DEPTH - MAX_LEVELS + 1


def test_threads_of_a_withdrawn_user_are_removed_in_bounded_steps(
    database: Database, people: list[int], post: int
) -> None:
    for _ in range(3):
        chain(database, post, people[1])
    database.write(WITHDRAWAL.request, people[1])
    with captured_statements(database) as asked:
        database.write(comments.remove_some_by, people[1], 100)
    assert len(asked) < STATEMENTS + 30
    while WITHDRAWAL.work(database, LAST_SWEEP_AFTER):
        pass
    assert purge_states(database)[people[1]] == "purged"
    assert size(database, models.blank_comments) == 3
    steps_to_the_end(database)
    assert size(database, models.comments) == 0


def test_deleted_post_leaves_no_cleanup_work(database: Database, people: list[int], post: int) -> None:
    database.write(comments.delete_comment, people[1], chain(database, post, people[1])[-1])
    database.write(lambda tx: tx.execute(models.comments.delete()))
    assert steps_to_the_end(database) == 1
    assert size(database, models.blank_comments) == 0
