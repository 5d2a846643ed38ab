"""Sends spans to an OTLP receiver, in batches, from a thread of the SDK. Imported only where traces are on."""

from collections.abc import Mapping

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    set_span_in_context,
)

KINDS = {kind.name.lower(): kind for kind in SpanKind}
CHOICES = {
    "OTEL_TRACES_EXPORTER": ("otlp",),
    "OTEL_EXPORTER_OTLP_PROTOCOL": ("http/protobuf",),
    "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": ("http/protobuf",),
    "OTEL_TRACES_SAMPLER": (
        "always_on",
        "always_off",
        "traceidratio",
        "parentbased_always_on",
        "parentbased_always_off",
        "parentbased_traceidratio",
    ),
}
"""The SDK would go on with a default, such as to send everything where a sampler is misspelt."""


class Exporter:
    """One queue, thread and connection for the process, and a tracer for each service in it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        _validate(environment)
        # The SDK reads the other variables itself. Its queue is bounded (OTEL_BSP_MAX_QUEUE_SIZE, 2,048 spans): where
        # the receiver is slow or away, the oldest spans are dropped.
        self._processor = BatchSpanProcessor(OTLPSpanExporter())
        self._named = SERVICE_NAME in OTELResourceDetector().detect().attributes
        self._tracers: dict[str, Tracer] = {}

    def start(self, service: str, name: str, kind: str, parent: Span | None) -> Span | None:
        """Start a span; None if the sampler does not choose it."""
        context = Context() if parent is None else set_span_in_context(parent, Context())
        tracer = self._tracers.get(service) or self._tracer(service)
        span = tracer.start_span(name, context, KINDS[kind])
        return span if span.is_recording() else None

    def remote(self, trace_id: int, span_id: int, flags: int) -> Span:
        """The parent of a span, in another process."""
        return NonRecordingSpan(SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(flags)))

    def fail(self, span: Span, reason: str) -> None:
        """Mark a span as failed."""
        span.set_status(Status(StatusCode.ERROR, reason))

    def stop(self) -> None:
        """Send what is in the queue, and end the thread."""
        self._processor.shutdown()  # type: ignore[no-untyped-call]  # the SDK leaves it without types

    def _tracer(self, service: str) -> Tracer:
        # `service.name` belongs to the provider; OTEL_SERVICE_NAME names all services of this process.
        attributes = {"service.namespace": "shutter"} | ({} if self._named else {SERVICE_NAME: service})
        provider = TracerProvider(resource=Resource.create(attributes), shutdown_on_exit=False)
        provider.add_span_processor(self._processor)
        return self._tracers.setdefault(service, provider.get_tracer("shutter"))


def _validate(environment: Mapping[str, str]) -> None:
    for name, choices in CHOICES.items():
        value = environment.get(name)
        if value is not None and value not in choices:
            raise ValueError(f"{name}={value} is not supported; choose {', '.join(choices)}.")
    ratio = environment.get("OTEL_TRACES_SAMPLER_ARG")
    if ratio is not None and not _is_ratio(ratio):
        raise ValueError(f"OTEL_TRACES_SAMPLER_ARG={ratio} is not a number from 0 to 1.")


def _is_ratio(text: str) -> bool:
    try:
        return 0 <= float(text) <= 1
    except ValueError:
        return False
