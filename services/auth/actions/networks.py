"""Networks from which an account was logged in lately: password attempts from there count apart from strangers'."""

from ipaddress import IPv6Address, ip_address, ip_network

from sqlalchemy import Connection, delete, select

from shared import clock
from shared.database.engine import upsert

from .. import models

KNOWN_FOR = 180 * clock.DAY
MOST_NETWORKS = 40
"""Of one account, the latest; two for each address."""
_PREFIXES = {4: (32, 24), 6: (64, 48)}
"""Lengths in bits, the narrower network first: what one home has, and what its provider may give it tomorrow."""


def networks_of(ip: str) -> list[str]:
    """The networks that this address is in, the narrowest first; none where it is no address."""
    try:
        address = ip_address(ip)
    except ValueError:
        return []
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return [str(ip_network((address, length), strict=False)) for length in _PREFIXES[address.version]]


def remember(tx: Connection, account_id: int, ip: str) -> None:
    """The account was made or logged in from here. The caller has locked the account."""
    networks, now = models.known_networks, clock.now()
    for network in networks_of(ip):
        row = {"account_id": account_id, "network": network, "last_at": now}
        upsert(tx, networks, row, lambda new: {"last_at": new.last_at})
    own = networks.c.account_id == account_id
    latest = select(networks.c.network).where(own).order_by(networks.c.last_at.desc(), networks.c.network)
    if excess := tx.execute(latest).scalars().all()[MOST_NETWORKS:]:
        tx.execute(delete(networks).where(own, networks.c.network.in_(excess)))


def forget(tx: Connection, account_id: int) -> None:
    """All of them: the account's owner withdraws."""
    tx.execute(delete(models.known_networks).where(models.known_networks.c.account_id == account_id))


def forget_old(tx: Connection, limit: int = 1_000) -> bool:
    """Delete some that were not used for long; whether there may be more."""
    networks = models.known_networks.c
    old = select(networks.account_id, networks.network).where(networks.last_at < clock.now() - KNOWN_FOR).limit(limit)
    rows = tx.execute(old).all()
    for row in rows:
        which = (networks.account_id == row.account_id, networks.network == row.network)
        tx.execute(delete(models.known_networks).where(*which, networks.last_at < clock.now() - KNOWN_FOR))
    return len(rows) == limit
