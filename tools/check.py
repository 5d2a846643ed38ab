"""`make check`: all static checks, one line for each, with the output of those that fail."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PARALLEL_STEPS = 2


@dataclass(frozen=True)
class Step:
    name: str
    arguments: list[str]


# The longest comes first: the others run in parallel with it.
STEPS = [
    Step("types", ["-m", "mypy"]),
    Step("style", ["-m", "ruff", "check", "--output-format=concise", "."]),
    Step("format", ["-m", "ruff", "format", "--check", "--output-format=concise", "."]),
    Step("imports", ["-c", "from importlinter.cli import lint_imports_command as lint; lint(['--no-logo'])"]),
    Step("lint rules", ["-m", "tools.lint_rules"]),
    Step("lock files", ["-m", "tools.lockfiles", "--check"]),
    Step("packages", ["-m", "pip", "check"]),  # installed with --no-deps
    Step("api descriptions", ["-m", "tools.openapi", "--check"]),
    Step("configuration reference", ["-m", "tools.configuration", "--check"]),
    Step("dashboard", ["-m", "deploy.observability.dashboard", "--check"]),
    Step("Dockerfile", ["-m", "tools.dockerfile"]),
    Step("migrations", ["-m", "tools.migrations"]),
    Step("broker definitions", ["-m", "deploy.broker", "--check"]),
    Step("web types", ["-m", "tools.web_types", "--check"]),
]


def run(step: Step) -> bool:
    started = time.monotonic()
    done = subprocess.run(  # noqa: S603  the commands above
        [sys.executable, *step.arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    skipped = done.stdout.startswith("skipped: ") and not done.returncode
    result = "FAILED" if done.returncode else "skipped" if skipped else "ok"
    output = f"\n{done.stdout.rstrip()}\n" if done.returncode or skipped else ""
    print(f"{result:<7} {step.name} ({time.monotonic() - started:.1f} s){output}", flush=True)
    return done.returncode == 0


def main() -> int:
    with ThreadPoolExecutor(PARALLEL_STEPS) as pool:
        results = [task.result() for task in as_completed([pool.submit(run, step) for step in STEPS])]
    if all(results):
        return 0
    print(f"{results.count(False)} of {len(results)} checks failed; `make fix` fixes style and format.")
    return 1


if __name__ == "__main__":
    sys.exit(main())
