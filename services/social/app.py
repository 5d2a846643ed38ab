"""Wires the social service together; read from top to bottom."""

import httpx
from fastapi import FastAPI

from shared import clock
from shared.background import Worker, in_thread
from shared.database.engine import Database
from shared.events import inbox
from shared.events.bus import Bus
from shared.events.outbox import Relay
from shared.replication.purge import Reconciler
from shared.security.service_calls import Neighbour
from shared.web.application import build

from . import models
from .actions.withdrawals import WITHDRAWAL
from .api import follows
from .api.dependencies import Dependencies
from .clients import Auth
from .settings import Settings
from .subscriptions import HANDLERS

NAME = "social"


def create_app(settings: Settings, bus: Bus, transport: httpx.AsyncBaseTransport | None = None) -> FastAPI:
    """The social service, not yet running. `transport` stands in for the way to auth."""
    database = Database(settings.database_url, pool_size=settings.pool_size)
    neighbour = Neighbour(NAME, settings.caller_key("auth"), "auth", settings.auth_url, transport)
    auth = Auth(neighbour)

    relay = Relay(database, models.outbox, bus)
    inbox.listen(bus, NAME, database, models.inbox, HANDLERS)

    reconciler = Reconciler(NAME, database, WITHDRAWAL, models.reconciliation, auth.withdrawals)
    last_sweep_after = (settings.access_token_seconds + 60) * clock.SECOND
    workers = [
        relay.worker("social.relay"),
        WITHDRAWAL.worker("social.purge", database, last_sweep_after),
        Worker("social.reconcile", reconciler.step, every=settings.reconcile_seconds),
        Worker("social.inbox", in_thread(database.write, inbox.forget_old, models.inbox), every=600),
        Worker("social.outbox", in_thread(database.write, relay.forget_old), every=600),
    ]

    app = build(
        NAME,
        settings,
        database=database,
        bus=bus,
        routers=[follows.router],
        workers=workers,
        neighbours=[neighbour],
    )
    app.state.dependencies = Dependencies(database, auth, settings.following_limit)
    return app
