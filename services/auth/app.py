"""Creates the auth service from its parts."""

from fastapi import FastAPI

from shared.background import PeriodicWorker, threaded_step
from shared.database.engine import Database
from shared.events import inbox
from shared.events.bus import Bus
from shared.events.outbox import Relay
from shared.files import garbage
from shared.files.storage import storage_from
from shared.images.processor import ImageProcessor
from shared.replication.workers import event_workers
from shared.security.verifier import JwksClient, TokenVerifier
from shared.web.application import create_service_app

from . import models
from .actions import claims, keys, retention, withdrawals
from .actions.reindexing import Reindexing
from .api import accounts, internal, people, sessions
from .api.dependencies import Dependencies
from .passwords import Passwords
from .settings import Settings
from .subscriptions import HANDLERS
from .tokens import SIGNING_KEYS, KeyCipher, TokenIssuer

NAME = "auth"
# Seconds. Only a release without the index leaves anything to correct.
REINDEXED_EVERY = 86_400


def create_app(settings: Settings, bus: Bus) -> FastAPI:
    """The auth service, not yet running."""
    database = Database(settings.database_url, pool_size=settings.pool_size)
    passwords = Passwords(settings.argon2_memory_kib, settings.argon2_iterations)
    token_issuer = TokenIssuer(settings.token_issuer, settings.token_audience, settings.access_token_seconds)
    storage = storage_from(settings.storage_url)
    image_processor = ImageProcessor(settings.decoders, settings.decoders_waiting)
    cipher = KeyCipher(settings.key(SIGNING_KEYS))

    relay = Relay(database, models.outbox, bus)
    inbox.subscribe_handlers(bus, NAME, database, models.inbox, HANDLERS)

    def load_keys() -> bool:
        token_issuer.load(database.write(keys.have_keys, cipher))
        return False

    workers = [
        PeriodicWorker("auth.keys", threaded_step(load_keys), every=keys.RELOADED_EVERY),
        *event_workers(NAME, database, relay, models.inbox),
        PeriodicWorker("auth.withdrawals", threaded_step(database.write, withdrawals.ask_again), every=60),
        garbage.worker("auth.files", database, models.disposal, storage),
        PeriodicWorker(
            "auth.housekeeping",
            threaded_step(database.write, retention.forget_old, cipher, settings.access_token_seconds * 1_000),
            every=600,
        ),
        PeriodicWorker(
            "auth.looks", threaded_step(database.write, claims.claim_skeletons, settings.key("handles")), every=3600
        ),
        PeriodicWorker("auth.reindexing", threaded_step(Reindexing(database).step), every=REINDEXED_EVERY),
    ]

    app = create_service_app(
        NAME,
        settings,
        database=database,
        bus=bus,
        routers=[accounts.router, sessions.router, people.router, internal.router],
        workers=workers,
        closing=[passwords.close, image_processor.close],
    )
    app.state.verifier = TokenVerifier(
        JwksClient(token_issuer.key_set), issuer=settings.token_issuer, audience=settings.token_audience
    )
    app.state.dependencies = Dependencies(settings, database, passwords, token_issuer, storage, image_processor)
    return app
