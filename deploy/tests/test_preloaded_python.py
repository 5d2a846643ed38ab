"""A forked process behaves as `python -m` in a process of its own: exit code, environment, files and signals."""

import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence

import pytest

from deploy.tests import preloaded_python
from shared.testing.waiting import WAIT_SECONDS

ENVIRONMENT = {"ONLY": "this"}


def runs(statement: str) -> Sequence[str]:
    """The standard library has a module that runs a statement."""
    return ["timeit", "-n", "1", "-r", "1", statement]


@pytest.mark.parametrize(
    "statement",
    [
        "print('printed')",
        "import os; print(sorted(set(os.environ) - {'LC_CTYPE', '__CF_USER_TEXT_ENCODING'}), os.getcwd())",
        "import sys; print(sys.argv, __import__('__main__').__spec__.name); print('error', file=sys.stderr)",
        "import sys; sys.exit(7)",
        "import sys; sys.exit('a reason')",
        "import sys; print('x' * 1_000_000); sys.stdin.read(); sys.exit(3)",
        "import atexit; atexit.register(print, 'at the end')",
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        "import signal; print(signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGCHLD))",
    ],
)
def test_result_equals_that_of_a_new_interpreter(statement: str) -> None:
    expected = subprocess.run(
        [sys.executable, "-m", *runs(statement)], cwd=preloaded_python.REPOSITORY, env=ENVIRONMENT,
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    forked = preloaded_python.run(runs(statement), ENVIRONMENT)
    assert forked.returncode == expected.returncode
    assert _without_times(forked.stdout) == _without_times(expected.stdout)
    assert _without_times(forked.stderr).splitlines()[-1:] == _without_times(expected.stderr).splitlines()[-1:]


def _without_times(printed: str) -> str:
    return "\n".join(line for line in printed.splitlines() if "best of" not in line)


def test_waits_and_signals() -> None:
    with tempfile.TemporaryFile() as output:
        process = preloaded_python.start(runs("import signal; signal.pause()"), ENVIRONMENT, output, output)
        assert process.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0)
        process.send_signal(signal.SIGTERM)
        assert process.wait(WAIT_SECONDS) == process.poll() == -signal.SIGTERM
        process.kill()
