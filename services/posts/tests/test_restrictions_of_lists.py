"""Blocks in the lists of saved posts and of tags, in mentions, and for likes of comments."""

from typing import Any

import pytest

from services.posts.actions import saves
from services.posts.queries.comment_likes import like_json, likers
from services.posts.queries.comments import comments_of
from services.posts.queries.posts import in_order, latest
from services.posts.queries.posts import post as shown
from services.posts.queries.saves import saved_by
from services.posts.queries.tags import posts_of_tag
from shared import ids
from shared.database.engine import Database
from shared.errors import NotFound
from shared.testing import LiveService
from shared.testing.api_client import expect_problem

from .api_client import ApiClients
from .factories import (
    FIRST,
    all_like_comment,
    commented,
    listed,
    published,
    restricted,
    save_all,
    some_people,
    tag_counts,
)


def test_saved_posts_and_posts_of_a_tag_leave_out_the_other(database: Database) -> None:
    jo, max_, eve = some_people(database, 3)
    own = {each: published(database, each, "the #sea") for each in (jo, max_, eve)}
    for each in own:
        save_all(database, each, [*own.values()])
    restricted(database, jo, max_, blocking=True)
    for one, other in ((jo, max_), (max_, jo)):
        visible = [own[eve], own[one]]
        assert listed(database, saved_by, one) == visible
        assert listed(database, posts_of_tag, "sea", one) == visible
        with pytest.raises(NotFound):
            database.write(saves.save, one, own[other])
    for viewer in (eve, None):
        assert listed(database, posts_of_tag, "sea", viewer) == [*reversed(own.values())]
    assert tag_counts(database) == {"sea": 3}, "the same for everybody"
    database.write(saves.unsave, jo, own[max_])
    restricted(database, jo, max_, 2)
    assert listed(database, saved_by, jo) == [own[eve], own[jo]], "it could be taken back"
    assert listed(database, saved_by, max_) == [*reversed(own.values())]


def test_likers_of_a_comment_leave_out_the_other(database: Database) -> None:
    jo, max_, eve = some_people(database, 3)
    post = published(database, eve)
    comment = commented(database, eve, post)
    all_like_comment(database, [jo, max_, eve], comment)
    restricted(database, jo, max_, blocking=True)
    assert listed(database, likers, comment, jo) == [eve, jo]
    assert listed(database, likers, comment, max_) == [eve, max_]
    for viewer in (eve, None):
        assert listed(database, likers, comment, viewer) == [eve, max_, jo]
        (seen,) = database.read(comments_of, post, viewer, FIRST).items
        assert seen["like_count"] == 3
    assert database.read(like_json, jo, comment)["like_count"] == 3, "the same for everybody"


def test_neither_sees_the_other_in_mentions(database: Database) -> None:
    jo, max_, eve = some_people(database, 3)
    text = "#with @nick0, @nick1 and @nick2"
    post = published(database, eve, text)
    commented(database, eve, post, text)
    save_all(database, jo, [post])
    save_all(database, max_, [post])
    restricted(database, jo, max_, blocking=True)

    def mentioned(viewer: int) -> list[list[int]]:
        seen: list[dict[str, Any]] = [
            database.read(shown, post, viewer),
            *database.read(in_order, [post], viewer),
            *(each for query in (latest, saved_by) for each in database.read(query, viewer, FIRST).items),
            *database.read(posts_of_tag, "with", viewer, FIRST).items,
            *database.read(comments_of, post, viewer, FIRST).items,
        ]
        return [[ids.parse(each["id"]) for each in text["mentions"]] for text in seen]

    assert mentioned(jo) == [[jo, eve]] * 6
    assert mentioned(max_) == [[max_, eve]] * 6
    restricted(database, jo, max_, 2)
    assert mentioned(jo) == [[jo, max_, eve]] * 6


def test_likes_of_comments_of_the_other_are_answered_as_for_an_unknown_comment(
    clients: ApiClients, service: LiveService
) -> None:
    jo, max_, eve = clients.known(3)
    own, theirs = eve.posted()["id"], max_.posted()["id"]
    hidden = [max_.said(own, "words")["id"], eve.said(theirs, "words")["id"]]
    for each in hidden:
        jo.like_comment(each)
    who = {"user_id": max_.id, "other_id": jo.id, "blocking": True, "muting": False, "version": 1}
    assert service.deliver("user.restricted.v1", who)

    def refusals(comment: str) -> list[dict[str, Any]]:
        answers = jo.like_comment(comment), jo.unlike_comment(comment), jo.send("GET", f"/comments/{comment}/likes")
        return [{**expect_problem(each, 404, "not_found"), "instance": None, "request_id": None} for each in answers]

    for each in hidden:
        assert refusals(each) == refusals(ids.encode(7))
        assert [user["id"] for user in clients.anybody(f"/comments/{each}/likes").json()["items"]] == [jo.id]
    assert service.deliver("user.restricted.v1", {**who, "blocking": False, "version": 2})
    assert [jo.unlike_comment(each).json()["like_count"] for each in hidden] == [0, 0]
