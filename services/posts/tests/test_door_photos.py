"""Uploading a photo and getting it back; what comes of each kind of file is the darkroom's own test."""

from io import BytesIO

from PIL import Image

from services.posts import models
from shared.testing import Running

from .crowd import Crowd, made, picture, refused
from .world import rows_of


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
