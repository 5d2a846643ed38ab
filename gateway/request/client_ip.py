"""The IP address of the client: X-Forwarded-For counts only where a trusted proxy sent it."""

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from ..exchange import UNKNOWN_CLIENT, Client, Headers, Scope

Network = IPv4Network | IPv6Network
_FORWARDED_FOR = b"x-forwarded-for"
_WITH_PORT = re.compile(r"\[([^\]]+)\](?::[0-9]{1,5})?|([0-9.]+):[0-9]{1,5}")
MAX_ADDRESS_CHARS = 64
"""Characters of one address, a port and brackets included."""
MAX_HOPS = 32


class TrustedProxies:
    """The networks of our own proxies."""

    def __init__(self, trusted: Iterable[Network]) -> None:
        self._trusted = tuple(trusted)

    def client(self, scope: Scope) -> Client:
        """The client behind our own proxies.

        The entries of X-Forwarded-For are read from the right, each only if a trusted proxy wrote it. The first entry
        that is not an address ends the search: the client is then the last certain proxy.
        """
        nearest = _peer(scope)
        if nearest is None:
            return UNKNOWN_CLIENT
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
        """Whether the connection comes from one of our proxies."""
        peer = _peer(scope)
        return peer is not None and self.trusts(peer)

    def trusts(self, client: Client) -> bool:
        """Whether this is the address of one of our proxies."""
        address = ip_address(client.address)
        return any(address in network for network in self._trusted)


def _peer(scope: Scope) -> Client | None:
    peer = scope["client"]
    return parse_client(peer[0]) if peer else None


def _forwarded(headers: Headers) -> list[str]:
    """The entries of X-Forwarded-For, the nearest first."""
    lines = [value.decode("latin-1") for name, value in headers if name == _FORWARDED_FOR]
    entries = ",".join(lines).split(",") if lines else []
    return [entry.strip(" \t") for entry in reversed(entries[-MAX_HOPS:])]


def parse_client(text: str) -> Client | None:
    """The client with this address, which a proxy may write with a port; None if it is not an address."""
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
