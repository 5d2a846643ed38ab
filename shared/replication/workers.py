"""The background workers that every service has: those of its events, and those of its copies of records."""

from sqlalchemy import Table

from shared import clock
from shared.background import PeriodicWorker, threaded_step
from shared.database.engine import Database
from shared.events import inbox
from shared.events.outbox import Relay
from shared.replication.hidden import HiddenReconciler
from shared.replication.reconcile import Reconciler
from shared.replication.replica import Replica
from shared.replication.source import RecordSource
from shared.settings import Settings

CLEAN_UP_SECONDS = 600
LAST_SWEEP_MARGIN_SECONDS = 60


def event_workers(service: str, database: Database, relay: Relay, inbox_table: Table) -> list[PeriodicWorker]:
    """Publish the outbox; delete expired rows of the inbox and the outbox."""
    return [
        relay.worker(f"{service}.relay"),
        PeriodicWorker(
            f"{service}.inbox", threaded_step(database.write, inbox.delete_expired, inbox_table), every=CLEAN_UP_SECONDS
        ),
        PeriodicWorker(
            f"{service}.outbox", threaded_step(database.write, relay.delete_expired), every=CLEAN_UP_SECONDS
        ),
    ]


def replica_workers(
    service: str, database: Database, replica: Replica, source: RecordSource, checkpoints: Table, settings: Settings
) -> list[PeriodicWorker]:
    """Purge the data of deleted records; reconcile with the owner's lists of deleted and of hidden records."""
    # The last sweep runs when every access token that the subject may hold has expired.
    last_sweep_after = (settings.access_token_seconds + LAST_SWEEP_MARGIN_SECONDS) * clock.SECOND
    reconciler = Reconciler(service, database, replica.purge, checkpoints, source.deleted_after)
    return [
        replica.purge.worker(f"{service}.purge", database, last_sweep_after),
        PeriodicWorker(f"{service}.reconcile", reconciler.step, every=settings.reconcile_seconds),
        PeriodicWorker(
            f"{service}.hidden",
            HiddenReconciler(service, database, replica, source).step,
            every=settings.reconcile_seconds,
        ),
    ]
