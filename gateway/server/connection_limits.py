"""The open connections of clients: how many there may be, how long each may be of no use, and which has to go."""

import asyncio
import resource
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from shared import metrics

from ..exchange import UNKNOWN
from ..request.client_ip import TrustedProxies, parse_client
from ..settings import Settings

RESERVED_FILES = 768
"""Files that the process needs for other things than clients: what is in flight to the services, logs, databases."""
MIN_CONNECTIONS = 64
WANTED_FILES = (65_536, 10_240)
"""Asked of the system; some promise more than they give, so the second is tried after the first."""
LINGER_SECONDS = 30.0
"""How long a client may take to read the rest of an answer when its connection is closed already."""


class Connection(Protocol):
    """What has to be known of one."""

    client: tuple[str, int] | None

    def give_up(self) -> None:
        """The head of its request did not come in time."""

    def abort(self) -> None:
        """End it at once, whatever has not been sent yet."""

    def is_closing(self) -> bool:
        """Whether it is closed, but for what its client has not read yet."""


@dataclass(slots=True)
class _ConnectionQueue:
    """ConnectionLimits in the order in which they came to be of no use."""

    open: int = 0
    waiting: dict[Connection, float] = field(default_factory=dict)
    """Those that owe us the head of a request, and since when."""
    resting: dict[Connection, None] = field(default_factory=dict)
    """Those that have been served and are kept for the next request."""

    def eviction_candidate(self) -> Connection | None:
        """The one that can be missed most easily."""
        return next(iter(self.waiting), None) or next(iter(self.resting), None)


class ConnectionLimits:
    """All that are open, and those of each network."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._addresses = TrustedProxies(settings.trusted_proxies)
        self._most = min(
            settings.connections, max(MIN_CONNECTIONS, (max_open_files() - RESERVED_FILES) // 2)
        )  # WebSockets take files too
        self._most_of_network = settings.connections_per_address
        self._patience = settings.head_seconds
        self._clock = clock
        self._all = _ConnectionQueue()
        self._networks: dict[str, _ConnectionQueue] = {}
        self._of: dict[Connection, str] = {}
        self._proxies: set[Connection] = set()
        self._closing: dict[Connection, float] = {}
        self.any_open = asyncio.Event()
        """Set while `sweep` may find something, or has yet to tell that nothing is open any more."""

    def open(self, connection: Connection) -> bool:
        """Take it in; whether there was a place for it. If need be one that is of no use makes room."""
        client = (parse_client(connection.client[0]) if connection.client else None) or UNKNOWN
        own = self._networks.get(client.network) or _ConnectionQueue()
        proxy = client is not UNKNOWN and self._addresses.trusts(client)
        if own.open >= self._most_of_network and not proxy and not self._make_room(own):
            return False
        if self._all.open >= self._most and not self._make_room(self._all):
            return False
        own = self._networks.setdefault(client.network, own)
        self._of[connection] = client.network
        if proxy:
            self._proxies.add(connection)
        own.open += 1
        self._all.open += 1
        self.any_open.set()
        self.wait(connection)
        return True

    def leave(self, connection: Connection) -> None:
        """It is closed, or has become something else."""
        self.serve(connection)
        self._closing.pop(connection, None)
        self._proxies.discard(connection)
        network = self._of.pop(connection, None)
        if network is None:
            return
        own = self._networks[network]
        own.open -= 1
        self._all.open -= 1
        if not own.open:
            del self._networks[network]

    def limited_network(self, connection: Connection) -> str | None:
        """Where it comes from, if limits by address hold for it: not for a trusted proxy, nor for one that ends."""
        return None if connection in self._proxies else self._of.get(connection)

    def wait(self, connection: Connection) -> None:
        """It owes us the head of a request, from now on if it did not before."""
        network = self._of.get(connection)
        if network is None or connection in self._all.waiting:
            return
        now = self._clock()
        for lines in (self._all, self._networks[network]):
            lines.resting.pop(connection, None)
            lines.waiting[connection] = now

    def serve(self, connection: Connection) -> None:
        """The head is there; it is of use."""
        network = self._of.get(connection)
        if network is None:
            return
        for lines in (self._all, self._networks[network]):
            lines.waiting.pop(connection, None)
            lines.resting.pop(connection, None)

    def rest(self, connection: Connection) -> None:
        """Its answer is given, and it may ask for more."""
        network = self._of.get(connection)
        if network is None:
            return
        for lines in (self._all, self._networks[network]):
            lines.resting[connection] = None

    def sweep(self) -> None:
        """Give up those that have kept us waiting for too long, and end those whose clients do not read."""
        now = self._clock()
        for connection, since in list(self._all.waiting.items()):
            if since + self._patience > now:
                break
            self.serve(connection)
            metrics.CONNECTIONS_CLOSED.labels("slow head").inc()
            connection.give_up()
        for connection in self._of:
            if connection.is_closing():
                self._closing.setdefault(connection, now)
        for connection, since in list(self._closing.items()):
            if since + LINGER_SECONDS <= now:
                metrics.CONNECTIONS_CLOSED.labels("slow reader").inc()
                connection.abort()
        metrics.CONNECTIONS.set(self._all.open)
        if not self._all.open:
            self.any_open.clear()

    def _make_room(self, lines: _ConnectionQueue) -> bool:
        victim = lines.eviction_candidate()
        if victim is None:
            return False
        self.leave(victim)
        metrics.CONNECTIONS_CLOSED.labels("too many").inc()
        victim.abort()
        return True


def max_open_files() -> int:
    """How many files this process may have open, after asking for more where it had few."""
    for wanted in WANTED_FILES:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft == resource.RLIM_INFINITY or soft >= wanted:
            break
        with suppress(ValueError, OSError):
            resource.setrlimit(
                resource.RLIMIT_NOFILE, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard)
            )
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft if soft != resource.RLIM_INFINITY else WANTED_FILES[0]
