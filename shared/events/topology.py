"""Exchanges, queues, bindings and permissions as RabbitMQ definitions, loaded by an operator.

    events (topic) ──► <service> (quorum) ──► the service
                          ▲        │ fails again and again
              after 10, 30, 60 s   ▼
    <service>.retries (direct) ──► <service>.retry.10 · .30 · .60, and at last <service>.dead

A service may publish only its own events, to the one exchange, and read only its own queue. Ephemeral subscriptions
use a queue that each process declares for itself and that is deleted when the process ends.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

EXCHANGE = "events"
RETRY_SECONDS = (10, 30, 60)
DEAD = "dead"
# How often a message may be redelivered because its consumer died; beyond that the message is the likely cause.
DELIVERY_LIMIT = 100
MAX_QUEUE_BYTES = 1 << 30
EPHEMERAL_QUEUES = r"amq\.gen.*"
"""Names of exclusive queues, which only the connection that declared them can use."""


@dataclass(frozen=True, slots=True)
class ServiceTopology:
    """The events that a service publishes and consumes."""

    publishes: Collection[str] = ()
    consumes: Collection[str] = ()
    consumes_ephemeral: Collection[str] = ()
    """Consumed by each process from an exclusive queue."""


def retries_of(service: str) -> str:
    """The exchange of a service for delayed and dead messages."""
    return f"{service}.retries"


def retry_queue(service: str, seconds: int) -> str:
    return f"{service}.retry.{seconds}"


def dead_queue(service: str) -> str:
    return f"{service}.{DEAD}"


def definitions(members: Mapping[str, ServiceTopology], vhost: str = "/") -> dict[str, Any]:
    """Exchanges, queues, bindings and policies of these services. Loading them is idempotent."""
    services = {name: member for name, member in members.items() if member.consumes}
    return {
        "vhosts": [{"name": vhost}],
        "exchanges": [
            _exchange(vhost, EXCHANGE, "topic"),
            *(_exchange(vhost, retries_of(name), "direct") for name in services),
        ],
        "queues": [queue for name in services for queue in _queues(vhost, name)],
        "bindings": [binding for name, member in services.items() for binding in _bindings(vhost, name, member)],
        "policies": [_policy(vhost, name) for name in services],
    }


def permissions(members: Mapping[str, ServiceTopology], vhost: str = "/") -> dict[str, Any]:
    """Permissions of each user, named like its service. None may declare durable objects."""
    return {
        "permissions": [_permission(vhost, name, member) for name, member in members.items()],
        "topic_permissions": [
            {
                "user": name,
                "vhost": vhost,
                "exchange": EXCHANGE,
                "write": _one_of(member.publishes),
                "read": _one_of(member.consumes_ephemeral),
            }
            for name, member in members.items()
        ],
    }


def _permission(vhost: str, name: str, member: ServiceTopology) -> dict[str, str]:
    own = re.escape(name)
    configures: list[str] = []
    writes: list[str] = []
    reads: list[str] = []
    if member.publishes or member.consumes:
        writes += [EXCHANGE, rf"{own}\.retries"]
        reads += [own, rf"{own}\.{DEAD}"]
    if member.consumes_ephemeral:  # its queues are bound to the exchange; the topic permission limits the routing keys
        configures += [EPHEMERAL_QUEUES]
        writes += [EPHEMERAL_QUEUES]
        reads += [EPHEMERAL_QUEUES, EXCHANGE]
    rights = {"configure": _any_of(configures), "write": _any_of(writes), "read": _any_of(reads)}
    return {"user": name, "vhost": vhost, **rights}


def _one_of(names: Collection[str]) -> str:
    return _any_of([re.escape(name) for name in sorted(names)])


def _any_of(patterns: Collection[str]) -> str:
    return "^(" + "|".join(patterns) + ")$" if patterns else "^$"


def _exchange(vhost: str, name: str, kind: str) -> dict[str, Any]:
    return {"name": name, "vhost": vhost, "type": kind, "durable": True, "auto_delete": False, "arguments": {}}


def _queues(vhost: str, service: str) -> list[dict[str, Any]]:
    waiting = [
        _queue(
            vhost,
            retry_queue(service, seconds),
            {
                "x-message-ttl": seconds * 1_000,
                "x-dead-letter-exchange": "",
                "x-dead-letter-routing-key": service,
                "x-dead-letter-strategy": "at-least-once",
                "x-overflow": "reject-publish",
            },
        )
        for seconds in RETRY_SECONDS
    ]
    return [_queue(vhost, service, {}), *waiting, _queue(vhost, dead_queue(service), {})]


def _queue(vhost: str, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    arguments = {"x-queue-type": "quorum", **arguments}
    return {"name": name, "vhost": vhost, "durable": True, "auto_delete": False, "arguments": arguments}


def _bindings(vhost: str, service: str, member: ServiceTopology) -> list[dict[str, Any]]:
    facts = [(EXCHANGE, service, name) for name in member.consumes]
    delays = [(retries_of(service), retry_queue(service, seconds), str(seconds)) for seconds in RETRY_SECONDS]
    return [
        {
            "source": source,
            "vhost": vhost,
            "destination": queue,
            "destination_type": "queue",
            "routing_key": key,
            "arguments": {},
        }
        for source, queue, key in [*facts, *delays, (retries_of(service), dead_queue(service), DEAD)]
    ]


def _policy(vhost: str, service: str) -> dict[str, Any]:
    # In a policy rather than in queue arguments, which cannot be changed after the declaration.
    return {
        "vhost": vhost,
        "name": f"{service}-limits",
        "pattern": f"^{service}$",
        "apply-to": "quorum_queues",
        "priority": 1,
        "definition": {
            "delivery-limit": DELIVERY_LIMIT,
            "dead-letter-exchange": retries_of(service),
            "dead-letter-routing-key": DEAD,
            "dead-letter-strategy": "at-least-once",
            "overflow": "reject-publish",
            "max-length-bytes": MAX_QUEUE_BYTES,
        },
    }
