"""Many at the same instant: every tally is exactly the number of rows, at any moment and at the end."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

import httpx
from sqlalchemy import func, select

from services.posts import models
from services.posts.queries.comments import comments_of, replies_to
from shared import ids
from shared.database.engine import Database
from shared.pagination import PageRequest
from shared.replication.purge import PURGED
from shared.testing import eventually

from .api_client import ApiClient, ApiClients
from .factories import purge_states, size

THREADS = 16
STEPS = 12


def tallied_and_there(database: Database, post: int) -> tuple[list[int], list[int]]:
    """Likes and comments as they are counted and as they are; one statement, so one moment."""
    likes, comments, counters = models.likes.c, models.comments.c, models.tallies.c
    numbers = [
        select(func.sum(counters.likes)).where(counters.post_id == post),
        select(func.sum(counters.comments)).where(counters.post_id == post),
        select(func.count()).where(likes.post_id == post),
        select(func.count()).where(comments.post_id == post, comments.deleted.is_(False)),
    ]
    statement = select(*(number.scalar_subquery() for number in numbers))
    row = [int(number or 0) for number in database.read(lambda connection: connection.execute(statement).one())]
    return row[:2], row[2:]


def live(person: ApiClient, post: str, seed: int) -> Counter[int]:
    """Like, unlike, comment, answer and delete at random; how often each status was answered."""
    chance = Random(seed)
    said: list[str] = []

    def comment() -> httpx.Response:
        seen = person.service.client.get(f"/api/v1/posts/{post}/comments?limit=3").json()["items"]
        parent = chance.choice([None, *(each["id"] for each in seen)])
        answer = person.comment(post, "words", parent_id=parent)
        said.extend([answer.json()["id"]] if answer.status_code == 201 else [])
        return answer

    def take_back() -> httpx.Response:
        return person.send("DELETE", f"/comments/{said.pop()}") if said else person.like(post)

    acts = [lambda: person.like(post), lambda: person.unlike(post), comment, comment, take_back]
    return Counter(chance.choice(acts)().status_code for _ in range(STEPS))


def test_tallies_equal_the_rows_at_any_moment_and_at_the_end(clients: ApiClients) -> None:
    author, *fans = clients.known(THREADS + 1)
    post = author.posted()["id"]
    number = ids.parse(post)
    with ThreadPoolExecutor(THREADS) as pool:
        lives = [pool.submit(live, fan, post, seed) for seed, fan in enumerate(fans)]
        while not all(each.done() for each in lives):
            tallied, there = tallied_and_there(clients.database, number)
            assert tallied == there
        statuses = sum((each.result() for each in lives), Counter[int]())
    assert set(statuses) <= {200, 201, 204, 422}, statuses  # 422: the comment answered was just removed
    tallied, there = tallied_and_there(clients.database, number)
    assert tallied == there and there[1] > 0
    shown = author.get(f"/posts/{post}")
    assert [shown["like_count"], shown["comment_count"]] == there
    assert_threads_are_whole(clients.database, number)


def assert_threads_are_whole(database: Database, post: int) -> None:
    """Every comment can be reached, is counted where it belongs, and no blank one is without replies."""
    reached = 0
    for first in everything(database, comments_of, post):
        replies = everything(database, replies_to, ids.parse(first["id"]))
        assert first["reply_count"] == sum(not each["deleted"] for each in replies)
        assert replies or not first["deleted"]
        reached += 1 + len(replies)
    assert reached == size(database, models.comments)


def everything(database: Database, query: Any, of: int) -> list[dict[str, Any]]:
    found = database.read(query, of, PageRequest(100, None))
    items = list(found.items)
    while found.next is not None:
        found = database.read(query, of, PageRequest(100, found.next))
        items += found.items
    return items


def test_32_people_who_like_and_unlike_one_post_at_the_same_instant_are_counted_exactly(clients: ApiClients) -> None:
    author, *fans = clients.known(33)
    post = author.posted()["id"]

    def like_often(fan: ApiClient) -> set[int]:
        answers = [act(post).status_code for act in (fan.like, fan.unlike, fan.like, fan.like)]
        return set(answers)

    with ThreadPoolExecutor(len(fans)) as pool:
        assert set().union(*pool.map(like_often, fans)) == {200}
    assert author.get(f"/posts/{post}")["like_count"] == len(fans) == size(clients.database, models.likes)
    assert tallied_and_there(clients.database, ids.parse(post)) == ([32, 0], [32, 0])


def test_while_many_like_and_comment_the_post_can_be_deleted_and_nothing_is_left(clients: ApiClients) -> None:
    author, *fans = clients.known(9)
    post = author.posted()["id"]
    with ThreadPoolExecutor(len(fans)) as pool:
        lives = [pool.submit(live_until_gone, fan, post) for fan in fans]
        eventually(lambda: author.get(f"/posts/{post}")["comment_count"] > 4)
        assert author.send("DELETE", f"/posts/{post}").status_code == 204
        assert all(each.result() == 404 for each in lives)
    tables = (models.likes, models.comments, models.tallies, models.removals, models.media)
    eventually(lambda: [size(clients.database, table) for table in tables] == [0] * len(tables))


def live_until_gone(person: ApiClient, post: str) -> int:
    """Like, comment and unlike until it is refused; with which status."""
    for _ in range(200):
        for answer in (person.like(post), person.comment(post, "words"), person.unlike(post)):
            if answer.status_code not in (200, 201):
                return answer.status_code
    return 200


def test_somebody_withdraws_while_they_and_others_write(clients: ApiClients) -> None:
    author, gone, *fans = clients.known(7)
    post = author.posted()["id"]
    with ThreadPoolExecutor(8) as pool:
        writing = [pool.submit(live_until_gone, gone, post) for _ in range(2)]
        lives = [pool.submit(live, fan, post, seed) for seed, fan in enumerate(fans)]
        eventually(lambda: author.get(f"/posts/{post}")["comment_count"] > 3)
        fact = {"user_id": gone.id, "deleted_at": "2026-11-23T08:41:00.123Z"}
        assert clients.service.deliver("user.deleted.v1", fact)
        assert [each.result() for each in writing] == [401, 401]
        assert all(set(each.result()) <= {200, 201, 204, 422} for each in lives)
    eventually(lambda: purge_states(clients.database) == {gone.number: PURGED})
    tallied, there = tallied_and_there(clients.database, ids.parse(post))
    assert tallied == there
    assert_threads_are_whole(clients.database, ids.parse(post))
    assert gone.id not in {each["id"] for each in author.get(f"/posts/{post}/likes?limit=100")["items"]}


def test_of_many_who_publish_one_photo_at_the_same_instant_one_does(clients: ApiClients) -> None:
    (jo,) = clients.known(1)
    photo = jo.photo()
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: jo.post([photo]), range(6)))
    assert sorted(each.status_code for each in answers) == [201, 422, 422, 422, 422, 422]
    assert {each.json()["code"] for each in answers if each.status_code == 422} == {"media_already_used"}
