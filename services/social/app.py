"""Creates the social service from its parts."""

from fastapi import FastAPI

from shared.database.engine import Database
from shared.events import inbox, outbox
from shared.events.bus import Bus
from shared.events.outbox import Relay
from shared.replication.source import WithKnownRecords
from shared.replication.workers import event_workers, replica_workers
from shared.security.service_calls import ServiceClient, Transport
from shared.web.application import create_service_app

from . import models
from .actions.suspensions import SUSPENSION
from .api import follows, internal, restrictions
from .api.dependencies import Dependencies
from .clients import users_of
from .settings import Settings
from .subscriptions import HANDLERS, USERS

NAME = "social"


def create_app(settings: Settings, bus: Bus, transport: Transport | None = None) -> FastAPI:
    """The social service, not yet running. `transport` is used for calls to auth, if given."""
    database = Database(settings.database_url, pool_size=settings.pool_size)
    auth = ServiceClient(NAME, settings.caller_key("auth"), "auth", settings.auth_url, transport)
    users = users_of(auth)
    with_known_users = WithKnownRecords(database, USERS, users)

    relay = Relay(database, models.outbox, bus)
    inbox.subscribe_handlers(bus, NAME, database, models.inbox, HANDLERS)

    workers = [
        *event_workers(NAME, database, relay, models.inbox),
        *replica_workers(NAME, database, USERS, users, models.reconciliation, settings),
        SUSPENSION.worker("social.recounts", database),
    ]

    app = create_service_app(
        NAME,
        settings,
        database=database,
        bus=bus,
        routers=[follows.router, restrictions.router, internal.router],
        workers=workers,
        queues=[outbox.work_queue(models.outbox), USERS.purge.work_queue(), SUSPENSION.work_queue()],
        clients=[auth],
    )
    app.state.dependencies = Dependencies(database, with_known_users, settings.following_limit)
    return app
