"""The TypeScript tools of these tests: installed once for each set of versions, outside of the repository."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest

from shared.testing.waiting import WAIT_SECONDS

SOURCES = Path(__file__).with_name("typescript")
INSTALL_SECONDS = WAIT_SECONDS
STEP_SECONDS = WAIT_SECONDS


def tools() -> Path:
    """The folder `node_modules`. Skips where there is no Node, or where the packages cannot be had."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed")
    wanted = (SOURCES / "package.json").read_bytes()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "shutter"
    installed = cache / f"node-{hashlib.sha256(wanted).hexdigest()[:16]}"
    if not installed.exists():
        _install(wanted, installed)
    return installed / "node_modules"


def _install(wanted: bytes, target: Path) -> None:
    """Whole or not at all; of two that install at once the first one counts."""
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
                timeout=INSTALL_SECONDS, check=True,
            )  # fmt: skip
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
            pytest.skip("npm could not install the TypeScript tools: the registry cannot be reached")
        with suppress(OSError):  # another one was faster
            made.rename(target)


def workspace(folder: Path) -> Path:
    """A copy of the sources in this folder, with the tools beside it."""
    copied = Path(shutil.copytree(SOURCES, folder / "typescript"))
    (copied / "node_modules").symlink_to(tools(), target_is_directory=True)
    return copied


def run(folder: Path, *command: str) -> str:
    """What this command printed. It has to succeed."""
    done = subprocess.run(
        command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=STEP_SECONDS,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-8000:]
    return done.stdout
