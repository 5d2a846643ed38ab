"""Purges deleted files from the caches of a content delivery network (CDN)."""

from collections.abc import Iterable

from pydantic import SecretStr

from shared import metrics
from shared.errors import Unavailable
from shared.files.garbage import Purge
from shared.security.service_calls import ssl_context_for
from shared.settings import Settings

URLS_PER_REQUEST = 30
"""CDNs limit how many URLs a request may have; no common limit is lower."""
WAIT_SECONDS = 10.0
CONNECT_SECONDS = 2.0


class CdnPurge:
    """Posts `{"files": [URL, ...]}` to the hook of a CDN. Blocking: called from the thread of a worker.

    `base_url` is where clients get the files: a name is appended to it. A status of 2xx means that the files are
    purged; redirects are not followed, and the body of the response is not read.
    """

    def __init__(self, service: str, hook_url: str, token: SecretStr, base_url: str) -> None:
        self._service = service
        self._hook_url = hook_url
        self._token = token.get_secret_value()
        self._base_url = base_url

    def __call__(self, names: Iterable[str]) -> None:
        urls = [f"{self._base_url}/{name}" for name in names]
        for start in range(0, len(urls), URLS_PER_REQUEST):
            self._purge(urls[start : start + URLS_PER_REQUEST])

    def _purge(self, urls: list[str]) -> None:
        import httpx  # noqa: PLC0415 - a library of 3 MB that is not needed without a CDN

        headers = {"authorization": f"Bearer {self._token}"} if self._token else {}
        verify, outcome = ssl_context_for(self._hook_url), metrics.CDN_PURGES.labels
        timeout = httpx.Timeout(WAIT_SECONDS, connect=CONNECT_SECONDS)
        try:
            with httpx.stream(
                "POST", self._hook_url, json={"files": urls}, headers=headers, timeout=timeout, verify=verify
            ) as answer:
                if not answer.is_success:
                    raise httpx.HTTPError(f"status {answer.status_code}")
        except httpx.HTTPError as problem:
            outcome(self._service, "failed").inc()
            raise Unavailable("storage_unavailable", f"The CDN did not purge: {problem!r}") from problem
        outcome(self._service, "done").inc()


def purge_from(service: str, settings: Settings, path: str) -> Purge | None:
    """The purge of this service's files, which clients get at `path`; None without a hook (`CDN_PURGE_URL`)."""
    if not settings.cdn_purge_url:
        return None
    return CdnPurge(service, settings.cdn_purge_url, settings.cdn_purge_token, settings.cdn_url + path)
