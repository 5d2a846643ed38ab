"""Dangerous Python code by ruff's security rules (bandit's), in all files, tests included."""

import subprocess
import sys
from pathlib import Path

from .report import Report

COMMAND = ["-m", "ruff", "check", "--quiet", "--select=S", "--output-format=concise"]


def check(root: Path) -> Report:
    """Violations that are not suppressed, and the number of those that are."""
    found = _violations(root, [])
    suppressed = len(_violations(root, ["--ignore-noqa"])) - len(found)
    return Report(found, f"{suppressed} places are suppressed, each with its reason in the same line")


def _violations(root: Path, options: list[str]) -> list[str]:
    command = [sys.executable, *COMMAND, *options, "."]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)  # noqa: S603 - fixed arguments
    if done.returncode > 1:
        raise RuntimeError(done.stderr)
    return done.stdout.splitlines()
