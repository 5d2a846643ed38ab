"""Writes dashboard.json, the Grafana dashboard, or with --check tells whether it is stale."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TARGET = Path(__file__).with_name("dashboard.json")
WIDTH, HEIGHT = 8, 7
"""Of a panel, in units of Grafana's grid, which is 24 wide."""


@dataclass(frozen=True)
class Panel:
    title: str
    expression: str
    legend: str
    unit: str = "short"
    """A unit of Grafana: s, reqps, percentunit, short."""


ROWS: dict[str, list[Panel]] = {
    "Requests": [
        Panel(
            "Requests by status",
            'sum by (status) (rate(http_request_seconds_count{service="gateway"}[5m]))',
            "{{status}}",
            "reqps",
        ),
        Panel(
            "Share of errors",
            'sum by (route) (rate(http_request_seconds_count{service="gateway",status=~"5.."}[5m]))'
            ' / ignoring (route) group_left sum(rate(http_request_seconds_count{service="gateway"}[5m]))',
            "{{route}}",
            "percentunit",
        ),
        Panel(
            "Duration by route, p95",
            'histogram_quantile(0.95, sum by (le, route) (rate(http_request_seconds_bucket{service="gateway"}[5m])))',
            "{{route}}",
            "s",
        ),
        Panel(
            "Duration by service, p95",
            "histogram_quantile(0.95, sum by (le, service) (rate(http_request_seconds_bucket[5m])))",
            "{{service}}",
            "s",
        ),
        Panel("Rejected by the gateway", "sum by (code) (rate(gateway_refused_total[5m]))", "{{code}}", "reqps"),
        Panel("In flight by upstream", "sum by (upstream) (gateway_in_flight)", "{{upstream}}"),
    ],
    "Events and deleted accounts": [
        Panel(
            "Oldest unpublished event",
            'max by (service) (work_queue_oldest_seconds{queue="outbox"})',
            "{{service}}",
            "s",
        ),
        Panel("Events at the broker", "max by (service, queue) (events_queued)", "{{service}} {{queue}}"),
        Panel("Events handled", "sum by (service) (rate(events_taken_in_total[5m]))", "{{service}}", "reqps"),
        Panel(
            "Oldest purge and withdrawal",
            'max by (service, queue) (work_queue_oldest_seconds{queue=~"purges|withdrawals"})',
            "{{service}} {{queue}}",
            "s",
        ),
        Panel(
            "Differences found by reconciliation", "sum by (service) (increase(reconciled_total[1h]))", "{{service}}"
        ),
        Panel("Since the last reconciliation", "time() - reconciled_timestamp_seconds", "{{service}}", "s"),
    ],
    "Resources": [
        Panel(
            "Connections of the pools in use",
            "database_pool_in_use / database_pool_size",
            "{{service}} {{pool}}",
            "percentunit",
        ),
        Panel("Rows of work queues", "max by (service, queue) (work_queue_rows)", "{{service}} {{queue}}"),
        Panel("Open WebSockets", "sum by (service) (sockets_open)", "{{service}}"),
        Panel(
            "Uploads by outcome", "sum by (outcome) (rate(upload_processing_seconds_count[5m]))", "{{outcome}}", "reqps"
        ),
        Panel(
            "Upload duration, p95",
            "histogram_quantile(0.95, sum by (le) (rate(upload_processing_seconds_bucket[5m])))",
            "p95",
            "s",
        ),
        Panel("CPU by process", "rate(process_cpu_seconds_total[5m])", "{{instance}}"),
        Panel("Memory by process", "process_resident_memory_bytes", "{{instance}}", "bytes"),
        Panel(
            "Background steps that failed", "sum by (worker) (increase(background_failures_total[10m]))", "{{worker}}"
        ),
        Panel("Client connections", "sum(gateway_connections)", "open"),
    ],
}


def dashboard() -> dict[str, Any]:
    """The dashboard as Grafana imports it."""
    panels: list[dict[str, Any]] = []
    top = 0
    for title, row in ROWS.items():
        panels.append({"type": "row", "title": title, "gridPos": {"x": 0, "y": top, "w": 24, "h": 1}})
        top += 1
        for number, panel in enumerate(row):
            panels.append(_panel(panel, number % 3 * WIDTH, top + number // 3 * HEIGHT))
        top += (len(row) + 2) // 3 * HEIGHT
    return {
        "uid": "shutter",
        "title": "Shutter",
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "templating": {"list": [{"name": "source", "type": "datasource", "query": "prometheus"}]},
        "panels": [{"id": number, **panel} for number, panel in enumerate(panels, start=1)],
    }


def _panel(panel: Panel, left: int, top: int) -> dict[str, Any]:
    source = {"type": "prometheus", "uid": "${source}"}
    return {
        "type": "timeseries",
        "title": panel.title,
        "gridPos": {"x": left, "y": top, "w": WIDTH, "h": HEIGHT},
        "datasource": source,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [{"refId": "A", "datasource": source, "expr": panel.expression, "legendFormat": panel.legend}],
    }


def main() -> None:
    """Write or check it."""
    text = json.dumps(dashboard(), indent=1) + "\n"
    if "--check" not in sys.argv:
        TARGET.write_text(text)
    elif not TARGET.exists() or TARGET.read_text() != text:
        sys.exit("Stale, run `make openapi`: deploy/observability/dashboard.json")


if __name__ == "__main__":
    main()
