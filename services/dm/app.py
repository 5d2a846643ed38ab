"""Creates the dm service from its parts."""

from functools import partial

from fastapi import FastAPI

from shared.background import PeriodicWorker, threaded_step
from shared.database.engine import Database
from shared.events import inbox, outbox
from shared.events.bus import Bus
from shared.events.outbox import Relay
from shared.files import garbage
from shared.files.storage_url import storage_from
from shared.idempotency import Idempotency
from shared.images import ImageProcessor
from shared.replication.pair_reconcile import PairReconciler
from shared.replication.source import WithKnownRecords
from shared.replication.workers import event_workers, replica_workers
from shared.security.service_calls import ServiceClient, Transport
from shared.web.application import create_service_app
from shared.websockets.hub import Hub

from . import models
from .actions import photos as uploads
from .actions import search as search_index
from .actions.restrictions import RESTRICTIONS
from .api import internal, message_settings, messages, own_side, photos, rooms, search, websocket
from .api.dependencies import Dependencies
from .clients import Posts, Social, restrictions_of, users_of
from .settings import Settings
from .signed_urls import UrlSigner
from .socket_notifier import SocketNotifier
from .subscriptions import BROADCAST_HANDLERS, HANDLERS, USERS, notify_sockets

NAME = "dm"


def create_app(settings: Settings, bus: Bus, transport: Transport | None = None) -> FastAPI:
    """The dm service, not yet running. `transport` is used for calls to other services, if given."""
    database = Database(settings.database_url, pool_size=settings.pool_size)
    auth = ServiceClient(NAME, settings.caller_key("auth"), "auth", settings.auth_url, transport)
    posts = ServiceClient(NAME, settings.caller_key("posts"), "posts", settings.posts_url, transport)
    social = ServiceClient(NAME, settings.caller_key("social"), "social", settings.social_url, transport)
    users = users_of(auth)
    restrictions = PairReconciler(NAME, database, RESTRICTIONS, restrictions_of(social))
    with_known_users = WithKnownRecords(database, USERS, users)
    idempotency = Idempotency(database, models.idempotency_keys)
    storage = storage_from(settings.storage_url)
    image_processor = ImageProcessor(settings.decoders, settings.decoders_waiting)

    relay = Relay(database, models.outbox, bus)
    inbox.subscribe_handlers(bus, NAME, database, models.inbox, HANDLERS)
    sockets = Hub(NAME, settings.sockets, settings.sockets_per_person)
    url_signer = UrlSigner(settings.key("photo links"))
    notifier = SocketNotifier(sockets, database, url_signer)
    bus.subscribe_ephemeral(NAME, list(BROADCAST_HANDLERS), partial(notify_sockets, notifier))

    workers = [
        *event_workers(NAME, database, relay, models.inbox),
        *replica_workers(NAME, database, USERS, users, models.reconciliation, settings),
        restrictions.worker("dm.restrictions", settings.reconcile_seconds),
        garbage.worker("dm.files", database, models.disposal, storage),
        PeriodicWorker("dm.uploads", threaded_step(database.write, uploads.delete_unsent), every=600),
        PeriodicWorker("dm.indexing", threaded_step(database.write, search_index.add_missing)),
        PeriodicWorker("dm.keys", threaded_step(database.write, idempotency.delete_expired), every=600),
    ]

    app = create_service_app(
        NAME,
        settings,
        database=database,
        bus=bus,
        routers=[
            rooms.router,
            own_side.router,
            messages.router,
            search.router,
            photos.router,
            message_settings.router,
            websocket.router,
            internal.router,
        ],
        workers=workers,
        queues=[
            outbox.work_queue(models.outbox),
            USERS.purge.work_queue(),
            garbage.work_queue(models.disposal),
        ],
        clients=[auth, social, posts],
        closing=[image_processor.close],
    )
    app.state.draining.on_start(sockets.drain)
    app.state.dependencies = Dependencies(
        database,
        idempotency,
        with_known_users,
        Social(social),
        Posts(posts),
        url_signer,
        storage,
        image_processor,
        notifier,
        bus,
    )
    return app
