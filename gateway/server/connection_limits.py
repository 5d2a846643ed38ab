"""Limits the connections of clients: how many are open, how long each may be idle, and which is closed first."""

import asyncio
import resource
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from .. import metrics
from ..exchange import UNKNOWN_CLIENT
from ..request.client_ip import TrustedProxies, parse_client
from ..settings import Settings

RESERVED_FILES = 768
"""Open files that the process needs for other things than clients, such as connections to the services."""
MIN_CONNECTIONS = 64
WANTED_FILES = (65_536, 10_240)
"""Requested from the system; some refuse the first, so the second is tried after it."""
LINGER_SECONDS = 30.0
"""How long a client may take to read the rest of a response after the connection is closed."""


class Connection(Protocol):
    """One connection of a client."""

    client: tuple[str, int] | None

    def give_up(self) -> None:
        """The head of its request did not arrive in time."""

    def abort(self) -> None:
        """Close it at once, whatever was not sent."""

    def is_closing(self) -> bool:
        """Whether it is closed, except for what the client has not read yet."""


@dataclass(slots=True)
class _Connections:
    """Connections in eviction order: the one that is idle for the longest time first."""

    open: int = 0
    reading_head: dict[Connection, float] = field(default_factory=dict)
    """Connections whose next request head is incomplete, and since when."""
    idle: dict[Connection, None] = field(default_factory=dict)
    """Connections that are kept open between two requests."""

    def eviction_candidate(self) -> Connection | None:
        """The connection to close if there are too many."""
        return next(iter(self.reading_head), None) or next(iter(self.idle), None)


class ConnectionLimits:
    """All open connections, in total and by network."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._trusted_proxies = TrustedProxies(settings.trusted_proxies)
        self._limit = min(
            settings.connections, max(MIN_CONNECTIONS, (max_open_files() - RESERVED_FILES) // 2)
        )  # a WebSocket takes two files
        self._limit_per_network = settings.connections_per_address
        self._head_seconds = settings.head_seconds
        self._clock = clock
        self._all = _Connections()
        self._networks: dict[str, _Connections] = {}
        self._of: dict[Connection, str] = {}
        self._proxies: set[Connection] = set()
        self._closing: dict[Connection, float] = {}
        self.any_open = asyncio.Event()
        """Set while `sweep` may have work, or has yet to report that no connection is open."""

    def open(self, connection: Connection) -> bool:
        """Add it, if necessary by closing an idle one. Returns False if there are too many."""
        client = (parse_client(connection.client[0]) if connection.client else None) or UNKNOWN_CLIENT
        own = self._networks.get(client.network) or _Connections()
        proxy = client is not UNKNOWN_CLIENT and self._trusted_proxies.trusts(client)
        if own.open >= self._limit_per_network and not proxy and not self._make_room(own):
            return False
        if self._all.open >= self._limit and not self._make_room(self._all):
            return False
        own = self._networks.setdefault(client.network, own)
        self._of[connection] = client.network
        if proxy:
            self._proxies.add(connection)
        own.open += 1
        self._all.open += 1
        self.any_open.set()
        self.reading_head(connection)
        return True

    def leave(self, connection: Connection) -> None:
        """Remove it: it is closed, or has become a WebSocket."""
        self.serving(connection)
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
        """Its network, if limits by address apply: not for a trusted proxy, nor for a removed connection."""
        return None if connection in self._proxies else self._of.get(connection)

    def reading_head(self, connection: Connection) -> None:
        """The head of its request is not complete; the time counts from the first call."""
        network = self._of.get(connection)
        if network is None or connection in self._all.reading_head:
            return
        now = self._clock()
        for lines in (self._all, self._networks[network]):
            lines.idle.pop(connection, None)
            lines.reading_head[connection] = now

    def serving(self, connection: Connection) -> None:
        """The head of its request is complete."""
        network = self._of.get(connection)
        if network is None:
            return
        for lines in (self._all, self._networks[network]):
            lines.reading_head.pop(connection, None)
            lines.idle.pop(connection, None)

    def idle(self, connection: Connection) -> None:
        """The response is complete; the connection stays open for the next request."""
        network = self._of.get(connection)
        if network is None:
            return
        for lines in (self._all, self._networks[network]):
            lines.idle[connection] = None

    def sweep(self) -> None:
        """Close connections whose request head is late, and abort closed ones whose client does not read the rest."""
        now = self._clock()
        for connection, since in list(self._all.reading_head.items()):
            if since + self._head_seconds > now:
                break
            self.serving(connection)
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

    def _make_room(self, lines: _Connections) -> bool:
        victim = lines.eviction_candidate()
        if victim is None:
            return False
        self.leave(victim)
        metrics.CONNECTIONS_CLOSED.labels("too many").inc()
        victim.abort()
        return True


def max_open_files() -> int:
    """How many files this process may open, after raising the limit where it is low."""
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
