"""The command that gives photos of before all sizes and formats: complete after any kill, and nothing twice."""

import pytest
from click.testing import CliRunner
from sqlalchemy import update

from services.posts import models
from services.posts.actions import old_photos
from services.posts.main import cli
from services.posts.settings import Settings
from shared.files.storage_url import storage_from
from shared.testing.api_client import expect_json

from .api_client import ApiClients
from .factories import rows_of


@pytest.fixture
def of_before(clients: ApiClients) -> dict[str, object]:
    """A post of two photos as they were before there were variants."""
    (jo,) = clients.known(1)
    post = expect_json(jo.post([expect_json(jo.upload())["id"] for _ in range(2)]))
    shown = [{name: value for name, value in each.items() if name != "variants"} for each in post["media"]]
    clients.database.write(lambda tx: tx.execute(update(models.media).values(variants=None)))
    clients.database.write(lambda tx: tx.execute(update(models.posts).values(media=shown)))
    return post


@pytest.fixture
def command(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    monkeypatch.setenv("STORAGE_URL", settings.storage_url)
    return CliRunner()


def test_each_photo_gets_all_files_once(clients: ApiClients, of_before: dict[str, object], command: CliRunner) -> None:
    done = command.invoke(cli, ["make-variants"], catch_exceptions=False)
    assert "2 photos" in done.output
    post = expect_json(clients.service.client.get(f"/api/v1/posts/{of_before['id']}"), 200)
    for photo in post["media"]:
        assert len(photo["variants"]) == 2
        for variant in photo["variants"]:
            assert clients.service.client.get(variant["url"]).headers["content-type"] == variant["content_type"]
    assert post["updated_at"] == of_before["updated_at"]
    due = {row.name for row in rows_of(clients.database, models.disposal)}
    assert due.isdisjoint(name.rpartition("/")[2] for photo in post["media"] for name in (photo["url"],))
    assert len(due) == 2, "the files of before are deleted after a day"
    assert "0 photos" in command.invoke(cli, ["make-variants"]).output


def test_a_photo_that_cannot_be_read_is_reported_and_the_others_are_done(
    clients: ApiClients, of_before: dict[str, object], command: CliRunner, settings: Settings
) -> None:
    row, *_ = sorted(rows_of(clients.database, models.media), key=lambda row: row.id)
    storage_from(settings.storage_url).delete([row.display])
    done = command.invoke(cli, ["make-variants"], catch_exceptions=False)
    assert "1 photos" in done.output and "no such file" in done.output


def test_a_kill_before_the_change_leaves_files_that_are_deleted_later(
    clients: ApiClients, of_before: dict[str, object], command: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(old_photos, "replace", killed)
        command.invoke(cli, ["make-variants"])
    assert len(rows_of(clients.database, models.disposal)) == 2
    assert all(row.variants is None for row in rows_of(clients.database, models.media))
    assert "2 photos" in command.invoke(cli, ["make-variants"]).output
