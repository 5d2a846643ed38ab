"""Accounts in auth and the copies of names elsewhere: of the living all, of the withdrawn nothing."""

from collections.abc import Iterator

from sqlalchemy import select

from chaos.checks.context import LOST, ORPHANED, RESURRECTED, UNFINISHED, CheckContext, Difference, each
from services.auth import models as auth
from services.dm import models as dm
from services.posts import models as posts
from services.social import models as social
from shared import ids
from shared.service_list import PURGE_REPORTERS

COPIES = {"social": social, "posts": posts, "dm": dm}


def accounts(context: CheckContext) -> Iterator[Difference]:
    """Whoever signed up can be found; whoever withdrew has no account and no login."""
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


def withdrawals(context: CheckContext) -> Iterator[Difference]:
    """Auth's list holds everybody who withdrew, nobody else, and each is done everywhere."""
    listed = {row.account_id: row.complete for row in context.rows("auth", select(auth.withdrawals))}
    yield from each(LOST, "withdrawal", context.gone - listed.keys())
    yield from each(LOST, "a living one is among the withdrawn", context.living & listed.keys())
    yield from each(UNFINISHED, "withdrawal", [user for user, complete in listed.items() if not complete])
    reports = {(row.account_id, row.service) for row in context.rows("auth", select(auth.purges))}
    wanted = {(user, service) for user in listed for service in PURGE_REPORTERS}
    yield from each(UNFINISHED, "report of a purge", wanted - reports)


def tombstones(context: CheckContext) -> Iterator[Difference]:
    """Each service has tombstoned everybody who withdrew, and nobody else."""
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
    """Each service knows everybody who lives, by the name that auth has."""
    by_id = context.history.by_id()
    for service, models in COPIES.items():
        known = {row.id: row for row in context.rows(service, select(models.people))}
        for user in context.living:
            row = known.get(user)
            if row is None or row.deleted or row.nickname != by_id[ids.encode(user)].mark:
                yield Difference(LOST, f"name of {by_id[ids.encode(user)].mark} in {service}")
