"""The addresses of a service: used in turn, resolved again every few seconds, left out while they do not respond.

A name with several addresses is what a headless Service of Kubernetes or `endpoint_mode: dnsrr` of Swarm gives: one
address for each replica. A numeric address is used as it is.
"""

import asyncio
import socket
import time
from collections.abc import Callable, Collection
from contextlib import suppress

import structlog

from shared.background import PeriodicWorker
from shared.http_client.client import Origin

from ..circuit_breaker import CircuitBreaker
from ..routes import TrafficClass
from .client import Client

RESOLVE_SECONDS = 5.0
"""Between two questions to the name server; after a failure the next one follows at once."""
CHECK_SECONDS = 0.5
SILENCE_SECONDS = 0.5
"""How long requests may wait for an address that sends no response until it is probed."""
PROBE_SECONDS = 1.0
"""How long an address may take to accept a connection. The kernel does that, also for a process that is busy."""
DRAIN_SECONDS = 30.0
"""How long an address is avoided after a response that closed its connection: the process there drains."""
log = structlog.get_logger()


NewClient = Callable[[Origin, str], Client]


class Address:
    """One address of a service, with its own connections and its own circuit breakers."""

    def __init__(self, host: str, client: Client) -> None:
        self.host = host
        self.client = client
        self.breakers = {each: CircuitBreaker() for each in TrafficClass}
        """One for each traffic class: uploads that fail do not stop reading."""
        self.down = False
        """Whether it refused or lost a connection and has not accepted another one since."""
        self.draining = False
        """Whether it has closed the connection of a response. It still serves, but will soon refuse connections."""
        self.in_use = 0
        """Requests and WebSockets."""
        self._waiting = 0
        self._last_response = 0.0
        self._draining_until = 0.0

    def leave(self) -> None:
        """A request or WebSocket that was counted as in use has ended."""
        self.in_use -= 1

    def sent(self) -> None:
        """A request is sent to it."""
        if not self._waiting:
            self._last_response = time.monotonic()
        self._waiting += 1

    def answered(self) -> None:
        """A response to that request has started, or none will."""
        self._waiting -= 1
        self._last_response = time.monotonic()

    def closed_connection(self) -> None:
        """A response of it closed the connection."""
        self.draining = True
        self._draining_until = time.monotonic() + DRAIN_SECONDS

    def end_drain(self) -> None:
        """Use it again when the process that drained has been replaced."""
        self.draining = self.draining and time.monotonic() < self._draining_until

    @property
    def is_silent(self) -> bool:
        """Whether requests have been waiting for some time, and none was answered meanwhile."""
        return self._waiting > 0 and time.monotonic() - self._last_response > SILENCE_SECONDS

    def accepted_probe(self) -> None:
        """It accepts connections: it is up, and whoever waits has to wait on."""
        self._last_response = time.monotonic()
        self.down = False


class Addresses:
    """All addresses of one service."""

    def __init__(self, name: str, origin: Origin, new_client: NewClient) -> None:
        self._name = name
        self._origin = origin
        self._is_numeric = _is_numeric(origin.host)
        self._new_client = new_client
        self._listed: list[Address] = []
        self._gone: list[Address] = []
        """No longer listed by the name server, but still in use."""
        self._turn = 0
        self._resolve_at = 0.0
        self._checking = PeriodicWorker(f"gateway.addresses.{name}", self._check, every=CHECK_SECONDS)

    async def open(self) -> None:
        """Resolve the name, and go on doing so until `close`."""
        if self._is_numeric:
            self._listed = [self._new_address(self._origin.host)]
            return
        await self._resolve()
        self._checking.start()

    async def close(self) -> None:
        """Close all connections."""
        await self._checking.stop()
        for address in (*self._listed, *self._gone):
            address.client.close()

    def choose(self, traffic_class: TrafficClass, tried: Collection[Address] = ()) -> Address | None:
        """The next address that may be sent a request; one that drains or is down only if no other is left."""
        listed = self._listed
        if len(listed) == 1:
            return listed[0] if listed[0].breakers[traffic_class].lets_through() else None
        self._turn += 1
        start = self._turn % len(listed) if listed else 0
        in_turn = [each for each in (*listed[start:], *listed[:start]) if each not in tried]
        usable = [each for each in in_turn if not each.draining and not each.down]
        for address in usable or sorted(in_turn, key=lambda each: each.down):
            if address.breakers[traffic_class].lets_through():
                return address
        return None

    def has_other(self, tried: Collection[Address]) -> bool:
        """Whether there is an address besides these."""
        return any(each not in tried for each in self._listed)

    def lost(self, address: Address) -> None:
        """It refused or lost a connection: leave it out until it accepts one, and ask the name server again."""
        if self._is_numeric or address.down:
            return
        address.down = True
        self._resolve_at = 0.0
        self._checking.wake()
        log.warning("address left out", upstream=self._name, address=address.host)

    async def _check(self) -> bool:
        if time.monotonic() >= self._resolve_at:
            await self._resolve()
        listed = self._listed
        for address in listed:
            address.end_drain()
        await asyncio.gather(*(self._probe(each) for each in listed + self._gone if each.down or each.is_silent))
        for address in [each for each in self._gone if not each.in_use]:
            self._gone.remove(address)
            address.client.close()
        return False

    async def _resolve(self) -> None:
        """Ask the name server. Where it does not know the name, the addresses of before are kept."""
        self._resolve_at = time.monotonic() + RESOLVE_SECONDS
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                found = await asyncio.get_running_loop().getaddrinfo(
                    self._origin.host, self._origin.port, type=socket.SOCK_STREAM
                )
        except (OSError, TimeoutError):
            self._resolve_at = 0.0
            return
        hosts = {str(sockaddr[0]) for *_, sockaddr in found}
        known = {each.host: each for each in self._gone + self._listed}
        self._gone = [each for each in known.values() if each.host not in hosts]
        self._listed = [known.get(host) or self._new_address(host) for host in sorted(hosts)]

    def _new_address(self, host: str) -> Address:
        return Address(host, self._new_client(self._origin, host))

    async def _probe(self, address: Address) -> None:
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                _, writer = await asyncio.open_connection(address.host, self._origin.port)
        except (OSError, TimeoutError):
            self._abandon(address)
            return
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        if address.down:
            log.info("address is back", upstream=self._name, address=address.host)
        address.accepted_probe()

    def _abandon(self, address: Address) -> None:
        """Close its connections: who waits for a response there shall not wait for the time limit."""
        self.lost(address)
        if address.in_use:
            address.client.close()


def _is_numeric(host: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        with suppress(OSError):
            socket.inet_pton(family, host)
            return True
    return False
