"""`python -m bench.purge`: how long a withdrawal of somebody with a million likes takes, and what others notice of it.

On a MySQL of its own in a container: writes of others are timed at an even rate, first alone and then beside the
purge. A write that waits for its turn counts from when it was due.
"""

import itertools
import math
import secrets
import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import click
from sqlalchemy import Connection, Table, func, insert, literal, select, text

from bench.servers import run_mysql
from deploy.chaos.containers import Container
from deploy.chaos.containers import Database as Server
from services.posts import models
from services.posts.actions import likes, people
from services.posts.actions.withdrawals import WITHDRAWAL
from shared import clock, ids, migrations
from shared.database import Big, Database
from shared.server import settle
from shared.testing.ports import free_port

BATCH = 50_000
OTHERS = 200
MIGRATIONS = Path(__file__).parents[1] / "services" / "posts" / "migrations"


@contextmanager
def posts_database() -> Iterator[Database]:
    """The schema of posts on a MySQL that goes in the end."""
    server = Server(Container(f"shutter-bench-{secrets.token_hex(3)}-mysql"), free_port())
    try:
        run_mysql(server)
        database = Database(server.url("posts", "posts"), pool_size=16)
        migrations.upgrade(database, MIGRATIONS)
        yield database
        database.close()
    finally:
        server.container.remove()


def fill(database: Database, number: int) -> tuple[int, list[int], list[int]]:
    """Somebody who likes so many posts, and others with posts of their own to like. Returns all three."""
    first = ids.at(clock.now() - clock.DAY)
    lover, author, *others = range(first - OTHERS - 2, first)
    for person in (lover, author, *others):
        database.write(people.keep, people.Person(person, f"person{person}", "Somebody", None, 1))
    for start in range(0, number, BATCH):
        database.write(_like_many, lover, author, range(first + start, first + min(start + BATCH, number)))
    return lover, others, list(range(first, first + min(1_000, number)))


def _like_many(tx: Connection, lover: int, author: int, post_ids: range) -> None:
    """As that many requests would leave it."""
    tx.execute(text("SET SESSION cte_max_recursion_depth = 1000000"))
    numbers = select(literal(post_ids[0], Big).label("id")).cte("numbers", recursive=True)
    numbers = numbers.union_all(select(numbers.c.id + 1).where(numbers.c.id < post_ids[-1]))
    rows: list[tuple[Table, dict[str, object]]] = [
        (models.posts, {"author_id": author, "media": "[]", "created_at": 0, "updated_at": 0}),
        (models.likes, {"person_id": lover}),
        (models.tallies, {"slot": lover % models.SLOTS, "likes": 1, "comments": 0}),
    ]
    for table, same in rows:
        counted = [name for name in ("id", "post_id") if name in table.c]
        wanted = select(*(literal(value) for value in same.values()), *(numbers.c.id for _ in counted))
        tx.execute(insert(table).from_select([*same, *counted], wanted))


class Others:
    """Likes and takes likes back at an even rate, and notes how long after its time each was committed.

    Each pair of a person and a post has its turn once in a round, and liking and taking back alternate in a round and
    from round to round: from the second round on each write changes something, and half of them are likes.
    """

    def __init__(self, database: Database, people_ids: list[int], post_ids: list[int], rate: float) -> None:
        self._database = database
        self._people = people_ids
        self._posts = post_ids
        self._rate = rate
        self._over = threading.Event()
        self._number = 0
        self.milliseconds: list[float] = []

    def run(self, seconds: float = math.inf) -> list[float]:
        """For so long, or until `stop`, from where it stood; the milliseconds that each write took."""
        self.milliseconds = []
        began = time.monotonic()
        with ThreadPoolExecutor(8) as pool:
            for due in (began + each / self._rate for each in itertools.count()):
                if self._over.is_set() or due > began + seconds:
                    break
                time.sleep(max(0.0, due - time.monotonic()))
                pool.submit(self._one, self._number, due)
                self._number += 1
        return self.milliseconds

    @property
    def round_seconds(self) -> float:
        """How long it takes until every pair has had its turn."""
        return len(self._posts) / self._rate

    def stop(self) -> None:
        """Begin no more."""
        self._over.set()

    def _one(self, number: int, due: float) -> None:
        rounds = number // len(self._posts)
        person, post = self._people[number % OTHERS], self._posts[number * 7 % len(self._posts)]
        self._database.write(likes.unlike if (number + rounds) % 2 else likes.like, person, post)
        self.milliseconds.append((time.monotonic() - due) * 1_000)


def p(values: list[float], hundredth: int) -> float:
    """A percentile."""
    return statistics.quantiles(values, n=100)[hundredth - 1]


@click.command()
@click.option("--number", default=1_000_000, help="Likes of the one who withdraws")
@click.option("--rate", default=100.0, help="Writes of others in a second")
@click.option("--seconds", default=30.0, help="How long others are timed alone")
def main(number: int, rate: float, seconds: float) -> None:
    """Prints both."""
    with posts_database() as database:
        lover, people_ids, post_ids = fill(database, number)
        print(f"{number:,} likes are there")
        settle()
        others = Others(database, people_ids, post_ids, rate)
        others.run(others.round_seconds)  # connections are made, plans are known
        alone = others.run(seconds)
        writing = threading.Thread(target=others.run)
        writing.start()
        database.write(WITHDRAWAL.request, lover)
        began, steps = time.monotonic(), 0
        while WITHDRAWAL.work(database, clock.HOUR):
            steps += 1
        took = time.monotonic() - began
        others.stop()
        writing.join()
        mine = select(func.count()).where(models.likes.c.person_id == lover)
        left = database.read(lambda connection: connection.execute(mine).scalar_one())
    print(f"purged in {took:.1f} s, {steps:,} steps, {left} left")
    for name, times in (("alone", alone), ("beside it", others.milliseconds)):
        print(f"{len(times):,} writes of others {name}: median {p(times, 50):.1f} ms, p99 {p(times, 99):.1f} ms")
    print(f"p99 beside it is {p(others.milliseconds, 99) / p(alone, 99):.2f} times that alone")


if __name__ == "__main__":
    main()
