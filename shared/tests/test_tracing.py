"""Traces: off without the standard variables; statements without parameters; what is malformed starts none."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import OperationalError

from shared.database import statement_spans
from shared.database.engine import Database
from shared.testing import eventually
from shared.testing.trace_receiver import TraceReceiver, traced
from shared.tracing import spans

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE_ID}-b7ad6b7169203331-01"
Configure = Callable[..., None]


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch) -> Iterator[Configure]:
    """Configures traces by these variables, for one test."""
    monkeypatch.setattr(spans, "_exporter", None)

    def configured(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        spans.configure()

    yield configured
    spans.flush()


@pytest.fixture
def receiver() -> Iterator[TraceReceiver]:
    """It gets every span of the test."""
    with traced() as found:
        yield found


def test_without_the_variables_nothing_of_the_sdk_is_imported() -> None:
    program = (
        "import sys, gateway.main, deploy.standalone, services.auth.main\n"
        "from shared.tracing import spans\n"
        "spans.configure()\n"
        "print(spans.enabled(), [name for name in sys.modules if name.startswith('opentelemetry.sdk')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False []\n"


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"},
        {"OTEL_TRACES_EXPORTER": "otlp", "OTEL_SDK_DISABLED": "true"},
        {"OTEL_TRACES_EXPORTER": "", "OTEL_EXPORTER_OTLP_ENDPOINT": ""},
    ],
)
def test_traces_are_off(configure: Configure, variables: dict[str, str]) -> None:
    configure(**variables)
    assert not spans.enabled()
    assert spans.start_trace("gateway") is spans.NO_SPAN is spans.continue_trace(TRACEPARENT, "purge")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_TRACES_EXPORTER", "zipkin"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_TRACES_SAMPLER", "sometimes"),
        ("OTEL_TRACES_SAMPLER_ARG", "1%"),
        ("OTEL_TRACES_SAMPLER_ARG", "1.5"),
    ],
)
def test_invalid_variable_is_named(configure: Configure, name: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"{name}={value}"):
        configure(**{"OTEL_TRACES_EXPORTER": "otlp", name: value})


def test_trace_is_continued_by_its_header(receiver: TraceReceiver) -> None:
    with spans.continue_request("posts", [(b"traceparent", TRACEPARENT.encode())]) as span:
        assert spans.current() is span and span.trace_id == TRACE_ID
        with spans.child("call auth", "client") as call:
            assert call.traceparent is not None and call.traceparent.startswith(f"00-{TRACE_ID}-")
        span.describe_http("GET", "/posts/{id}", 503, "req-1")
    assert spans.current() is spans.NO_SPAN
    eventually(lambda: len(receiver.spans) == 2)
    (request,), (call_sent,) = receiver.named("posts", "GET /posts/{id}"), receiver.named("posts", "call auth")
    assert (request.parent_id, call_sent.parent_id) == ("b7ad6b7169203331", request.span_id)
    assert request.failed and request.attributes == {
        "http.request.method": "GET",
        "http.route": "/posts/{id}",
        "http.response.status_code": "503",
        "request_id": "req-1",
    }


@pytest.mark.parametrize(
    "traceparent",
    [None, "", "1", f"00-{'0' * 32}-b7ad6b7169203331-01", f"00-{TRACE_ID}-{'0' * 16}-01", TRACEPARENT.upper() + "x"],
)
def test_malformed_traceparent_starts_no_trace(receiver: TraceReceiver, traceparent: str | None) -> None:
    assert spans.continue_trace(traceparent, "purge", service="posts") is spans.NO_SPAN


def test_request_that_is_not_sampled_is_not_traced(receiver: TraceReceiver) -> None:
    assert spans.continue_trace(TRACEPARENT[:-2] + "00", "purge", service="posts") is spans.NO_SPAN
    assert spans.continue_request("posts", [(b"accept", b"*/*")]) is spans.NO_SPAN


def test_statements_are_recorded_without_parameters(receiver: TraceReceiver, tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'test.db'}", pool_size=1)

    def write(tx: Connection) -> None:
        tx.execute(text("CREATE TABLE notes (body TEXT)"))
        tx.execute(text("INSERT INTO notes VALUES (:body)"), [{"body": "secret-1"}, {"body": "secret-2"}])

    def fail(tx: Connection) -> None:
        with pytest.raises(OperationalError):
            tx.execute(text("SELECT :body FROM missing"), {"body": "secret-3"})

    with spans.continue_trace(TRACEPARENT, "request", service="posts"):
        database.write(write)
        database.read(fail)
    database.read(lambda connection: connection.execute(text("SELECT 1")).scalar_one())
    database.close()
    eventually(lambda: receiver.named("posts", "request"))
    (transaction,) = receiver.named("posts", "transaction")
    (insert,), (select,) = receiver.named("posts", "INSERT"), receiver.named("posts", "SELECT")
    assert insert.attributes == {"db.system.name": "sqlite", "db.query.text": "INSERT INTO notes VALUES (?)"}
    assert (insert.parent_id, insert.failed) == (transaction.span_id, False)
    assert select.failed and "missing" in select.attributes["db.query.text"]
    assert b"secret" not in b"".join(receiver.bodies)


def test_traced_read_leaves_no_listener_on_a_kept_connection(receiver: TraceReceiver, tmp_path: Path) -> None:
    def listens(connection: Connection) -> bool:
        connection.execute(text("SELECT 1"))
        return event.contains(connection, "before_cursor_execute", statement_spans._start)

    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
    database.keep_connection()
    with spans.continue_trace(TRACEPARENT, "request", service="posts"):
        assert database.read(listens)
    assert not database.read(listens)
    database.close()
    eventually(lambda: receiver.named("posts", "SELECT"))


def test_variable_names_the_service() -> None:
    with traced(OTEL_SERVICE_NAME="photos") as receiver:
        spans.start_trace("gateway").end()
        eventually(lambda: receiver.named("photos", "request"))


def test_service_of_a_task_is_that_of_the_task_that_started_it(receiver: TraceReceiver) -> None:
    async def work() -> None:
        spans.continue_trace(TRACEPARENT, "purge").end()

    async def serve(service: str) -> None:
        spans.set_service(service)
        await asyncio.create_task(work())

    async def main() -> None:
        await asyncio.gather(asyncio.create_task(serve("posts")), asyncio.create_task(serve("dm")))

    asyncio.run(main())
    eventually(lambda: receiver.named("posts", "purge") and receiver.named("dm", "purge"))


def test_queue_is_bounded_and_the_end_does_not_wait_for_a_receiver_that_hangs(
    configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spans, "FLUSH_SECONDS", 0.01)
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        receiver = TraceReceiver(hanging.getsockname()[1])
        sizes = {"OTEL_BSP_MAX_QUEUE_SIZE": "4", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "4"}
        configure(OTEL_EXPORTER_OTLP_TIMEOUT="1", **sizes, **receiver.settings)
        for _ in range(100):
            with spans.start_trace("gateway"):
                pass
        assert spans._exporter is not None
        batches = spans._exporter._processor._batch_processor
        assert len(batches._queue) <= 4
        spans.flush()
    eventually(lambda: not batches._worker_thread.is_alive())  # it logs that it failed, not during a later test
