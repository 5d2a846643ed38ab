"""Everything that is checked without running the program: a line for each step, in full what is wrong."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
AT_ONCE = 2


@dataclass(frozen=True)
class Step:
    name: str
    arguments: list[str]


# The longest comes first, so that the others run beside it.
STEPS = [
    Step("types", ["-m", "mypy"]),
    Step("style", ["-m", "ruff", "check", "--output-format=concise", "."]),
    Step("format", ["-m", "ruff", "format", "--check", "--output-format=concise", "."]),
    Step("imports", ["-c", "from importlinter.cli import lint_imports_command as lint; lint(['--no-logo'])"]),
    Step("house rules", ["-m", "tools.lint_rules"]),
    Step("locks", ["-m", "tools.lockfiles", "--check"]),
    Step("packages", ["-m", "pip", "check"]),  # they were installed as locked, without asking what they need
    Step("api descriptions", ["-m", "tools.openapi", "--check"]),
    Step("Dockerfile", ["-m", "tools.dockerfile"]),
    Step("broker definitions", ["-m", "deploy.broker", "--check"]),
    Step("web types", ["-m", "tools.web_types", "--check"]),
]


def run(step: Step) -> bool:
    started = time.monotonic()
    done = subprocess.run(  # noqa: S603  the commands are the ones above
        [sys.executable, *step.arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    skipped = done.stdout.startswith("skipped: ") and not done.returncode
    verdict = "FAILED" if done.returncode else "skipped" if skipped else "ok"
    said = f"\n{done.stdout.rstrip()}\n" if done.returncode or skipped else ""
    print(f"{verdict:<7} {step.name} ({time.monotonic() - started:.1f} s){said}", flush=True)
    return done.returncode == 0


def main() -> int:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        verdicts = [task.result() for task in as_completed([pool.submit(run, step) for step in STEPS])]
    if all(verdicts):
        return 0
    print(f"{verdicts.count(False)} of {len(verdicts)} checks failed; `make fix` mends style and format.")
    return 1


if __name__ == "__main__":
    sys.exit(main())
