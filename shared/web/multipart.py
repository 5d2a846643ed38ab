"""Reads multipart/form-data (RFC 7578): text in UTF-8, files by the name of their field, any preamble."""

from collections.abc import AsyncGenerator, Collection

from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, Headers
from starlette.formparsers import MultiPartException, MultiPartParser

MAX_PARTS = 100
"""Of each kind. More than any route has, so that a few unknown ones are reported as invalid fields."""
MAX_TEXT_BYTES = 64 * 1024
_UTF8 = frozenset({b"utf-8", b"utf8", b"us-ascii"})


class FormParser(MultiPartParser):
    """The framework's parser, except that the field name decides what is a file, and that text must be UTF-8.

    `filename` is optional (RFC 7578, section 4.2), and some clients send `filename*` alone.
    """

    def __init__(self, headers: Headers, stream: AsyncGenerator[bytes, None], files: Collection[str]) -> None:
        super().__init__(
            headers,
            without_preamble(stream, _boundary(headers)),
            max_files=MAX_PARTS,
            max_fields=MAX_PARTS,
            max_part_size=MAX_TEXT_BYTES,
        )
        self._file_fields = files
        self._is_whole = False

    def on_headers_finished(self) -> None:
        part = self._current_part
        _, options = parse_options_header(part.content_disposition)
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if name in self._file_fields and b"filename" not in options and part.content_disposition is not None:
            part.content_disposition += b'; filename="file"'
        super().on_headers_finished()
        if part.file is None:
            _require_utf8(dict(part.item_headers).get(b"content-type", b""))

    def on_part_end(self) -> None:
        part = self._current_part
        if part.file is None:
            try:
                part.data.decode()
            except UnicodeDecodeError:
                raise MultiPartException("Text of a form has to be UTF-8.") from None
        super().on_part_end()

    def on_end(self) -> None:
        self._is_whole = True

    async def parse(self) -> FormData:
        """The fields, in order. Raises MultiPartException, and OSError when files cannot be stored on disk."""
        form = await super().parse()
        if not self._is_whole:
            for file in self._files_to_close_on_error:
                file.close()
            raise MultiPartException("The form ends before its last boundary.")
        return form


async def without_preamble(stream: AsyncGenerator[bytes, None], boundary: bytes) -> AsyncGenerator[bytes, None]:
    """The body from its first boundary; bytes before it are ignored (RFC 2046, section 5.1.1)."""
    delimiter = b"\r\n--" + boundary
    seen = b"\r\n"  # the first boundary may be at the very beginning
    async for chunk in stream:
        seen += chunk
        start = seen.find(delimiter)
        if start >= 0:
            yield seen[start + 2 :]
            break
        seen = seen[-len(delimiter) :]
    async for chunk in stream:
        yield chunk


def _boundary(headers: Headers) -> bytes:
    boundary = parse_options_header(headers.get("content-type"))[1].get(b"boundary")
    if not boundary:
        raise MultiPartException("Missing boundary in multipart.")
    return boundary


def _require_utf8(content_type: bytes) -> None:
    charset = parse_options_header(content_type)[1].get(b"charset", b"utf-8")
    if charset.lower() not in _UTF8:
        raise MultiPartException("Text of a form has to be UTF-8.")
