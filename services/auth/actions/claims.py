"""The handles that accounts hold, and how often an account may try others."""

from sqlalchemy import Connection, delete, insert, select

from shared import clock, ids
from shared.database.statements import insert_if_absent
from shared.errors import Conflict, TooManyRequests

from .. import models
from ..handles import SKELETON, Handle, digest, skeleton
from ..queries import Account

# A nickname that was used for less than this is released when its owner takes another one.
BRIEF_MS = clock.HOUR
_CHANGES = "nickname change"
# Limits per account: attempts with handles of a kind, and changes of the nickname, and the period in ms.
# Attempts count whatever their outcome: otherwise the responses reveal which phone numbers are registered.
LIMITS = {"phone": (5, clock.DAY), "nickname": (20, clock.DAY), _CHANGES: (5, 30 * clock.DAY)}
RETENTION_MS = max(window for _, window in LIMITS.values())


def take(tx: Connection, account_id: int, handle: Handle, key: bytes) -> None:
    """Claim the handle, and with a nickname its skeleton. Raises Conflict if it is another account's.

    An account may always take its own former nickname again, whatever similar nicknames others have.
    """
    # The unique key decides, also between two transactions at the same time.
    if not _claim(tx, account_id, handle, key):
        return
    if handle.kind == "nickname":
        _claim(tx, account_id, skeleton(handle), key)


def release_phone(tx: Connection, before: Account, key: bytes) -> None:
    """Make the phone number free again: phone companies reassign numbers. Emails and nicknames stay claimed."""
    if before.phone is not None:
        _release(tx, before.id, Handle("phone", before.phone), key)


def change_nickname(tx: Connection, before: Account, nickname: str, key: bytes) -> None:
    """Count the change, and release the former nickname if it was used only briefly. The new one is already claimed.

    Raises TooManyRequests.
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
    """Count the attempts to take these handles, in a transaction before the attempt. Raises TooMany."""
    accounts = models.accounts.c
    tx.execute(select(accounts.id).where(accounts.id == account.id).with_for_update())  # one at a time
    for handle in wanted:
        if getattr(account, handle.kind) != handle.value:
            _count(tx, account.id, handle.kind)


def claim_skeletons(tx: Connection, key: bytes, limit: int = 500) -> bool:
    """Claim the skeletons of nicknames from before skeletons were claimed, the oldest account first.

    Of nicknames that already look alike, each account keeps its own, and the first one gets the skeleton. Returns
    whether there may be more.
    """
    due, accounts = models.unclaimed_looks, models.accounts.c
    statement = select(due.c.account_id, accounts.nickname).outerjoin(models.accounts, accounts.id == due.c.account_id)
    rows = tx.execute(statement.order_by(due.c.account_id).limit(limit)).all()
    for row in rows:
        if row.nickname is not None:
            mark = digest(key, skeleton(Handle("nickname", row.nickname)))
            insert_if_absent(tx, models.handles, {"kind": SKELETON, "digest": mark, "account_id": row.account_id})
    tx.execute(delete(due).where(due.c.account_id.in_([row.account_id for row in rows])))
    return len(rows) == limit


def delete_attempts(tx: Connection, account_id: int) -> None:
    """Delete all attempts of an account that is being deleted."""
    tx.execute(delete(models.handle_attempts).where(models.handle_attempts.c.account_id == account_id))


def delete_old_attempts(tx: Connection, limit: int = 1_000) -> bool:
    """Delete some attempts that no limit counts any more. Returns whether there may be more."""
    attempts = models.handle_attempts.c
    old = (
        select(attempts.id)
        .where(attempts.id < ids.first_id_at(clock.now() - RETENTION_MS))
        .order_by(attempts.id)
        .limit(limit)
    )
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
        raise TooManyRequests("too_many_changes", "This was changed or tried too often.", retry_after=retry_after)
    tx.execute(insert(attempts).values(id=ids.new(), account_id=account_id, kind=kind, created_at=now))


def _claim(tx: Connection, account_id: int, handle: Handle, key: bytes) -> bool:
    """Whether the handle was free. Raises Conflict if it is another account's."""
    handles = models.handles
    row = {"kind": handle.kind, "digest": digest(key, handle), "account_id": account_id, "claimed_at": clock.now()}
    if insert_if_absent(tx, handles, row):
        return True
    this = (handles.c.kind == handle.kind, handles.c.digest == row["digest"])
    if tx.execute(select(handles.c.account_id).where(*this)).scalar_one_or_none() != account_id:
        raise _taken(handle)
    return False


def _is_brief(tx: Connection, account_id: int, handle: Handle, key: bytes) -> bool:
    """Whether the account holds this handle, and only for a short time."""
    handles = models.handles.c
    held = select(handles.claimed_at).where(
        handles.kind == handle.kind, handles.digest == digest(key, handle), handles.account_id == account_id
    )
    claimed_at = tx.execute(held).scalar_one_or_none()
    return claimed_at is not None and claimed_at > clock.now() - BRIEF_MS


def _release(tx: Connection, account_id: int, handle: Handle, key: bytes) -> None:
    handles = models.handles.c
    this = (handles.kind == handle.kind, handles.digest == digest(key, handle), handles.account_id == account_id)
    tx.execute(delete(models.handles).where(*this))


def _taken(handle: Handle) -> Conflict:
    if handle.kind == SKELETON:
        return Conflict("nickname_taken", "This nickname looks like one that is taken.")
    return Conflict(f"{handle.kind}_taken", f"This {handle.kind} is taken.")
