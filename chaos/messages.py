"""`python -m chaos.messages`: pairs of people write while dm and the gateway are killed at random.

Each message that was acknowledged must be there once for both of its room, in the same order, and nothing else.
"""

import random
import secrets
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import click

from chaos.checks.context import DOUBLED, LOST, WRONG, Difference
from chaos.client import Client
from chaos.cluster import READY_SECONDS, Cluster
from chaos.containers import NoEngine, until
from chaos.history import ACKED, UNKNOWN, History, Outcome, Person
from chaos.report import details, say
from chaos.system import System

KILLED = ("dm", "gateway")
PAGE = 100


@dataclass(frozen=True)
class Sent:
    """A message and the outcome of its request; the id if it was acknowledged."""

    text: str
    outcome: Outcome
    id: str = ""


@dataclass(frozen=True)
class Read:
    """A message as one of the two of its room reads it."""

    id: str
    sender: str
    text: str


@dataclass
class Writer:
    """Somebody in one of the rooms, what they have sent, and what they read in the end: oldest first."""

    person: Person
    room: str
    sent: list[Sent] = field(default_factory=list)
    read: list[Read] = field(default_factory=list)


def differences(writers: Sequence[Writer]) -> Iterator[Difference]:
    """Whatever a room has too much, too little or in another order, for either of the two in it."""
    for room in dict.fromkeys(each.room for each in writers):
        pair = [each for each in writers if each.room == room]
        if any(each.read != pair[0].read for each in pair):
            yield Difference(WRONG, f"the two of room {room} read different messages, or in another order")
        for reader in pair:
            for find in (_repeated, _foreign, _lost, _moved):
                yield from find(reader, pair)


def _repeated(reader: Writer, _: Sequence[Writer]) -> Iterator[Difference]:
    for name in ("id", "text"):
        for value, times in Counter(getattr(each, name) for each in reader.read).items():
            if times > 1:
                yield Difference(DOUBLED, f"{reader.person.mark} reads the {name} {value} {times} times")


def _foreign(reader: Writer, pair: Sequence[Writer]) -> Iterator[Difference]:
    sent = {each.text: (writer.person.id, each.id) for writer in pair for each in writer.sent}
    for each in reader.read:
        sender, message_id = sent.get(each.text, ("", ""))
        if each.sender != sender or message_id not in ("", each.id):
            yield Difference(WRONG, f"{reader.person.mark} reads the foreign message {each.id}: {each.text}")


def _lost(reader: Writer, pair: Sequence[Writer]) -> Iterator[Difference]:
    read = {each.text for each in reader.read}
    for each in (each for writer in pair for each in writer.sent):
        if each.outcome is ACKED and each.text not in read:
            yield Difference(LOST, f"{reader.person.mark} does not read message {each.id}: {each.text}")
        elif each.outcome not in (ACKED, UNKNOWN):
            yield Difference(WRONG, f"a message to room {reader.room} was rejected: {each.text}")


def _moved(reader: Writer, pair: Sequence[Writer]) -> Iterator[Difference]:
    """Messages of one writer in another order than they were written, one after another."""
    read = {each.text for each in reader.read}
    for writer in pair:
        own = [each.text for each in reader.read if each.sender == writer.person.id]
        if own != [each.text for each in writer.sent if each.text in read]:
            yield Difference(WRONG, f"{reader.person.mark} reads those of {writer.person.mark} in another order")


class Correspondence:
    """All rooms, each with two people who write, one after another, as fast as they are answered."""

    def __init__(self, base_url: str, seed: int, writers: int) -> None:
        self.history = History()
        self._chance = random.Random(f"messages {seed}")  # noqa: S311 - to be drawn again from the same seed
        self._base_url = base_url
        self.writers = [Writer(Person(), "") for _ in range(writers)]

    def client(self) -> Client:
        """For one thread."""
        return Client(self._base_url, self.history, random.Random(self._chance.random()))  # noqa: S311 - no secret

    def begin(self) -> None:
        """Everybody signs up, and each two have a room that both have accepted."""
        client = self.client()
        for one, other in zip(self.writers[::2], self.writers[1::2], strict=True):
            for writer in (one, other):
                if not client.sign_up(writer.person):
                    raise RuntimeError("a writer could not sign up")
            opened = client.ask(one.person, "POST", "/rooms", json={"user_id": other.person.id})
            one.room = other.room = opened.body["id"]
            client.ask(other.person, "PUT", f"/rooms/{one.room}/acceptance")
        client.close()

    def write(self, messages: int) -> None:
        """All writers at once send this number of messages in total. Returns when each outcome is certain."""
        with ThreadPoolExecutor(len(self.writers)) as pool:
            list(pool.map(lambda writer: self._write(writer, messages // len(self.writers)), self.writers))

    def _write(self, writer: Writer, messages: int) -> None:
        client, person = self.client(), writer.person
        for number in range(messages):
            text = f"{person.mark} {number}"
            reply = client.ask(
                person, "POST", f"/rooms/{writer.room}/messages",
                headers={"idempotency-key": text}, json={"type": "text", "text": text},
            )  # fmt: skip
            writer.sent.append(Sent(text, reply.outcome, reply.body["id"] if reply.outcome is ACKED else ""))
        client.close()

    def read(self) -> None:
        """Each of them reads their room to its beginning."""
        client = self.client()
        for writer in self.writers:
            path = f"/rooms/{writer.room}/messages?limit={PAGE}"
            cursor: str | None = ""
            while cursor is not None:
                reply = client.ask(writer.person, "GET", f"{path}&cursor={cursor}" if cursor else path)
                writer.read += [Read(each["id"], each["sender"]["id"], each["text"]) for each in reply.body["items"]]
                cursor = reply.body["next_cursor"]
            writer.read.reverse()
        client.close()


def kill_at_random(system: System, seed: int, pause_seconds: float, stopping: threading.Event) -> None:
    """Kill dm or the gateway, which start again at once, so many seconds in the mean after every part is ready.

    On a slow machine a process needs longer than the pause to start, and one that is killed before never responds.
    """
    chance = random.Random(f"kills {seed}")  # noqa: S311 - to be drawn again from the same seed
    while not stopping.wait(chance.uniform(0.2, 1.8) * pause_seconds):
        system.processes[chance.choice(KILLED)].kill()
        until(lambda: stopping.is_set() or _is_ready_again(system), READY_SECONDS, "every part is ready after a kill")


def _is_ready_again(system: System) -> bool:
    for each in system.processes.values():
        each.restart_if_ended()
    return system.is_ready()


def run(system: System, seed: int, messages: int, writers: int, pause_seconds: float) -> list[Difference]:
    """Write, kill, and compare. The system is ready."""
    correspondence, stopping = Correspondence(system.base_url, seed, writers), threading.Event()
    correspondence.begin()
    killer = threading.Thread(target=kill_at_random, args=(system, seed, pause_seconds, stopping))
    killer.start()
    began = time.monotonic()
    try:
        correspondence.write(messages)
    finally:
        stopping.set()
        killer.join()
    seconds = time.monotonic() - began
    until(system.is_ready, READY_SECONDS, "every part is ready")
    correspondence.read()
    history, kills = correspondence.history, {name: system.processes[name].kills for name in KILLED}
    outcomes = Counter(sent.outcome for writer in correspondence.writers for sent in writer.sent)
    say(
        f"{outcomes[ACKED]:,} messages acknowledged, {outcomes[UNKNOWN]:,} uncertain, in {seconds:.0f} s;"
        f" {history.requests[UNKNOWN]:,} requests without a response, sent again with their keys;"
        f" kills: {', '.join(f'{name} {number}' for name, number in kills.items())}"
    )
    ended = [each for each in system.processes.values() if each.unexpected_exits]
    exits = [f"{each.name} exited by itself: {each.unexpected_exits}" for each in ended]
    wrong = [Difference(WRONG, each) for each in (*history.surprises, *exits)]
    return [*wrong, *differences(correspondence.writers)]


@click.command()
@click.option("--messages", type=click.IntRange(2), default=10_000, show_default=True, help="In total")
@click.option("--writers", type=click.IntRange(2), default=20, show_default=True, help="Two of them in each room")
@click.option("--pause", default=4.0, show_default=True, help="Seconds until the next kill, in the mean")
@click.option("--seed", type=int, help="The same seed plans the same kills")
def main(*, messages: int, writers: int, pause: float, seed: int | None) -> None:
    """Exits with 1 on any difference."""
    seed = secrets.randbelow(10**6) if seed is None else seed
    say(f"seed {seed}: {messages:,} messages from {writers} writers over {writers // 2} rooms")
    folder = tempfile.mkdtemp(prefix="shutter-messages-")
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        cluster = Cluster(Path(folder), proxied="")
        stack.callback(cluster.stop)
        try:
            cluster.start()
        except NoEngine as problem:
            sys.exit(f"This needs a container engine ({problem}).")
        found = run(cluster, seed, messages, writers, pause)
    details(found)
    sys.exit(int(bool(found)))


if __name__ == "__main__":
    main()
