"""What every service has around its routes: request ids, health, counts, and an orderly beginning and end."""

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
from shared.files.storage import storage_from
from shared.security.access_tokens import REVOKED_SESSIONS_HEADER, REVOKED_USER_HEADER
from shared.security.service_calls import InternalCallerVerifier, ServiceClient
from shared.settings import Settings
from shared.testing import LiveService, Stub, eventually, running_service
from shared.testing.waiting import WAIT_SECONDS
from shared.tests.sample_service import METADATA, MINTER, OUTBOX, service
from shared.web import exception_handlers
from shared.web.application import create_service_app
from shared.web.threadpools import THREADS, run_in_internal_pool

from .tables import made


@pytest.mark.parametrize("given", ["req-1", "A.b_c-9", "x" * 128])
def test_a_well_formed_request_id_is_kept(standing: LiveService, given: str) -> None:
    for path in ("/healthz", "/api/v1/refused/NotFound", "/nothing"):
        assert standing.client.get(path, headers={"x-request-id": given}).headers["x-request-id"] == given


@pytest.mark.parametrize("given", [None, "", "x" * 129, "a b", "a;b", "é", "a\tb"])
def test_any_other_is_replaced_by_a_fresh_one(standing: LiveService, given: str | None) -> None:
    headers = {} if given is None else {b"x-request-id": given.encode()}
    made_ids = {standing.client.get("/healthz", headers=headers).headers["x-request-id"] for _ in range(2)}
    assert len(made_ids) == 2
    assert all(re.fullmatch(r"[0-9a-f]{32}", each) for each in made_ids)


def test_the_request_id_reaches_the_facts(standing: LiveService, database: Database) -> None:
    headers = {**MINTER.bearer(1), "x-request-id": "req-fact"}
    standing.client.post("/api/v1/things", json={"text": "x"}, headers=headers)
    statement = select(OUTBOX.c.type).where(OUTBOX.c.request_id == "req-fact")
    assert database.read(lambda tx: tx.execute(statement).scalars().all()) == ["thing.added"]


def test_answers_are_not_kept_by_anybody_between(standing: LiveService) -> None:
    for path in ("/api/v1/things", "/api/v1/things/0037a52d5f400001", "/nothing"):
        assert standing.client.get(path).headers["cache-control"] == "no-store"


def test_an_empty_answer_is_empty(standing: LiveService) -> None:
    answer = standing.client.delete("/api/v1/things/0037a52d5f400001")
    assert (answer.status_code, answer.content) == (204, b"")
    assert "content-type" not in answer.headers


def test_an_answer_that_breaks_off_is_cut_short_for_the_client_too(standing: LiveService) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        standing.client.get("/api/v1/cut")
    assert standing.client.get("/healthz").json() == {"status": "up"}


def test_requests_are_counted_by_route_and_never_by_address(standing: LiveService) -> None:
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


def test_it_is_ready_where_the_database_answers(standing: LiveService) -> None:
    answer = standing.client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "database": "up", "broker": "up"}


def test_it_stays_up_and_says_so_while_the_database_is_away(
    standing: LiveService, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise Unavailable("database_unavailable", "")

    monkeypatch.setattr(standing.app.state.database, "ping", away)
    answer = standing.client.get("/readyz")
    assert (answer.status_code, answer.json()["database"]) == (503, "down")
    assert standing.client.get("/healthz").status_code == 200


def test_a_file_that_is_no_database_is_not_ready(tmp_path: Path) -> None:
    app = service(tmp_path)
    (tmp_path / "service.db").write_bytes(b"this is no database at all" * 100)
    with running_service(app) as found:
        answer = found.client.get("/readyz")
    assert (answer.status_code, answer.json()["database"]) == (503, "down")


def test_it_is_not_ready_while_facts_cannot_be_published(
    standing: LiveService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(InMemoryBus, "connected", False)
    answer = standing.client.get("/readyz")
    assert (answer.status_code, answer.json()["broker"]) == (503, "down")


def test_a_locked_database_is_a_503_that_leaves_nothing(tmp_path: Path) -> None:
    with running_service(service(tmp_path)) as found:
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


def test_the_gateway_learns_which_tokens_are_void_from_now_on(standing: LiveService) -> None:
    headers = standing.client.get("/api/v1/ended").headers
    assert headers[REVOKED_SESSIONS_HEADER].split() == [ids.encode(1), ids.encode(2)]
    assert headers[REVOKED_USER_HEADER] == ids.encode(3)


def test_a_neighbour_is_known_by_its_credential_and_nobody_else_gets_in(
    standing: LiveService, monkeypatch: pytest.MonkeyPatch
) -> None:
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


def test_stored_pictures_are_served_as_nothing_but_pictures(standing: LiveService, tmp_path: Path) -> None:
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


def test_what_belongs_to_it_lives_as_long_as_it_does(tmp_path: Path) -> None:
    events: list[str] = []
    settings = Settings(database_url=made(f"sqlite:///{tmp_path}/service.db", METADATA), pool_size=3)
    database = Database(settings.database_url)

    def step() -> bool:
        if "step" not in events:
            events.append("step")
        return False

    service_client = ServiceClient(
        "things", "a secret of at least 32 characters", "auth", "http://auth", Stub().transport
    )
    app = create_service_app(
        "things",
        settings,
        database=database,
        bus=InMemoryBus(),
        routers=[],
        workers=[PeriodicWorker("test", threaded_step(step), every=3600)],
        clients=[service_client],
        closing=[lambda: events.append("closed")],
    )
    with running_service(app) as found:
        eventually(lambda: events == ["step"])
        assert threads_of(found) == 3, "as many threads as connections"
    assert events == ["step", "closed"]
    with pytest.raises(RuntimeError, match="closed"):
        asyncio.run(service_client.get("/"))


def threads_of(found: LiveService) -> float:
    async def tokens() -> float:
        return to_thread.current_default_thread_limiter().total_tokens

    return asyncio.run_coroutine_threadsafe(tokens(), found.loop).result(WAIT_SECONDS)


def test_whoever_waits_long_keeps_no_thread_from_others() -> None:
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

    asyncio.run(asyncio.wait_for(scenario(), 20))


def test_a_failure_that_the_framework_words_takes_our_form() -> None:
    request = Request({"type": "http", "path": "/x", "request_id": "r", "headers": []})
    answer = exception_handlers.on_http_error(request, HTTPException(500, "secret inside", headers={"x-more": "1"}))
    assert b"internal_error" in answer.body
    assert answer.headers["x-more"] == "1"


def test_many_requests_at_once_are_all_answered(standing: LiveService) -> None:
    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(lambda _: standing.client.get("/api/v1/things").status_code, range(100)))
    assert statuses == [200] * 100
