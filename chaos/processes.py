"""Processes of the system: started, killed with SIGKILL, restarted, and watched for unexpected exits."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from chaos.containers import until
from shared.security.service_calls import ssl_context_for

ROOT = Path(__file__).resolve().parents[1]
_PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")
_LOG_TAIL_CHARACTERS = 2_000


class NotReady(Exception):
    """A started process is not ready; the message has the status and the last output of each process."""


@dataclass
class Process:
    """One process of the system, including its restarts."""

    name: str
    arguments: list[str]
    settings: Mapping[str, str]
    folder: Path
    port: int
    kills: int = 0
    unexpected_exits: list[int] = field(default_factory=list)
    """Exit codes of the times that it ended by itself."""
    program: str = sys.executable
    code: Path = ROOT
    """The folder from which its modules are imported."""
    _running: subprocess.Popen[bytes] | None = None
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock)

    @property
    def log(self) -> Path:
        """Its output, including that of earlier runs."""
        return self.folder / f"{self.name}.log"

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Of the current run. RuntimeError if it was never started."""
        if self._running is None:
            raise RuntimeError(f"{self.name} does not run")
        return self._running.pid

    def start(self) -> None:
        """Returns at once."""
        with self._one_at_a_time:
            self._launch()

    def kill(self) -> None:
        """SIGKILL, and start it again."""
        with self._one_at_a_time:
            if self._running is None:
                return
            if self._running.poll() is None:
                self._running.kill()
                self.kills += 1
            self._running.wait()
            self._launch()

    def restart_if_ended(self) -> None:
        """Start it again if it exited by itself, and record that."""
        with self._one_at_a_time:
            if self._running is not None and (code := self._running.poll()) is not None:
                self.unexpected_exits.append(code)
                self._launch()

    def stop(self) -> int | None:
        """Terminate it, and wait. Returns its exit code."""
        with self._one_at_a_time:
            running, self._running = self._running, None
            if running is None:
                return None
            running.send_signal(signal.SIGTERM)
            try:
                return running.wait(timeout=40)
            except subprocess.TimeoutExpired:
                running.kill()
                return running.wait()

    def is_ready(self) -> bool:
        """Whether it reports that it is ready."""
        try:
            verify = ssl_context_for(self.url)  # it is asked again and again, and reading all authorities takes 25 ms
            return httpx.get(f"{self.url}/readyz", timeout=5, verify=verify).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def has_ended(self) -> bool:
        """Whether it exited although nobody stopped it."""
        return self._running is not None and self._running.poll() is not None

    def status_report(self) -> str:
        """Whether it runs, its readiness, and the end of its log."""
        if self.has_ended():
            says = "ended by itself"
        else:
            try:
                answer = httpx.get(f"{self.url}/readyz", timeout=5)
                says = f"{answer.status_code} {answer.text}"
            except httpx.HTTPError as problem:
                says = repr(problem)
        printed = self.log.read_text(errors="replace")[-_LOG_TAIL_CHARACTERS:] if self.log.exists() else ""
        return f"{self.name} on port {self.port}: {says}\n{printed}"

    def run_once(self, *arguments: str) -> str:
        """Run one of its commands to the end. Returns the output. Raises CalledProcessError."""
        done = subprocess.run(  # noqa: S603 - our own commands
            [self.program, *self.arguments, *arguments],
            check=True,
            cwd=self.folder,
            env=self._environment(),
            capture_output=True,
            text=True,
        )
        return done.stdout

    def _launch(self) -> None:
        with self.log.open("ab") as log:
            self._running = subprocess.Popen(  # noqa: S603 - our own command
                [self.program, *self.arguments],
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _environment(self) -> dict[str, str]:
        """Without settings of the caller: a run depends only on its options."""
        kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        return {**kept, "PYTHONPATH": str(self.code), "PORT": str(self.port), **self.settings}


def wait_until_ready(processes: Collection[Process], ready: Callable[[], bool], within: float) -> None:
    """Wait for started processes. Raises NotReady, at once if a process has exited."""

    def ready_or_never() -> bool:
        if any(each.has_ended() for each in processes):
            raise NotReady(_status_reports(processes))
        return ready()

    try:
        until(ready_or_never, within, "every process is ready")
    except TimeoutError as problem:
        raise NotReady(_status_reports(processes)) from problem


def _status_reports(processes: Collection[Process]) -> str:
    return "\n".join(each.status_report() for each in processes)
