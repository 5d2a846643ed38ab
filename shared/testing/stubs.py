"""A stub of another service."""

import httpx


class Stub:
    """A service with the responses that the test sets, JSON by path; everything else is 404. Down on demand."""

    def __init__(self, answers: dict[str, object] | None = None) -> None:
        self.answers = answers or {}
        self.down = False
        self.asked: list[httpx.Request] = []

    @property
    def transport(self) -> httpx.AsyncBaseTransport:
        """For the client of that service."""
        return httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if self.down:
            raise httpx.ConnectError("the service is down", request=request)
        found = self.answers.get(request.url.path)
        return httpx.Response(404) if found is None else httpx.Response(200, json=found)
