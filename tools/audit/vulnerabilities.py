"""Known vulnerabilities of every locked package, from the databases of pip-audit.

If no database can be reached, the report says so and the audit does not fail.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .report import Report

LOCK = "requirements-dev.lock"
# Queried in this order until one packages; both hold the Python Packaging Advisory Database.
DATABASES = ("pypi", "osv")
QUERY_TIMEOUT_SECONDS = 25  # for all packages

Package = dict[str, Any]


def check(root: Path) -> Report:
    """Of the packages in one lock file: all others pin the same versions."""
    for database in DATABASES:
        packages = query(root, database)
        if any("vulns" in each for each in packages):
            return report_of(packages)
    remark = "no vulnerability database could be reached, so the packages were not checked"
    return Report(remark=remark)


def query(root: Path, database: str) -> list[Package]:
    """The packages with their vulnerabilities; none if the database does not package in time."""
    options = [f"--requirement={LOCK}", "--disable-pip", "--require-hashes", "--format=json", "--progress-spinner=off"]
    command = [sys.executable, "-m", "pip_audit", *options, f"--vulnerability-service={database}", "--timeout=5"]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, timeout=QUERY_TIMEOUT_SECONDS, check=False)  # noqa: S603 - fixed arguments
    except subprocess.TimeoutExpired:
        return []
    return parse(done.stdout)


def parse(output: bytes) -> list[Package]:
    """pip-audit prints nothing if its database fails."""
    try:
        packages: list[Package] = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return []
    return packages


def report_of(packages: list[Package]) -> Report:
    unknown = sorted(each["name"] for each in packages if "vulns" not in each)
    remark = f"{len(packages) - len(unknown)} packages were checked"
    if unknown:
        remark += f"; not known to the database: {', '.join(unknown)}"
    return Report([line for each in packages for line in _lines(each)], remark)


def _lines(package: Package) -> Iterator[str]:
    for each in package.get("vulns", []):
        fix = f"fixed in {', '.join(each['fix_versions'])}" if each["fix_versions"] else "no fix yet"
        yield f"{package['name']} {package['version']}: {each['id']}, {fix}"
