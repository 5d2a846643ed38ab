"""Blocks and mutes: what each hides, what it refuses, and feeds that are read as before."""

import pytest
from sqlalchemy import Connection, select, update

from services.posts import models
from services.posts.actions import comments, likes
from services.posts.actions.feed import fanout, follows, rebuild
from services.posts.actions.restrictions import RESTRICTIONS
from services.posts.app import create_app
from services.posts.queries.comments import comments_of, replies_to
from services.posts.queries.feed import feed
from services.posts.queries.likes import likers
from services.posts.queries.posts import in_order, latest, post, posts_of, require_author
from services.posts.settings import Settings
from shared import ids
from shared.database.engine import Database
from shared.errors import Invalid, NotFound
from shared.events.bus import Bus
from shared.testing import LiveService, Stub, eventually, running_service
from shared.testing.api_client import expect_problem
from shared.testing.query_plans import captured_statements

from .api_client import ApiClients
from .factories import (
    FIRST,
    all_like,
    commented,
    counts,
    follows_now,
    listed,
    published,
    restricted,
    rows_of,
    some_people,
)
from .feed_checks import paged, settle, timelines


def restriction(
    person: int, other: int, version: int, *, blocking: bool = False, muting: bool = False
) -> dict[str, object]:
    """What social says of two users."""
    who = {"user_id": ids.encode(person), "other_id": ids.encode(other)}
    return {**who, "blocking": blocking, "muting": muting, "version": version}


def test_neither_of_two_sees_the_others_posts_likes_and_comments(database: Database) -> None:
    jo, max_, eve = some_people(database, 3)
    own = {each: published(database, each) for each in (jo, max_, eve)}
    all_like(database, [jo, max_], own[eve])
    lone = commented(database, max_, own[eve], "lone")
    thread = commented(database, max_, own[eve], "a thread")
    reply = commented(database, eve, own[eve], "a reply", thread)
    hidden_reply = commented(database, max_, own[eve], "another", thread)
    restricted(database, jo, max_, blocking=True)
    for one, other in ((jo, max_), (max_, jo)):
        assert listed(database, latest, one) == [own[eve], own[one]]
        assert [each["id"] for each in database.read(in_order, [*own.values()], one)] == [
            ids.encode(each) for each in own.values() if each != own[other]
        ]
        assert listed(database, likers, own[eve], one) == [one]
        for query in (post, require_author):
            with pytest.raises(NotFound):
                database.read(query, own[other], one)
        for listing in (likers, comments_of):
            with pytest.raises(NotFound):
                database.read(listing, own[other], one, FIRST)
    assert listed(database, posts_of, max_, jo) == [], "an empty list for whoever blocks"
    with pytest.raises(NotFound):
        listed(database, posts_of, jo, max_)
    shown = database.read(comments_of, own[eve], jo, FIRST).items
    assert [(each["id"], each["deleted"], each["author"], each["text"]) for each in shown] == [
        (ids.encode(thread), True, None, None)
    ]
    assert listed(database, replies_to, thread, jo) == [reply]
    for viewer in (eve, None):
        assert listed(database, latest, viewer) == [*reversed(own.values())]
        assert listed(database, likers, own[eve], viewer) == [max_, jo]
        assert listed(database, comments_of, own[eve], viewer) == [lone, thread]
        assert listed(database, replies_to, thread, viewer) == [reply, hidden_reply]
    assert counts(database, own[eve]) == (2, 4), "the same for everybody"


def test_neither_can_like_or_comment_and_both_can_take_back_what_they_did(database: Database) -> None:
    jo, max_, eve = some_people(database, 3)
    own = {each: published(database, each) for each in (jo, max_, eve)}
    said = {}
    for one, other in ((jo, max_), (max_, jo)):
        all_like(database, [one], own[other])
        said[one] = commented(database, one, own[other])
    parents = {each: commented(database, each, own[eve]) for each in (jo, max_)}
    restricted(database, jo, max_, blocking=True)
    for one, other in ((jo, max_), (max_, jo)):
        with pytest.raises(NotFound):
            database.write(likes.like, one, own[other])
        with pytest.raises(NotFound):
            commented(database, one, own[other])
        with pytest.raises(NotFound):
            database.write(comments.edit, one, said[one], "changed")
        with pytest.raises(Invalid, match="unknown_comment"):
            commented(database, one, own[eve], parent=parents[other])
        database.write(likes.unlike, one, own[other])
        database.write(comments.delete_comment, one, said[one])
        assert counts(database, own[other]) == (0, 0)
    restricted(database, jo, max_, 2)
    all_like(database, [max_], own[jo])


def test_mute_hides_posts_from_the_feed_only(database: Database) -> None:
    jo, star = some_people(database, 2)
    follows_now(database, jo, star)
    settle(database)
    before = published(database, star)
    settle(database)
    restricted(database, jo, star, muting=True)
    during = published(database, star)
    settle(database)
    assert listed(database, feed, jo) == [] and timelines(database)[jo] == []
    assert listed(database, latest, jo) == listed(database, posts_of, star, jo) == [during, before]
    all_like(database, [jo], during)
    restricted(database, jo, star, 2)
    assert listed(database, feed, jo) == [during, before] == timelines(database)[jo]


@pytest.mark.parametrize("flags", [{"muting": True}, {"blocking": True}])
def test_follow_that_arrives_later_is_hidden_too(database: Database, flags: dict[str, bool]) -> None:
    jo, star = some_people(database, 2)
    first = published(database, star)
    restricted(database, jo, star, **flags)
    follows_now(database, jo, star)
    settle(database)
    assert listed(database, feed, jo) == []
    database.write(follows.note, jo, star, 2, following=False)
    restricted(database, jo, star, 2)
    assert listed(database, feed, jo) == [], "it has ended meanwhile"
    follows_now(database, jo, star, 3)
    settle(database)
    assert listed(database, feed, jo) == [first]


def test_block_hides_the_follows_of_both_even_if_their_ends_are_lost(database: Database) -> None:
    jo, max_ = some_people(database, 2)
    for one, other in ((jo, max_), (max_, jo)):
        follows_now(database, one, other)
    settle(database)
    posts = {each: published(database, each) for each in (jo, max_)}
    settle(database)
    restricted(database, jo, max_, blocking=True)
    for each in (jo, max_):
        assert listed(database, feed, each) == [posts[each]]
    restricted(database, jo, max_, 2)
    assert listed(database, feed, jo) == listed(database, feed, max_) == [posts[max_], posts[jo]]


@pytest.mark.parametrize("threshold", [100, 1])
def test_feed_with_mutes_has_full_pages_and_the_same_statements(database: Database, threshold: int) -> None:
    """A muted author costs nothing, whether the posts are copied, merged at reading, or read below the watermark."""
    jo, fan, star, muted = some_people(database, 4)
    for follower in (jo, fan):
        for each in (star, muted):
            follows_now(database, follower, each)
    settle(database, threshold)
    kept: list[int] = []
    for _ in range(6):
        published(database, muted)
        kept.insert(0, published(database, star))
        published(database, muted)
        settle(database, threshold)
    with captured_statements(database) as plain:
        database.read(feed, fan, FIRST)
    restricted(database, jo, muted, muting=True)
    for again in (False, True):
        if again:
            database.write(rebuild.ask_for, [jo])
        settle(database, threshold, 3)
        for limit in (1, 2, 5, 100):
            assert paged(database, jo, limit) == kept
    database.write(rebuild.ask_for, [jo])
    settle(database, threshold)
    with captured_statements(database) as with_mutes:
        database.read(feed, jo, FIRST)
    assert len(with_mutes) <= len(plain) and with_mutes[0][0] == plain[0][0]


def test_fanout_leaves_out_who_mutes_the_author(database: Database) -> None:
    star, jo, fan = some_people(database, 3)
    for each in (jo, fan):
        follows_now(database, each, star)
    settle(database)
    restricted(database, jo, star, muting=True)
    new = published(database, star)
    assert database.write(fanout.push_some, 100)
    assert {row.owner_id for row in rows_of(database, models.timeline) if row.post_id == new} == {star, fan}


def test_follow_changed_by_the_release_before_counts(database: Database) -> None:
    """It changes the version and `following` only: then there is no hidden follow any more."""
    jo, star = some_people(database, 2)
    follows_now(database, jo, star)
    settle(database)
    restricted(database, jo, star, muting=True)
    database.write(lambda tx: tx.execute(update(models.follows).values(version=2, following=False)))
    restricted(database, jo, star, 2)
    assert [row.following for row in rows_of(database, models.follows)] == [False]


def test_viewer_of_each_list_is_whose_token_it_is(clients: ApiClients, service: LiveService) -> None:
    jo, max_, eve = clients.known(3)
    theirs, own = max_.posted(), eve.posted()
    for each in (jo, max_):
        each.like(own["id"])
        each.said(own["id"], "words")
    assert service.deliver("user.restricted.v1", restriction(ids.parse(max_.id), ids.parse(jo.id), 1, blocking=True))
    for part in ("likes", "comments"):
        assert len(jo.get(f"/posts/{own['id']}/{part}")["items"]) == 1
        assert len(clients.anybody(f"/posts/{own['id']}/{part}").json()["items"]) == 2
        expect_problem(jo.send("GET", f"/posts/{theirs['id']}/{part}"), 404, "not_found")
    assert [each["id"] for each in jo.get("/posts")["items"]] == [own["id"]]
    gone = {"like": jo.like(theirs["id"]), "comment": jo.comment(theirs["id"], "no")}
    unknown = {"like": jo.like(ids.encode(7)), "comment": jo.comment(ids.encode(7), "no")}
    for name, answer in gone.items():
        told, expected = (expect_problem(each, 404, "not_found") for each in (answer, unknown[name]))
        assert {**told, "instance": None, "request_id": None} == {**expected, "instance": None, "request_id": None}


def test_missed_event_is_found_by_the_reconciliation_at_start(
    settings: Settings, database: Database, auth: Stub, bus: Bus
) -> None:
    jo, max_, eve = some_people(database, 3)
    restricted(database, jo, eve, blocking=True)
    listed_ = [restriction(jo, max_, 3, muting=True)]
    auth.answers["/internal/restrictions"] = {"items": listed_, "next": None}
    auth.answers[f"/internal/restrictions/{ids.encode(jo)}/{ids.encode(eve)}"] = restriction(jo, eve, 3)
    with running_service(create_app(settings, bus, auth.transport)):
        eventually(
            lambda: (
                {(row.other_id, row.blocking, row.muting) for row in rows_of(database, models.restrictions)}
                == {(max_, False, True), (eve, False, False)}
            )
        )


@pytest.mark.containers
@pytest.mark.parametrize("backend", ["cluster"], indirect=True)
def test_no_account_is_deleted_while_a_pair_with_it_is_stored(database: Database) -> None:
    """The purge would begin without the pair. SQLite has one writer at a time."""
    jo, fan = some_people(database, 2)

    def unlocked() -> list[int]:
        these = select(models.people.c.id).with_for_update(skip_locked=True)
        return database.write(lambda tx: list(tx.execute(these).scalars()))

    def store(tx: Connection) -> None:
        follows.note(tx, fan, jo, 1, following=True)
        assert unlocked() == []

    def restrict(tx: Connection) -> None:
        RESTRICTIONS.store(tx, restriction(jo, fan, 2, muting=True))
        assert unlocked() == []

    for write in (store, restrict):
        database.write(write)
    assert sorted(unlocked()) == sorted((jo, fan))
