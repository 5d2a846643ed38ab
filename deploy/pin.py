"""Writes the base images with their digests into `.env`; compose and the builds take them from there.

A tag may stand for other bytes tomorrow, a digest never does. The digest of an image is known where it was pulled from
a registry; one that came in another way has none, and is left as it is. Run again after a `docker pull`, it takes the
new one.
"""

import re
import subprocess
from collections.abc import Iterator

from .cluster import ENV, ROOT, write_settings

_IMAGE = re.compile(r"\$\{([A-Z]+_IMAGE):-([^}]+)\}")
SECONDS = 30


def images(compose: str) -> dict[str, str]:
    """The images that compose takes where nothing else is said, by the names of their settings."""
    return dict(_IMAGE.findall(compose))


def digest_of(image: str) -> str | None:
    """The digest under which this image was pulled."""
    done = subprocess.run(  # noqa: S603 - the image is one of our own compose file
        ["docker", "image", "inspect", "--format", '{{join .RepoDigests "\\n"}}', image],  # noqa: S607 - on the path
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    found = next(iter(done.stdout.split()), "") if done.returncode == 0 else ""
    return found.partition("@")[2] or None


def main() -> None:
    """Pin what can be pinned, and tell of the rest."""
    write_settings(ENV, dict(_pinned(images((ROOT / "docker-compose.yml").read_text()))))


def _pinned(wanted: dict[str, str]) -> Iterator[tuple[str, str]]:
    for name, image in wanted.items():
        digest = digest_of(image)
        if digest is None:
            print(f"{image} has no digest here: it was not pulled from a registry. It stays as it is.")
            continue
        print(f"{name}={image}@{digest}")
        yield name, f"{image}@{digest}"


if __name__ == "__main__":
    main()
