"""Creates the posts service from its parts."""

import httpx
from fastapi import FastAPI

from shared.background import PeriodicWorker, threaded_step
from shared.database.engine import Database
from shared.events import inbox
from shared.events.bus import Bus
from shared.events.outbox import Relay
from shared.files import garbage
from shared.files.storage import storage_from
from shared.idempotency import Idempotency
from shared.images import ImageProcessor
from shared.replication.source import WithKnownRecords
from shared.replication.workers import event_workers, replica_workers
from shared.security.service_calls import ServiceClient
from shared.web.application import create_service_app

from . import models
from .actions import comments as comment_actions
from .actions import post_cleanup, retention
from .actions.feed import celebrities, fanout, rebuild
from .actions.feed.trim import Trimming
from .api import comments, internal, likes, limits, photos, posts
from .api.dependencies import Dependencies
from .clients import users_of
from .settings import Settings
from .subscriptions import HANDLERS, USERS

NAME = "posts"


def create_app(settings: Settings, bus: Bus, transport: httpx.AsyncBaseTransport | None = None) -> FastAPI:
    """The posts service, not yet running. `transport` is used for calls to auth, if given."""
    database = Database(settings.database_url, pool_size=settings.pool_size)
    storage = storage_from(settings.storage_url)
    image_processor = ImageProcessor(settings.decoders, settings.decoders_waiting)
    idempotency = Idempotency(database, models.idempotency_keys)
    auth = ServiceClient(NAME, settings.caller_key("auth"), "auth", settings.auth_url, transport)
    users = users_of(auth)
    with_known_users = WithKnownRecords(database, USERS, users)

    relay = Relay(database, models.outbox, bus)
    inbox.subscribe_handlers(bus, NAME, database, models.inbox, HANDLERS)

    push = threaded_step(database.write, fanout.push_some, settings.pushed_followers)
    rebuild_some = threaded_step(database.write, rebuild.rebuild_some, settings.timeline_kept)
    make_up = threaded_step(database.write, celebrities.backfill_some)
    trims = Trimming(database, settings.timeline_kept)
    workers = [
        *event_workers(NAME, database, relay, models.inbox),
        *replica_workers(NAME, database, USERS, users, models.reconciliation, settings),
        PeriodicWorker("posts.pushes", push, queue=models.pushes.name),
        PeriodicWorker("posts.rebuilds", rebuild_some, queue=models.rebuilds.name),
        PeriodicWorker(
            "posts.popular", make_up, queue=models.popular.name, due=threaded_step(database.read, celebrities.next_due)
        ),
        PeriodicWorker("posts.trims", threaded_step(trims.step), every=3600),
        PeriodicWorker(
            "posts.removals", threaded_step(database.write, post_cleanup.remove_some), queue=models.removals.name
        ),
        PeriodicWorker(
            "posts.comments",
            threaded_step(database.write, comment_actions.remove_some_blank),
            queue=models.blank_comments.name,
        ),
        garbage.worker("posts.files", database, models.disposal, storage),
        PeriodicWorker("posts.forget", threaded_step(database.write, retention.forget_old, idempotency), every=600),
    ]

    app = create_service_app(
        NAME,
        settings,
        database=database,
        bus=bus,
        routers=[posts.router, likes.router, comments.router, photos.router, limits.router, internal.router],
        workers=workers,
        clients=[auth],
        closing=[image_processor.close],
    )
    app.state.dependencies = Dependencies(database, storage, image_processor, idempotency, with_known_users)
    return app
