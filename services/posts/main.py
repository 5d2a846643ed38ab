"""Command line of posts: `python -m services.posts.main [COMMAND]`; without one it serves."""

import secrets
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Row

from shared import ids
from shared.database.engine import Database
from shared.files.storage import Storage
from shared.files.store_image import StoredFile, store_image
from shared.images.decoder_client import DecoderProcess
from shared.images.variants import DISPLAY, Variant
from shared.server.cli import commands
from shared.server.file_commands import add_file_commands, add_make_variants
from shared.server.file_repair import LOST, REMADE, SMALLER, FileRepair, remake
from shared.server.import_command import add_import
from shared.server.output import as_json_option, print_rows
from shared.server.recount_command import add_recount

from . import models
from .actions import old_photos, recount, tags
from .actions.feed import follows, rebuild
from .app import NAME, create_app
from .queries.photos import next_files, stored_variants
from .settings import Settings


def on_restore(database: Database, _settings: Settings, restored: frozenset[str]) -> None:
    """End all follows if social was restored without this service: it publishes those that there are."""
    if NAME in restored or "social" not in restored:
        return
    after: int | None = 0
    while after is not None:
        after = database.write(follows.end_some, after)
    click.echo("posts: all follows ended until social publishes them")


cli = commands(NAME, Settings, create_app, Path(__file__).parent, on_restore)


@cli.command("rebuild-feed")
@click.option("--user", help="Only the feed of the person with this id")
def rebuild_feed(user: str | None) -> None:
    """Rewrite the timelines of all feeds, or of one. Safe while the service runs, to interrupt, and to repeat."""
    settings = Settings()
    database = Database(settings.database_url, pool_size=1)
    if user is None:
        _ask_for_all(database)
    else:
        database.write(rebuild.ask_for, [ids.parse(user)])
    written = 0
    while database.write(rebuild.rebuild_some, settings.timeline_kept):
        written += 1
    database.close()
    click.echo(f"{written} timelines written; a running service writes the rest")


def _ask_for_all(database: Database) -> None:
    after: int | None = 0
    while after is not None:
        after = database.write(rebuild.ask_for_next, after)


add_recount(
    cli,
    Settings,
    recount.recount_some,
    "post_id",
    "Correct the counters of likes and comments, also of likes of comments. Lists the posts whose were wrong.",
)


@cli.command("recount-tags")
@as_json_option
def recount_tags(*, as_json: bool) -> None:
    """Correct how many posts each tag has. Lists the tags whose were wrong. Safe while the service runs."""
    database = Database(Settings().database_url, pool_size=1)
    after: str | None = ""
    corrected: list[str] = []
    while after is not None:
        after, some = database.write(tags.recount_some, after)
        corrected += some
    database.close()
    print_rows([{"tag": each} for each in corrected], ["tag"], as_json=as_json)


add_import(cli, Settings, Path(__file__).parent, models.metadata)


def _make_variants(database: Database, storage: Storage, decoder: DecoderProcess, photo: Row[Any]) -> bool:
    display = storage.get(photo.display)
    files = [  # the display file is not encoded once more
        (each.variant, display if each.variant.name == DISPLAY else each.data)
        for each in decoder.decode(display).renditions
    ]
    return _store_again(database, storage, photo, files)


def _store_again(database: Database, storage: Storage, photo: Row[Any], files: Sequence[tuple[Variant, bytes]]) -> bool:
    """Store all files of a photo, ascending, under new names. Returns whether it has changed."""
    base, largest = secrets.token_hex(16), files[-1][0]
    stored = [StoredFile(f"{base}-{variant.name}", data, variant.content_type) for variant, data in files]
    store_image(storage, stored, reserve=lambda names: database.write(old_photos.reserve, names))
    return database.write(old_photos.replace, photo, base, (largest.width, largest.height))


def _repair(database: Database, storage: Storage, decoder: DecoderProcess, media_id: int) -> str:
    photo = database.read(old_photos.by_id, media_id)
    files = [] if photo is None else remake(storage, decoder, stored_variants(photo))
    if photo is None or not files:
        database.write(old_photos.mark, media_id, missing=True)
        return LOST
    _store_again(database, storage, photo, files)
    return REMADE if files[-1][0].width == photo.width else SMALLER


file_repair = FileRepair(_repair, old_photos.next_missing, partial(old_photos.mark, missing=False))
add_file_commands(cli, Settings, models.disposal, next_files, file_repair)
add_make_variants(cli, Settings, old_photos.next_without_variants, _make_variants)

if __name__ == "__main__":
    cli()
