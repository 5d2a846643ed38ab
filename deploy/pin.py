"""Pins the base images to their digests in `.env`, which compose and the builds read.

A tag can change, a digest cannot. Only an image that was pulled from a registry has a digest; others stay as they are.
Run it again after a `docker pull`.
"""

import re
import subprocess
from collections.abc import Iterator

from .cluster import ENV, ROOT, write_settings

_IMAGE = re.compile(r"\$\{([A-Z]+_IMAGE):-([^}]+)\}")
TIMEOUT_SECONDS = 30


def images(compose: str) -> dict[str, str]:
    """The default images of the compose file, by the names of their settings."""
    return dict(_IMAGE.findall(compose))


def digest_of(image: str) -> str | None:
    """The digest under which this image was pulled."""
    done = subprocess.run(  # noqa: S603 - an image of our own compose file
        ["docker", "image", "inspect", "--format", '{{join .RepoDigests "\\n"}}', image],  # noqa: S607 - on the path
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False,
    )  # fmt: skip
    found = next(iter(done.stdout.split()), "") if done.returncode == 0 else ""
    return found.partition("@")[2] or None


def main() -> None:
    write_settings(ENV, dict(_pinned(images((ROOT / "docker-compose.yml").read_text()))))


def _pinned(wanted: dict[str, str]) -> Iterator[tuple[str, str]]:
    for name, image in wanted.items():
        digest = digest_of(image)
        if digest is None:
            print(f"{image} has no digest, because it was not pulled from a registry. It is not pinned.")
            continue
        print(f"{name}={image}@{digest}")
        yield name, f"{image}@{digest}"


if __name__ == "__main__":
    main()
