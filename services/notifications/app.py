"""Creates the notifications service from its parts."""

from fastapi import FastAPI

from shared.background import PeriodicWorker, threaded_step
from shared.database.engine import Database
from shared.database.queues import WorkQueue
from shared.events import inbox, outbox
from shared.events.bus import Bus
from shared.events.outbox import Relay
from shared.push.client import PushClient
from shared.replication.pair_reconcile import PairReconciler
from shared.replication.source import WithKnownRecords
from shared.replication.workers import event_workers, replica_workers
from shared.security.service_calls import ServiceClient, Transport
from shared.web.application import create_service_app

from . import models
from .actions import push_subscriptions, pushes, removals, restrictions, retention
from .actions.suspensions import SUSPENSION
from .api import internal, notifications, push
from .api import settings as settings_routes
from .api.dependencies import Dependencies
from .clients import Posts, restrictions_of, users_of
from .push_sender import PushSender
from .settings import Settings
from .subscriptions import HANDLERS, USERS

NAME = "notifications"


def create_app(settings: Settings, bus: Bus, transport: Transport | None = None) -> FastAPI:
    """The notifications service, not yet running. `transport` is used for calls to other services, if given."""
    database = Database(settings.database_url, pool_size=settings.pool_size)
    auth = ServiceClient(NAME, settings.caller_key("auth"), "auth", settings.auth_url, transport)
    social = ServiceClient(NAME, settings.caller_key("social"), "social", settings.social_url, transport)
    posts = ServiceClient(NAME, settings.caller_key("posts"), "posts", settings.posts_url, transport)
    users = users_of(auth)
    pairs = PairReconciler(NAME, database, restrictions.RESTRICTIONS, restrictions_of(social))

    push_client = PushClient(settings.vapid_key, local_ca=settings.push_local_ca)
    push_sender = PushSender(database, push_client)

    relay = Relay(database, models.outbox, bus)
    inbox.subscribe_handlers(bus, NAME, database, models.inbox, HANDLERS)

    workers = [
        *event_workers(NAME, database, relay, models.inbox),
        *replica_workers(NAME, database, USERS, users, models.reconciliation, settings),
        pairs.worker("notifications.restrictions", settings.reconcile_seconds),
        SUSPENSION.worker("notifications.recounts", database),
        removals.REMOVAL.worker("notifications.removals", database, removals.LAST_SWEEP_MS),
        PeriodicWorker(
            "notifications.reviews",
            threaded_step(database.write, restrictions.review_some),
            queue=models.reviews.name,
        ),
        PeriodicWorker("notifications.expired", threaded_step(database.write, retention.delete_expired), every=600),
        PeriodicWorker(
            "notifications.expired_subscriptions",
            threaded_step(database.write, push_subscriptions.delete_expired),
            every=3_600,
        ),
        push_sender.worker(),
    ]

    app = create_service_app(
        NAME,
        settings,
        database=database,
        bus=bus,
        routers=[notifications.router, settings_routes.router, push.router, internal.router],
        workers=workers,
        queues=[
            outbox.work_queue(models.outbox),
            USERS.purge.work_queue(),
            SUSPENSION.work_queue(),
            removals.REMOVAL.work_queue(),
            WorkQueue(models.reviews),
            pushes.QUEUE,
        ],
        clients=[auth, social, posts, push_sender],
    )
    app.state.dependencies = Dependencies(database, WithKnownRecords(database, USERS, users), Posts(posts), push_client)
    return app
