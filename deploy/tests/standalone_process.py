"""A standalone as a person runs it: a real process with a port and a data folder, ended or killed at will."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import httpx

from shared.testing import eventually
from shared.testing.ports import free_port
from shared.testing.waiting import WAIT_SECONDS

REPOSITORY = Path(__file__).parents[2]

CHEAP_HASHES = {"ARGON2_MEMORY_KIB": "8", "ARGON2_ITERATIONS": "1"}
"""Settings for an instance at which people sign up and log in by the hundred; passwords have tests of their own."""

_OURS = ("BASE_URL", "DATABASE_URL", "BROKER_URL")


@dataclass
class Standalone:
    """One run after another of `python -m deploy.standalone` on the same data folder and port."""

    data_dir: Path
    port: int = field(default_factory=free_port)
    settings: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.data_dir.parent / f"{self.data_dir.name}.{self.port}.log"

    def launch(self) -> None:
        """Start the process and do not wait for anything."""
        inherited = {name: value for name, value in os.environ.items() if name not in _OURS}
        own = {"PORT": str(self.port), "DATA_DIR": str(self.data_dir), **self.settings}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "deploy.standalone"],
                cwd=REPOSITORY, env=inherited | own, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip

    def start(self) -> None:
        """Start the process and wait until it says that it is ready."""
        self.launch()
        eventually(self.is_ready)

    def is_ready(self) -> bool:
        """Whether GET /readyz answers 200. A process that has ended never will: that is an error at once."""
        ended = self.running().poll()
        if ended is not None:
            raise RuntimeError(f"standalone ended with {ended}:\n{self.printed()[-4000:]}")
        try:
            return httpx.get(f"{self.base_url}/readyz", timeout=WAIT_SECONDS).status_code == 200
        except httpx.TransportError:
            return False

    def end(self, how: signal.Signals = signal.SIGINT) -> int:
        """Ask it to end, wait until it has, and give its exit code."""
        process = self.running()
        process.send_signal(how)
        return process.wait(timeout=WAIT_SECONDS)

    def kill(self) -> None:
        """Take it away in the middle of whatever it does, as a power cut would, if it still runs."""
        if self.process is None:
            return
        self.process.kill()
        self.process.wait(timeout=WAIT_SECONDS)

    def printed(self) -> str:
        """Everything that it has written so far, over all its runs."""
        return self.log.read_text(errors="replace")

    @contextmanager
    def served(self) -> Iterator[Self]:
        """It runs as long as the block lasts, and has to end cleanly after it."""
        try:
            self.start()
            yield self
            code = self.end()
            assert code == 0, f"ended with {code}:\n{self.printed()[-4000:]}"
        finally:
            self.kill()

    def running(self) -> subprocess.Popen[bytes]:
        if self.process is None:
            raise RuntimeError("it was never started")
        return self.process
