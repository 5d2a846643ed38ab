"""Reconciliation with auth's list of deleted accounts at start."""

from services.posts.app import create_app
from services.posts.settings import Settings
from shared import ids
from shared.database.engine import Database
from shared.events.bus import Bus
from shared.replication.purge import PURGED
from shared.testing import Stub, eventually, running_service

from .factories import all_like, counts, published, purge_states, some_people


def test_reconciliation_runs_at_start(settings: Settings, database: Database, auth: Stub, bus: Bus) -> None:
    never_heard_of = ids.new()
    star, gone = some_people(database, 2)
    post = published(database, star)
    all_like(database, [gone], post)
    entries = [{"id": ids.encode(ids.new()), "user_id": ids.encode(each)} for each in (gone, never_heard_of)]
    auth.answers["/internal/withdrawals"] = {"items": entries, "next": None}
    with running_service(create_app(settings, bus, auth.transport)):
        eventually(lambda: purge_states(database) == {gone: PURGED, never_heard_of: PURGED})
    assert counts(database, post) == (0, 0)
