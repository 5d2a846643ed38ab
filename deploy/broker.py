"""Writes RabbitMQ's definitions from the events that the services publish and consume; --check reports stale files."""

import importlib
import json
import sys
from pathlib import Path

import gateway.authentication.revocations
from shared.events.topology import ServiceTopology, definitions, permissions
from shared.service_list import NAMES

TARGET = Path(__file__).parent / "rabbitmq" / "definitions.json"


def _topology_of(name: str) -> ServiceTopology:
    """What a service publishes and consumes, read from its code."""
    events = importlib.import_module(f"services.{name}.events")
    subscriptions = importlib.import_module(f"services.{name}.subscriptions")
    broadcast = getattr(subscriptions, "BROADCAST_HANDLERS", {})
    return ServiceTopology(events.ANNOUNCES, sorted(subscriptions.HANDLERS), sorted(broadcast))


MEMBERS = {
    **{name: _topology_of(name) for name in NAMES},
    "gateway": ServiceTopology(consumes_ephemeral=gateway.authentication.revocations.EVENTS),
}


def document() -> str:
    """The definitions without users, which are generated where they are used."""
    return json.dumps({**definitions(MEMBERS), **permissions(MEMBERS)}, indent=1) + "\n"


def main() -> None:
    if "--check" not in sys.argv:
        TARGET.write_text(document())
    elif not TARGET.exists() or TARGET.read_text() != document():
        sys.exit("deploy/rabbitmq/definitions.json is stale; run `make openapi`.")


if __name__ == "__main__":
    main()
