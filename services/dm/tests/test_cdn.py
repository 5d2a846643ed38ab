"""Photos of conversations are never behind the CDN: all their files have signed URLs of the gateway, which expire."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from services.dm.app import create_app
from services.dm.settings import Settings
from services.dm.signed_urls import CLOCK_SKEW_MS, LIFETIME_MS, STEP_MS
from shared import clock
from shared.events.bus import Bus
from shared.images import ImageProcessor
from shared.testing import FakeTokenIssuer, LiveService, Stub, running_service
from shared.testing.api_client import expect_json, expect_problem

from .api_client import ApiClient
from .factories import picture


@pytest.fixture
def dm(
    settings: Settings, other_services: Stub, token_issuer: FakeTokenIssuer, image_processor: ImageProcessor, bus: Bus
) -> Iterator[LiveService]:
    """The service behind a CDN."""
    behind = settings.model_copy(update={"cdn_url": "https://cdn.example.com"})
    app = create_app(behind, bus, other_services.transport)
    app.state.verifier = token_issuer.verifier()
    app.state.dependencies = replace(app.state.dependencies, image_processor=image_processor)
    with running_service(app) as service:
        yield service


def test_every_file_of_a_private_photo_has_a_signed_url_that_expires(
    dm: LiveService, jo: ApiClient, room: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = expect_json(jo.upload(room, picture((900, 600))))
    expect_json(jo.message(room, type="image", media_id=photo["id"]))
    shown = jo.messages(room)[0]["image"]
    urls = [shown["url"], shown["thumbnail_url"], *(each["url"] for each in shown["variants"])]
    assert len(set(urls)) == 6
    for url in urls:
        assert url.startswith(f"/api/v1/rooms/{room}/media/{photo['id']}/") and "signature=" in url
        served = dm.client.get(url)
        assert served.status_code == 200 and served.headers["cache-control"].startswith("private, max-age=")
        expect_problem(dm.client.get(url.partition("?")[0]), 403, "invalid_link")
    later = clock.now() + LIFETIME_MS + STEP_MS + CLOCK_SKEW_MS
    monkeypatch.setattr(clock, "now", lambda: later)
    for url in urls:
        expect_problem(dm.client.get(url), 403, "link_expired")
