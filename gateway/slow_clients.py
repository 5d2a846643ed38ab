"""Slow clients: each needs a minimum data rate, and the number of transfers that wait for their clients is limited."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import metrics


def _no_bytes() -> int:
    return 0


@dataclass(slots=True, eq=False)
class Transfer:
    """One direction of one exchange. Only the time spent waiting for the client counts."""

    network: str | None
    """The network whose limit it counts towards, in addition to the total; None for a trusted proxy."""
    end: Callable[[], Any]
    """Ends the exchange: the client is too slow, or too many are slow."""
    unsent: Callable[[], int] = _no_bytes
    """Bytes that wait to be sent; 0 if the client is the sender."""
    moved: int = 0
    waited: float = 0.0
    """Bytes and seconds of waiting since the client last reached the rate."""
    before: tuple[int, float] = (0, 0.0)
    """The same for the period before."""
    since: float = 0.0
    outstanding: int = 0

    @property
    def rate(self) -> float:
        """Bytes per second of waiting, lately."""
        waited = self.waited + self.before[1]
        return (self.moved + self.before[0]) / waited if waited else float("inf")


class SlowClients:
    """The transfers that wait for their clients.

    A client must transfer a minimum of bytes within each `stall_seconds` of waiting; the total time of a transfer is
    not limited. Each transfer takes memory, up to about 0.5 MB for an image streamed from a service. So the number of
    waiting transfers is limited, in total and per network; one more ends the one with the lowest rate.
    """

    def __init__(
        self,
        stall_seconds: float,
        min_bytes_per_second: float,
        limit: int,
        limit_per_network: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.clock = clock
        self._seconds = stall_seconds
        self._required = min_bytes_per_second * stall_seconds
        self._limit = limit
        self._limit_per_network = limit_per_network
        self._waiting: dict[Transfer, None] = {}
        self._of_network: dict[str, dict[Transfer, None]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def wait(self, transfer: Transfer) -> None:
        """The transfer waits for the client from now on."""
        transfer.since = self.clock()
        transfer.outstanding = transfer.unsent()
        self._waiting[transfer] = None
        if transfer.network is not None:
            own = self._of_network.setdefault(transfer.network, {})
            own[transfer] = None
            if len(own) > self._limit_per_network:
                self._end_slowest(own)
        if len(self._waiting) > self._limit:
            self._end_slowest(self._waiting)

    def done(self, transfer: Transfer, received: int = 0) -> None:
        """The client has read everything, or sent this number of bytes.

        Does nothing if the transfer was not waiting.
        """
        if transfer in self._waiting:
            self._leave(transfer)
            self._account(transfer, received)

    def sweep(self) -> None:
        """End the transfers whose rate is too low."""
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
