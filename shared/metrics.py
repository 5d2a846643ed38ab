"""Prometheus metrics, on a separate port that is never public.

Every label has few values: names of services, routes by their patterns, statuses, and other fixed names. No label
contains anything that a client chose.
"""

from collections.abc import Callable, Iterable

import structlog
from prometheus_client import REGISTRY, Counter, Gauge, Histogram, Metric, start_http_server
from prometheus_client.registry import Collector

log = structlog.get_logger()
_measures: list[Callable[[], None]] = []


class _Measurement(Collector):
    """Calls what measures, before any metric is read: it is registered first, and has no metrics itself."""

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        for measure in tuple(_measures):  # a copy: an application may start or stop meanwhile
            try:
                measure()
            except Exception:
                log.exception("measuring failed")
        return ()


REGISTRY.register(_Measurement())


def on_scrape(measure: Callable[[], None]) -> Callable[[], None]:
    """Call this function whenever the metrics are about to be read. Returns what ends that."""
    _measures.append(measure)
    return lambda: _measures.remove(measure)


REQUESTS = Histogram(
    "http_request_seconds",
    "Time to answer, by service, route and status.",
    ["service", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
BACKGROUND_FAILURES = Counter("background_failures_total", "Background steps that failed.", ["worker"])
EVENTS_TAKEN_IN = Counter("events_taken_in_total", "Facts taken in.", ["service", "name"])
EVENTS_FAILED = Counter("events_failed_total", "Failed attempts to handle an event.", ["service", "name"])
EVENTS_QUEUED = Gauge(
    "events_queued", "Events that wait at the broker: ready, to be retried, dead.", ["service", "queue"]
)
BROKER_CONNECTED = Gauge("broker_connected", "1 while events can be published, else 0.", ["service"])
DATABASE_UP = Gauge("database_up", "1 if the database answered when the metrics were read, else 0.", ["service"])
POOL_IN_USE = Gauge("database_pool_in_use", "Connections of the pool that are in use.", ["service", "pool"])
POOL_SIZE = Gauge("database_pool_size", "Connections that the pool may have.", ["service", "pool"])
QUEUE_ROWS = Gauge("work_queue_rows", "Rows of a work queue that wait, at most 10,000.", ["service", "queue"])
QUEUE_OLDEST_SECONDS = Gauge("work_queue_oldest_seconds", "Age of the oldest waiting row.", ["service", "queue"])
RECONCILED = Counter("reconciled_total", "Differences that reconciliation found and repaired.", ["service"])
RECONCILED_AT = Gauge("reconciled_timestamp_seconds", "When reconciliation last ended (Unix time).", ["service"])
MALFORMED = Counter("http_malformed_total", "Requests that could not be parsed, or were ambiguous.")
LOG_LINES_SUPPRESSED = Counter(
    "log_lines_suppressed_total", "Log entries dropped because there were too many of the same kind."
)
SOCKETS = Gauge("sockets_open", "Open WebSockets, by service.", ["service"])
SOCKETS_CLOSED = Counter("sockets_closed_total", "Closed WebSockets, by close code.", ["service", "code"])
CDN_PURGES = Counter("cdn_purges_total", "Requests to purge files at the CDN: done, failed.", ["service", "outcome"])
UPLOADS_IN_PROGRESS = Gauge("uploads_in_progress", "Uploaded photos that wait for a decoder or are decoded.")
UPLOAD_SECONDS = Histogram(
    "upload_processing_seconds",
    "Time to process an uploaded photo, waiting included.",
    ["outcome"],
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80),
)


def serve(host: str, port: int | None) -> None:
    """Serve `GET /metrics` on this port, if one is set."""
    if port is not None:
        start_http_server(port, addr=host)
