"""Photos: detected by content in six formats, rotated upright, served without metadata."""

from typing import Any

import httpx
import pytest
from PIL import Image

from .image_files import (
    CORNERS,
    GPS,
    animation,
    corners_of,
    decoded,
    drawn,
    encoded,
    exchanged_profile,
    four_corners,
    picture,
    telling_exif,
    turned_exif,
)
from .person import Person
from .responses import ID, answer, invalid, refusal, unauthorized

MEDIA = {"id", "url", "thumbnail_url", "width", "height", "blurhash", "alt", "content_type"}
RENDITIONS = ("url", "thumbnail_url")
FORMATS = ["JPEG", "PNG", "WEBP", "GIF", "HEIF", "AVIF"]


@pytest.fixture(scope="module")
def jo(web: httpx.Client) -> Person:
    return Person.newcomer(web)


def uploaded(jo: Person, file: bytes, **fields: str) -> Any:
    return answer(jo.upload(file, **fields), 201)


def seen(web: httpx.Client, media: dict[str, Any], rendition: str = "url") -> Image.Image:
    served = web.get(media[rendition])
    assert served.status_code == 200, served.text
    return decoded(served.content)


@pytest.mark.parametrize("form", FORMATS)
def test_photo_of_each_format_is_accepted_and_served(web: httpx.Client, jo: Person, form: str) -> None:
    media = uploaded(jo, encoded(four_corners((160, 120)), form))
    assert set(media) >= MEDIA and ID.fullmatch(media["id"])
    assert (media["width"], media["height"], media["alt"]) == (160, 120, None)
    assert len(media["blurhash"]) >= 6
    for rendition in RENDITIONS:
        image = seen(web, media, rendition)
        assert corners_of(image) == list(CORNERS)
        assert abs(image.width / image.height - 4 / 3) < 0.05
    assert seen(web, media).size == (160, 120)
    assert web.get(media["url"]).headers["content-type"] == media["content_type"]


@pytest.mark.parametrize("form", FORMATS)
def test_format_is_detected_from_the_content_only(jo: Person, form: str) -> None:
    declared_otherwise = (
        ("x.exe", "application/x-msdownload"),
        ("../../x", "text/html"),
        ("photo", "image/tiff"),
    )
    for name, declared in declared_otherwise:
        files = {"file": (name, picture(form), declared)}
        answer(jo.send("POST", "/media", files=files), 201)


def test_first_frame_of_an_animation_is_used(web: httpx.Client, jo: Person) -> None:
    image = seen(web, uploaded(jo, animation()))
    assert getattr(image, "n_frames", 1) == 1
    assert corners_of(image) == ["red"] * 4


TURNS: dict[int, Image.Transpose | None] = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""How a camera that notes this orientation has stored an upright picture."""


@pytest.mark.parametrize("orientation", sorted(TURNS))
def test_photo_is_rotated_upright(web: httpx.Client, jo: Person, orientation: int) -> None:
    turn, upright = TURNS[orientation], four_corners((120, 80))
    stored = upright if turn is None else upright.transpose(turn)
    media = uploaded(jo, encoded(stored, "JPEG", quality=95, exif=turned_exif(orientation)))
    assert (media["width"], media["height"]) == (120, 80)
    for rendition in RENDITIONS:
        image = seen(web, media, rendition)
        assert corners_of(image) == list(CORNERS)
        assert image.getexif().get(0x0112, 1) == 1


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "HEIF", "AVIF"])
def test_location_and_author_metadata_are_removed(web: httpx.Client, jo: Person, form: str) -> None:
    comment = {"comment": b"<script>"} if form == "JPEG" else {}
    original = encoded(four_corners(), form, exif=telling_exif(), **comment)
    assert decoded(original).getexif().get_ifd(GPS) and b"Secret" in original, "there is something to remove"
    media = uploaded(jo, original)
    for rendition in RENDITIONS:
        served = web.get(media[rendition]).content
        assert not decoded(served).getexif()
        assert not {"exif", "xmp", "comment", "photoshop", "icc_profile"} & set(decoded(served).info)
        assert b"Secret" not in served and b"<script>" not in served and b"Exif" not in served


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "HEIF", "AVIF"])
def test_colour_profile_is_applied_and_removed(web: httpx.Client, jo: Person, form: str) -> None:
    media = uploaded(jo, encoded(four_corners((160, 120)), form, icc_profile=exchanged_profile()))
    for rendition in RENDITIONS:
        image = seen(web, media, rendition)
        assert corners_of(image) == ["green", "red", "blue", "white"]
        assert "icc_profile" not in image.info


def test_data_after_the_image_is_removed(web: httpx.Client, jo: Person) -> None:
    media = uploaded(jo, picture() + b"<html><script>alert('behind')</script>")
    assert all(b"behind" not in web.get(media[rendition]).content for rendition in RENDITIONS)


def test_transparent_photo_is_accepted(web: httpx.Client, jo: Person) -> None:
    image = Image.new("RGBA", (60, 40), (10, 200, 30, 0))
    image.paste((220, 30, 30, 255), (0, 0, 30, 40))
    assert seen(web, uploaded(jo, encoded(image, "PNG"))).size == (60, 40)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "CMYK", "I;16"])
def test_other_pixel_formats_are_accepted(web: httpx.Client, jo: Person, mode: str) -> None:
    image = Image.new("I;16", (60, 40), 3000) if mode == "I;16" else drawn((60, 40)).convert(mode)
    file = encoded(image, "JPEG" if mode == "CMYK" else "PNG")
    assert seen(web, uploaded(jo, file)).size == (60, 40)


def test_smallest_photo_is_accepted(web: httpx.Client, jo: Person) -> None:
    media = uploaded(jo, encoded(Image.new("RGB", (1, 1), "red"), "PNG"))
    assert (media["width"], media["height"]) == (1, 1)
    assert seen(web, media, "thumbnail_url").size == (1, 1)


def test_thumbnail_is_smaller_than_a_large_photo(web: httpx.Client, jo: Person) -> None:
    media = uploaded(jo, encoded(four_corners((3000, 2000)), "JPEG"))
    display, thumbnail = seen(web, media), seen(web, media, "thumbnail_url")
    assert display.size == (media["width"], media["height"])
    assert thumbnail.width < display.width <= 3000
    assert corners_of(thumbnail) == corners_of(display) == list(CORNERS)


def test_photo_has_an_alternative_text(jo: Person) -> None:
    assert uploaded(jo, picture(), alt="A quay at dusk 🌊")["alt"] == "A quay at dusk 🌊"
    assert uploaded(jo, picture(), alt="a" * 1000)["alt"] == "a" * 1000
    invalid(jo.upload(picture(), alt="a" * 1001), "/alt")


NO_PHOTOS = {
    "text": b"just text",
    "zeros": b"\0" * 500,
    "pdf": b"%PDF-1.7\n%%EOF",
    "html": b"<html><script>alert(1)</script></html>",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'><rect width='9' height='9'/></svg>",
    "zip": b"PK\x03\x04 and more",
    "three bytes": b"GIF",
    **{form.lower(): encoded(drawn((30, 20)), form) for form in ("BMP", "TIFF", "ICO", "PPM", "TGA")},
}


@pytest.mark.parametrize("kind", NO_PHOTOS)
def test_file_that_is_not_an_image_is_refused(jo: Person, kind: str) -> None:
    refusal(jo.upload(NO_PHOTOS[kind]), 415, "unsupported_media")


@pytest.mark.parametrize("form", FORMATS)
def test_truncated_photo_is_refused(jo: Person, form: str) -> None:
    whole = encoded(drawn((300, 200)), form)
    refusal(jo.upload(whole[: len(whole) * 2 // 3]), 422, "corrupt_media")


def test_corrupted_photo_is_refused(jo: Person) -> None:
    whole = picture("PNG", (200, 200))
    garbled = whole[:60] + bytes(byte ^ 0xFF for byte in whole[60:200]) + whole[200:]
    refusal(jo.upload(garbled), 422, "corrupt_media")


def test_file_above_20_megabytes_is_refused(jo: Person) -> None:
    refusal(jo.upload(picture() + b"\0" * (20 * 1024 * 1024)), 413)


def test_small_file_with_too_many_pixels_is_refused(jo: Person) -> None:
    bomb = encoded(Image.new("1", (13_300, 13_300)), "PNG")
    assert len(bomb) < 100_000
    refusal(jo.upload(bomb), {413, 422})


def test_upload_without_a_file_is_refused(jo: Person) -> None:
    invalid(jo.send("POST", "/media", files={"other": ("photo.jpg", picture(), "image/jpeg")}), "/file")
    invalid(jo.send("POST", "/media", files={"alt": (None, b"words only")}), "/file")
    refusal(jo.upload(b""), {415, 422})
    refusal(jo.send("POST", "/media", json={"file": "words"}), 415)


def test_upload_with_a_malformed_multipart_body_is_refused(jo: Person) -> None:
    broken = (
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=b", b"no such boundary"),
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nhal'),
        ("multipart/form-data; boundary=b", b"--b\r\n" + b"X: y\r\n" * 2000 + b"\r\n\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b", b""),
    )
    for content_type, body in broken:
        refusal(jo.send("POST", "/media", content=body, headers={"Content-Type": content_type}), {400, 422})


def test_upload_requires_a_token(web: httpx.Client) -> None:
    unauthorized(web.post("/api/v1/media", files={"file": ("photo.jpg", picture(), "image/jpeg")}))


def test_served_image_is_not_sniffed_and_is_cacheable(web: httpx.Client, jo: Person) -> None:
    media = jo.posted()["media"][0]
    avatar = answer(jo.show_face(picture()))["avatar_url"]
    for url in (media["url"], media["thumbnail_url"], avatar):
        served = web.get(url)
        assert served.status_code == 200 and served.headers["content-type"].startswith("image/")
        assert served.headers["x-content-type-options"] == "nosniff"
        assert served.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert "immutable" in served.headers["cache-control"] and "public" in served.headers["cache-control"]
        assert int(served.headers["content-length"]) == len(served.content)


def test_private_photo_is_not_stored_by_shared_caches(web: httpx.Client, jo: Person) -> None:
    room = answer(jo.open_room(Person.registered(web).id), 201)["id"]
    media = answer(jo.upload_to(room), 201)
    for rendition in RENDITIONS:
        served = jo.fetch("GET", media[rendition])
        assert served.status_code == 200 and "public" not in served.headers.get("cache-control", "")
        assert served.headers["x-content-type-options"] == "nosniff"
        assert served.headers["content-security-policy"] == "default-src 'none'; sandbox"


def test_stored_file_name_is_not_chosen_by_the_client(web: httpx.Client, jo: Person) -> None:
    files = {"file": ("../../../holiday.php", picture(), "image/jpeg")}
    media = answer(jo.send("POST", "/media", files=files), 201)
    assert "holiday" not in media["url"] and ".." not in media["url"] and "php" not in media["url"]
    folder = media["url"].rpartition("/")[0]
    for name in ("nothing.jpg", "..%2f..%2fposts.db", "%2e%2e/%2e%2e/posts.db", "%00", "x" * 300, "..\\x"):
        assert web.get(f"{folder}/{name}").status_code in (400, 404), name
