"""Where a request went, as text that is safe in an answer, whatever bytes the client sent."""

from urllib.parse import quote

from fastapi import Request

_PLAIN = "/:@!$&'()*+,;="


def path_of(request: Request) -> str:
    """The path of the request, escaped again.

    The framework's `request.url` decodes the query as well, and fails where that is no UTF-8.
    """
    return quote(request.scope["path"], safe=_PLAIN, errors="replace")
