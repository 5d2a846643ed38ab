"""The container engine of this machine, where there is one: starting, ending and tormenting single containers."""

import os
import subprocess
from functools import cache
from typing import Any

import pytest
from testcontainers.core.config import testcontainers_config

from shared.testing.sharing import Started

NO_ENGINE = "no container engine answers"


@cache
def _engine_answers() -> bool:
    try:
        subprocess.run(["docker", "info"], check=True, capture_output=True, timeout=20)
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def require_engine() -> None:
    """Skip the test where no container engine answers; fail it where CONTAINERS=required."""
    if _engine_answers():
        return
    if os.environ.get("CONTAINERS") == "required":
        pytest.fail(f"{NO_ENGINE}, and CONTAINERS=required")
    pytest.skip(NO_ENGINE)


def started_from(made: Any) -> tuple[Started, str]:
    """Start what was described; what ends it, and the host at which its ports are."""
    testcontainers_config.ryuk_disabled = True  # it would end with the worker that started the container
    made.start()
    return {"container": made.get_wrapped_container().id}, made.get_container_host_ip()


def tell(started: Started, verb: str) -> None:
    """`kill`, `pause` or `unpause` a container."""
    subprocess.run(["docker", verb, started["container"]], check=True, capture_output=True)


def end(started: Started) -> None:
    """Remove a container."""
    subprocess.run(["docker", "rm", "--force", "--volumes", started["container"]], check=True, capture_output=True)
