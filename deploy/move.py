"""Moves a standalone into the compose cluster: from SQLite files and folders to MySQL and volumes.

Interrupted, run it again: it continues. The standalone's data stay as they were, and must not be used afterwards.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from deploy import cluster
from deploy.backup.__main__ import back_up
from deploy.backup.standalone import StandaloneSystem
from deploy.commands import compose
from deploy.data_folder import StartupError, load_secrets, lock
from shared.service_list import NAMES

READABLE_FOLDER, READABLE_FILE = 0o755, 0o644


def move(data: Path) -> None:
    """Raises StartupError, or CalledProcessError for a step that failed."""
    if not (data / "secrets.json").exists():
        raise StartupError(f"there are no data in {data}")
    with lock(data):
        _take_over_secrets(load_secrets(data))
        cluster.main()
        copy = _copy_for_containers(data)
        compose("build", "--quiet")
        compose("up", "--detach", "--wait", "mysql")
        compose("run", "--rm", "provision-mysql")
        for service in NAMES:
            _run(copy, service, "import-database", f"sqlite:////import/{service}.db")
            if (copy / "files" / service).exists():
                _run(copy, service, "migrate-media", "--from", f"file:///import/files/{service}")
        shutil.rmtree(copy)


def _run(copy: Path, service: str, *arguments: str) -> None:
    command = ["python", "-m", f"services.{service}.main", *arguments]
    compose("run", "--rm", "--no-deps", "-T", f"--volume={copy}:/import", service, *command)


def _take_over_secrets(secrets: dict[str, str]) -> None:
    """Handles, links and keys were made with them. Raises StartupError if the cluster has others already."""
    known = cluster.read(cluster.ENV)
    own = {f"{name.upper()}_SECRET": secret for name, secret in secrets.items()}
    if any(known.get(name, secret) != secret for name, secret in own.items()):
        raise StartupError(f"{cluster.ENV} has other secrets: the cluster has data of its own")
    cluster.write_settings(cluster.ENV, own)


def _copy_for_containers(data: Path) -> Path:
    """A backup that any user may read, in the data folder, which only its owner may enter.

    That of an interrupted move is used again: the copy into MySQL has to continue from the same rows.
    """
    folder = data / "moving"
    copy = next((path for path in folder.glob("*") if path.suffix != ".part"), None)
    if copy is None:
        copy = back_up(StandaloneSystem(data), folder)
    (copy / "secrets.json").unlink(missing_ok=True)
    for path in (copy, *copy.rglob("*")):
        path.chmod(READABLE_FOLDER if path.is_dir() else READABLE_FILE)
    for path in copy.glob("*.db"):
        path.parent.chmod(0o777)
        path.chmod(0o666)
    return copy.resolve()


def main() -> None:
    """Move the data of DATA_DIR (./data)."""
    os.umask(0o077)
    data = Path(os.environ.get("DATA_DIR") or "data")
    try:
        move(data)
    except (StartupError, subprocess.CalledProcessError) as error:
        sys.exit(f"Not done: {error}")
    print("All data are in the cluster. Start it with `make up`, and do not start the standalone again.")


if __name__ == "__main__":
    main()
