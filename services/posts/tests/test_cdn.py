"""Behind a CDN: photos have its URL, and what is deleted is purged there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.posts.app import create_app
from services.posts.settings import Settings
from shared import clock
from shared.database.engine import Database
from shared.events.bus import Bus
from shared.testing import FakeTokenIssuer, Stub, eventually, running_service
from shared.testing.api_client import expect_json
from shared.testing.cdn_hook import CdnHook, cdn_hook

from .api_client import ApiClients

CDN = "https://cdn.example.com"


@pytest.fixture
def hook() -> Iterator[CdnHook]:
    with cdn_hook() as running:
        yield running


@pytest.fixture
def clients(
    settings: Settings, auth: Stub, token_issuer: FakeTokenIssuer, bus: Bus, database: Database, hook: CdnHook
) -> Iterator[ApiClients]:
    """Of the service behind a CDN."""
    behind = settings.model_copy(update={"cdn_url": CDN, "cdn_purge_url": hook.url})
    app = create_app(behind, bus, auth.transport)
    app.state.verifier = token_issuer.verifier()
    with running_service(app) as service:
        yield ApiClients(service, token_issuer, database)


def urls_of(photo: dict[str, object]) -> set[str]:
    variants = photo["variants"]
    assert isinstance(variants, list)
    return {str(photo["url"]), str(photo["thumbnail_url"]), *(each["url"] for each in variants)}


def test_photos_have_the_url_of_the_cdn_everywhere(clients: ApiClients) -> None:
    (jo,) = clients.known(1)
    answer = jo.upload(alt='"url":"/api/v1/media/x.jpg"')
    photo = expect_json(answer)
    assert answer.headers["location"].startswith("/api/v1/media/")
    assert all(url.startswith(f"{CDN}/api/v1/media/") for url in urls_of(photo))
    assert photo["alt"] == '"url":"/api/v1/media/x.jpg"'
    post = expect_json(jo.post([photo["id"]]))
    for shown in (post, jo.get(f"/posts/{post['id']}"), jo.get("/posts")["items"][0]):
        assert urls_of(shown["media"][0]) == urls_of(photo)
    for url in urls_of(photo):
        served = clients.service.client.get(url.removeprefix(CDN))
        assert served.headers["cache-control"] == "public, max-age=86400, immutable"


def test_a_withdrawal_purges_every_file(clients: ApiClients, hook: CdnHook) -> None:
    jo, stays = clients.known(2)
    kept = stays.posted()["media"][0]
    gone = [photo for _ in range(2) for photo in jo.posted(photos=2)["media"]] + [expect_json(jo.upload())]
    assert clients.service.deliver(
        "user.deleted.v1", {"user_id": jo.id, "deleted_at": clock.format_rfc3339(clock.now())}
    )
    expected = {url for photo in gone for url in urls_of(photo)}
    eventually(lambda: expected <= hook.purged)
    assert hook.purged.isdisjoint(urls_of(kept))


def test_no_request_waits_for_the_cdn(clients: ApiClients, hook: CdnHook, settings: Settings) -> None:
    hook.status = 503
    (jo,) = clients.known(1)
    photo = expect_json(jo.upload())
    post = expect_json(jo.post([photo["id"]]))
    assert jo.send("DELETE", f"/posts/{post['id']}").status_code == 204
    eventually(lambda: urls_of(photo) <= hook.purged)
    url = photo["url"].removeprefix(CDN)
    eventually(lambda: clients.service.client.get(url).status_code == 404)
    assert not list(Path(settings.storage_url.removeprefix("file://")).rglob("*.*"))
