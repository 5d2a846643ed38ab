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

ROOT = Path(__file__).resolve().parents[1]
_PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")
_LOG_TAIL_CHARACTERS = 2_000


class NotReady(Exception):
    """What was started cannot work; what each process says and printed last is told."""


@dataclass
class Process:
    """One part of the system, over all its lives."""

    name: str
    arguments: list[str]
    settings: Mapping[str, str]
    folder: Path
    port: int
    kills: int = 0
    unexpected_exits: list[int] = field(default_factory=list)
    """Exit codes of the times that it ended by itself."""
    _running: subprocess.Popen[bytes] | None = None
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock)

    @property
    def log(self) -> Path:
        """What it printed, over all its lives."""
        return self.folder / f"{self.name}.log"

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Of this life. RuntimeError where it was never started."""
        if self._running is None:
            raise RuntimeError(f"{self.name} does not run")
        return self._running.pid

    def start(self) -> None:
        """Begin a life; returns at once."""
        with self._one_at_a_time:
            self._launch()

    def kill(self) -> None:
        """End this life in the middle of whatever it does, and begin the next."""
        with self._one_at_a_time:
            if self._running is None:
                return
            if self._running.poll() is None:
                self._running.kill()
                self.kills += 1
            self._running.wait()
            self._launch()

    def restart_if_ended(self) -> None:
        """Start it again if it ended by itself, and remember that it did."""
        with self._one_at_a_time:
            if self._running is not None and (code := self._running.poll()) is not None:
                self.unexpected_exits.append(code)
                self._launch()

    def stop(self) -> int | None:
        """Ask it to end, and wait; its exit code."""
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
        """Whether it says of itself that it can work."""
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def has_ended(self) -> bool:
        """Whether this life is over though nobody ended it."""
        return self._running is not None and self._running.poll() is not None

    def status_report(self) -> str:
        """Whether it runs, what it says of itself, and the end of its log."""
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
        """One of its other commands, to its end; what it prints. Raises CalledProcessError."""
        done = subprocess.run(  # noqa: S603 - our own commands
            [sys.executable, *self.arguments, *arguments],
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
                [sys.executable, *self.arguments],
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _environment(self) -> dict[str, str]:
        """Nothing of the caller's own settings: a run is decided by its options alone."""
        kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        return {**kept, "PYTHONPATH": str(ROOT), "PORT": str(self.port), **self.settings}


def wait_until_ready(processes: Collection[Process], ready: Callable[[], bool], within: float) -> None:
    """Wait for what was just started, at most so many seconds. Raises NotReady; at once where a process has ended."""

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
