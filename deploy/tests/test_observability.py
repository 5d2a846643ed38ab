"""The dashboard and the rules use metrics that exist; Prometheus accepts its configurations."""

import json
import re
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

import gateway.metrics  # noqa: F401 - registers its metrics
import shared.mail.queue
import shared.metrics  # noqa: F401 - as above
from deploy.observability import dashboard
from deploy.tests.alert_rules import promtool, rules

FOLDER = Path(dashboard.__file__).parent
OF_PROMETHEUS = {"up", "process_cpu_seconds_total", "process_resident_memory_bytes"}


def known() -> set[str]:
    """The series of all metrics."""
    names = {name for collector in REGISTRY._collector_to_names.values() for name in collector}
    return names | OF_PROMETHEUS


def metrics_of(expression: str) -> set[str]:
    """The names of the metrics in an expression."""
    without_strings = re.sub(r'"[^"]*"', "", expression)
    return set(re.findall(r"\b([a-z][a-z_]*_[a-z_]+|up)\b(?=[\[{ )]|$)", re.sub(r"\{[^}]*\}", "{", without_strings)))


EXPRESSIONS = {
    **{name: rule["expr"] for name, rule in rules().items()},
    **{panel.title: panel.expression for row in dashboard.ROWS.values() for panel in row},
}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_each_expression_uses_metrics_that_exist(name: str) -> None:
    used = metrics_of(EXPRESSIONS[name]) - {"histogram_quantile", "group_left"}
    assert used and used <= known()


def test_dashboard_is_current() -> None:
    assert json.loads(dashboard.TARGET.read_text()) == dashboard.dashboard()


@pytest.mark.parametrize("name", ["prometheus.yml", "prometheus-kubernetes.yml"])
def test_prometheus_accepts_the_configuration(name: str, tmp_path: Path) -> None:
    # Debian's promtool is built without the discovery of Kubernetes: the rest is checked with fixed targets.
    text = re.sub(r"- role: pod\n +namespaces:.*", "- {targets: [pod]}", (FOLDER / name).read_text())
    (tmp_path / name).write_text(text.replace("kubernetes_sd_configs", "static_configs"))
    done = promtool("check", "config", "--syntax-only", str(tmp_path / name))
    assert not done.returncode, done.stdout + done.stderr
