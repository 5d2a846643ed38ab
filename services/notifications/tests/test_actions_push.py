"""Subscriptions to Web Push, and what is pushed when."""

import pytest
from sqlalchemy import Connection, update

from services.notifications import models, queries
from services.notifications.actions import preferences, push_subscriptions, pushes
from services.notifications.actions.push_subscriptions import MAX_SUBSCRIPTIONS, Subscription, subscribe
from services.notifications.actions.reading import mark_read
from services.notifications.actions.withdrawals import WITHDRAWAL
from services.notifications.queries import Preference
from shared import clock, ids
from shared.database.engine import Database
from shared.errors import NotFound, Unauthenticated
from shared.push.encryption import BrowserKeys
from shared.testing.push_service import Browser

from .factories import (
    FIRST,
    content_removed,
    followed,
    handle,
    liked,
    listed,
    named,
    purge_to_the_end,
    restricted,
    rows_of,
    some_people,
    subscribed,
    suspended,
)


def waiting(database: Database) -> list[tuple[int, int]]:
    """What has to be pushed: subscriptions and notifications."""
    return [(row.subscription_id, row.notification_id) for row in rows_of(database, models.web_pushes)]


def read_all(database: Database, person_id: int) -> None:
    database.write(mark_read, person_id, ids.parse(listed(database, person_id)[0]["id"]))


def change_all(database: Database, **values: int) -> None:
    database.write(lambda tx: tx.execute(update(models.push_subscriptions).values(**values)))


def test_same_browser_again_is_the_same_subscription_with_its_new_keys(database: Database) -> None:
    (me,) = some_people(database, 1)
    first = subscribed(database, me, "/a", session=1)
    other = subscribed(database, me, "/b", session=1)
    browser = Browser("/a")
    given = Subscription("https://push.example.com/a", BrowserKeys(browser.point, browser.auth))
    assert database.write(subscribe, me, 2, given) == first != other
    row = {row.id: row for row in rows_of(database, models.push_subscriptions)}[first]
    assert (row.p256dh, row.auth, row.session_id) == (browser.point, browser.auth, 2)


def test_browser_belongs_to_the_account_that_subscribed_last(database: Database) -> None:
    me, other, fan = some_people(database, 3)
    mine = subscribed(database, me, "/a")
    handle(database, followed(fan, me))
    theirs = subscribed(database, other, "/a")
    assert theirs != mine and waiting(database) == []
    handle(database, followed(fan, other), liked(fan, 1, me))
    assert {each for each, _ in waiting(database)} == {theirs}
    with pytest.raises(NotFound):
        database.write(push_subscriptions.unsubscribe, me, theirs)
    database.write(push_subscriptions.unsubscribe, other, theirs)
    assert waiting(database) == [] == rows_of(database, models.push_subscriptions)


def test_more_browsers_than_the_limit_replace_the_one_renewed_longest_ago(database: Database) -> None:
    (me,) = some_people(database, 1)
    made = [subscribed(database, me, f"/{number}") for number in range(MAX_SUBSCRIPTIONS)]
    database.write(_renew_before, made[3])
    made.append(subscribed(database, me, "/one-more"))
    assert {row.id for row in rows_of(database, models.push_subscriptions)} == set(made) - {made[3]}


def _renew_before(tx: Connection, subscription_id: int) -> None:
    subscriptions = models.push_subscriptions
    earlier = {"renewed_at": subscriptions.c.renewed_at - 1_000}
    tx.execute(update(subscriptions).where(subscriptions.c.id == subscription_id).values(earlier))


def test_subscription_ends_with_its_session_and_when_no_browser_renews_it(database: Database) -> None:
    (me,) = some_people(database, 1)
    subscribed(database, me, "/a", session=5)
    kept = subscribed(database, me, "/b", session=6)
    told = {"session_id": ids.encode(5), "user_id": ids.encode(me), "revoked_at": "2026-11-23T08:41:00.123Z"}
    handle(database, ("session.revoked.v1", told))
    database.write(push_subscriptions.delete_expired)
    assert [row.id for row in rows_of(database, models.push_subscriptions)] == [kept]
    change_all(database, renewed_at=clock.now() - push_subscriptions.RETENTION_MS - 1)
    database.write(push_subscriptions.delete_expired)
    assert rows_of(database, models.push_subscriptions) == []


def test_popular_post_is_one_message_until_it_is_read(database: Database) -> None:
    me, *fans = some_people(database, 8)
    phone, laptop = subscribed(database, me, "/a"), subscribed(database, me, "/b")
    handle(database, *(liked(fan, 1, me) for fan in fans[:5]))
    (notification,) = (ids.parse(each["id"]) for each in listed(database, me))
    assert sorted(waiting(database)) == [(phone, notification), (laptop, notification)]
    for _ in range(2):
        push = database.write(pushes.take)
        assert push is not None and push.content is not None
        assert (push.content["actor_count"], push.content["names"]) == (5, ["Ada", "Ada"])
        database.write(pushes.accepted, push.row)
    handle(database, liked(fans[5], 1, me))
    assert waiting(database) == [] and database.write(pushes.take) is None
    read_all(database, me)
    handle(database, liked(fans[6], 1, me))
    assert len(waiting(database)) == 2


def test_what_changes_while_it_is_sent_is_sent_again(database: Database) -> None:
    me, fan, other = some_people(database, 3)
    subscribed(database, me, "/a")
    handle(database, liked(fan, 1, me))
    push = database.write(pushes.take)
    assert push is not None and database.write(pushes.take) is None, "it is leased"
    read_all(database, me)
    handle(database, liked(other, 1, me))
    database.write(pushes.accepted, push.row)
    again = database.write(pushes.take)
    assert again is not None and again.content is not None and again.content["actor_count"] == 2
    database.write(pushes.accepted, again.row)
    assert waiting(database) == []


def test_nothing_is_pushed_that_is_unwanted_hidden_read_or_gone(database: Database) -> None:
    me, fan, muted = some_people(database, 3)
    restricted(database, me, muted, 1, muting=True)
    handle(database, liked(fan, 1, me))
    assert waiting(database) == [], "without a browser"
    subscribed(database, me, "/a")
    database.write(preferences.set_some, me, {"follow": Preference(listed=True, pushed=False)})
    handle(database, followed(fan, me), liked(muted, 2, me))
    assert waiting(database) == []

    def content_after(*changes: object) -> object:
        handle(database, liked(fan, 3, me, len(taken) * 2 + 1))
        for change in changes:
            assert callable(change)
            change()
        change_all(database, retry_at=0)
        push = database.write(pushes.take)
        assert push is not None
        database.write(pushes.dropped, push.row)
        taken.append(push.content)
        handle(database, liked(fan, 3, me, len(taken) * 2, liked=False))
        return push.content

    taken: list[object] = []
    assert content_after()
    assert content_after(lambda: read_all(database, me)) is None


def test_push_of_a_suspended_or_deleted_user_is_dropped(database: Database) -> None:
    me, fan = some_people(database, 2)
    subscribed(database, me, "/a")
    handle(database, followed(fan, me))
    suspended(database, me, 2)
    push = database.write(pushes.take)
    assert push is not None and push.content is None
    handle(database, liked(fan, 1, me))
    assert len(waiting(database)) == 1, "nothing new for whom is suspended"
    named(database, me, 3, suspended=False)
    database.write(WITHDRAWAL.request, me)
    with pytest.raises(Unauthenticated):
        subscribed(database, me, "/b")
    purge_to_the_end(database, 2)
    assert waiting(database) == [] == rows_of(database, models.push_subscriptions)


def test_content_names_people_and_ids_and_no_texts(database: Database) -> None:
    (me,) = some_people(database, 1)
    unknown_user = ids.new()
    subscribed(database, me, "/a")
    handle(database, liked(unknown_user, 7, me), content_removed("post", 9, me, reason="spam"))
    found = []
    while (push := database.write(pushes.take)) is not None:
        found.append(push.content)
    like, removal = sorted((each for each in found if each), key=lambda each: str(each["kind"]))
    notifications = {each["kind"]: each["id"] for each in listed_ids(database, me)}
    assert like == {
        "id": notifications["like"],
        "kind": "like",
        "names": [None],
        "actor_count": 1,
        "post_id": ids.encode(7),
        "comment_id": None,
        "room_id": None,
        "removed": None,
    }
    assert removal["names"] == [] and removal["removed"] == {"kind": "post", "reason": "spam"}


def listed_ids(database: Database, person_id: int) -> list[dict[str, str]]:
    """Also while nothing is known of the actors."""
    return [dict(each) for each in database.read(queries.own, person_id, FIRST).items]


def test_push_service_that_is_busy_gets_nothing_before_the_time_it_asks_for(database: Database) -> None:
    me, fan = some_people(database, 2)
    busy, other = subscribed(database, me, "/a"), subscribed(database, me, "/b")
    handle(database, followed(fan, me), liked(fan, 1, me))
    taken = [database.write(pushes.take) for _ in range(4)]
    of_busy = [push.row for push in taken if push is not None and push.row.subscription_id == busy]
    database.write(pushes.deferred, of_busy[0], 3_600)
    handle(database, liked(fan, 2, me))
    due = {(row.subscription_id, row.notification_id): row.due_at for row in rows_of(database, models.web_pushes)}
    soon = clock.now() + clock.MINUTE + clock.SECOND
    assert len(due) == 6
    assert all((at > soon) == (subscription == busy) for (subscription, _), at in due.items())
    push = database.write(pushes.take)
    assert push is not None and push.row.subscription_id == other
    database.write(pushes.accepted, push.row)
    assert database.write(pushes.take) is None


def test_pauses_grow_and_a_message_is_given_up_after_a_day(database: Database) -> None:
    me, fan = some_people(database, 2)
    subscribed(database, me, "/a")
    handle(database, followed(fan, me))
    pauses = []
    for _ in range(4):
        database.write(lambda tx: tx.execute(update(models.web_pushes).values(due_at=0)))
        push = database.write(pushes.take)
        assert push is not None and not push.has_expired and 86_000 < push.ttl_seconds <= 86_400
        database.write(pushes.deferred, push.row, None)
        pauses.append(rows_of(database, models.web_pushes)[0].due_at - clock.now())
    assert pauses == sorted(pauses) and pauses[3] > 4 * pauses[0]
    long_ago = clock.now() - pushes.LIFETIME_MS
    database.write(lambda tx: tx.execute(update(models.web_pushes).values(due_at=0, created_at=long_ago)))
    push = database.write(pushes.take)
    assert push is not None and push.has_expired and push.ttl_seconds == 0
    database.write(pushes.lost, push.row)
    assert waiting(database) == [] and rows_of(database, models.push_subscriptions)[0].failures == 1


def test_subscription_that_loses_every_message_is_deleted(database: Database) -> None:
    me, fan = some_people(database, 2)
    subscribed(database, me, "/a")
    for number in range(pushes.MAX_FAILURES):
        assert len(rows_of(database, models.push_subscriptions)) == 1
        handle(database, liked(fan, number + 1, me))
        push = database.write(pushes.take)
        assert push is not None
        database.write(pushes.lost, push.row)
    assert rows_of(database, models.push_subscriptions) == [] == waiting(database)


def test_export_says_where_and_when_without_the_secret_url(database: Database) -> None:
    (me,) = some_people(database, 1)
    subscribed(database, me, "/secret")
    (found,) = database.read(queries.own_push_subscriptions, me, FIRST).items
    assert found["host"] == "push.example.com" and found["sent_at"] is None
    assert "secret" not in str(found) and set(found) == {"id", "host", "created_at", "renewed_at", "sent_at"}
