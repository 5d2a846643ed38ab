"""Signing up, and changing what one's account says."""

import unicodedata
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from shared import clock, ids
from shared.database import insert_new
from shared.disposal import claim, give_up
from shared.errors import Conflict, Forbidden, Unauthenticated

from .. import events, models
from ..handles import LOOKS, Handle, digest, looks
from ..queries import Account
from . import search, trail
from .trail import Kind, Origin

NAME_KEY = 120
_CHANGED = {
    "password_hash": Kind.PASSWORD_CHANGED,
    "nickname": Kind.NICKNAME_CHANGED,
    "phone": Kind.PHONE_CHANGED,
    **dict.fromkeys(("name", "bio", "avatar"), Kind.PROFILE_CHANGED),
}


@dataclass(frozen=True, slots=True)
class Applicant:
    """Somebody who signs up; everything has been checked."""

    email: Handle
    nickname: Handle
    phone: Handle | None
    name: str
    password_hash: str


def name_key(name: str) -> str:
    """The form in which names are compared when people are looked for."""
    return unicodedata.normalize("NFKC", name).casefold()[:NAME_KEY]


def sign_up(tx: Connection, applicant: Applicant, key: bytes, ip: str) -> Account:
    """Make the account. Raises Conflict where the email, the nickname or the phone is, or ever was, another's."""
    now = clock.now()
    account_id = ids.new()
    for handle in (applicant.email, applicant.nickname, applicant.phone):
        if handle is not None:
            _take(tx, account_id, handle, key)
    tx.execute(
        insert(models.accounts).values(
            id=account_id,
            email=applicant.email.value,
            name=applicant.name,
            name_key=name_key(applicant.name),
            nickname=applicant.nickname.value,
            phone=applicant.phone.value if applicant.phone else None,
            bio="",
            password_hash=applicant.password_hash,
            version=1,
            created_at=now,
            updated_at=now,
        )
    )
    account = _lock(tx, account_id)
    search.index(tx, account)
    trail.record(tx, account_id, Kind.SIGNED_UP, ip)
    events.user_registered(tx, account)
    return account


def change_account(
    tx: Connection, proven: Account, changes: dict[str, Any], taken: list[Handle], key: bytes, origin: Origin
) -> Account:
    """Change columns of the account. `taken` are the handles among them; a former nickname stays one's own.

    `proven` is the account as it was when the password was checked. Raises Conflict, Unauthenticated, Forbidden.
    """
    before = lock_proven(tx, proven)
    for handle in taken:
        _take(tx, before.id, handle, key)
    _give_back_phone(tx, before, changes, key)
    return _change(tx, before, changes, origin)


def lock_proven(tx: Connection, proven: Account) -> Account:
    """The account, locked, if the password that was checked is still its own."""
    account = _lock(tx, proven.id)
    if account.password_hash != proven.password_hash:
        raise Forbidden("wrong_password", "The password has just been changed.")
    return account


def set_avatar(tx: Connection, account_id: int, name: str | None, origin: Origin) -> Account:
    """Show this stored file, or none; the former one goes."""
    before = _lock(tx, account_id)
    if name is not None:
        claim(tx, models.disposal, [name])
    if before.avatar is not None:
        give_up(tx, models.disposal, [before.avatar])
    return _change(tx, before, {"avatar": name}, origin)


def claim_looks(tx: Connection, key: bytes, limit: int = 500) -> bool:
    """Claim what nicknames of before look like, the oldest account first; whether there may be more.

    Of those that look alike already, each keeps its own, and the first also what they look like.
    """
    due, accounts = models.unclaimed_looks, models.accounts.c
    question = select(due.c.account_id, accounts.nickname).outerjoin(models.accounts, accounts.id == due.c.account_id)
    rows = tx.execute(question.order_by(due.c.account_id).limit(limit)).all()
    for row in rows:
        if row.nickname is not None:
            mark = digest(key, looks(Handle("nickname", row.nickname)))
            insert_new(tx, models.handles, {"kind": LOOKS, "digest": mark, "account_id": row.account_id})
    tx.execute(delete(due).where(due.c.account_id.in_([row.account_id for row in rows])))
    return len(rows) == limit


def _change(tx: Connection, before: Account, changes: dict[str, Any], origin: Origin) -> Account:
    real = {name: value for name, value in changes.items() if getattr(before, name) != value}
    if not real:
        return before
    if "name" in real:
        real["name_key"] = name_key(real["name"])
    seen = bool(real.keys() & {"name", "nickname", "avatar"})
    real |= {"updated_at": max(clock.now(), before.updated_at + 1), "version": before.version + seen}
    tx.execute(update(models.accounts).where(models.accounts.c.id == before.id).values(**real))
    account = _lock(tx, before.id)
    if real.keys() & {"name", "nickname"}:
        search.index(tx, account)
    for kind in sorted({_CHANGED[name] for name in real.keys() & _CHANGED}):
        trail.record_in_login(tx, account.id, kind, origin)
    if seen:
        events.user_updated(tx, account)
    return account


def _lock(tx: Connection, account_id: int) -> Account:
    found = tx.execute(select(models.accounts).where(models.accounts.c.id == account_id).with_for_update())
    account = found.one_or_none()
    if account is None:
        raise Unauthenticated("invalid_token", "This account has been withdrawn.")
    return account


def _take(tx: Connection, account_id: int, handle: Handle, key: bytes) -> None:
    """The unique key decides, also between two at the same instant. A nickname takes all that look like it along.

    One's own of before may be borne again, whatever somebody else has come to look like meanwhile.
    """
    if not _claim(tx, account_id, handle, key):
        return
    if handle.kind == "nickname":
        _claim(tx, account_id, looks(handle), key)


def _claim(tx: Connection, account_id: int, handle: Handle, key: bytes) -> bool:
    """Whether it was free. Raises Conflict where it is another's."""
    handles = models.handles
    mark = digest(key, handle)
    if insert_new(tx, handles, {"kind": handle.kind, "digest": mark, "account_id": account_id}):
        return True
    owner = tx.execute(
        select(handles.c.account_id).where(handles.c.kind == handle.kind, handles.c.digest == mark)
    ).scalar_one_or_none()
    if owner != account_id:
        raise _taken(handle)
    return False


def _taken(handle: Handle) -> Conflict:
    if handle.kind == LOOKS:
        return Conflict("nickname_taken", "This nickname looks like one that is taken.")
    return Conflict(f"{handle.kind}_taken", f"This {handle.kind} is taken.")


def _give_back_phone(tx: Connection, before: Account, changes: dict[str, Any], key: bytes) -> None:
    """Phone companies give a number to somebody else in time; a nickname or an email is never given again."""
    if before.phone is None or changes.get("phone", before.phone) == before.phone:
        return
    handles = models.handles
    mark = digest(key, Handle("phone", before.phone))
    tx.execute(handles.delete().where(handles.c.kind == "phone", handles.c.digest == mark))
