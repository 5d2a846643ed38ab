"""Limits of one upload, of the work of decoding it, and the errors for exceeding them."""

from shared.errors import FieldError, Invalid, TooLarge, UnsupportedMedia

MAX_BYTES = 20 * 1024**2
MAX_PIXELS = 60_000_000
# The largest side that JPEG supports; the cost depends on the number of pixels.
MAX_SIDE = 65_535
# Each scan of a JPEG goes over all its pixels. Cameras and encoders write 1 to 12.
MAX_SCANS = 100
# A WebP of a single colour has many; no real image has more.
MAX_PIXELS_PER_BYTE = 100_000

# The slowest legitimate upload, a HEIC of 48 megapixels, takes about 6.
MAX_CPU_SECONDS = 10
# Address space. The largest legitimate upload needs 1.1 GB.
MAX_MEMORY_BYTES = 1536 * 1024**2


def check_size(width: int, height: int, size: int) -> None:
    """Called before decoding: a file of 21 KB can require a gigabyte. Raises TooLarge or Invalid."""
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise too_many_pixels()
    if width * height > MAX_PIXELS_PER_BYTE * size:
        raise too_few_bytes()


def too_many_bytes() -> TooLarge:
    return _too_large("too_many_bytes", f"A picture may have up to {MAX_BYTES // 1024**2} MB.")


def too_many_pixels() -> TooLarge:
    megapixels = MAX_PIXELS // 10**6
    detail = f"A picture may have up to {megapixels} megapixels, {MAX_SIDE} on its longest side."
    return _too_large("too_many_pixels", detail)


def unsupported(code: str) -> UnsupportedMedia:
    detail = "Send a JPEG, PNG, WebP, GIF, HEIC or AVIF picture."
    return UnsupportedMedia("unsupported_media", detail, field_errors=(FieldError("/file", code, detail),))


def corrupt() -> Invalid:
    return _invalid("damaged", "The file is damaged and cannot be opened as a picture.")


def too_many_scans() -> Invalid:
    return _invalid("too_many_scans", f"A JPEG may have up to {MAX_SCANS} scans.")


def too_few_bytes() -> Invalid:
    return _invalid("too_few_bytes", "The file is much too small for the size that it claims to have.")


def too_much_work() -> Invalid:
    return _invalid("too_much_work", f"Decoding this picture takes more than {MAX_CPU_SECONDS} s of processor time.")


def _too_large(code: str, detail: str) -> TooLarge:
    return TooLarge("too_large", detail, field_errors=(FieldError("/file", code, detail),))


def _invalid(code: str, detail: str) -> Invalid:
    return Invalid("corrupt_media", detail, field_errors=(FieldError("/file", code, detail),))
