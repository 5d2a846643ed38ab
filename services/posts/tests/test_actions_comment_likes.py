"""Likes of comments are counted exactly, repeats change nothing, likers are listed, and deletions leave nothing."""

import pytest

from services.posts import models
from services.posts.actions import comment_likes, comments, posts
from services.posts.actions.withdrawals import WITHDRAWAL
from services.posts.queries.comment_likes import like_json, likers
from services.posts.queries.comments import comment as shown
from services.posts.queries.comments import comments_of, replies_to
from shared import ids
from shared.database.engine import Database
from shared.errors import NotFound

from .factories import (
    FIRST,
    all_like_comment,
    commented,
    listed,
    published,
    purge_to_the_end,
    remove_to_the_end,
    rows_of,
    size,
    some_people,
)

OF_LIKES = (models.comment_likes, models.comment_counters, models.comment_removals)


def test_liking_a_comment_twice_has_no_further_effect(database: Database) -> None:
    jo, fan, other = some_people(database, 3)
    comment = commented(database, jo, published(database, jo))
    answers = []
    like, unlike = comment_likes.like, comment_likes.unlike
    for action, person in ((unlike, fan), (like, fan), (like, fan), (like, other), (unlike, fan), (unlike, fan)):
        database.write(action, person, comment)
        answers.append(database.read(like_json, fan, comment))
    assert [(each["like_count"], each["liked"]) for each in answers] == [
        (0, False), (1, True), (1, True), (2, True), (1, False), (1, False),
    ]  # fmt: skip
    assert answers[1] == {"comment_id": ids.encode(comment), "liked": True, "like_count": 1}


def test_comments_show_their_likes_and_whether_the_viewer_likes_them(database: Database) -> None:
    jo, fan = some_people(database, 2)
    post = published(database, jo)
    first = commented(database, jo, post)
    reply = commented(database, jo, post, parent=first)
    all_like_comment(database, [fan], first)
    all_like_comment(database, [jo, fan], reply)
    for viewer, expected in ((fan, (True, True)), (jo, (False, True)), (None, (False, False))):
        (one,) = database.read(comments_of, post, viewer, FIRST).items
        (answer,) = database.read(replies_to, first, viewer, FIRST).items
        assert (one["liked"], answer["liked"]) == expected
        assert (one["like_count"], answer["like_count"]) == (1, 2)


def test_likers_of_a_comment_are_listed_newest_first_without_withdrawn_users(database: Database) -> None:
    jo, *fans = some_people(database, 5)
    comment = commented(database, jo, published(database, jo))
    all_like_comment(database, fans, comment)
    assert listed(database, likers, comment, None) == fans[::-1]
    database.write(WITHDRAWAL.request, fans[1])
    assert listed(database, likers, comment, None) == [fans[3], fans[2], fans[0]]
    purge_to_the_end(database)
    assert database.read(shown, comment, None)["like_count"] == 3


def test_unknown_and_deleted_comments_cannot_be_liked(database: Database) -> None:
    jo, fan = some_people(database, 2)
    post = published(database, jo)
    first = commented(database, jo, post)
    commented(database, fan, post, parent=first)
    all_like_comment(database, [jo, fan], first)
    database.write(comments.delete_comment, jo, first)
    for comment in (first, ids.new()):
        for action in (comment_likes.like, comment_likes.unlike):
            with pytest.raises(NotFound):
                database.write(action, fan, comment)
        with pytest.raises(NotFound):
            database.read(likers, comment, None, FIRST)
    (blank,) = database.read(comments_of, post, fan, FIRST).items
    assert (blank["deleted"], blank["like_count"], blank["liked"]) == (True, 0, False)


def test_likes_go_with_their_comment_in_chunks(database: Database) -> None:
    jo, *fans = some_people(database, 6)
    post = published(database, jo)
    removed, blank, kept = (commented(database, jo, post) for _ in range(3))
    commented(database, jo, post, parent=blank)
    for comment in (removed, blank, kept):
        all_like_comment(database, fans, comment)
    for comment in (removed, blank):
        database.write(comments.delete_comment, jo, comment)
    assert size(database, models.comment_removals) == 2
    while database.write(comment_likes.remove_some, 2):
        pass
    assert {row.comment_id for table in OF_LIKES[:2] for row in rows_of(database, table)} == {kept}
    assert size(database, models.comment_likes) == 5 and size(database, models.comment_removals) == 0


def test_likes_of_comments_go_with_their_post(database: Database) -> None:
    jo, *fans = some_people(database, 4)
    post = published(database, jo)
    for _ in range(3):
        all_like_comment(database, fans, commented(database, jo, post))
    database.write(posts.delete_post, jo, post)
    with pytest.raises(NotFound):
        database.write(comment_likes.like, jo, rows_of(database, models.comments)[0].id)
    remove_to_the_end(database, 2)
    assert [size(database, table) for table in OF_LIKES] == [0, 0, 0]


def test_comment_without_likes_is_deleted_without_a_job(database: Database) -> None:
    (jo,) = some_people(database, 1)
    comment = commented(database, jo, published(database, jo))
    database.write(comments.delete_comment, jo, comment)
    assert size(database, models.comment_removals) == 0
