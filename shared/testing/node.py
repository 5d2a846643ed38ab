"""Programs of tests that run in Node: their packages are installed once for each manifest, outside the repository."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest

from shared.testing.waiting import WAIT_SECONDS


def node_modules(sources: Path) -> Path:
    """The folder `node_modules` for the `package.json` in `sources`.

    Skips the test without Node, or if the packages cannot be downloaded.
    """
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed")
    wanted = (sources / "package.json").read_bytes()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "shutter"
    installed = cache / f"node-{hashlib.sha256(wanted).hexdigest()[:16]}"
    if not installed.exists():
        _install(wanted, installed)
    return installed / "node_modules"


def _install(wanted: bytes, target: Path) -> None:
    """Atomic; of two concurrent installations the first one counts."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        made = Path(folder) / "made"
        made.mkdir()
        (made / "package.json").write_bytes(wanted)
        command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"]
        limits = ["--fetch-retries=1", "--fetch-timeout=20000", "--loglevel=error"]
        try:
            subprocess.run(
                [*command, *limits], cwd=made, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                timeout=WAIT_SECONDS, check=True,
            )  # fmt: skip
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
            pytest.skip("npm could not install the packages of these tests: the registry cannot be reached")
        with suppress(OSError):  # another one was faster
            made.rename(target)


def workspace(sources: Path, folder: Path) -> Path:
    """A copy of the sources in this folder, with the packages next to it."""
    copied = Path(shutil.copytree(sources, folder / sources.name))
    (copied / "node_modules").symlink_to(node_modules(sources), target_is_directory=True)
    return copied


def run(folder: Path, *command: str) -> str:
    """The output of this command, which must succeed."""
    done = subprocess.run(
        command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=WAIT_SECONDS,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-8000:]
    return done.stdout
