"""What every service has besides its routes: request ids, health checks, metrics, startup and shutdown."""

import asyncio
import re
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio import to_thread
from fastapi import FastAPI, Request
from prometheus_client import REGISTRY
from sqlalchemy import select
from starlette.exceptions import HTTPException

from shared import ids
from shared.background import PeriodicWorker, threaded_step
from shared.database.engine import Database
from shared.errors import Unavailable
from shared.events.in_memory import InMemoryBus
from shared.files.storage_url import storage_from
from shared.security.access_tokens import REVOKED_SESSIONS_HEADER, REVOKED_USER_HEADER
from shared.security.service_calls import InternalCallerVerifier, ServiceClient
from shared.settings import Settings
from shared.testing import LiveService, eventually, running_service
from shared.testing.waiting import WAIT_SECONDS
from shared.tests.sample_service import METADATA, MINTER, OUTBOX, service
from shared.web import exception_handlers
from shared.web.application import create_service_app
from shared.web.threadpools import THREADS, run_in_internal_pool

from .tables import made


@pytest.mark.parametrize("given", ["req-1", "A.b_c-9", "x" * 128])
def test_valid_request_id_is_kept(standing: LiveService, given: str) -> None:
    for path in ("/healthz", "/api/v1/refused/NotFound", "/nothing"):
        assert standing.client.get(path, headers={"x-request-id": given}).headers["x-request-id"] == given


@pytest.mark.parametrize("given", [None, "", "x" * 129, "a b", "a;b", "é", "a\tb"])
def test_invalid_request_id_is_replaced(standing: LiveService, given: str | None) -> None:
    headers = {} if given is None else {b"x-request-id": given.encode()}
    made_ids = {standing.client.get("/healthz", headers=headers).headers["x-request-id"] for _ in range(2)}
    assert len(made_ids) == 2
    assert all(re.fullmatch(r"[0-9a-f]{32}", each) for each in made_ids)


def test_request_id_is_added_to_events(standing: LiveService, database: Database) -> None:
    headers = {**MINTER.bearer(1), "x-request-id": "req-fact"}
    standing.client.post("/api/v1/things", json={"text": "x"}, headers=headers)
    statement = select(OUTBOX.c.type).where(OUTBOX.c.request_id == "req-fact")
    assert database.read(lambda tx: tx.execute(statement).scalars().all()) == ["thing.added"]


def test_responses_are_not_cacheable_by_shared_caches(standing: LiveService) -> None:
    for path in ("/api/v1/things", "/api/v1/things/0037a52d5f400001", "/nothing"):
        assert standing.client.get(path).headers["cache-control"] == "no-store"


def test_empty_response_has_no_body(standing: LiveService) -> None:
    answer = standing.client.delete("/api/v1/things/0037a52d5f400001")
    assert (answer.status_code, answer.content) == (204, b"")
    assert "content-type" not in answer.headers


def test_incomplete_response_is_aborted_for_the_client(standing: LiveService) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        standing.client.get("/api/v1/cut")
    assert standing.client.get("/healthz").json() == {"status": "up"}


def test_requests_are_counted_by_route(standing: LiveService) -> None:
    def seen(route: str, status: str) -> float:
        labels = {"service": "things", "route": route, "status": status}
        return REGISTRY.get_sample_value("http_request_seconds_count", labels) or 0

    standing.client.get("/healthz")  # what others asked before has been counted then
    known, unknown = seen("/api/v1/things/{thing_id}", "200"), seen("unknown", "404")
    for number in range(3):
        standing.client.get(f"/api/v1/things/{number:016x}")
        standing.client.get(f"/nothing/{number}")
    # Counted is what has ended, and its answer may be here a moment before.
    eventually(lambda: seen("/api/v1/things/{thing_id}", "200") == known + 3 and seen("unknown", "404") == unknown + 3)


def test_ready_when_the_database_responds(standing: LiveService) -> None:
    answer = standing.client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "database": "up", "broker": "up"}


def test_healthy_but_not_ready_while_the_database_is_unavailable(
    standing: LiveService, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise Unavailable("database_unavailable", "")

    monkeypatch.setattr(standing.app.state.database, "ping", away)
    answer = standing.client.get("/readyz")
    assert (answer.status_code, answer.json()["database"]) == (503, "down")
    assert standing.client.get("/healthz").status_code == 200


def test_invalid_database_file_is_not_ready(tmp_path: Path) -> None:
    app = service(tmp_path)
    (tmp_path / "service.db").write_bytes(b"this is no database at all" * 100)
    with running_service(app) as found:
        answer = found.client.get("/readyz")
    assert (answer.status_code, answer.json()["database"]) == (503, "down")


def test_not_ready_before_the_broker_was_connected_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running_service(service(tmp_path)) as found:
        with monkeypatch.context() as patch:
            patch.setattr(InMemoryBus, "connected", False)
            answer = found.client.get("/readyz")
            assert (answer.status_code, answer.json()["broker"]) == (503, "down")
        assert found.client.get("/readyz").json()["status"] == "ready"
        monkeypatch.setattr(InMemoryBus, "connected", False)
        answer = found.client.get("/readyz")
        assert (answer.status_code, answer.json()["status"], answer.json()["broker"]) == (200, "degraded", "down")


def test_not_ready_while_draining(tmp_path: Path) -> None:
    app = service(tmp_path)
    with running_service(app) as found:
        app.state.draining.start(0)
        answer = found.client.get("/readyz")
        assert (answer.status_code, answer.json()["status"]) == (503, "draining")
        assert found.client.get("/api/v1/things").status_code == 200, "requests are still processed"


def test_locked_database_gets_503_and_writes_nothing(tmp_path: Path) -> None:
    with running_service(service(tmp_path, lock_timeout=0.5)) as found:
        body, headers = {"text": "x"}, MINTER.bearer(1)
        assert found.client.get("/api/v1/things").json()["items"] == []
        other = sqlite3.connect(tmp_path / "service.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        answer = found.client.post("/api/v1/things", json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
        assert answer.headers["retry-after"] == "1"
        assert found.client.get("/api/v1/things").json()["items"] == []
        other.execute("ROLLBACK")
        other.close()
        assert found.client.post("/api/v1/things", json=body, headers=headers).status_code == 201


def test_response_headers_tell_the_gateway_about_revocations(standing: LiveService) -> None:
    headers = standing.client.get("/api/v1/ended").headers
    assert headers[REVOKED_SESSIONS_HEADER].split() == [ids.encode(1), ids.encode(2)]
    assert headers[REVOKED_USER_HEADER] == ids.encode(3)


def test_internal_route_requires_service_credentials(standing: LiveService, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "a secret between two services, long enough"
    monkeypatch.setattr(standing.app.state, "callers", InternalCallerVerifier("things", {"auth": secret}))

    async def ask() -> Any:
        service_client = ServiceClient("auth", secret, "things", standing.url)
        answer = await service_client.get("/api/v1/internal/caller")
        await service_client.close()
        return answer

    assert asyncio.run(ask()) == "auth"
    for given in ("", "Bearer", "Bearer nonsense", "Basic YTpi", MINTER.bearer(1)["authorization"]):
        answer = standing.client.get("/api/v1/internal/caller", headers={"authorization": given})
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


def test_stored_images_are_served_with_a_safe_content_type(standing: LiveService, tmp_path: Path) -> None:
    standing.app.state.storage = storage = storage_from((tmp_path / "files").as_uri())
    storage.put("ab.jpg", b"<script>", "image/jpeg")
    answer = standing.client.get("/api/v1/picture/ab.jpg")
    assert (answer.status_code, answer.content) == (200, b"<script>")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["content-disposition"] == 'inline; filename="picture.jpg"'
    assert "immutable" in answer.headers["cache-control"]
    assert standing.client.get("/api/v1/picture/ab.jpg?private=true").headers["cache-control"] == "private"
    assert standing.client.get("/api/v1/picture/none.jpg").status_code == 404


def test_resources_live_as_long_as_the_application(tmp_path: Path) -> None:
    events: list[str] = []
    settings = Settings(database_url=made(f"sqlite:///{tmp_path}/service.db", METADATA), pool_size=3)
    database = Database(settings.database_url)

    def step() -> bool:
        if "step" not in events:
            events.append("step")
        return False

    class Client:
        async def close(self) -> None:
            events.append("client closed")

    app = create_service_app(
        "things",
        settings,
        database=database,
        bus=InMemoryBus(),
        routers=[],
        workers=[PeriodicWorker("test", threaded_step(step), every=3600)],
        clients=[Client()],
        closing=[lambda: events.append("closed")],
    )
    with running_service(app) as found:
        eventually(lambda: events == ["step"])
        assert threads_of(found) == 3, "as many threads as connections"
    assert events == ["step", "client closed", "closed"]


def threads_of(found: LiveService) -> float:
    async def tokens() -> float:
        return to_thread.current_default_thread_limiter().total_tokens

    return asyncio.run_coroutine_threadsafe(tokens(), found.loop).result(WAIT_SECONDS)


def test_slow_requests_do_not_block_others() -> None:
    app, go_on = FastAPI(), threading.Event()
    busy: list[int] = []

    def work() -> None:
        busy.append(1)
        go_on.wait(WAIT_SECONDS)

    async def scenario() -> None:
        request = Request({"type": "http", "app": app})
        waiting = [asyncio.create_task(run_in_internal_pool(request, work)) for _ in range(THREADS + 5)]
        await to_thread.run_sync(eventually, lambda: len(busy) == THREADS)
        assert to_thread.current_default_thread_limiter().borrowed_tokens == 0
        go_on.set()
        await asyncio.gather(*waiting)
        assert len(busy) == THREADS + 5

    asyncio.run(asyncio.wait_for(scenario(), WAIT_SECONDS))


def test_framework_error_becomes_a_problem_response() -> None:
    request = Request({"type": "http", "path": "/x", "request_id": "r", "headers": []})
    answer = exception_handlers.on_http_error(request, HTTPException(500, "secret inside", headers={"x-more": "1"}))
    assert b"internal_error" in answer.body
    assert answer.headers["x-more"] == "1"


def test_many_concurrent_requests_are_answered(standing: LiveService) -> None:
    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(lambda _: standing.client.get("/api/v1/things").status_code, range(100)))
    assert statuses == [200] * 100
