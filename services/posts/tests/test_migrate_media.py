"""The command migrate-media: killed at any point and run again, it copies every file, while uploads go on."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from threading import Event, Thread

import pytest
from click.testing import CliRunner

from services.posts.main import cli
from shared.files.storage import Storage
from shared.files.storage_url import storage_from
from shared.testing.s3_server import Bucket
from shared.testing.waiting import WAIT_SECONDS, eventually

ROOT = Path(__file__).parents[3]
FILES = 12
KILLED = """
import os, signal, sys
from services.posts.main import cli
from shared.files.storage import Storage

number, moment = int(sys.argv[1]), sys.argv[2]
put, puts = Storage.put, 0

def put_and_die(self, name, data, content_type):
    global puts
    puts += 1
    if puts == number and moment == "halfway" and hasattr(self, "_root"):
        part = self._root / f"{name}#1"
        part.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data[:3])
    if puts < number or moment == "after":
        put(self, name, data, content_type)
    if puts == number:
        os.kill(os.getpid(), signal.SIGKILL)

Storage.put = put_and_die
cli(["migrate-media", "--to", sys.argv[3]])
"""


@pytest.fixture(params=["folder to s3", "s3 to folder"])
def urls(request: pytest.FixtureRequest, bucket: Bucket, tmp_path: Path) -> tuple[str, str]:
    """Where the files are, and where they go."""
    folder = (tmp_path / "moved").as_uri()
    return (folder, bucket.url) if request.param == "folder to s3" else (bucket.url, folder)


@contextmanager
def uploads_going_on(storage: Storage) -> Iterator[Callable[[], int]]:
    """Stores files until the end of the block. Yields how many it has stored."""
    ended, stored = Event(), count()
    done = [0]

    def store() -> None:
        while not ended.is_set():
            number = next(stored)
            storage.put(f"later{number:05}.jpg", b"later" * number, "image/jpeg")
            done[0] = number + 1
            ended.wait(0.05)

    thread = Thread(target=store)
    thread.start()
    try:
        yield lambda: done[0]
    finally:
        ended.set()
        thread.join()


def content(storage: Storage) -> dict[str, bytes]:
    return {name: storage.get(name) for page in storage.pages() for name in page}


def killed(source: str, target: str, number: int, moment: str) -> None:
    """Run the command until the process kills itself before, during or after storing this file."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(number), moment, target],
        cwd=ROOT, env={**os.environ, "STORAGE_URL": source}, capture_output=True, check=False, timeout=WAIT_SECONDS,
    )  # fmt: skip
    assert done.returncode == -9, done.stderr


def test_a_migration_that_is_killed_loses_nothing(
    urls: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = urls
    source, target = storage_from(old), storage_from(new)
    for number in range(FILES):
        source.put(f"{number}/{number}-display.jpg", bytes([number]) * 1_000 * number, "image/jpeg")
    source.put("withdrawals/0000000000000001", b"when", "text/plain")
    with uploads_going_on(source) as uploaded:
        for number, moment in ((1, "before"), (4, "halfway"), (3, "after")):
            killed(old, new, number, moment)
            copied = content(target)
            assert copied.items() <= content(source).items(), "no file appears in part"
        assert eventually(lambda: uploaded() > 5)
        monkeypatch.setenv("STORAGE_URL", old)
        CliRunner().invoke(cli, ["migrate-media", "--to", new], catch_exceptions=False)
    # The service now uses the new storage: what was uploaded meanwhile is copied from there.
    target.put("newest.jpg", b"newest", "image/jpeg")
    monkeypatch.setenv("STORAGE_URL", new)
    for expected in (None, "0 files copied"):
        done = CliRunner().invoke(cli, ["migrate-media", "--from", old], catch_exceptions=False)
        assert done.exit_code == 0 and (expected is None or expected in done.output)
    assert content(target) == {**content(source), "newest.jpg": b"newest"}
    assert not list(tmp_path.rglob("*#*")), "what was written of a file when the process was killed"


def test_the_other_storage_has_to_be_named() -> None:
    for arguments in ([], ["--from", "file:///a", "--to", "file:///b"]):
        done = CliRunner().invoke(cli, ["migrate-media", *arguments])
        assert done.exit_code == 2 and "Name the other storage" in done.output
