"""Object storage that is away: uploads and pictures get 503, nothing changes, and the rest works."""

from collections.abc import Iterator

import pytest

from services.posts import models
from services.posts.app import create_app
from services.posts.settings import Settings
from shared.database.engine import Database
from shared.events.bus import Bus
from shared.testing import FakeTokenIssuer, Stub, running_service
from shared.testing.api_client import expect_json, expect_problem
from shared.testing.ports import closed_port
from shared.testing.s3_server import BUCKET, Bucket, credentials, set_environment

from .api_client import ApiClients
from .factories import published, rows_of


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The STORAGE_URL of a server that does not run."""
    with closed_port() as port:
        set_environment(monkeypatch, credentials(f"http://127.0.0.1:{port}"))
        yield f"s3://{BUCKET}"


@pytest.fixture
def storage_url(request: pytest.FixtureRequest) -> str:
    found = request.getfixturevalue(request.param)
    return found.url if isinstance(found, Bucket) else str(found)


@pytest.fixture
def clients(
    settings: Settings, auth: Stub, token_issuer: FakeTokenIssuer, bus: Bus, database: Database, storage_url: str
) -> Iterator[ApiClients]:
    app = create_app(settings.model_copy(update={"storage_url": storage_url}), bus, auth.transport)
    app.state.verifier = token_issuer.verifier()
    with running_service(app) as service:
        yield ApiClients(service, token_issuer, database)


@pytest.mark.parametrize("storage_url", ["away"], indirect=True)
def test_uploads_and_pictures_get_503_and_nothing_changes(clients: ApiClients) -> None:
    (jo,) = clients.known(1)
    post = published(clients.database, jo.number)
    refused = jo.upload()
    expect_problem(refused, 503, "storage_unavailable")
    assert refused.headers["retry-after"]
    shown = clients.anybody("/posts").json()["items"]
    assert len(shown) == 1
    expect_problem(clients.service.client.get(shown[0]["media"][0]["url"]), 503, "storage_unavailable")
    assert [row.post_id for row in rows_of(clients.database, models.media)] == [post]


@pytest.mark.parametrize("storage_url", ["bucket"], indirect=True)
def test_photos_are_stored_and_served_from_a_bucket(clients: ApiClients) -> None:
    (jo,) = clients.known(1)
    photo = jo.posted()["media"][0]
    for variant in photo["variants"]:
        served = clients.service.client.get(variant["url"])
        assert served.status_code == 200 and served.headers["content-type"] == variant["content_type"]
    begin = clients.service.client.get(photo["url"], headers={"range": "bytes=0-1"})
    assert (begin.status_code, begin.content) == (206, b"\xff\xd8")
    expect_problem(clients.service.client.get("/api/v1/media/none.jpg"), 404, "not_found")
    assert expect_json(jo.upload())["id"]
