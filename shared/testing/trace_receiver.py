"""A receiver of OTLP over HTTP on loopback, which keeps the spans that processes under test send."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from shared.testing.waiting import WAIT_SECONDS
from shared.tracing import spans

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment


@dataclass(frozen=True)
class ReceivedSpan:
    """One span: of which service, its name, its ids, and what it contains."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    failed: bool
    attributes: dict[str, str]

    @property
    def what(self) -> tuple[str, str]:
        """Service and name."""
        return self.service, self.name


@dataclass
class TraceReceiver:
    """What has arrived so far."""

    port: int = 0
    spans: list[ReceivedSpan] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    @property
    def settings(self) -> dict[str, str]:
        """The variables with which a process sends every span to this receiver, soon."""
        return {
            "OTEL_TRACES_EXPORTER": "otlp",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self.port}",
            "OTEL_BSP_SCHEDULE_DELAY": "100",
        }

    def trace(self, trace_id: str) -> list[ReceivedSpan]:
        """The spans of this trace so far."""
        return [each for each in tuple(self.spans) if each.trace_id == trace_id]

    def named(self, service: str, name: str) -> list[ReceivedSpan]:
        """The spans of this service with this name so far."""
        return [each for each in tuple(self.spans) if each.what == (service, name)]

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """One export (WSGI)."""
        assert (environ["PATH_INFO"], environ["CONTENT_TYPE"]) == ("/v1/traces", "application/x-protobuf")
        self._keep(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        start_response("200 OK", [("content-length", "0")])
        return []

    def _keep(self, body: bytes) -> None:
        self.bodies.append(body)
        for sent in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = _attributes(sent.resource.attributes)["service.name"]
            self.spans += [_received(service, span) for scope in sent.scope_spans for span in scope.spans]


@contextmanager
def trace_receiver() -> Iterator[TraceReceiver]:
    """It runs during the block."""
    receiver = TraceReceiver()
    with make_server("127.0.0.1", 0, receiver, _Server, _WithoutLog) as server:
        receiver.port = server.server_port
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingMixIn, WSGIServer):
    """One thread for each connection."""


class _WithoutLog(WSGIRequestHandler):
    def log_request(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def traced(**variables: str) -> Iterator[TraceReceiver]:
    """This process itself is traced during the block, with these variables too."""
    with trace_receiver() as receiver, pytest.MonkeyPatch.context() as patch:
        patch.setattr(spans, "_exporter", None)
        patch.setattr(spans, "FLUSH_SECONDS", WAIT_SECONDS)  # no thread of it outlives the receiver
        for name, value in (receiver.settings | variables).items():
            patch.setenv(name, value)
        spans.configure()
        yield receiver
        spans.flush()


def _received(service: str, span: Span) -> ReceivedSpan:
    ids = span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex()
    failed = span.status.code == Status.STATUS_CODE_ERROR
    return ReceivedSpan(service, span.name, *ids, failed, _attributes(span.attributes))


def _attributes(given: Iterable[KeyValue]) -> dict[str, str]:
    return {each.key: str(getattr(each.value, each.value.WhichOneof("value") or "string_value")) for each in given}


def unconnected(trace: Iterable[ReceivedSpan]) -> list[ReceivedSpan]:
    """The spans whose parent is not in the trace; in a complete trace, only the first."""
    found = list(trace)
    known = {each.span_id for each in found}
    return [each for each in found if each.parent_id not in known]
