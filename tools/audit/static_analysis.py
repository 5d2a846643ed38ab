"""Dangerous ways to write Python, by ruff's security rules (those of bandit), in everything, the tests too."""

import subprocess
import sys
from pathlib import Path

from .report import Report

CHECK = ["-m", "ruff", "check", "--quiet", "--select=S", "--output-format=concise"]


def written(root: Path) -> Report:
    """What breaks a rule and is not excused; and how many places are."""
    found = _places(root, [])
    excused = len(_places(root, ["--ignore-noqa"])) - len(found)
    return Report(found, f"{excused} places are excused, each with its reason beside it")


def _places(root: Path, options: list[str]) -> list[str]:
    command = [sys.executable, *CHECK, *options, "."]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    if done.returncode > 1:
        raise RuntimeError(done.stderr)
    return done.stdout.splitlines()
