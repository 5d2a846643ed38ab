"""Uploading and serving photos; file types are tested with the image processor."""

import signal
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

from PIL import Image
from sqlalchemy import update

from services.posts import models
from shared.testing import LiveService, eventually
from shared.testing.aborted_requests import STUCK_DECODER, aborted_request
from shared.testing.api_client import expect_json, expect_problem

from .api_client import ApiClients, picture
from .factories import rows_of


def test_photo_is_uploaded_and_served_in_all_sizes_and_formats(clients: ApiClients) -> None:
    (jo,) = clients.known(1)
    file = BytesIO()
    Image.new("RGB", (1200, 800), (200, 90, 30)).save(file, "PNG")
    answer = jo.upload(file.getvalue(), alt="An orange field")
    media = expect_json(answer)
    assert answer.headers["location"] == media["url"]
    assert (media["width"], media["height"], media["alt"], media["content_type"]) == (
        1200,
        800,
        "An orange field",
        "image/jpeg",
    )
    variants = {each["url"]: each for each in media["variants"]}
    assert len(variants) == 8 and [variants[media[name]]["width"] for name in ("url", "thumbnail_url")] == [1200, 640]
    for url, variant in variants.items():
        served = clients.service.client.get(url)
        assert served.status_code == 200 and served.headers["content-type"] == variant["content_type"]
        assert "immutable" in served.headers["cache-control"]
        assert served.headers["x-content-type-options"] == "nosniff"
        shown = Image.open(BytesIO(served.content))
        assert shown.size == (variant["width"], variant["height"])
        assert Image.MIME[str(shown.format)] == variant["content_type"]
    assert expect_json(jo.post([media["id"]]))["media"] == [media]


def test_photos_of_before_there_were_variants_are_shown_and_deleted_with_their_two_files(clients: ApiClients) -> None:
    (jo,) = clients.known(1)
    first, second = (expect_json(jo.upload(alt='"variants": "x 1 1"')) for _ in range(2))
    clients.database.write(lambda tx: tx.execute(update(models.media).values(variants=None)))
    post = expect_json(jo.post([first["id"], second["id"]]))
    assert [each["variants"] for each in post["media"]] == [[], []]
    (stored,) = (row.media for row in rows_of(clients.database, models.posts))
    of_before = [{name: value for name, value in each.items() if name != "variants"} for each in stored]
    clients.database.write(lambda tx: tx.execute(update(models.posts).values(media=of_before)))
    assert expect_json(jo.send("GET", f"/posts/{post['id']}"), 200)["media"] == post["media"]
    jo.send("DELETE", f"/posts/{post['id']}")
    urls = [photo[name] for photo in (first, second) for name in ("url", "thumbnail_url")]
    assert eventually(lambda: all(clients.service.client.get(url).status_code == 404 for url in urls))


EXIF = Image.Exif()
EXIF.update({0x010F: "Canon", 0x0110: '<b>"camera_info": R5</b>', 0x013B: "Jo, the owner"})
EXIF.get_ifd(0x8769).update({0x829A: 1 / 250, 0xA431: "serial", 0x9003: "2026:05:01 14:03:22"})
EXIF.get_ifd(0x8825).update({1: "N", 2: (37.0, 33.0, 59.0)})
CAMERA_INFO = {
    "make": "Canon",
    "model": '<b>"camera_info": R5</b>',
    "lens": None,
    "exposure_seconds": 0.004,
    "f_number": None,
    "iso": None,
    "focal_length_mm": None,
    "local_time": "2026-05-01T14:03:22",
}


def of_a_camera() -> bytes:
    file = BytesIO()
    Image.new("RGB", (90, 60), (30, 90, 160)).save(file, "JPEG", exif=EXIF.tobytes())
    return file.getvalue()


def test_camera_info_is_kept_only_if_the_uploader_asks(clients: ApiClients) -> None:
    (jo,) = clients.known(1)
    asked = [{"keep_camera_info": "true"}, {"keep_camera_info": "false"}, {}]
    media = [expect_json(jo.upload(of_a_camera(), **fields)) for fields in asked]
    assert [each["camera_info"] for each in media] == [CAMERA_INFO, None, None]
    assert [row.camera_info for row in rows_of(clients.database, models.media)] == [CAMERA_INFO, None, None]
    without = expect_json(jo.upload(keep_camera_info="true"))
    assert without["camera_info"] is None, "the file has none"
    shown = [*media, without]
    post = expect_json(jo.post([each["id"] for each in shown]))
    assert post["media"] == shown
    for path in (f"/posts/{post['id']}", "/posts", f"/posts?ids={post['id']}", "/feed"):
        found = jo.get(path)
        assert (found["items"][0] if "items" in found else found)["media"] == shown
    edited = expect_json(jo.send("PATCH", f"/media/{media[0]['id']}", json={"alt": "A quay"}), 200)
    assert edited == media[0] | {"alt": "A quay"}
    assert jo.get(f"/posts/{post['id']}")["media"] == [edited, *shown[1:]]
    for wrong in ("perhaps", "yes", "1"):
        expect_problem(jo.upload(keep_camera_info=wrong), 422, "validation_failed", "/keep_camera_info")


def test_alt_text_is_optional(clients: ApiClients) -> None:
    (jo,) = clients.known(1)
    assert expect_json(jo.upload())["alt"] is None
    assert expect_json(jo.upload(alt=""))["alt"] is None
    assert expect_json(jo.upload(alt="é" * 1000))["alt"] == "é" * 1000


def test_refused_upload_stores_nothing(clients: ApiClients) -> None:
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


def test_unknown_file_name_is_not_found(service: LiveService) -> None:
    for name in ("nothing.jpg", "..%2fposts.db", "%2e%2e", "%00", "x" * 300, "A.jpg"):
        expect_problem(service.client.get(f"/api/v1/media/{name}"), 404, "not_found")


def test_one_key_stores_a_photo_once(clients: ApiClients) -> None:
    jo, max_ = clients.known(2)
    first = expect_json(jo.upload(alt="a quay", key="one"))
    assert expect_json(jo.upload(alt="a quay", key="one")) == first
    assert expect_json(max_.upload(alt="a quay", key="one")) != first
    assert len(rows_of(clients.database, models.media)) == 2
    expect_problem(jo.upload(alt="another quay", key="one"), 422, "idempotency_key_reused")
    expect_problem(jo.upload(picture() + b"\0", alt="a quay", key="one"), 422, "idempotency_key_reused")
    expect_problem(jo.upload(key="k" * 256), 400, "invalid_idempotency_key")
    assert len(rows_of(clients.database, models.media)) == 2


def test_key_of_a_refused_upload_can_be_used_again(clients: ApiClients) -> None:
    (jo,) = clients.known(1)
    expect_problem(jo.upload(b"no picture", key="one"), 415, "unsupported_media")
    expect_json(jo.upload(key="one"))


def test_cancelled_upload_is_neither_decoded_nor_stored(clients: ApiClients) -> None:
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
    assert len(rows_of(clients.database, models.disposal)) == 2, "a small photo has one size in two formats"
    expect_json(jo.upload(key="one"))


def test_multipart_preamble_and_part_without_file_name_are_accepted(clients: ApiClients) -> None:
    (jo,) = clients.known(1)
    part = b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n' + picture() + b"\r\n--b--\r\n"
    headers = {"content-type": "multipart/form-data; boundary=b"}
    expect_json(jo.send("POST", "/media", content=b"a preamble\r\n" + part, headers=headers))
    alt = b'--b\r\nContent-Disposition: form-data; name="alt"\r\n\r\n\xb9\xd9\xb4\xd9\r\n'
    expect_problem(jo.send("POST", "/media", content=alt + part, headers=headers), 400, "malformed")
    expect_problem(jo.upload(alt_text="a quay"), 422, "validation_failed", "/alt_text")
    assert len(rows_of(clients.database, models.media)) == 1


def test_refused_file_is_reported_with_the_limit(clients: ApiClients) -> None:
    (jo,) = clients.known(1)
    huge = BytesIO()
    Image.new("1", (8_000, 8_000)).save(huge, "PNG")
    told = clients.anybody("/limits").json()["media"]
    for file, status, code, limit, accepted in (
        (huge.getvalue(), 413, "too_large", "too_many_pixels", f"up to {told['max_pixels']} pixels"),
        (b"\0" * (20 * 1024 * 1024 + 1), 413, "too_large", "too_many_bytes", f"up to {told['max_bytes']} bytes"),
        (b"just text", 415, "unsupported_media", "unknown_format", "Send a JPEG, PNG,"),
        (picture()[:-40], 422, "corrupt_media", "damaged", "Send a whole JPEG"),
    ):
        (fault,) = expect_problem(jo.upload(file), status, code, "/file")["errors"]
        assert fault["code"] == limit and accepted in fault["detail"]


def test_photo_responses_support_etags_ranges_and_head(clients: ApiClients) -> None:
    (jo,) = clients.known(1)
    client, url = clients.service.client, expect_json(jo.upload())["url"]
    whole = client.get(url)
    assert client.get(url, headers={"if-none-match": whole.headers["etag"]}).status_code == 304
    assert client.get(url, headers={"range": "bytes=0-9"}).content == whole.content[:10]
    assert client.get(url, headers={"range": "bytes=9999999-"}).status_code == 416
    assert client.head(url).headers["content-length"] == str(len(whole.content))


def test_all_photos_of_a_post_can_be_uploaded_concurrently(clients: ApiClients) -> None:
    jo, max_ = clients.known(2)
    with ThreadPoolExecutor(11) as pool:
        answers = [pool.submit(jo.upload) for _ in range(10)]
        beside = pool.submit(max_.upload)
        media_ids = {expect_json(answer.result())["id"] for answer in answers}
        expect_json(beside.result())
    assert len(media_ids) == 10
    expect_json(jo.post(sorted(media_ids)))


def test_alternative_text_is_edited_before_and_after_the_photo_is_posted(clients: ApiClients) -> None:
    (jo,) = clients.known(1)
    photo = expect_json(jo.upload(alt="a quay"))
    path = f"/media/{photo['id']}"
    assert expect_json(jo.send("PATCH", path, json={"alt": "a harbour"}), 200) == photo | {"alt": "a harbour"}
    post = expect_json(jo.post([photo["id"], jo.photo()]))
    assert post["media"][0]["alt"] == "a harbour"
    assert expect_json(jo.send("PATCH", path, json={"alt": "\u2003"}), 200)["alt"] is None
    edited = jo.get(f"/posts/{post['id']}")
    assert edited["media"] == [post["media"][0] | {"alt": None}, post["media"][1]]
    assert edited["updated_at"] > post["updated_at"]
    assert expect_json(jo.send("PATCH", path, json={}), 200)["alt"] is None
    assert jo.get(f"/posts/{post['id']}") == edited
    expect_problem(jo.send("PATCH", path, json={"alt": "a" * 1001}), 422, "validation_failed", "/alt")


def test_alternative_text_of_another_user_cannot_be_edited(clients: ApiClients) -> None:
    jo, max_ = clients.known(2)
    posted, unused = jo.photo(), jo.photo()
    expect_json(jo.post([posted]))
    expect_problem(max_.send("PATCH", f"/media/{posted}", json={"alt": "x"}), 403, "not_yours")
    expect_problem(max_.send("PATCH", f"/media/{posted}", json={}), 403, "not_yours")
    expect_problem(max_.send("PATCH", f"/media/{unused}", json={"alt": "x"}), 404, "not_found")
    expect_problem(jo.send("PATCH", "/media/0000000000000001", json={"alt": "x"}), 404, "not_found")
    assert {row.alt for row in rows_of(clients.database, models.media)} == {None}


def test_alternative_text_of_an_upload_that_has_expired_cannot_be_edited(clients: ApiClients) -> None:
    (jo,) = clients.known(1)
    photo = jo.photo()
    clients.database.write(lambda tx: tx.execute(update(models.media).values(created_at=0)))
    expect_problem(jo.send("PATCH", f"/media/{photo}", json={"alt": "x"}), 404, "not_found")


def test_each_photo_that_cannot_be_posted_is_pointed_at(clients: ApiClients) -> None:
    jo, max_ = clients.known(2)
    used = jo.photo()
    expect_json(jo.post([used]))
    answer = jo.post([jo.photo(), max_.photo(), used])
    errors = expect_problem(answer, 422, "unknown_media")["errors"]
    assert [(each["pointer"], each["code"]) for each in errors] == [
        ("/media_ids/1", "unknown_media"),
        ("/media_ids/2", "media_already_used"),
    ]
