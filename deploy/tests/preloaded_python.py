"""Starts `python -m MODULE` for tests as a fork of a process that has imported the services already.

The imports take most of the CPU of a start: 1.4 s of 2 s of a standalone, and more than 1 s of each command. The
forked process runs the module as `__main__`, and has its own environment, arguments and files, as after an exec; it is
stopped or killed as any other. What is about the start itself is tested with a fresh interpreter.
"""

import atexit
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, Any

from shared.testing.waiting import WAIT_SECONDS

REPOSITORY = Path(__file__).parents[2]
_LONGEST_REQUEST = 1_000_000
"""Bytes of arguments and environment."""


class ForkedProcess:
    """The part of `subprocess.Popen` that tests use. The connection tells the exit code and is then closed."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._replies = connection.makefile("r")
        self.pid = int(self._replies.readline())
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit code; None while it runs."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the exit code: negative for a signal. Raises TimeoutExpired."""
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        """Nothing happens if it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None:
            with selectors.DefaultSelector() as selector:
                selector.register(self._connection, selectors.EVENT_READ)
                if selector.select(timeout):
                    self.returncode = int(self._replies.readline())
                    self._replies.close()
                    self._connection.close()
        return self.returncode


def start(arguments: Sequence[str], environment: Mapping[str, str], output: IO[Any], errors: IO[Any]) -> ForkedProcess:
    """Start `python -m` with these arguments in the root of the repository, without standard input."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(_server())
    request = json.dumps([list(arguments), dict(environment)]).encode()
    with Path(os.devnull).open("rb") as nothing:
        socket.send_fds(
            connection, [len(request).to_bytes(4, "big")], [nothing.fileno(), output.fileno(), errors.fileno()]
        )
    connection.sendall(request)
    return ForkedProcess(connection)


def run(arguments: Sequence[str], environment: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """Run `python -m` with these arguments to its end. Its output is captured."""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        code = start(arguments, environment, output, errors).wait(WAIT_SECONDS)
        output.seek(0)
        errors.seek(0)
        return subprocess.CompletedProcess(["-m", *arguments], code, output.read(), errors.read())


def run_checked(arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    """Replaces `deploy.commands.run_python`."""
    done = run(arguments, environment)
    sys.stdout.write(done.stdout)
    sys.stderr.write(done.stderr)
    done.check_returncode()


@cache
def _server() -> str:
    """The address of the server of this process, which is started by the first call and ends with this process."""
    folder = tempfile.TemporaryDirectory(prefix="python-")
    address = f"{folder.name}/socket"
    server = subprocess.Popen(
        [sys.executable, "-m", "deploy.tests.preloaded_server", address],
        cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert server.stdin is not None
    assert server.stdout is not None

    def stop() -> None:
        server.communicate(timeout=WAIT_SECONDS)  # closes its standard input
        folder.cleanup()

    atexit.register(stop)
    assert server.stdout.readline() == b"ready\n"
    return address


def receive(connection: socket.socket) -> tuple[list[str], dict[str, str], list[int]]:
    """The server's half of `start`: arguments, environment, and the files."""
    size, files, _, _ = socket.recv_fds(connection, 4, 3)
    with connection.makefile("rb") as stream:
        arguments, environment = json.loads(stream.read(min(int.from_bytes(size, "big"), _LONGEST_REQUEST)))
    return arguments, environment, files
