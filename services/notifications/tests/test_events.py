"""Events that notifications consumes and publishes: every contract example, repeatedly, in any order."""

import pytest
from pydantic import ValidationError

from services.notifications import models
from services.notifications.actions.causes import LIVE_ACTORS
from services.notifications.actions.reading import mark_read
from services.notifications.subscriptions import HANDLERS
from shared import clock, ids
from shared.database.engine import Database
from shared.events.envelope import Event
from shared.replication.purge import PURGED
from shared.testing import LiveService, eventually, examples_of

from .factories import (
    briefly,
    facts,
    followed,
    handle,
    liked,
    listed,
    purge_states,
    purge_to_the_end,
    registered,
    rows_of,
    some_people,
)


@pytest.mark.parametrize("name", sorted(HANDLERS))
def test_every_contract_example_is_handled(service: LiveService, database: Database, name: str) -> None:
    for example in examples_of(name):
        assert service.deliver(name, example)
    stored = models.restrictions if "blocking" in example else models.removals
    if name in ("user.restricted.v1", "post.deleted.v1", "comment.deleted.v1"):
        assert rows_of(database, stored)
    elif name in ("user.registered.v1", "user.updated.v1", "user.deleted.v1"):
        (person,) = rows_of(database, models.people)
        assert (person.nickname, person.deleted) == (example.get("nickname"), name == "user.deleted.v1")
    elif name == "session.revoked.v1":
        assert facts(database) == [] == rows_of(database, models.push_subscriptions)
    elif name == "content.removed.v1":
        assert {row.removed["kind"] for row in rows_of(database, models.notifications)} == {
            "post",
            "comment",
            "message",
        }
    else:
        assert {row.version for row in rows_of(database, models.causes)} >= {example["version"]}


def test_deleted_account_is_reported_to_auth_again_when_auth_asks_again(
    service: LiveService, database: Database
) -> None:
    (gone,) = some_people(database, 1)
    deleted = {"user_id": ids.encode(gone), "deleted_at": clock.format_rfc3339(clock.now())}
    assert service.deliver("user.deleted.v1", deleted)
    eventually(lambda: purge_states(database) == {gone: PURGED})
    assert service.deliver("user.deleted.v1", deleted)
    purged = ("user.purged.v1", {"user_id": ids.encode(gone), "service": "notifications"})
    assert facts(database) == [purged, purged]


def test_what_users_did_before_they_are_known_is_shown_when_they_are(database: Database) -> None:
    (me,) = some_people(database, 1)
    newcomer = ids.new()
    handle(database, followed(newcomer, me))
    handle(database, ("user.registered.v1", registered(newcomer)))
    assert briefly(database, me) == [("follow", [newcomer], 1)]
    assert listed(database, me)[0]["actors"][0]["nickname"] == "ada"


def test_events_about_deleted_accounts_change_nothing(database: Database) -> None:
    me, gone = some_people(database, 2)
    handle(database, ("user.deleted.v1", {"user_id": ids.encode(gone), "deleted_at": "2026-11-23T08:41:00.123Z"}))
    purge_to_the_end(database)
    handle(database, followed(gone, me, 5), followed(me, gone, 6))
    assert rows_of(database, models.causes) == []


def test_changes_are_published_and_a_popular_post_costs_no_event_a_like(database: Database) -> None:
    me, *fans = some_people(database, LIVE_ACTORS + 4)
    post = ids.new()
    told = [liked(fan, post, me) for fan in fans]
    handle(database, *told, *told)
    changed = [data for name, data in facts(database) if name == "notification.changed.v1"]
    assert [each["created"] for each in changed] == [True] + [False] * (LIVE_ACTORS - 1)
    assert {(each["user_id"], each["notification_id"]) for each in changed} == {
        (ids.encode(me), listed(database, me)[0]["id"])
    }
    database.write(mark_read, me, ids.parse(listed(database, me)[0]["id"]))
    before = len(facts(database))
    for late in some_people(database, 3):
        handle(database, liked(late, post, me))
    assert len(facts(database)) == before + 1, "the one that makes it unread"


def test_invalid_event_changes_nothing(database: Database) -> None:
    for name in ("post.liked.v1", "comment.written.v1", "room.requested.v1"):
        type_, version = name.rsplit(".v")
        event = Event(ids.new(), type_, int(version), clock.now(), None, {"post_id": "nothing"})
        with pytest.raises(ValidationError):
            database.write(HANDLERS[name], event)
    assert rows_of(database, models.causes) == []
