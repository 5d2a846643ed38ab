"""Where uploads are developed: a few at a time, a few waiting, and the rest told to come again."""

import os
from queue import Empty, LifoQueue
from threading import BoundedSemaphore
from typing import BinaryIO

from . import limits
from .picture import Picture
from .worker import Worker, unavailable

CORES = os.cpu_count() or 1
PATIENCE_SECONDS = 30


class Darkroom:
    """Takes no more memory than `workers` pictures, however many are sent. Processes start when needed."""

    def __init__(self, workers: int = CORES, waiting: int = 8) -> None:
        self._line = BoundedSemaphore(workers + waiting)
        self._staff = [Worker() for _ in range(workers)]
        self._free: LifoQueue[Worker] = LifoQueue()  # last in, first out: no second process for one at a time
        for worker in self._staff:
            self._free.put(worker)

    def develop(self, upload: BinaryIO) -> Picture:
        """The clean picture; or UnsupportedMedia, TooLarge, Invalid; or Unavailable when the line is full."""
        if not self._line.acquire(blocking=False):
            raise unavailable()
        try:
            return self._developed(upload)
        finally:
            self._line.release()

    def _developed(self, upload: BinaryIO) -> Picture:
        try:
            worker = self._free.get(timeout=PATIENCE_SECONDS)
        except Empty:
            raise unavailable() from None
        try:
            return worker.develop(_content(upload))
        finally:
            self._free.put(worker)

    def close(self) -> None:
        for worker in self._staff:
            worker.leave()


def _content(upload: BinaryIO) -> bytes:
    """Read only when it is this upload's turn, and never more than a byte too much."""
    content = upload.read(limits.MAX_BYTES + 1)
    if len(content) > limits.MAX_BYTES:
        raise limits.too_many_bytes()
    return content
