"""Reads of social. Each takes a connection and changes nothing."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Row, Select, and_, exists, select

from shared import ids
from shared.errors import NotFound, Unauthenticated
from shared.pagination import Page, PageRequest
from shared.replication.projections import UnknownRecords, is_shown

from . import models

_restrictions = models.restrictions.c
MAX_SOME = 3
"""Users who are named in a profile because the viewer follows them, and they follow its user."""
_SOME = PageRequest(MAX_SOME, None)


def followers(connection: Connection, person_id: int, viewer: int | None, page: PageRequest) -> Page:
    """Who follows this user, newest first. Raises as `_present` does."""
    _present(connection, person_id, viewer)
    edges = models.follows.c
    return _listed(connection, edges.followee_id, person_id, edges.follower_id, page, viewer)


def following(connection: Connection, person_id: int, viewer: int | None, page: PageRequest) -> Page:
    """Whom this user follows, newest first. Raises as `_present` does."""
    _present(connection, person_id, viewer)
    edges = models.follows.c
    return _listed(connection, edges.follower_id, person_id, edges.followee_id, page, viewer)


def common_followers(connection: Connection, person_id: int, viewer: int, page: PageRequest) -> Page:
    """Whom of those that the viewer follows follow this user: whom the viewer followed last comes first.

    Reads the viewer's edges, however many followers the user has. Raises as `_present` does.
    """
    _present(connection, person_id, viewer)
    return _common_followers(connection, person_id, viewer, page)


def _common_followers(connection: Connection, person_id: int, viewer: int, page: PageRequest) -> Page:
    mine, theirs, people = models.follows, models.follows.alias("theirs"), models.people.c
    same = and_(theirs.c.follower_id == mine.c.followee_id, theirs.c.followee_id == person_id)
    statement = (
        select(mine.c.id.label("edge_id"), people.id, people.nickname, people.name, people.avatar_url)
        .prefix_with("STRAIGHT_JOIN", dialect="mysql")  # starts with the edges whose order is that of the result
        .with_hint(mine, "FORCE INDEX (follows_by_follower)", "mysql")
        .select_from(mine)
        .join(theirs, same)
        .join(models.people, people.id == mine.c.followee_id)
        .where(mine.c.follower_id == viewer, is_shown(models.people))
        .order_by(mine.c.id.desc())
    )
    return _page(connection, statement, mine.c.id, page)


def own_followers(connection: Connection, person_id: int, page: PageRequest) -> Page:
    """The same as `followers`, for the user's export: also of a suspended account."""
    edges = models.follows.c
    return _listed(connection, edges.followee_id, person_id, edges.follower_id, page)


def own_following(connection: Connection, person_id: int, page: PageRequest) -> Page:
    """The same as `following`, for the user's export: also of a suspended account."""
    edges = models.follows.c
    return _listed(connection, edges.follower_id, person_id, edges.followee_id, page)


def counts(connection: Connection, person_id: int, viewer: int | None) -> dict[str, int]:
    """Raises as `_present` does."""
    person = _present(connection, person_id, viewer)
    return {"followers_count": person.followers_count, "following_count": person.following_count}


def counts_of_profile(connection: Connection, person_id: int, viewer: int | None) -> dict[str, Any]:
    """The same, with the first of `common_followers` for a viewer who is signed in. Raises as `_present` does.

    It is one statement more, which reads at most as many edges as the viewer follows users.
    """
    found = counts(connection, person_id, viewer)
    some = None if viewer is None else _common_followers(connection, person_id, viewer, _SOME).items
    return {**found, "followed_by_some": some}


def is_following(connection: Connection, follower_id: int, followee_id: int) -> bool:
    edges = models.follows.c
    statement = select(edges.id).where(edges.follower_id == follower_id, edges.followee_id == followee_id)
    return connection.execute(statement).first() is not None


def relation(connection: Connection, one_id: int, other_id: int) -> dict[str, Any]:
    """The relation of a user to one other whose account is not deleted."""
    return _relations(connection, one_id, [other_id])[0]


def relations(connection: Connection, one_id: int, other_ids: Sequence[int]) -> list[dict[str, Any]]:
    """The relation of a user to each of these, in their order.

    There is none to unknown users and deleted accounts, and only blocks and mutes of suspended ones. Raises
    Unauthenticated if that of the user who asks is one of these.
    """
    _require_present(connection, one_id)
    return _relations(connection, one_id, other_ids)


def _relations(connection: Connection, one_id: int, other_ids: Sequence[int]) -> list[dict[str, Any]]:
    edges = models.follows.c
    following = _among(connection, edges.follower_id, one_id, edges.followee_id, other_ids)
    followed_by = _among(connection, edges.followee_id, one_id, edges.follower_id, other_ids)
    theirs = (_restrictions.person_id == one_id) & _restrictions.other_id.in_(other_ids)
    known = select(models.restrictions).join(models.people, models.people.c.id == _restrictions.other_id)
    rows = connection.execute(known.where(theirs, models.people.c.deleted.is_(False))).all()
    blocked = {row.other_id for row in rows if row.block_id is not None}
    muted = {row.other_id for row in rows if row.mute_id is not None}
    return [
        {
            "user_id": ids.encode(each),
            "following": each in following,
            "followed_by": each in followed_by,
            "blocking": each in blocked,
            "muting": each in muted,
        }
        for each in other_ids
    ]


def is_blocking(connection: Connection, one_id: int, other_id: int) -> bool:
    """Whether the one blocks the other."""
    this = (_restrictions.person_id == one_id) & (_restrictions.other_id == other_id)
    return connection.execute(select(_restrictions.block_id).where(this)).scalar_one_or_none() is not None


def blocks(connection: Connection, person_id: int, page: PageRequest) -> Page:
    """Whom this user blocks, newest first, also suspended accounts. Raises Unauthenticated as `relations` does."""
    _require_present(connection, person_id)
    return own_blocks(connection, person_id, page)


def mutes(connection: Connection, person_id: int, page: PageRequest) -> Page:
    """Whom this user mutes, newest first, also suspended accounts. Raises Unauthenticated as `relations` does."""
    _require_present(connection, person_id)
    return own_mutes(connection, person_id, page)


def own_blocks(connection: Connection, person_id: int, page: PageRequest) -> Page:
    """The same as `blocks`, for the user's export: also of a suspended account."""
    return _restricted(connection, person_id, _restrictions.block_id, "restrictions_by_block", page)


def own_mutes(connection: Connection, person_id: int, page: PageRequest) -> Page:
    """The same as `mutes`, for the user's export: also of a suspended account."""
    return _restricted(connection, person_id, _restrictions.mute_id, "restrictions_by_mute", page)


def user_absent() -> Unauthenticated:
    """The error for a token that has not expired although its account is deleted or suspended."""
    return Unauthenticated("invalid_token", "This account has been deleted or suspended.")


def is_absent(person: Row[Any]) -> bool:
    """Whether the account is deleted or suspended."""
    return bool(person.deleted or person.hidden)


def user_not_found() -> NotFound:
    return NotFound("not_found", "There is no such user.")


def _person(connection: Connection, person_id: int) -> Row[Any] | None:
    return connection.execute(select(models.people).where(models.people.c.id == person_id)).one_or_none()


def _require_present(connection: Connection, person_id: int) -> None:
    """Raises Unauthenticated for the deleted or suspended account of the user who asks."""
    person = _person(connection, person_id)
    if person is not None and is_absent(person):
        raise user_absent()


def _present(connection: Connection, person_id: int, viewer: int | None) -> Row[Any]:
    """The user as the viewer may see them.

    Raises UnknownRecords, or NotFound for a deleted or suspended account, and for a user who blocks the viewer.
    """
    person = _person(connection, person_id)
    if person is None:
        raise UnknownRecords(person_id, otherwise=user_not_found())
    if is_absent(person) or (viewer is not None and is_blocking(connection, person_id, viewer)):
        raise user_not_found()
    return person


def _apart(viewer: int, person_id: Column[int]) -> ColumnElement[bool]:
    """Whether neither of the two blocks the other."""
    by_viewer, by_other = models.restrictions.alias("by_viewer"), models.restrictions.alias("by_other")
    blocked = select(by_viewer.c.block_id).where(
        by_viewer.c.person_id == viewer, by_viewer.c.other_id == person_id, by_viewer.c.block_id.is_not(None)
    )
    blocking = select(by_other.c.block_id).where(
        by_other.c.person_id == person_id, by_other.c.other_id == viewer, by_other.c.block_id.is_not(None)
    )
    # With the hint, because MySQL may first collect all whom the viewer blocks, or all who block the viewer.
    hint = "/*+ NO_SEMIJOIN() */"
    return and_(*(~exists(each.prefix_with(hint, dialect="mysql")) for each in (blocked, blocking)))


def _listed(
    connection: Connection,
    mine: Column[int],
    person_id: int,
    theirs: Column[int],
    page: PageRequest,
    viewer: int | None = None,
) -> Page:
    """One page of the users at the other end of the edges, without those whom the viewer blocks, or who block them."""
    edges, people = models.follows.c, models.people.c
    in_order = "follows_by_follower" if mine is edges.follower_id else "follows_by_followee"
    statement = (
        select(edges.id.label("edge_id"), people.id, people.nickname, people.name, people.avatar_url)
        # Without the hint MySQL reads all edges of a user by the index on the pair, and sorts them for each page.
        .with_hint(models.follows, f"FORCE INDEX ({in_order})", "mysql")
        .join(models.people, people.id == theirs)
        .where(mine == person_id, is_shown(models.people))
        .order_by(edges.id.desc())
    )
    if viewer is not None:
        statement = statement.where(_apart(viewer, theirs))
    return _page(connection, statement, edges.id, page)


def _restricted(connection: Connection, person_id: int, kind: Column[int], index: str, page: PageRequest) -> Page:
    """One page of the users whom this one blocks, or mutes."""
    people = models.people.c
    statement = (
        select(kind.label("edge_id"), people.id, people.nickname, people.name, people.avatar_url)
        .with_hint(models.restrictions, f"FORCE INDEX ({index})", "mysql")
        .join(models.people, people.id == _restrictions.other_id)
        .where(_restrictions.person_id == person_id, kind > 0, people.deleted.is_(False))
        .order_by(kind.desc())
    )
    return _page(connection, statement, kind, page)


def _page(connection: Connection, statement: Select[Any], key: Column[int], page: PageRequest) -> Page:
    """One page of users; `key` is the column whose descending values are the order."""
    if page.after is not None:
        statement = statement.where(key < page.after[0])
    rows: Sequence[Any] = connection.execute(statement.limit(page.limit + 1)).all()
    return Page.of(rows, page, user_ref_json, lambda row: (row.edge_id,))


def _among(
    connection: Connection,
    mine: Column[int],
    person_id: int,
    theirs: Column[int],
    other_ids: Sequence[int],
) -> set[int]:
    """Which of these users are at the other end of an edge; by the unique index on the pair."""
    people = models.people.c
    statement = (
        select(theirs)
        .join(models.people, people.id == theirs)
        .where(mine == person_id, theirs.in_(other_ids), is_shown(models.people))
    )
    return set(connection.execute(statement).scalars())


def user_ref_json(row: Any) -> dict[str, Any]:
    """A user as lists show them; deleted accounts are in none."""
    return {
        "id": ids.encode(row.id),
        "nickname": row.nickname,
        "name": row.name,
        "avatar_url": row.avatar_url,
        "deleted": False,
    }
