"""The input of every generated client: the description as served, and an image to upload."""

from pathlib import Path

import httpx
import pytest

from deploy.tests.journeys.image_files import picture
from shared.testing.waiting import WAIT_SECONDS


@pytest.fixture(scope="module")
def description(base_url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that a developer downloads."""
    path = tmp_path_factory.mktemp("description") / "openapi.json"
    path.write_bytes(httpx.get(f"{base_url}/openapi.json", timeout=WAIT_SECONDS).raise_for_status().content)
    return path


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A JPEG."""
    path = tmp_path_factory.mktemp("photo") / "photo.jpg"
    path.write_bytes(picture())
    return path
