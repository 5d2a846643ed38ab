"""Lists of rooms and messages: ordered, complete during changes, and of constant cost."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise, repeat
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Table, insert

from services.dm import models, queries, room_queries
from services.dm.actions import message_settings, own_side
from services.dm.actions.messages import Draft, send
from services.dm.actions.photos import UNSENT_FOR_MS, delete_unsent
from services.dm.actions.rooms import mark_read
from services.dm.actions.withdrawals import WITHDRAWAL
from services.dm.signed_urls import UrlSigner
from shared import ids
from shared.database.engine import Database
from shared.errors import NotFound
from shared.idempotency import Idempotency, Key, StoredResponse
from shared.pagination import Page, PageRequest
from shared.testing.query_plans import SORT, captured_statements, indexes_used, slow_steps

from .factories import FIRST, purge_to_the_end, request_to, room_of, rows_of, say, some_people, time_passes, upload

URL_SIGNER = UrlSigner(b"k" * 32)


def rooms_listed(database: Database, person: int) -> list[int]:
    return [ids.parse(room["id"]) for room in database.read(room_queries.rooms_of, person, FIRST, URL_SIGNER).items]


def paged(read: Callable[[PageRequest], Page], limits: Iterator[int], between: Callable[[], None]) -> list[int]:
    """The ids of all items, page by page, with a change after each page."""
    after: tuple[Any, ...] | None = None
    seen: list[int] = []
    for limit in limits:
        page = read(PageRequest(limit, after))
        assert len(page.items) <= limit
        seen += [ids.parse(item["id"]) for item in page.items]
        if page.next is None:
            return seen
        after = page.next
        between()
    raise AssertionError("never ended")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_room_pages_keep_their_order_during_changes(database: Database, data: st.DataObject) -> None:
    me, *peers = some_people(database, 7)
    rooms = [room_of(database, me, peer) for peer in peers[:5]]
    for room in data.draw(st.lists(st.sampled_from(rooms), max_size=5)):
        say(database, me, room)
    expected = rooms_listed(database, me)

    def between() -> None:
        for number in data.draw(st.lists(st.integers(0, 6), max_size=3)):
            room_id = room_of(database, me, peers[number % 6])
            say(database, data.draw(st.sampled_from([me, peers[number % 6]])), room_id)

    def read(page: PageRequest) -> Page:
        return database.read(room_queries.rooms_of, me, page, URL_SIGNER)

    limits = (data.draw(st.integers(1, 3)) for _ in range(20))
    assert paged(read, limits, between) == expected


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_message_pages_are_complete_during_sends(database: Database, data: st.DataObject) -> None:
    me, peer = some_people(database, 2)
    room = room_of(database, me, peer)
    said = [say(database, me, room) for _ in range(data.draw(st.integers(0, 8)))]

    def between() -> None:
        say(database, data.draw(st.sampled_from([me, peer])), room)

    def read(page: PageRequest) -> Page:
        return database.read(queries.messages_in, me, room, page, URL_SIGNER)

    assert paged(read, (data.draw(st.integers(1, 3)) for _ in range(20)), between) == said[::-1]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_pages_after_a_message_contain_all_later_messages(database: Database, data: st.DataObject) -> None:
    me, peer = some_people(database, 2)
    room, other = room_of(database, me, peer), room_of(database, me, *some_people(database, 1))
    known = say(database, me, room)
    said = [say(database, peer, room) for _ in range(data.draw(st.integers(0, 6)))]
    more = data.draw(st.integers(0, 5))

    def between() -> None:
        say(database, me, other)
        if len(said) < more:
            said.append(say(database, data.draw(st.sampled_from([me, peer])), room))

    def read(page: PageRequest) -> Page:
        return database.read(queries.messages_in, me, room, page, URL_SIGNER, known)

    assert paged(read, (data.draw(st.integers(1, 3)) for _ in range(20)), between) == said


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.booleans(), st.none() | st.integers(0, 9)), min_size=6, max_size=20))
def test_unread_count_is_messages_of_the_peer_after_the_read_mark(
    database: Database, steps: list[tuple[bool, int | None]]
) -> None:
    people = some_people(database, 2)
    room = room_of(database, *people)
    said: list[tuple[int, int]] = []
    read_up_to = dict.fromkeys(people, 0)
    for first, number in steps:
        person = people[not first]
        if number is None or not said:
            said.append((say(database, person, room), person))
        else:
            message_id = said[number % len(said)][0]
            database.write(mark_read, person, room, message_id)
            read_up_to[person] = max(read_up_to[person], message_id)
    for person in people:
        unread = [1 for message_id, sender in said if sender != person and message_id > read_up_to[person]]
        assert database.read(room_queries.room, person, room, URL_SIGNER)["unread_count"] == len(unread)


def test_rooms_are_listed_by_last_activity(database: Database) -> None:
    me, ann, bea, cee = some_people(database, 4)
    with_ann, with_bea, with_cee = (room_of(database, me, peer) for peer in (ann, bea, cee))
    assert rooms_listed(database, me) == [with_cee, with_bea, with_ann]
    say(database, ann, with_ann)
    say(database, me, with_bea)
    assert rooms_listed(database, me) == [with_bea, with_ann, with_cee]
    assert rooms_listed(database, ann) == [with_ann]


def test_messages_of_a_room_of_others_are_not_found(database: Database) -> None:
    one, other, third = some_people(database, 3)
    room = room_of(database, one, other)
    with pytest.raises(NotFound):
        database.read(queries.messages_in, third, room, FIRST, URL_SIGNER)


def fill(database: Database, me: int, number: int) -> int:
    """This number of rooms; in the last one this number of messages of every kind, with quotes."""
    for peer in some_people(database, number):
        room = room_of(database, me, peer)
        first = say(database, peer, room)
    for each in range(number):
        media_id = upload(database, me, room, f"{me:016x}{each:016x}")
        database.write(send, me, room, Draft(media_id=media_id, reply_to=first))
        database.write(send, peer, room, Draft(post_id=first, reply_to=first))
    return room


def test_number_of_statements_does_not_depend_on_the_page_size(database: Database) -> None:
    costs = []
    for number in (1, 100):
        (me,) = some_people(database, 1)
        room = fill(database, me, number)
        for limit in (1, 100):
            with captured_statements(database) as asked:
                page = database.read(room_queries.rooms_of, me, PageRequest(limit, None), URL_SIGNER)
                database.read(queries.messages_in, me, room, PageRequest(limit, None), URL_SIGNER)
                if page.next:
                    database.read(room_queries.rooms_of, me, PageRequest(limit, page.next), URL_SIGNER)
            reads = [each for each in asked if each[0].startswith("SELECT")]
            costs.append(len(reads) - (page.next is not None))
    assert set(costs) == {3}


def many_rooms(database: Database, number: int) -> int:
    """A user with so many rooms, each with a message of the other. Returns the id of the user."""
    me, *peers = some_people(database, number + 1)
    tables: tuple[Table, ...] = (models.rooms, models.members, models.messages)
    rows: tuple[list[dict[str, Any]], ...] = ([], [], [])
    flags = dict.fromkeys(("muted", "hidden", "requested"), False)
    for peer in peers:
        room, message = ids.new(), ids.new()
        low, high = sorted((me, peer))
        room_row = {"id": room, "low_id": low, "high_id": high, "last_id": message, "created_at": 1}
        rows[0].append(room_row)
        for user, other in ((me, peer), (peer, me)):
            member = {"room_id": room, "user_id": user, "peer_id": other, "last_id": message, "read_id": room}
            rows[1].append(member | flags | {"unread_count": 0, "request_version": 0})
        rows[2].append({"id": message, "room_id": room, "sender_id": peer, "text": "hi", "created_at": 1})
    database.write(lambda tx: [tx.execute(insert(table), many) for table, many in zip(tables, rows, strict=True)])
    return me


def test_page_of_rooms_is_one_statement_for_5_or_500_rooms(database: Database) -> None:
    for number in (5, 500):
        me, after, seen = many_rooms(database, number), None, 0
        while True:
            with captured_statements(database) as asked:
                page = database.read(room_queries.rooms_of, me, PageRequest(100, after), URL_SIGNER)
            assert len([each for each in asked if each[0].startswith("SELECT")]) == 1
            seen += len(page.items)
            assert {each["last_message"]["text"] for each in page.items} == {"hi"}
            if page.next is None:
                break
            after = page.next
        assert seen == number


def test_export_has_rooms_and_requests_page_by_page(database: Database) -> None:
    me, *peers = some_people(database, 7)
    rooms = [room_of(database, peer, me) for peer in peers[:3]]
    rooms += [request_to(database, peer, me) for peer in peers[3:]]
    database.write(own_side.hide, me, rooms[0])
    database.write(own_side.hide, me, rooms[4])

    def read(page: PageRequest) -> Page:
        return database.read(room_queries.all_rooms_of, me, page, URL_SIGNER)

    for limit in (1, 2, 3, 100):
        assert sorted(paged(read, repeat(limit), lambda: None)) == rooms


def test_each_read_uses_an_index(database: Database) -> None:
    (me,) = some_people(database, 1)
    room = fill(database, me, 3)
    with captured_statements(database) as asked:
        database.read(room_queries.rooms_of, me, FIRST, URL_SIGNER)
        database.read(queries.messages_in, me, room, FIRST, URL_SIGNER)
    rooms, membership, messages = (indexes_used(database, each) for each in asked)
    assert (rooms, membership, messages) == ({"members_by_state"}, set(), {"messages_by_room"})


def test_idempotency_keys_are_counted_with_an_index(database: Database) -> None:
    with captured_statements(database) as asked:
        Idempotency(database, models.idempotency_keys).write(Key(1, b"k", b"r"), lambda _: StoredResponse(201, b""))
    (statement,) = [each for each in asked if "count(" in each[0]]
    assert indexes_used(database, statement) == {"idempotency_keys_by_owner"}


def everything(database: Database) -> None:
    """Each action and each query once, with data."""
    me, gone = some_people(database, 2)
    room = fill(database, me, 3)
    said = say(database, me, room)
    with_gone = room_of(database, gone, me)
    database.write(send, gone, with_gone, Draft(media_id=upload(database, gone, with_gone)))
    upload(database, gone, with_gone, "e" * 32)
    database.write(mark_read, me, room, said)
    database.read(room_queries.rooms_of, me, PageRequest(20, None), URL_SIGNER)
    database.read(room_queries.rooms_of, me, second_page(database, me), URL_SIGNER)
    database.read(queries.messages_in, me, room, PageRequest(20, (said,)), URL_SIGNER)
    database.read(queries.messages_in, me, room, PageRequest(20, (said,)), URL_SIGNER, since=1)
    database.read(room_queries.room, me, room, URL_SIGNER)
    for answer in (own_side.accept, own_side.decline):
        (sender,) = some_people(database, 1)
        request = request_to(database, sender, me)
        say(database, sender, request)
        database.read(queries.message_to_push, sender, request, say(database, sender, request), URL_SIGNER)
        database.read(partial(room_queries.rooms_of, requested=True), me, FIRST, URL_SIGNER)
        database.write(answer, me, request)
    database.read(room_queries.all_rooms_of, me, FIRST, URL_SIGNER)
    for person in (me, gone):
        database.write(message_settings.store, person, "following")
    Idempotency(database, models.idempotency_keys).write(Key(me, b"k", b"r"), lambda _: StoredResponse(201, b""))
    database.write(WITHDRAWAL.request, gone)
    purge_to_the_end(database)
    time_passes(database, UNSENT_FOR_MS)
    database.write(delete_unsent)


def second_page(database: Database, person: int) -> PageRequest:
    """The second page of the user's rooms."""
    return PageRequest(1, database.read(room_queries.rooms_of, person, PageRequest(1, None), URL_SIGNER).next)


def test_no_statement_scans_a_table_or_sorts_more_than_a_page(database: Database) -> None:
    with captured_statements(database) as asked:
        everything(database)
    statements = {
        statement: each for each in asked if (statement := each[0]).startswith(("SELECT", "UPDATE", "DELETE"))
    }
    statements = {words: each for words, each in statements.items() if "WHERE" in words}  # `time_passes` has none
    assert len(statements) > 20
    for each in statements.values():
        of_one_page = {SORT} if "ORDER BY positions" in each[0] else set()
        assert slow_steps(database, each) <= of_one_page, each


def test_message_ids_follow_the_commit_order(database: Database) -> None:
    one, other = some_people(database, 2)
    room = room_of(database, one, other)
    said = [say(database, person, room) for person in (one, other, other, one)]
    assert all(earlier < later for earlier, later in pairwise(said))
    assert [row.last_id for row in rows_of(database, models.rooms)] == said[-1:]
