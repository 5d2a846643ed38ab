"""Mixed traffic through the gateway: some users stay and do everything; many sign up, do a few things, and withdraw."""

import random
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from chaos.client import Client
from chaos.history import History, Person
from chaos.pace import Pace
from chaos.user_actions import Hand, Town

SETTLED_SECONDS = 600.0
RESIDENTS = 4
"""Users who stay, for each of their threads."""


class Traffic:
    """All threads, from the first request to the last. Those of `readers` only read."""

    def __init__(
        self, base_url: str, history: History, seed: int, threads: int, pace: Pace | None = None, readers: int = 0
    ) -> None:
        self._base_url = base_url
        self._history = history
        self._seed = seed
        self._threads = threads
        self._readers = readers
        self._pace = pace
        self._town = Town()
        self._stopping = threading.Event()
        self._pool = ThreadPoolExecutor(threads + readers, thread_name_prefix="traffic")
        self._running: list[Future[None]] = []

    def start(self) -> None:
        """A third of the threads has users who stay."""
        staying = max(1, self._threads // 3)
        settled = threading.Barrier(staying + 1)
        lives: list[Callable[[Hand], None]] = [lambda hand: self._stay(hand, settled)] * staying
        self._running = [self._pool.submit(self._play, number, life) for number, life in enumerate(lives)]
        settled.wait(SETTLED_SECONDS)
        for number in range(staying, self._threads):
            self._running.append(self._pool.submit(self._play, number, self._come_and_go))
        for number in range(self._threads, self._threads + self._readers):
            self._running.append(self._pool.submit(self._play, number, self._only_read))

    def stop(self) -> None:
        """Start no new actions; wait for running ones."""
        self._stopping.set()
        for each in self._running:
            each.result()
        self._pool.shutdown()

    def _play(self, number: int, life: Callable[[Hand], None]) -> None:
        chance = random.Random(f"{self._seed} {number}")  # noqa: S311 - to be drawn again from the same seed
        client = Client(self._base_url, self._history, chance, self._pace)
        try:
            life(Hand(client, self._town, chance))
        finally:
            client.close()

    def _stay(self, hand: Hand, settled: threading.Barrier) -> None:
        mine: list[Person] = []
        while len(mine) < RESIDENTS:
            self._settle(hand, mine)
        settled.wait(SETTLED_SECONDS)
        while not self._stopping.is_set():
            who = hand.chance.choice(mine)
            if hand.chance.random() < 0.01:
                mine.remove(who)
                self._town.residents.remove(who)
                hand.withdraw(who)
                self._settle(hand, mine)
            else:
                self._do_something(hand, who)

    def _settle(self, hand: Hand, mine: list[Person]) -> None:
        who = hand.newcomer()
        if who is not None:
            mine.append(who)
            self._town.residents.append(who)
            hand.publish(who)

    def _do_something(self, hand: Hand, who: Person) -> None:
        chance, town = hand.chance, self._town
        other, post = chance.choice(town.residents), chance.choice(town.posts)
        wanted = chance.random() < 0.6
        deeds: list[tuple[int, Callable[[], object]]] = [
            (3, lambda: hand.follow(who, other, wanted=wanted) if other is not who else None),
            (4, lambda: hand.like(who, post, wanted=wanted)),
            (3, lambda: hand.comment(who, post)),
            (2, lambda: hand.reply(who, chance.choice(town.comments)) if town.comments else None),
            (3, lambda: hand.message(who, other) if other is not who else None),
            (1, lambda: hand.publish(who) if chance.random() < 0.3 else None),
            (1, lambda: hand.show(who, other) if chance.random() < 0.3 else None),
            (1, lambda: hand.portrait(who) if chance.random() < 0.1 else None),
            (1, lambda: hand.request_export(who) if chance.random() < 0.1 else None),
            (1, lambda: hand.add_second_factor(who) if not who.totp_secret and chance.random() < 0.1 else None),
        ]
        chance.choices([deed for _, deed in deeds], [weight for weight, _ in deeds])[0]()

    def _come_and_go(self, hand: Hand) -> None:
        while not self._stopping.is_set():
            who = hand.newcomer()
            if who is None:
                continue
            self._take_part(hand, who)
            hand.withdraw(who)

    def _only_read(self, hand: Hand) -> None:
        who = None
        while who is None and not self._stopping.is_set():
            who = hand.newcomer()
        while who is not None and not self._stopping.is_set():
            hand.read(who)

    def _take_part(self, hand: Hand, who: Person) -> None:
        chance, town = hand.chance, self._town
        friend, post = chance.choice(town.residents), chance.choice(town.posts)
        hand.follow(who, friend)
        if chance.random() < 0.65:
            return  # many users do little, so that very many withdraw
        hand.like(who, post)
        hand.comment(who, post)
        if chance.random() < 0.5:
            hand.message(who, friend, times=chance.randint(1, 2))
        if chance.random() < 0.1:
            hand.portrait(who)
            hand.show(who, friend)
        if chance.random() < 0.1:
            chance.choice((hand.add_second_factor, hand.request_export, hand.request_reset))(who)
        if chance.random() < 0.3:
            hand.follow(friend, who)
            hand.message(friend, who)
        if town.comments and chance.random() < 0.3:
            hand.reply(who, chance.choice(town.comments))
        if chance.random() < 0.06 and (own := hand.publish(who)) is not None and own.id:
            hand.like(friend, own)
            hand.comment(friend, own)
