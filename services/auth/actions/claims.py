"""The handles that accounts hold, and how often one account may try to hold others."""

from sqlalchemy import Connection, delete, insert, select

from shared import clock, ids
from shared.database.engine import insert_new
from shared.errors import Conflict, TooMany

from .. import models
from ..handles import SKELETON, Handle, digest, skeleton
from ..queries import Account

BRIEF = clock.HOUR
"""A nickname that was held for less than this is free again when its owner takes another one."""
_CHANGES = "nickname change"
LIMITS = {"phone": (5, clock.DAY), "nickname": (20, clock.DAY), _CHANGES: (5, 30 * clock.DAY)}
"""How many attempts with a handle of this kind, and changes of the nickname, one account has in how many ms.

Attempts count whatever comes of them: otherwise the answers tell which phone numbers are registered.
"""
KEPT = max(window for _, window in LIMITS.values())


def take(tx: Connection, account_id: int, handle: Handle, key: bytes) -> None:
    """The unique key decides, also between two at the same instant. A nickname takes all that look like it along.

    One's own of before may be borne again, whatever somebody else has come to look like meanwhile.
    Raises Conflict where it is another's.
    """
    if not _claim(tx, account_id, handle, key):
        return
    if handle.kind == "nickname":
        _claim(tx, account_id, skeleton(handle), key)


def release_phone(tx: Connection, before: Account, key: bytes) -> None:
    """Phone companies give a number to somebody else in time; a nickname or an email is never given again."""
    if before.phone is not None:
        _release(tx, before.id, Handle("phone", before.phone), key)


def change_nickname(tx: Connection, before: Account, nickname: str, key: bytes) -> None:
    """Count the change, and release the nickname of before if it was held only briefly. The new one is taken already.

    Raises TooMany.
    """
    _count(tx, before.id, _CHANGES)
    former = Handle("nickname", before.nickname)
    if not _is_brief(tx, before.id, former, key):
        return
    _release(tx, before.id, former, key)
    own_skeleton = skeleton(former)
    if own_skeleton != skeleton(Handle("nickname", nickname)) and _is_brief(tx, before.id, own_skeleton, key):
        _release(tx, before.id, own_skeleton, key)


def count_attempts(tx: Connection, account: Account, wanted: list[Handle]) -> None:
    """Somebody is about to try these handles. Committed before the attempt, so that its outcome changes nothing.

    Raises TooMany.
    """
    accounts = models.accounts.c
    tx.execute(select(accounts.id).where(accounts.id == account.id).with_for_update())  # one at a time
    for handle in wanted:
        if getattr(account, handle.kind) != handle.value:
            _count(tx, account.id, handle.kind)


def claim_skeletons(tx: Connection, key: bytes, limit: int = 500) -> bool:
    """Claim what nicknames of before look like, the oldest account first; whether there may be more.

    Of those that look alike already, each keeps its own, and the first also what they look like.
    """
    due, accounts = models.unclaimed_looks, models.accounts.c
    statement = select(due.c.account_id, accounts.nickname).outerjoin(models.accounts, accounts.id == due.c.account_id)
    rows = tx.execute(statement.order_by(due.c.account_id).limit(limit)).all()
    for row in rows:
        if row.nickname is not None:
            mark = digest(key, skeleton(Handle("nickname", row.nickname)))
            insert_new(tx, models.handles, {"kind": SKELETON, "digest": mark, "account_id": row.account_id})
    tx.execute(delete(due).where(due.c.account_id.in_([row.account_id for row in rows])))
    return len(rows) == limit


def forget_attempts(tx: Connection, account_id: int) -> None:
    """All of the account: its owner withdraws."""
    tx.execute(delete(models.handle_attempts).where(models.handle_attempts.c.account_id == account_id))


def forget_old_attempts(tx: Connection, limit: int = 1_000) -> bool:
    """Delete some attempts that no limit counts any more; whether there may be more."""
    attempts = models.handle_attempts.c
    old = select(attempts.id).where(attempts.id < ids.at(clock.now() - KEPT)).order_by(attempts.id).limit(limit)
    gone = list(tx.execute(old).scalars())
    tx.execute(delete(models.handle_attempts).where(attempts.id.in_(gone)))
    return len(gone) == limit


def _count(tx: Connection, account_id: int, kind: str) -> None:
    attempts, now, (most, window) = models.handle_attempts, clock.now(), LIMITS[kind]
    of_this_kind = (attempts.c.account_id == account_id, attempts.c.kind == kind, attempts.c.created_at > now - window)
    latest = select(attempts.c.created_at).where(*of_this_kind).order_by(attempts.c.created_at.desc()).limit(most)
    moments = tx.execute(latest).scalars().all()
    if len(moments) >= most:
        retry_after = 1 + (moments[-1] + window - now) // clock.SECOND
        raise TooMany("too_many_changes", "This was changed or tried too often.", retry_after=retry_after)
    tx.execute(insert(attempts).values(id=ids.new(), account_id=account_id, kind=kind, created_at=now))


def _claim(tx: Connection, account_id: int, handle: Handle, key: bytes) -> bool:
    """Whether it was free. Raises Conflict where it is another's."""
    handles = models.handles
    row = {"kind": handle.kind, "digest": digest(key, handle), "account_id": account_id, "claimed_at": clock.now()}
    if insert_new(tx, handles, row):
        return True
    this = (handles.c.kind == handle.kind, handles.c.digest == row["digest"])
    if tx.execute(select(handles.c.account_id).where(*this)).scalar_one_or_none() != account_id:
        raise _taken(handle)
    return False


def _is_brief(tx: Connection, account_id: int, handle: Handle, key: bytes) -> bool:
    """Whether the account holds this handle, and only since a short while."""
    handles = models.handles.c
    held = select(handles.claimed_at).where(
        handles.kind == handle.kind, handles.digest == digest(key, handle), handles.account_id == account_id
    )
    claimed_at = tx.execute(held).scalar_one_or_none()
    return claimed_at is not None and claimed_at > clock.now() - BRIEF


def _release(tx: Connection, account_id: int, handle: Handle, key: bytes) -> None:
    handles = models.handles.c
    this = (handles.kind == handle.kind, handles.digest == digest(key, handle), handles.account_id == account_id)
    tx.execute(delete(models.handles).where(*this))


def _taken(handle: Handle) -> Conflict:
    if handle.kind == SKELETON:
        return Conflict("nickname_taken", "This nickname looks like one that is taken.")
    return Conflict(f"{handle.kind}_taken", f"This {handle.kind} is taken.")
