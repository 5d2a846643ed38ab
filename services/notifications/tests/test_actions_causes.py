"""Who is notified of what, and what takes it back."""

import pytest
from sqlalchemy import Connection, update

from services.notifications import models, queries
from services.notifications.actions import preferences, retention
from services.notifications.actions.reading import mark_read
from services.notifications.actions.withdrawals import WITHDRAWAL
from services.notifications.queries import Preference
from shared import clock, ids
from shared.database.engine import Database
from shared.errors import Invalid, Unauthenticated
from shared.pagination import PageRequest
from shared.replication.purge import DONE

from .factories import (
    briefly,
    comment_deleted,
    comment_liked,
    commented,
    content_removed,
    followed,
    handle,
    liked,
    listed,
    post_deleted,
    purge_to_the_end,
    restricted,
    room_requested,
    rows_of,
    some_people,
    suspended,
    unread,
    work,
    written,
)


def test_each_kind_names_its_subject(database: Database) -> None:
    me, other = some_people(database, 2)
    post, comment, room = ids.new(), ids.new(), ids.new()
    handle(
        database,
        followed(other, me),
        liked(other, post, me),
        commented(comment, post, me, other),
        commented(comment + 1, post, other, other, parent_author=me),
        written(post + 1, other, mentioned=[me]),
        commented(comment + 2, post, other, other, mentioned=[me]),
        comment_liked(other, comment + 3, post, me),
        room_requested(room, other, me),
    )
    found = [(each["kind"], each["post_id"], each["comment_id"], each["room_id"]) for each in listed(database, me)]
    assert found[::-1] == [
        ("follow", None, None, None),
        ("like", ids.encode(post), None, None),
        ("comment", ids.encode(post), ids.encode(comment), None),
        ("reply", ids.encode(post), ids.encode(comment + 1), None),
        ("mention", ids.encode(post + 1), None, None),
        ("mention", ids.encode(post), ids.encode(comment + 2), None),
        ("comment_like", ids.encode(post), ids.encode(comment + 3), None),
        ("room_request", None, None, ids.encode(room)),
    ]
    assert unread(database, me) == len(found) and listed(database, other) == []


def test_one_comment_notifies_no_user_twice_and_never_its_author(database: Database) -> None:
    everybody = some_people(database, 4)
    author, parent, _, writer = everybody
    handle(database, commented(ids.new(), ids.new(), author, writer, parent_author=parent, mentioned=everybody))
    kinds = [[kind for kind, _, _ in briefly(database, each)] for each in everybody]
    assert kinds == [["comment"], ["reply"], ["mention"], []]


def test_a_group_shows_its_newest_actors_and_ends_with_the_last(database: Database) -> None:
    me, *fans = some_people(database, 6)
    post = ids.new()
    handle(database, *(liked(fan, post, me) for fan in fans))
    assert briefly(database, me) == [("like", fans[:1:-1], 5)]
    handle(database, *(liked(fan, post, me, 2, liked=False) for fan in fans[2:]))
    assert briefly(database, me) == [("like", [fans[1], fans[0]], 2)]
    handle(database, *(liked(fan, post, me, 2, liked=False) for fan in fans[:2]))
    assert listed(database, me) == [] and rows_of(database, models.notifications) == [] and unread(database, me) == 0


def test_what_was_taken_back_and_done_again_notifies_once(database: Database) -> None:
    me, fan = some_people(database, 2)
    post = ids.new()
    handle(database, liked(fan, post, me))
    database.write(mark_read, me, ids.parse(listed(database, me)[0]["id"]))
    handle(database, liked(fan, post, me, 2, liked=False), liked(fan, post, me, 3))
    assert briefly(database, me) == [("like", [fan], 1)] and unread(database, me) == 0


def test_deleted_posts_and_comments_take_everything_about_them_along(database: Database) -> None:
    me, other = some_people(database, 2)
    post, comment = ids.new(), ids.new()
    about_the_comment = [commented(comment, post, me, other), comment_liked(me, comment, post, other)]
    about_the_post = [liked(other, post, me), commented(comment + 1, post, other, other, parent_author=me)]
    handle(database, *about_the_comment, *about_the_post, comment_deleted(comment, post))
    work(database)
    assert [kind for kind, _, _ in briefly(database, me)] == ["reply", "like"] and listed(database, other) == []
    handle(database, post_deleted(post, me), *about_the_comment, *about_the_post, liked(other, post, me, 9))
    work(database)
    assert rows_of(database, models.causes) == [] == rows_of(database, models.notifications)


def test_answered_room_request_is_no_notification_any_more(database: Database) -> None:
    me, other = some_people(database, 2)
    room = ids.new()
    handle(database, room_requested(room, other, me, "accepted", 2), room_requested(room, other, me))
    assert listed(database, me) == []


def test_removed_content_notifies_its_author_once_in_any_order_of_events(database: Database) -> None:
    me, fan = some_people(database, 2)
    post, comment = ids.new(), ids.new()
    removed = content_removed("post", post, me, reason="spam")
    handle(database, liked(fan, post, me), removed, post_deleted(post, me), removed)
    work(database)
    handle(database, comment_deleted(comment, post), content_removed("comment", comment, me))
    handle(database, content_removed("album", 1, me), content_removed("post", 2, fan))
    work(database)
    found = listed(database, me)
    assert [each["removed"] for each in found] == [
        {"kind": "comment", "reason": None},
        {"kind": "post", "reason": "spam"},
    ]
    assert {each["kind"] for each in found} == {"moderation"} and unread(database, me) == 2
    assert all((each["actors"], each["actor_count"], each["post_id"]) == ([], 0, None) for each in found)
    assert models.NO_ACTOR not in {row.id for row in rows_of(database, models.people)}
    database.write(preferences.set_some, me, {"moderation": Preference(listed=False, pushed=False)})
    handle(database, content_removed("post", 3, me))
    database.write(WITHDRAWAL.request, fan)
    purge_to_the_end(database)
    assert len(listed(database, me)) == 2 == len(rows_of(database, models.notifications))


def test_blocks_mutes_and_suspensions_hide_and_show_again(database: Database) -> None:
    me, other, third = some_people(database, 3)
    post = ids.new()
    handle(database, *(liked(each, post, me) for each in (other, third)), followed(me, other))
    restricted(database, me, other, 1, muting=True)
    assert briefly(database, me) == [("like", [third], 1)]
    assert briefly(database, other) == [("follow", [me], 1)], "whoever is muted sees what the other does"
    handle(database, liked(other, ids.new(), me))
    assert briefly(database, me) == [("like", [third], 1)], "and nothing new appears"
    restricted(database, me, other, 2, blocking=True)
    assert listed(database, other) == []
    suspended(database, third, 2)
    assert listed(database, me) == [] and unread(database, me) == 0
    restricted(database, me, other, 3)
    suspended(database, third, 3, suspended=False)
    assert [count for _, _, count in briefly(database, me)] == [1, 2]
    assert briefly(database, other) == [("follow", [me], 1)]


def test_unlisted_kinds_are_not_listed_from_then_on(database: Database) -> None:
    me, other = some_people(database, 2)
    post = ids.new()
    handle(database, liked(other, post, me))
    database.write(preferences.set_some, me, {"like": Preference(listed=False, pushed=False)})
    handle(database, liked(other, post + 1, me), followed(other, me))
    assert [kind for kind, _, _ in briefly(database, me)] == ["follow", "like"]
    handle(database, liked(other, post, me, 2, liked=False))
    assert [kind for kind, _, _ in briefly(database, me)] == ["follow"], "what is taken back goes all the same"


def test_reading_marks_everything_up_to_the_notification(database: Database) -> None:
    me, other, third = some_people(database, 3)
    for post in (11, 12, 13):
        handle(database, liked(other, post, me))
    newest, middle, _ = listed(database, me)
    database.write(mark_read, me, ids.parse(middle["id"]))
    assert [each["read"] for each in listed(database, me)] == [False, True, True] and unread(database, me) == 1
    database.write(mark_read, me, ids.parse(newest["id"]))
    database.write(mark_read, me, ids.parse(middle["id"]))
    assert unread(database, me) == 0
    handle(database, liked(third, 11, me))
    assert [each["read"] for each in listed(database, me)] == [False, True, True] and unread(database, me) == 1
    with pytest.raises(Invalid):
        database.write(mark_read, third, ids.parse(newest["id"]))


def test_pages_neither_skip_nor_repeat_while_notifications_change(database: Database) -> None:
    me, other, third = some_people(database, 3)
    for post in range(1, 6):
        handle(database, liked(other, post, me))
    before = [each["post_id"] for each in listed(database, me)]
    first = database.read(queries.listed, me, PageRequest(2, None))
    handle(database, liked(third, 2, me), liked(third, 5, me), liked(third, 9, me))
    rest, after = [], first.next
    while after is not None:
        page = database.read(queries.listed, me, PageRequest(2, after))
        rest += page.items
        after = page.next
    assert [each["post_id"] for each in [*first.items, *rest]] == before


def test_purge_leaves_nothing_and_exact_counts(database: Database) -> None:
    gone, me, third = some_people(database, 3)
    for post in (1, 2, 3):
        handle(database, liked(gone, post, me), liked(third, post, me), liked(me, post + 10, gone))
    handle(database, followed(gone, me), followed(me, gone, 2))
    restricted(database, me, gone, 1, muting=True)
    database.write(preferences.set_some, gone, {"like": Preference(listed=False, pushed=False)})
    database.write(WITHDRAWAL.request, gone)
    with pytest.raises(Unauthenticated):
        database.read(queries.listed, gone, PageRequest(10, None))
    with pytest.raises(Unauthenticated):
        database.write(preferences.set_some, gone, {})
    purge_to_the_end(database, 2)
    assert briefly(database, me) == [("like", [third], 1)] * 3
    people = {"recipient_id", "actor_id", "person_id", "other_id"}
    for table in models.metadata.tables.values():
        columns = [each for each in table.columns if each.name in people]
        assert not [row for row in rows_of(database, table) if gone in [getattr(row, each.name) for each in columns]]


def test_notifications_end_after_90_days(database: Database) -> None:
    me, other, third = some_people(database, 3)
    handle(database, liked(other, 1, me), liked(third, 1, me), post_deleted(7, me))
    work(database)
    database.write(retention.delete_expired)
    assert briefly(database, me) == [("like", [third, other], 2)] and rows_of(database, models.removals)
    database.write(_make_old, other)
    while database.write(retention.delete_expired, 1):
        pass
    assert briefly(database, me) == [("like", [third], 1)] and rows_of(database, models.removals) == []


def _make_old(tx: Connection, actor_id: int) -> None:
    """As if what the user did, and all deletions, had been 91 days ago."""
    causes, removals = models.causes.c, models.removals
    ago = retention.RETENTION_MS + clock.DAY
    older = {"id": causes.id - (ago << ids.RANDOM_BITS)}
    tx.execute(update(models.causes).where(causes.actor_id == actor_id).values(**older))
    tx.execute(update(removals).values(requested_at=removals.c.requested_at - ago, state=DONE, sweep_at=None))
