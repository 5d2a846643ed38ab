"""Checks responses strictly: the expected result, or a problem document in the common format."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import httpx

from shared.testing import eventually

ID = re.compile(r"\S{1,32}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
CODE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
PROBLEM_FIELDS = {"type", "title", "status", "detail", "instance", "code", "request_id"}
LEAKS = ("Traceback (most recent", "<html", "<!doctype", "sqlalchemy", "sqlite3", '.py", line')


def answer(response: httpx.Response, status: int = 200) -> Any:
    """The JSON of a response with this status."""
    assert response.status_code == status, f"not {status} but {shown(response)}"
    return response.json() if response.content else None


def items(response: httpx.Response) -> list[Any]:
    """The items of one page of a list."""
    page = answer(response, 200)
    assert set(page) >= {"items", "next_cursor"}, f"not a page: {shown(response)}"
    found: list[Any] = page["items"]
    return found


def ids(response: httpx.Response) -> list[str]:
    return [item["id"] for item in items(response)]


def refusal(response: httpx.Response, status: int | Iterable[int], code: str | None = None) -> Any:
    """The problem of a response with this status, and with this code if it is given."""
    allowed = {status} if isinstance(status, int) else set(status)
    assert response.status_code in allowed, f"not {sorted(allowed)} but {shown(response)}"
    flaw = flaw_in_problem(response)
    assert flaw is None, f"{flaw}: {shown(response)}"
    problem = response.json()
    assert code is None or problem["code"] == code, f"not {code} but {shown(response)}"
    return problem


def invalid(response: httpx.Response, pointer: str) -> Any:
    """The 422 of a body with an error at this pointer."""
    problem = refusal(response, 422)
    assert pointer in pointers(problem), f"no fault at {pointer}: {shown(response)}"
    return problem


def pointers(problem: Mapping[str, Any]) -> list[str]:
    return [fault["pointer"] for fault in problem.get("errors", [])]


def unauthorized(response: httpx.Response) -> Any:
    """The 401 of a missing, invalid, expired or revoked token."""
    problem = refusal(response, 401)
    challenge = response.headers.get("www-authenticate")
    assert challenge == 'Bearer error="invalid_token"', f"WWW-Authenticate is {challenge!r}"
    return problem


def disappears(web: httpx.Client, url: str) -> None:
    """Wait until the response is 404."""
    eventually(lambda: web.get(url).status_code == 404)


def flaw_in_problem(response: httpx.Response) -> str | None:
    """What is wrong with the format of a problem, or None."""
    if not 400 <= response.status_code < 500:
        return f"status {response.status_code}"
    if response.headers.get("content-type", "").partition(";")[0] != "application/problem+json":
        return f"content type {response.headers.get('content-type')!r}"
    if any(leak in response.text.lower() for leak in map(str.lower, LEAKS)):
        return "shows its inside"
    return _flaw_in_fields(response)


def _flaw_in_fields(response: httpx.Response) -> str | None:
    problem = response.json()
    if absent := PROBLEM_FIELDS - set(problem):
        return f"without {sorted(absent)}"
    if problem["status"] != response.status_code:
        return "its status is another"
    if not CODE.fullmatch(problem["code"]):
        return f"code {problem['code']!r}"
    if not problem["request_id"] or problem["request_id"] != response.headers.get("x-request-id"):
        return "its request_id is not the header's"
    return _flaw_in_faults(problem) if problem["status"] == 422 else None


def _flaw_in_faults(problem: Mapping[str, Any]) -> str | None:
    faults = problem.get("errors")
    if not isinstance(faults, list):
        return "422 without errors"
    if any(set(fault) < {"pointer", "code", "detail"} for fault in faults):
        return "an error without pointer, code or detail"
    return None


def shown(response: httpx.Response) -> str:
    """A response in one line, for the message of a failed test."""
    request = response.request
    return f"{response.status_code} to {request.method} {request.url}: {response.text[:600]}"
