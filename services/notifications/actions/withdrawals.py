"""What is purged when a user deletes their account."""

from shared.replication.pairs import purge_target
from shared.replication.purge import PurgePlan, PurgeTarget

from .. import events, models
from . import causes, groups, preferences, push_subscriptions
from .people import PEOPLE

WITHDRAWAL = PurgePlan(
    models.purges,
    hide=PEOPLE.tombstone,
    targets=[
        PurgeTarget([models.causes.c.recipient_id], causes.remove_some_of, 1_000),
        PurgeTarget([models.notifications.c.recipient_id], groups.remove_some_of, 1_000),
        PurgeTarget([models.causes.c.actor_id], causes.remove_some_by, 100),  # each in another notification
        PurgeTarget([models.preferences.c.person_id], preferences.remove_some_of, 100),
        PurgeTarget([models.push_subscriptions.c.person_id], push_subscriptions.remove_some_of, 100),
        purge_target(models.restrictions),
    ],
    announce=events.user_purged,
)
