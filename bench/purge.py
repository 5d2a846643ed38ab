"""`python -m bench.purge`: how long a withdrawal of somebody with a million likes takes, and what others notice of it.

On the whole cluster, from outside: others like posts and take that back through the gateway, at an even rate, before
the purge, beside it and after it. A request that waits for its turn counts from when it was due. A purge counts from
the request to withdraw. Disks and neighbours of this machine have moods of their own, so there are several rounds, and
the two kinds of time lie in each of them side by side.
"""

import secrets
import statistics
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import click
import httpx
import uvloop
from sqlalchemy import Connection, Table, func, insert, literal, select, text

from bench.load.shots import Shot
from bench.load.steady import Sender
from bench.load.wrk import Invalid
from bench.servers import servers
from bench.systems import API, NO_LIMIT, Ours, Signer, like
from chaos.containers import until
from services.posts import models
from services.posts.actions.people import PEOPLE
from shared import clock, ids
from shared.database.engine import Database
from shared.database.statements import BigInt
from shared.replication.purge import PURGING

BATCH = 50_000
OTHERS = 200
LIKED = 1_000
"""Posts that others like, all among those of the one who withdraws."""
CONNECTIONS = 16
SLICE_SECONDS = 5.0
LONGEST = 600.0
PERCENTILES = (50, 95, 99)
BAR_SECONDS, BAR_GROWTH = 60.0, 1.5


@dataclass
class Times:
    """Milliseconds of all answers, by whether a purge went on; seconds that the purges took."""

    alone: list[float] = field(default_factory=list)
    beside: list[float] = field(default_factory=list)
    purges: list[float] = field(default_factory=list)


class Others:
    """Their requests, each with an answer that changes something.

    Each pair of a person and a post has its turn once in a round of posts, and liking and taking back alternate in a
    round and from round to round: from the second round on half of them are likes.
    """

    def __init__(self, ours: Ours, signer: Signer, people_ids: range, post_ids: range, rate: float) -> None:
        self._ours = ours
        self._tokens = {each: signer.token(each) for each in people_ids}
        self._people = people_ids
        self._posts = post_ids
        self._rate = rate
        self._number = 0

    def send(self, seconds: float) -> Iterator[tuple[float, float]]:
        """For so long, from where it stood: when each was due, and the milliseconds to its answer. Raises Invalid."""
        sender = Sender([self._next() for _ in range(int(seconds * self._rate))], self._rate)
        uvloop.run(sender.run(self._ours.port(), CONNECTIONS))
        if set(sender.statuses) != {"200"}:
            raise Invalid(f"answers were {dict(sender.statuses)}")
        return ((due, 1_000 * took) for due, took in sender.admitted)

    def send_once(self) -> None:
        """Until each pair has had its turn: connections are made, plans are known."""
        self.send(len(self._posts) / self._rate)

    def _next(self) -> bytes:
        number, self._number = self._number, self._number + 1
        rounds = number // len(self._posts)
        person, post = self._people[number % OTHERS], self._posts[number * 7 % len(self._posts)]
        shot = like(self._ours, self._tokens[person], post)
        return (Shot("DELETE", shot.target, shot.token) if (number + rounds) % 2 else shot).raw()


class Lover:
    """Somebody with an account of their own."""

    def __init__(self, ours: Ours) -> None:
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{ours.port()}{API}", timeout=30)
        self._engine = ours.engines["posts"]
        self._password = f"Wharf-{secrets.token_urlsafe(12)}"
        nickname = f"b{secrets.token_hex(8)}"
        details = {"email": f"{nickname}@example.com", "name": "B", "nickname": nickname, "password": self._password}
        self.id = int(self._ask("/auth/signup", details)["id"], 16)
        login = self._ask("/auth/login", {"identifier": nickname, "password": self._password})
        self._http.headers["Authorization"] = f"Bearer {login['access_token']}"

    def withdraw(self) -> tuple[float, float]:
        """When that was asked for, and when nothing was left in posts."""
        began = time.perf_counter()
        self._ask("/users/me/deletion", {"current_password": self._password})
        until(self._is_purged, LONGEST, "purged")
        return began, time.perf_counter()

    def _ask(self, path: str, body: dict[str, str]) -> dict[str, str]:
        answer = self._http.post(path, json=body).raise_for_status()
        return dict(answer.json()) if answer.content else {}

    def _is_purged(self) -> bool:
        state = select(models.purges.c.state).where(models.purges.c.user_id == self.id)
        with self._engine.connect() as connection:
            return connection.execute(state).scalar_one_or_none() not in (None, PURGING)


def fill(database: Database, lover: int, number: int) -> tuple[range, range]:
    """So many posts that are liked by this person; others, and posts for them to like."""
    first = ids.first_id_at(clock.now() - clock.DAY)
    author, others = first - OTHERS - 1, range(first - OTHERS, first)
    for person in (author, *others):
        names = {"nickname": f"person{person}", "name": "Somebody", "avatar_url": None}
        database.write(PEOPLE.store, {"user_id": ids.encode(person), **names, "version": 1})
    for start in range(0, number, BATCH):
        database.write(_like_many, lover, author, range(first + start, first + min(start + BATCH, number)))
    return others, range(first, first + min(LIKED, number))


def _like_many(tx: Connection, lover: int, author: int, post_ids: range) -> None:
    """As that many requests would leave it."""
    tx.execute(text("SET SESSION cte_max_recursion_depth = 1000000"))
    numbers = select(literal(post_ids[0], BigInt).label("id")).cte("numbers", recursive=True)
    numbers = numbers.union_all(select(numbers.c.id + 1).where(numbers.c.id < post_ids[-1]))
    rows: list[tuple[Table, dict[str, object]]] = [
        (models.posts, {"author_id": author, "media": "[]", "created_at": 0, "updated_at": 0}),
        (models.likes, {"person_id": lover}),
        (models.tallies, {"slot": lover % models.SHARDS, "likes": 1, "comments": 0}),
    ]
    for table, same in rows:
        counted = [name for name in ("id", "post_id") if name in table.c]
        wanted = select(*(literal(value) for value in same.values()), *(numbers.c.id for _ in counted))
        tx.execute(insert(table).from_select([*same, *counted], wanted))


def empty(ours: Ours) -> None:
    """Take away what a round left, so that each begins alike."""
    with ours.engines["posts"].connect() as connection:
        for table in (models.likes, models.tallies, models.posts):
            connection.execute(text(f"TRUNCATE {table.name}"))


def one_round(ours: Ours, others: Others, lover: Lover, seconds: float) -> Times:
    """Alone, beside, alone."""
    times = Times()
    others.send_once()
    times.alone.extend(took for _, took in others.send(seconds))
    found: list[tuple[float, float]] = []
    with ThreadPoolExecutor(1) as pool:
        withdrawing = pool.submit(lover.withdraw)
        while not withdrawing.done():
            found.extend(others.send(SLICE_SECONDS))
        began, ended = withdrawing.result()
    times.beside.extend(took for due, took in found if began <= due < ended)
    times.purges.append(ended - began)
    times.alone.extend(took for _, took in others.send(seconds))
    _check(ours, lover)
    return times


def _check(ours: Ours, lover: Lover) -> None:
    """Raises Invalid where anything is left, or any count is wrong."""
    likes, tallies = models.likes.c, models.tallies.c
    mine = select(func.count()).where(likes.person_id == lover.id)
    with ours.engines["posts"].connect() as connection:
        left = connection.execute(mine).scalar_one()
        there = connection.execute(select(func.count(likes.id))).scalar_one()
        counted = connection.execute(select(func.sum(tallies.likes))).scalar_one()
    if left or there != counted:
        raise Invalid(f"{left} likes are left, {there} are there, {counted} are counted")


def p(values: list[float], hundredth: int) -> float:
    """A percentile."""
    return statistics.quantiles(values, n=100)[hundredth - 1]


def tell(name: str, times: Times) -> None:
    """One line."""
    figures = "   ".join(
        f"p{each} {p(times.alone, each):.1f} to {p(times.beside, each):.1f} ms" for each in PERCENTILES
    )
    purged = ", ".join(f"{each:.1f}" for each in times.purges)
    number = f"{len(times.alone):,} alone, {len(times.beside):,} beside"
    print(f"{name}: purged in {purged} s   writes of others ({number}): {figures}", flush=True)


@click.command()
@click.option("--number", default=1_000_000, help="Likes of the one who withdraws")
@click.option("--rate", default=100.0, help="Writes of others in a second")
@click.option("--seconds", default=25.0, help="How long others are timed alone, before and after each purge")
@click.option("--rounds", default=3, help="How many withdraw, one after another")
def main(number: int, rate: float, seconds: float, rounds: int) -> None:
    """Prints each round, and all together."""
    every = Times()
    with tempfile.TemporaryDirectory() as folder, servers(Path(folder)) as found:
        ours = Ours(Path(folder), found, {"RATE_SIGNUPS": NO_LIMIT})
        ours.migrate()
        signer = Signer(found)
        database = Database(found.database.url("posts", "posts"), pool_size=1)
        ours.start()
        try:
            for each in range(1, rounds + 1):
                lover = Lover(ours)
                others = Others(ours, signer, *fill(database, lover.id, number), rate)
                times = one_round(ours, others, lover, seconds)
                tell(f"round {each}", times)
                for kind in ("alone", "beside", "purges"):
                    getattr(every, kind).extend(getattr(times, kind))
                empty(ours)
        finally:
            ours.stop()
            database.close()
    tell("all", every)
    growth = p(every.beside, 99) / p(every.alone, 99)
    slowest = max(every.purges)
    print(f"slowest purge {slowest:.1f} s (bar {BAR_SECONDS:.0f} s); p99 grows {growth:.2f} times (bar {BAR_GROWTH})")


if __name__ == "__main__":
    main()
