"""What is purged when a user deletes their account."""

from shared.replication.pairs import purge_target
from shared.replication.purge import PurgePlan, PurgeTarget

from .. import events, models
from . import follows
from .people import PEOPLE

WITHDRAWAL = PurgePlan(
    models.purges,
    hide=PEOPLE.tombstone,
    targets=[
        PurgeTarget([models.follows.c.follower_id, models.follows.c.followee_id], follows.remove_some_of, 500),
        purge_target(models.restrictions),
    ],
    announce=events.user_purged,
)
