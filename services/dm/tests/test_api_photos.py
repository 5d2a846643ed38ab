"""Photos of a room over HTTP: uploaded by its members, served by signed URLs."""

import signal
from contextlib import closing
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from PIL import Image
from sqlalchemy import update

from services.dm import models, signed_urls
from services.dm.actions import photos
from services.dm.actions.photos import UNSENT_FOR_MS
from services.dm.actions.withdrawals import WITHDRAWAL
from shared import clock
from shared.database.engine import Database
from shared.files import garbage
from shared.images import ImageProcessor
from shared.testing import LiveService, eventually
from shared.testing.aborted_requests import STUCK_DECODER, aborted_request
from shared.testing.api_client import expect_json, expect_problem

from .api_client import ApiClient
from .factories import deleted, picture, rows_of, some_people, time_passes


def files_in(folder: Path) -> list[Path]:
    """All stored files."""
    return [path for path in (folder / "files").rglob("*") if path.is_file()]


def collect(dm: LiveService, database: Database) -> None:
    """Run the steps of the cleanup workers."""
    database.write(photos.delete_unsent)
    garbage.collect(database, models.disposal, dm.app.state.dependencies.storage)


def fetched(dm: LiveService, url: str) -> httpx.Response:
    """The response to a request without a token."""
    return dm.client.get(url)


def test_upload_response_describes_the_photo(jo: ApiClient, room: str) -> None:
    response = jo.upload(room, picture((60, 30)), alt="A quay 🌊")
    media = expect_json(response)
    assert (media["width"], media["height"], media["alt"]) == (60, 30, "A quay 🌊")
    assert media["content_type"] == "image/jpeg" and media["blurhash"]
    assert response.headers["location"] == media["url"]
    assert expect_json(jo.upload(room))["alt"] is None


def test_camera_info_is_kept_only_if_the_uploader_asks(jo: ApiClient, room: str) -> None:
    exif, file = Image.Exif(), BytesIO()
    exif[0x0110] = "R5"
    Image.new("RGB", (60, 30)).save(file, "JPEG", exif=exif)
    assert expect_json(jo.upload(room, file.getvalue()))["camera_info"] is None
    media = expect_json(jo.upload(room, file.getvalue(), keep_camera_info="true"))
    assert media["camera_info"]["model"] == "R5"
    sent = expect_json(jo.message(room, type="image", media_id=media["id"]))["image"]
    assert sent["camera_info"] == media["camera_info"] == jo.messages(room)[0]["image"]["camera_info"]


def test_signed_url_needs_no_token_and_is_privately_cacheable(dm: LiveService, jo: ApiClient, room: str) -> None:
    media = expect_json(jo.upload(room, picture((900, 600))))
    urls = {each["url"]: each for each in media["variants"]}
    assert [urls[media[name]]["width"] for name in ("url", "thumbnail_url")] == [900, 640] and len(urls) == 6
    for url, variant in urls.items():
        served = fetched(dm, url)
        assert served.status_code == 200 and served.headers["content-type"] == variant["content_type"]
        shown = Image.open(BytesIO(served.content))
        assert shown.size == (variant["width"], variant["height"])
        assert Image.MIME[str(shown.format)] == variant["content_type"]
        seconds = served.headers["cache-control"].removeprefix("private, max-age=").removesuffix(", immutable")
        assert 3500 < int(seconds) <= (signed_urls.LIFETIME_MS + signed_urls.STEP_MS) // clock.SECOND
        assert served.headers["x-content-type-options"] == "nosniff"
        assert served.headers["content-security-policy"] == "default-src 'none'; sandbox"


def test_photo_of_before_there_were_variants_has_its_two_files(
    dm: LiveService, jo: ApiClient, room: str, database: Database
) -> None:
    uploaded = expect_json(jo.upload(room, picture((900, 600))))
    media = expect_json(jo.message(room, type="image", media_id=uploaded["id"]))["image"]
    database.write(lambda tx: tx.execute(update(models.media).values(has_variants=None)))
    shown = jo.messages(room)[0]["image"]
    assert shown == media | {"variants": []}
    assert [fetched(dm, shown[name]).status_code for name in ("url", "thumbnail_url")] == [200, 200]
    expect_problem(fetched(dm, uploaded["variants"][1]["url"]), 404, "not_found")


def test_signed_url_of_a_photo_is_stable_for_a_while(jo: ApiClient, room: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expect_json(jo.show(room))
    start = -(-clock.now() // signed_urls.STEP_MS) * signed_urls.STEP_MS + 1
    seen = []
    for moment in (start, start + signed_urls.STEP_MS - 1, start + signed_urls.STEP_MS):
        monkeypatch.setattr(clock, "now", lambda moment=moment: moment)
        seen.append(jo.messages(room)[0]["image"]["url"])
    assert seen[0] == seen[1] != seen[2]


def test_modified_signed_url_is_refused(dm: LiveService, jo: ApiClient, room: str) -> None:
    url = expect_json(jo.upload(room))["url"]
    path, query = urlsplit(url).path, {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    for name, value in query.items():
        for other in (f"{value[::-1]}0", "", "9" * 12, "é", "0", f"{value} ", value.upper() + "x"):
            response = dm.client.get(path, params=query | {name: other})
            assert response.headers["cache-control"] == "no-store"
            expect_problem(response, 403, "invalid_link")
        expect_problem(dm.client.get(path, params={name: value}), 403, "invalid_link")
    expect_problem(dm.client.get(path), 403, "invalid_link")
    expect_problem(jo.send("GET", path.removeprefix("/api/v1")), 403, "invalid_link")


def test_signed_url_is_valid_for_one_photo_room_and_size(
    dm: LiveService, jo: ApiClient, max_: ApiClient, room: str, database: Database
) -> None:
    elsewhere = jo.room_with(ApiClient(dm, jo.token_issuer, *some_people(database, 1)))
    first, second = (expect_json(jo.upload(room, picture((900, 600)))) for _ in range(2))
    query = urlsplit(first["url"]).query
    path = urlsplit(first["url"]).path
    for other in (
        urlsplit(first["thumbnail_url"]).path,
        urlsplit(second["url"]).path,
        path.replace(room, elsewhere),
        path.replace(first["id"], room),
    ):
        expect_problem(fetched(dm, f"{other}?{query}"), 403, "invalid_link")
    for nothing in (path.replace("display", "original"), path.replace(first["id"], "no-id")):
        expect_problem(fetched(dm, f"{nothing}?{query}"), 404, "not_found")


def test_signed_url_expires(dm: LiveService, jo: ApiClient, room: str, monkeypatch: pytest.MonkeyPatch) -> None:
    url = expect_json(jo.upload(room))["url"]
    expires = int(parse_qs(urlsplit(url).query)["expires"][0]) * clock.SECOND
    assert clock.now() + signed_urls.LIFETIME_MS <= expires
    monkeypatch.setattr(clock, "now", lambda: expires - clock.SECOND)
    assert fetched(dm, url).headers["cache-control"] == "private, max-age=1, immutable"
    monkeypatch.setattr(clock, "now", lambda: expires)
    expect_problem(fetched(dm, url), 403, "link_expired")


def test_file_that_is_not_an_image_is_refused(jo: ApiClient, room: str) -> None:
    expect_problem(jo.upload(room, b"just text"), 415, "unsupported_media")
    expect_problem(jo.upload(room, b""), 415, "unsupported_media")
    expect_problem(jo.upload(room, picture()[:60]), 422, "corrupt_media")
    expect_problem(jo.upload(room, picture() + b"\0" * 20 * 1024 * 1024), 413, "too_large")


def test_upload_without_a_file_or_with_an_invalid_alt_text_is_refused(jo: ApiClient, room: str) -> None:
    for alt in ("a" * 1001, "a\0b"):
        field_errors = expect_json(jo.upload(room, alt=alt), 422)["errors"]
        assert [fault["pointer"] for fault in field_errors] == ["/alt"]
    only_words = jo.send("POST", f"/rooms/{room}/media", files={"alt": (None, b"words only")})
    assert [fault["pointer"] for fault in expect_json(only_words, 422)["errors"]] == ["/file"]
    expect_problem(jo.send("POST", f"/rooms/{room}/media", json={"file": "words"}), 415, "unsupported_media_type")
    assert expect_json(jo.upload(room, alt="a" * 1000))["alt"] == "a" * 1000


def test_photo_that_is_not_sent_within_a_day_is_deleted(
    dm: LiveService, jo: ApiClient, room: str, tmp_path: Path, database: Database
) -> None:
    expect_json(jo.show(room))
    unsent = expect_json(jo.upload(room))
    time_passes(database, UNSENT_FOR_MS)
    expect_problem(jo.message(room, type="image", media_id=unsent["id"]), 422, "unknown_media")
    collect(dm, database)
    expect_problem(fetched(dm, unsent["url"]), 404, "not_found")
    time_passes(database, clock.HOUR)
    collect(dm, database)
    assert len(files_in(tmp_path)) == 2
    assert fetched(dm, jo.messages(room)[0]["image"]["url"]).status_code == 200


def test_upload_by_or_for_a_withdrawn_user_is_refused(
    jo: ApiClient, max_: ApiClient, room: str, tmp_path: Path, database: Database
) -> None:
    database.write(WITHDRAWAL.request, max_.number)
    expect_problem(max_.upload(room), 401, "invalid_token")
    expect_problem(jo.upload(room), 409, "peer_withdrawn")
    assert files_in(tmp_path) == []


def test_unsent_uploads_of_a_withdrawn_user_are_deleted(
    dm: LiveService, jo: ApiClient, max_: ApiClient, room: str, tmp_path: Path, database: Database
) -> None:
    sent, theirs = expect_json(jo.show(room))["image"], expect_json(max_.upload(room))
    url = expect_json(jo.upload(room))["url"]
    assert dm.deliver("user.deleted.v1", deleted(jo.number))
    eventually(lambda: fetched(dm, url).status_code == 404)
    collect(dm, database)
    assert len(files_in(tmp_path)) == 4
    for kept in (sent, theirs):
        assert fetched(dm, kept["url"]).status_code == 200


def test_one_key_stores_a_photo_once(jo: ApiClient, max_: ApiClient, room: str, database: Database) -> None:
    first = expect_json(jo.upload(room, alt="a quay", key="one"))
    assert expect_json(jo.upload(room, alt="a quay", key="one")) == first
    assert expect_json(max_.upload(room, alt="a quay", key="one")) != first
    expect_problem(jo.upload(room, alt="another quay", key="one"), 422, "idempotency_key_reused")
    assert len(rows_of(database, models.media)) == 2


def test_cancelled_upload_is_neither_decoded_nor_stored(
    dm: LiveService, jo: ApiClient, room: str, database: Database, tmp_path: Path
) -> None:
    with closing(ImageProcessor(workers=1, waiting=1)) as image_processor:
        dm.app.state.dependencies = replace(dm.app.state.dependencies, image_processor=image_processor)
        (worker,) = image_processor._decoders
        worker._command = STUCK_DECODER
        path, files = f"/api/v1/rooms/{room}/media", {"file": ("photo.png", picture(), "image/png")}
        with aborted_request(dm.client, "POST", path, files=files, headers=jo.token_issuer.bearer(jo.number)):
            process = eventually(lambda: worker._process)
        assert process is not None and eventually(lambda: process.poll() == -signal.SIGKILL)
    assert rows_of(database, models.media) == [] and files_in(tmp_path) == []


def test_photo_responses_support_etags_ranges_and_head(dm: LiveService, jo: ApiClient, room: str) -> None:
    url = expect_json(jo.upload(room))["url"]
    whole = fetched(dm, url)
    assert dm.client.get(url, headers={"if-none-match": whole.headers["etag"]}).status_code == 304
    assert dm.client.get(url, headers={"range": "bytes=0-9"}).content == whole.content[:10]
    assert dm.client.get(url, headers={"range": "bytes=9999999-"}).status_code == 416
    assert dm.client.head(url).headers["content-length"] == str(len(whole.content))
    for method in ("GET", "HEAD"):
        assert dm.client.request(method, urlsplit(url).path, headers={"if-none-match": "*"}).status_code == 403
