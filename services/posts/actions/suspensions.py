"""What is left out of counters while an account is suspended, and counted again when it is reinstated."""

from shared.replication.recounting import RecountPlan, RecountTarget

from . import comment_likes, comments, likes, tags
from .people import RECOUNTS

SUSPENSION = RecountPlan(
    RECOUNTS,
    [
        RecountTarget(likes.switch_some_by, 150),
        RecountTarget(comments.switch_some_by, 50),  # each a few statements
        RecountTarget(comment_likes.switch_some_by, 150),
        RecountTarget(tags.switch_some_by, 10),  # posts, each with up to 30 tags
    ],
)
