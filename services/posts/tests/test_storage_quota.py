"""The storage quota of each person."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from services.posts import models
from services.posts.actions import photos, posts
from shared import clock
from shared.database.engine import Database
from shared.errors import Conflict
from shared.testing import LiveService
from shared.testing.api_client import expect_json, expect_problem

from .api_client import ApiClients
from .factories import rows_of, some_people

UPLOAD = photos.Upload("a", "a.jpg", "b.jpg", 1, 1, "x", None, "image/jpeg", stored_bytes=40)


def keep(database: Database, person: int, quota: int = 100) -> int:
    return database.write(photos.keep, person, UPLOAD, quota)


def test_concurrent_uploads_never_exceed_the_quota_of_a_person(database: Database) -> None:
    jo, max_ = some_people(database, 2)
    with ThreadPoolExecutor(4) as pool:
        tried = [pool.submit(keep, database, jo) for _ in range(4)]
    refused = [each.exception() for each in tried if each.exception() is not None]
    assert len(refused) == 2 and all(isinstance(each, Conflict) and each.code == "storage_full" for each in refused)
    assert [row.stored_bytes for row in rows_of(database, models.media)] == [40, 40]
    keep(database, max_)
    keep(database, jo, quota=0)


def test_what_is_deleted_or_never_used_makes_room(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    (jo,) = some_people(database, 1)
    used = keep(database, jo)
    keep(database, jo)
    post = database.write(posts.publish, jo, [used], None)
    with pytest.raises(Conflict):
        keep(database, jo)
    database.write(posts.delete_post, jo, post)
    keep(database, jo)
    with pytest.raises(Conflict):
        keep(database, jo)
    later = clock.now() + photos.UNUSED_FOR_MS + clock.HOUR
    monkeypatch.setattr(clock, "now", lambda: later)
    database.write(photos.delete_unused)
    keep(database, jo)


def test_quota_is_in_the_limits_and_counts_all_files_of_a_photo(
    service: LiveService, clients: ApiClients, database: Database
) -> None:
    (jo,) = clients.known(1)
    assert expect_json(clients.anybody("/limits"), 200)["media"]["quota_bytes"] is None
    photo: Any = expect_json(jo.upload())
    files = [service.client.get(url).content for url in {each["url"] for each in photo["variants"]} | {photo["url"]}]
    (row,) = rows_of(database, models.media)
    assert row.stored_bytes >= sum(map(len, files)) > 0
    dependencies = service.app.state.dependencies
    service.app.state.dependencies = replace(dependencies, quota_bytes=row.stored_bytes)
    assert expect_json(clients.anybody("/limits"), 200)["media"]["quota_bytes"] == row.stored_bytes
    expect_problem(jo.upload(), 409, "storage_full")
