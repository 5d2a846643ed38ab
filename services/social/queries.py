"""Reads of social. Each takes a connection and changes nothing."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, Connection, Row, select

from shared import ids
from shared.errors import NotFound, Unauthenticated
from shared.pagination import Page, PageRequest
from shared.replication.projections import UnknownRecords

from . import models


def followers(connection: Connection, person_id: int, page: PageRequest) -> Page:
    """Who follows this user, newest first. Raises UnknownRecords, or NotFound for a deleted account."""
    _present(connection, person_id)
    edges = models.follows.c
    return _listed(connection, edges.followee_id, person_id, edges.follower_id, page)


def following(connection: Connection, person_id: int, page: PageRequest) -> Page:
    """Whom this user follows, newest first. Raises UnknownRecords, or NotFound for a deleted account."""
    _present(connection, person_id)
    edges = models.follows.c
    return _listed(connection, edges.follower_id, person_id, edges.followee_id, page)


def counts(connection: Connection, person_id: int) -> dict[str, int]:
    """Raises UnknownRecords, or NotFound for a deleted account."""
    person = _present(connection, person_id)
    return {"followers_count": person.followers_count, "following_count": person.following_count}


def is_following(connection: Connection, follower_id: int, followee_id: int) -> bool:
    edges = models.follows.c
    statement = select(edges.id).where(edges.follower_id == follower_id, edges.followee_id == followee_id)
    return connection.execute(statement).first() is not None


def relation(connection: Connection, one_id: int, other_id: int) -> dict[str, Any]:
    """The relation of a user to one other whose account is not deleted."""
    return {
        "user_id": ids.encode(other_id),
        "following": is_following(connection, one_id, other_id),
        "followed_by": is_following(connection, other_id, one_id),
    }


def relations(connection: Connection, one_id: int, other_ids: Sequence[int]) -> list[dict[str, Any]]:
    """The relation of a user to each of these, in their order; no relation to unknown users and deleted accounts.

    Raises Unauthenticated if the account of the user who asks is deleted.
    """
    person = _person(connection, one_id)
    if person is not None and person.deleted:
        raise user_deleted()
    edges = models.follows.c
    following = _among(connection, edges.follower_id, one_id, edges.followee_id, other_ids)
    followed_by = _among(connection, edges.followee_id, one_id, edges.follower_id, other_ids)
    return [
        {"user_id": ids.encode(each), "following": each in following, "followed_by": each in followed_by}
        for each in other_ids
    ]


def user_deleted() -> Unauthenticated:
    """The error for a token that has not expired although its account is deleted."""
    return Unauthenticated("invalid_token", "This account has been deleted.")


def user_not_found() -> NotFound:
    return NotFound("not_found", "There is no such user.")


def _person(connection: Connection, person_id: int) -> Row[Any] | None:
    return connection.execute(select(models.people).where(models.people.c.id == person_id)).one_or_none()


def _present(connection: Connection, person_id: int) -> Row[Any]:
    person = _person(connection, person_id)
    if person is None:
        raise UnknownRecords(person_id, otherwise=user_not_found())
    if person.deleted:
        raise user_not_found()
    return person


def _listed(connection: Connection, mine: Column[int], person_id: int, theirs: Column[int], page: PageRequest) -> Page:
    """One page of the users at the other end of the edges."""
    edges, people = models.follows.c, models.people.c
    in_order = "follows_by_follower" if mine is edges.follower_id else "follows_by_followee"
    statement = (
        select(edges.id.label("edge_id"), people.id, people.nickname, people.name, people.avatar_url)
        # Without the hint MySQL reads all edges of a user by the index on the pair, and sorts them for each page.
        .with_hint(models.follows, f"FORCE INDEX ({in_order})", "mysql")
        .join(models.people, people.id == theirs)
        .where(mine == person_id, people.deleted.is_(False))
        .order_by(edges.id.desc())
        .limit(page.limit + 1)
    )
    if page.after is not None:
        statement = statement.where(edges.id < page.after[0])
    rows: Sequence[Any] = connection.execute(statement).all()
    return Page.of(rows, page, user_ref_json, lambda row: (row.edge_id,))


def _among(
    connection: Connection,
    mine: Column[int],
    person_id: int,
    theirs: Column[int],
    other_ids: Sequence[int],
) -> set[int]:
    """Which of the others are at the other end; by the unique index on the pair."""
    people = models.people.c
    statement = (
        select(theirs)
        .join(models.people, people.id == theirs)
        .where(mine == person_id, theirs.in_(other_ids), people.deleted.is_(False))
    )
    return set(connection.execute(statement).scalars())


def user_ref_json(row: Any) -> dict[str, Any]:
    """A user as lists show them; deleted accounts are in no list."""
    return {
        "id": ids.encode(row.id),
        "nickname": row.nickname,
        "name": row.name,
        "avatar_url": row.avatar_url,
        "deleted": False,
    }
