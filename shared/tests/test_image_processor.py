"""The image processor survives crashes, endless loops, excessive memory and more uploads than it can queue."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from io import BytesIO
from typing import BinaryIO

import pytest
from anyio import to_thread
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from shared.errors import Invalid, TooLarge, Unavailable, UnsupportedMedia
from shared.images import decoder_client, decoder_process, limits, pipe_protocol, renditions
from shared.images.decoder_client import DecoderProcess
from shared.images.pipe_protocol import ProcessedImage
from shared.images.processor import ImageProcessor
from shared.images.variants import RESPONSIVE
from shared.testing import eventually
from shared.testing.waiting import WAIT_SECONDS
from shared.tests import sample_images as samples

UPLOADED = samples.encoded(samples.corners(), "JPEG", exif=samples.with_exif(1, make="Canon"))


def processed(processor: ImageProcessor, upload: BinaryIO, owner: int = 1) -> ProcessedImage:
    return asyncio.run(processor.process(upload, owner))


@pytest.fixture(scope="module")
def processor() -> Iterator[ImageProcessor]:
    with closing(ImageProcessor(workers=1, waiting=1)) as processor:
        yield processor


def scripted(script: str) -> DecoderProcess:
    return DecoderProcess([sys.executable, "-c", f"import os, signal, sys; sys.stdin.buffer.read(9); {script}"])


def limited(changes: str) -> DecoderProcess:
    return DecoderProcess(
        [sys.executable, "-c", f"from shared.images import decoder_process, limits; {changes}; decoder_process.main()"]
    )


def pipe() -> tuple[BinaryIO, BinaryIO]:
    readable, writable = os.pipe()
    return os.fdopen(readable, "rb"), os.fdopen(writable, "wb")


@contextmanager
def stopping(worker: DecoderProcess) -> Iterator[DecoderProcess]:
    try:
        yield worker
    finally:
        worker.stop()


def test_result_equals_decoding_in_the_same_process(processor: ImageProcessor) -> None:
    assert processed(processor, BytesIO(UPLOADED)) == renditions.render(UPLOADED)


def test_refusal_keeps_its_code(processor: ImageProcessor) -> None:
    for data, kind, code in (
        (b"no picture", UnsupportedMedia, "unsupported_media"),
        (UPLOADED[:200], Invalid, "corrupt_media"),
        (samples.encoded(Image.new("1", (10_000, 6_031)), "PNG"), TooLarge, "too_large"),
        (bytes(limits.MAX_BYTES + 1), TooLarge, "too_large"),
    ):
        with pytest.raises(kind) as refusal:
            processed(processor, BytesIO(data))
        assert refusal.value.code == code


def test_decoder_process_handles_several_uploads() -> None:
    (uploads, sender), (receiver, answers) = pipe(), pipe()
    with uploads, answers, receiver:
        with sender:
            for upload in (UPLOADED, b"no picture", UPLOADED):
                pipe_protocol.send_upload(sender, upload, RESPONSIVE)
        decoder_process.serve(uploads, answers)
        assert pipe_protocol.receive_image(receiver) == renditions.render(UPLOADED)
        with pytest.raises(UnsupportedMedia):
            pipe_protocol.receive_image(receiver)
        assert pipe_protocol.receive_image(receiver).display.variant.width == 96


@pytest.mark.parametrize("death", ["SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE", "SIGILL"])
def test_crashing_file_is_corrupt_and_the_next_image_succeeds(death: str) -> None:
    with closing(ImageProcessor(workers=1, waiting=0)) as processor:
        processor._decoders[0]._command = scripted(f"os.kill(os.getpid(), signal.{death})")._command
        with pytest.raises(Invalid) as refusal:
            processed(processor, BytesIO(UPLOADED))
        assert refusal.value.code == "corrupt_media"
        processor._decoders[0]._command = decoder_client.DECODER_COMMAND
        assert processed(processor, BytesIO(UPLOADED)).display.variant.width == 96


@pytest.mark.parametrize("death", ["os.kill(os.getpid(), signal.SIGKILL)", "sys.exit(3)", "sys.exit(0)"])
def test_process_killed_for_another_reason_is_not_the_files_fault(death: str) -> None:
    with stopping(scripted(death)) as busy, pytest.raises(Unavailable):
        busy.decode(UPLOADED)


def test_process_that_exited_idle_is_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with stopping(limited("decoder_process.IDLE_SECONDS = 0")) as idle:
        process, *_ = idle._ensure_started()
        process.wait(WAIT_SECONDS)
        idle._process = process  # as if it had ended just after we looked
        monkeypatch.setattr(process, "poll", lambda: None)
        monkeypatch.setattr(idle, "_command", decoder_client.DECODER_COMMAND)
        assert idle.decode(UPLOADED).display.variant.width == 96


def test_hanging_process_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder_client, "MAX_WALL_SECONDS", 0.3)
    with stopping(scripted("signal.pause()")) as stuck, pytest.raises(Unavailable):
        stuck.decode(UPLOADED)


def test_file_that_needs_hours_of_cpu_is_corrupt() -> None:
    picture = samples.encoded(Image.new("L", (4000, 4000), 128), "JPEG", progressive=True)
    last_scan = picture.rfind(b"\xff\xda")
    endless = picture[:last_scan] + picture[last_scan:-2] * 100_000 + b"\xff\xd9"
    with (
        stopping(limited("limits.MAX_CPU_SECONDS, limits.MAX_SCANS = 0.5, 10**9")) as busy,
        pytest.raises(Invalid) as refusal,
    ):
        busy.decode(endless)
    assert (refusal.value.code, refusal.value.field_errors[0].code) == ("corrupt_media", "too_much_work")


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux only")
def test_file_that_needs_too_much_memory_is_too_large_and_the_next_image_succeeds() -> None:
    with stopping(limited("limits.MAX_MEMORY_BYTES = 60 * 1024**2")) as poor:
        for data in (samples.encoded(Image.new("RGB", (4000, 3000)), kind) for kind in ("JPEG", "HEIF", "AVIF", "GIF")):
            with pytest.raises((TooLarge, Invalid)):
                poor.decode(data)
        assert poor.decode(UPLOADED).display.variant.width == 96


def test_decoder_process_gets_no_secret_of_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql+pymysql://someone:secret@localhost/auth")
    with stopping(scripted("sys.exit('DATABASE_URL' in os.environ)")) as curious, pytest.raises(Unavailable):
        curious.decode(UPLOADED)
    monkeypatch.setattr(decoder_client, "PASSED_ENVIRONMENT", ("DATABASE_URL",))
    with stopping(scripted("os.abort() if 'DATABASE_URL' in os.environ else 0")) as told, pytest.raises(Invalid):
        told.decode(UPLOADED)


def test_failed_process_start_is_unavailable() -> None:
    with pytest.raises(Unavailable) as refusal:
        DecoderProcess(["/no/such/program"]).decode(UPLOADED)
    assert refusal.value.retry_after


class BlockedUpload(BytesIO):
    """An upload that is read only when the test allows it."""

    def __init__(self) -> None:
        super().__init__(UPLOADED)
        self.asked, self.release = threading.Event(), threading.Event()

    def read(self, size: int | None = -1) -> bytes:
        self.asked.set()
        assert self.release.wait(WAIT_SECONDS)
        return super().read(size)


def test_full_queue_is_refused_at_once_and_waiting_jobs_are_kept() -> None:
    async def scenario(processor: ImageProcessor) -> None:
        first = BlockedUpload()
        tasks = [asyncio.create_task(processor.process(first, 1))]
        await to_thread.run_sync(first.asked.wait, WAIT_SECONDS)
        tasks.append(asyncio.create_task(processor.process(BytesIO(UPLOADED), 2)))
        await to_thread.run_sync(eventually, lambda: processor._queue.waiting() == 1)
        with pytest.raises(Unavailable) as refusal:
            await processor.process(BytesIO(UPLOADED), 3)
        assert refusal.value.retry_after
        first.release.set()
        results = await asyncio.gather(*tasks)
        assert await processor.process(BytesIO(UPLOADED), 3) == results[0] == results[1]

    with closing(ImageProcessor(workers=1, waiting=1)) as processor:
        asyncio.run(scenario(processor))


def test_two_endless_files_of_one_owner_do_not_block_others() -> None:
    async def scenario(processor: ImageProcessor) -> None:
        endless = [asyncio.create_task(processor.process(BytesIO(b"x"), 1)) for _ in range(2)]
        await to_thread.run_sync(eventually, lambda: processor._queue.waiting() == 1)
        assert (await processor.process(BytesIO(UPLOADED), 2)).display.variant.width == 96
        for task in endless:
            task.cancel()
        assert all(isinstance(each, asyncio.CancelledError) for each in await gathered(endless))

    with closing(ImageProcessor(workers=2, waiting=1)) as processor:
        processor._decoders[1]._command = scripted("signal.pause()")._command  # the last one is the first to be used
        asyncio.run(scenario(processor))


async def gathered(tasks: list[asyncio.Task[ProcessedImage]]) -> list[ProcessedImage | BaseException]:
    return await asyncio.gather(*tasks, return_exceptions=True)


def test_process_of_a_cancelled_upload_is_killed_and_the_next_image_succeeds() -> None:
    async def scenario(processor: ImageProcessor) -> None:
        (busy,) = processor._decoders
        busy._command = scripted("signal.pause()")._command
        task = asyncio.create_task(processor.process(BytesIO(UPLOADED), 1))
        await to_thread.run_sync(eventually, lambda: busy._process)
        process = busy._process
        task.cancel()
        (result,) = await gathered([task])
        assert isinstance(result, asyncio.CancelledError)
        assert process is not None and process.returncode == -signal.SIGKILL
        busy._command = decoder_client.DECODER_COMMAND
        assert (await processor.process(BytesIO(UPLOADED), 1)).display.variant.width == 96

    with closing(ImageProcessor(workers=1, waiting=0)) as processor:
        asyncio.run(scenario(processor))


def test_upload_cancelled_before_its_process_starts_starts_none() -> None:
    async def scenario(processor: ImageProcessor) -> None:
        held = BlockedUpload()
        task = asyncio.create_task(processor.process(held, 1))
        await to_thread.run_sync(held.asked.wait, WAIT_SECONDS)
        task.cancel()
        await to_thread.run_sync(eventually, lambda: processor._decoders[0]._cancelled)
        held.release.set()
        (result,) = await gathered([task])
        assert isinstance(result, asyncio.CancelledError)
        assert processor._decoders[0]._process is None

    with closing(ImageProcessor(workers=1, waiting=0)) as processor:
        asyncio.run(scenario(processor))


def test_unreadable_upload_frees_its_slot() -> None:
    broken = BlockedUpload()
    broken.close()
    broken.release.set()
    with closing(ImageProcessor(workers=1, waiting=0)) as processor:
        for _ in range(3):
            with pytest.raises(ValueError, match="closed"):
                processed(processor, broken)
        assert processed(processor, BytesIO(UPLOADED)).display.variant.width == 96


def test_closed_processor_leaves_no_process() -> None:
    processor = ImageProcessor(workers=1, waiting=0)
    processed(processor, BytesIO(UPLOADED))
    process = processor._decoders[0]._process
    assert process is not None and process.poll() is None
    processor.close()
    assert process.poll() is not None


EXIF, ICC = samples.with_exif(6).tobytes(), samples.profile(samples.P3_PRIMARIES)
VALID = {
    kind: samples.encoded(samples.corners(48, 32), kind, exif=EXIF, icc_profile=ICC, comment=b"hello")
    for kind in samples.FORMATS
}


@pytest.mark.parametrize("kind", VALID)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_file_with_random_changes_is_decoded_or_refused(
    processor: ImageProcessor, kind: str, data: st.DataObject
) -> None:
    content = bytearray(VALID[kind])
    places = st.integers(0, len(content) - 1)
    for place, value in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), min_size=1, max_size=12)):
        content[place] = value
    start, end = sorted((data.draw(places), data.draw(places)))
    changed = data.draw(st.sampled_from([content, content[:end], content[:start] + content[end:], content * 2]))
    try:
        picture = processed(processor, BytesIO(changed))
    except (Invalid, TooLarge, UnsupportedMedia):
        return
    assert samples.opened(picture.display.data).size == (picture.display.variant.width, picture.display.variant.height)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200), kind=st.sampled_from(sorted(VALID)), kept=st.integers(0, 40))
def test_random_bytes_after_a_valid_header_are_refused(
    processor: ImageProcessor, content: bytes, kind: str, kept: int
) -> None:
    with pytest.raises((Invalid, TooLarge, UnsupportedMedia)):
        processed(processor, BytesIO(VALID[kind][:kept] + content))
