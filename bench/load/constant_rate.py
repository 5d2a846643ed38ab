"""Open-loop load: requests are sent at a constant rate, and latencies count from when each was due.

`python -m bench.load.constant_rate PORT RATE CONNECTIONS FILE` sends the requests of the file once, in order, and
prints one line of JSON. It only finds the end of each response, 20 to 40 us of CPU; it reports its own CPU, and a run
in which it was busy all the time is invalid.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

import uvloop

from bench.load.requests import Request, read, write
from bench.load.wrk import BUSY, Invalid
from chaos.processes import ROOT

PATIENCE = 30.0


@dataclass(frozen=True)
class Stream:
    """The result; times in milliseconds, counted from when each request was due."""

    sent: int
    statuses: dict[str, int]
    seconds: float
    p50: float
    p90: float
    p99: float
    slowest: float
    """All of admitted requests: those that were not answered with 503."""
    late: float
    """The 99th percentile of how late requests left: the generator was busy, or no connection was free."""
    generator: float
    """Part of a core that the generator itself used."""

    @property
    def answered(self) -> int:
        """The number of completed requests."""
        return sum(number for status, number in self.statuses.items() if status.startswith("2"))

    @property
    def rate(self) -> float:
        """Completed requests per second."""
        return self.answered / self.seconds


def stream(port: int, requests: Sequence[Request], rate: float, connections: int = 256) -> Stream:
    """Send these requests at this rate.

    Raises Invalid if the generator was the bottleneck, or responses are missing.
    """
    with tempfile.NamedTemporaryFile() as file:
        write(Path(file.name), requests)
        command = [sys.executable, "-m", "bench.load.constant_rate", str(port), str(rate), str(connections), file.name]
        done = subprocess.run(command, check=False, stdout=subprocess.PIPE, cwd=ROOT)  # noqa: S603 - our own command
    if done.returncode:
        raise Invalid(f"not everything was answered within {PATIENCE:.0f} s of the last request")
    found = Stream(**json.loads(done.stdout))
    if found.generator > BUSY:
        raise Invalid(f"the generator used {found.generator:.0%} of its core")
    return found


class Line(asyncio.Protocol):
    """One connection, with one request at a time."""

    def __init__(self, sender: "Sender") -> None:
        self._sender = sender
        self._transport: asyncio.Transport | None = None
        self._got = b""
        self._length = 0
        self._due = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is free."""
        self._transport = cast("asyncio.Transport", transport)
        self._sender.take(self)

    def send(self, raw: bytes, due: float) -> None:
        """Send a request."""
        self._due = due
        if self._transport is not None:
            self._transport.write(raw)

    def data_received(self, data: bytes) -> None:
        """Find the end of the response."""
        self._got += data
        if not self._length:
            head = self._got.find(b"\r\n\r\n")
            if head < 0:
                return
            self._length = head + 4 + _length_of_body(self._got[:head].lower())
        if len(self._got) >= self._length:
            status = self._got[9:12].decode()
            self._got, self._length = b"", 0
            self._sender.note(status, self._due)
            self._sender.take(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - as asyncio calls it
        """The current request gets no response."""
        self._sender.lose(self, self._due)


def _length_of_body(head: bytes) -> int:
    at = head.find(b"\r\ncontent-length:")
    if at < 0:
        return 0
    return int(head[at + 17 :].split(b"\r\n", 1)[0])


class Sender:
    """Assigns requests to free connections, the one that became free last first."""

    def __init__(self, raws: Sequence[bytes], rate: float) -> None:
        self._raws = raws
        self._rate = rate
        self._free: list[Line] = []
        self._waiting: deque[tuple[bytes, float]] = deque()
        self.statuses: Counter[str] = Counter()
        self.admitted: list[tuple[float, float]] = []
        """When each was due, and the seconds from then to its answer."""
        self.late: list[float] = []
        self.seconds = self.busy = 0.0
        self._done = asyncio.Event()

    async def run(self, port: int, connections: int) -> None:
        """Until the last response."""
        loop = asyncio.get_running_loop()
        for _ in range(connections):
            await loop.create_connection(lambda: Line(self), "127.0.0.1", port)
        began, idle = time.perf_counter(), time.process_time()
        for number, raw in enumerate(self._raws):
            due = began + number / self._rate
            if (pause := due - time.perf_counter()) > 0:
                await asyncio.sleep(pause)
            self._waiting.append((raw, due))
            self._serve()
        async with asyncio.timeout(PATIENCE):
            await self._done.wait()
        self.seconds, self.busy = time.perf_counter() - began, time.process_time() - idle

    def take(self, line: Line) -> None:
        """This connection is free."""
        self._free.append(line)
        if self._waiting:
            self._serve()

    def lose(self, line: Line, due: float) -> None:
        """This connection is closed."""
        if line in self._free:
            self._free.remove(line)
        else:
            self.note("none", due)

    def note(self, status: str, due: float) -> None:
        """Another request is completed."""
        self.statuses[status] += 1
        if status != "503":
            self.admitted.append((due, time.perf_counter() - due))
        if self.statuses.total() == len(self._raws):
            self._done.set()

    def _serve(self) -> None:
        while self._free and self._waiting:
            raw, due = self._waiting.popleft()
            self.late.append(time.perf_counter() - due)
            self._free.pop().send(raw, due)


def _percentile(ordered: Sequence[float], part: float) -> float:
    return 1_000 * ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0


def main() -> None:
    """Send the requests, and print the result."""
    port, rate, connections, file = sys.argv[1:]
    raws = read(Path(file))
    sender = Sender(raws, float(rate))
    uvloop.run(sender.run(int(port), int(connections)))
    times, late = sorted(took for _, took in sender.admitted), sorted(sender.late)
    found = Stream(
        sent=len(raws),
        statuses=dict(sender.statuses),
        seconds=sender.seconds,
        p50=_percentile(times, 0.5),
        p90=_percentile(times, 0.9),
        p99=_percentile(times, 0.99),
        slowest=_percentile(times, 1.0),
        late=_percentile(late, 0.99),
        generator=sender.busy / sender.seconds,
    )
    print(json.dumps(asdict(found)))


if __name__ == "__main__":
    main()
