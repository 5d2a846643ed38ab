"""Turns untrusted image uploads into two clean, upright JPEGs, or rejects them.

`processor` queues uploads and hands each to a subprocess (`decoder_client`, `decoder_process`, `pipe_protocol`), which
decodes the file (`decode`, with `jpeg`, `png` and `isobmff` removing metadata first), converts it to sRGB (`colours`,
`icc`, `cicp`) and encodes the result (`renditions`).
"""

from shared.images.processor import ImageProcessor

from .pipe_protocol import CameraInfo, ProcessedImage, Rendition

__all__ = ["CameraInfo", "ImageProcessor", "ProcessedImage", "Rendition"]
