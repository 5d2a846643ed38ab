"""Concurrency: every counter equals the number of rows, at any moment and at the end."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait
from random import Random
from typing import Any

import httpx
from sqlalchemy import func, select

from services.posts import models
from services.posts.actions import tags
from services.posts.queries.comments import comments_of, replies_to
from shared import ids
from shared.database.engine import Database
from shared.pagination import PageRequest
from shared.replication.purge import PURGED
from shared.testing import eventually

from .api_client import ApiClient, ApiClients
from .factories import purge_states, size, tag_counts

THREADS = 16
PAUSE_SECONDS = 0.01
"""Between two checks: without it, they would leave the requests little time to run."""
STEPS = 12


def tallied_and_there(database: Database, post: int) -> tuple[list[int], list[int]]:
    """The counted and the real numbers of likes and comments, by one statement."""
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


def tallied_and_there_of_comments(database: Database) -> tuple[int, int]:
    """The counted and the real number of likes of comments that are not deleted, by one statement."""
    comments, likes, counters = models.comments.c, models.comment_likes.c, models.comment_counters.c
    standing = comments.deleted.is_(False)
    numbers = [
        select(func.sum(counters.likes)).join(models.comments, comments.id == counters.comment_id).where(standing),
        select(func.count(likes.comment_id)).join(models.comments, comments.id == likes.comment_id).where(standing),
    ]
    statement = select(*(number.scalar_subquery() for number in numbers))
    tallied, there = database.read(lambda connection: connection.execute(statement).one())
    return int(tallied or 0), there


def live(person: ApiClient, post: str, seed: int) -> Counter[int]:
    """Like, unlike, comment, reply, delete, and like comments at random. Returns how often each status occurred."""
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

    def like_comment() -> httpx.Response:
        seen = person.service.client.get(f"/api/v1/posts/{post}/comments?limit=3").json()["items"]
        standing = [each["id"] for each in seen if not each["deleted"]]
        act = chance.choice([person.like_comment, person.like_comment, person.unlike_comment])
        return act(chance.choice(standing)) if standing else person.like(post)

    acts = [lambda: person.like(post), lambda: person.unlike(post), comment, comment, take_back, *[like_comment] * 2]
    return Counter(chance.choice(acts)().status_code for _ in range(STEPS))


def test_counters_equal_the_rows_during_and_after_concurrent_changes(clients: ApiClients) -> None:
    author, *fans = clients.known(THREADS + 1)
    post = author.posted()["id"]
    number = ids.parse(post)
    with ThreadPoolExecutor(THREADS) as pool:
        lives = [pool.submit(live, fan, post, seed) for seed, fan in enumerate(fans)]
        while wait(lives, timeout=PAUSE_SECONDS).not_done:
            tallied, there = tallied_and_there(clients.database, number)
            assert tallied == there
            counted, rows = tallied_and_there_of_comments(clients.database)
            assert counted == rows
        statuses = sum((each.result() for each in lives), Counter[int]())
    # 422 and 404: the comment answered or liked was just removed.
    assert set(statuses) <= {200, 201, 204, 404, 422}, statuses
    counted, rows = tallied_and_there_of_comments(clients.database)
    assert counted == rows and rows > 0
    eventually(lambda: size(clients.database, models.comment_removals) == 0)
    assert size(clients.database, models.comment_likes) == rows
    tallied, there = tallied_and_there(clients.database, number)
    assert tallied == there and there[1] > 0
    shown = author.get(f"/posts/{post}")
    assert [shown["like_count"], shown["comment_count"]] == there
    assert_threads_are_whole(clients.database, number)


def assert_threads_are_whole(database: Database, post: int) -> None:
    """Every comment is reachable and counted, and every blank one has replies."""
    reached = 0
    for first in everything(database, comments_of, post):
        replies = everything(database, replies_to, ids.parse(first["id"]))
        assert first["reply_count"] == sum(not each["deleted"] for each in replies)
        assert replies or not first["deleted"]
        reached += 1 + len(replies)
    assert reached == size(database, models.comments)


def everything(database: Database, query: Any, of: int) -> list[dict[str, Any]]:
    found = database.read(query, of, None, PageRequest(100, None))
    items = list(found.items)
    while found.next is not None:
        found = database.read(query, of, None, PageRequest(100, found.next))
        items += found.items
    return items


def test_like_count_is_exact_with_32_concurrent_users(clients: ApiClients) -> None:
    author, *fans = clients.known(33)
    post = author.posted()["id"]

    def like_often(fan: ApiClient) -> set[int]:
        answers = [act(post).status_code for act in (fan.like, fan.unlike, fan.like, fan.like)]
        return set(answers)

    with ThreadPoolExecutor(len(fans)) as pool:
        assert set().union(*pool.map(like_often, fans)) == {200}
    assert author.get(f"/posts/{post}")["like_count"] == len(fans) == size(clients.database, models.likes)
    assert tallied_and_there(clients.database, ids.parse(post)) == ([32, 0], [32, 0])


def test_like_count_is_exact_while_one_user_likes_and_unlikes_concurrently(clients: ApiClients) -> None:
    """With several tabs, or a client that does not wait for the responses."""
    author, fan = clients.known(2)
    post = author.posted()["id"]

    def change_often(seed: int) -> set[int]:
        chance = Random(seed)
        return {chance.choice((fan.like, fan.unlike))(post).status_code for _ in range(40)}

    with ThreadPoolExecutor(4) as pool:
        assert set().union(*pool.map(change_often, range(4))) <= {200, 503}  # 503: too many deadlocks in a row
    tallied, there = tallied_and_there(clients.database, ids.parse(post))
    assert tallied == there


def test_post_can_be_deleted_during_concurrent_likes_and_comments(clients: ApiClients) -> None:
    author, *fans = clients.known(9)
    post = author.posted()["id"]
    with ThreadPoolExecutor(len(fans)) as pool:
        lives = [pool.submit(live_until_gone, fan, post) for fan in fans]
        eventually(lambda: author.get(f"/posts/{post}")["comment_count"] > 4)
        assert author.send("DELETE", f"/posts/{post}").status_code == 204
        assert all(each.result() == 404 for each in lives)
    of_comments = (models.comment_likes, models.comment_counters, models.comment_removals)
    tables = (*of_comments, models.saves, models.likes, models.comments, models.tallies, models.removals, models.media)
    eventually(lambda: [size(clients.database, table) for table in tables] == [0] * len(tables))


def live_until_gone(person: ApiClient, post: str) -> int:
    """Like, comment and unlike until it is refused. Returns the status."""
    for _ in range(200):
        said = person.comment(post, "words")
        liked = person.like_comment(said.json()["id"]) if said.status_code == 201 else said
        for answer in (person.like(post), said, liked, person.save(post), person.unlike(post)):
            if answer.status_code not in (200, 201):
                return answer.status_code
    return 200


def test_withdrawal_during_concurrent_writes_leaves_nothing(clients: ApiClients) -> None:
    author, gone, *fans = clients.known(7)
    post = author.posted()["id"]
    with ThreadPoolExecutor(8) as pool:
        writing = [pool.submit(live_until_gone, gone, post) for _ in range(2)]
        lives = [pool.submit(live, fan, post, seed) for seed, fan in enumerate(fans)]
        eventually(lambda: author.get(f"/posts/{post}")["comment_count"] > 3)
        fact = {"user_id": gone.id, "deleted_at": "2026-11-23T08:41:00.123Z"}
        assert clients.service.deliver("user.deleted.v1", fact)
        assert [each.result() for each in writing] == [401, 401]
        assert all(set(each.result()) <= {200, 201, 204, 404, 422} for each in lives)
    eventually(lambda: purge_states(clients.database) == {gone.number: PURGED})
    tallied, there = tallied_and_there(clients.database, ids.parse(post))
    assert tallied == there
    counted, rows = tallied_and_there_of_comments(clients.database)
    assert counted == rows
    assert_threads_are_whole(clients.database, ids.parse(post))
    assert gone.id not in {each["id"] for each in author.get(f"/posts/{post}/likes?limit=100")["items"]}


def test_concurrent_posts_use_a_photo_once(clients: ApiClients) -> None:
    (jo,) = clients.known(1)
    photo = jo.photo()
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: jo.post([photo]), range(6)))
    assert sorted(each.status_code for each in answers) == [201, 422, 422, 422, 422, 422]
    assert {each.json()["code"] for each in answers if each.status_code == 422} == {"media_already_used"}


def test_counts_of_tags_are_exact_under_concurrent_changes(clients: ApiClients) -> None:
    """Authors publish, edit and delete posts with the same tags, and one of them withdraws."""
    gone, *authors = clients.known(6)

    def write_often(author: ApiClient, seed: int) -> set[int]:
        chance = Random(seed)
        own: list[str] = []
        statuses: set[int] = set()

        def caption() -> str:
            return " ".join(f"#{tag}" for tag in chance.sample("abcdef", 3))

        def publish() -> httpx.Response:
            answer = author.post([author.photo()], caption=caption())
            own.extend([answer.json()["id"]] if answer.status_code == 201 else [])
            return answer

        for _ in range(8):
            act = chance.choice(["publish", "edit", "edit", "delete"]) if own else "publish"
            if act == "publish":
                answer = publish()
            elif act == "edit":
                answer = author.edit(chance.choice(own), caption=caption())
            else:
                answer = author.send("DELETE", f"/posts/{own.pop()}")
            statuses.add(answer.status_code)
        return statuses

    for _ in range(3):
        gone.posted("#a #b #c #d")
    with ThreadPoolExecutor(len(authors)) as pool:
        lives = [pool.submit(write_often, author, seed) for seed, author in enumerate(authors)]
        fact = {"user_id": gone.id, "deleted_at": "2026-11-23T08:41:00.123Z"}
        assert clients.service.deliver("user.deleted.v1", fact)
        assert set().union(*(each.result() for each in lives)) <= {200, 201, 204}
    eventually(lambda: purge_states(clients.database) == {gone.number: PURGED})
    assert clients.database.write(tags.recount_some, "") == (None, [])
    counted = {tag: count for each in "abcdef" for tag, count in tag_counts(clients.database, each).items()}
    assert sum(counted.values()) == 3 * size(clients.database, models.posts) == size(clients.database, models.post_tags)
