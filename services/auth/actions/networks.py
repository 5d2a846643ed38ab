"""Networks from which an account has logged in recently: password attempts from there are throttled separately."""

from ipaddress import IPv6Address, ip_address, ip_network

from sqlalchemy import Connection, delete, select

from shared import clock
from shared.database.statements import upsert

from .. import models

KNOWN_FOR_MS = 180 * clock.DAY
# Networks kept for one account, the most recent ones; two for each address.
MAX_NETWORKS = 40
# Prefix lengths in bits, the narrower network first: of one home, and of the addresses that its provider may assign.
_PREFIXES = {4: (32, 24), 6: (64, 48)}


def networks_of(ip: str) -> list[str]:
    """The networks of this address, the narrowest first; none if it is not an address."""
    try:
        address = ip_address(ip)
    except ValueError:
        return []
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return [str(ip_network((address, length), strict=False)) for length in _PREFIXES[address.version]]


def remember(tx: Connection, account_id: int, ip: str) -> None:
    """Record that the account signed up or logged in from here. The caller has locked the account."""
    networks, now = models.known_networks, clock.now()
    for network in networks_of(ip):
        row = {"account_id": account_id, "network": network, "last_at": now}
        upsert(tx, networks, row, lambda new: {"last_at": new.last_at})
    own = networks.c.account_id == account_id
    latest = select(networks.c.network).where(own).order_by(networks.c.last_at.desc(), networks.c.network)
    if excess := tx.execute(latest).scalars().all()[MAX_NETWORKS:]:
        tx.execute(delete(networks).where(own, networks.c.network.in_(excess)))


def delete_all(tx: Connection, account_id: int) -> None:
    """Delete all networks of an account that is being deleted."""
    tx.execute(delete(models.known_networks).where(models.known_networks.c.account_id == account_id))


def delete_expired(tx: Connection, limit: int = 1_000) -> bool:
    """Delete some networks that have not been used for a long time. Returns whether there may be more."""
    networks = models.known_networks.c
    old = (
        select(networks.account_id, networks.network).where(networks.last_at < clock.now() - KNOWN_FOR_MS).limit(limit)
    )
    rows = tx.execute(old).all()
    for row in rows:
        which = (networks.account_id == row.account_id, networks.network == row.network)
        tx.execute(delete(models.known_networks).where(*which, networks.last_at < clock.now() - KNOWN_FOR_MS))
    return len(rows) == limit
