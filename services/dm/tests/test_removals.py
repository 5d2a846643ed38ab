"""Messages that a moderator removes: they keep their places, and nobody can read them any more."""

from typing import Any

import pytest

from services.dm import models, queries, search_queries
from services.dm.actions import old_photos, own_side, removals, search
from services.dm.actions.messages import Draft, send
from services.dm.moderation_queries import reported
from services.dm.room_queries import room as room_seen
from services.dm.signed_urls import UrlSigner
from shared import clock, ids
from shared.database.engine import Database
from shared.errors import NotFound
from shared.testing import LiveService, eventually, outbox_events
from shared.testing.api_client import expect_json, expect_problem
from shared.testing.query_plans import captured_statements, slow_steps

from .api_client import ApiClient
from .factories import FIRST, request_to, room_of, rows_of, say, some_people, upload
from .test_api_photos import fetched, files_in
from .test_api_websocket import ear_of

EMPTY = {"type": "text", "text": "", "image": None, "post_id": None, "post": None, "removed": True}


def removed(message: int, kind: str = "message") -> dict[str, Any]:
    """The data of `content.removed.v1`."""
    subject = {"kind": kind, "id": ids.encode(message)}
    return {"subject": subject, "user_id": ids.encode(1), "removed_at": "2026-11-23T08:41:00.123Z"}


def announced(database: Database) -> list[dict[str, Any]]:
    return [data for name, data in outbox_events(database, models.outbox) if name == "message.removed.v1"]


def test_removed_message_keeps_its_place_and_nothing_else(database: Database, url_signer: UrlSigner) -> None:
    jo, max_ = some_people(database, 2)
    room = room_of(database, jo, max_)
    first, bad = say(database, jo, room, "before"), say(database, max_, room, "a bad word")
    quoting = say(database, jo, room, "why?", reply_to=bad)
    before = {each: database.read(room_seen, each, room, url_signer) for each in (jo, max_)}
    for _ in range(2):
        database.write(removals.remove, bad)
    for each in (jo, max_):
        shown = database.read(queries.messages_in, each, room, FIRST, url_signer).items
        assert [item["id"] for item in shown] == [ids.encode(id_) for id_ in (quoting, bad, first)]
        assert {name: shown[1][name] for name in EMPTY} == EMPTY
        quote = {"type": "text", "text": "", "thumbnail_url": None, "removed": True}
        assert {name: shown[0]["reply_to"][name] for name in quote} == quote
        assert database.read(room_seen, each, room, url_signer)["unread_count"] == before[each]["unread_count"]
        assert database.read(search_queries.search, each, "bad word", FIRST, url_signer).items == []
    told = {"message_id": bad, "room_id": room, "sender_id": max_, "recipient_id": jo}
    assert announced(database) == [{name: ids.encode(number) for name, number in told.items()}]
    with pytest.raises(NotFound):
        database.read(reported, bad, jo, 0)
    assert [each["text"] for each in database.read(reported, quoting, max_, 5)["messages"]] == ["before", "", "why?"]


def test_event_removes_a_message_once_whenever_it_comes(dm: LiveService, database: Database) -> None:
    jo, max_ = some_people(database, 2)
    room = room_of(database, jo, max_)
    bad, other = say(database, max_, room, "bad"), say(database, jo, room, "good")
    event_id = ids.new()
    for _ in range(2):
        assert dm.deliver("content.removed.v1", removed(bad), event_id=event_id)
    assert dm.deliver("content.removed.v1", removed(bad))
    for no_message in (removed(other, "post"), removed(other, "comment"), removed(ids.new()), removed(other, "story")):
        assert dm.deliver("content.removed.v1", no_message)
    assert [(row.text, row.removed) for row in rows_of(database, models.messages)] == [("", True), ("good", None)]
    assert len(announced(database)) == 1


def test_photo_of_a_removed_message_is_deleted_with_its_files(
    jo: ApiClient, max_: ApiClient, room: str, database: Database, tmp_path: Any
) -> None:
    shown = expect_json(max_.show(room), 201)
    urls = [shown["image"]["url"], *(each["url"] for each in shown["image"]["variants"])]
    quoting = expect_json(jo.say(room, "no", reply_to=shown["id"]), 201)
    assert quoting["reply_to"]["thumbnail_url"] and fetched(jo.service, urls[0]).status_code == 200
    old = rows_of(database, models.media)
    assert jo.service.deliver("content.removed.v1", removed(ids.parse(shown["id"])))
    for url in urls:
        expect_problem(fetched(jo.service, url), 404, "not_found")
    assert jo.messages(room)[0]["reply_to"]["thumbnail_url"] is None
    assert jo.messages(room)[1] | EMPTY == jo.messages(room)[1]
    assert rows_of(database, models.media) == []
    eventually(lambda: files_in(tmp_path) == [])
    assert database.write(old_photos.add_variants, old[0].id) is False


def test_sockets_of_both_users_get_what_is_left(jo: ApiClient, max_: ApiClient, room: str, database: Database) -> None:
    said = expect_json(max_.say(room, "bad"), 201)
    with ear_of(jo) as one, ear_of(max_) as two:
        assert jo.service.deliver("content.removed.v1", removed(ids.parse(said["id"])))
        for ear in (one, two):
            heard = ear.next()
            if heard["event"] == "message.created":  # on its way until now
                heard = ear.next()
            assert heard == {"event": "message.updated", "data": said | EMPTY}
    assert jo.room(room)["last_message"] == said | EMPTY


def test_repeated_request_to_send_gets_the_removed_message(max_: ApiClient, room: str, database: Database) -> None:
    first = expect_json(max_.say(room, "bad", key="a key"), 201)
    database.write(removals.remove, ids.parse(first["id"]))
    assert expect_json(max_.say(room, "bad", key="a key"), 201) == first | EMPTY


def test_who_has_declined_a_request_gets_no_event_of_its_removal(database: Database, url_signer: UrlSigner) -> None:
    jo, max_ = some_people(database, 2)
    room = request_to(database, max_, jo)
    bad = say(database, max_, room, "bad")
    database.write(own_side.decline, jo, room)
    database.write(removals.remove, bad)
    shown, declined = database.read(queries.message_to_push, max_, room, bad, url_signer)
    assert (shown["removed"], declined) == (True, True)


def test_removed_text_is_not_indexed_again(database: Database) -> None:
    jo, max_ = some_people(database, 2)
    room = room_of(database, jo, max_)
    bad, post = say(database, max_, room, "bad"), database.write(send, jo, room, Draft(post_id=7)).message_id
    for message in (bad, post):
        database.write(removals.remove, message)
    database.write(search.add_missing, clock.now() + 2 * search.OVERLAP_MS)
    assert rows_of(database, models.searched_texts) == []


def test_removal_costs_the_same_in_a_long_room(database: Database) -> None:
    jo, max_ = some_people(database, 2)
    room = room_of(database, jo, max_)
    counts = []
    for number in (1, 30):
        said = [database.write(send, max_, room, Draft(media_id=upload(database, max_, room))) for _ in range(number)]
        with captured_statements(database) as asked:
            database.write(removals.remove, said[0].message_id)
        counts.append(len(asked))
    assert counts[0] == counts[1]
    for each in asked:
        if each[0].startswith("SELECT"):
            assert slow_steps(database, each) == set(), each
