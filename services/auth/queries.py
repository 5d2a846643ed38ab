"""Reads of auth. Each takes a connection and changes nothing."""

from typing import Any

from sqlalchemy import Connection, Row, and_, select

from shared import clock, ids
from shared.pagination import Page, PageRequest
from shared.service_list import PURGE_REPORTERS

from . import models
from .events import avatar_url
from .identity_queries import identities_of
from .passwords import NO_PASSWORD
from .report_queries import reports_of

Account = Row[Any]


def account(connection: Connection, account_id: int) -> Account | None:
    return connection.execute(select(models.accounts).where(models.accounts.c.id == account_id)).one_or_none()


def account_by_nickname(connection: Connection, nickname: str) -> Account | None:
    """The account that currently has this nickname."""
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


def open_sessions(connection: Connection, account_id: int) -> list[dict[str, Any]]:
    """All open sessions of the account, newest first."""
    sessions = models.sessions.c
    mine = select(models.sessions).where(
        sessions.account_id == account_id, sessions.ended_at.is_(None), sessions.expires_at > clock.now()
    )
    return [session_json(row, 0) for row in connection.execute(mine.order_by(sessions.id.desc()))]


def passkeys_of(connection: Connection, account_id: int, page: PageRequest) -> Page:
    """The passkeys of the account, newest first."""
    passkeys = models.passkeys
    mine = select(passkeys).where(passkeys.c.account_id == account_id)
    if page.after is not None:
        mine = mine.where(passkeys.c.id < page.after[0])
    rows = connection.execute(mine.order_by(passkeys.c.id.desc()).limit(page.limit + 1)).all()
    return Page.of(rows, page, passkey_json, lambda row: (row.id,))


def credential_ids_of(connection: Connection, account_id: int) -> list[bytes]:
    """Of all passkeys of the account, whose number is limited."""
    passkeys = models.passkeys.c
    mine = select(passkeys.credential_id).where(passkeys.account_id == account_id).order_by(passkeys.id)
    return [bytes(each) for each in connection.execute(mine).scalars()]


def passkey_by_credential(connection: Connection, credential_id: bytes) -> Row[Any] | None:
    """The passkey with this credential id, of whichever account."""
    this = models.passkeys.c.credential_id == credential_id
    return connection.execute(select(models.passkeys).where(this)).one_or_none()


def export_of(connection: Connection, account_id: int) -> Row[Any] | None:
    """The export of the account, collected or being collected."""
    exports = models.exports
    return connection.execute(select(exports).where(exports.c.account_id == account_id)).one_or_none()


def own_data(connection: Connection, account_id: int) -> dict[str, list[dict[str, Any]]]:
    """What auth stores about an account, without secrets, by the names of lists; all of them are short."""
    found = account(connection, account_id)
    if found is None:
        return {}
    everything = PageRequest(10_000, None)
    networks = models.known_networks.c
    known = select(networks.network, networks.last_at).where(networks.account_id == account_id)
    return {
        "account": [account_json(found)],
        "sessions": sessions_of(connection, account_id, 0, everything).items,
        "passkeys": passkeys_of(connection, account_id, everything).items,
        "identities": identities_of(connection, account_id, everything).items,
        "reports": reports_of(connection, account_id),
        "activity": audit_log_of(connection, account_id, everything).items,
        "networks": [
            {"network": row.network, "last_login_at": clock.format_rfc3339(row.last_at)}
            for row in connection.execute(known.order_by(networks.network))
        ],
    }


def next_files(connection: Connection, after: int, limit: int = 1_000) -> dict[int, list[str]]:
    """The file names of avatars by their accounts, of ids above `after`, in their order."""
    accounts = models.accounts.c
    next_ones = select(accounts.id, accounts.avatar).where(accounts.id > after, accounts.avatar.is_not(None))
    return {row.id: [row.avatar] for row in connection.execute(next_ones.order_by(accounts.id).limit(limit))}


def audit_log_of(connection: Connection, account_id: int, page: PageRequest) -> Page:
    """The audit log of the account, newest first."""
    trail = models.trail
    statement = select(trail).where(trail.c.account_id == account_id).order_by(trail.c.id.desc()).limit(page.limit + 1)
    if page.after is not None:
        statement = statement.where(trail.c.id < page.after[0])
    rows = connection.execute(statement).all()
    return Page.of(rows, page, audit_event_json, lambda row: (row.id,))


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
    """The user data that other services store."""
    found = account(connection, account_id)
    if found is not None:
        return {
            "user_id": ids.encode(found.id),
            "nickname": found.nickname,
            "name": found.name,
            "avatar_url": avatar_url(found.avatar),
            "version": found.version,
            "suspended": bool(found.suspended),
            "deleted": False,
        }
    table = models.withdrawals.c
    if connection.execute(select(table.id).where(table.account_id == account_id)).one_or_none() is None:
        return None
    blank = {"nickname": None, "name": None, "avatar_url": None}
    return {"user_id": ids.encode(account_id), **blank, "version": 0, "suspended": False, "deleted": True}


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
        "email_verified": bool(row.email_verified),
        "language": row.language,
        "second_factor": bool(row.second_factor),
        "role": row.role,
        "has_password": row.password_hash != NO_PASSWORD,
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


def audit_event_json(row: Row[Any]) -> dict[str, Any]:
    """An entry of the audit log as its owner sees it."""
    return {
        "id": ids.encode(row.id),
        "type": row.type,
        "session_id": None if row.session_id is None else ids.encode(row.session_id),
        "ip": row.ip,
        "device": row.device,
        "created_at": clock.format_rfc3339(row.created_at),
    }


def passkey_json(row: Row[Any]) -> dict[str, Any]:
    """A passkey as its owner sees it."""
    return {
        "id": ids.encode(row.id),
        "name": row.name,
        "created_at": clock.format_rfc3339(row.created_at),
        "last_used_at": None if row.last_used_at is None else clock.format_rfc3339(row.last_used_at),
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
