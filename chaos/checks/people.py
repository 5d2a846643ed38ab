"""Accounts in auth and the copies of names elsewhere: of the living all, of the withdrawn nothing."""

from collections.abc import Iterator

from sqlalchemy import select

from chaos.checks.context import BACK, LOST, ORPHANED, UNFINISHED, Difference, Ledger, each
from services.auth import models as auth
from services.dm import models as dm
from services.posts import models as posts
from services.social import models as social
from shared import ids
from shared.service_list import PURGE_REPORTERS

COPIES = {"social": social, "posts": posts, "dm": dm}


def accounts(ledger: Ledger) -> Iterator[Difference]:
    """Whoever signed up can be found; whoever withdrew has no account and no login."""
    found = {row.id: row for row in ledger.rows("auth", select(auth.accounts))}
    yield from each(LOST, "account", ledger.living - found.keys())
    yield from each(BACK, "account of a withdrawn", ledger.gone & found.keys())
    for person in ledger.history.people:
        row = found.get(ids.parse(person.id)) if person.id and person.living else None
        if row is not None and (row.nickname, row.email) != (person.mark, person.account()["email"]):
            yield Difference(LOST, f"account of {person.mark} as it was signed up")
    logins = {row.account_id for row in ledger.rows("auth", select(auth.sessions.c.account_id))}
    yield from each(ORPHANED, "login of a withdrawn", ledger.gone & logins)
    sessions = {row.id for row in ledger.rows("auth", select(auth.sessions.c.id))}
    tokens = {row.session_id for row in ledger.rows("auth", select(auth.refresh_tokens.c.session_id))}
    yield from each(ORPHANED, "refresh token without a login", tokens - sessions)


def withdrawals(ledger: Ledger) -> Iterator[Difference]:
    """Auth's list holds everybody who withdrew, nobody else, and each is done everywhere."""
    listed = {row.account_id: row.complete for row in ledger.rows("auth", select(auth.withdrawals))}
    yield from each(LOST, "withdrawal", ledger.gone - listed.keys())
    yield from each(LOST, "a living one is among the withdrawn", ledger.living & listed.keys())
    yield from each(UNFINISHED, "withdrawal", [user for user, complete in listed.items() if not complete])
    reports = {(row.account_id, row.service) for row in ledger.rows("auth", select(auth.purges))}
    wanted = {(user, service) for user in listed for service in PURGE_REPORTERS}
    yield from each(UNFINISHED, "report of a purge", wanted - reports)


def burials(ledger: Ledger) -> Iterator[Difference]:
    """Each service has buried everybody who withdrew, and nobody else."""
    for service, models in COPIES.items():
        known = {row.id: row for row in ledger.rows(service, select(models.people))}
        buried = {row.user_id for row in ledger.rows(service, select(models.purges.c.user_id))}
        yield from each(LOST, f"{service} has not buried", ledger.gone - buried)
        yield from each(LOST, f"{service} has buried a living one", ledger.living & buried)
        for user in ledger.gone & known.keys():
            row = known[user]
            if not row.deleted or row.nickname is not None or row.name is not None:
                yield Difference(BACK, f"{service} knows a name of {user}")


def names(ledger: Ledger) -> Iterator[Difference]:
    """Each service knows everybody who lives, by the name that auth has."""
    by_id = ledger.history.by_id()
    for service, models in COPIES.items():
        known = {row.id: row for row in ledger.rows(service, select(models.people))}
        for user in ledger.living:
            row = known.get(user)
            if row is None or row.deleted or row.nickname != by_id[ids.encode(user)].mark:
                yield Difference(LOST, f"name of {by_id[ids.encode(user)].mark} in {service}")
