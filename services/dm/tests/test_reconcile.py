"""Reconciliation with auth's list of deleted accounts at start."""

from services.dm.app import create_app
from services.dm.settings import Settings
from shared import ids
from shared.database.engine import Database
from shared.events.bus import Bus
from shared.replication.purge import PURGED
from shared.testing import Stub, eventually, running_service

from .factories import purge_states, some_people


def test_reconciliation_runs_at_start(settings: Settings, database: Database, other_services: Stub, bus: Bus) -> None:
    never_heard_of = ids.new()
    (gone,) = some_people(database, 1)
    entries = [{"id": ids.encode(ids.new()), "user_id": ids.encode(each)} for each in (gone, never_heard_of)]
    other_services.answers["/internal/withdrawals"] = {"items": entries, "next": None}
    with running_service(create_app(settings, bus, other_services.transport)):
        eventually(lambda: purge_states(database) == {gone: PURGED, never_heard_of: PURGED})
