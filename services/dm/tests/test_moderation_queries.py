"""What somebody reports of a room."""

import pytest

from services.dm.actions.messages import Draft, send
from services.dm.moderation_queries import reported
from shared import ids
from shared.database.engine import Database
from shared.errors import NotFound
from shared.testing import LiveService
from shared.testing.api_client import expect_problem
from shared.testing.query_plans import captured_statements, slow_steps

from .factories import room_of, say, some_people, upload


def test_message_is_reported_with_those_before_it_if_wanted(database: Database) -> None:
    jo, max_, eve = some_people(database, 3)
    room, other = room_of(database, jo, max_), room_of(database, jo, eve)
    said = [say(database, sender, room, text) for sender, text in ((jo, "a"), (max_, "b"), (jo, "c"), (max_, "d"))]
    photo = database.write(send, max_, room, Draft(media_id=upload(database, max_, room))).message_id
    say(database, eve, other, "elsewhere")
    alone = database.read(reported, said[3], jo, 0)
    assert (alone["owner_id"], alone["text"], alone["post_id"]) == (ids.encode(max_), "d", None)
    assert [each["text"] for each in alone["messages"]] == ["d"]
    with captured_statements(database) as asked:
        found = database.read(reported, photo, jo, 2)["messages"]
    assert [(each["sender_id"], each["type"], each["text"]) for each in found] == [
        (ids.encode(jo), "text", "c"), (ids.encode(max_), "text", "d"), (ids.encode(max_), "image", None),
    ]  # fmt: skip
    assert not any(slow_steps(database, each) for each in asked)


def test_only_the_two_of_a_room_report_its_messages(database: Database) -> None:
    jo, max_, eve = some_people(database, 3)
    message = say(database, max_, room_of(database, jo, max_))
    for message_id, viewer in ((message, eve), (ids.new(), jo)):
        with pytest.raises(NotFound):
            database.read(reported, message_id, viewer, 0)


def test_what_is_reported_is_only_for_services(dm: LiveService) -> None:
    path = "/internal/messages/0037a52d5f400001?viewer=0037a52d5f400002"
    expect_problem(dm.client.get(path), 401, "invalid_token")
