"""The results of Schemathesis, read from its event file (--report=ndjson)."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ACCEPTED = (*range(200, 400), 426)
"""426 is the response of a WebSocket without an upgrade."""


@dataclass
class Deeds:
    """Counts of a whole run."""

    checks: Counter[str] = field(default_factory=Counter)
    """Answers that each check has looked at."""
    phases: Counter[str] = field(default_factory=Counter)
    """Requests of each phase."""
    accepted: Counter[str] = field(default_factory=Counter)
    """Valid requests of each operation that were not refused."""
    links: int = 0
    """Steps of a story that took an id from an earlier answer."""

    @classmethod
    def read(cls, path: Path) -> "Deeds":
        """From the event file of a run."""
        deeds = cls()
        for line in path.read_text().splitlines():
            finished = json.loads(line).get("ScenarioFinished")
            if finished:
                deeds._add(finished["phase"], finished["recorder"])
        return deeds

    def _add(self, phase: str, recorder: dict[str, Any]) -> None:
        for results in recorder.get("checks", {}).values():
            self.checks.update(result["name"] for result in results)
        for case, status in _answered(recorder):
            self.phases[phase] += 1
            self.links += case.get("is_transition_applied", False)
            if status in ACCEPTED and _is_valid(case["value"]):
                self.accepted[f"{case['value']['method']} {case['value']['path']}"] += 1


def _answered(recorder: dict[str, Any]) -> Iterator[tuple[dict[str, Any], int]]:
    for case_id, interaction in recorder.get("interactions", {}).items():
        if interaction.get("response"):
            yield recorder["cases"][case_id], interaction["response"]["status_code"]


def _is_valid(case: dict[str, Any]) -> bool:
    return bool(case.get("meta")) and case["meta"]["generation"]["mode"] == "positive"
