"""Clients that decide how long an exchange takes: a minimum data rate for each, and a limit on how many at once."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shared import metrics


def _nothing() -> int:
    return 0


@dataclass(slots=True, eq=False)
class Transfer:
    """One direction of one exchange. Only the time in which we wait for the client counts."""

    network: str | None
    """Whose limit it counts towards besides the one for all; None for a trusted proxy."""
    end: Callable[[], Any]
    """Ends the exchange: the client is too slow, or there are too many slow ones."""
    unsent: Callable[[], int] = _nothing
    """Bytes that wait to be sent; nothing where the client is the sender."""
    moved: int = 0
    waited: float = 0.0
    """Bytes and seconds of waiting since the client last reached the rate."""
    before: tuple[int, float] = (0, 0.0)
    """The same of the time before that."""
    since: float = 0.0
    outstanding: int = 0

    @property
    def rate(self) -> float:
        """Bytes per second of waiting, lately."""
        waited = self.waited + self.before[1]
        return (self.moved + self.before[0]) / waited if waited else float("inf")


class SlowClients:
    """The transfers that wait for their clients now.

    A client has to move so many bytes within each `stall_seconds` of waiting; how long a transfer takes as a whole is
    not limited. Each costs memory, up to about half a megabyte where a picture is read from a service. So only so
    many may wait at once, in total and for one address; one more ends the one with the lowest rate.
    """

    def __init__(
        self,
        stall_seconds: float,
        min_bytes_per_second: float,
        most: int,
        most_of_network: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.clock = clock
        self._seconds = stall_seconds
        self._required = min_bytes_per_second * stall_seconds
        self._most = most
        self._most_of_network = most_of_network
        self._waiting: dict[Transfer, None] = {}
        self._of_network: dict[str, dict[Transfer, None]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def wait(self, transfer: Transfer) -> None:
        """From now on nothing happens until the client reads, or sends."""
        transfer.since = self.clock()
        transfer.outstanding = transfer.unsent()
        self._waiting[transfer] = None
        if transfer.network is not None:
            own = self._of_network.setdefault(transfer.network, {})
            own[transfer] = None
            if len(own) > self._most_of_network:
                self._end_slowest(own)
        if len(self._waiting) > self._most:
            self._end_slowest(self._waiting)

    def done(self, transfer: Transfer, received: int = 0) -> None:
        """The client has read everything, or sent so many bytes. Nothing happens if it was not waited for."""
        if transfer in self._waiting:
            self._leave(transfer)
            self._account(transfer, received)

    def sweep(self) -> None:
        """End those whose rate is too low."""
        for transfer in list(self._waiting):
            self._account(transfer)
            if transfer.waited >= self._seconds:
                self._end(transfer, "slow")
        metrics.SLOW_CLIENTS.set(len(self._waiting))

    def _account(self, transfer: Transfer, received: int = 0) -> None:
        now, left = self.clock(), transfer.unsent()
        transfer.waited += now - transfer.since
        transfer.moved += transfer.outstanding - left + received
        transfer.since, transfer.outstanding = now, left
        if transfer.moved >= self._required:
            transfer.before = transfer.moved, transfer.waited
            transfer.moved, transfer.waited = 0, 0.0

    def _end_slowest(self, among: dict[Transfer, None]) -> None:
        for transfer in among:
            self._account(transfer)
        self._end(min(among, key=lambda each: (each.rate, -each.waited)), "too many slow")

    def _end(self, transfer: Transfer, reason: str) -> None:
        metrics.SLOW_CLIENTS_ENDED.labels(reason).inc()
        self._leave(transfer)
        transfer.end()

    def _leave(self, transfer: Transfer) -> None:
        del self._waiting[transfer]
        if transfer.network is not None:
            own = self._of_network[transfer.network]
            del own[transfer]
            if not own:
                del self._of_network[transfer.network]
