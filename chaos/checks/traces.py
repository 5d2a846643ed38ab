"""Traces of deleted users: in every column of every table, in names and contents of files, in logs."""

import re
from collections.abc import Iterable, Iterator

from sqlalchemy import MetaData, Table, cast, or_, select
from sqlalchemy.types import BLOB, JSON, LargeBinary, String, Text

from chaos.checks.context import ORPHANED, TRACES, CheckContext, Difference, each
from chaos.containers import SERVICES
from chaos.history import MARK
from services.auth import models as auth
from services.auth.actions.withdrawal_records import record_name
from services.dm import models as dm
from services.dm import photo_queries
from services.posts import models as posts
from services.posts.queries.photos import file_names

SIGNS = re.compile(rf"{MARK}[0-9a-f]{{14}}|\+?8210[0-9]{{8}}")
KEPT = {("dm", "messages", "text"), ("dm", "searched_texts", "folded")}
"""Messages to other users stay, and these users find them."""


def signs(context: CheckContext) -> set[str]:
    """Markers and phone numbers of deleted users."""
    gone = [person for person in context.history.people if person.gone]
    phones = {person.phone for person in gone if person.phone}
    return {person.mark for person in gone} | phones | {phone.removeprefix("+") for phone in phones}


def in_schemas(context: CheckContext) -> Iterator[Difference]:
    """Only in messages that other users received."""
    wanted = signs(context)
    for service in SERVICES:
        metadata = MetaData()
        metadata.reflect(context.system.engines[service])
        for table in metadata.sorted_tables:
            yield from _in_table(context, service, table, wanted)


def _in_table(context: CheckContext, service: str, table: Table, wanted: set[str]) -> Iterator[Difference]:
    columns = [
        column
        for column in table.columns
        if isinstance(column.type, String | JSON | LargeBinary | BLOB)
        and (service, table.name, column.name) not in KEPT
    ]
    if not columns:
        return
    suspicious = or_(*(cast(column, Text).like(f"%{each}%") for column in columns for each in (MARK, "8210")))
    for row in context.rows(service, select(*columns).where(suspicious)):
        for column, value in zip(columns, row, strict=True):
            found = wanted & set(SIGNS.findall(_text(value)))
            if found and not _answer_to_the_living(service, table.name):
                yield from each(TRACES, f"{service}.{table.name}.{column.name}", found)


def _answer_to_the_living(service: str, table: str) -> bool:
    """Stored responses quote messages; their owners are checked elsewhere."""
    return (service, table) == ("dm", "idempotency_keys")


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def in_files(context: CheckContext) -> Iterator[Difference]:
    """Neither in names nor in contents."""
    wanted = signs(context)
    for service, folder in context.system.files.items():
        for path in folder.rglob("*"):
            content = path.read_bytes().decode("latin-1") if path.is_file() else ""
            yield from each(TRACES, f"file {path.name} of {service}", wanted & _found(path.name, content))


def in_logs(context: CheckContext) -> Iterator[Difference]:
    """Of no user."""
    for who, log in context.system.printed().items():
        yield from each(TRACES, f"log of {who}", _found(log))


def _found(*texts: str) -> set[str]:
    return {sign for text in texts for sign in SIGNS.findall(text) if sign.startswith((MARK, "+"))}


def stored(context: CheckContext) -> Iterator[Difference]:
    """Every file belongs to a photo or a deleted account, or is scheduled for deletion; every file is there."""
    yield from _compare(context, "posts", _names(context))
    avatars = {row.avatar for row in context.rows("auth", select(auth.accounts.c.avatar)) if row.avatar}
    deleted = context.rows("auth", select(auth.withdrawals.c.account_id))
    yield from _compare(context, "auth", avatars | {record_name(row.account_id) for row in deleted})
    rows = context.rows("dm", select(dm.media))
    yield from _compare(context, "dm", {name for row in rows for name in photo_queries.file_names(row)})


def _names(context: CheckContext) -> set[str]:
    rows = context.rows("posts", select(posts.media))
    return {name for row in rows for name in file_names(row)}


def _compare(context: CheckContext, service: str, wanted: Iterable[str]) -> Iterator[Difference]:
    wanted = set(wanted)
    folder = context.system.files[service]
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    models = {"posts": posts, "auth": auth, "dm": dm}[service]
    going = {row.name for row in context.rows(service, select(models.disposal.c.name))}
    yield from each(ORPHANED, f"file of {service} that nobody knows", there - wanted - going)
    yield from each("lost", f"file of {service}", wanted - there)
