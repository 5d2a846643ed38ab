"""Reads of auth. Each takes a connection and changes nothing."""

from typing import Any

from sqlalchemy import Connection, Row, Select, and_, select, union

from shared import clock, ids
from shared.pagination import Page, PageRequest
from shared.service_list import PURGE_REPORTERS

from . import models
from .events import avatar_url

Account = Row[Any]


def account(connection: Connection, account_id: int) -> Account | None:
    return connection.execute(select(models.accounts).where(models.accounts.c.id == account_id)).one_or_none()


def account_by_nickname(connection: Connection, nickname: str) -> Account | None:
    """The account with this nickname now."""
    return connection.execute(select(models.accounts).where(models.accounts.c.nickname == nickname)).one_or_none()


def account_by_handle(connection: Connection, digest: bytes, value: str) -> Account | None:
    """The account that holds this handle and still uses it."""
    accounts, handles = models.accounts, models.handles
    found = connection.execute(
        select(accounts)
        .join(handles, handles.c.account_id == accounts.c.id)
        .where(handles.c.digest == digest, handles.c.kind.in_(("email", "nickname", "phone")))
    ).one_or_none()
    bears_it = found is not None and value in (found.email, found.nickname, found.phone)
    return found if bears_it else None


def account_in_login(connection: Connection, account_id: int, session_id: int) -> Account | None:
    """The account, if this is one of its sessions and has not ended."""
    accounts, sessions = models.accounts, models.sessions
    mine = and_(sessions.c.id == session_id, sessions.c.account_id == accounts.c.id, sessions.c.ended_at.is_(None))
    statement = select(accounts).join(sessions, mine).where(accounts.c.id == account_id)
    return connection.execute(statement).one_or_none()


def known_network(connection: Connection, account_id: int, networks: list[str], since: int) -> str | None:
    """The first of these networks from which the account has logged in since then."""
    known = models.known_networks.c
    mine = select(known.network).where(
        known.account_id == account_id, known.network.in_(networks), known.last_at >= since
    )
    found = set(connection.execute(mine).scalars())
    return next((each for each in networks if each in found), None)


def sessions_of(connection: Connection, account_id: int, current: int, page: PageRequest) -> Page:
    """The account's sessions that have not ended, newest first."""
    sessions = models.sessions
    statement = (
        select(sessions)
        .where(
            sessions.c.account_id == account_id,
            sessions.c.ended_at.is_(None),
            sessions.c.expires_at > clock.now(),
        )
        .order_by(sessions.c.id.desc())
        .limit(page.limit + 1)
    )
    if page.after is not None:
        statement = statement.where(sessions.c.id < page.after[0])
    rows = connection.execute(statement).all()
    return Page.of(rows, page, lambda row: session_json(row, current), lambda row: (row.id,))


def trail_of(connection: Connection, account_id: int, page: PageRequest) -> Page:
    """The audit log of the account, newest first."""
    trail = models.trail
    statement = select(trail).where(trail.c.account_id == account_id).order_by(trail.c.id.desc()).limit(page.limit + 1)
    if page.after is not None:
        statement = statement.where(trail.c.id < page.after[0])
    rows = connection.execute(statement).all()
    return Page.of(rows, page, trail_json, lambda row: (row.id,))


def people_called(connection: Connection, beginning: str, nickname: str, page: PageRequest) -> Page:
    """Profiles of users whose name or nickname starts with these, newest first. Nothing matches an empty prefix."""
    texts = sorted({beginning, nickname} - {""})
    if not texts:
        return Page([], None)
    accounts = models.accounts
    found = union(*(select(_beginning_with(text, page).subquery().c.account_id) for text in texts)).subquery("found")
    statement = select(accounts).join(found, found.c.account_id == accounts.c.id)
    rows = connection.execute(statement.order_by(accounts.c.id.desc()).limit(page.limit + 1)).all()
    return Page.of(rows, page, profile_json, lambda row: (row.id,))


def _beginning_with(text: str, page: PageRequest) -> Select[tuple[int]]:
    """A page and one more of the accounts with this prefix, the newest."""
    prefixes = models.search_prefixes.c
    account_ids = select(prefixes.account_id).where(prefixes.prefix == text)
    if page.after is not None:
        account_ids = account_ids.where(prefixes.account_id < page.after[0])
    # Ordered by all columns of the index: for the id alone MySQL may read another index backwards.
    return account_ids.order_by(prefixes.prefix.desc(), prefixes.account_id.desc()).limit(page.limit + 1)


def revoked(connection: Connection, since: int) -> dict[str, list[str]]:
    """All sessions and users whose access tokens are void although some may not have expired yet."""
    sessions, withdrawals = models.sessions.c, models.withdrawals.c
    ended = connection.execute(select(sessions.id).where(sessions.ended_at >= since)).scalars()
    gone = connection.execute(select(withdrawals.account_id).where(withdrawals.id >= ids.first_id_at(since))).scalars()
    return {"session_ids": [ids.encode(each) for each in ended], "user_ids": [ids.encode(each) for each in gone]}


def withdrawals_after(connection: Connection, after: int, limit: int) -> dict[str, Any]:
    """Deleted accounts, oldest first, after this entry of the list."""
    table = models.withdrawals.c
    statement = select(table.id, table.account_id).where(table.id > after).order_by(table.id).limit(limit)
    rows = connection.execute(statement).all()
    items = [{"id": ids.encode(row.id), "user_id": ids.encode(row.account_id)} for row in rows]
    return {"items": items, "next": items[-1]["id"] if len(items) == limit else None}


def withdrawal_states(connection: Connection, *, open_only: bool, limit: int) -> list[dict[str, Any]]:
    """Deleted accounts, the newest first, and when each service reported that nothing of them is left there."""
    withdrawals, purges = models.withdrawals, models.purges
    statement = select(withdrawals).order_by(withdrawals.c.id.desc()).limit(limit)
    if open_only:
        statement = statement.where(withdrawals.c.complete.is_(False))
    rows = connection.execute(statement).all()
    reports = select(purges).where(purges.c.account_id.in_([row.account_id for row in rows]))
    done = {(row.account_id, row.service): clock.format_rfc3339(row.purged_at) for row in connection.execute(reports)}
    return [
        {
            "user_id": ids.encode(row.account_id),
            "withdrawn_at": clock.format_rfc3339(row.withdrawn_at),
            "complete": row.complete,
            **{service: done.get((row.account_id, service)) for service in PURGE_REPORTERS},
        }
        for row in rows
    ]


def person(connection: Connection, account_id: int) -> dict[str, Any] | None:
    """What other services store of a user."""
    found = account(connection, account_id)
    if found is not None:
        return {
            "user_id": ids.encode(found.id),
            "nickname": found.nickname,
            "name": found.name,
            "avatar_url": avatar_url(found.avatar),
            "version": found.version,
            "deleted": False,
        }
    table = models.withdrawals.c
    if connection.execute(select(table.id).where(table.account_id == account_id)).one_or_none() is None:
        return None
    blank = {"nickname": None, "name": None, "avatar_url": None}
    return {"user_id": ids.encode(account_id), **blank, "version": 0, "deleted": True}


def account_json(row: Account) -> dict[str, Any]:
    """The account as its owner sees it."""
    return {
        "id": ids.encode(row.id),
        "email": row.email,
        "name": row.name,
        "nickname": row.nickname,
        "phone": row.phone,
        "bio": row.bio,
        "avatar_url": avatar_url(row.avatar),
        "created_at": clock.format_rfc3339(row.created_at),
        "updated_at": clock.format_rfc3339(row.updated_at),
    }


def profile_json(row: Account) -> dict[str, Any]:
    """The account as everybody sees it."""
    return {
        "id": ids.encode(row.id),
        "nickname": row.nickname,
        "name": row.name,
        "bio": row.bio,
        "avatar_url": avatar_url(row.avatar),
        "created_at": clock.format_rfc3339(row.created_at),
    }


def trail_json(row: Row[Any]) -> dict[str, Any]:
    """An entry of the audit log as its owner sees it."""
    return {
        "id": ids.encode(row.id),
        "type": row.type,
        "session_id": None if row.session_id is None else ids.encode(row.session_id),
        "ip": row.ip,
        "device": row.device,
        "created_at": clock.format_rfc3339(row.created_at),
    }


def session_json(row: Row[Any], current: int) -> dict[str, Any]:
    """A session as its owner sees it."""
    return {
        "id": ids.encode(row.id),
        "device": row.device,
        "ip": row.ip,
        "created_at": clock.format_rfc3339(row.created_at),
        "last_used_at": clock.format_rfc3339(row.last_used_at),
        "current": row.id == current,
    }
