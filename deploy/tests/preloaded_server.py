"""The process that `preloaded_python` forks: `python -m deploy.tests.preloaded_server SOCKET`.

It has one thread, since a fork has no others. It ends when its standard input is closed.
"""

import gc
import importlib
import os
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from deploy import commands
from deploy.tests.preloaded_python import receive
from shared.service_list import NAMES

PRELOADED = (
    *(f"services.{name}.{part}" for name in NAMES for part in ("app", "main")),
    "deploy.standalone", "deploy.admin", "deploy.backup.__main__", "alembic.autogenerate", "alembic.command",
)  # fmt: skip


class Program(NamedTuple):
    """What a forked process is to run."""

    arguments: list[str]
    environment: dict[str, str]
    files: list[int]


class Server:
    """Forks a process for each connection, and sends its id and later its exit code."""

    def __init__(self, address: str) -> None:
        self._running: dict[int, socket.socket] = {}
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(address)
        self._listener.listen()
        self._ended, self._wakeup = socket.socketpair()
        self._ended.setblocking(False)
        self._wakeup.setblocking(False)
        self._on_interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests
        signal.signal(signal.SIGCHLD, lambda *_: None)  # else nothing is written at the end of a child
        signal.set_wakeup_fd(self._wakeup.fileno())

    def serve(self) -> Program | None:
        """In each forked process, return what it is to run; in the server itself return None at the end."""
        with selectors.DefaultSelector() as selector:
            for each in (sys.stdin, self._listener, self._ended):
                selector.register(each, selectors.EVENT_READ)
            while True:
                ready = {key.fileobj for key, _ in selector.select()}
                if self._ended in ready:
                    self._ended.recv(4096)
                    self._report()
                if self._listener in ready and (program := self._fork()):
                    return program
                if sys.stdin in ready:
                    return None

    def _fork(self) -> Program | None:
        connection, _ = self._listener.accept()
        program = Program(*receive(connection))
        pid = os.fork()
        if pid == 0:
            self._become_a_child(connection)
            return program
        for each in program.files:
            os.close(each)
        self._running[pid] = connection
        connection.sendall(b"%d\n" % pid)
        return None

    def _become_a_child(self, connection: socket.socket) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, self._on_interrupt)  # ignored, if the tests run in the background of a shell
        for each in (connection, self._listener, self._ended, self._wakeup, *self._running.values()):
            each.close()

    def _report(self) -> None:
        for pid in list(self._running):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                with self._running.pop(pid) as connection:
                    connection.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))


def run_forked(arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    """Replaces `deploy.commands.run_python` in the forked processes, which have one thread as well."""
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        os._exit(_exit_code_of(arguments, environment))
    _, status = os.waitpid(pid, 0)
    if status:
        raise subprocess.CalledProcessError(os.waitstatus_to_exitcode(status), list(arguments))


def _exit_code_of(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run it. Nothing may be raised: the callers of the parent process would handle it."""
    try:
        run_module(arguments, environment)
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        return end.code if isinstance(end.code, int) else int(bool(end.code))
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
    return 0


def run_module(arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    """As `python -m` does."""
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[:] = arguments
    sys.modules.pop(arguments[0], None)  # it is imported already, and runs again
    runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)


def main() -> Program | None:
    """Import, serve, and return what a forked process is to run."""
    for name in PRELOADED:
        importlib.import_module(name)
    commands.run_python = run_forked
    gc.collect()
    gc.freeze()
    assert threading.active_count() == 1
    server = Server(sys.argv[1])
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    return server.serve()


if __name__ == "__main__" and (wanted := main()):
    for number, file in enumerate(wanted.files):
        os.dup2(file, number)
        os.close(file)
    run_module(wanted.arguments, wanted.environment)
