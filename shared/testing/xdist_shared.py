"""Shares slow resources among the xdist workers of a run: the first worker starts them, the last one stops them."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from .waiting import WAIT_SECONDS

Started = dict[str, Any]
"""What is needed to use the resource and to stop it, stored as JSON for the other workers."""


@contextmanager
def shared_by_workers(
    name: str, factory: pytest.TempPathFactory, start: Callable[[], Started], end: Callable[[Started], None]
) -> Iterator[Started]:
    """Use the resource during the block."""
    alone = "PYTEST_XDIST_WORKER" not in os.environ
    folder = factory.getbasetemp() if alone else factory.getbasetemp().parent
    file = folder / f"{name}.json"
    with FileLock(file.with_suffix(".lock"), timeout=WAIT_SECONDS):
        holders, started = _read(file) if file.exists() else (0, start())
        _write(file, holders + 1, started)
    try:
        yield started
    finally:
        with FileLock(file.with_suffix(".lock"), timeout=WAIT_SECONDS):
            holders, started = _read(file)
            _write(file, holders - 1, started)
            if holders == 1:
                file.unlink()
                end(started)


def _read(file: Path) -> tuple[int, Started]:
    holders, started = json.loads(file.read_text())
    return holders, started


def _write(file: Path, holders: int, started: Started) -> None:
    file.write_text(json.dumps([holders, started]))
