"""Handlers for the events of records that another service owns: store copies, and purge the data of deleted ones."""

from dataclasses import dataclass

from pydantic import TypeAdapter
from sqlalchemy import Connection

from shared.events.envelope import Event
from shared.ids import Id
from shared.replication.projections import Projection
from shared.replication.purge import PurgePlan

_ID: TypeAdapter[int] = TypeAdapter(Id)


@dataclass(frozen=True, slots=True)
class Replica:
    """Copies of records, and the purge plan for the data of a deleted record. Its methods handle events."""

    projection: Projection
    purge: PurgePlan

    def on_changed(self, tx: Connection, event: Event) -> None:
        """Store the new version."""
        self.projection.store(tx, event.data)

    def on_deleted(self, tx: Connection, event: Event) -> None:
        """Replace the copy by a tombstone and start the purge.

        The owner repeats the event until this service reports the end of the purge, so a repeated event repeats the
        report.
        """
        subject = _ID.validate_python(event.data.get(self.projection.id_field))
        if not self.purge.request(tx, subject):
            self.purge.announce_again(tx, subject)
