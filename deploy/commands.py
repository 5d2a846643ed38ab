"""Runs the commands of the services where they run: in a standalone's data folder, in compose, or in Kubernetes."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from deploy.data_folder import load_secrets, service_settings

ROOT = Path(__file__).resolve().parent.parent


def run_python(arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run `python -m` with these arguments. Raises CalledProcessError."""
    subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, env=environment, check=True)  # noqa: S603 - our own command


class Commands(Protocol):
    """Runs commands of services. `run` raises CalledProcessError if a command fails."""

    def run(self, service: str, *arguments: str) -> None: ...


class Standalone:
    """The services' commands on the databases and files of a data folder, beside a running server or without it."""

    def __init__(self, data: Path) -> None:
        self._data = data.resolve()

    def run(self, service: str, *arguments: str) -> None:
        settings = service_settings(service, self._data, load_secrets(self._data))
        settings["callers"] = json.dumps(settings["callers"])
        environment = {name.upper(): value for name, value in settings.items()}
        run_python(_module(service, arguments)[1:], os.environ | environment)


class Compose:
    """The same in the service's container, or in a new one if it does not run."""

    def run(self, service: str, *arguments: str) -> None:
        running = compose("ps", "--status=running", "--services", capture=True).split()
        how = ["exec"] if service in running else ["run", "--rm", "--no-deps"]
        compose(*how, "-T", service, "python", *_module(service, arguments))


class Kubernetes:
    """The same in a pod of the service's deployment. The namespace is that of kubectl's context."""

    def run(self, service: str, *arguments: str) -> None:
        subprocess.run(  # noqa: S603 - a fixed program
            ["kubectl", "exec", f"deployment/{service}", "--", "python", *_module(service, arguments)],  # noqa: S607 - found by PATH, as the shell finds it
            check=True,
        )


def compose(*arguments: str, capture: bool = False) -> str:
    """Run `docker compose`; return what it printed if that is captured. Raises CalledProcessError."""
    done = subprocess.run(  # noqa: S603 - a fixed program
        ["docker", "compose", *arguments],  # noqa: S607 - found by PATH, as the shell finds it
        cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE if capture else None, text=True, check=True,
    )  # fmt: skip
    return done.stdout or ""


def _module(service: str, arguments: Sequence[str]) -> list[str]:
    return ["-m", f"services.{service}.main", *arguments]
