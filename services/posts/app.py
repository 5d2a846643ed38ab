"""Wires the posts service together; read from top to bottom."""

import httpx
from fastapi import FastAPI

from shared import clock
from shared.background import Worker, in_thread
from shared.database.engine import Database
from shared.events import inbox
from shared.events.bus import Bus
from shared.events.outbox import Relay
from shared.files import garbage
from shared.files.storage import storage_from
from shared.idempotency import Idempotency
from shared.images import Darkroom
from shared.replication.purge import Reconciler
from shared.security.service_calls import Neighbour
from shared.web.application import build

from . import models
from .actions import comments as comment_actions
from .actions import post_cleanup, retention
from .actions.feed import celebrities, fanout, rebuild
from .actions.feed.trim import Trimming
from .actions.withdrawals import WITHDRAWAL
from .api import comments, internal, likes, limits, photos, posts
from .api.dependencies import Dependencies
from .clients import Auth
from .settings import Settings
from .subscriptions import HANDLERS

NAME = "posts"


def create_app(settings: Settings, bus: Bus, transport: httpx.AsyncBaseTransport | None = None) -> FastAPI:
    """The posts service, not yet running. `transport` stands in for the way to auth."""
    database = Database(settings.database_url, pool_size=settings.pool_size)
    storage = storage_from(settings.storage_url)
    darkroom = Darkroom(settings.decoders, settings.decoders_waiting)
    idempotency = Idempotency(database, models.idempotency_keys)
    neighbour = Neighbour(NAME, settings.caller_key("auth"), "auth", settings.auth_url, transport)
    auth = Auth(neighbour)

    relay = Relay(database, models.outbox, bus)
    inbox.listen(bus, NAME, database, models.inbox, HANDLERS)

    reconciler = Reconciler(NAME, database, WITHDRAWAL, models.reconciliation, auth.withdrawals)
    last_sweep_after = (settings.access_token_seconds + 60) * clock.SECOND
    push = in_thread(database.write, fanout.push_some, settings.pushed_followers)
    rebuild_some = in_thread(database.write, rebuild.rebuild_some, settings.timeline_kept)
    make_up = in_thread(database.write, celebrities.backfill_some)
    trims = Trimming(database, settings.timeline_kept)
    workers = [
        relay.worker("posts.relay"),
        Worker("posts.pushes", push, queue=models.pushes.name),
        Worker("posts.rebuilds", rebuild_some, queue=models.rebuilds.name),
        Worker("posts.popular", make_up, queue=models.popular.name, due=in_thread(database.read, celebrities.next_due)),
        Worker("posts.trims", in_thread(trims.step), every=3600),
        Worker("posts.removals", in_thread(database.write, post_cleanup.remove_some), queue=models.removals.name),
        Worker(
            "posts.comments",
            in_thread(database.write, comment_actions.remove_some_blank),
            queue=models.blank_comments.name,
        ),
        WITHDRAWAL.worker("posts.purge", database, last_sweep_after),
        garbage.worker("posts.files", database, models.disposal, storage),
        Worker("posts.reconcile", reconciler.step, every=settings.reconcile_seconds),
        Worker("posts.forget", in_thread(database.write, retention.forget_old, idempotency), every=600),
        Worker("posts.outbox", in_thread(database.write, relay.forget_old), every=600),
    ]

    app = build(
        NAME,
        settings,
        database=database,
        bus=bus,
        routers=[posts.router, likes.router, comments.router, photos.router, limits.router, internal.router],
        workers=workers,
        neighbours=[neighbour],
        closing=[darkroom.close],
    )
    app.state.dependencies = Dependencies(database, storage, darkroom, idempotency, auth)
    return app
