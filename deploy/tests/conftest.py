"""The instance under test: that of BASE_URL, or one that is started here."""

import os
from collections.abc import Iterator

import httpx
import pytest

from deploy.tests.standalone_process import CHEAP_HASHES, ForkedStandalone
from shared.testing.waiting import WAIT_SECONDS


@pytest.fixture(scope="session")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of the gateway. An instance started here must end cleanly as well."""
    given = os.environ.get("BASE_URL")
    if given:
        _require_high_limits(given.rstrip("/"))
        yield given.rstrip("/")
        return
    with ForkedStandalone(tmp_path_factory.mktemp("journeys") / "data", settings=CHEAP_HASHES).served() as standalone:
        yield standalone.base_url


def _require_high_limits(base_url: str) -> None:
    """Hundreds of users sign up from one address. One error message explains more than hundreds of 429."""
    limit = httpx.get(f"{base_url}/api/v1/posts", params={"limit": 1}, timeout=WAIT_SECONDS).headers.get(
        "X-RateLimit-Limit"
    )
    if limit is not None and int(limit) < 100_000:
        pytest.exit(f"{base_url} limits its visitors ({limit} requests): start it with RATES=off to test it.", 4)
