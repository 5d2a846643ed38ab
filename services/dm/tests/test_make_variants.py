"""The command that gives photos of before all sizes and formats: complete after any kill, and nothing twice."""

import pytest
from click.testing import CliRunner
from sqlalchemy import update

from services.dm import models
from services.dm.actions import old_photos
from services.dm.main import cli
from services.dm.settings import Settings
from shared import clock
from shared.database.engine import Database
from shared.files.storage_url import storage_from
from shared.images.variants import DISPLAY, THUMBNAIL
from shared.testing import LiveService
from shared.testing.api_client import expect_json

from .api_client import ApiClient
from .factories import picture, rows_of


@pytest.fixture
def file(jo: ApiClient, room: str, database: Database, settings: Settings) -> str:
    """The name of a sent photo as it was before there were variants: with two files."""
    photo = expect_json(jo.upload(room, picture((900, 600))))
    expect_json(jo.message(room, type="image", media_id=photo["id"]))
    (row,) = rows_of(database, models.media)
    more = ("320.jpg", "320.webp", "640.webp", "900.webp")
    storage_from(settings.storage_url).delete(f"{row.file}-{name}" for name in more)
    database.write(lambda tx: tx.execute(update(models.media).values(has_variants=None)))
    return str(row.file)


@pytest.fixture
def command(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    monkeypatch.setenv("STORAGE_URL", settings.storage_url)
    return CliRunner()


def test_each_photo_gets_all_files_once(
    dm: LiveService, jo: ApiClient, room: str, database: Database, file: str, command: CliRunner
) -> None:
    assert jo.messages(room)[0]["image"]["variants"] == []
    assert "1 photos" in command.invoke(cli, ["make-variants"], catch_exceptions=False).output
    variants = jo.messages(room)[0]["image"]["variants"]
    assert len(variants) == 6
    for variant in variants:
        assert dm.client.get(variant["url"]).headers["content-type"] == variant["content_type"]
    assert rows_of(database, models.disposal) == []
    assert "0 photos" in command.invoke(cli, ["make-variants"]).output


def test_a_kill_before_the_change_leaves_the_files_in_use_and_the_others_for_deletion(
    database: Database, file: str, command: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(old_photos, "add_variants", killed)
        command.invoke(cli, ["make-variants"])
    waiting = {row.name: row.due_at for row in rows_of(database, models.disposal)}
    assert len(waiting) == 4 and min(waiting.values()) > clock.now() + clock.DAY
    assert waiting.keys().isdisjoint({f"{file}-{DISPLAY}", f"{file}-{THUMBNAIL}"})
    assert "1 photos" in command.invoke(cli, ["make-variants"]).output
