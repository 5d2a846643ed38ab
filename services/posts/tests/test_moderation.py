"""What somebody reports, and what a moderator removes."""

from typing import Any

import httpx
import pytest

from services.posts import models
from services.posts.actions import comments, posts
from services.posts.queries.reports import Kind, reported
from shared import ids
from shared.database.engine import Database
from shared.errors import NotFound
from shared.testing import LiveService, eventually
from shared.testing.api_client import expect_problem

from .factories import commented, counts, facts, published, remove_to_the_end, restricted, rows_of, some_people, told
from .test_events import registered


def removed(kind: str, subject: int, author: int) -> dict[str, Any]:
    """The data of `content.removed.v1`."""
    subject_json = {"kind": kind, "id": ids.encode(subject)}
    return {"subject": subject_json, "user_id": ids.encode(author), "removed_at": "2026-11-23T08:41:00.123Z"}


def test_removed_post_is_deleted_with_all_that_belongs_to_it(service: LiveService, database: Database) -> None:
    jo, max_ = some_people(database, 2)
    post, other = published(database, jo, "#tag"), published(database, jo)
    commented(database, max_, post)
    event_id = ids.new()
    for _ in range(2):
        assert service.deliver("content.removed.v1", removed("post", post, jo), event_id=event_id)
    assert service.deliver("content.removed.v1", removed("post", post, jo))
    assert [row.id for row in rows_of(database, models.posts)] == [other]
    eventually(lambda: not rows_of(database, models.removals) and not rows_of(database, models.comments))
    assert service.client.get(f"/api/v1/posts/{ids.encode(post)}").status_code == 404
    assert facts(database) == []


def test_removed_comment_goes_or_is_blank_and_is_counted_once(database: Database) -> None:
    jo, max_ = some_people(database, 2)
    post = published(database, jo)
    thread = commented(database, max_, post, "a thread")
    reply, lone = commented(database, jo, post, "a reply", thread), commented(database, max_, post, "lone")
    before = len(told(database))
    for comment in (lone, thread, thread):
        database.write(comments.remove, comment)
    gone = [{"comment_id": ids.encode(comment), "post_id": ids.encode(post)} for comment in (lone, thread)]
    assert told(database)[before:] == [("comment.deleted.v1", each) for each in gone]
    assert [(row.id, row.text, row.deleted) for row in rows_of(database, models.comments)] == [
        (thread, None, True), (reply, "a reply", False),
    ]  # fmt: skip
    assert counts(database, post) == (0, 1)
    database.write(comments.remove, reply)
    assert rows_of(database, models.comments) == [] and counts(database, post) == (0, 0)
    database.write(posts.remove, post)
    database.write(comments.remove, reply)
    remove_to_the_end(database)
    assert rows_of(database, models.tallies) == []


def test_content_of_a_suspended_account_is_removed_and_not_counted_twice(
    service: LiveService, database: Database
) -> None:
    jo, max_ = some_people(database, 2)
    post, theirs = published(database, jo), published(database, max_)
    comment = commented(database, max_, post)
    assert service.deliver("user.updated.v1", registered(max_, 2, suspended=True))
    eventually(lambda: counts(database, post) == (0, 0) and rows_of(database, models.recounts) == [])
    for kind, subject in (("comment", comment), ("post", theirs)):
        assert service.deliver("content.removed.v1", removed(kind, subject, max_))
    assert service.deliver("user.updated.v1", registered(max_, 3))
    assert [row.id for row in rows_of(database, models.posts)] == [post]
    assert rows_of(database, models.comments) == [] and counts(database, post) == (0, 0)


def test_unknown_kind_of_content_is_ignored(service: LiveService, database: Database) -> None:
    (jo,) = some_people(database, 1)
    post = published(database, jo)
    assert service.deliver("content.removed.v1", removed("story", post, jo))
    assert [row.id for row in rows_of(database, models.posts)] == [post]


def test_reporter_reports_only_what_they_can_see(database: Database) -> None:
    jo, max_, eve = some_people(database, 3)
    post = published(database, jo, "a caption")
    comment = commented(database, max_, post, "a comment")
    assert database.read(reported, "post", post, eve) == {
        "owner_id": ids.encode(jo), "text": "a caption", "post_id": None, "messages": [],
    }  # fmt: skip
    assert database.read(reported, "comment", comment, eve) == {
        "owner_id": ids.encode(max_), "text": "a comment", "post_id": ids.encode(post), "messages": [],
    }  # fmt: skip
    restricted(database, jo, eve, blocking=True)
    hidden: list[tuple[Kind, int]] = [("post", post), ("comment", comment), ("post", comment), ("comment", post)]
    for kind, subject in hidden:
        with pytest.raises(NotFound):
            database.read(reported, kind, subject, eve)


@pytest.mark.parametrize("kind", ["post", "comment"])
def test_what_is_reported_is_only_for_services(service: LiveService, kind: str) -> None:
    path = f"/internal/reported/{kind}/0037a52d5f400001?viewer=0037a52d5f400002"
    answer: httpx.Response = service.client.get(path)
    expect_problem(answer, 401, "invalid_token")
