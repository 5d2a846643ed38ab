"""The commands check-media, migrate-media and make-variants of the services that store files."""

import sys
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from typing import Any

import click
from sqlalchemy import Connection, Row, Table, select

from shared import ids
from shared.database.engine import Database
from shared.errors import AppError
from shared.files import garbage
from shared.files.check import compare
from shared.files.copy import copy_files
from shared.files.storage import Storage
from shared.files.storage_url import storage_from
from shared.images.decoder_client import DecoderProcess
from shared.server.file_repair import LOST, FileRepair
from shared.server.output import as_json_option, print_rows

PAGE = 1_000
NextFiles = Callable[[Connection, int], Mapping[int, Sequence[str]]]
"""The names of the files of some rows, by the ids of the rows: of those above an id, in their order."""
NextRows = Callable[[Connection, int], Sequence[Row[Any]]]
"""Some rows whose ids are above an id, in their order."""
Make = Callable[[Database, Storage, DecoderProcess, Row[Any]], bool]
"""Make the files of one row. Returns whether it had none. Raises AppError."""


def add_file_commands(
    cli: click.Group,
    settings_type: Callable[[], Any],
    disposal: Table,
    next_files: NextFiles,
    file_repair: FileRepair,
    folders: Sequence[str] = (),
) -> None:
    """Add check-media and migrate-media. `next_files` reads the names in use; files in `folders` are none of them.

    The settings have a `database_url` and a `storage_url`.
    """

    @cli.command("check-media")
    @click.option("--repair", is_flag=True, help="Delete the unused, make the missing again of what is left")
    @as_json_option
    def check_media(*, repair: bool, as_json: bool) -> None:
        """List files that nothing uses, and files that are used but not stored. Safe while the service runs.

        --repair lets the service delete the unused ones, and makes missing sizes and formats of a photo again of its
        largest file that is left. A photo of which no file is left is marked as missing, which its clients are told,
        until its files are there again. An avatar is removed. The exit status is 1 if files are missing or lost: only a
        backup can bring them back.
        """
        settings = settings_type()
        database, storage = Database(settings.database_url, pool_size=1), storage_from(settings.storage_url)
        found = compare(storage, _scheduled(database, disposal), _used(database, next_files), folders)
        if repair and found.is_empty:
            raise click.ClickException("Nothing is stored there: STORAGE_URL may be wrong. Nothing was changed.")
        states = dict.fromkeys(found.missing, "missing")
        if repair:
            for start in range(0, len(found.unused), PAGE):
                database.write(garbage.schedule_deletion, disposal, found.unused[start : start + PAGE])
            states = _repair(database, storage, file_repair, found.missing)
            _unmark(database, file_repair, found.missing)
        database.close()
        action = "deleted within a minute" if repair else "unused"
        rows = [{"file": name, "state": action} for name in found.unused]
        rows += [{"file": name, "state": states[row]} for row, names in found.missing.items() for name in names]
        print_rows(rows, ("file", "state"), as_json=as_json)
        sys.exit(1 if any(state == "missing" or state.startswith(LOST) for state in states.values()) else 0)

    @cli.command("migrate-media")
    @click.option("--from", "source", help="The storage to copy from, by default STORAGE_URL")
    @click.option("--to", "target", help="The storage to copy to, by default STORAGE_URL")
    def migrate_media(source: str | None, target: str | None) -> None:
        """Copy all files to another storage, between file:///folder and s3://bucket/prefix.

        Files that the target has are skipped: after an interruption, run it again. Safe while the service runs.
        """
        if (source is None) == (target is None):
            raise click.UsageError("Name the other storage: --to URL, or --from URL.")
        own = settings_type().storage_url
        click.echo(f"{copy_files(storage_from(source or own), storage_from(target or own))} files copied")


def add_make_variants(cli: click.Group, settings_type: Callable[[], Any], next_rows: NextRows, make: Make) -> None:
    """Add make-variants for the rows of `next_rows`."""

    @cli.command("make-variants")
    def make_variants() -> None:
        """Make all sizes and formats of images from before there were variants.

        Safe while the service runs, to interrupt, and to repeat: an image is changed when all its files are stored.
        """
        settings = settings_type()
        database, storage = Database(settings.database_url, pool_size=1), storage_from(settings.storage_url)
        decoder, after, made = DecoderProcess(), 0, 0
        while rows := database.read(next_rows, after):
            for row in rows:
                after = row.id
                try:
                    made += make(database, storage, decoder, row)
                except AppError as problem:
                    click.echo(f"{ids.encode(row.id)}: {problem.detail}", err=True)
        decoder.stop()
        database.close()
        click.echo(f"{made} photos have new files")


def _repair(
    database: Database, storage: Storage, file_repair: FileRepair, missing: Mapping[int, Sequence[str]]
) -> dict[int, str]:
    decoder, states = DecoderProcess(), dict[int, str]()
    for row_id in missing:
        try:
            states[row_id] = file_repair.repair(database, storage, decoder, row_id)
        except AppError as problem:
            states[row_id] = "missing"
            click.echo(f"{ids.encode(row_id)}: {problem.detail}", err=True)
    decoder.stop()
    return states


def _unmark(database: Database, file_repair: FileRepair, missing: Container[int]) -> None:
    after = 0
    while marked := database.read(file_repair.next_marked, after):
        for row_id in marked:
            if row_id not in missing:
                database.write(file_repair.unmark, row_id)
        after = marked[-1]


def _used(database: Database, next_files: NextFiles) -> Iterator[tuple[int, Sequence[str]]]:
    after = 0
    while page := database.read(next_files, after):
        yield from page.items()
        after = max(page)


def _scheduled(database: Database, disposal: Table) -> Iterator[str]:
    after = ""
    while True:
        page = database.read(_names_after, disposal, after)
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1]


def _names_after(connection: Connection, disposal: Table, after: str) -> list[str]:
    names = select(disposal.c.name).where(disposal.c.name > after).order_by(disposal.c.name).limit(PAGE)
    return list(connection.execute(names).scalars())
