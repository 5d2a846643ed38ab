"""The command check-media with --repair: photos of messages get their missing files again, or are marked as missing."""

import pytest
from click.testing import CliRunner

from services.dm import models
from services.dm.main import cli
from services.dm.settings import Settings
from shared.database.engine import Database
from shared.files.storage import Storage
from shared.files.storage_url import storage_from
from shared.testing import LiveService
from shared.testing.api_client import Json, expect_json

from .api_client import ApiClient
from .factories import picture, rows_of

NAMES = ("320.jpg", "320.webp", "thumbnail.jpg", "640.webp", "display.jpg", "900.webp")


@pytest.fixture
def file(jo: ApiClient, room: str, database: Database) -> str:
    """The common part of the names of a sent photo of 900 x 600 pixels."""
    photo = expect_json(jo.upload(room, picture((900, 600))))
    expect_json(jo.message(room, type="image", media_id=photo["id"]))
    (row,) = rows_of(database, models.media)
    return str(row.file)


@pytest.fixture
def storage(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Storage:
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    monkeypatch.setenv("STORAGE_URL", settings.storage_url)
    storage = storage_from(settings.storage_url)
    storage.put("another.jpg", b"another", "image/jpeg")
    return storage


def check(*options: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, ["check-media", *options], catch_exceptions=False)
    return done.exit_code, done.output


def lose(storage: Storage, file: str, *names: str) -> None:
    storage.delete(f"{file}-{name}" for name in names)


def shown(jo: ApiClient, room: str) -> Json:
    image: Json = jo.messages(room)[0]["image"]
    return image


def test_missing_files_are_made_again(
    dm: LiveService, jo: ApiClient, room: str, database: Database, file: str, storage: Storage
) -> None:
    lose(storage, file, "320.webp", "display.jpg")
    assert check()[0] == 1
    status, told = check("--repair")
    assert status == 0 and told.count("made again") == 2
    image = shown(jo, room)
    assert (image["width"], image["height"], image["missing"], len(image["variants"])) == (900, 600, False, len(NAMES))
    for variant in image["variants"]:
        assert dm.client.get(variant["url"]).headers["content-type"] == variant["content_type"]
    assert check() == (0, check()[1])
    scheduled = {each.name for each in rows_of(database, models.disposal)}
    assert f"{file}-display.jpg" in scheduled, "the files of before are deleted after a day"
    assert not [name for name in scheduled if name.startswith(rows_of(database, models.media)[0].file)]


def test_a_photo_without_its_largest_files_becomes_smaller(
    jo: ApiClient, room: str, file: str, storage: Storage
) -> None:
    lose(storage, file, "display.jpg", "900.webp")
    status, told = check("--repair")
    assert status == 1 and "smaller" in told
    assert (shown(jo, room)["width"], check()[0]) == (640, 0)


def test_a_photo_without_files_is_marked_as_missing_until_they_are_there_again(
    jo: ApiClient, room: str, file: str, storage: Storage
) -> None:
    backup = {name: storage.get(f"{file}-{name}") for name in NAMES}
    lose(storage, file, *NAMES)
    status, told = check("--repair")
    assert status == 1 and "lost" in told
    assert (shown(jo, room)["missing"], shown(jo, room)["variants"]) == (True, [])
    for name, content in backup.items():
        storage.put(f"{file}-{name}", content, "image/jpeg")
    assert check("--repair")[0] == 0
    assert (shown(jo, room)["missing"], len(shown(jo, room)["variants"])) == (False, len(NAMES))
