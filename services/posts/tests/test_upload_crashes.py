"""Fifty kills at any point between the upload of a photo and its post leave no file behind."""

import subprocess
import sys
from pathlib import Path

import pytest

from services.posts import models
from services.posts.actions import photos
from services.posts.settings import Settings
from shared import clock
from shared.database.engine import Database
from shared.files.garbage import collect
from shared.files.storage_url import storage_from
from shared.testing.waiting import WAIT_SECONDS

from .factories import rows_of, some_people

ROOT = Path(__file__).parents[3]
CRASHES = 50
KILLED_UPLOADS = """
import os, secrets, signal, sys
from services.posts.actions import photos
from services.posts.queries.photos import display_and_thumbnail
from shared.database.engine import Database
from shared.files.storage import Storage
from shared.files.storage_url import storage_from
from shared.files.store_image import StoredFile, store_image
from shared.images.variants import variants_of

database_url, storage_url, owner, crashes = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
variants = variants_of(1200, 800)
moments = [
    ("nothing", 0),
    *((moment, file) for file in range(len(variants)) for moment in ("before", "halfway", "after")),
    ("stored", 0),
    ("uploaded", 0),
]

def upload(moment, file):
    def die_at(name, number=0):
        if (moment, file) == (name, number):
            os.kill(os.getpid(), signal.SIGKILL)

    put, puts = Storage.put, iter(range(len(variants)))

    def put_or_die(self, name, data, content_type):
        number = next(puts)
        die_at("before", number)
        if (moment, file) == ("halfway", number):
            (self._root / f"{name}#1").write_bytes(data[:10])
        die_at("halfway", number)
        put(self, name, data, content_type)
        die_at("after", number)

    Storage.put = put_or_die
    database, storage, base = Database(database_url, pool_size=1), storage_from(storage_url), secrets.token_hex(16)
    files = [StoredFile(f"{base}-{each.name}", bytes(1_000), each.content_type) for each in variants]
    die_at("nothing")
    store_image(storage, files, reserve=lambda names: database.write(photos.reserve, owner, names))
    die_at("stored")
    names = display_and_thumbnail(base, 1200, 800)
    database.write(photos.keep, owner, photos.Upload(base, *names, 1200, 800, "LEHV6nWB2yk8", None, "image/jpeg"))
    die_at("uploaded")

for number in range(crashes):
    child = os.fork()
    if not child:
        upload(*moments[number % len(moments)])
        os._exit(1)
    if os.waitpid(child, 0)[1] != signal.SIGKILL:
        sys.exit(f"crash {number} did not happen")
"""


def test_killed_uploads_leave_no_file_after_the_sweep(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    (owner,) = some_people(database, 1)
    arguments = [settings.database_url, settings.storage_url, str(owner), str(CRASHES)]
    subprocess.run(
        [sys.executable, "-c", KILLED_UPLOADS, *arguments], cwd=ROOT, check=True, timeout=WAIT_SECONDS
    )  # fmt: skip
    storage, folder = storage_from(settings.storage_url), Path(settings.storage_url.removeprefix("file://"))
    assert len(list(folder.iterdir())) > CRASHES and list(folder.glob("*#*"))
    assert rows_of(database, models.media)
    later = clock.now() + photos.UNUSED_FOR_MS + photos.FILE_MARGIN_MS + clock.SECOND
    monkeypatch.setattr(clock, "now", lambda: later)
    while database.write(photos.delete_unused) | collect(database, models.disposal, storage):
        pass
    assert list(folder.iterdir()) == []
    assert rows_of(database, models.media) == rows_of(database, models.disposal) == []
