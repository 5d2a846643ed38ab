"""Signing up, and changing an account."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from precis_i18n import get_profile
from sqlalchemy import Connection, insert, select, update

from shared import clock, ids
from shared.errors import Forbidden, Unauthenticated
from shared.files import garbage
from shared.text import has_visible_character

from .. import events, models
from ..handles import Handle
from ..queries import Account
from . import audit_log, claims, invitations, mails, networks, search
from .audit_log import AuditEvent, Origin

MAX_NAME_KEY_LENGTH = 120
# How long a replaced picture is served: pages that were loaded before still show it.
REPLACED_AVATAR_RETENTION_MS = 5 * clock.MINUTE
_NICKNAME = get_profile("NicknameCaseMapped:CaseFold")
_CHANGED = {
    "password_hash": AuditEvent.PASSWORD_CHANGED,
    "nickname": AuditEvent.NICKNAME_CHANGED,
    "phone": AuditEvent.PHONE_CHANGED,
    **dict.fromkeys(("name", "bio", "avatar", "language"), AuditEvent.PROFILE_CHANGED),
}


@dataclass(frozen=True, slots=True)
class Applicant:
    """A user who signs up; everything is validated."""

    email: Handle
    nickname: Handle
    phone: Handle | None
    name: str
    password_hash: str
    language: str
    invitation: str | None = None
    """Used up by the sign-up."""
    pending: bool = False
    """Suspended until a moderator approves it."""


def name_key(name: str) -> str:
    """The form in which names are compared in searches: Nickname of RFC 8266, section 2.

    Without what is not visible: ignorable and control characters, and the dot that case folding leaves of İ. Characters
    that the profile disallows are kept: emoji are among them.
    """
    seen = "".join(" " if each.isspace() else each for each in name if each.isspace() or has_visible_character(each))
    folded = _NICKNAME.apply_five_rules(seen).casefold().replace("i\u0307", "i")
    return unicodedata.normalize("NFKC", folded)[:MAX_NAME_KEY_LENGTH].strip()


def sign_up(tx: Connection, applicant: Applicant, key: bytes, ip: str) -> Account:
    """Insert the account. Raises Conflict if another account has, or ever had, the email, the nickname or the phone.

    Raises Invalid if its invitation does not admit anybody any more.
    """
    now = clock.now()
    if applicant.invitation is not None:
        invitations.use(tx, applicant.invitation)
    account_id = ids.new()
    for handle in (applicant.email, applicant.nickname, applicant.phone):
        if handle is not None:
            claims.take(tx, account_id, handle, key)
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
            language=applicant.language,
            suspended=applicant.pending,
            pending=applicant.pending,
            version=1,
            created_at=now,
            updated_at=now,
        )
    )
    account = lock(tx, account_id)
    search.index(tx, account)
    networks.remember(tx, account_id, ip)
    audit_log.record(tx, account_id, AuditEvent.SIGNED_UP, ip)
    events.user_registered(tx, account)
    return account


def change_account(
    tx: Connection, proven: Account, changes: dict[str, Any], taken: list[Handle], key: bytes, origin: Origin
) -> Account:
    """Change columns of the account. `taken` are the handles among them; a former nickname stays the account's own.

    `proven` is the account as it was when the password was checked. Raises Conflict, TooMany, Unauthenticated,
    Forbidden.
    """
    before = lock_proven(tx, proven)
    for handle in taken:
        claims.take(tx, before.id, handle, key)
    if changes.get("nickname", before.nickname) != before.nickname:
        claims.change_nickname(tx, before, changes["nickname"], key)
    if changes.get("phone", before.phone) != before.phone:
        claims.release_phone(tx, before, key)
    if "password_hash" in changes:
        mails.void_reset(tx, before.id)
    return _change(tx, before, changes, origin)


def lock(tx: Connection, account_id: int) -> Account:
    """The account, locked. Raises Unauthenticated if it has been deleted."""
    found = tx.execute(select(models.accounts).where(models.accounts.c.id == account_id).with_for_update())
    account = found.one_or_none()
    if account is None:
        raise Unauthenticated("invalid_token", "This account has been deleted.")
    return account


def approval_pending() -> Forbidden:
    """The error for the owner of an account that no moderator has approved yet."""
    return Forbidden("approval_pending", "A moderator has to approve this account first.")


def lock_all(tx: Connection, account_ids: Iterable[int]) -> Mapping[int, Account]:
    """Those of these accounts that exist, locked in the order of their ids, so that no two transactions deadlock."""
    accounts = models.accounts
    found = select(accounts).where(accounts.c.id.in_(set(account_ids))).order_by(accounts.c.id).with_for_update()
    return {row.id: row for row in tx.execute(found)}


def lock_proven(tx: Connection, proven: Account) -> Account:
    """Lock the account and check that its password has not changed since it was verified."""
    account = lock(tx, proven.id)
    if account.password_hash != proven.password_hash:
        raise Forbidden("wrong_password", "The password has just been changed.")
    return account


def set_avatar(tx: Connection, account_id: int, name: str | None, origin: Origin) -> Account:
    """Set this stored file, or None. A replaced file is served for a while; with None, all are deleted at once."""
    before = lock(tx, account_id)
    if name is not None:
        garbage.keep(tx, models.disposal, [name])
    if name is None:
        remove_avatars(tx, before)
    elif before.avatar is not None:
        garbage.schedule_deletion(
            tx, models.disposal, [before.avatar], due_at=clock.now() + REPLACED_AVATAR_RETENTION_MS
        )
    return _change(tx, before, {"avatar": name}, origin)


def remove_lost_avatar(tx: Connection, account_id: int, name: str) -> None:
    """Show no avatar in place of this one, whose file is lost (check-media). Raises Unauthenticated."""
    before = lock(tx, account_id)
    if before.avatar == name:
        _change(tx, before, {"avatar": None}, None)


def remove_avatars(tx: Connection, account: Account) -> None:
    """Delete the avatar of the account, and those that it replaced recently, at once."""
    if account.avatar is not None:
        garbage.schedule_deletion(tx, models.disposal, [account.avatar])
    prefix, name = avatar_prefix(account.id), models.disposal.c.name
    garbage.schedule_now(
        tx, models.disposal, name >= prefix, name < f"{prefix}g"
    )  # hexadecimal digits follow the prefix


def avatar_prefix(account_id: int) -> str:
    """The prefix of the names of all files of this account, so that those scheduled for deletion are found."""
    return ids.encode(account_id)


def _change(tx: Connection, before: Account, changes: dict[str, Any], origin: Origin | None) -> Account:
    """`origin` is None for what an operator does."""
    real = {name: value for name, value in changes.items() if getattr(before, name) != value}
    if not real:
        return before
    if "name" in real:
        real["name_key"] = name_key(real["name"])
    seen = bool(real.keys() & {"name", "nickname", "avatar"})
    real |= {"updated_at": max(clock.now(), before.updated_at + 1), "version": before.version + seen}
    tx.execute(update(models.accounts).where(models.accounts.c.id == before.id).values(**real))
    account = lock(tx, before.id)
    if real.keys() & {"name", "nickname"}:
        search.index(tx, account)
    for kind in sorted({_CHANGED[name] for name in real.keys() & _CHANGED}):
        if origin is None:
            audit_log.record(tx, account.id, kind, "")
        else:
            audit_log.record_in_login(tx, account.id, kind, origin)
    if seen:
        events.user_updated(tx, account)
    return account
