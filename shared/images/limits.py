"""Limits of one upload, of the work of decoding it, and the errors for exceeding them."""

from shared.errors import FieldError, Invalid, TooLarge, UnsupportedMedia

MAX_BYTES = 20 * 1024**2
# 60 megapixels, as makers of cameras count them: the largest of these have 9,504 x 6,336.
MAX_PIXELS = 60_300_000
# What the decoders can count; the cost depends on the number of pixels.
MAX_SIDE = 1_000_000
# Each scan of a JPEG goes over all its pixels. Cameras and encoders write 1 to 12.
MAX_SCANS = 100
# A WebP of a single colour has many; no real image has more.
MAX_PIXELS_PER_BYTE = 100_000

# The slowest legitimate upload, a HEIC of 48 megapixels, takes about 6.
MAX_CPU_SECONDS = 10
# What a decoder may hold of one picture at once. With the libraries, the file and the smaller copies, the process then
# stays below 300 MB.
MAX_DECODED_BYTES = 235 * 10**6
# What the system lets the process allocate, whatever the file says of itself; libraries are not counted.
MAX_MEMORY_BYTES = 290 * 10**6

# Of what is kept of the EXIF of an image; values beyond are not credible.
MAX_CAMERA_TEXT_LENGTH = 100
MAX_ISO = 10_000_000
MAX_EXPOSURE_SECONDS, MAX_F_NUMBER, MAX_FOCAL_LENGTH_MM = 86_400.0, 1_000.0, 100_000.0


def check_size(width: int, height: int, size: int) -> None:
    """Called before decoding: a file of 21 KB can require a gigabyte. Raises TooLarge or Invalid."""
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise too_many_pixels(f"This one has {width} x {height}.")
    if width * height > MAX_PIXELS_PER_BYTE * size:
        raise too_few_bytes()


def check_memory(size: int) -> None:
    """Called before decoding with the bytes that it takes. Raises TooLarge."""
    if size > MAX_DECODED_BYTES:
        raise too_much_memory()


def too_many_bytes() -> TooLarge:
    return _too_large("too_many_bytes", f"A picture may have up to {MAX_BYTES} bytes ({MAX_BYTES // 1024**2} MiB).")


def too_many_pixels(found: str = "") -> TooLarge:
    detail = f"A picture may have up to {MAX_PIXELS} pixels, and {MAX_SIDE} on a side. {found}"
    return _too_large("too_many_pixels", detail.rstrip())


def too_much_memory() -> TooLarge:
    """In practice, for 60 megapixels of anything but JPEG and lossy WebP, and progressive JPEG of full colour."""
    megabytes = MAX_DECODED_BYTES // 10**6
    detail = f"Decoding this picture takes more than {megabytes} MB of memory. A baseline JPEG of its size is taken."
    return _too_large("too_much_memory", detail)


def unsupported(code: str) -> UnsupportedMedia:
    detail = "Send a JPEG, PNG, WebP, GIF, HEIC (coded with HEVC) or AVIF picture."
    return UnsupportedMedia("unsupported_media", detail, field_errors=(FieldError("/file", code, detail),))


def corrupt() -> Invalid:
    return _invalid(
        "damaged", "The file is damaged or incomplete. Send a whole JPEG, PNG, WebP, GIF, HEIC or AVIF picture."
    )


def too_many_scans() -> Invalid:
    return _invalid("too_many_scans", f"A JPEG may have up to {MAX_SCANS} scans. A baseline JPEG has one.")


def too_few_bytes() -> Invalid:
    detail = f"The file is much too small for its width and height: a byte has at most {MAX_PIXELS_PER_BYTE} pixels."
    return _invalid("too_few_bytes", detail)


def too_much_work() -> Invalid:
    detail = (
        f"Decoding this picture takes more than {MAX_CPU_SECONDS} s of processor time. A JPEG of its size is taken."
    )
    return _invalid("too_much_work", detail)


def _too_large(code: str, detail: str) -> TooLarge:
    return TooLarge("too_large", detail, field_errors=(FieldError("/file", code, detail),))


def _invalid(code: str, detail: str) -> Invalid:
    return Invalid("corrupt_media", detail, field_errors=(FieldError("/file", code, detail),))
