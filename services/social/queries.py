"""What social can be asked. Each takes a connection and changes nothing."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, Connection, Row, select

from shared import ids
from shared.errors import NotFound, Unauthenticated
from shared.pagination import Page, Slice
from shared.replication.projections import UnknownRecords

from . import models


def followers(connection: Connection, person_id: int, page: Page) -> Slice:
    """Who follows this person, newest first. Raises UnknownRecords, or NotFound where they have withdrawn."""
    _present(connection, person_id)
    edges = models.follows.c
    return _listed(connection, edges.followee_id, person_id, edges.follower_id, page)


def following(connection: Connection, person_id: int, page: Page) -> Slice:
    """Whom this person follows, newest first. Raises UnknownRecords, or NotFound where they have withdrawn."""
    _present(connection, person_id)
    edges = models.follows.c
    return _listed(connection, edges.follower_id, person_id, edges.followee_id, page)


def counts(connection: Connection, person_id: int) -> dict[str, int]:
    """How many follow and are followed. Raises UnknownRecords, or NotFound where they have withdrawn."""
    person = _present(connection, person_id)
    return {"followers_count": person.followers_count, "following_count": person.following_count}


def is_following(connection: Connection, follower_id: int, followee_id: int) -> bool:
    """Whether one follows the other."""
    edges = models.follows.c
    statement = select(edges.id).where(edges.follower_id == follower_id, edges.followee_id == followee_id)
    return connection.execute(statement).first() is not None


def relation(connection: Connection, one_id: int, other_id: int) -> dict[str, Any]:
    """How one stands to one other who has not withdrawn."""
    return {
        "user_id": ids.text(other_id),
        "following": is_following(connection, one_id, other_id),
        "followed_by": is_following(connection, other_id, one_id),
    }


def relations(connection: Connection, one_id: int, other_ids: Sequence[int]) -> list[dict[str, Any]]:
    """How one stands to each of these, in their order; to a stranger or a withdrawn person in no way.

    Raises Unauthenticated where the one who asks has withdrawn.
    """
    person = _person(connection, one_id)
    if person is not None and person.deleted:
        raise user_deleted()
    edges = models.follows.c
    following = _among(connection, edges.follower_id, one_id, edges.followee_id, other_ids)
    followed_by = _among(connection, edges.followee_id, one_id, edges.follower_id, other_ids)
    return [
        {"user_id": ids.text(each), "following": each in following, "followed_by": each in followed_by}
        for each in other_ids
    ]


def user_deleted() -> Unauthenticated:
    """The refusal of a token that is still in flight while its owner has withdrawn."""
    return Unauthenticated("invalid_token", "This account has been withdrawn.")


def user_not_found() -> NotFound:
    """The refusal where somebody is unknown or has withdrawn."""
    return NotFound("not_found", "There is no such person.")


def _person(connection: Connection, person_id: int) -> Row[Any] | None:
    return connection.execute(select(models.people).where(models.people.c.id == person_id)).one_or_none()


def _present(connection: Connection, person_id: int) -> Row[Any]:
    person = _person(connection, person_id)
    if person is None:
        raise UnknownRecords(person_id, otherwise=user_not_found())
    if person.deleted:
        raise user_not_found()
    return person


def _listed(connection: Connection, mine: Column[int], person_id: int, theirs: Column[int], page: Page) -> Slice:
    """One page of the people at the other end; the index on (mine, id) gives them in order."""
    edges, people = models.follows.c, models.people.c
    in_order = "follows_by_follower" if mine is edges.follower_id else "follows_by_followee"
    statement = (
        select(edges.id.label("edge_id"), people.id, people.nickname, people.name, people.avatar_url)
        # Left to itself MySQL finds all edges of a person by the pair, and sorts them for each page.
        .with_hint(models.follows, f"FORCE INDEX ({in_order})", "mysql")
        .join(models.people, people.id == theirs)
        .where(mine == person_id, people.deleted.is_(False))
        .order_by(edges.id.desc())
        .limit(page.limit + 1)
    )
    if page.after is not None:
        statement = statement.where(edges.id < page.after[0])
    rows: Sequence[Any] = connection.execute(statement).all()
    return Slice.of(rows, page, user_ref_json, lambda row: (row.edge_id,))


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
    """A person as lists show them; those who have withdrawn are in no list."""
    return {
        "id": ids.text(row.id),
        "nickname": row.nickname,
        "name": row.name,
        "avatar_url": row.avatar_url,
        "deleted": False,
    }
