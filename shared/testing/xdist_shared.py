"""Lets the workers of one run of tests share what is slow to start: the first starts it, the last ends it."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

Started = dict[str, Any]
"""What one has to know to use it and to end it; it is written down for the others."""


@contextmanager
def shared_by_workers(
    name: str, factory: pytest.TempPathFactory, start: Callable[[], Started], end: Callable[[Started], None]
) -> Iterator[Started]:
    """Use it as long as the block lasts."""
    alone = "PYTEST_XDIST_WORKER" not in os.environ
    folder = factory.getbasetemp() if alone else factory.getbasetemp().parent
    place = folder / f"{name}.json"
    with _locked(place):
        holders, started = _read(place) if place.exists() else (0, start())
        _write(place, holders + 1, started)
    try:
        yield started
    finally:
        with _locked(place):
            holders, started = _read(place)
            _write(place, holders - 1, started)
            if holders == 1:
                place.unlink()
                end(started)


@contextmanager
def _locked(place: Path) -> Iterator[None]:
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _read(place: Path) -> tuple[int, Started]:
    holders, started = json.loads(place.read_text())
    return holders, started


def _write(place: Path, holders: int, started: Started) -> None:
    place.write_text(json.dumps([holders, started]))
