"""How an image was taken: only these fields, only credible values, of untrusted EXIF."""

from struct import pack

import pytest
from PIL import ExifTags, Image

from shared.images import CameraInfo, camera, isobmff, renditions
from shared.images.limits import MAX_CAMERA_TEXT_LENGTH
from shared.tests import image_metadata as meta
from shared.tests import sample_images as samples

IFD = ExifTags.IFD.Exif
TAGS = ExifTags.Base
PRIVATE = "PRIVATE-MARKER"
TAKEN = CameraInfo(
    make="Canon",
    model="Canon EOS R5",
    lens="RF50mm F1.2 L USM",
    exposure_seconds=0.004,
    f_number=2.8,
    iso=400,
    focal_length_mm=50.0,
    local_time="2026-05-01T14:03:22",
)
Entry = tuple[int, int, int, bytes]
"""Tag, type, count and content."""
SHORT, LONG, RATIONAL, ASCII, UNDEFINED, DOUBLE = 3, 4, 5, 2, 7, 12


def exif_of_a_camera() -> Image.Exif:
    exif = samples.with_exif(1, PRIVATE)
    exif.update({TAGS.Make: "Canon", TAGS.Model: "Canon EOS R5", TAGS.Artist: PRIVATE, TAGS.Copyright: PRIVATE})
    exif.get_ifd(IFD).update(
        {
            TAGS.ExposureTime: 1 / 250,
            TAGS.FNumber: 2.8,
            TAGS.ISOSpeedRatings: 400,
            TAGS.FocalLength: 50.0,
            TAGS.LensModel: "RF50mm F1.2 L USM",
            TAGS.DateTimeOriginal: "2026:05:01 14:03:22",
            TAGS.OffsetTimeOriginal: "+09:00",
            TAGS.CameraOwnerName: PRIVATE,
            TAGS.BodySerialNumber: PRIVATE,
            TAGS.LensSerialNumber: PRIVATE,
            TAGS.UserComment: PRIVATE,
            TAGS.MakerNote: PRIVATE,
        }
    )
    return exif


def entry(tag: int, kind: int, content: bytes, count: int) -> Entry:
    return tag, kind, count, content


def tiff(main: list[Entry], details: list[Entry]) -> bytes:
    """EXIF of these entries, in the image directory and in that of EXIF, whatever they contain."""
    at = 8 + 2 + 12 * (len(main) + 1) + 4
    first, data = _directory([*main, (IFD, LONG, 1, b"")], at)
    second, more = _directory(details, at + len(data) + 2 + 12 * len(details) + 4)
    first = first.replace(pack("<HHII", IFD, LONG, 1, 0), pack("<HHII", IFD, LONG, 1, at + len(data)))
    return b"II*\0" + pack("<I", 8) + first + data + second + more


def _directory(entries: list[Entry], at: int) -> tuple[bytes, bytes]:
    table, data = pack("<H", len(entries)), b""
    for tag, kind, count, content in entries:
        if len(content) <= 4:
            table += pack("<HHI", tag, kind, count) + content.ljust(4, b"\0")
        else:
            table += pack("<HHII", tag, kind, count, at + len(data))
            data += content
    return table + bytes(4), data


def text(tag: int, content: bytes) -> Entry:
    return entry(tag, ASCII, content + b"\0", len(content) + 1)


def rational(tag: int, over: int, under: int) -> Entry:
    return entry(tag, RATIONAL, pack("<II", over, under), 1)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF", "AVIF"])
def test_every_format_with_exif_says_how_it_was_taken_and_nothing_private(kind: str) -> None:
    picture = renditions.render(samples.encoded(samples.corners(), kind, exif=exif_of_a_camera().tobytes()))
    assert picture.camera_info == TAKEN
    assert PRIVATE not in str(picture.camera_info)


@pytest.mark.parametrize("data", [samples.encoded(samples.corners(), kind) for kind in samples.FORMATS])
def test_image_without_exif_says_nothing(data: bytes) -> None:
    assert renditions.render(data).camera_info is None


def test_position_and_names_alone_are_nothing() -> None:
    data = samples.encoded(samples.corners(), "JPEG", exif=samples.with_exif(6, PRIVATE).tobytes())
    assert renditions.render(data).camera_info is None


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (b"Canon", "Canon"),
        (b"  NIKON   CORPORATION  ", "NIKON CORPORATION"),
        ("카메라".encode(), "카메라"),
        (b"Z\xfcrich", "Zürich"),
        (b"a\x00b\x1b[31m\r\nc\x7f", "a b [31m c"),
        ("a\u202eb\u2066c".encode(), "a b c"),
        (b"<script>alert(1)</script>", "<script>alert(1)</script>"),
        (b"x" * 60_000, "x" * MAX_CAMERA_TEXT_LENGTH),
        (b"    ", None),
        ("\u200b\u3164".encode(), None),
        (b"", None),
    ],
)
def test_texts_are_one_short_line(written: bytes, read: str | None) -> None:
    found = camera.read(tiff([text(TAGS.Make, b"A"), text(TAGS.Model, written)], []))
    assert found == CameraInfo(make="A", model=read)


HOSTILE: dict[str, Entry] = {
    "exposure of 0": rational(TAGS.ExposureTime, 0, 1),
    "exposure by 0": rational(TAGS.ExposureTime, 1, 0),
    "0 by 0": rational(TAGS.ExposureTime, 0, 0),
    "exposure of years": rational(TAGS.ExposureTime, 2**32 - 1, 1),
    "exposure as text": text(TAGS.ExposureTime, b"1/250"),
    "exposure as bytes": entry(TAGS.ExposureTime, UNDEFINED, b"123456", 6),
    "exposure that is no number": entry(TAGS.ExposureTime, DOUBLE, pack("<d", float("nan")), 1),
    "exposure without end": entry(TAGS.ExposureTime, DOUBLE, pack("<d", float("inf")), 1),
    "two exposures": entry(TAGS.ExposureTime, RATIONAL, pack("<IIII", 1, 250, 1, 2), 2),
    "aperture below 0": entry(TAGS.FNumber, DOUBLE, pack("<d", -2.8), 1),
    "focal length of a mountain": rational(TAGS.FocalLength, 2**31, 3),
    "ISO of 0": entry(TAGS.ISOSpeedRatings, SHORT, pack("<H", 0), 1),
    "ISO that is unknown": entry(TAGS.ISOSpeedRatings, SHORT, pack("<H", 65_535), 1),
    "ISO as text": text(TAGS.ISOSpeedRatings, b"many"),
    "a lens of bytes": entry(TAGS.LensModel, UNDEFINED, b"lens\0\1\2\3", 8),
    "a lens of numbers": entry(TAGS.LensModel, SHORT, pack("<HHHH", 1, 2, 3, 4), 4),
    "four thousand million letters": entry(TAGS.LensModel, ASCII, pack("<I", 2**31), 2**32 - 1),
    "no time": text(TAGS.DateTimeOriginal, b"    :  :     :  :  "),
    "a time that does not exist": text(TAGS.DateTimeOriginal, b"2026:02:30 25:61:61"),
    "a time with markup": text(TAGS.DateTimeOriginal, b"2026:05:01 14:03:22<b>"),
    "the year 0": text(TAGS.DateTimeOriginal, b"0000:00:00 00:00:00"),
    "a time of numbers": entry(TAGS.DateTimeOriginal, LONG, pack("<II", 1, 2), 2),
}


@pytest.mark.parametrize("wrong", HOSTILE.values(), ids=HOSTILE)
def test_values_that_are_not_credible_are_left_out(wrong: Entry) -> None:
    exif = tiff([text(TAGS.Make, b"Canon")], [wrong])
    found = renditions.render(meta.jpeg_with(JPEG, meta.jpeg_segment(0xE1, b"Exif\0\0" + exif)))
    assert found.camera_info == CameraInfo(make="Canon")


JPEG = samples.encoded(samples.corners(), "JPEG")
DAMAGED: dict[str, bytes] = {
    "nothing": b"",
    "nonsense": b"nonsense",
    "a header alone": b"II*\0\x08\0\0\0",
    "a directory that contains itself": tiff([entry(IFD, LONG, pack("<I", 8), 1)], []),
    "a directory outside": b"II*\0" + pack("<I", 2**31),
    "65,535 entries": b"II*\0" + pack("<IH", 8, 65_535) + bytes(100),
}


@pytest.mark.parametrize("exif", DAMAGED.values(), ids=DAMAGED)
def test_damaged_exif_says_nothing_and_the_image_is_accepted(exif: bytes) -> None:
    found = renditions.render(meta.jpeg_with(JPEG, meta.jpeg_segment(0xE1, b"Exif\0\0" + exif)))
    assert found.camera_info is None


def test_every_cut_of_exif_is_read_or_ignored() -> None:
    whole = exif_of_a_camera().tobytes()
    for length in range(len(whole)):
        found = camera.read(whole[:length])
        assert found is None or PRIVATE not in str(found)


def test_exif_of_more_than_a_megabyte_is_not_read() -> None:
    exif = tiff([text(TAGS.Make, b"Canon"), text(TAGS.Artist, b"x" * camera.MAX_EXIF_BYTES)], [])
    picture = renditions.render(meta.png_with(samples.encoded(samples.corners(), "PNG"), meta.png_chunk(b"eXIf", exif)))
    assert picture.camera_info is None


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
def test_exif_of_heic_and_avif_is_found_by_its_place_alone(kind: str) -> None:
    data = samples.encoded(samples.corners(), kind, exif=exif_of_a_camera().tobytes())
    items = isobmff.read(data)
    assert camera.read(isobmff.exif(data, items)) == TAKEN
    at = data.index(b"iloc") + 4
    for place in range(at, at + 60):
        for value in (0, 1, 0x7F, 0xFF):  # never an error, whatever the places say
            changed = data[:place] + bytes([value]) + data[place + 1 :]
            camera.read(isobmff.exif(changed, items))
