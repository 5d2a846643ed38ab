"""Creates the auth service from its parts."""

from fastapi import FastAPI

from shared.background import PeriodicWorker, threaded_step
from shared.database.commit_watch import commit_watchers
from shared.database.engine import Database
from shared.database.queues import WorkQueue, earliest
from shared.events import inbox, outbox
from shared.events.bus import Bus
from shared.events.outbox import Relay
from shared.files import garbage
from shared.files.cdn import purge_from
from shared.files.storage_url import storage_from
from shared.images.processor import ImageProcessor
from shared.mail import queue as mail_queue
from shared.mail.queue import MailQueue
from shared.replication.pair_reconcile import PairReconciler, PairSource
from shared.replication.workers import event_workers
from shared.security.service_calls import ServiceClient, Transport
from shared.security.verifier import JwksClient, TokenVerifier
from shared.web.application import create_service_app

from . import models, queries
from .actions import claims, exports, keys, password_resets, restrictions, retention, withdrawal_records, withdrawals
from .actions.reindexing import Reindexing
from .api import (
    accounts,
    email_confirmation,
    identities,
    internal,
    moderation,
    passkeys,
    password_reset,
    people,
    providers,
    reports,
    second_factor,
    sessions,
    sign_ups,
)
from .api import exports as export_routes
from .api.dependencies import Dependencies, mail_writer_of
from .clients import ContentReader, Exporter, Jobs
from .openid_client import OpenIdClient
from .passwords import Passwords
from .settings import Settings
from .subscriptions import HANDLERS
from .tokens import SIGNING_KEYS, KeyCipher, TokenIssuer

NAME = "auth"
# Seconds. Only rows written by a release without the index need correction.
REINDEX_SECONDS = 86_400
# Seconds. Only a restored backup leaves anything to repeat, and the service starts after that.
REPEAT_SECONDS = 86_400


def create_app(settings: Settings, bus: Bus, transport: Transport | None = None) -> FastAPI:
    """The auth service, not yet running."""
    database = Database(settings.database_url, pool_size=settings.pool_size)
    passwords = Passwords(settings.argon2_memory_kib, settings.argon2_iterations)
    token_issuer = TokenIssuer(settings.token_issuer, settings.token_audience, settings.access_token_seconds)
    storage = storage_from(settings.storage_url)
    purge = purge_from(NAME, settings, "/api/v1/avatars")
    image_processor = ImageProcessor(settings.decoders, settings.decoders_waiting)
    cipher = KeyCipher(settings.key(SIGNING_KEYS))
    urls = {
        "social": settings.social_url,
        "posts": settings.posts_url,
        "dm": settings.dm_url,
        "notifications": settings.notifications_url,
    }
    others = {name: ServiceClient(NAME, settings.caller_key(name), name, url, transport) for name, url in urls.items()}

    openid_client = OpenIdClient(settings.identity_providers, allow_http=settings.environment != "production")

    relay = Relay(database, models.outbox, bus)
    inbox.subscribe_handlers(bus, NAME, database, models.inbox, HANDLERS)

    def load_keys() -> bool:
        token_issuer.load(database.write(keys.load_or_create_keys, cipher))
        return False

    mail_writer = mail_writer_of(settings)
    mails = MailQueue(
        database, models.mails, lambda row: database.read(mail_writer.write, row), settings.mail_transport
    )

    workers = [
        PeriodicWorker("auth.keys", threaded_step(load_keys), every=keys.RELOAD_SECONDS),
        *event_workers(NAME, database, relay, models.inbox),
        *commit_watchers(
            "auth.commands", database, [models.outbox, models.exports, models.mails, models.reset_requests]
        ),
        PeriodicWorker("auth.withdrawals", threaded_step(database.write, withdrawals.announce_again), every=60),
        PeriodicWorker(
            "auth.records",
            threaded_step(withdrawal_records.record_some, database, storage),
            queue=models.unrecorded_withdrawals.name,
        ),
        PeriodicWorker(
            "auth.recorded", threaded_step(withdrawal_records.repeat_at_start, database, storage), every=REPEAT_SECONDS
        ),
        PeriodicWorker(
            "auth.unpurged",
            threaded_step(database.write, restrictions.remove_some),
            queue=models.unpurged_restrictions.name,
        ),
        PairReconciler(
            NAME, database, restrictions.RESTRICTIONS, PairSource(others["social"], "/internal/restrictions")
        ).worker("auth.restrictions", settings.reconcile_seconds),
        PeriodicWorker(
            "auth.exports",
            Exporter(export_jobs(database), storage, others).step,
            queue=models.exports.name,
            due=threaded_step(database.read, earliest, models.exports.c.due_at),
        ),
        PeriodicWorker(
            "auth.resets", threaded_step(password_resets.send_some, database), queue=models.reset_requests.name
        ),
        mails.worker("auth.mails"),
        garbage.worker("auth.files", database, models.disposal, storage, purge),
        PeriodicWorker(
            "auth.housekeeping",
            threaded_step(database.write, retention.delete_expired, cipher, settings.access_token_seconds * 1_000),
            every=600,
        ),
        PeriodicWorker(
            "auth.looks", threaded_step(database.write, claims.claim_skeletons, settings.key("handles")), every=3600
        ),
        PeriodicWorker("auth.reindexing", threaded_step(Reindexing(database).step), every=REINDEX_SECONDS),
    ]

    app = create_service_app(
        NAME,
        settings,
        database=database,
        bus=bus,
        routers=[
            accounts.router,
            sessions.router,
            second_factor.router,
            passkeys.router,
            providers.router,
            identities.router,
            email_confirmation.router,
            password_reset.router,
            people.router,
            moderation.router,
            reports.router,
            sign_ups.public_router,
            sign_ups.router,
            internal.router,
            export_routes.router,
        ],
        workers=workers,
        queues=[
            outbox.work_queue(models.outbox),
            garbage.work_queue(models.disposal),
            withdrawals.work_queue(),
            exports.work_queue(),
            password_resets.work_queue(),
            mail_queue.work_queue(models.mails),
            WorkQueue(models.unrecorded_withdrawals),
            WorkQueue(models.unpurged_restrictions),
        ],
        clients=[*others.values(), openid_client],
        closing=[passwords.close, image_processor.close],
    )
    app.state.verifier = TokenVerifier(
        JwksClient(token_issuer.key_set), issuer=settings.token_issuer, audience=settings.token_audience
    )
    app.state.dependencies = Dependencies(
        settings, database, passwords, token_issuer, storage, image_processor, openid_client, ContentReader(others)
    )
    return app


def export_jobs(database: Database) -> Jobs:
    """The exports in this database."""
    return Jobs(
        claim=lambda: database.write(exports.claim),
        extend=lambda held: database.write(exports.extend, held),
        finish=lambda held: database.write(exports.finish, held),
        own_data=lambda account_id: database.read(queries.own_data, account_id),
    )
