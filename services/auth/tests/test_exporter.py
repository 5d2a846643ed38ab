"""The worker that collects exports: with other services that fail, and with accounts that are deleted meanwhile."""

import asyncio
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.auth import clients, models, queries
from services.auth.actions import exports, withdrawals
from services.auth.app import export_jobs
from services.auth.clients import Exporter
from services.auth.queries import Account
from services.auth.signed_urls import LIFETIME_MS, UrlSigner
from shared.database.engine import Database
from shared.errors import Forbidden, NotFound, TooManyRequests, Unavailable
from shared.files.folder import FolderStorage
from shared.files.storage import Storage
from shared.security.service_calls import ServiceClient
from shared.testing.stubs import transport_to

from .factories import NOWHERE, Time, register, rows

Handler = Callable[[httpx.Request], httpx.Response]
MANY = 1_200


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return FolderStorage(tmp_path / "files")


@pytest.fixture
def ada(database: Database, time: Time) -> Account:
    time.stops()
    return register(database)


def exporter(database: Database, storage: Storage, handle: Handler) -> Exporter:
    def client(name: str) -> ServiceClient:
        return ServiceClient("auth", "k" * 32, name, f"http://{name}", transport_to(handle))

    return Exporter(
        export_jobs(database), storage, {name: client(name) for name in ("social", "posts", "dm", "notifications")}
    )


def empty(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"items": [], "next": None})


def many_likes(request: httpx.Request) -> httpx.Response:
    """Three pages of likes; nothing else."""
    if not request.url.path.endswith("/likes"):
        return empty(request)
    after = int(request.url.params["after"] or 0)
    items = [{"post_id": str(number)} for number in range(after, min(after + 500, MANY))]
    return httpx.Response(200, json={"items": items, "next": str(after + 500) if after + 500 < MANY else None})


def export_of(database: Database, account: Account) -> Any:
    return database.read(queries.export_of, account.id)


def likes(storage: Storage, name: str) -> list[Any]:
    with zipfile.ZipFile(io.BytesIO(storage.get(name))) as archive:
        return [json.loads(line)["post_id"] for line in archive.read("likes.jsonl").splitlines()]


def test_every_page_is_collected(database: Database, storage: Storage, ada: Account) -> None:
    database.write(exports.request, ada.id, NOWHERE)
    worker = exporter(database, storage, many_likes)
    assert asyncio.run(worker.step()) is True
    assert asyncio.run(worker.step()) is False
    export = export_of(database, ada)
    assert likes(storage, export.name) == [str(number) for number in range(MANY)]
    assert (export.due_at, export.expires_at) == (None, export.requested_at + exports.RETENTION_MS)
    (scheduled,) = rows(database, models.disposal)
    assert (scheduled.name, scheduled.due_at) == (export.name, export.expires_at)


def test_unavailable_service_is_asked_again_and_then_the_export_begins_again(
    database: Database, storage: Storage, ada: Account, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "RETRY_SECONDS", (0,))
    failures = [503] * 4  # each call is sent twice, and asked for twice

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.params.get("after") == "500" and failures:
            return httpx.Response(failures.pop())
        return many_likes(request)

    database.write(exports.request, ada.id, NOWHERE)
    worker = exporter(database, storage, handle)
    with pytest.raises(Unavailable):
        asyncio.run(worker.step())
    assert asyncio.run(worker.step()) is False, "it is still held"
    time.passes(2 * exports.HELD_MS)
    assert asyncio.run(worker.step()) is True
    assert likes(storage, export_of(database, ada).name) == [str(number) for number in range(MANY)]


def test_account_that_is_deleted_meanwhile_leaves_no_file(database: Database, storage: Storage, ada: Account) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/likes"):
            database.write(withdrawals.withdraw, ada)
        return empty(request)

    name = database.write(exports.request, ada.id, NOWHERE).name
    assert asyncio.run(exporter(database, storage, handle).step()) is True
    assert rows(database, models.exports) == []
    with pytest.raises(NotFound):
        storage.get(name)
    assert [row.name for row in rows(database, models.disposal)] == [name]


def test_worker_that_was_taken_for_dead_does_not_finish(
    database: Database, storage: Storage, ada: Account, time: Time
) -> None:
    taken: list[Any] = []

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/likes") and not taken:
            time.passes(2 * exports.HELD_MS)
            taken.append(database.write(exports.claim))
        return empty(request)

    database.write(exports.request, ada.id, NOWHERE)
    assert asyncio.run(exporter(database, storage, handle).step()) is True
    assert export_of(database, ada).due_at == taken[0].due_at, "the other one still holds it"


def test_one_export_at_a_time_and_one_a_day(database: Database, ada: Account, time: Time) -> None:
    first = database.write(exports.request, ada.id, NOWHERE)
    assert database.write(exports.request, ada.id, NOWHERE).name == first.name
    held = database.write(exports.claim)
    assert held is not None and database.write(exports.claim) is None
    database.write(exports.finish, held)
    time.passes(exports.INTERVAL_MS - 1)
    with pytest.raises(TooManyRequests):
        database.write(exports.request, ada.id, NOWHERE)
    time.passes(1)
    second = database.write(exports.request, ada.id, NOWHERE)
    assert second.name != first.name
    due = {row.name: row.due_at for row in rows(database, models.disposal)}
    assert due[first.name] == second.requested_at, "the file before it is deleted at once"


def test_expired_exports_are_deleted(database: Database, ada: Account, time: Time) -> None:
    database.write(exports.request, ada.id, NOWHERE)
    held = database.write(exports.claim)
    assert held is not None
    database.write(exports.finish, held)
    time.passes(exports.RETENTION_MS)
    assert database.write(exports.delete_expired) is False and len(rows(database, models.exports)) == 1
    time.passes(1)
    database.write(exports.delete_expired)
    assert rows(database, models.exports) == []


def test_link_is_for_one_file_and_an_hour(time: Time) -> None:
    time.stops()
    signer = UrlSigner(b"k" * 32)
    url = httpx.URL(signer.url("a.zip"))
    signed = dict(url.params)
    signer.check("a.zip", **signed)
    with pytest.raises(Forbidden):
        signer.check("b.zip", **signed)
    for changed in ({"expires": "9" * 11}, {"expires": "x"}, {"signature": "é"}):
        with pytest.raises(Forbidden):
            signer.check("a.zip", **signed | changed)
    with pytest.raises(Forbidden):
        UrlSigner(b"o" * 32).check("a.zip", **signed)
    time.passes(LIFETIME_MS)
    with pytest.raises(Forbidden, match="link_expired"):
        signer.check("a.zip", **signed)
