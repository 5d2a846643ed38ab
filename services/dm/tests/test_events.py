"""Events that dm consumes and publishes: every contract example, repeatedly, in any order."""

import random
from typing import Any

import pytest
from structlog.testing import capture_logs

from services.dm import models
from services.dm.actions import rooms
from services.dm.room_queries import room as room_seen
from services.dm.signed_urls import UrlSigner
from services.dm.socket_notifier import SocketNotifier
from services.dm.subscriptions import BROADCAST_HANDLERS, HANDLERS, notify_sockets
from shared import clock, ids
from shared.database.engine import Database
from shared.events.envelope import Event
from shared.replication.purge import PURGED
from shared.testing import LiveService, eventually, examples_of, outbox_events
from shared.websockets.hub import Hub

from .factories import deleted, facts, purge_states, registered, room_of, rows_of, say, some_people, upload

Told = list[tuple[str, dict[str, Any]]]


def person(database: Database, person_id: int) -> dict[str, Any]:
    """The copy of a user without the id."""
    (row,) = (row for row in rows_of(database, models.people) if row.id == person_id)
    return {name: value for name, value in row._mapping.items() if name != "id"}


@pytest.mark.parametrize("name", sorted(HANDLERS))
def test_every_contract_example_is_handled(dm: LiveService, database: Database, name: str) -> None:
    for example in examples_of(name):
        assert dm.deliver(name, example)
    if "blocking" in example:
        (pair,) = rows_of(database, models.restrictions)
        assert (pair.blocking, pair.version) == (example["blocking"], example["version"])
        return
    if "subject" in example:
        return  # of unknown content: `test_removals.py` has known ones
    known = person(database, ids.parse(example["user_id"]))
    assert (known["nickname"], known["deleted"]) == (example.get("nickname"), name == "user.deleted.v1")


def test_unknown_event_fields_are_ignored(dm: LiveService, database: Database) -> None:
    someone = ids.new()
    assert dm.deliver("user.registered.v1", registered(someone, pronouns="they"))
    assert person(database, someone)["nickname"] == "ada"


def state(database: Database, person_id: int, peer_id: int, url_signer: UrlSigner) -> Any:
    """Everything that events about a user may change, without times and ids."""
    room = database.read(room_seen, peer_id, room_of_both(database, person_id), url_signer)
    unsent = [row for row in rows_of(database, models.media) if row.uploader_id == person_id]
    shown = room["peer"] | {"id": None}, room["unread_count"], room["last_message"]["text"]
    return person(database, person_id), purge_states(database).get(person_id), shown, len(unsent)


def room_of_both(database: Database, person_id: int) -> int:
    (room,) = (row.room_id for row in rows_of(database, models.members) if row.user_id == person_id)
    return int(room)


def deliver(dm: LiveService, told: Told, event_ids: list[int], order: list[int]) -> None:
    for place in order:
        name, data = told[place]
        assert dm.deliver(name, data, event_id=event_ids[place])


@pytest.mark.parametrize("ends", ["stays", "withdraws"])
@pytest.mark.parametrize("seed", range(3))
def test_repeated_and_reordered_events_give_the_same_state(
    dm: LiveService, database: Database, url_signer: UrlSigner, ends: str, seed: int
) -> None:
    once, thrice, peer = some_people(database, 3)
    for someone, order in ((once, [0, 1, 2]), (thrice, random.Random(seed).sample([0, 1, 2] * 3, 9))):
        room = room_of(database, someone, peer)
        say(database, someone, room, "kept")
        upload(database, someone, room, f"{someone:032x}")
        last = ("user.updated.v1", registered(someone, 4, name="Fourth", avatar_url="/api/v1/avatars/4.jpg"))
        told: Told = [
            ("user.registered.v1", registered(someone, 2)),
            ("user.updated.v1", registered(someone, 3, nickname="third")),
            last if ends == "stays" else ("user.deleted.v1", deleted(someone)),
        ]
        deliver(dm, told, [ids.new() for _ in told], order)
    if ends == "withdraws":
        eventually(lambda: purge_states(database) == dict.fromkeys((once, thrice), PURGED))
    assert without_version(state(database, once, peer, url_signer)) == without_version(
        state(database, thrice, peer, url_signer)
    )
    assert person(database, thrice)["deleted"] == (ends == "withdraws")


def without_version(seen: Any) -> Any:
    """A tombstone may have any version: nothing is newer than a tombstone."""
    known, *rest = seen
    return {name: value for name, value in known.items() if name != "version" or not known["deleted"]}, *rest


def test_redelivered_event_changes_nothing(dm: LiveService, database: Database) -> None:
    (gone,) = some_people(database, 1)
    event_id = ids.new()
    assert dm.deliver("user.deleted.v1", deleted(gone), event_id=event_id)
    eventually(lambda: purge_states(database) == {gone: PURGED})
    before = facts(database)
    for _ in range(2):
        assert dm.deliver("user.deleted.v1", deleted(gone), event_id=event_id)
    assert facts(database) == before
    assert [row.event_id for row in rows_of(database, models.inbox)] == [event_id]


def test_repeated_deletion_event_only_repeats_the_report(dm: LiveService, database: Database) -> None:
    (gone,) = some_people(database, 1)
    assert dm.deliver("user.deleted.v1", deleted(gone))
    eventually(lambda: purge_states(database) == {gone: PURGED})
    before = rows_of(database, models.purges)
    assert dm.deliver("user.deleted.v1", deleted(gone))
    purged = ("user.purged.v1", {"user_id": ids.encode(gone), "service": "dm"})
    assert facts(database) == [purged, purged]
    assert rows_of(database, models.purges) == before


def test_invalid_event_is_not_acknowledged(dm: LiveService, database: Database) -> None:
    with capture_logs() as told:
        assert dm.delivery_fails("user.deleted.v1", {"user_id": "nobody"})
    assert {line["event"] for line in told} == {"event handler failed"}
    assert rows_of(database, models.inbox) == []


def test_message_and_read_events_contain_only_ids_and_are_published_once(database: Database) -> None:
    ada, bob = some_people(database, 2)
    room = room_of(database, ada, bob)
    message = say(database, ada, room, "not for the broker")
    for _ in range(2):
        database.write(rooms.mark_read, bob, room, message)
    told = {"message_id": ids.encode(message), "room_id": ids.encode(room)}
    assert outbox_events(database, models.outbox) == [
        ("message.sent.v1", told | {"sender_id": ids.encode(ada), "recipient_id": ids.encode(bob)}),
        ("room.read.v1", told | {"reader_id": ids.encode(bob), "peer_id": ids.encode(ada)}),
    ]


@pytest.mark.parametrize("name", sorted(BROADCAST_HANDLERS))
def test_every_broadcast_contract_example_is_handled(database: Database, url_signer: UrlSigner, name: str) -> None:
    nobody = SocketNotifier(Hub("dm", 1, 1), database, url_signer)
    type_, _, version = name.rpartition(".v")
    for example in examples_of(name):
        notify_sockets(nobody, Event(ids.new(), type_, int(version), clock.now(), None, example))
