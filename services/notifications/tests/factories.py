"""Users, events of other services, and what is stored of them, for the tests of notifications."""

from typing import Any

from sqlalchemy import Row, Table, select

from services.notifications import models, queries
from services.notifications.actions.people import PEOPLE
from services.notifications.actions.push_subscriptions import Subscription, subscribe
from services.notifications.actions.removals import LAST_SWEEP_MS, REMOVAL
from services.notifications.actions.restrictions import RESTRICTIONS, review_some
from services.notifications.actions.suspensions import SUSPENSION
from services.notifications.actions.withdrawals import WITHDRAWAL
from services.notifications.subscriptions import HANDLERS
from shared import clock, ids
from shared.database.engine import Database
from shared.events.envelope import Event
from shared.pagination import PageRequest
from shared.push.encryption import BrowserKeys
from shared.testing import assert_matches_contract, outbox_events
from shared.testing.push_service import Browser
from shared.testing.small_chunks import with_chunk_size

FIRST = PageRequest(100, None)
LAST_SWEEP_AFTER = clock.HOUR
Told = tuple[str, dict[str, Any]]


def some_people(database: Database, number: int) -> list[int]:
    """This number of users that notifications knows."""
    person_ids = [ids.new() for _ in range(number)]
    for index, person_id in enumerate(person_ids):
        named(database, person_id, nickname=f"nick{index}")
    return person_ids


def registered(person_id: int, version: int = 1, **changes: Any) -> dict[str, Any]:
    """The data of `user.registered.v1` and `user.updated.v1`."""
    said = {"user_id": ids.encode(person_id), "nickname": "ada", "name": "Ada", "avatar_url": None}
    return {**said, "version": version, **changes}


def named(database: Database, person_id: int, version: int = 1, **changes: Any) -> None:
    """Handle what auth says of a user."""
    database.write(PEOPLE.store, registered(person_id, version, **changes))


def suspended(database: Database, person_id: int, version: int, *, suspended: bool = True) -> None:
    """Handle the suspension of an account, or its end, and let the worker hide or show what the user did."""
    named(database, person_id, version, suspended=suspended)
    work(database)


def restricted(
    database: Database, person: int, other: int, version: int, *, blocking: bool = False, muting: bool = False
) -> None:
    """Handle what one blocks and mutes of the other, and let the worker hide or show what they did."""
    who = {"user_id": ids.encode(person), "other_id": ids.encode(other)}
    database.write(RESTRICTIONS.store, {**who, "blocking": blocking, "muting": muting, "version": version})
    work(database)


def work(database: Database, chunk: int = 2) -> None:
    """Run the workers until nothing is left to do, a few rows at a time."""
    removal = with_chunk_size(chunk, REMOVAL)
    while (
        database.write(review_some, chunk) or database.write(SUSPENSION.step) or removal.work(database, LAST_SWEEP_MS)
    ):
        pass


def purge_to_the_end(database: Database, chunk: int = 10) -> None:
    """Run the purge of deleted accounts until nothing is due."""
    while with_chunk_size(chunk, WITHDRAWAL).work(database, LAST_SWEEP_AFTER):
        pass


def handle(database: Database, *told: Told) -> None:
    """Handle these events, each checked against its contract."""
    for name, data in told:
        assert_matches_contract(name, data)
        type_, _, version = name.rpartition(".v")
        database.write(HANDLERS[name], Event(ids.new(), type_, int(version), clock.now(), None, data))


def followed(follower: int, followee: int, version: int = 1, *, following: bool = True) -> Told:
    edge = {"follower_id": ids.encode(follower), "followee_id": ids.encode(followee), "version": version}
    return ("user.followed.v1" if following else "user.unfollowed.v1"), edge


def liked(person: int, post: int, author: int, version: int = 1, *, liked: bool = True) -> Told:
    return "post.liked.v1", _like(person, post, author, version, liked)


def comment_liked(person: int, comment: int, post: int, author: int, version: int = 1, *, liked: bool = True) -> Told:
    return "comment.liked.v1", {**_like(person, post, author, version, liked), "comment_id": ids.encode(comment)}


def _like(person: int, post: int, author: int, version: int, liked: bool) -> dict[str, Any]:
    who = {"post_id": ids.encode(post), "author_id": ids.encode(author), "person_id": ids.encode(person)}
    return {**who, "liked": liked, "version": version}


def written(post: int, author: int, version: int = 1, mentioned: Any = (), former: Any = ()) -> Told:
    return "post.written.v1", {
        "post_id": ids.encode(post),
        "author_id": ids.encode(author),
        "mentioned_ids": [ids.encode(each) for each in mentioned],
        "former_ids": [ids.encode(each) for each in former],
        "version": version,
    }


def commented(
    comment: int,
    post: int,
    post_author: int,
    author: int,
    version: int = 1,
    *,
    parent_author: int | None = None,
    mentioned: Any = (),
    former: Any = (),
) -> Told:
    return "comment.written.v1", {
        "comment_id": ids.encode(comment),
        "post_id": ids.encode(post),
        "post_author_id": ids.encode(post_author),
        "author_id": ids.encode(author),
        "parent_author_id": None if parent_author is None else ids.encode(parent_author),
        "mentioned_ids": [ids.encode(each) for each in mentioned],
        "former_ids": [ids.encode(each) for each in former],
        "version": version,
    }


def post_deleted(post: int, author: int) -> Told:
    return "post.deleted.v1", {"post_id": ids.encode(post), "author_id": ids.encode(author)}


def comment_deleted(comment: int, post: int) -> Told:
    return "comment.deleted.v1", {"comment_id": ids.encode(comment), "post_id": ids.encode(post)}


def room_requested(room: int, sender: int, recipient: int, state: str = "request", version: int = 1) -> Told:
    who = {"room_id": ids.encode(room), "sender_id": ids.encode(sender), "recipient_id": ids.encode(recipient)}
    return "room.requested.v1", {**who, "state": state, "version": version}


def content_removed(kind: str, subject: int, author: int, **more: Any) -> Told:
    who = {"subject": {"kind": kind, "id": ids.encode(subject)}, "user_id": ids.encode(author)}
    return "content.removed.v1", {**who, "removed_at": "2026-11-23T08:41:00.123Z", **more}


def subscribed(database: Database, person_id: int, path: str, session: int = 1) -> int:
    """A browser of the user, at a push service that nobody asks."""
    return subscribed_at(database, person_id, "https://push.example.com", Browser(path), session)


def subscribed_at(database: Database, person_id: int, base_url: str, browser: Browser, session: int = 1) -> int:
    """This browser of the user, at the push service with this URL."""
    given = Subscription(base_url + browser.path, BrowserKeys(browser.point, browser.auth))
    return database.write(subscribe, person_id, session, given)


def listed(database: Database, person_id: int) -> list[dict[str, Any]]:
    """The first page of the user's notifications, without what posts knows of them."""
    return list(database.read(queries.listed, person_id, FIRST).items)


def briefly(database: Database, person_id: int) -> list[tuple[str, list[int], int]]:
    """Of each notification of the user its kind, the shown actors, and how many there are."""
    return [
        (each["kind"], [ids.parse(actor["id"]) for actor in each["actors"]], each["actor_count"])
        for each in listed(database, person_id)
    ]


def unread(database: Database, person_id: int) -> int:
    return database.read(queries.unread_count, person_id)


def rows_of(database: Database, table: Table) -> list[Row[Any]]:
    """All rows of the table."""
    return list(database.read(lambda connection: connection.execute(select(table)).all()))


def facts(database: Database) -> list[Told]:
    """All events published so far, each checked against its contract."""
    return outbox_events(database, models.outbox)


def purge_states(database: Database) -> dict[int, str]:
    """The state of each purge."""
    return {row.user_id: row.state for row in rows_of(database, models.purges)}
