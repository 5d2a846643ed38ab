"""The spans of OpenTelemetry traces: requests, calls, transactions, SQL statements, events, purges.

A trace starts at the gateway, if the sampler chooses the request, and is passed on as `traceparent` (W3C Trace
Context): in a header to the services, in the envelope to consumers of events, and in columns to what works later.
Nothing else starts one. Where traces are off, or the request was not chosen, every function returns NO_SPAN at once.

A span contains names from the code, patterns of routes, statuses, ids of requests, and SQL without its parameters.
"""

import os
import re
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from threading import Thread
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

if TYPE_CHECKING:
    import opentelemetry.trace

    from shared.tracing.export import Exporter

HEADER = "traceparent"
COLUMN_CHARACTERS = 55
"""The length of a `traceparent`."""
FLUSH_SECONDS = 3.0
"""How long a process that ends waits for its last spans to be sent."""
HTTP_ERRORS = 500
"""From this status on a response is an error of ours."""
_WELL_FORMED = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")
_RAW_HEADER = HEADER.encode()

Kind = Literal["internal", "server", "client", "producer", "consumer"]


class Span:
    """One span. As a context manager it is the current one, and ends; an exception marks it as failed."""

    __slots__ = ("_exporter", "_previous", "_service", "_span")

    def __init__(
        self, exporter: "Exporter | None" = None, service: str = "", span: "opentelemetry.trace.Span | None" = None
    ) -> None:
        self._exporter = exporter
        self._service = service
        self._span = span
        self._previous: Span | None = None

    @property
    def recording(self) -> bool:
        """Whether this is a span of a trace, and not NO_SPAN."""
        return self._span is not None

    @property
    def trace_id(self) -> str | None:
        """32 hexadecimal digits."""
        return None if self._span is None else f"{self._span.get_span_context().trace_id:032x}"

    @property
    def traceparent(self) -> str | None:
        """What continues the trace elsewhere."""
        if self._span is None:
            return None
        context = self._span.get_span_context()
        return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"

    def child(self, name: str, kind: Kind = "internal") -> "Span":
        """Start a span within this one."""
        if self._exporter is None or self._span is None:
            return NO_SPAN
        return _span(self._exporter, self._service, self._exporter.start(self._service, name, kind, self._span))

    def describe(self, name: str, value: str | int) -> None:
        """Set an attribute."""
        if self._span is not None:
            self._span.set_attribute(name, value)

    def fail(self, reason: str) -> None:
        """Mark it as failed, for this reason, which is a name and never a text of others."""
        if self._exporter is not None and self._span is not None:
            self._exporter.fail(self._span, reason)

    def describe_http(self, method: str, route: str, status: int | None, request_id: str) -> None:
        """Name it after a request of this method to this route (a pattern), and say how it ended."""
        if self._span is None:
            return
        self._span.update_name(f"{method} {route}")
        attributes: Mapping[str, str] = {"http.request.method": method, "http.route": route, "request_id": request_id}
        self._span.set_attributes(attributes)
        self.set_status(status)

    def set_status(self, status: int | None) -> None:
        """The HTTP status of its response, if there was one."""
        if status is not None:
            self.describe("http.response.status_code", status)
            if status >= HTTP_ERRORS:
                self.fail(str(status))

    def end(self) -> None:
        """End it, where it is not used as a context manager."""
        if self._span is not None:
            self._span.end()

    def __enter__(self) -> Self:
        if self._span is not None:
            self._previous = _current.get()
            _current.set(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, _error: object, _traceback: TracebackType | None) -> None:
        if self._span is None:
            return
        _current.set(self._previous or NO_SPAN)
        if kind is not None:
            self.fail(kind.__name__)
        self._span.end()


NO_SPAN = Span()
_current: ContextVar[Span] = ContextVar("span", default=NO_SPAN)
_service: ContextVar[str] = ContextVar("service", default="")
_exporter: "Exporter | None" = None


def configure() -> None:
    """Read the standard variables (OTEL_...), and send spans if they say so. Raises ValueError for an invalid one."""
    global _exporter  # noqa: PLW0603 - like the configuration of logs, one for the process
    for name in [name for name, value in os.environ.items() if name.startswith("OTEL_") and not value]:
        del os.environ[name]  # empty means unset, but not to the SDK
    if not _is_wanted(os.environ):
        return
    from shared.tracing.export import Exporter  # noqa: PLC0415 - 20 MB that no process needs without traces

    _exporter = Exporter(os.environ)


def _is_wanted(environment: Mapping[str, str]) -> bool:
    """The SDK would also export by default. Here it needs an exporter or an endpoint."""
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    exporter = environment.get("OTEL_TRACES_EXPORTER")
    endpoints = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    return exporter != "none" if exporter else any(name in environment for name in endpoints)


def enabled() -> bool:
    """Whether this process sends spans."""
    return _exporter is not None


def flush() -> None:
    """Send the last spans, at the end of the process. Takes at most `FLUSH_SECONDS`."""
    if _exporter is not None:
        sending = Thread(target=_exporter.stop, daemon=True)
        sending.start()
        sending.join(FLUSH_SECONDS)


def set_service(service: str) -> None:
    """Whatever this task starts from now on works for this service."""
    _service.set(service)


def current() -> Span:
    """The span of this task or thread."""
    return _current.get()


def child(name: str, kind: Kind = "internal") -> Span:
    """Start a span within the current one."""
    return _current.get().child(name, kind)


def start_trace(service: str) -> Span:
    """The first span of a new trace, a request, if the sampler chooses it. Only for the gateway."""
    if _exporter is None:
        return NO_SPAN
    return _span(_exporter, service, _exporter.start(service, "request", "server", None))


def continue_request(service: str, headers: Iterable[tuple[bytes, bytes]]) -> Span:
    """The span of a request at a service, if its headers continue a trace."""
    if _exporter is None:
        return NO_SPAN
    traceparent = next((value.decode("latin-1") for name, value in headers if name == _RAW_HEADER), None)
    return continue_trace(traceparent, "request", "server", service)


def consume(service: str, event: str, traceparent: str | None) -> Span:
    """The span of one attempt of a service to handle an event, if it belongs to a trace."""
    return continue_trace(traceparent, f"consume {event}", "consumer", service)


def continue_trace(traceparent: str | None, name: str, kind: Kind = "internal", service: str | None = None) -> Span:
    """A span in the trace that was started elsewhere; NO_SPAN where `traceparent` is missing or malformed.

    Without `service` it is that of `set_service`.
    """
    if _exporter is None or traceparent is None:
        return NO_SPAN
    match = _WELL_FORMED.fullmatch(traceparent)
    if match is None:
        return NO_SPAN
    service = service or _service.get()
    parent = _exporter.remote(int(match[1], 16), int(match[2], 16), int(match[3], 16))
    return _span(_exporter, service, _exporter.start(service, name, kind, parent))


def _span(exporter: "Exporter", service: str, span: "opentelemetry.trace.Span | None") -> Span:
    return NO_SPAN if span is None else Span(exporter, service, span)
