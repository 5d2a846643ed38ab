"""Where uploads are processed: a few at a time, a few waiting, and the rest told to come again."""

import asyncio
import os
from contextlib import suppress
from typing import BinaryIO

from anyio import CapacityLimiter, to_thread

from shared.images.decoder_client import DecoderProcess

from . import limits
from .fair_queue import FairQueue
from .picture import ProcessedImage

CORES = os.cpu_count() or 1
PATIENCE_SECONDS = 40
"""Together with the time for decoding less than the gateway's `HEAVY_SECONDS`."""


class ImageProcessor:
    """Takes no more memory than `workers` pictures, however many are sent. Processes start when needed."""

    def __init__(self, workers: int = CORES, waiting: int = 8) -> None:
        self._queue = FairQueue(workers, waiting, PATIENCE_SECONDS)
        self._decoders = [DecoderProcess() for _ in range(workers)]
        self._free = list(self._decoders)  # last in, first out: no second process for one at a time
        self._threads = CapacityLimiter(workers)

    async def process(self, upload: BinaryIO, owner: int) -> ProcessedImage:
        """The clean picture; or UnsupportedMedia, TooLarge, Invalid; or Unavailable when the queue is too long.

        A cancelled call leaves the queue at once, and the process that works on its upload is killed.
        """
        async with self._queue.slot(owner):
            worker = self._free.pop()
            try:
                return await self._processed(worker, upload)
            finally:
                self._free.append(worker)

    async def _processed(self, worker: DecoderProcess, upload: BinaryIO) -> ProcessedImage:
        job = asyncio.ensure_future(to_thread.run_sync(_process, worker, upload, limiter=self._threads))
        try:
            return await asyncio.shield(job)
        except asyncio.CancelledError:
            worker.cancel()
            while not job.done():  # the worker is free only when its thread has ended
                with suppress(asyncio.CancelledError):
                    await asyncio.wait([job])
            worker.reset()
            job.exception()
            raise

    def close(self) -> None:
        for worker in self._decoders:
            worker.stop()


def _process(worker: DecoderProcess, upload: BinaryIO) -> ProcessedImage:
    """Read only when it is this upload's turn, and never more than a byte too much."""
    content = upload.read(limits.MAX_BYTES + 1)
    if len(content) > limits.MAX_BYTES:
        raise limits.too_many_bytes()
    return worker.decode(content)
