"""A service with a deliberate defect that a run must detect: its relay marks events before it publishes them.

`python -m chaos.broken_relay auth` is `python -m services.auth.main` with that order reversed.
"""

import importlib
import sys
from collections.abc import Sequence

from sqlalchemy import Connection

from shared.events.envelope import Event
from shared.events.outbox import BATCH_SIZE, Publish, Relay


def _mark_first(relay: Relay, publish: Publish) -> bool:
    def take(tx: Connection) -> Sequence[Event]:
        events = relay._unpublished(tx)  # noqa: SLF001 - breaking it from inside is the purpose
        relay._mark(tx, events, [True] * len(events))  # noqa: SLF001 - as above
        return events

    events = relay._database.write(take)  # noqa: SLF001 - as above
    if events:
        publish(events)
    return len(events) == BATCH_SIZE


def main() -> None:
    """The named service, with the broken relay."""
    name = sys.argv.pop(1)
    setattr(Relay, "_one_batch", _mark_first)  # noqa: B010 - as above
    importlib.import_module(f"services.{name}.main").cli()


if __name__ == "__main__":
    main()
