"""CPU is read from /proc, with children, for whole process trees."""

import os
import subprocess
import sys
import threading

from bench.accounting import TICKS, Process, family, more, parsed, resident, table, used, wake_ups


def test_process_name_may_contain_brackets_and_spaces() -> None:
    fields = ["S", "7", *("0" for _ in range(9)), "100", "20", "3", "4", *("0" for _ in range(5))]
    assert parsed(f"42 (a) b) {' '.join(fields)}") == Process(42, 7, 127 / TICKS)


def test_family_contains_all_descendants() -> None:
    processes = {pid: Process(pid, parent, 1.0) for pid, parent in ((2, 1), (3, 2), (4, 3), (5, 1))}
    assert family(processes, 2) == {2, 3, 4}


def test_cpu_time_of_a_child_is_added_to_its_parent() -> None:
    before = used({"service": [os.getpid()]})["service"]
    subprocess.run([sys.executable, "-c", "import time\nwhile time.process_time() < 0.2: pass"], check=True)
    assert used({"service": [os.getpid()]})["service"] - before >= 0.15


def test_sleeping_thread_is_counted() -> None:
    before = wake_ups({"service": [os.getpid()]})["service"]
    for _ in range(20):
        threading.Event().wait(0.001)
    assert more(before, wake_ups({"service": [os.getpid()]})["service"]) >= 10


def test_cpu_time_of_an_ended_thread_stays_counted() -> None:
    assert more({"ended": 5, "lives": 2}, {"lives": 4, "new": 1}) == 3


def test_own_process_is_listed_with_its_memory() -> None:
    assert os.getpid() in table()
    assert resident(os.getpid()) > 5
