"""RabbitMQ virtual hosts for tests: each has the queues of one service, and is purged before its next use."""

import uuid
from collections import defaultdict
from collections.abc import Collection
from urllib.parse import quote

from shared.events.topology import ServiceTopology, definitions
from shared.testing.containers import RabbitServer

Needs = tuple[str, frozenset[str], frozenset[str]]


class Vhosts:
    """All virtual hosts on this server, free or in use."""

    def __init__(self, server: RabbitServer) -> None:
        self._server = server
        self._free: dict[Needs, list[str]] = defaultdict(list)

    def acquire(self, service: str, consumes: Collection[str], publishes: Collection[str]) -> tuple[Needs, str]:
        """One in which this service consumes and publishes; each event that it publishes has a queue."""
        needs = service, frozenset(consumes), frozenset(publishes)
        if free := self._free[needs]:
            self._purge_queues(free[-1])
            return needs, free.pop()
        members = {service: ServiceTopology(publishes, consumes), "elsewhere": ServiceTopology((), publishes)}
        return needs, create_vhost(self._server, members)

    def release(self, needs: Needs, vhost: str) -> None:
        """Return a virtual host."""
        self._free[needs].append(vhost)

    def _purge_queues(self, vhost: str) -> None:
        management = self._server.management
        for queue in management.get(f"/queues/{vhost}", params={"disable_stats": True}).json():
            # An exclusive queue belongs to a connection that is being closed, which deletes it. RabbitMQ refuses to
            # purge such a queue for others.
            if not queue["exclusive"]:
                management.delete(f"/queues/{vhost}/{queue['name']}/contents").raise_for_status()


def create_vhost(server: RabbitServer, members: dict[str, ServiceTopology]) -> str:
    """A new one for these services."""
    vhost = uuid.uuid4().hex
    server.management.put(f"/vhosts/{vhost}").raise_for_status()
    load_definitions(server, vhost, members)
    return vhost


def load_definitions(server: RabbitServer, vhost: str, members: dict[str, ServiceTopology]) -> None:
    """Load the definitions for these services, as an operator would."""
    topology = definitions(members, vhost)
    del topology["vhosts"]
    # Definitions of one virtual host do not name it.
    local = {
        kind: [{name: value for name, value in each.items() if name != "vhost"} for each in things]
        for kind, things in topology.items()
    }
    server.management.post(f"/definitions/{quote(vhost, safe='')}", json=local).raise_for_status()
