"""Accounts in auth and copies of users in other services: complete for existing users, empty for deleted ones."""

from collections.abc import Iterator

from sqlalchemy import select

from chaos.checks.context import LOST, ORPHANED, RESURRECTED, UNFINISHED, CheckContext, Difference, each
from chaos.history import ACKED
from services.auth import models as auth
from services.dm import models as dm
from services.notifications import models as notifications
from services.posts import models as posts
from services.social import models as social
from shared import ids
from shared.service_list import PURGE_REPORTERS

CREDENTIALS = (
    *(auth.totp_secrets, auth.recovery_codes, auth.passkeys, auth.identities, auth.exports),
    *(auth.email_confirmations, auth.password_resets, auth.mails),
)
COPIES = {"social": social, "posts": posts, "dm": dm, "notifications": notifications}


def accounts(context: CheckContext) -> Iterator[Difference]:
    """Every signed-up user exists; deleted users have no account and no session."""
    found = {row.id: row for row in context.rows("auth", select(auth.accounts))}
    yield from each(LOST, "account", context.living - found.keys())
    yield from each(RESURRECTED, "account of a withdrawn", context.gone & found.keys())
    for person in context.history.people:
        row = found.get(ids.parse(person.id)) if person.id and person.living else None
        if row is not None and (row.nickname, row.email) != (person.mark, person.account()["email"]):
            yield Difference(LOST, f"account of {person.mark} as it was signed up")
    logins = {row.account_id for row in context.rows("auth", select(auth.sessions.c.account_id))}
    yield from each(ORPHANED, "login of a withdrawn", context.gone & logins)
    sessions = {row.id for row in context.rows("auth", select(auth.sessions.c.id))}
    tokens = {row.session_id for row in context.rows("auth", select(auth.refresh_tokens.c.session_id))}
    yield from each(ORPHANED, "refresh token without a login", tokens - sessions)


def credentials(context: CheckContext) -> Iterator[Difference]:
    """A second factor that was confirmed is there, and nothing of deleted users that lets in or would be sent."""
    for table in CREDENTIALS:
        owners = {row.account_id for row in context.rows("auth", select(table.c.account_id))}
        yield from each(ORPHANED, f"row in {table.name} of a withdrawn", context.gone & owners)
    protected = {row.id for row in context.rows("auth", select(auth.accounts)) if row.second_factor}
    wanted = {ids.parse(each.id) for each in context.history.people if each.living and each.second_factor is ACKED}
    yield from each(LOST, "second factor", wanted - protected)


def exported(context: CheckContext) -> Iterator[Difference]:
    """Every export that was asked for is ready, and its file is there."""
    ready = {row.account_id: row.name for row in context.rows("auth", select(auth.exports)) if row.due_at is None}
    wanted = {ids.parse(each.id) for each in context.history.people if each.living and each.export is ACKED}
    yield from each(LOST, "export", wanted - ready.keys())
    there = {name for name in ready.values() if (context.system.files["auth"] / name).is_file()}
    yield from each(LOST, "file of an export", set(ready.values()) - there)


def withdrawals(context: CheckContext) -> Iterator[Difference]:
    """Auth's list contains exactly the deleted users, each completed by every service."""
    listed = {row.account_id: row.complete for row in context.rows("auth", select(auth.withdrawals))}
    yield from each(LOST, "withdrawal", context.gone - listed.keys())
    yield from each(LOST, "a living one is among the withdrawn", context.living & listed.keys())
    yield from each(UNFINISHED, "withdrawal", [user for user, complete in listed.items() if not complete])
    reports = {(row.account_id, row.service) for row in context.rows("auth", select(auth.purges))}
    wanted = {(user, service) for user in listed for service in PURGE_REPORTERS}
    yield from each(UNFINISHED, "report of a purge", wanted - reports)


def tombstones(context: CheckContext) -> Iterator[Difference]:
    """Each service has tombstones of exactly the deleted users."""
    for service, models in COPIES.items():
        known = {row.id: row for row in context.rows(service, select(models.people))}
        tombstoned = {row.user_id for row in context.rows(service, select(models.purges.c.user_id))}
        yield from each(LOST, f"{service} has not tombstoned", context.gone - tombstoned)
        yield from each(LOST, f"{service} has tombstoned a living one", context.living & tombstoned)
        for user in context.gone & known.keys():
            row = known[user]
            if not row.deleted or row.nickname is not None or row.name is not None:
                yield Difference(RESURRECTED, f"{service} knows a name of {user}")


def names(context: CheckContext) -> Iterator[Difference]:
    """Each service has every existing user, with the current name."""
    by_id = context.history.by_id()
    for service, models in COPIES.items():
        known = {row.id: row for row in context.rows(service, select(models.people))}
        for user in context.living:
            row = known.get(user)
            if row is None or row.deleted or row.nickname != by_id[ids.encode(user)].mark:
                yield Difference(LOST, f"name of {by_id[ids.encode(user)].mark} in {service}")
