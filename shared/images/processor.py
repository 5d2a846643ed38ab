"""A bounded pool of decoder processes: a few uploads at a time, a short fair queue, 503 for the rest."""

import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

from anyio import CapacityLimiter, to_thread

from shared import metrics
from shared.errors import AppError, Unavailable
from shared.images.decoder_client import DecoderProcess
from shared.images.variants import RESPONSIVE, RenditionPlan

from . import limits
from .fair_queue import FairQueue
from .pipe_protocol import ProcessedImage

CORES = os.cpu_count() or 1
# Together with the time for decoding less than the gateway's `HEAVY_SECONDS`.
MAX_QUEUE_SECONDS = 40


class ImageProcessor:
    """Decodes at most `workers` images at once, each in a subprocess that is started on demand."""

    def __init__(self, workers: int = CORES, waiting: int = 8) -> None:
        self._queue = FairQueue(workers, waiting, MAX_QUEUE_SECONDS)
        self._decoders = [DecoderProcess() for _ in range(workers)]
        self._idle = list(self._decoders)  # last in, first out: sequential uploads need only one process
        self._threads = CapacityLimiter(workers)

    async def process(self, upload: BinaryIO, owner: int, plan: RenditionPlan = RESPONSIVE) -> ProcessedImage:
        """Raises UnsupportedMedia, TooLarge or Invalid for a bad file, and Unavailable when the queue is too long.

        Cancelling the call removes the upload from the queue or kills the process that decodes it.
        """
        with _measured():
            async with self._queue.slot(owner):
                decoder = self._idle.pop()
                try:
                    return await self._decode_in_thread(decoder, upload, plan)
                finally:
                    self._idle.append(decoder)

    async def _decode_in_thread(self, decoder: DecoderProcess, upload: BinaryIO, plan: RenditionPlan) -> ProcessedImage:
        job = asyncio.ensure_future(to_thread.run_sync(_read_and_decode, decoder, upload, plan, limiter=self._threads))
        try:
            return await asyncio.shield(job)
        except asyncio.CancelledError:
            decoder.cancel()
            while not job.done():  # the decoder is idle only when its thread has ended
                with suppress(asyncio.CancelledError):
                    await asyncio.wait([job])
            decoder.reset()
            job.exception()
            raise

    def close(self) -> None:
        for decoder in self._decoders:
            decoder.stop()


@contextmanager
def _measured() -> Iterator[None]:
    started = time.monotonic()
    outcome = "failed"
    metrics.UPLOADS_IN_PROGRESS.inc()
    try:
        yield
        outcome = "done"
    except AppError as error:
        outcome = "busy" if isinstance(error, Unavailable) else "rejected"
        raise
    except asyncio.CancelledError:
        outcome = "cancelled"
        raise
    finally:
        metrics.UPLOADS_IN_PROGRESS.dec()
        metrics.UPLOAD_SECONDS.labels(outcome).observe(time.monotonic() - started)


def _read_and_decode(decoder: DecoderProcess, upload: BinaryIO, plan: RenditionPlan) -> ProcessedImage:
    # Read only when it is this upload's turn, and at most one byte more than allowed.
    content = upload.read(limits.MAX_BYTES + 1)
    if len(content) > limits.MAX_BYTES:
        raise limits.too_many_bytes()
    return decoder.decode(content, plan)
