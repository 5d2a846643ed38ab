"""Client of a decoder subprocess: starts it on demand and maps its exit status to an error."""

import os
import signal
import subprocess
import sys
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock, Timer
from typing import BinaryIO, cast

from shared.errors import AppError, Unavailable
from shared.images import limits, pipe_protocol
from shared.images.variants import RESPONSIVE, RenditionPlan

from .pipe_protocol import ProcessedImage

DECODER_COMMAND = (sys.executable, "-m", f"{__package__}.decoder_process")
ROOT = Path(__file__).parents[2]
# More than the CPU time that is allowed: on a busy machine, decoding takes longer through no fault of the file.
MAX_WALL_SECONDS = 25
EXIT_WAIT_SECONDS = 5
# A process that opens untrusted files gets nothing else, such as passwords and keys.
PASSED_ENVIRONMENT = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG")
CRASH_SIGNALS = (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL)


class DecoderProcess:
    """Decodes one upload at a time."""

    def __init__(self, command: Sequence[str] = DECODER_COMMAND) -> None:
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._stop: Callable[[], object] = lambda: None
        self._lock = Lock()
        self._cancelled = False

    def cancel(self) -> None:
        """Kill the process from another thread: a running `decode` raises Unavailable.

        Later calls do so too until `reset`, because a process may be just about to be started.
        """
        with self._lock:
            self._cancelled = True
            process = self._process
        if process is not None:
            process.kill()

    def reset(self) -> None:
        """Accept uploads again after `cancel`."""
        self.stop()
        self._cancelled = False

    def decode(self, upload: bytes, plan: RenditionPlan = RESPONSIVE) -> ProcessedImage:
        try:
            return self._request(upload, plan)
        except ExitedIdle:
            self.stop()
        try:
            return self._request(upload, plan)
        except ExitedIdle:
            raise unavailable() from None

    def stop(self) -> None:
        """Kill the process. The next upload starts another."""
        self._stop()
        self._process = None

    def _request(self, upload: bytes, plan: RenditionPlan) -> ProcessedImage:
        process, uploads, answers = self._ensure_started()
        limit = Timer(MAX_WALL_SECONDS, process.kill)
        limit.start()
        try:
            pipe_protocol.send_upload(uploads, upload, plan)
            return pipe_protocol.receive_image(answers)
        except AppError:
            raise
        except (EOFError, OSError) as cause:
            with suppress(subprocess.TimeoutExpired):
                process.wait(EXIT_WAIT_SECONDS)  # its pipes can close a little earlier than it ends
            self.stop()
            raise _error_for_exit(process.returncode) from cause
        except BaseException:
            self.stop()  # data that is still in the pipe must not become the response to another upload
            raise
        finally:
            limit.cancel()

    def _ensure_started(self) -> tuple[subprocess.Popen[bytes], BinaryIO, BinaryIO]:
        with self._lock:
            if self._cancelled:
                raise unavailable()
            process = self._process
            if process is None or process.poll() is not None:
                self.stop()
                process = self._process = _start(self._command)
                self._stop = weakref.finalize(self, _kill, process)
        return process, cast(BinaryIO, process.stdin), cast(BinaryIO, process.stdout)


class ExitedIdle(Exception):
    """The process had ended by itself, as it does after `IDLE_SECONDS` without an upload."""


def _error_for_exit(returncode: int) -> Exception:
    if returncode == 0:
        return ExitedIdle()
    if -returncode == signal.SIGPROF:
        return limits.too_much_work()
    if -returncode in CRASH_SIGNALS:
        return limits.corrupt()
    return unavailable()


def unavailable() -> Unavailable:
    return Unavailable("media_unavailable", "Images cannot be processed right now; try again soon.", retry_after=5)


def _start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    environment = {name: os.environ[name] for name in PASSED_ENVIRONMENT if name in os.environ}
    try:
        return subprocess.Popen(  # noqa: S603  # the command is ours, and no shell reads it
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env=environment,
            process_group=0,  # Ctrl-C goes to the parent only, which then stops this process
        )
    except OSError as cause:
        raise unavailable() from cause


def _kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()  # it has no state that could be lost
    with suppress(BrokenPipeError), process:
        pass
