"""`make audit`: known vulnerabilities of packages, dangerous code, and secrets anywhere in the history."""

import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import leaked_secrets, static_analysis, vulnerabilities
from .report import Report

ROOT = Path(__file__).resolve().parents[2]
CHECKS: dict[str, Callable[[Path], Report]] = {
    "known vulnerabilities": vulnerabilities.check,
    "dangerous code": static_analysis.check,
    "secrets in history": leaked_secrets.check,
}


def run(name: str, check: Callable[[Path], Report]) -> bool:
    """Print the result; True if nothing was found."""
    started = time.monotonic()
    report = check(ROOT)
    result = "FAILED" if report.found else "ok"
    details = "".join(f"\n  {line}" for line in report.found)
    print(f"{result:<7} {name} ({time.monotonic() - started:.1f} s): {report.remark}{details}", flush=True)
    return not report.found


def main() -> int:
    with ThreadPoolExecutor(len(CHECKS)) as pool:
        results = list(pool.map(run, CHECKS, CHECKS.values()))
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
