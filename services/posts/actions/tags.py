"""Tags of posts, and how many posts have each: counted in the transaction that changes them.

Who changes the tags of a post has locked its row, or has inserted or deleted it. Counters are locked last, in their
order.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from functools import cache

from sqlalchemy import Connection, Insert, delete, func, insert, literal, select, union_all, update

from shared.database.statements import upsert_statement

from .. import models
from .counters import shard_of

CHUNK_TAGS = 10
_tags, _counters, _posts = models.post_tags.c, models.tag_counters.c, models.posts.c
Change = Mapping[tuple[str, int], int]
"""What is added to the counter of a tag, by the tag and the shard."""


def write(tx: Connection, post_id: int, author_id: int, tags: Collection[str], *, hidden: bool = False) -> None:
    """Give the post these tags and no others. Those of a suspended account are not counted."""
    wanted = set(tags)
    there = {row.tag: row for row in tx.execute(select(models.post_tags).where(_tags.post_id == post_id))}
    change: Counter[tuple[str, int]] = Counter()
    if former := there.keys() - wanted:
        tx.execute(delete(models.post_tags).where(_tags.post_id == post_id, _tags.tag.in_(former)))
        change.subtract((tag, there[tag].slot) for tag in former if not there[tag].uncounted)
    if new := sorted(wanted - there.keys()):
        slot = shard_of(author_id)
        own = {"post_id": post_id, "slot": slot, "uncounted": hidden or None}
        tx.execute(insert(models.post_tags), [{"tag": tag, **own} for tag in new])
        if not hidden:
            change.update((tag, slot) for tag in new)
    _count(tx, change)


def remove_of(tx: Connection, post_ids: Collection[int]) -> None:
    """Remove the tags of deleted posts."""
    theirs = _tags.post_id.in_(post_ids)
    rows = tx.execute(select(_tags.tag, _tags.slot, _tags.uncounted).where(theirs).with_for_update()).all()
    if rows:
        tx.execute(delete(models.post_tags).where(theirs))
        counted = Counter((row.tag, row.slot) for row in rows if not row.uncounted)
        _count(tx, {key: -number for key, number in counted.items()})


def switch_some_by(tx: Connection, person_id: int, after: int, chunk: int, hidden: bool) -> int | None:
    """Leave the tags of some posts of this user out of the counters, or count them again (Switch)."""
    some = select(_posts.id).where(_posts.author_id == person_id, _posts.id > after)
    post_ids = list(tx.execute(some.order_by(_posts.id).limit(chunk).with_for_update()).scalars())
    if not post_ids:
        return None
    unlike = _tags.uncounted.is_not(True) if hidden else _tags.uncounted.is_(True)
    these = _tags.post_id.in_(post_ids) & unlike
    switched = Counter((row.tag, row.slot) for row in tx.execute(select(_tags.tag, _tags.slot).where(these)))
    tx.execute(update(models.post_tags).where(these).values(uncounted=hidden))
    _count(tx, {key: -number if hidden else number for key, number in switched.items()})
    return int(post_ids[-1])


def recount_some(tx: Connection, after: str) -> tuple[str | None, list[str]]:
    """Count the posts of the next tags. Returns the last tag, or None, and those of which the counter was wrong.

    Also removes the tags of posts that are gone: a release that did not know tags may have deleted these.
    """
    of_posts = select(_tags.tag).where(_tags.tag > after).distinct().order_by(_tags.tag).limit(CHUNK_TAGS)
    counted = select(_counters.tag).where(_counters.tag > after).distinct().order_by(_counters.tag).limit(CHUNK_TAGS)
    names = sorted({*tx.execute(of_posts).scalars(), *tx.execute(counted).scalars()})[:CHUNK_TAGS]
    # Whoever counts waits for this lock, or has committed: the statement below sees each post with its counter.
    lock = select(_counters.slot).where(_counters.tag.in_(names)).order_by(_counters.tag, _counters.slot)
    tx.execute(lock.with_for_update()).all()
    _remove_orphans(tx, names)
    wrong = _wrong(tx, names)
    _count(tx, wrong)
    return (names[-1] if len(names) == CHUNK_TAGS else None), sorted({tag for tag, _ in wrong})


def _remove_orphans(tx: Connection, names: Collection[str]) -> None:
    orphans = select(_tags.post_id).outerjoin(models.posts, _posts.id == _tags.post_id)
    gone = tx.execute(orphans.where(_tags.tag.in_(names), _posts.id.is_(None)).distinct()).scalars().all()
    if gone:
        tx.execute(delete(models.post_tags).where(_tags.tag.in_(names), _tags.post_id.in_(gone)))


def _wrong(tx: Connection, names: Collection[str]) -> dict[tuple[str, int], int]:
    """What the counters of these tags lack, by one statement."""
    stored = select(_counters.tag, _counters.slot, (-_counters.posts).label("number"))
    right = select(_tags.tag, _tags.slot, literal(1).label("number")).where(_tags.uncounted.is_not(True))
    each = union_all(stored.where(_counters.tag.in_(names)), right.where(_tags.tag.in_(names))).subquery()
    missing = func.sum(each.c.number)
    differing = select(each.c.tag, each.c.slot, missing.label("missing")).group_by(each.c.tag, each.c.slot)
    return {(row.tag, row.slot): int(row.missing) for row in tx.execute(differing.having(missing != 0))}


def _count(tx: Connection, change: Change) -> None:
    fewer: list[tuple[str, int]] = []
    for (tag, slot), number in sorted(change.items()):
        if number > 0:
            tx.execute(_counting(tx.dialect.name), {"tag": tag, "slot": slot, "posts": number})
        elif number < 0:
            this = (_counters.tag == tag) & (_counters.slot == slot)
            tx.execute(update(models.tag_counters).where(this).values(posts=_counters.posts + number))
            fewer.append((tag, slot))
    for slot in sorted({slot for _, slot in fewer}):
        mine = _counters.tag.in_([tag for tag, of in fewer if of == slot])
        tx.execute(delete(models.tag_counters).where(mine, _counters.slot == slot, _counters.posts == 0))


@cache  # building the statement takes as long as executing it
def _counting(dialect: str) -> Insert:
    return upsert_statement(dialect, models.tag_counters, lambda new: {"posts": _counters.posts + new.posts})
