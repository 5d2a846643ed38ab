"""Builds the image of one program: `python -m deploy.image posts`. `make image SERVICE=posts` runs it.

The version is that of git: a tag, or the number of commits since it with the commit. The labels are those of the OCI
image specification. The same commit makes the same layers, and with BuildKit 0.11 or later the same digest. The bill of
materials (CycloneDX 1.6) lists the Python packages of the lock file; it is written to
`build/`. Needs only Python and a container engine.
"""

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from deploy.cluster import PROGRAMS, ROOT

BUILD_SECONDS = 3600
_LOCKED = re.compile(
    r"^([a-z0-9._-]+)==([^ ;\\]+)(?:[^\n]*\\\n(?: +--hash=sha256:[0-9a-f]{64}[ \\]*\n?)*)?", re.MULTILINE
)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def main() -> None:
    if len(sys.argv) != 2 or sys.argv[1] not in PROGRAMS:
        sys.exit(f"SERVICE must be one of {', '.join(PROGRAMS)}.")
    name = sys.argv[1]
    reference = f"shutter-{name}:{version()}"
    build(name, reference)
    target = ROOT / "build" / f"{name}.cdx.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(bill_of_materials(name, version()), indent=1) + "\n")
    print(f"{reference}\n{target.relative_to(ROOT)}")


def version() -> str:
    """What git calls this checkout; with `-dirty` where it has changes that are not committed."""
    return _git("describe", "--tags", "--always", "--dirty").removeprefix("v")


def build(name: str, reference: str, context: Path = ROOT) -> None:
    """Build the image of this program from a checkout."""
    member = name if name == "gateway" else f"services/{name}"
    arguments = [
        f"MEMBER={member}",
        f"PYTHON_IMAGE={os.environ.get('PYTHON_IMAGE') or 'python:3.14-slim'}",
        f"SOURCE_DATE_EPOCH={_seconds()}",  # for the time of the image; its files have a time of their own
    ]
    command = [
        *("docker", "build", "--quiet", "--file", str(context / "Dockerfile")),
        *("--target", "gateway" if name == "gateway" else "service", "--tag", reference),
        *(part for each in arguments for part in ("--build-arg", each)),
        *(part for key, value in labels(name).items() for part in ("--label", f"{key}={value}")),
        str(context),
    ]
    subprocess.run(  # noqa: S603 - our own command
        command,
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=BUILD_SECONDS,
        env={**os.environ, "DOCKER_BUILDKIT": "1"},
    )


def labels(name: str) -> dict[str, str]:
    """Those of the OCI image specification. The time is that of the commit: the same commit has the same labels."""
    values = {
        "title": f"shutter-{name}",
        "version": version(),
        "revision": _git("rev-parse", "HEAD"),
        "created": datetime.fromtimestamp(_seconds(), UTC).isoformat().replace("+00:00", "Z"),
    }
    return {f"org.opencontainers.image.{key}": value for key, value in values.items()}


def _seconds() -> int:
    """The time of the commit, or SOURCE_DATE_EPOCH."""
    return int(os.environ.get("SOURCE_DATE_EPOCH") or _git("log", "-1", "--format=%ct"))


def bill_of_materials(name: str, of_version: str) -> dict[str, object]:
    """The packages of a program with the hashes of their distributions, in the order of the lock file."""
    folder = ROOT if name == "gateway" else ROOT / "services"
    lock = (folder / name / "requirements.lock").read_text()
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": f"shutter-{name}", "version": of_version}},
        "components": [_component(found) for found in _LOCKED.finditer(lock)],
    }


def _component(locked: re.Match[str]) -> dict[str, object]:
    name, its_version = locked[1], locked[2]
    purl = f"pkg:pypi/{name}@{its_version}"
    # A package has a hash for each of its files, one of which is installed.
    properties = [{"name": "shutter:sha256", "value": each} for each in _HASH.findall(locked[0])]
    return {
        "type": "library",
        "name": name,
        "version": its_version,
        "purl": purl,
        "bom-ref": purl,
        "properties": properties,
    }


def _git(*arguments: str) -> str:
    done = subprocess.run(  # noqa: S603 - our own command
        ["git", "-C", str(ROOT), *arguments],  # noqa: S607 - on the path
        check=True, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    return done.stdout.strip()


if __name__ == "__main__":
    main()
