"""Reads for moderators. Each takes a connection and changes nothing."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, false, select, true

from shared import clock, ids
from shared.pagination import Page, PageRequest
from shared.security.access_tokens import ADMIN, MODERATOR

from . import models
from .events import avatar_url
from .queries import Account
from .report_queries import report_json

_accounts = models.accounts.c


def log(connection: Connection, page: PageRequest) -> Page:
    """What moderators and operators did, newest first."""
    table = models.moderation_log
    statement = select(table).order_by(table.c.id.desc()).limit(page.limit + 1)
    if page.after is not None:
        statement = statement.where(table.c.id < page.after[0])
    rows = connection.execute(statement).all()
    people = refs(connection, {each for row in rows for each in (row.actor_id, row.account_id) if each is not None})
    return Page.of(rows, page, lambda row: _entry_json(row, people), lambda row: (row.id,))


def suspended(connection: Connection, page: PageRequest) -> Page:
    """The suspended accounts, the newest accounts first; without those that wait for their approval."""
    return _accounts_page(connection, [true()], _accounts.suspended, page, _accounts.pending == false())


def pending(connection: Connection, page: PageRequest) -> Page:
    """The accounts that wait for their approval, the newest first."""
    return _accounts_page(connection, [true()], _accounts.pending, page)


def invitations(connection: Connection, page: PageRequest) -> Page:
    """The invitations, newest first. Those that have ended are soon deleted."""
    table = models.invitations
    statement = select(table)
    if page.after is not None:
        statement = statement.where(table.c.id < page.after[0])
    rows = connection.execute(statement.order_by(table.c.id.desc()).limit(page.limit + 1)).all()
    people = refs(connection, {row.creator_id for row in rows if row.creator_id is not None})
    return Page.of(rows, page, lambda row: _invitation_json(row, people), lambda row: (row.id,))


def invitation(connection: Connection, row: Row[Any]) -> dict[str, Any]:
    """One invitation as moderators see it."""
    return _invitation_json(row, refs(connection, {row.creator_id} - {None}))


def team(connection: Connection, page: PageRequest) -> Page:
    """The moderators and admins, the newest accounts first."""
    return _accounts_page(connection, [MODERATOR, ADMIN], _accounts.role, page)


def reports(connection: Connection, state: str, page: PageRequest) -> Page:
    """The reports in this state, newest first."""
    table = models.reports
    statement = select(table).where(table.c.state == state)
    if page.after is not None:
        statement = statement.where(table.c.id < page.after[0])
    rows = connection.execute(statement.order_by(table.c.state.desc(), table.c.id.desc()).limit(page.limit + 1)).all()
    people = _people_in(connection, rows)
    return Page.of(rows, page, lambda row: _report_json(row, people), lambda row: (row.id,))


def report(connection: Connection, row: Row[Any]) -> dict[str, Any]:
    """One report as moderators see it."""
    return _report_json(row, _people_in(connection, [row]))


def refs(connection: Connection, account_ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """A UserRef of each of these accounts, of which some may have been deleted."""
    wanted = sorted(account_ids)
    found = select(_accounts.id, _accounts.nickname, _accounts.name, _accounts.avatar).where(_accounts.id.in_(wanted))
    rows = {row.id: row for row in connection.execute(found)}
    return {each: _ref_json(each, rows.get(each)) for each in wanted}


def account_json(row: Account) -> dict[str, Any]:
    """An account as moderators see it."""
    return {
        "user": _ref_json(row.id, row),
        "role": row.role,
        "suspended_at": None if row.suspended_at is None else clock.format_rfc3339(row.suspended_at),
        "created_at": clock.format_rfc3339(row.created_at),
    }


def _accounts_page(
    connection: Connection, values: list[Any], column: Any, page: PageRequest, *further: ColumnElement[bool]
) -> Page:
    """Of each value a range of the index of this column, so that no other accounts are read."""
    rows: list[Account] = []
    for value in values:
        mine = select(models.accounts).where(column == value, *further)
        if page.after is not None:
            mine = mine.where(_accounts.id < page.after[0])
        rows += connection.execute(mine.order_by(column.desc(), _accounts.id.desc()).limit(page.limit + 1)).all()
    newest = sorted(rows, key=lambda row: -row.id)[: page.limit + 1]
    return Page.of(newest, page, account_json, lambda row: (row.id,))


def _people_in(connection: Connection, rows: Iterable[Row[Any]]) -> dict[int, dict[str, Any]]:
    concerned = {each for row in rows for each in (row.reporter_id, row.owner_id, row.moderator_id)}
    return refs(connection, concerned - {None})


def _report_json(row: Row[Any], people: Mapping[int, dict[str, Any]]) -> dict[str, Any]:
    return report_json(row) | {
        "reporter": people[row.reporter_id],
        "user": people[row.owner_id],
        "content": row.content,
        "moderator": None if row.moderator_id is None else people[row.moderator_id],
        "action": row.action,
        "resolved_at": None if row.resolved_at is None else clock.format_rfc3339(row.resolved_at),
    }


def _entry_json(row: Row[Any], people: Mapping[int, dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": ids.encode(row.id),
        "action": row.action,
        "actor": None if row.actor_id is None else people[row.actor_id],
        "user": people[row.account_id],
        "subject": {"kind": row.subject_kind, "id": ids.encode(row.subject_id)},
        "role": row.role,
        "category": row.category,
        "reason": row.reason,
        "created_at": clock.format_rfc3339(row.created_at),
    }


def _invitation_json(row: Row[Any], people: Mapping[int, dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": ids.encode(row.id),
        "creator": None if row.creator_id is None else people[row.creator_id],
        "uses": row.uses,
        "uses_left": row.uses_left,
        "created_at": clock.format_rfc3339(row.created_at),
        "expires_at": clock.format_rfc3339(row.expires_at),
    }


def _ref_json(account_id: int, row: Any) -> dict[str, Any]:
    return {
        "id": ids.encode(account_id),
        "nickname": None if row is None else row.nickname,
        "name": None if row is None else row.name,
        "avatar_url": None if row is None else avatar_url(row.avatar),
        "deleted": row is None,
    }
