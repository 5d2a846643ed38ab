"""Deleted files are purged at the CDN: with retries after any failure, and without delaying other deletions."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError
from sqlalchemy import MetaData

from shared import clock
from shared.database.engine import Database
from shared.errors import Unavailable
from shared.files import garbage
from shared.files.cdn import URLS_PER_REQUEST, CdnPurge, purge_from
from shared.files.folder import FolderStorage
from shared.files.storage import Storage
from shared.settings import Settings
from shared.testing.backends import Backend
from shared.testing.cdn_hook import CdnHook, cdn_hook
from shared.testing.ports import closed_port

from .tables import made, rows

METADATA = MetaData()
DISPOSAL = garbage.garbage_table(METADATA)
CDN = "https://cdn.example.com/files"


@pytest.fixture
def hook() -> Iterator[CdnHook]:
    with cdn_hook() as running:
        yield running


@pytest.fixture
def database(backend: Backend) -> Iterator[Database]:
    opened = Database(made(backend.empty(), METADATA))
    yield opened
    opened.close()


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return FolderStorage(tmp_path / "files")


def purge_at(url: str, token: str = "") -> CdnPurge:
    return CdnPurge("posts", url, SecretStr(token), CDN)


def scheduled(database: Database, storage: Storage, *names: str) -> None:
    for name in names:
        storage.put(name, b"content", "image/jpeg")
    database.write(garbage.schedule_deletion, DISPOSAL, names)


def test_urls_are_posted_in_requests_of_limited_length_with_the_token(hook: CdnHook) -> None:
    names = [f"{number}.jpg" for number in range(2 * URLS_PER_REQUEST + 1)]
    purge_at(hook.url, "a-token")(names)
    assert [len(urls) for urls in hook.posted] == [URLS_PER_REQUEST, URLS_PER_REQUEST, 1]
    assert hook.purged == {f"{CDN}/{name}" for name in names}
    assert hook.authorizations == ["Bearer a-token"] * 3
    purge_at(hook.url)(["one.jpg"])
    assert hook.authorizations[-1] is None


@pytest.mark.parametrize("status", [302, 400, 401, 429, 500, 503])
def test_any_status_but_2xx_is_a_failure(hook: CdnHook, status: int) -> None:
    hook.status = status
    with pytest.raises(Unavailable, match=str(status)):
        purge_at(hook.url)(["one.jpg"])
    assert len(hook.posted) == 1, "a redirect is not followed"


def test_a_hook_that_is_away_is_a_failure() -> None:
    with closed_port() as port, pytest.raises(Unavailable):
        purge_at(f"http://127.0.0.1:{port}/")(["one.jpg"])


def test_deleted_files_are_purged_once(database: Database, storage: Storage, hook: CdnHook) -> None:
    scheduled(database, storage, "one.jpg", "two.jpg")
    garbage.collect(database, DISPOSAL, storage, purge_at(hook.url))
    garbage.collect(database, DISPOSAL, storage, purge_at(hook.url))
    assert [sorted(urls) for urls in hook.posted] == [[f"{CDN}/one.jpg", f"{CDN}/two.jpg"]]
    assert rows(database, DISPOSAL) == [] and list(storage.pages()) == []


def test_a_failed_purge_is_repeated_later_and_delays_no_other_deletion(
    database: Database, storage: Storage, hook: CdnHook, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook.status = 503
    scheduled(database, storage, "one.jpg")
    with pytest.raises(Unavailable):
        garbage.collect(database, DISPOSAL, storage, purge_at(hook.url))
    assert list(storage.pages()) == [], "the file is deleted all the same"
    scheduled(database, storage, "two.jpg")
    hook.status = 204
    garbage.collect(database, DISPOSAL, storage, purge_at(hook.url))
    assert hook.posted[1:] == [[f"{CDN}/two.jpg"]]
    assert [row.name for row in rows(database, DISPOSAL)] == ["one.jpg"]
    later = clock.now() + garbage.PURGE_RETRY_MS
    monkeypatch.setattr(clock, "now", lambda: later)
    garbage.collect(database, DISPOSAL, storage, purge_at(hook.url))
    assert hook.posted[2:] == [[f"{CDN}/one.jpg"]] and rows(database, DISPOSAL) == []


def test_a_kill_between_deletion_and_purge_leaves_the_purge_to_the_next_start(
    database: Database, storage: Storage, hook: CdnHook
) -> None:
    def killed(_: list[str]) -> None:
        raise KeyboardInterrupt

    scheduled(database, storage, "one.jpg")
    with pytest.raises(KeyboardInterrupt):
        garbage.collect(database, DISPOSAL, storage, killed)
    garbage.collect(database, DISPOSAL, storage, purge_at(hook.url))
    assert hook.purged == {f"{CDN}/one.jpg"} and rows(database, DISPOSAL) == []


def test_settings_name_the_hook_and_where_clients_get_the_files(hook: CdnHook) -> None:
    settings = Settings(database_url="sqlite://", cdn_url="https://cdn.example.com/", cdn_purge_url=hook.url)
    purge = purge_from("posts", settings, "/api/v1/media")
    assert purge is not None
    purge(["one.jpg"])
    assert hook.purged == {"https://cdn.example.com/api/v1/media/one.jpg"}
    assert purge_from("posts", Settings(database_url="sqlite://"), "/api/v1/media") is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"cdn_purge_url": "https://api.example.com/purge"},
        {"cdn_url": "https://cdn.example.com", "cdn_purge_url": "api.example.com"},
        {"cdn_url": "cdn.example.com"},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="CDN_"):
        Settings(database_url="sqlite://", **wrong)
