"""Whether an alert fires: the rules are evaluated by promtool on metrics as they were before and after a fault."""

import re
import shutil
import subprocess
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

RULES = Path(__file__).parents[1] / "observability" / "rules.yml"
QUIET_MINUTES = 90
"""How long the metrics stay as before the fault; longer than the range of every rule."""
FAULT_MINUTES = 90

Samples = Mapping[str, float]
"""The values of the metrics of this process by their names and labels, as Prometheus writes them."""


@cache
def rules() -> dict[str, dict[str, Any]]:
    """The alerts by their names."""
    (group,) = yaml.safe_load(RULES.read_text())["groups"]
    return {rule["alert"]: rule for rule in group["rules"]}


def samples() -> Samples:
    """All metrics of this process now."""
    found = {}
    for family in REGISTRY.collect():
        for sample in family.samples:
            labels = ",".join(f'{name}="{value}"' for name, value in sample.labels.items())
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


def fires(alert: str, before: Samples, after: Samples, folder: Path) -> bool:
    """Whether the alert is silent before the fault, and fires during it."""
    used = set(re.findall(r"[a-z_]+", rules()[alert]["expr"]))
    names = [name for name in after if name.partition("{")[0] in used]
    assert names, f"no metric of {alert} exists"
    changed = {_service(name) for name in names if before.get(name, 0.0) != after[name]}
    if changed:  # gauges of other services are as other tests of this process left them
        names = [name for name in names if _service(name) in changed]
    series = [{"series": name, "values": _values(name, before.get(name, 0.0), after[name])} for name in names]
    condition = f'count(ALERTS{{alertname="{alert}",alertstate="firing"}})'
    test = {
        "rule_files": [str(RULES)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": series,
                "promql_expr_test": [
                    _expect(f"{condition} or vector(0)", QUIET_MINUTES - 1, 0),
                    _expect(f"{condition} > bool 0 or vector(0)", QUIET_MINUTES + FAULT_MINUTES - 1, 1),
                ],
            }
        ],
    }
    path = folder / f"{alert}.yml"
    path.write_text(yaml.safe_dump(test))
    done = promtool("test", "rules", str(path))
    assert not done.returncode, f"{done.stdout}{done.stderr}\n{path.read_text()}"
    return True


def promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run promtool. Skips the test if it is not installed."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not installed (Debian's package prometheus)")
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False, timeout=120)


def _service(name: str) -> str | None:
    found = re.search(r'\bservice="([^"]*)"', name)
    return found and found[1]


def _expect(expression: str, minute: int, value: int) -> dict[str, Any]:
    return {"expr": expression, "eval_time": f"{minute}m", "exp_samples": [{"labels": "{}", "value": value}]}


def _values(name: str, before: float, after: float) -> str:
    """A gauge keeps its value; a counter continues as it did during the fault, once a minute."""
    metric = name.partition("{")[0]
    if metric.endswith("timestamp_seconds"):
        now = time.time()  # promtool's clock begins at 0
        return f"0+60x{QUIET_MINUTES - 1} {QUIET_MINUTES * 60 + after - now:.0f}x{FAULT_MINUTES}"
    growth = after - before if metric.endswith(("_total", "_count", "_sum", "_bucket")) else 0.0
    return f"{before}x{QUIET_MINUTES - 1} {after}+{growth}x{FAULT_MINUTES}"
