"""Writes what RabbitMQ holds for us, from what the services say they announce and hear; --check tells if stale."""

import json
import sys
from pathlib import Path

import gateway.authentication.revocations
from services.auth import events as auth_events
from services.auth import subscriptions as auth_hears
from services.dm import events as dm_events
from services.dm import subscriptions as dm_hears
from services.posts import events as posts_events
from services.posts import subscriptions as posts_hears
from services.social import events as social_events
from services.social import subscriptions as social_hears
from shared.events.topology import ServiceTopology, definitions, permissions

TARGET = Path(__file__).parent / "rabbitmq" / "definitions.json"
MEMBERS = {
    "auth": ServiceTopology(auth_events.ANNOUNCES, sorted(auth_hears.HANDLERS)),
    "social": ServiceTopology(social_events.ANNOUNCES, sorted(social_hears.HANDLERS)),
    "posts": ServiceTopology(posts_events.ANNOUNCES, sorted(posts_hears.HANDLERS)),
    "dm": ServiceTopology(dm_events.ANNOUNCES, sorted(dm_hears.HANDLERS), sorted(dm_hears.BROADCAST_HANDLERS)),
    "gateway": ServiceTopology(consumes_ephemeral=gateway.authentication.revocations.EVENTS),
}


def document() -> str:
    """The definitions, without users: those are made where they are used."""
    return json.dumps({**definitions(MEMBERS), **permissions(MEMBERS)}, indent=1) + "\n"


def main() -> None:
    """Write it, or check it."""
    if "--check" not in sys.argv:
        TARGET.write_text(document())
    elif not TARGET.exists() or TARGET.read_text() != document():
        sys.exit("deploy/rabbitmq/definitions.json is stale; run `make openapi`.")


if __name__ == "__main__":
    main()
