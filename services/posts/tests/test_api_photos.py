"""Uploading a photo and getting it back; what comes of each kind of file is the darkroom's own test."""

import signal
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

from PIL import Image

from services.posts import models
from shared.testing import Running, eventually
from shared.testing.aborted_requests import STUCK_DECODER, abandoned

from .api_client import Crowd, made, picture, refused
from .factories import rows_of


def test_a_photo_is_uploaded_and_served_in_two_sizes(crowd: Crowd) -> None:
    (jo,) = crowd.known(1)
    file = BytesIO()
    Image.new("RGB", (600, 400), (200, 90, 30)).save(file, "PNG")
    answer = jo.upload(file.getvalue(), alt="An orange field")
    media = made(answer)
    assert answer.headers["location"] == media["url"]
    assert (media["width"], media["height"], media["alt"], media["content_type"]) == (
        600,
        400,
        "An orange field",
        "image/jpeg",
    )
    sizes = []
    for url in (media["url"], media["thumbnail_url"]):
        served = crowd.service.client.get(url)
        assert served.status_code == 200 and served.headers["content-type"] == "image/jpeg"
        assert "immutable" in served.headers["cache-control"]
        assert served.headers["x-content-type-options"] == "nosniff"
        sizes.append(Image.open(BytesIO(served.content)).size)
    assert sizes == [(600, 400), (480, 320)]


def test_a_photo_needs_no_words(crowd: Crowd) -> None:
    (jo,) = crowd.known(1)
    assert made(jo.upload())["alt"] is None
    assert made(jo.upload(alt=""))["alt"] is None
    assert made(jo.upload(alt="é" * 1000))["alt"] == "é" * 1000


def test_what_is_refused_leaves_nothing_behind(crowd: Crowd) -> None:
    (jo,) = crowd.known(1)
    refused(jo.upload(b"just text"), 415, "unsupported_media")
    refused(jo.upload(picture()[:300]), 422, "corrupt_media")
    refused(jo.upload(alt="a" * 1001), 422, "validation_failed", "/alt")
    refused(jo.upload(alt="a\0b"), 422, "nul_character", "/alt")
    refused(jo.send("POST", "/media", files={"other": ("x.jpg", picture(), "image/jpeg")}), 422, "validation_failed")
    refused(jo.send("POST", "/media", json={"file": "words"}), 415, "unsupported_media_type")
    refused(jo.upload(b"\0" * (20 * 1024 * 1024 + 1)), 413, "too_large")
    for table in (models.media, models.disposal):
        assert rows_of(crowd.database, table) == []


def test_a_name_that_we_never_gave_is_not_there(service: Running) -> None:
    for name in ("nothing.jpg", "..%2fposts.db", "%2e%2e", "%00", "x" * 300, "A.jpg"):
        refused(service.client.get(f"/api/v1/media/{name}"), 404, "not_found")


def test_a_key_stores_a_photo_once(crowd: Crowd) -> None:
    jo, max_ = crowd.known(2)
    first = made(jo.upload(alt="a quay", key="one"))
    assert made(jo.upload(alt="a quay", key="one")) == first
    assert made(max_.upload(alt="a quay", key="one")) != first
    assert len(rows_of(crowd.database, models.media)) == 2
    refused(jo.upload(alt="another quay", key="one"), 422, "idempotency_key_reused")
    refused(jo.upload(picture() + b"\0", alt="a quay", key="one"), 422, "idempotency_key_reused")
    refused(jo.upload(key="k" * 256), 400, "invalid_idempotency_key")
    assert len(rows_of(crowd.database, models.media)) == 2


def test_a_key_of_an_upload_that_was_refused_can_be_used_again(crowd: Crowd) -> None:
    (jo,) = crowd.known(1)
    refused(jo.upload(b"no picture", key="one"), 415, "unsupported_media")
    made(jo.upload(key="one"))


def test_an_upload_that_was_given_up_is_neither_decoded_nor_stored(crowd: Crowd) -> None:
    jo, max_ = crowd.known(2)
    (worker,) = crowd.service.app.state.dependencies.darkroom._staff
    command, worker._command = worker._command, STUCK_DECODER
    files = {"file": ("photo.jpg", picture(), "image/jpeg")}
    headers = crowd.minter.bearer(jo.number) | {"Idempotency-Key": "one"}
    with abandoned(crowd.service.client, "POST", "/api/v1/media", files=files, headers=headers):
        process = eventually(lambda: worker._process)
        refused(jo.upload(key="one"), 409, "idempotency_in_progress")
    assert eventually(lambda: process.poll() == -signal.SIGKILL)
    worker._command = command
    made(max_.upload())
    assert [row.owner_id for row in rows_of(crowd.database, models.media)] == [max_.number]
    assert len(rows_of(crowd.database, models.disposal)) == 2
    made(jo.upload(key="one"))


def test_a_preamble_and_a_part_without_a_file_name_are_taken(crowd: Crowd) -> None:
    (jo,) = crowd.known(1)
    part = b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n' + picture() + b"\r\n--b--\r\n"
    headers = {"content-type": "multipart/form-data; boundary=b"}
    made(jo.send("POST", "/media", content=b"a preamble\r\n" + part, headers=headers))
    alt = b'--b\r\nContent-Disposition: form-data; name="alt"\r\n\r\n\xb9\xd9\xb4\xd9\r\n'
    refused(jo.send("POST", "/media", content=alt + part, headers=headers), 400, "malformed")
    refused(jo.upload(alt_text="a quay"), 422, "validation_failed", "/alt_text")
    assert len(rows_of(crowd.database, models.media)) == 1


def test_a_refused_file_is_told_which_limit_it_breaks(crowd: Crowd) -> None:
    (jo,) = crowd.known(1)
    huge = BytesIO()
    Image.new("1", (8_000, 8_000)).save(huge, "PNG")
    for file, status, code, limit in (
        (huge.getvalue(), 413, "too_large", "too_many_pixels"),
        (b"\0" * (20 * 1024 * 1024 + 1), 413, "too_large", "too_many_bytes"),
        (b"just text", 415, "unsupported_media", "unknown_format"),
        (picture()[:-40], 422, "corrupt_media", "damaged"),
    ):
        (fault,) = refused(jo.upload(file), status, code, "/file")["errors"]
        assert fault["code"] == limit


def test_a_photo_is_served_by_tags_ranges_and_head(crowd: Crowd) -> None:
    (jo,) = crowd.known(1)
    client, url = crowd.service.client, made(jo.upload())["url"]
    whole = client.get(url)
    assert client.get(url, headers={"if-none-match": whole.headers["etag"]}).status_code == 304
    assert client.get(url, headers={"range": "bytes=0-9"}).content == whole.content[:10]
    assert client.get(url, headers={"range": "bytes=9999999-"}).status_code == 416
    assert client.head(url).headers["content-length"] == str(len(whole.content))


def test_all_photos_of_a_post_can_be_uploaded_at_once(crowd: Crowd) -> None:
    jo, max_ = crowd.known(2)
    with ThreadPoolExecutor(11) as pool:
        answers = [pool.submit(jo.upload) for _ in range(10)]
        beside = pool.submit(max_.upload)
        media_ids = {made(answer.result())["id"] for answer in answers}
        made(beside.result())
    assert len(media_ids) == 10
    made(jo.post(sorted(media_ids)))
