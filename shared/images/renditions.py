"""Encodes the display size, the thumbnail and the BlurHash of a decoded image.

As JPEG: encoding 2048 x 1536 costs 25 ms, against 100 to 400 ms as WebP, which would be a fifth to a third smaller; and
every client supports it. Transparent pixels are blended with white for that.
"""

from io import BytesIO

from PIL import Image

from shared.images import blurhash_encoder, decode

from .pipe_protocol import ProcessedImage, Rendition

DISPLAY_PIXELS = 2048
THUMBNAIL_PIXELS = 480
CONTENT_TYPE = "image/jpeg"
QUALITY = 85
# Up to this longest side, chroma is not subsampled.
MAX_PIXELS_WITHOUT_SUBSAMPLING = 128


def render(data: bytes) -> ProcessedImage:
    """Raises UnsupportedMedia, TooLarge or Invalid."""
    canvas = decode.decode(data, DISPLAY_PIXELS)
    return ProcessedImage(
        display=_encode(canvas, DISPLAY_PIXELS),
        thumbnail=_encode(canvas, THUMBNAIL_PIXELS),
        content_type=CONTENT_TYPE,
        blurhash=blurhash_encoder.encode(canvas, *((4, 3) if canvas.width >= canvas.height else (3, 4))),
    )


def _encode(canvas: Image.Image, longest: int) -> Rendition:
    copy = canvas.copy()
    copy.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    file = BytesIO()
    subsampling = "4:4:4" if max(copy.size) <= MAX_PIXELS_WITHOUT_SUBSAMPLING else "4:2:0"
    copy.save(file, "JPEG", quality=QUALITY, optimize=True, subsampling=subsampling)
    return Rendition(file.getvalue(), *copy.size)
