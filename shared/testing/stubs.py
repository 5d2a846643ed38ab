"""A stub of another service."""

from collections.abc import Callable

import httpx

from shared.http_client.client import Fields
from shared.http_client.response import RequestFailed
from shared.security.service_calls import Transport


class Stub:
    """A service with the responses that the test sets, JSON by path; everything else is 404. Down on demand."""

    def __init__(self, answers: dict[str, object] | None = None) -> None:
        self.answers = answers or {}
        self.down = False
        self.asked: list[httpx.Request] = []

    @property
    def transport(self) -> Transport:
        """For the client of that service."""
        return transport_to(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if self.down:
            raise RequestFailed("the service is down")
        found = self.answers.get(request.url.path)
        return httpx.Response(404) if found is None else httpx.Response(200, json=found)


def transport_to(answer: Callable[[httpx.Request], httpx.Response]) -> Transport:
    """Every request is answered by this function."""

    async def get(path: str, fields: Fields, _max_bytes: int) -> tuple[int, bytes]:
        response = answer(httpx.Request("GET", f"http://stub{path}", headers=fields))
        return response.status_code, response.content

    return get
