"""The command check-media with --repair: photos get their missing files again, or are marked as missing."""

import json
import secrets
from collections.abc import Callable, Iterator
from io import BytesIO

import pytest
from click.testing import CliRunner
from PIL import Image
from sqlalchemy import update

from services.posts import models
from services.posts.app import create_app
from services.posts.main import cli
from services.posts.settings import Settings
from shared.database.engine import Database
from shared.events.bus import Bus
from shared.files.storage import Storage
from shared.files.storage_url import storage_from
from shared.testing import FakeTokenIssuer, Stub, running_service
from shared.testing.api_client import Json, expect_json
from shared.testing.s3_server import Bucket

from .api_client import ApiClient, ApiClients
from .factories import rows_of

Checked = Callable[..., dict[str, str]]
NAMES = ("320.jpg", "320.webp", "thumbnail.jpg", "640.webp", "display.jpg", "900.webp")


@pytest.fixture(params=["folder", "s3"])
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    if request.param == "folder":
        return settings
    bucket: Bucket = request.getfixturevalue("bucket")
    return settings.model_copy(update={"storage_url": bucket.url})


@pytest.fixture
def clients(
    settings: Settings, auth: Stub, token_issuer: FakeTokenIssuer, bus: Bus, database: Database
) -> Iterator[ApiClients]:
    app = create_app(settings, bus, auth.transport)
    app.state.verifier = token_issuer.verifier()
    with running_service(app) as service:
        yield ApiClients(service, token_issuer, database)


@pytest.fixture
def jo(clients: ApiClients) -> ApiClient:
    (jo,) = clients.known(1)
    return jo


@pytest.fixture
def storage(settings: Settings) -> Storage:
    return storage_from(settings.storage_url)


@pytest.fixture
def checked(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Checked:
    """Runs the command. Returns the state of each file that it tells."""
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    monkeypatch.setenv("STORAGE_URL", settings.storage_url)

    def run(*options: str, status: int) -> dict[str, str]:
        done = CliRunner().invoke(cli, ["check-media", "--json", *options], catch_exceptions=False)
        assert done.exit_code == status, done.output
        return {each["file"].rpartition("-")[2]: each["state"] for each in json.loads(done.output)}

    return run


def published(jo: ApiClient) -> Json:
    """A post of one photo of 900 x 600 pixels."""
    file = BytesIO()
    Image.linear_gradient("L").resize((900, 600)).convert("RGB").save(file, "JPEG", quality=95)
    photo = expect_json(jo.upload(file.getvalue(), alt="A pier"))
    return expect_json(jo.post([photo["id"]]))


def lose(storage: Storage, database: Database, *names: str) -> str:
    """Delete these files of the only photo. Returns the common part of the names."""
    (row,) = rows_of(database, models.media)
    storage.delete(f"{row.variants}-{name}" for name in names)
    return str(row.variants)


def photo_of(jo: ApiClient, post: Json) -> Json:
    photo: Json = jo.get(f"/posts/{post['id']}")["media"][0]
    assert jo.get("/posts")["items"][0]["media"] == [photo]
    return photo


def assert_served(clients: ApiClients, photo: Json) -> None:
    for each in photo["variants"]:
        file = clients.service.client.get(each["url"])
        assert Image.open(BytesIO(file.content)).size == (each["width"], each["height"])
    assert {photo["url"], photo["thumbnail_url"]} <= {each["url"] for each in photo["variants"]}


def test_missing_files_are_made_again_and_the_others_stay(
    clients: ApiClients, jo: ApiClient, storage: Storage, checked: Checked
) -> None:
    post = published(jo)
    lost = ("320.webp", "thumbnail.jpg", "display.jpg")
    base = lose(storage, clients.database, *lost)
    left = {name: storage.get(f"{base}-{name}") for name in NAMES if name not in lost}
    assert checked(status=1) == dict.fromkeys(lost, "missing")
    assert checked("--repair", status=0) == dict.fromkeys(lost, "made again")
    photo = photo_of(jo, post)
    assert (photo["width"], photo["height"], photo["missing"]) == (900, 600, False)
    assert photo["alt"] == "A pier" and len(photo["variants"]) == len(NAMES)
    assert_served(clients, photo)
    (row,) = rows_of(clients.database, models.media)
    assert {name: storage.get(f"{row.variants}-{name}") for name in left} == left
    assert jo.get(f"/posts/{post['id']}")["updated_at"] == post["updated_at"]
    assert checked(status=0) == {}, "those of before are scheduled for deletion"


def test_a_photo_without_its_largest_files_becomes_smaller(
    clients: ApiClients, jo: ApiClient, storage: Storage, checked: Checked
) -> None:
    post = published(jo)
    lose(storage, clients.database, "display.jpg", "900.webp")
    told = "lost, the photo is smaller now"
    assert checked("--repair", status=1) == {"display.jpg": told, "900.webp": told}
    photo = photo_of(jo, post)
    assert (photo["width"], photo["height"], photo["missing"]) == (640, 427, False)
    assert_served(clients, photo)
    assert checked(status=0) == {}


def test_a_damaged_file_is_not_the_source(
    clients: ApiClients, jo: ApiClient, storage: Storage, checked: Checked
) -> None:
    post = published(jo)
    base = lose(storage, clients.database, "320.jpg", "900.webp")
    storage.put(f"{base}-display.jpg", b"damaged", "image/jpeg")
    checked("--repair", status=1)
    photo = photo_of(jo, post)
    assert photo["width"] == 640
    assert_served(clients, photo)


def test_a_photo_without_files_is_marked_as_missing_until_they_are_there_again(
    clients: ApiClients, jo: ApiClient, storage: Storage, checked: Checked
) -> None:
    post = published(jo)
    before = photo_of(jo, post)
    (row,) = rows_of(clients.database, models.media)
    backup = {name: storage.get(f"{row.variants}-{name}") for name in NAMES}
    lose(storage, clients.database, *NAMES)
    storage.put(secrets.token_hex(16), b"another", "image/jpeg")
    for _ in range(2):
        assert set(checked("--repair", status=1).values()) - {"deleted within a minute"} == {"lost"}
        marked = photo_of(jo, post)
        assert (marked["missing"], marked["variants"]) == (True, [])
        assert {**marked, "variants": before["variants"], "missing": False} == before
    for name, content in backup.items():
        storage.put(f"{row.variants}-{name}", content, "image/jpeg")
    checked("--repair", status=0)
    assert photo_of(jo, post) == before


def test_nothing_is_marked_if_nothing_is_stored(
    clients: ApiClients, jo: ApiClient, storage: Storage, settings: Settings, checked: Checked
) -> None:
    post = published(jo)
    lose(storage, clients.database, *NAMES)
    done = CliRunner().invoke(cli, ["check-media", "--repair"])
    assert done.exit_code == 1 and "STORAGE_URL" in done.output
    assert photo_of(jo, post)["missing"] is False


def test_a_photo_from_before_there_were_variants_is_made_again_of_its_thumbnail(
    clients: ApiClients, jo: ApiClient, storage: Storage, checked: Checked
) -> None:
    published(jo)
    lose(storage, clients.database, *(name for name in NAMES if name != "thumbnail.jpg"))
    clients.database.write(lambda tx: tx.execute(update(models.media).values(variants=None)))
    assert checked("--repair", status=1) == {"display.jpg": "lost, the photo is smaller now"}
    (row,) = rows_of(clients.database, models.media)
    assert (row.width, row.height, row.missing) == (640, 427, None)


def test_an_unused_upload_is_repaired_and_deleted_later(
    clients: ApiClients, jo: ApiClient, storage: Storage, checked: Checked
) -> None:
    photo = expect_json(jo.upload())
    lose(storage, clients.database, "90.webp")
    assert checked("--repair", status=0) == {"90.webp": "made again"}
    (row,) = rows_of(clients.database, models.media)
    scheduled = {each.name for each in rows_of(clients.database, models.disposal)}
    assert {f"{row.variants}-display.jpg", f"{row.variants}-90.webp"} <= scheduled
    assert expect_json(jo.post([photo["id"]]))["media"][0]["url"].endswith(row.display)
    assert row.display not in {each.name for each in rows_of(clients.database, models.disposal)}
