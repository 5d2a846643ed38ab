"""Virtual hosts on one RabbitMQ for the tests: each has what one service needs, and is washed before its next use."""

import uuid
from collections import defaultdict
from collections.abc import Collection
from urllib.parse import quote

from shared.events.topology import Member, definitions
from shared.testing.containers import RabbitServer

Needs = tuple[str, frozenset[str], frozenset[str]]


class Vhosts:
    """All that are on this server, free or in use."""

    def __init__(self, server: RabbitServer) -> None:
        self._server = server
        self._free: dict[Needs, list[str]] = defaultdict(list)

    def take(self, service: str, hears: Collection[str], announces: Collection[str]) -> tuple[Needs, str]:
        """One in which this service hears and announces; what it announces has a place to go."""
        needs = service, frozenset(hears), frozenset(announces)
        if free := self._free[needs]:
            self._wash(free[-1])
            return needs, free.pop()
        members = {service: Member(announces, hears), "elsewhere": Member((), announces)}
        return needs, made(self._server, members)

    def give_back(self, needs: Needs, vhost: str) -> None:
        """Nobody uses it any more."""
        self._free[needs].append(vhost)

    def _wash(self, vhost: str) -> None:
        management = self._server.management
        for queue in management.get(f"/queues/{vhost}", params={"disable_stats": True}).json():
            management.delete(f"/queues/{vhost}/{queue['name']}/contents").raise_for_status()


def made(server: RabbitServer, members: dict[str, Member]) -> str:
    """A new one for these services."""
    vhost = uuid.uuid4().hex
    server.management.put(f"/vhosts/{vhost}").raise_for_status()
    load(server, vhost, members)
    return vhost


def load(server: RabbitServer, vhost: str, members: dict[str, Member]) -> None:
    """Give it all that these services need, as an operator would."""
    topology = definitions(members, vhost)
    del topology["vhosts"]
    # Definitions of one virtual host do not name it.
    local = {
        kind: [{name: value for name, value in each.items() if name != "vhost"} for each in things]
        for kind, things in topology.items()
    }
    server.management.post(f"/definitions/{quote(vhost, safe='')}", json=local).raise_for_status()
