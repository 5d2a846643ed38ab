"""What is purged when a user deletes their account."""

from functools import partial

from shared import idempotency
from shared.replication.pairs import purge_target
from shared.replication.purge import PurgePlan, PurgeTarget

from .. import events, models
from . import comment_likes, comments, likes, mentions, photos, post_cleanup, posts, saves
from .feed import follows, timelines
from .people import PEOPLE

WITHDRAWAL = PurgePlan(
    models.purges,
    hide=PEOPLE.tombstone,
    targets=[
        PurgeTarget([models.posts.c.author_id], posts.remove_some_by, 50),  # each with up to ten photos
        PurgeTarget([models.media.c.owner_id], photos.remove_some_by, 500),
        PurgeTarget([models.likes.c.person_id], likes.remove_some_by, 150),
        *(
            PurgeTarget([table.c.person_id], partial(mentions.remove_some_by, table), 1_000)
            for table in (models.post_mentions, models.comment_mentions)
        ),
        PurgeTarget([models.saves.c.person_id], saves.remove_some_by, 1_000),
        PurgeTarget([models.comment_likes.c.person_id], comment_likes.remove_some_by, 150),
        PurgeTarget([models.comments.c.author_id], comments.remove_some_by, 100),  # each a few statements
        PurgeTarget([models.follows.c.follower_id], follows.remove_some_by, 1_000),
        PurgeTarget([models.follows.c.followee_id], follows.remove_some_to, 1_000),
        purge_target(models.restrictions),
        # After the edges, because fan-out then copies nothing to this feed any more.
        PurgeTarget(
            [
                models.timeline.c.owner_id,
                models.feeds.c.owner_id,
                models.rebuilds.c.owner_id,
                models.popular.c.author_id,
            ],
            timelines.remove_some_of,
            1_000,
        ),
        PurgeTarget(
            [models.idempotency_keys.c.owner_id], partial(idempotency.delete_some_of, models.idempotency_keys), 1_000
        ),
    ],
    announce=events.user_purged,
    is_pending=post_cleanup.are_left,
)
