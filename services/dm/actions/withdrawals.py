"""The purge of a deleted account: everything that no other user has received.

Rooms, messages and the photos in them stay: they belong to the other user as well.
"""

from functools import partial

from sqlalchemy import Connection, delete, false

from shared import idempotency
from shared.replication.pairs import purge_target
from shared.replication.purge import PurgePlan, PurgeTarget

from .. import events, models
from . import photos, search
from .people import PEOPLE


def _remove_settings(tx: Connection, user_id: int, _limit: int) -> bool:
    settings = models.message_settings
    tx.execute(delete(settings).where(settings.c.user_id == user_id))
    return False


WITHDRAWAL = PurgePlan(
    models.purges,
    hide=PEOPLE.tombstone,
    targets=[
        PurgeTarget([models.media.c.uploader_id], photos.remove_unsent_of, 1_000, models.media.c.sent == false()),
        purge_target(models.restrictions),
        PurgeTarget([models.searched_texts.c.user_id], search.remove_some_of, 1_000),
        PurgeTarget([models.message_settings.c.user_id], _remove_settings, 1),
        PurgeTarget(
            [models.idempotency_keys.c.owner_id], partial(idempotency.delete_some_of, models.idempotency_keys), 1_000
        ),
    ],
    announce=events.user_purged,
)
