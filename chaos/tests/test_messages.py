"""Messages under kills: a short run, and what the comparison finds."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from chaos.checks.context import DOUBLED, LOST, WRONG
from chaos.embedded import Embedded
from chaos.history import ACKED, REFUSED, UNKNOWN, Person
from chaos.messages import Correspondence, Read, Sent, Writer, differences
from deploy.tests.standalone_process import REPOSITORY


def pair() -> tuple[Writer, Writer]:
    """Two who have written two messages each; the outcome of one is unknown, and it was stored."""
    one, other = Writer(Person(id="1"), "room"), Writer(Person(id="2"), "room")
    one.sent = [Sent("a", ACKED, "01"), Sent("b", ACKED, "03")]
    other.sent = [Sent("c", ACKED, "02"), Sent("d", UNKNOWN)]
    for each in (one, other):
        each.read = [Read("01", "1", "a"), Read("02", "2", "c"), Read("03", "1", "b"), Read("04", "2", "d")]
    return one, other


def kinds(*writers: Writer) -> set[str]:
    return {each.kind for each in differences(writers)}


def test_nothing_is_found_if_both_read_everything_once() -> None:
    one, other = pair()
    assert kinds(one, other) == set()
    for each in (one, other):
        each.read.pop()  # what was not acknowledged may be absent
    assert kinds(one, other) == set()


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda read: read.pop(0), LOST),
        (lambda read: read.append(read[0]), DOUBLED),
        (lambda read: read.append(Read("05", "1", "a")), DOUBLED),
        (lambda read: read.append(Read("05", "3", "e")), WRONG),
        (lambda read: read.__setitem__(0, Read("01", "2", "a")), WRONG),
        (lambda read: read.reverse(), WRONG),
    ],
)
def test_each_kind_of_difference_is_found(change: Callable[[list[Read]], object], kind: str) -> None:
    one, other = pair()
    change(one.read)
    assert kind in kinds(one, other)
    change(other.read)
    assert kind in kinds(one, other), "also if both read the same"


def test_rejected_message_is_a_difference() -> None:
    one, other = pair()
    one.sent.append(Sent("e", REFUSED))
    assert kinds(one, other) == {WRONG}


def test_rooms_are_written_and_read_to_their_beginning(tmp_path: Path) -> None:
    system = Embedded(tmp_path)
    try:
        system.start()
        correspondence = Correspondence(system.base_url, seed=1, writers=4)
        correspondence.begin()
        correspondence.write(240)
        correspondence.read()
    finally:
        system.stop()
    assert [len(each.read) for each in correspondence.writers] == [120] * 4
    assert list(differences(correspondence.writers)) == []


@pytest.mark.containers
def test_messages_are_there_once_for_both_while_dm_and_the_gateway_are_killed() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "chaos.messages", "--messages=300", "--writers=6", "--pause=2", "--seed=2026"],
        cwd=REPOSITORY, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    assert "300 messages acknowledged" in run.stdout, run.stdout
