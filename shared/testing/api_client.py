"""An HTTP client of a service under test, with the access token of one user; and checks of its responses."""

from dataclasses import dataclass
from typing import Any

import httpx

from shared import ids

from .live_service import LiveService
from .tokens import FakeTokenIssuer

API = "/api/v1"
Json = dict[str, Any]


@dataclass(frozen=True)
class AuthenticatedClient:
    """Sends requests with a token for the subject `number`, whom the service may know or not."""

    service: LiveService
    token_issuer: FakeTokenIssuer
    number: int

    @property
    def id(self) -> str:
        """The subject in the wire format."""
        return ids.encode(self.number)

    def send(self, method: str, path: str, key: str | None = None, **options: Any) -> httpx.Response:
        """Any request below the API's base path; `key` is its idempotency key."""
        headers = self.token_issuer.bearer(self.number) | options.pop("headers", {})
        if key is not None:
            headers["Idempotency-Key"] = key
        return self.service.client.request(method, f"{API}{path}", headers=headers, **options)


def expect_json(response: httpx.Response, status: int = 201) -> Json:
    """The JSON of a response with this status."""
    assert response.status_code == status, response.text
    found: Json = response.json()
    return found


def expect_problem(response: httpx.Response, status: int, code: str, pointer: str | None = None) -> Json:
    """The problem of a response with this status and code, and with one field error at this pointer if it is given."""
    problem = expect_json(response, status)
    assert response.headers["content-type"] == "application/problem+json"
    assert problem["code"] == code, problem
    if pointer is not None:
        assert [error["pointer"] for error in problem["errors"]] == [pointer]
    return problem
