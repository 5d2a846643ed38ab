"""Reads of notifications. Each takes a connection and changes nothing."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, Connection, Row, Select, Subquery, and_, func, select, true, union_all

from shared import clock, ids
from shared.errors import Unauthenticated, Unavailable
from shared.pagination import Page, PageRequest
from shared.replication.projections import UnknownRecords

from . import models

SHOWN_ACTORS = 3
MAX_UNREAD = 1_000
"""Unread notifications are counted up to this number."""
_notifications, _causes = models.notifications.c, models.causes.c
_people, _preferences = models.people.c, models.preferences.c
_subscriptions = models.push_subscriptions.c
PUSHED_ACTORS = 2
PUSHED_FIELDS = ("id", "kind", "actor_count", "post_id", "comment_id", "room_id", "removed")
_KEY = (_notifications.kind, _notifications.subject_id)


class Preference(NamedTuple):
    """Whether a user wants a kind in the list, and by Web Push as well."""

    listed: bool
    pushed: bool


def listed(connection: Connection, person_id: int, page: PageRequest) -> Page:
    """The user's notifications, last changed first, in the order at the time when the first page was read.

    The cursor holds where that page started. What changed later belongs before it, so nothing is shown twice, and a
    notification that had not been shown by then is still found in its former position.
    """
    person = _require_present(connection, person_id)
    begin, after = page.after or (None, None)
    rows = connection.execute(_next(person_id, begin, after, page.limit + 1)).all()
    people = _people_of(connection, rows)
    first = rows[0].former if rows and begin is None else begin
    found = Page.of(rows, page, lambda row: _json(row, people, person.read_id), lambda row: (first, row.former))
    # Somebody who has just been deleted or suspended is left out before a worker has taken them out.
    return Page([each for each in found.items if each["actors"] or each["removed"]], found.next)


def own(connection: Connection, person_id: int, page: PageRequest) -> Page:
    """All of a user's notifications, for their export, in the order of their ids: who caused them is named by id."""
    mine = select(models.notifications).where(_notifications.recipient_id == person_id)
    if page.after is not None:
        mine = mine.where(_notifications.id > page.after[0])
    rows = connection.execute(mine.order_by(_notifications.id).limit(page.limit + 1)).all()
    return Page.of(rows, page, lambda row: {**_plain_json(row), "actors": row.actors}, lambda row: (row.id,))


def unread_count(connection: Connection, person_id: int) -> int:
    """How many notifications are unread, at most `MAX_UNREAD`."""
    person = _require_present(connection, person_id)
    mine = _notifications.recipient_id == person_id
    unread = select(_notifications.id).where(mine, _notifications.position > person.read_id).limit(MAX_UNREAD)
    return connection.execute(select(func.count()).select_from(unread.subquery())).scalar_one()


def position_of(connection: Connection, person_id: int, notification_id: int) -> int | None:
    """The position of this notification of this user."""
    this = (_notifications.recipient_id == person_id) & (_notifications.id == notification_id)
    return connection.execute(select(_notifications.position).where(this)).scalar_one_or_none()


def preferences(connection: Connection, person_id: int) -> dict[str, dict[str, bool]]:
    """Which kinds the user wants."""
    _require_present(connection, person_id)
    return _preferences_json(connection, person_id)


def own_preferences(connection: Connection, person_id: int, _page: PageRequest) -> Page:
    """The same, for their export."""
    found = _preferences_json(connection, person_id)
    return Page([{"kind": kind, **wanted} for kind, wanted in found.items()], None)


def own_push_subscriptions(connection: Connection, person_id: int, _page: PageRequest) -> Page:
    """Which browsers get notifications, for the export: only where their push services are, and when."""
    mine = select(models.push_subscriptions).where(_subscriptions.person_id == person_id)
    rows = connection.execute(mine.order_by(_subscriptions.renewed_at)).all()
    return Page([_subscription_json(row) for row in rows], None)


def _subscription_json(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": ids.encode(row.id),
        "host": urlsplit(row.endpoint).hostname,
        "created_at": clock.format_rfc3339(row.created_at),
        "renewed_at": clock.format_rfc3339(row.renewed_at),
        "sent_at": None if row.sent_at is None else clock.format_rfc3339(row.sent_at),
    }


def is_pushed(connection: Connection, person_id: int, kind: str) -> bool:
    """Whether the user wants this kind by Web Push."""
    this = (_preferences.person_id == person_id) & (_preferences.kind == kind)
    return connection.execute(select(_preferences.pushed).where(this)).scalar_one_or_none() is not False


def push_content(connection: Connection, person_id: int, notification_id: int) -> dict[str, Any] | None:
    """What is pushed of a notification as it is now: names and ids, no texts. None if it is gone, read or unwanted."""
    person = connection.execute(select(models.people).where(_people.id == person_id)).one_or_none()
    this = (_notifications.recipient_id == person_id) & (_notifications.id == notification_id)
    row = connection.execute(select(models.notifications).where(this)).one_or_none()
    if person is None or person.deleted or person.hidden or row is None or row.position <= person.read_id:
        return None
    if not is_pushed(connection, person_id, row.kind):
        return None
    newest = [ids.parse(each) for each in row.actors[:PUSHED_ACTORS]]
    of_these: ColumnElement[bool] = _people.id.in_(newest)
    found = {each.id: each for each in connection.execute(select(models.people).where(of_these))} if newest else {}
    names = [found[each].name or found[each].nickname if each in found else None for each in newest]
    said = _plain_json(row)
    return {"names": names, **{name: said[name] for name in PUSHED_FIELDS}}


def user_absent() -> Unauthenticated:
    """The error for a token that has not expired although its account is deleted or suspended."""
    return Unauthenticated("invalid_token", "This account has been deleted or suspended.")


def _preferences_json(connection: Connection, person_id: int) -> dict[str, dict[str, bool]]:
    rows = connection.execute(select(models.preferences).where(_preferences.person_id == person_id))
    stored = {row.kind: {"list": row.listed, "push": row.pushed} for row in rows}
    return {kind: stored.get(kind, {"list": True, "push": True}) for kind in models.KINDS}


class _Reader(NamedTuple):
    """Where a user has read to; the same of somebody of whom nothing is stored."""

    id: int
    deleted: bool
    hidden: bool
    read_id: int


def _require_present(connection: Connection, person_id: int) -> Any:
    wanted = select(_people.id, _people.deleted, _people.hidden, _people.read_id).where(_people.id == person_id)
    row = connection.execute(wanted).one_or_none() or _Reader(person_id, False, False, 0)
    if row.deleted or row.hidden:
        raise user_absent()
    return row


def _next(person_id: int, begin: int | None, after: int | None, limit: int) -> Select[Any]:
    """The notifications that come next, each with its position when the first page was read."""
    mine = _notifications.recipient_id == person_id
    former = _notifications.position.label("former")
    resting = select(*_KEY, former).where(mine).order_by(former.desc()).limit(limit)
    if begin is None or after is None:
        return _in_full(person_id, resting.subquery("positions"), limit)
    resting = resting.where(_notifications.position < after)
    within = and_(
        _causes.recipient_id == person_id,
        _causes.kind == _notifications.kind,
        _causes.subject_id == _notifications.subject_id,
        _causes.shown == true(),
        _causes.id <= begin,
    )
    earlier = select(func.max(_causes.id)).where(within).correlate(models.notifications).scalar_subquery()
    moved = select(*_KEY, earlier.label("former")).where(mine, _notifications.position > begin, earlier < after)
    both = union_all(select(resting.subquery()), select(moved.subquery())).subquery("positions")
    return _in_full(person_id, both, limit)


def _in_full(person_id: int, positions: Subquery, limit: int) -> Select[Any]:
    same = and_(
        _notifications.recipient_id == person_id,
        _notifications.kind == positions.c.kind,
        _notifications.subject_id == positions.c.subject_id,
    )
    statement = select(models.notifications, positions.c.former).select_from(positions)
    return statement.join(models.notifications, same).order_by(positions.c.former.desc()).limit(limit)


def _people_of(connection: Connection, rows: Sequence[Row[Any]]) -> Mapping[int, Row[Any]]:
    """Those shown in these notifications. Raises UnknownRecords for those of whom no event has come yet."""
    wanted = {ids.parse(each) for row in rows for each in row.actors}
    if not wanted:
        return {}
    of_these: ColumnElement[bool] = _people.id.in_(wanted)
    found = {row.id: row for row in connection.execute(select(models.people).where(of_these))}
    unknown = [each for each in wanted if each not in found or (not found[each].deleted and not found[each].version)]
    if unknown:
        problem = Unavailable("neighbour_unavailable", "A part of this service is unavailable; please try again.")
        raise UnknownRecords(*unknown, otherwise=problem)
    return found


def _json(row: Row[Any], people: Mapping[int, Row[Any]], read_id: int) -> dict[str, Any]:
    actors: Iterable[Row[Any]] = (people[ids.parse(each)] for each in row.actors)
    shown = [_user_ref_json(each) for each in actors if not each.deleted and not each.hidden]
    return {**_plain_json(row), "actors": shown, "read": row.position <= read_id}


def _plain_json(row: Row[Any]) -> dict[str, Any]:
    """A notification without what other services know of it."""
    on_comment = row.post_id is not None
    post_id = row.post_id if on_comment else row.subject_id if row.kind in ("like", "mention") else None
    return {
        "id": ids.encode(row.id),
        "kind": row.kind,
        "actor_count": row.actor_count if row.actors else 0,  # a moderator is not named
        "post_id": None if post_id is None else ids.encode(post_id),
        "comment_id": ids.encode(row.subject_id) if on_comment else None,
        "room_id": ids.encode(row.subject_id) if row.kind == "room_request" else None,
        "removed": row.removed,
        "created_at": clock.format_rfc3339(ids.created_at(row.id)),
        "updated_at": clock.format_rfc3339(ids.created_at(row.position)),
    }


def _user_ref_json(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": ids.encode(row.id),
        "nickname": row.nickname,
        "name": row.name,
        "avatar_url": row.avatar_url,
        "deleted": False,
    }
