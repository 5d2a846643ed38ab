"""Uploading a photo and getting it back; what comes of each kind of file is tested with the image processor."""

import signal
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

from PIL import Image

from services.posts import models
from shared.testing import LiveService, eventually
from shared.testing.aborted_requests import STUCK_DECODER, aborted_request

from .api_client import ApiClients, expect_json, expect_problem, picture
from .factories import rows_of


def test_a_photo_is_uploaded_and_served_in_two_sizes(clients: ApiClients) -> None:
    (jo,) = clients.known(1)
    file = BytesIO()
    Image.new("RGB", (600, 400), (200, 90, 30)).save(file, "PNG")
    answer = jo.upload(file.getvalue(), alt="An orange field")
    media = expect_json(answer)
    assert answer.headers["location"] == media["url"]
    assert (media["width"], media["height"], media["alt"], media["content_type"]) == (
        600,
        400,
        "An orange field",
        "image/jpeg",
    )
    sizes = []
    for url in (media["url"], media["thumbnail_url"]):
        served = clients.service.client.get(url)
        assert served.status_code == 200 and served.headers["content-type"] == "image/jpeg"
        assert "immutable" in served.headers["cache-control"]
        assert served.headers["x-content-type-options"] == "nosniff"
        sizes.append(Image.open(BytesIO(served.content)).size)
    assert sizes == [(600, 400), (480, 320)]


def test_a_photo_needs_no_words(clients: ApiClients) -> None:
    (jo,) = clients.known(1)
    assert expect_json(jo.upload())["alt"] is None
    assert expect_json(jo.upload(alt=""))["alt"] is None
    assert expect_json(jo.upload(alt="é" * 1000))["alt"] == "é" * 1000


def test_what_is_refused_leaves_nothing_behind(clients: ApiClients) -> None:
    (jo,) = clients.known(1)
    expect_problem(jo.upload(b"just text"), 415, "unsupported_media")
    expect_problem(jo.upload(picture()[:300]), 422, "corrupt_media")
    expect_problem(jo.upload(alt="a" * 1001), 422, "validation_failed", "/alt")
    expect_problem(jo.upload(alt="a\0b"), 422, "nul_character", "/alt")
    expect_problem(
        jo.send("POST", "/media", files={"other": ("x.jpg", picture(), "image/jpeg")}), 422, "validation_failed"
    )
    expect_problem(jo.send("POST", "/media", json={"file": "words"}), 415, "unsupported_media_type")
    expect_problem(jo.upload(b"\0" * (20 * 1024 * 1024 + 1)), 413, "too_large")
    for table in (models.media, models.disposal):
        assert rows_of(clients.database, table) == []


def test_a_name_that_we_never_gave_is_not_there(service: LiveService) -> None:
    for name in ("nothing.jpg", "..%2fposts.db", "%2e%2e", "%00", "x" * 300, "A.jpg"):
        expect_problem(service.client.get(f"/api/v1/media/{name}"), 404, "not_found")


def test_a_key_stores_a_photo_once(clients: ApiClients) -> None:
    jo, max_ = clients.known(2)
    first = expect_json(jo.upload(alt="a quay", key="one"))
    assert expect_json(jo.upload(alt="a quay", key="one")) == first
    assert expect_json(max_.upload(alt="a quay", key="one")) != first
    assert len(rows_of(clients.database, models.media)) == 2
    expect_problem(jo.upload(alt="another quay", key="one"), 422, "idempotency_key_reused")
    expect_problem(jo.upload(picture() + b"\0", alt="a quay", key="one"), 422, "idempotency_key_reused")
    expect_problem(jo.upload(key="k" * 256), 400, "invalid_idempotency_key")
    assert len(rows_of(clients.database, models.media)) == 2


def test_a_key_of_an_upload_that_was_refused_can_be_used_again(clients: ApiClients) -> None:
    (jo,) = clients.known(1)
    expect_problem(jo.upload(b"no picture", key="one"), 415, "unsupported_media")
    expect_json(jo.upload(key="one"))


def test_an_upload_that_was_given_up_is_neither_decoded_nor_stored(clients: ApiClients) -> None:
    jo, max_ = clients.known(2)
    (worker,) = clients.service.app.state.dependencies.image_processor._decoders
    command, worker._command = worker._command, STUCK_DECODER
    files = {"file": ("photo.jpg", picture(), "image/jpeg")}
    headers = clients.token_issuer.bearer(jo.number) | {"Idempotency-Key": "one"}
    with aborted_request(clients.service.client, "POST", "/api/v1/media", files=files, headers=headers):
        process = eventually(lambda: worker._process)
        expect_problem(jo.upload(key="one"), 409, "idempotency_in_progress")
    assert eventually(lambda: process.poll() == -signal.SIGKILL)
    worker._command = command
    expect_json(max_.upload())
    assert [row.owner_id for row in rows_of(clients.database, models.media)] == [max_.number]
    assert len(rows_of(clients.database, models.disposal)) == 2
    expect_json(jo.upload(key="one"))


def test_a_preamble_and_a_part_without_a_file_name_are_taken(clients: ApiClients) -> None:
    (jo,) = clients.known(1)
    part = b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n' + picture() + b"\r\n--b--\r\n"
    headers = {"content-type": "multipart/form-data; boundary=b"}
    expect_json(jo.send("POST", "/media", content=b"a preamble\r\n" + part, headers=headers))
    alt = b'--b\r\nContent-Disposition: form-data; name="alt"\r\n\r\n\xb9\xd9\xb4\xd9\r\n'
    expect_problem(jo.send("POST", "/media", content=alt + part, headers=headers), 400, "malformed")
    expect_problem(jo.upload(alt_text="a quay"), 422, "validation_failed", "/alt_text")
    assert len(rows_of(clients.database, models.media)) == 1


def test_a_refused_file_is_told_which_limit_it_breaks(clients: ApiClients) -> None:
    (jo,) = clients.known(1)
    huge = BytesIO()
    Image.new("1", (8_000, 8_000)).save(huge, "PNG")
    for file, status, code, limit in (
        (huge.getvalue(), 413, "too_large", "too_many_pixels"),
        (b"\0" * (20 * 1024 * 1024 + 1), 413, "too_large", "too_many_bytes"),
        (b"just text", 415, "unsupported_media", "unknown_format"),
        (picture()[:-40], 422, "corrupt_media", "damaged"),
    ):
        (fault,) = expect_problem(jo.upload(file), status, code, "/file")["errors"]
        assert fault["code"] == limit


def test_a_photo_is_served_by_tags_ranges_and_head(clients: ApiClients) -> None:
    (jo,) = clients.known(1)
    client, url = clients.service.client, expect_json(jo.upload())["url"]
    whole = client.get(url)
    assert client.get(url, headers={"if-none-match": whole.headers["etag"]}).status_code == 304
    assert client.get(url, headers={"range": "bytes=0-9"}).content == whole.content[:10]
    assert client.get(url, headers={"range": "bytes=9999999-"}).status_code == 416
    assert client.head(url).headers["content-length"] == str(len(whole.content))


def test_all_photos_of_a_post_can_be_uploaded_at_once(clients: ApiClients) -> None:
    jo, max_ = clients.known(2)
    with ThreadPoolExecutor(11) as pool:
        answers = [pool.submit(jo.upload) for _ in range(10)]
        beside = pool.submit(max_.upload)
        media_ids = {expect_json(answer.result())["id"] for answer in answers}
        expect_json(beside.result())
    assert len(media_ids) == 10
    expect_json(jo.post(sorted(media_ids)))
