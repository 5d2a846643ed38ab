"""Concurrency: one room for two users, one message for one key, exact order and counts."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

import pytest

from services.dm import models
from shared.database.engine import Database
from shared.testing.api_client import expect_json, expect_problem
from shared.testing.waiting import WAIT_SECONDS

from .api_client import ApiClient
from .conftest import OtherServices
from .factories import rows_of

THREADS = 8
T = TypeVar("T")


def at_once(works: list[Callable[[], T]]) -> list[T]:
    """Run all of them at the same time, each in a separate thread."""
    start = Barrier(len(works))

    def work(do: Callable[[], T]) -> T:
        start.wait(WAIT_SECONDS)
        return do()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(work, works))


def test_d1_concurrent_requests_for_a_room_get_the_same_room(
    jo: ApiClient, max_: ApiClient, database: Database
) -> None:
    one, other = (lambda: jo.open_room(max_)), (lambda: max_.open_room(jo))
    responses = at_once([one, other] * (THREADS // 2))
    assert sorted(response.status_code for response in responses) == [200] * (THREADS - 1) + [201]
    assert len({response.json()["id"] for response in responses}) == 1
    assert len(rows_of(database, models.rooms)) == 1 and len(rows_of(database, models.members)) == 2


def test_concurrent_messages_arrive_once_in_one_order_and_are_counted(jo: ApiClient, max_: ApiClient) -> None:
    room, each = jo.room_with(max_), 6

    def talk(person: ApiClient, number: int) -> Callable[[], list[str]]:
        return lambda: [expect_json(person.say(room, f"{number}.{turn}"))["id"] for turn in range(each)]

    answered = at_once([talk((jo, max_)[number % 2], number) for number in range(THREADS)])
    said = jo.messages(room)
    assert [message["id"] for message in said] == sorted({one for ids in answered for one in ids}, reverse=True)
    assert len(said) == THREADS * each == len({message["text"] for message in said})
    for number, ids in enumerate(answered):
        mine = [message["id"] for message in said if message["text"].startswith(f"{number}.")]
        assert mine == ids[::-1], "everybody's own words stay in the order in which they said them"
    for person in (jo, max_):
        shown = person.room(room)
        assert shown["unread_count"] == THREADS * each // 2
        assert shown["last_message"] == said[0]


def test_read_mark_during_concurrent_sends_is_exact(jo: ApiClient, max_: ApiClient) -> None:
    room = jo.room_with(max_)
    first = expect_json(max_.say(room, "first"))["id"]

    def read_all() -> str:
        last: str = first
        for _ in range(5):
            last = jo.messages(room)[0]["id"]
            expect_json(jo.read(room, last), 200)
        return last

    def talk() -> str:
        last: str = [expect_json(max_.say(room, str(number)))["id"] for number in range(5)][-1]
        return last

    read = at_once([read_all, *[talk] * 4])[0]
    unread = [message for message in jo.messages(room) if message["id"] > read]
    assert jo.room(room)["unread_count"] == len(unread)


def test_reading_newest_first_during_concurrent_sends_misses_nothing(jo: ApiClient, max_: ApiClient) -> None:
    room = jo.room_with(max_)
    said = [expect_json(jo.say(room, str(number)))["id"] for number in range(8)]

    def read() -> list[str]:
        seen: list[str] = []
        path = f"/rooms/{room}/messages?limit=2"
        while path:
            page = expect_json(max_.send("GET", path), 200)
            seen += [message["id"] for message in page["items"]]
            path = page["next_cursor"] and f"/rooms/{room}/messages?limit=2&cursor={page['next_cursor']}"
        return seen

    def talk() -> list[str]:
        return [expect_json(jo.say(room, str(number)))["id"] for number in range(4)]

    for seen in at_once([read, talk, talk, talk, read, read])[::4]:
        assert seen == sorted(set(seen), reverse=True)
        assert [each for each in seen if each in said] == said[::-1]


def test_one_key_creates_one_message(jo: ApiClient, max_: ApiClient) -> None:
    room = jo.room_with(max_)
    responses = at_once([lambda: jo.message(room, "key", type="text", text="once")] * THREADS)
    sent = [response.content for response in responses if response.status_code == 201]
    assert sent and len(set(sent)) == 1
    for response in responses:
        if response.status_code != 201:
            expect_problem(response, 409, "idempotency_in_progress")
    assert len(max_.messages(room)) == 1 == max_.room(room)["unread_count"]


def test_one_photo_is_used_once_under_concurrency(jo: ApiClient, max_: ApiClient) -> None:
    room = jo.room_with(max_)
    photo = expect_json(jo.upload(room))["id"]
    responses = at_once([lambda: jo.message(room, type="image", media_id=photo)] * THREADS)
    assert sorted(response.status_code for response in responses) == [201] + [422] * (THREADS - 1)
    assert len(max_.messages(room)) == 1


@pytest.fixture
def request_room(jo: ApiClient, max_: ApiClient, other_services: OtherServices) -> str:
    """A room with a message of Jo that is a request for Max."""
    other_services.following = False
    room = jo.room_with(max_)
    expect_json(jo.say(room, "first"))
    return room


def test_no_more_than_three_messages_before_the_answer(jo: ApiClient, max_: ApiClient, request_room: str) -> None:
    responses = at_once([lambda: jo.say(request_room, "again")] * THREADS)
    assert sorted(response.status_code for response in responses) == [201] * 2 + [409] * (THREADS - 2)
    assert len(max_.messages(request_room)) == 3 == max_.room(request_room)["unread_count"]


def test_request_is_open_whichever_of_accepting_and_declining_comes_first(
    jo: ApiClient, max_: ApiClient, request_room: str
) -> None:
    declined, accepted, said = at_once(
        [lambda: max_.decline(request_room), lambda: max_.accept(request_room), lambda: max_.say(request_room, "yes?")]
    )
    assert declined.status_code in (204, 409) and (accepted.status_code, said.status_code) == (200, 201)
    room = max_.room(request_room)
    assert (room["state"], room["hidden"]) == ("open", False)
    assert [each["id"] for each in max_.rooms()] == [request_room]
    for number in range(4):
        expect_json(jo.say(request_room, str(number)))
