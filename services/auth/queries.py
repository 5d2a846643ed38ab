"""What auth can be asked. Each takes a connection and changes nothing."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, or_, select

from shared import clock, ids
from shared.pages import Page, Slice

from . import models
from .events import avatar_url

LAST_CODE_POINT = "\U0010ffff"
Account = Row[Any]


def account(connection: Connection, account_id: int) -> Account | None:
    """The account with this id."""
    return connection.execute(select(models.accounts).where(models.accounts.c.id == account_id)).one_or_none()


def account_by_nickname(connection: Connection, nickname: str) -> Account | None:
    """The account that bears this nickname now."""
    return connection.execute(select(models.accounts).where(models.accounts.c.nickname == nickname)).one_or_none()


def account_by_handle(connection: Connection, digest: bytes, value: str) -> Account | None:
    """The account that a handle belongs to and that still bears it."""
    accounts, handles = models.accounts, models.handles
    found = connection.execute(
        select(accounts)
        .join(handles, handles.c.account_id == accounts.c.id)
        .where(handles.c.digest == digest, handles.c.kind.in_(("email", "nickname", "phone")))
    ).one_or_none()
    bears_it = found is not None and value in (found.email, found.nickname, found.phone)
    return found if bears_it else None


def account_in_login(connection: Connection, account_id: int, session_id: int) -> Account | None:
    """The account, where this is one of its logins and has not ended."""
    accounts, sessions = models.accounts, models.sessions
    mine = and_(sessions.c.id == session_id, sessions.c.account_id == accounts.c.id, sessions.c.ended_at.is_(None))
    question = select(accounts).join(sessions, mine).where(accounts.c.id == account_id)
    return connection.execute(question).one_or_none()


def sessions_of(connection: Connection, account_id: int, current: int, page: Page) -> Slice:
    """One's own logins that have not ended, newest first."""
    sessions = models.sessions
    question = (
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
        question = question.where(sessions.c.id < page.after[0])
    rows = connection.execute(question).all()
    return Slice.of(rows, page, lambda row: session_json(row, current), lambda row: (row.id,))


def people_called(connection: Connection, beginning: str, nickname: str, page: Page) -> Slice:
    """Profiles whose nickname begins so, by nickname; then those whose name begins so, by name."""
    step, *after = page.after or ("nickname",)
    accounts = models.accounts.c
    by_nickname = _begins(accounts.nickname, nickname)
    rows: list[Account] = []
    if step == "nickname" and nickname:
        rows = _profiles(connection, by_nickname, (accounts.nickname, accounts.id), after, page.limit + 1)
        after = []
    seen = len(rows)
    if seen <= page.limit:
        by_name = _begins(accounts.name_key, beginning)
        if nickname:
            by_name = and_(by_name, or_(accounts.nickname < nickname, accounts.nickname >= nickname + LAST_CODE_POINT))
        places = (accounts.name_key, accounts.id)
        rows += _profiles(connection, by_name, places, after, page.limit + 1 - seen)
    positions = {
        row.id: ("nickname", row.nickname, row.id) if place < seen else ("name", row.name_key, row.id)
        for place, row in enumerate(rows)
    }
    return Slice.of(rows, page, profile_json, lambda row: positions[row.id])


def _begins(column: ColumnElement[str], beginning: str) -> ColumnElement[bool]:
    return and_(column >= beginning, column < beginning + LAST_CODE_POINT)


def _profiles(
    connection: Connection,
    condition: ColumnElement[bool],
    order: tuple[ColumnElement[str], ColumnElement[int]],
    after: list[Any],
    limit: int,
) -> list[Account]:
    text, id_ = order
    question = select(models.accounts).where(condition).order_by(text, id_).limit(limit)
    if after:
        question = question.where(or_(text > after[0], and_(text == after[0], id_ > after[1])))
    return list(connection.execute(question))


def refusing_until(connection: Connection, digest: bytes) -> int:
    """Until when (ms since 1970) passwords for this are not even looked at; 0 for now is fine."""
    failures = models.failures.c
    found = connection.execute(select(failures.blocked_until).where(failures.digest == digest)).scalar_one_or_none()
    return found or 0


def revoked(connection: Connection, since: int) -> dict[str, list[str]]:
    """All logins and people whose access tokens are void although some may not have expired yet."""
    sessions, withdrawals = models.sessions.c, models.withdrawals.c
    ended = connection.execute(select(sessions.id).where(sessions.ended_at >= since)).scalars()
    gone = connection.execute(select(withdrawals.account_id).where(withdrawals.id >= ids.at(since))).scalars()
    return {"session_ids": [ids.text(each) for each in ended], "user_ids": [ids.text(each) for each in gone]}


def withdrawals_after(connection: Connection, after: int, limit: int) -> dict[str, Any]:
    """Who has withdrawn, oldest first, after this entry of the list."""
    table = models.withdrawals.c
    question = select(table.id, table.account_id).where(table.id > after).order_by(table.id).limit(limit)
    rows = connection.execute(question).all()
    items = [{"id": ids.text(row.id), "user_id": ids.text(row.account_id)} for row in rows]
    return {"items": items, "next": items[-1]["id"] if len(items) == limit else None}


def person(connection: Connection, account_id: int) -> dict[str, Any] | None:
    """What neighbours keep of a person."""
    found = account(connection, account_id)
    if found is not None:
        return {
            "user_id": ids.text(found.id),
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
    return {"user_id": ids.text(account_id), **blank, "version": 0, "deleted": True}


def account_json(row: Account) -> dict[str, Any]:
    """The account as its owner sees it."""
    return {
        "id": ids.text(row.id),
        "email": row.email,
        "name": row.name,
        "nickname": row.nickname,
        "phone": row.phone,
        "bio": row.bio,
        "avatar_url": avatar_url(row.avatar),
        "created_at": clock.text(row.created_at),
        "updated_at": clock.text(row.updated_at),
    }


def profile_json(row: Account) -> dict[str, Any]:
    """The account as everybody sees it."""
    return {
        "id": ids.text(row.id),
        "nickname": row.nickname,
        "name": row.name,
        "bio": row.bio,
        "avatar_url": avatar_url(row.avatar),
        "created_at": clock.text(row.created_at),
    }


def session_json(row: Row[Any], current: int) -> dict[str, Any]:
    """A login as its owner sees it."""
    return {
        "id": ids.text(row.id),
        "device": row.device,
        "ip": row.ip,
        "created_at": clock.text(row.created_at),
        "last_used_at": clock.text(row.last_used_at),
        "current": row.id == current,
    }
