"""Each alert fires during its fault, and is silent before; each has its runbook."""

import re
from pathlib import Path

import pytest

from deploy.tests.alert_faults import Faults
from deploy.tests.alert_rules import RULES, Samples, fires, promtool, rules, samples

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"


def _method(alert: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", alert).lower()


@pytest.fixture
def faults(tmp_path: Path) -> Faults:
    return Faults(tmp_path, samples())


@pytest.mark.parametrize("alert", sorted(rules().keys() - {"ProcessDown"}))
def test_alert_fires_during_its_fault(alert: str, faults: Faults, tmp_path: Path) -> None:
    during: Samples = getattr(faults, _method(alert))()
    assert fires(alert, faults.before, during, tmp_path)


def test_alert_fires_for_an_unreachable_process(tmp_path: Path) -> None:
    """The metric is Prometheus' own."""
    target = 'up{job="shutter",instance="posts:9100"}'
    assert fires("ProcessDown", {target: 1.0}, {target: 0.0}, tmp_path)


def test_rules_are_valid() -> None:
    done = promtool("check", "rules", str(RULES))
    assert not done.returncode, done.stdout + done.stderr


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    listed = re.findall(r"^\| `([A-Z][A-Za-z]+)` \|", OPERATIONS.read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(rules())
