"""What has to be done after an older backup of social's database was restored."""

from sqlalchemy import Connection, exists, select, update

from shared.database.engine import Database

from .. import events, models

# Added to the versions of each user: more than the changes that were lost, so that the other services, which have seen
# them, take what is restored for newer.
VERSION_STEP = 1_000_000
_people, _follows = models.people.c, models.follows.c


def announce_all_follows(database: Database) -> int:
    """Publish all edges of each user, as a newer version. Returns how many users follow anybody."""
    after, announced = 0, 0
    while (user_id := database.write(_announce_next, after)) is not None:
        after, announced = user_id, announced + 1
    return announced


def raise_restriction_versions(tx: Connection, after: int, chunk: int = 1_000) -> int | None:
    """Let what the next users restrict be newer than what other services know: they compare it with the list.

    Returns the last of the users, or None if there are no more.
    """
    user_ids = list(
        tx.execute(select(_people.id).where(_people.id > after).order_by(_people.id).limit(chunk)).scalars()
    )
    version = _people.restrictions_version + VERSION_STEP
    tx.execute(update(models.people).where(_people.id.in_(user_ids)).values(restrictions_version=version))
    return user_ids[-1] if len(user_ids) == chunk else None


def _announce_next(tx: Connection, after: int) -> int | None:
    """One user in each transaction, who follows at most some thousands."""
    # Not by the count, which leaves out suspended accounts.
    follows_somebody = exists().where(_follows.follower_id == _people.id)
    users = select(models.people).where(_people.id > after, _people.deleted.is_(False), follows_somebody)
    user = tx.execute(users.order_by(_people.id).limit(1).with_for_update()).one_or_none()
    if user is None:
        return None
    version = user.following_version + VERSION_STEP
    tx.execute(update(models.people).where(_people.id == user.id).values(following_version=version))
    for followee_id in tx.execute(select(_follows.followee_id).where(_follows.follower_id == user.id)).scalars():
        events.user_followed(tx, user.id, followee_id, version)
    return int(user.id)
