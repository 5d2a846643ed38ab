"""Short runs of `make chaos`: nothing is lost in either mode, and a relay that loses something is caught."""

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from chaos.containers import NoEngine
from chaos.embedded import Embedded
from chaos.fault_injector import FaultInjector
from chaos.processes import NotReady
from chaos.system import Fault
from deploy.tests.standalone_process import REPOSITORY


def chaos(*options: str) -> subprocess.CompletedProcess[str]:
    """A run to its end, with everything that it printed."""
    return subprocess.run(
        [sys.executable, "-m", "chaos", *options],
        cwd=REPOSITORY, capture_output=True, text=True, check=False,
    )  # fmt: skip


def figure(run: subprocess.CompletedProcess[str], name: str) -> int:
    """A number of its table."""
    found = re.search(rf"{name}[ a-z]*│\s*([\d,]+)", run.stdout)
    assert found, run.stdout + run.stderr
    return int(found[1].replace(",", ""))


def test_nothing_is_lost_when_the_one_process_is_killed_again_and_again() -> None:
    run = chaos("--mode=embedded", "--seconds=15", "--kills=3", "--seed=2026")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "seed 2026" in run.stdout.splitlines()[0], "whoever sees it fail can repeat it"
    assert figure(run, "kill process") == 3
    assert figure(run, "withdrawals") > 0


@pytest.mark.containers
def test_nothing_is_lost_when_parts_of_the_cluster_are_killed_hang_and_are_cut_off() -> None:
    run = chaos("--seconds=90", "--seed=2026")
    assert run.returncode == 0, run.stdout + run.stderr
    for fault in ("kill broker", "hang broker", "hang and kill broker", "kill database", "hang database", "partition"):
        assert figure(run, fault) == 1
    assert figure(run, "withdrawals") > 0


@pytest.mark.containers
def test_a_relay_that_marks_before_it_publishes_is_caught() -> None:
    run = chaos("--broken=mark-before-publish", "--seconds=30", "--kills=2", "--seed=2026")
    assert run.returncode == 0, run.stdout + run.stderr
    assert figure(run, "hang and kill broker") == 1
    assert figure(run, "differences: lost") > 0


def test_a_start_that_fails_says_why_at_once(tmp_path: Path) -> None:
    system = Embedded(tmp_path)
    with socket.create_server(("127.0.0.1", system.processes["standalone"].port)):
        with pytest.raises(NotReady, match=r"(?s)ended by itself.*in use"):
            system.start()
        system.stop()


def test_a_fault_that_cannot_be_carried_out_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise NoEngine("docker pause: unable to freeze")

    system = Embedded(tmp_path)
    monkeypatch.setattr(system, "faults", lambda: [Fault("hang", "broker", refuse)])
    with FaultInjector(system, 1, seconds=2, kills=0) as fault_injector:
        fault_injector.start()
        with pytest.raises(NoEngine, match="unable to freeze"):
            fault_injector.wait()
