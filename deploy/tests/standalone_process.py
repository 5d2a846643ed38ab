"""A standalone as in production: a real process with a port and a data folder, stopped or killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Self

import httpx

from deploy.tests import preloaded_python
from deploy.tests.preloaded_python import ForkedProcess
from shared.security.service_calls import ssl_context_for
from shared.testing import eventually
from shared.testing.ports import free_port
from shared.testing.waiting import WAIT_SECONDS

REPOSITORY = Path(__file__).parents[2]

CHEAP_HASHES = {"ARGON2_MEMORY_KIB": "8", "ARGON2_ITERATIONS": "1"}
"""Settings for an instance with hundreds of sign-ups and logins; passwords have separate tests."""

PATIENT = dict.fromkeys(
    ("CONNECT_SECONDS", "FIRST_BYTE_SECONDS", "WHOLE_SECONDS", "BODY_SECONDS", "STALL_SECONDS", "HEAD_SECONDS"),
    str(WAIT_SECONDS),
)
"""The gateway's time limits: the usual ones would make results depend on the speed of the machine."""

Process = subprocess.Popen[bytes] | ForkedProcess
_OURS = ("BASE_URL", "DATABASE_URL", "BROKER_URL")


@dataclass
class Standalone:
    """Consecutive runs of `python -m deploy.standalone` on the same data folder and port."""

    data_dir: Path
    port: int = field(default_factory=free_port)
    settings: Mapping[str, str] = field(default_factory=dict)
    process: Process | None = None

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.data_dir.parent / f"{self.data_dir.name}.{self.port}.log"

    def launch(self) -> None:
        """Start the process without waiting."""
        inherited = {name: value for name, value in os.environ.items() if name not in _OURS}
        own = {"PORT": str(self.port), "DATA_DIR": str(self.data_dir), **PATIENT, **self.settings}
        with self.log.open("ab") as log:
            self.process = self._python("deploy.standalone", inherited | own, log)

    def _python(self, module: str, environment: dict[str, str], log: IO[bytes]) -> Process:
        return subprocess.Popen(
            [sys.executable, "-m", module],
            cwd=REPOSITORY, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip

    def start(self) -> None:
        """Start the process and wait until it is ready."""
        self.launch()
        eventually(self.is_ready)

    def is_ready(self) -> bool:
        """Whether GET /readyz answers 200. Raises at once if the process has exited."""
        ended = self.running().poll()
        if ended is not None:
            raise RuntimeError(f"standalone ended with {ended}:\n{self.printed()[-4000:]}")
        try:
            verify = ssl_context_for(self.base_url)  # it is asked again and again; reading all authorities takes 25 ms
            return httpx.get(f"{self.base_url}/readyz", timeout=WAIT_SECONDS, verify=verify).status_code == 200
        except httpx.TransportError:
            return False

    def end(self, how: signal.Signals = signal.SIGINT) -> int:
        """Stop it, wait, and return its exit code."""
        process = self.running()
        process.send_signal(how)
        return process.wait(timeout=WAIT_SECONDS)

    def kill(self) -> None:
        """SIGKILL, if it still runs."""
        if self.process is None:
            return
        self.process.kill()
        self.process.wait(timeout=WAIT_SECONDS)

    def admin(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command of an operator on its data: the service, the command and its arguments."""
        return preloaded_python.run(["deploy.admin", *command], {"DATA_DIR": str(self.data_dir)})

    def printed(self) -> str:
        """Its output so far, over all runs."""
        return self.log.read_text(errors="replace")

    @contextmanager
    def served(self) -> Iterator[Self]:
        """It runs during the block, and must end cleanly after it."""
        try:
            self.start()
            yield self
            code = self.end()
            assert code == 0, f"ended with {code}:\n{self.printed()[-4000:]}"
        finally:
            self.kill()

    def running(self) -> Process:
        if self.process is None:
            raise RuntimeError("it was never started")
        return self.process


class ForkedStandalone(Standalone):
    """The same, forked from a process that has imported everything: for tests of what it does after its start."""

    def _python(self, module: str, environment: dict[str, str], log: IO[bytes]) -> Process:
        return preloaded_python.start([module], environment, log, log)
