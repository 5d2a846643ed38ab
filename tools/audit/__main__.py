"""What an attacker would look for first: vulnerable packages, dangerous code, and secrets that were ever committed."""

import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import leaked_secrets, static_analysis, vulnerabilities
from .report import Report

ROOT = Path(__file__).resolve().parents[2]
PARTS: dict[str, Callable[[Path], Report]] = {
    "known vulnerabilities": vulnerabilities.known,
    "dangerous code": static_analysis.written,
    "secrets in history": leaked_secrets.kept,
}


def told(name: str, part: Callable[[Path], Report]) -> bool:
    """Whether nothing was found; it is printed either way."""
    started = time.monotonic()
    report = part(ROOT)
    verdict = "FAILED" if report.found else "ok"
    said = "".join(f"\n  {line}" for line in report.found)
    print(f"{verdict:<7} {name} ({time.monotonic() - started:.1f} s): {report.remark}{said}", flush=True)
    return not report.found


def main() -> int:
    """Exit code 1 where anything was found."""
    with ThreadPoolExecutor(len(PARTS)) as pool:
        verdicts = list(pool.map(told, PARTS, PARTS.values()))
    return 0 if all(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
