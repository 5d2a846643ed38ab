"""Known vulnerabilities of every package that the root lock pins, as pip-audit's databases tell of them.

A database that cannot be asked is told in a sentence and is no fault of the code: only what was found is.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .report import Report

LOCK = "requirements-dev.lock"
DATABASES = ("pypi", "osv")
"""Asked in this order until one knows the packages; both hold the Python Packaging Advisory Database."""
PATIENCE = 25
"""Seconds that one database has for all packages."""

Answer = dict[str, Any]


def known(root: Path) -> Report:
    """What is known of the packages in the lock. Every member's lock pins the same versions."""
    for database in DATABASES:
        answers = asked(root, database)
        if any("vulns" in each for each in answers):
            return judged(answers)
    sentence = "no database of known vulnerabilities could be asked from here, so nothing was learnt about the packages"
    return Report(remark=sentence)


def asked(root: Path, database: str) -> list[Answer]:
    """What this database says of each package; nothing where it cannot be reached in time."""
    options = [f"--requirement={LOCK}", "--disable-pip", "--require-hashes", "--format=json", "--progress-spinner=off"]
    command = [sys.executable, "-m", "pip_audit", *options, f"--vulnerability-service={database}", "--timeout=5"]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, timeout=PATIENCE, check=False)  # noqa: S603 - ours
    except subprocess.TimeoutExpired:
        return []
    return answers_in(done.stdout)


def answers_in(output: bytes) -> list[Answer]:
    """The packages in what pip-audit printed; it prints nothing where its database failed."""
    try:
        answers: list[Answer] = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return []
    return answers


def judged(answers: list[Answer]) -> Report:
    """The vulnerabilities in these answers, and how many packages the database knew."""
    unknown = sorted(each["name"] for each in answers if "vulns" not in each)
    remark = f"{len(answers) - len(unknown)} packages were looked up"
    if unknown:
        remark += f"; not known to the database: {', '.join(unknown)}"
    return Report([line for each in answers for line in _lines(each)], remark)


def _lines(answer: Answer) -> Iterator[str]:
    for each in answer.get("vulns", []):
        remedy = f"mended in {', '.join(each['fix_versions'])}" if each["fix_versions"] else "not mended yet"
        yield f"{answer['name']} {answer['version']}: {each['id']}, {remedy}"
