"""Short runs of `make chaos`: nothing is lost in either mode, and a defective relay is detected."""

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

RATE = "--rate=30"
"""Without a limit its clients take all of the CPU that the other tests need."""


def chaos(*options: str) -> subprocess.CompletedProcess[str]:
    """A complete run, with its output."""
    return subprocess.run(
        [sys.executable, "-m", "chaos", *options],
        cwd=REPOSITORY, capture_output=True, text=True, check=False,
    )  # fmt: skip


def figure(run: subprocess.CompletedProcess[str], name: str) -> int:
    """A number in its table."""
    found = re.search(rf"{name}[ a-z]*│\s*([\d,]+)", run.stdout)
    assert found, run.stdout + run.stderr
    return int(found[1].replace(",", ""))


def test_no_data_is_lost_when_the_single_process_is_killed_repeatedly() -> None:
    run = chaos("--mode=embedded", "--seconds=15", "--kills=3", RATE, "--seed=2026")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "seed 2026" in run.stdout.splitlines()[0], "whoever sees it fail can repeat it"
    assert figure(run, "kill process") == 3
    assert figure(run, "withdrawals") > 0


@pytest.mark.containers
def test_no_data_is_lost_when_cluster_containers_are_killed_paused_and_disconnected() -> None:
    run = chaos("--seconds=60", RATE, "--seed=2026")
    assert run.returncode == 0, run.stdout + run.stderr
    for fault in ("kill broker", "hang broker", "hang and kill broker", "kill database", "hang database", "partition"):
        assert figure(run, fault) == 1, run.stdout
    assert figure(run, "withdrawals") > 0, run.stdout


@pytest.mark.containers
def test_relay_that_marks_events_before_publishing_is_detected() -> None:
    run = chaos("--broken=mark-before-publish", "--seconds=30", "--kills=2", RATE, "--seed=2026")
    assert run.returncode == 0, run.stdout + run.stderr
    assert figure(run, "hang and kill broker") == 1, run.stdout
    assert figure(run, "differences: lost") > 0, run.stdout


def test_failed_start_prints_its_reason(tmp_path: Path) -> None:
    system = Embedded(tmp_path)
    with socket.create_server(("127.0.0.1", system.processes["standalone"].port)):
        with pytest.raises(NotReady, match=r"(?s)ended by itself.*in use"):
            system.start()
        system.stop()


def test_fault_that_cannot_be_injected_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise NoEngine("docker pause: unable to freeze")

    system = Embedded(tmp_path)
    monkeypatch.setattr(system, "faults", lambda: [Fault("hang", "broker", refuse)])
    with FaultInjector(system, 1, seconds=2, kills=0) as fault_injector:
        fault_injector.start()
        with pytest.raises(NoEngine, match="unable to freeze"):
            fault_injector.wait()
