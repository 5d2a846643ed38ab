"""Makes pictures of strangers safe to keep: an upload becomes two clean, upright JPEGs, or is refused.

The `darkroom` is the door. It hands the bytes to a `worker`, whose process (`bench`) recognises them
(`formats`), decodes them (`negative`), translates their `colours` and makes the `prints` of a `picture`.
"""

from shared.images.processor import ImageProcessor

from .picture import ProcessedImage, Rendition

__all__ = ["ImageProcessor", "ProcessedImage", "Rendition"]
