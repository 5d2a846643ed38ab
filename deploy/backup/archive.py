"""A backup: a folder with one database and one folder of files for each service, and a manifest with check sums."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy.data_folder import StartupError
from shared import clock

MANIFEST = "manifest.json"
VERSION = 1


@dataclass(frozen=True)
class Manifest:
    version: int
    kind: str
    """Where it was taken: `standalone` or `compose`. It can be restored only there."""
    since: str
    """When it was begun, RFC 3339."""
    services: list[str]
    digests: dict[str, str]
    """SHA-256 of each database and of the secrets, by file name."""


class Archive:
    """One backup folder, while it is written or read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def begin(cls, backups: Path, now: int) -> "Archive":
        """A new folder, which counts as a backup only after `finish`."""
        name = clock.format_rfc3339(now).replace(":", "-").partition(".")[0].removesuffix("Z") + "Z"
        folder = backups / f"{name}.part"
        folder.mkdir(mode=0o700, parents=True)
        return cls(folder)

    @classmethod
    def newest(cls, backups: Path) -> "Archive | None":
        """The newest complete backup."""
        complete = sorted(path.parent for path in backups.glob(f"*/{MANIFEST}") if path.parent.suffix != ".part")
        return cls(complete[-1]) if complete else None

    def files(self, service: str) -> Path:
        """Where the files of a service are."""
        return self.folder / "files" / service

    def finish(self, kind: str, since: int, services: Iterable[str]) -> Path:
        """Write the manifest, flush everything to the disk, and give the folder its name."""
        digests = {path.name: _digest(path) for path in self.folder.iterdir() if path.is_file()}
        manifest = Manifest(VERSION, kind, clock.format_rfc3339(since), list(services), digests)
        (self.folder / MANIFEST).write_text(json.dumps(asdict(manifest), indent=1) + "\n")
        os.sync()
        final = self.folder.with_suffix("")
        self.folder.rename(final)
        self.folder = final
        return final

    def manifest(self, kind: str, wanted: Iterable[str]) -> Manifest:
        """Read and check it. Raises StartupError for a damaged backup, or one without these services."""
        try:
            manifest = Manifest(**json.loads((self.folder / MANIFEST).read_text()))
        except (OSError, ValueError, TypeError) as problem:
            raise StartupError(f"{self.folder} is not a complete backup") from problem
        if manifest.kind != kind or manifest.version != VERSION:
            raise StartupError(f"{self.folder} was taken of {manifest.kind}, not of {kind}")
        damaged = [name for name, digest in manifest.digests.items() if _digest(self.folder / name) != digest]
        if damaged:
            raise StartupError(f"{self.folder} is damaged: {', '.join(damaged)}")
        missing = set(wanted) - set(manifest.services)
        if missing:
            raise StartupError(f"{self.folder} does not contain {', '.join(sorted(missing))}")
        return manifest


def copy_tree(source: Path, target: Path, previous: Path | None = None) -> None:
    """Copy all files that the target does not have. Files never change, so those of a previous backup are linked."""
    for path in source.rglob("*") if source.exists() else ():
        if not path.is_file() or "#" in path.name:  # a file that is still being written
            continue
        name = path.relative_to(source)
        copy = target / name
        if copy.exists():
            continue
        copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if previous is not None and (previous / name).exists():
            os.link(previous / name, copy)
        else:
            _copy(path, copy)


def _copy(path: Path, copy: Path) -> None:
    part = copy.with_name(f"{copy.name}#part")
    try:
        shutil.copy2(path, part)
    except FileNotFoundError:  # deleted in the meantime, as its post was
        return
    part.replace(copy)


def _digest(path: Path) -> str:
    if not path.exists():
        return "missing"
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
