"""Where a request comes from. Only proxies that the settings name are believed when they tell it in a header."""

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from ..exchange import UNKNOWN, Client, Headers, Scope

Network = IPv4Network | IPv6Network
_FORWARDED_FOR = b"x-forwarded-for"
_WITH_PORT = re.compile(r"\[([^\]]+)\](?::[0-9]{1,5})?|([0-9.]+):[0-9]{1,5}")
MAX_ADDRESS_CHARS = 64
"""Characters of one address, a port and brackets included."""
MAX_HOPS = 32


class TrustedProxies:
    """Tells clients from proxies."""

    def __init__(self, trusted: Iterable[Network]) -> None:
        self._trusted = tuple(trusted)

    def client(self, scope: Scope) -> Client:
        """Whoever is at the other end, past our own proxies.

        The entries of X-Forwarded-For are read from the right, each only if a trusted proxy has written it. One that
        is no address ends the reading: the client is then the last proxy that is known for certain.
        """
        nearest = _peer(scope)
        if nearest is None:
            return UNKNOWN
        if not self._trusted or not self.trusts(nearest):
            return nearest
        for entry in _forwarded(scope["headers"]):
            further = parse_client(entry)
            if further is None:
                return nearest
            nearest = further
            if not self.trusts(nearest):
                return nearest
        return nearest

    def trusts_peer(self, scope: Scope) -> bool:
        """Whether a proxy of ours is at the other end of the connection."""
        peer = _peer(scope)
        return peer is not None and self.trusts(peer)

    def trusts(self, client: Client) -> bool:
        """Whether a proxy of ours has this address."""
        address = ip_address(client.address)
        return any(address in network for network in self._trusted)


def _peer(scope: Scope) -> Client | None:
    peer = scope["client"]
    return parse_client(peer[0]) if peer else None


def _forwarded(headers: Headers) -> list[str]:
    """All entries of X-Forwarded-For, the nearest first."""
    lines = [value.decode("latin-1") for name, value in headers if name == _FORWARDED_FOR]
    entries = ",".join(lines).split(",") if lines else []
    return [entry.strip(" \t") for entry in reversed(entries[-MAX_HOPS:])]


def parse_client(text: str) -> Client | None:
    """The client of this address, which a proxy may have written with a port; None if it is no address."""
    return _client(text) if len(text) <= MAX_ADDRESS_CHARS else None


@lru_cache(maxsize=16_384)
def _client(text: str) -> Client | None:
    found = _parsed(text)
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is None:
            return Client(str(found), _prefix(found, 64), _prefix(found, 48))
        found = found.ipv4_mapped
    return Client(str(found), str(found)) if found is not None else None


def _prefix(address: IPv6Address, length: int) -> str:
    return f"{IPv6Address(int(address) >> 128 - length << 128 - length)}/{length}"


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    with_port = _WITH_PORT.fullmatch(text)
    bare = (with_port[1] or with_port[2]) if with_port else text
    try:
        return ip_address(bare.partition("%")[0])
    except ValueError:
        return None
