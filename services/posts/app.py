"""Creates the posts service from its parts."""

from fastapi import FastAPI

from shared.background import PeriodicWorker, threaded_step
from shared.database.engine import Database
from shared.database.queues import WorkQueue
from shared.events import inbox, outbox
from shared.events.bus import Bus
from shared.events.outbox import Relay
from shared.files import garbage
from shared.files.cdn import purge_from
from shared.files.storage_url import storage_from
from shared.idempotency import Idempotency
from shared.images import ImageProcessor
from shared.replication.pair_reconcile import PairReconciler
from shared.replication.source import WithKnownRecords
from shared.replication.workers import event_workers, replica_workers
from shared.security.service_calls import ServiceClient, Transport
from shared.web.application import create_service_app

from . import models
from .actions import comment_likes, post_cleanup, retention
from .actions import comments as comment_actions
from .actions.feed import celebrities, fanout, rebuild
from .actions.feed.trim import Trimming
from .actions.reindexing import Reindexing
from .actions.restrictions import RESTRICTIONS
from .actions.suspensions import SUSPENSION
from .api import comments, internal, likes, limits, photos, posts, saves, tags
from .api.dependencies import Dependencies
from .clients import restrictions_of, users_of
from .queries.photos import PATH
from .settings import Settings
from .subscriptions import HANDLERS, USERS

NAME = "posts"
REINDEX_SECONDS = 86_400


def create_app(settings: Settings, bus: Bus, transport: Transport | None = None) -> FastAPI:
    """The posts service, not yet running. `transport` is used for calls to auth, if given."""
    database = Database(settings.database_url, pool_size=settings.pool_size)
    storage = storage_from(settings.storage_url)
    purge = purge_from(NAME, settings, PATH)
    image_processor = ImageProcessor(settings.decoders, settings.decoders_waiting)
    idempotency = Idempotency(database, models.idempotency_keys)
    auth = ServiceClient(NAME, settings.caller_key("auth"), "auth", settings.auth_url, transport)
    users = users_of(auth)
    with_known_users = WithKnownRecords(database, USERS, users)
    social = ServiceClient(NAME, settings.caller_key("social"), "social", settings.social_url, transport)
    restrictions = PairReconciler(NAME, database, RESTRICTIONS, restrictions_of(social))

    relay = Relay(database, models.outbox, bus)
    inbox.subscribe_handlers(bus, NAME, database, models.inbox, HANDLERS)

    push = threaded_step(database.write, fanout.push_some, settings.pushed_followers)
    rebuild_some = threaded_step(database.write, rebuild.rebuild_some, settings.timeline_kept)
    make_up = threaded_step(database.write, celebrities.backfill_some)
    trims = Trimming(database, settings.timeline_kept)
    workers = [
        *event_workers(NAME, database, relay, models.inbox),
        *replica_workers(NAME, database, USERS, users, models.reconciliation, settings),
        restrictions.worker("posts.restrictions", settings.reconcile_seconds),
        SUSPENSION.worker("posts.recounts", database),
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
        PeriodicWorker(
            "posts.comment_likes",
            threaded_step(database.write, comment_likes.remove_some),
            queue=models.comment_removals.name,
        ),
        PeriodicWorker("posts.reindexing", threaded_step(Reindexing(database).step), every=REINDEX_SECONDS),
        garbage.worker("posts.files", database, models.disposal, storage, purge),
        PeriodicWorker("posts.forget", threaded_step(database.write, retention.delete_expired, idempotency), every=600),
    ]

    app = create_service_app(
        NAME,
        settings,
        database=database,
        bus=bus,
        routers=[
            posts.router,
            likes.router,
            saves.router,
            comments.router,
            tags.router,
            photos.router,
            limits.router,
            internal.router,
        ],
        workers=workers,
        queues=[
            outbox.work_queue(models.outbox),
            USERS.purge.work_queue(),
            SUSPENSION.work_queue(),
            *(WorkQueue(each) for each in (models.pushes, models.rebuilds, models.removals, models.blank_comments)),
            WorkQueue(models.comment_removals),
            garbage.work_queue(models.disposal),
        ],
        clients=[auth, social],
        closing=[image_processor.close],
    )
    app.state.dependencies = Dependencies(
        database, storage, image_processor, idempotency, with_known_users, settings.storage_quota_mb * 1_000_000
    )
    return app
