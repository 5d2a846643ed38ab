"""The docker command line: starts, signals and removes single containers."""

import subprocess
from functools import cache
from typing import Any

from shared.testing.waiting import WAIT_SECONDS
from shared.testing.xdist_shared import Started


@cache
def docker_available() -> bool:
    """Whether containers can be started on this machine."""
    try:
        subprocess.run(["docker", "info"], check=True, capture_output=True, timeout=WAIT_SECONDS)
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def start_container(made: Any) -> tuple[Started, str]:
    """Start this container. Returns a function that removes it, and the host at which its ports are."""
    from testcontainers.core.config import testcontainers_config  # noqa: PLC0415 - only runs with an engine need it

    testcontainers_config.ryuk_disabled = True  # it would end with the worker that started the container
    made.start()
    return {"container": made.get_wrapped_container().id}, made.get_container_host_ip()


def signal_container(started: Started, verb: str) -> None:
    """`kill`, `pause` or `unpause` a container."""
    subprocess.run(["docker", verb, started["container"]], check=True, capture_output=True)


def remove_container(started: Started) -> None:
    """Remove a container."""
    subprocess.run(["docker", "rm", "--force", "--volumes", started["container"]], check=True, capture_output=True)
