"""Commands for operators about one account: WHO is its id, nickname, email address or phone number."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from typing import Any

import click
from sqlalchemy import Connection

from shared import clock, ids
from shared.database.engine import Database
from shared.errors import AppError
from shared.events.replay import publish_outbox
from shared.security.access_tokens import ROLES
from shared.server.output import as_json_option, print_rows

from . import handles, queries
from .actions import (
    exports,
    invitations,
    moderation,
    password_resets,
    second_factor,
    sessions,
    suspensions,
    withdrawals,
)
from .actions.moderation_log import Deed
from .queries import Account
from .settings import Settings
from .signed_urls import EXPORTS, UrlSigner

Work = Callable[[Database, Account], tuple[dict[str, Any], str]]
"""Does what a command says. Returns what it prints: as JSON beside the account's id, and as a sentence.

Raises AppError.
"""
_limit = click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="At most so many")


def add_account_commands(cli: click.Group) -> None:
    """Add them to the commands of auth."""
    for command in (_accounts, _sessions, _suspensions, _suspend, _role, _invite, _delete_account):
        cli.add_command(command)
    for name, work in (
        ("send-reset", _send_reset),
        ("remove-second-factor", _remove_second_factor),
        ("reinstate", _reinstate),
        ("export", _export),
    ):
        cli.add_command(_command(name, work))


@contextmanager
def opened_database() -> Iterator[Database]:
    """The database of the settings."""
    database = Database(Settings().database_url, pool_size=1)
    try:
        yield database
    finally:
        database.close()


def _find(database: Database, who: str) -> Account | None:
    """By id, else by handle: a nickname may look like an id."""
    with suppress(ValueError):
        found = database.read(queries.account, ids.parse(who))
        if found is not None:
            return found
    settings = Settings()
    handle = handles.identifier(who, settings.default_region)
    if handle is None:
        return None
    if handle.kind == "nickname":
        return database.read(queries.account_by_nickname, handle.value)
    return database.read(queries.account_by_handle, handles.digest(settings.key("handles"), handle), handle.value)


def _command(name: str, work: Work) -> click.Command:
    """A command that does this to one account."""

    @click.argument("who")
    @as_json_option
    @wraps(work)
    def run(*, who: str, as_json: bool) -> None:
        _run(work, who, as_json=as_json)

    return click.command(name, help=work.__doc__)(run)


def _run(work: Work, who: str, *, as_json: bool) -> None:
    with opened_database() as database:
        account = _find(database, who)
        if account is None:
            raise SystemExit("There is no such account.")
        try:
            result, sentence = work(database, account)
        except AppError as refusal:
            raise SystemExit(refusal.detail) from refusal
        _publish(database)
    if as_json:
        row = {"user_id": ids.encode(account.id), **result}
        print_rows([row], list(row), as_json=True)
    else:
        click.echo(sentence)


def _publish(database: Database) -> None:
    if not asyncio.run(publish_outbox(database, Settings().broker_url)):
        click.echo("The broker cannot be reached: the other services learn of this when it is back.", err=True)


@click.command("accounts")
@click.argument("who")
@as_json_option
def _accounts(*, who: str, as_json: bool) -> None:
    """List this account, with what its owner sees of it, and since when it is suspended."""
    with opened_database() as database:
        found = _find(database, who)
    rows = [] if found is None else [queries.account_json(found) | {"suspended_at": _time(found.suspended_at)}]
    columns = ("id", "nickname", "name", "email", "phone", "created_at", "suspended_at")
    print_rows(rows, columns, as_json=as_json)


@click.command("sessions")
@click.argument("who")
@click.option("--end", is_flag=True, help="End them all; their access tokens are void within two seconds")
@as_json_option
def _sessions(*, who: str, end: bool, as_json: bool) -> None:
    """List the open sessions of this account."""
    with opened_database() as database:
        found = _find(database, who)
        rows = [] if found is None else database.read(queries.open_sessions, found.id)
        if found is not None and end:
            database.write(sessions.end_all_by_operator, found.id)
            _publish(database)
    print_rows(rows, ("id", "device", "ip", "created_at", "last_used_at"), as_json=as_json)


@click.command("suspensions")
@_limit
@as_json_option
def _suspensions(*, limit: int, as_json: bool) -> None:
    """List suspended accounts, the newest accounts first."""
    with opened_database() as database:
        found = database.read(suspensions.newest, limit)
    rows = [
        {"user_id": ids.encode(each.id), "nickname": each.nickname, "suspended_at": _time(each.suspended_at)}
        for each in found
    ]
    print_rows(rows, ("user_id", "nickname", "suspended_at"), as_json=as_json)


@click.command("delete-account")
@click.argument("who")
@click.option("--yes", is_flag=True, help="Do it: nobody can undo it")
@as_json_option
def _delete_account(*, who: str, yes: bool, as_json: bool) -> None:
    """Delete this account, as its owner can: its content is removed from every service, and messages stay."""
    if not yes:
        raise SystemExit("Nobody can undo this. Add --yes to do it.")
    _run(_withdraw, who, as_json=as_json)


@click.command("suspend")
@click.argument("who")
@click.option("--reason", help="Why; its owner reads it in the message about it")
@as_json_option
def _suspend(*, who: str, reason: str | None, as_json: bool) -> None:
    """Hide this account and its content everywhere, and end its sessions. `reinstate` undoes it."""

    def work(database: Database, account: Account) -> tuple[dict[str, Any], str]:
        done = database.write(suspensions.suspend, account.id, Deed(None, reason))
        told = "It is suspended, and hidden within two seconds." if done else "It was suspended before."
        return {"suspended": True, "changed": done}, told

    _run(work, who, as_json=as_json)


@click.command("role")
@click.argument("who")
@click.argument("role", type=click.Choice(ROLES))
@as_json_option
def _role(*, who: str, role: str, as_json: bool) -> None:
    """Give this account a role. This is how an instance gets its first admin; admins then appoint others."""

    def work(database: Database, account: Account) -> tuple[dict[str, Any], str]:
        done = database.write(moderation.set_role_by_operator, account.id, role)
        told = f"Its role is {role} within two seconds." if done else f"Its role was {role} before."
        return {"role": role, "changed": done}, told

    _run(work, who, as_json=as_json)


@click.command("invite")
@click.option("--uses", type=click.IntRange(1, invitations.MAX_USES), default=1, show_default=True)
@click.option("--days", type=click.IntRange(1, invitations.MAX_DAYS), default=14, show_default=True)
@as_json_option
def _invite(*, uses: int, days: int, as_json: bool) -> None:
    """Print the code of a new invitation, for an instance with SIGN_UP=invitation."""
    with opened_database() as database:
        row, code = database.write(invitations.create, None, uses, days)
    rows = [{"code": code, "uses": uses, "expires_at": _time(row.expires_at)}]
    print_rows(rows, ("code", "uses", "expires_at"), as_json=as_json)


def _withdraw(database: Database, account: Account) -> tuple[dict[str, Any], str]:
    database.write(withdrawals.withdraw_by_operator, account.id)
    return {"deleted": True}, "It is deleted. `withdrawals` shows which services are done."


def _send_reset(database: Database, account: Account) -> tuple[dict[str, Any], str]:
    """Send a link for a new password to the address of this account."""
    database.write(password_resets.begin_by_operator, account.id)
    return {"sent": True}, "It is sent within a minute, and is valid for 30 minutes."


def _remove_second_factor(database: Database, account: Account) -> tuple[dict[str, Any], str]:
    """Remove the second factor of this account, whose owner has proven it by other means."""
    removed = database.write(second_factor.remove_without_proof, account.id)
    told = "It is removed, and the account's audit log says so." if removed else "It has none."
    return {"removed": removed}, told


def _reinstate(database: Database, account: Account) -> tuple[dict[str, Any], str]:
    """Show this suspended account and its content again, and let it log in."""
    done = database.write(suspensions.reinstate, account.id)
    told = "It is reinstated, and shown within two seconds." if done else "It was not suspended."
    return {"suspended": False, "changed": done}, told


def _export(database: Database, account: Account) -> tuple[dict[str, Any], str]:
    """Begin an export of the data of this account, or print the link to one that is ready."""
    signer = UrlSigner(Settings().key(EXPORTS))

    def begin_or_read(tx: Connection) -> dict[str, Any]:
        row = queries.export_of(tx, account.id)
        if row is None or row.due_at is not None or row.expires_at < clock.now():
            row = exports.request(tx, account.id, None)
        return exports.export_json(row, signer)

    state = database.write(begin_or_read)
    told = f"The archive is at {state['url']} for an hour." if state["url"] else "It is being collected. Ask again."
    return state, told


def _time(moment: int | None) -> str | None:
    return None if moment is None else clock.format_rfc3339(moment)
