"""Pairs of people with open WebSockets who write to each other: whether each message reaches both, and how long sockets
are away."""

import json
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect

from chaos.checks.context import LOST, WRONG, Difference
from chaos.client import API, Client
from chaos.containers import until
from chaos.history import ACKED, History, Person, Written
from chaos.pace import Pace
from chaos.user_actions import Hand, Town

OPEN_SECONDS = 300.0
HANDSHAKE_SECONDS = 5.0
RETRY_SECONDS = (0.05, 0.2)
DELIVERY_SECONDS = 5.0
"""How long after its acknowledgement a message has to be on an open socket, on a busy machine."""
ARRIVAL_SECONDS = 300.0
"""Until what has not arrived in the end is a difference."""
PAUSE_SECONDS = 0.05
PAGE = 100


@dataclass
class Opening:
    """From when to when a socket was open: seconds since the epoch."""

    began: float
    ended: float = float("inf")

    def covers(self, message: Written) -> bool:
        """Whether it was open from before the message was sent until the message had to be delivered."""
        return self.began < message.began and message.ended + DELIVERY_SECONDS < self.ended


class Listener:
    """One person's WebSocket: opened again whenever it is lost, and then the messages of the room are read."""

    def __init__(self, person: Person, room: str, client: Client) -> None:
        self.person = person
        self.room = room
        self.received: set[str] = set()
        """The ids of messages that came on the socket."""
        self.read: set[str] = set()
        """The ids of messages that were read after it was opened."""
        self.openings: list[Opening] = []
        self._client = client
        self._stopping = threading.Event()
        self._socket: ClientConnection | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Close the socket, and wait."""
        self._stopping.set()
        if self._socket is not None:
            self._socket.close()
        self._thread.join()
        self._client.close()

    @property
    def gaps(self) -> list[float]:
        """For how long the socket was away, each time: seconds."""
        pairs = zip(self.openings, self.openings[1:], strict=False)
        return [after.began - before.ended for before, after in pairs]

    def differences(self, messages: list[Written]) -> Iterator[Difference]:
        """Messages that came neither on the socket nor by reading after it was lost, and those not on an open one."""
        for message in messages:
            if message.id in self.received:
                continue
            if any(opening.covers(message) for opening in self.openings):
                yield Difference(WRONG, f"message {message.id} was not shown on the open socket of {self.person.id}")
            elif message.id not in self.read:
                yield Difference(LOST, f"message {message.id} never reached {self.person.id}")

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._listen()
            except InvalidStatus as refused:
                if refused.response.status_code == 401:
                    self._client.log_in(self.person, self.person.token)
            except (OSError, WebSocketException):
                pass
            self._stopping.wait(random.uniform(*RETRY_SECONDS))  # noqa: S311 - jitter

    def _listen(self) -> None:
        with connect(
            f"{self._client.base_url.replace('http', 'ws', 1)}{API}/ws",
            additional_headers={"authorization": f"Bearer {self.person.token}"},
            compression=None,
            proxy=None,
            open_timeout=HANDSHAKE_SECONDS,
            close_timeout=1,
        ) as self._socket:
            opening = Opening(time.time())
            self.openings.append(opening)
            catching_up = threading.Thread(target=self._catch_up)
            catching_up.start()
            try:
                for text in self._socket:
                    said = json.loads(text)
                    if said["event"] == "message.created":
                        self.received.add(said["data"]["id"])
            finally:
                opening.ended = time.time()
                catching_up.join()

    def _catch_up(self) -> None:
        page = self._client.ask(self.person, "GET", f"/rooms/{self.room}/messages?limit={PAGE}").body
        self.read.update(each["id"] for each in page.get("items", ()))


class Conversations:
    """All pairs. Their messages are part of the history, so that the checks look for them too."""

    def __init__(self, base_url: str, history: History, seed: int, pairs: int, pace: Pace) -> None:
        chance = random.Random(f"conversations {seed}")  # noqa: S311 - to be drawn again from the same seed
        self._client = Client(base_url, history, chance, pace)
        self._hand = Hand(self._client, Town(), chance)
        self._pairs = [(Person(), Person()) for _ in range(pairs)]
        self.listeners: list[Listener] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._talk, daemon=True)

    def start(self) -> None:
        """Return when every socket is open, and they talk."""
        for pair in self._pairs:
            for person in pair:
                if not self._client.sign_up(person):
                    raise RuntimeError("a person of a conversation could not sign up")
            self._hand.message(*pair)
            room = self._client.history.rooms[frozenset(person.id for person in pair)]
            self.listeners += [Listener(person, room, self._client.another()) for person in pair]
        for listener in self.listeners:
            listener.start()
        until(lambda: all(listener.openings for listener in self.listeners), OPEN_SECONDS, "every socket is open")
        self._thread.start()

    def stop(self) -> list[Difference]:
        """Say no more, wait until everything has arrived, and close the sockets. Returns what did not reach someone."""
        self._stopping.set()
        self._thread.join()
        with suppress(TimeoutError):
            until(lambda: not self._differences(), ARRIVAL_SECONDS, "every message has arrived")
        found = self._differences()
        with ThreadPoolExecutor(len(self.listeners)) as pool:
            list(pool.map(Listener.stop, self.listeners))
        self._client.close()
        return found

    def _differences(self) -> list[Difference]:
        written = [each for each in list(self._client.history.written) if each.kind == "message"]
        said = [each for each in written if each.outcome is ACKED and each.began]
        return [
            difference
            for listener in self.listeners
            for difference in listener.differences([each for each in said if each.place == listener.room])
        ]

    def _talk(self) -> None:
        while not self._stopping.is_set():
            for low, high in self._pairs:
                both = (low, high) if self._hand.chance.random() < 0.5 else (high, low)
                self._hand.message(*both)
                self._stopping.wait(PAUSE_SECONDS)
