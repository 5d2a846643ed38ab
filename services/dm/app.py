"""Wires the dm service together; read from top to bottom."""

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
from shared.websockets.hub import OpenSockets

from . import models
from .actions import photos as uploads
from .actions.withdrawals import WITHDRAWAL
from .api import messages, photos, rooms, websocket
from .api.dependencies import Dependencies
from .clients import Auth, Posts
from .settings import Settings
from .signed_urls import UrlSigner
from .subscriptions import BROADCAST_HANDLERS, HANDLERS, SocketNotifier

NAME = "dm"


def create_app(settings: Settings, bus: Bus, transport: httpx.AsyncBaseTransport | None = None) -> FastAPI:
    """The dm service, not yet running. `transport` stands in for the way to its neighbours."""
    database = Database(settings.database_url, pool_size=settings.pool_size)
    to_auth = Neighbour(NAME, settings.caller_key("auth"), "auth", settings.auth_url, transport)
    to_posts = Neighbour(NAME, settings.caller_key("posts"), "posts", settings.posts_url, transport)
    auth = Auth(to_auth)
    idempotency = Idempotency(database, models.idempotency_keys)
    storage = storage_from(settings.storage_url)
    darkroom = Darkroom(settings.decoders, settings.decoders_waiting)

    relay = Relay(database, models.outbox, bus)
    inbox.listen(bus, NAME, database, models.inbox, HANDLERS)
    sockets = OpenSockets(NAME, settings.sockets, settings.sockets_per_person)
    url_signer = UrlSigner(settings.key("photo links"))
    bus.overhear(NAME, list(BROADCAST_HANDLERS), SocketNotifier(sockets, database, url_signer).on_event)

    reconciler = Reconciler(NAME, database, WITHDRAWAL, models.reconciliation, auth.withdrawals)
    last_sweep_after = (settings.access_token_seconds + 60) * clock.SECOND
    workers = [
        relay.worker("dm.relay"),
        WITHDRAWAL.worker("dm.purge", database, last_sweep_after),
        Worker("dm.reconcile", reconciler.step, every=settings.reconcile_seconds),
        garbage.worker("dm.files", database, models.disposal, storage),
        Worker("dm.uploads", in_thread(database.write, uploads.forget_unsent), every=600),
        Worker("dm.keys", in_thread(database.write, idempotency.forget_old), every=600),
        Worker("dm.inbox", in_thread(database.write, inbox.forget_old, models.inbox), every=600),
        Worker("dm.outbox", in_thread(database.write, relay.forget_old), every=600),
    ]

    app = build(
        NAME,
        settings,
        database=database,
        bus=bus,
        routers=[rooms.router, messages.router, photos.router, websocket.router],
        workers=workers,
        neighbours=[to_auth, to_posts],
        closing=[darkroom.close],
    )
    app.state.dependencies = Dependencies(
        database, idempotency, auth, Posts(to_posts), url_signer, storage, darkroom, sockets
    )
    return app
