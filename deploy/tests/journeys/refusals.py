"""Sends invalid requests and collects responses that are not the expected refusals."""

from collections.abc import Iterable

import httpx

from .bodies import JSON_HEADERS, Scene
from .contract import Operation
from .responses import flaw_in_problem, shown


class Refusals:
    """All unexpected responses of one test so far."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.wrong: list[str] = []

    def expect(self, response: httpx.Response, statuses: Iterable[int], what: object, code: str = "") -> None:
        flaw = flaw_in_problem(response)
        if flaw is None and response.status_code not in statuses:
            flaw = f"not one of {sorted(statuses)}"
        if flaw is None and code and response.json()["code"] != code:
            flaw = f"code is not {code}"
        if flaw:
            self.wrong.append(f"{what}: {flaw}: {shown(response)[:300]}")

    def send(self, operation: Operation, content: bytes, headers: dict[str, str] | None = None) -> httpx.Response:
        path = self.scene.path(operation)
        return self.scene.person.fetch(
            operation.method, path, content=content, headers=JSON_HEADERS if headers is None else headers
        )
