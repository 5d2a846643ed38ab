"""A bounded queue with round-robin between owners: many uploads of one owner do not delay those of others."""

import asyncio
import math
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.errors import Unavailable

# Expected duration of a job until some have been measured.
INITIAL_ESTIMATE_SECONDS = 1.0
# Weight of the latest job in the moving average of durations.
SMOOTHING_FACTOR = 0.2

Ticket = asyncio.Future[None]


class FairQueue:
    """`slots` jobs run at once, at most one of each owner; up to `waiting` more wait and are served round-robin.

    A full queue drops the newest job of the owner with the most jobs in it, unless that is the owner of the new job.
    Used from one event loop at a time.
    """

    def __init__(self, slots: int, waiting: int, patience: float) -> None:
        self._slots = slots
        self._most_waiting = waiting
        self._patience = patience
        self._running: set[int] = set()
        self._waiting: OrderedDict[int, deque[Ticket]] = OrderedDict()
        self._average = INITIAL_ESTIMATE_SECONDS

    @asynccontextmanager
    async def slot(self, owner: int) -> AsyncIterator[None]:
        """Hold a slot. Raises Unavailable when the wait is, or is expected to be, longer than `patience` seconds."""
        await self._acquire(owner)
        started = asyncio.get_running_loop().time()
        try:
            yield
        finally:
            seconds = asyncio.get_running_loop().time() - started
            self._average += SMOOTHING_FACTOR * (seconds - self._average)
            self._release(owner)

    def waiting(self) -> int:
        """How many jobs wait."""
        return sum(map(len, self._waiting.values()))

    async def _acquire(self, owner: int) -> None:
        if owner not in self._running and len(self._running) < self._slots:
            self._running.add(owner)  # the waiting jobs all wait for a running job of the same owner
            return
        ticket = self._enqueue(owner)
        try:
            async with asyncio.timeout(self._patience):
                await ticket
        except (TimeoutError, asyncio.CancelledError) as ended:
            self._discard(owner, ticket)
            if ticket.done() and not ticket.cancelled() and ticket.exception() is None:
                self._release(owner)  # the slot was assigned at the same time
            if isinstance(ended, TimeoutError):
                raise self._busy(owner) from None
            raise

    def _enqueue(self, owner: int) -> Ticket:
        if self._expected_wait(owner) > self._patience:
            raise self._busy(owner)
        if self.waiting() >= self._most_waiting:
            self._drop_newest(owner)
        ticket: Ticket = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(owner, deque()).append(ticket)
        return ticket

    def _drop_newest(self, owner: int) -> None:
        own = len(self._waiting.get(owner, ()))
        longest = max(self._waiting, key=lambda each: len(self._waiting[each]), default=owner)
        if len(self._waiting.get(longest, ())) < own + 2:
            raise self._busy(owner)
        dropped = self._waiting[longest].pop()
        dropped.set_exception(self._busy(longest))

    def _expected_wait(self, owner: int) -> float:
        """Seconds until a new job of this owner would start."""
        own = len(self._waiting.get(owner, ())) + (owner in self._running)
        others = sum(min(len(line), own + 1) for each, line in self._waiting.items() if each != owner)
        before = own + others + len(self._running - {owner})
        return self._average * max(own, before / self._slots)

    def _busy(self, owner: int) -> Unavailable:
        seconds = max(1, math.ceil(self._expected_wait(owner)))
        detail = "Too many pictures are being processed; try again later."
        return Unavailable("media_unavailable", detail, retry_after=seconds)

    def _release(self, owner: int) -> None:
        self._running.discard(owner)
        while len(self._running) < self._slots:
            following = next((each for each in self._waiting if each not in self._running), None)
            if following is None:
                return
            ticket = self._waiting[following].popleft()
            self._waiting.move_to_end(following)
            self._drop_if_empty(following)
            if not ticket.done():  # it was cancelled, but its task has not run since
                self._running.add(following)
                ticket.set_result(None)

    def _discard(self, owner: int, ticket: Ticket) -> None:
        line = self._waiting.get(owner)
        if line is not None and ticket in line:
            line.remove(ticket)
            self._drop_if_empty(owner)

    def _drop_if_empty(self, owner: int) -> None:
        if not self._waiting[owner]:
            del self._waiting[owner]
