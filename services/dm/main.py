"""Command line of dm: `python -m services.dm.main [COMMAND]`; without one it serves."""

import secrets
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Row

from shared.database.engine import Database
from shared.files.storage import Storage
from shared.files.store_image import StoredFile, store_image
from shared.images.decoder_client import DecoderProcess
from shared.images.variants import DISPLAY
from shared.server.cli import commands
from shared.server.file_commands import add_file_commands, add_make_variants
from shared.server.file_repair import LOST, REMADE, SMALLER, FileRepair, remake
from shared.server.import_command import add_import

from . import models, photo_queries
from .actions import old_photos
from .app import NAME, create_app
from .settings import Settings

cli = commands(NAME, Settings, create_app, Path(__file__).parent)


add_import(cli, Settings, Path(__file__).parent, models.metadata)


def _make_variants(database: Database, storage: Storage, decoder: DecoderProcess, photo: Row[Any]) -> bool:
    display = storage.get(photo_queries.stored(photo.file, DISPLAY))
    files = [
        StoredFile(photo_queries.stored(photo.file, each.variant.name), each.data, each.variant.content_type)
        for each in decoder.decode(display).renditions
        if each.variant.name != DISPLAY
    ]
    store_image(storage, files, reserve=lambda names: database.write(old_photos.reserve, photo, names))
    return database.write(old_photos.add_variants, photo.id)


def _repair(database: Database, storage: Storage, decoder: DecoderProcess, media_id: int) -> str:
    photo = database.read(old_photos.by_id, media_id)
    files = [] if photo is None else remake(storage, decoder, old_photos.stored_variants(photo))
    if photo is None or not files:
        database.write(old_photos.mark, media_id, missing=True)
        return LOST
    base, largest = secrets.token_hex(16), files[-1][0]
    stored = [
        StoredFile(photo_queries.stored(base, variant.name), data, variant.content_type) for variant, data in files
    ]
    store_image(storage, stored, reserve=lambda names: database.write(old_photos.reserve_again, names))
    database.write(old_photos.replace, photo, base, (largest.width, largest.height))
    return REMADE if largest.width == photo.width else SMALLER


file_repair = FileRepair(_repair, old_photos.next_missing, partial(old_photos.mark, missing=False))
add_file_commands(cli, Settings, models.disposal, photo_queries.next_files, file_repair)
add_make_variants(cli, Settings, old_photos.next_without_variants, _make_variants)

if __name__ == "__main__":
    cli()
