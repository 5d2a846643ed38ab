"""P4, P5, P7, P8: threads of comments; deleting a comment never removes text of other users."""

from typing import Any

import pytest

from services.posts import models
from services.posts.actions import comments
from services.posts.actions.withdrawals import WITHDRAWAL
from services.posts.queries.comments import comment as shown
from services.posts.queries.comments import comments_of, replies_to
from shared import clock, ids
from shared.database.engine import Database
from shared.errors import Forbidden, Invalid, NotFound

from .factories import FIRST, commented, counts, listed, published, purge_to_the_end, rows_of, some_people

Thread = dict[str, int]


@pytest.fixture
def people(database: Database) -> list[int]:
    """An author and two commenters."""
    return some_people(database, 3)


@pytest.fixture
def post(database: Database, people: list[int]) -> int:
    return published(database, people[0])


@pytest.fixture
def thread(database: Database, people: list[int], post: int) -> Thread:
    """first <- (reply <- nested reply, second reply), by the two in turn."""
    _, one, other = people
    first = commented(database, one, post, "first")
    answer = commented(database, other, post, "answer", first)
    deep = commented(database, one, post, "deep", answer)
    second = commented(database, other, post, "second answer", first)
    return {"first": first, "answer": answer, "deep": deep, "second": second}


def reply_counts(database: Database, thread: Thread) -> dict[str, int]:
    """The reply count of each comment."""
    there = {row.id for row in rows_of(database, models.comments)}
    return {name: database.read(shown, each, None)["reply_count"] for name, each in thread.items() if each in there}


def blank(database: Database, comment: int) -> bool:
    found = database.read(shown, comment, None)
    assert found["deleted"] == (found["text"] is None) == (found["author"] is None)
    deleted: bool = found["deleted"]
    return deleted


def test_p4_comments_are_listed_oldest_first_and_counted(database: Database, people: list[int], post: int) -> None:
    written = [commented(database, person, post, str(person)) for person in (*people, people[0])]
    assert listed(database, comments_of, post, None) == written
    assert counts(database, post) == (0, 4)
    first: dict[str, Any] = database.read(comments_of, post, None, FIRST).items[0]
    assert (first["text"], first["parent_id"], first["reply_count"], first["deleted"]) == (
        str(people[0]),
        None,
        0,
        False,
    )
    assert first["author"]["id"] == ids.encode(people[0]) and first["post_id"] == ids.encode(post)


def test_p5_thread_is_listed_flat_under_its_first_comment(database: Database, post: int, thread: Thread) -> None:
    assert listed(database, comments_of, post, None) == [thread["first"]]
    assert listed(database, replies_to, thread["first"], None) == [thread["answer"], thread["deep"], thread["second"]]
    assert reply_counts(database, thread) == {"first": 3, "answer": 1, "deep": 0, "second": 0}
    assert counts(database, post) == (0, 4)


def test_p5_direct_replies_of_a_reply_are_listed(database: Database, thread: Thread) -> None:
    assert listed(database, replies_to, thread["answer"], None) == [thread["deep"]]
    assert listed(database, replies_to, thread["deep"], None) == []


def test_p5_reply_must_be_to_a_comment_of_the_same_post(database: Database, people: list[int], post: int) -> None:
    elsewhere = commented(database, people[0], published(database, people[0]))
    gone = commented(database, people[0], post)
    database.write(comments.delete_comment, people[0], gone)
    for parent in (elsewhere, gone, ids.new()):
        with pytest.raises(Invalid, match="unknown_comment") as problem:
            commented(database, people[1], post, "lost", parent)
        assert problem.value.field_errors[0].pointer == "/parent_id"
    assert counts(database, post) == (0, 0)
    assert database.read(shown, elsewhere, None)["reply_count"] == 0


def test_p4_comment_requires_an_existing_post(database: Database, people: list[int]) -> None:
    with pytest.raises(NotFound):
        commented(database, people[0], ids.new())
    with pytest.raises(NotFound):
        database.read(comments_of, ids.new(), None, FIRST)
    with pytest.raises(NotFound):
        database.read(replies_to, ids.new(), None, FIRST)


def test_p7_only_the_author_edits_and_deletes(database: Database, people: list[int], post: int) -> None:
    author, writer, other = people
    comment = commented(database, writer, post)
    for user in (author, other):
        with pytest.raises(Forbidden, match="not_yours"):
            database.write(comments.edit, user, comment, "twisted")
        with pytest.raises(Forbidden, match="not_yours"):
            database.write(comments.delete_comment, user, comment)
    assert database.read(shown, comment, None)["text"] == "words"
    with pytest.raises(NotFound):
        database.write(comments.edit, writer, ids.new(), "nowhere")


def test_p8_only_editing_changes_updated_at(
    database: Database, people: list[int], thread: Thread, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = clock.now()
    monkeypatch.setattr(clock, "now", lambda: moment)
    stages = [database.read(shown, thread["first"], None)]
    for words in ("better", "best"):
        database.write(comments.edit, people[1], thread["first"], words)
        stages.append(database.read(shown, thread["first"], None))
    assert [each["text"] for each in stages] == ["first", "better", "best"]
    times = [each["updated_at"] for each in stages]
    assert times == sorted(set(times))
    assert stages[-1] == stages[0] | {"text": "best", "updated_at": times[-1]}


def test_p7_comment_without_replies_is_removed(
    database: Database, people: list[int], post: int, thread: Thread
) -> None:
    database.write(comments.delete_comment, people[1], thread["deep"])
    assert listed(database, replies_to, thread["first"], None) == [thread["answer"], thread["second"]]
    assert reply_counts(database, thread) == {"first": 2, "answer": 0, "second": 0}
    assert counts(database, post) == (0, 3)


def test_p7_comment_with_replies_is_blanked(database: Database, people: list[int], post: int, thread: Thread) -> None:
    database.write(comments.delete_comment, people[2], thread["answer"])
    assert blank(database, thread["answer"]) and not blank(database, thread["deep"])
    assert listed(database, replies_to, thread["first"], None) == [thread["answer"], thread["deep"], thread["second"]]
    assert reply_counts(database, thread) == {"first": 2, "answer": 1, "deep": 0, "second": 0}
    assert counts(database, post) == (0, 3)
    assert [row.text for row in rows_of(database, models.comments) if row.id == thread["answer"]] == [None]


def test_p7_blank_comment_cannot_be_edited_or_deleted_but_replied_to(
    database: Database, people: list[int], post: int, thread: Thread
) -> None:
    database.write(comments.delete_comment, people[2], thread["answer"])
    with pytest.raises(NotFound):
        database.write(comments.edit, people[2], thread["answer"], "back again")
    with pytest.raises(NotFound):
        database.write(comments.delete_comment, people[2], thread["answer"])
    later = commented(database, people[0], post, "late", thread["answer"])
    assert listed(database, replies_to, thread["answer"], None) == [thread["deep"], later]
    assert reply_counts(database, thread)["answer"] == 2


def test_p7_blank_comments_are_removed_with_their_last_reply(
    database: Database, people: list[int], post: int, thread: Thread
) -> None:
    _, one, other = people
    database.write(comments.delete_comment, other, thread["answer"])
    database.write(comments.delete_comment, one, thread["first"])
    assert listed(database, comments_of, post, None) == [thread["first"]]
    database.write(comments.delete_comment, one, thread["deep"])
    assert listed(database, replies_to, thread["first"], None) == [thread["second"]], "the blank answer went along"
    assert reply_counts(database, thread) == {"first": 1, "second": 0}
    database.write(comments.delete_comment, other, thread["second"])
    assert listed(database, comments_of, post, None) == [] and rows_of(database, models.comments) == []
    assert counts(database, post) == (0, 0)


def test_comments_of_a_withdrawn_user_are_blanked_at_once_and_then_removed(
    database: Database, people: list[int], post: int, thread: Thread
) -> None:
    alone = commented(database, people[2], post, "alone")
    database.write(WITHDRAWAL.request, people[2])
    assert blank(database, thread["answer"]) and blank(database, alone) and not blank(database, thread["deep"])
    purge_to_the_end(database)
    assert listed(database, comments_of, post, None) == [thread["first"]]
    assert listed(database, replies_to, thread["first"], None) == [thread["answer"], thread["deep"]]
    assert blank(database, thread["answer"])
    assert reply_counts(database, thread) == {"first": 1, "answer": 1, "deep": 0}
    assert counts(database, post) == (0, 2)
