"""Photos of a room at the door: uploaded by its people, and shown only to whoever holds a good link."""

import signal
from contextlib import closing
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from PIL import Image

from services.dm import models, signed_urls
from services.dm.actions import photos
from services.dm.actions.photos import UNSENT_FOR
from services.dm.actions.withdrawals import WITHDRAWAL
from shared import clock
from shared.database.engine import Database
from shared.files import garbage
from shared.images import Darkroom
from shared.testing import Minter, Running, eventually
from shared.testing.aborted_requests import STUCK_DECODER, abandoned

from .api_client import Asker, made, refused
from .factories import deleted, picture, rows_of, some_people, time_passes


@pytest.fixture
def jo(dm: Running, minter: Minter, database: Database) -> Asker:
    return Asker(dm, minter, *some_people(database, 1))


@pytest.fixture
def max_(dm: Running, minter: Minter, database: Database) -> Asker:
    return Asker(dm, minter, *some_people(database, 1))


@pytest.fixture
def room(jo: Asker, max_: Asker) -> str:
    return jo.room_with(max_)


def files_in(folder: Path) -> list[Path]:
    """Every stored file."""
    return [path for path in (folder / "files").rglob("*") if path.is_file()]


def collect(dm: Running, database: Database) -> None:
    """What the workers do in time."""
    database.write(photos.forget_unsent)
    garbage.collect(database, models.disposal, dm.app.state.dependencies.storage)


def fetched(dm: Running, url: str) -> httpx.Response:
    """What anybody gets there, without a token."""
    return dm.client.get(url)


def test_an_upload_is_answered_with_all_that_is_known_of_it(jo: Asker, room: str) -> None:
    response = jo.upload(room, picture((60, 30)), alt="A quay 🌊")
    media = made(response)
    assert (media["width"], media["height"], media["alt"]) == (60, 30, "A quay 🌊")
    assert media["content_type"] == "image/jpeg" and media["blurhash"]
    assert response.headers["location"] == media["url"]
    assert made(jo.upload(room))["alt"] is None


def test_a_link_shows_the_photo_without_a_token_and_lets_only_the_viewer_keep_it(
    dm: Running, jo: Asker, room: str
) -> None:
    media = made(jo.upload(room, picture((900, 600))))
    for url, width in ((media["url"], 900), (media["thumbnail_url"], 480)):
        served = fetched(dm, url)
        assert served.status_code == 200 and served.headers["content-type"] == "image/jpeg"
        assert Image.open(BytesIO(served.content)).width == width
        seconds = served.headers["cache-control"].removeprefix("private, max-age=").removesuffix(", immutable")
        assert 3500 < int(seconds) <= (signed_urls.LIFETIME + signed_urls.STEP) // clock.SECOND
        assert served.headers["x-content-type-options"] == "nosniff"
        assert served.headers["content-security-policy"] == "default-src 'none'; sandbox"


def test_a_photo_has_one_link_for_a_while(jo: Asker, room: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made(jo.show(room))
    start = -(-clock.now() // signed_urls.STEP) * signed_urls.STEP + 1
    seen = []
    for moment in (start, start + signed_urls.STEP - 1, start + signed_urls.STEP):
        monkeypatch.setattr(clock, "now", lambda moment=moment: moment)
        seen.append(jo.messages(room)[0]["image"]["url"])
    assert seen[0] == seen[1] != seen[2]


def test_a_link_that_was_changed_shows_nothing(dm: Running, jo: Asker, room: str) -> None:
    url = made(jo.upload(room))["url"]
    path, query = urlsplit(url).path, {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    for name, value in query.items():
        for other in (f"{value[::-1]}0", "", "9" * 12, "é", "0", f"{value} ", value.upper() + "x"):
            response = dm.client.get(path, params=query | {name: other})
            assert response.headers["cache-control"] == "no-store"
            refused(response, 403, "invalid_link")
        refused(dm.client.get(path, params={name: value}), 403, "invalid_link")
    refused(dm.client.get(path), 403, "invalid_link")
    refused(jo.send("GET", path.removeprefix("/api/v1")), 403, "invalid_link")


def test_a_link_is_good_for_one_photo_of_one_room_in_one_size(
    dm: Running, jo: Asker, max_: Asker, room: str, database: Database
) -> None:
    elsewhere = jo.room_with(Asker(dm, jo.minter, *some_people(database, 1)))
    first, second = made(jo.upload(room)), made(jo.upload(room))
    query = urlsplit(first["url"]).query
    path = urlsplit(first["url"]).path
    for other in (
        urlsplit(first["thumbnail_url"]).path,
        urlsplit(second["url"]).path,
        path.replace(room, elsewhere),
        path.replace(first["id"], room),
    ):
        refused(fetched(dm, f"{other}?{query}"), 403, "invalid_link")
    for nothing in (path.replace("display", "original"), path.replace(first["id"], "no-id")):
        refused(fetched(dm, f"{nothing}?{query}"), 404, "not_found")


def test_a_link_expires(dm: Running, jo: Asker, room: str, monkeypatch: pytest.MonkeyPatch) -> None:
    url = made(jo.upload(room))["url"]
    expires = int(parse_qs(urlsplit(url).query)["expires"][0]) * clock.SECOND
    assert clock.now() + signed_urls.LIFETIME <= expires
    monkeypatch.setattr(clock, "now", lambda: expires - clock.SECOND)
    assert fetched(dm, url).headers["cache-control"] == "private, max-age=1, immutable"
    monkeypatch.setattr(clock, "now", lambda: expires)
    refused(fetched(dm, url), 403, "link_expired")


def test_what_is_no_photo_is_refused(jo: Asker, room: str) -> None:
    refused(jo.upload(room, b"just text"), 415, "unsupported_media")
    refused(jo.upload(room, b""), 415, "unsupported_media")
    refused(jo.upload(room, picture()[:60]), 422, "corrupt_media")
    refused(jo.upload(room, picture() + b"\0" * 20 * 1024 * 1024), 413, "too_large")


def test_an_upload_without_a_file_or_with_a_bad_description_is_refused(jo: Asker, room: str) -> None:
    for alt in ("a" * 1001, "a\0b"):
        faults = made(jo.upload(room, alt=alt), 422)["errors"]
        assert [fault["pointer"] for fault in faults] == ["/alt"]
    only_words = jo.send("POST", f"/rooms/{room}/media", files={"alt": (None, b"words only")})
    assert [fault["pointer"] for fault in made(only_words, 422)["errors"]] == ["/file"]
    refused(jo.send("POST", f"/rooms/{room}/media", json={"file": "words"}), 415, "unsupported_media_type")
    assert made(jo.upload(room, alt="a" * 1000))["alt"] == "a" * 1000


def test_what_was_not_sent_within_a_day_is_gone_with_its_files(
    dm: Running, jo: Asker, room: str, tmp_path: Path, database: Database
) -> None:
    made(jo.show(room))
    unsent = made(jo.upload(room))
    time_passes(database, UNSENT_FOR)
    refused(jo.message(room, type="image", media_id=unsent["id"]), 422, "unknown_media")
    collect(dm, database)
    refused(fetched(dm, unsent["url"]), 404, "not_found")
    time_passes(database, clock.HOUR)
    collect(dm, database)
    assert len(files_in(tmp_path)) == 2
    assert fetched(dm, jo.messages(room)[0]["image"]["url"]).status_code == 200


def test_whoever_has_withdrawn_uploads_nothing_and_nothing_is_uploaded_for_them(
    jo: Asker, max_: Asker, room: str, tmp_path: Path, database: Database
) -> None:
    database.write(WITHDRAWAL.request, max_.number)
    refused(max_.upload(room), 401, "invalid_token")
    refused(jo.upload(room), 409, "peer_withdrawn")
    assert files_in(tmp_path) == []


def test_uploads_never_sent_go_with_the_one_who_withdraws(
    dm: Running, jo: Asker, max_: Asker, room: str, tmp_path: Path, database: Database
) -> None:
    sent, theirs = made(jo.show(room))["image"], made(max_.upload(room))
    url = made(jo.upload(room))["url"]
    assert dm.hears("user.deleted.v1", deleted(jo.number))
    eventually(lambda: fetched(dm, url).status_code == 404)
    collect(dm, database)
    assert len(files_in(tmp_path)) == 4
    for kept in (sent, theirs):
        assert fetched(dm, kept["url"]).status_code == 200


def test_a_key_stores_a_photo_once(jo: Asker, max_: Asker, room: str, database: Database) -> None:
    first = made(jo.upload(room, alt="a quay", key="one"))
    assert made(jo.upload(room, alt="a quay", key="one")) == first
    assert made(max_.upload(room, alt="a quay", key="one")) != first
    refused(jo.upload(room, alt="another quay", key="one"), 422, "idempotency_key_reused")
    assert len(rows_of(database, models.media)) == 2


def test_an_upload_that_was_given_up_is_neither_decoded_nor_stored(
    dm: Running, jo: Asker, room: str, database: Database, tmp_path: Path
) -> None:
    with closing(Darkroom(workers=1, waiting=1)) as darkroom:
        dm.app.state.dependencies = replace(dm.app.state.dependencies, darkroom=darkroom)
        (worker,) = darkroom._staff
        worker._command = STUCK_DECODER
        path, files = f"/api/v1/rooms/{room}/media", {"file": ("photo.png", picture(), "image/png")}
        with abandoned(dm.client, "POST", path, files=files, headers=jo.minter.bearer(jo.number)):
            process = eventually(lambda: worker._process)
        assert process is not None and eventually(lambda: process.poll() == -signal.SIGKILL)
    assert rows_of(database, models.media) == [] and files_in(tmp_path) == []


def test_a_photo_is_served_by_tags_ranges_and_head_to_whoever_has_its_link(dm: Running, jo: Asker, room: str) -> None:
    url = made(jo.upload(room))["url"]
    whole = fetched(dm, url)
    assert dm.client.get(url, headers={"if-none-match": whole.headers["etag"]}).status_code == 304
    assert dm.client.get(url, headers={"range": "bytes=0-9"}).content == whole.content[:10]
    assert dm.client.get(url, headers={"range": "bytes=9999999-"}).status_code == 416
    assert dm.client.head(url).headers["content-length"] == str(len(whole.content))
    for method in ("GET", "HEAD"):
        assert dm.client.request(method, urlsplit(url).path, headers={"if-none-match": "*"}).status_code == 403
