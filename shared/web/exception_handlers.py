"""Exception handlers of FastAPI: every error becomes a response in the format of shared/problem_details.py."""

from http import HTTPStatus
from typing import Any, cast, get_args

import structlog
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic_core.core_schema import ErrorType
from starlette.exceptions import HTTPException
from starlette.responses import Response

from shared import errors, problem_details
from shared.web.request_body import WITHOUT_NUL
from shared.web.request_target import request_path

_OWN_WORDS = {WITHOUT_NUL: ("nul_character", "Text may not contain NUL characters")}
"""The error of a text that does not match this pattern, instead of pydantic's."""
_FRAMEWORK_CODES = frozenset(get_args(ErrorType))
log = structlog.get_logger()


def on_app_error(request: Request, problem: Exception) -> Response:
    """An expected error of our own code."""
    refusal = cast("errors.AppError", problem)
    status = problem_details.STATUS[type(refusal)]
    content = problem_details.body(
        status,
        refusal.code,
        refusal.detail,
        path=request_path(request),
        request_id=request.scope.get("request_id", ""),
        field_errors=refusal.field_errors,
        extensions=refusal.extensions,
    )
    return _response(status, content, refusal.retry_after)


def on_invalid_request(request: Request, problem: Exception) -> Response:
    """A request that does not match the types of the route: 404 for the path, else 400 or 422."""
    found = cast("RequestValidationError", problem).errors()
    if any(each["loc"][0] == "path" for each in found):
        return _answer(request, 404, "not_found", "There is nothing here.")
    if any(each["type"] == "json_invalid" for each in found):
        return _answer(request, 400, "malformed_json", "The body is not valid JSON in UTF-8.")
    field_errors = tuple(_fault(each) for each in found[: problem_details.MAX_FIELD_ERRORS])
    detail = "; ".join(f"{each.pointer}: {each.detail}" for each in field_errors)[:1000]
    return _answer(request, 422, _code(field_errors), detail, field_errors)


def on_http_error(request: Request, problem: Exception) -> Response:
    """An error of the framework: unknown path or method, unreadable body."""
    failure = cast("HTTPException", problem)
    code = problem_details.CODES.get(
        failure.status_code, "malformed" if failure.status_code < 500 else "internal_error"
    )
    detail = "There is nothing here." if failure.status_code == HTTPStatus.NOT_FOUND else str(failure.detail)
    answer = _answer(request, failure.status_code, code, detail)
    for name, value in (failure.headers or {}).items():
        answer.headers[name] = value
    return answer


def on_unexpected_error(request: Request, problem: Exception) -> Response:
    """A bug: logged with its traceback; the response has no details."""
    route = getattr(request.scope.get("route"), "path", "unknown")  # the path itself may contain personal data
    log.error("unexpected failure", route=route, exc_info=problem)
    return _answer(request, 500, "internal_error", "Something went wrong on our side.")


def _fault(found: dict[str, Any]) -> errors.FieldError:
    context = found.get("ctx", {})
    code, detail = _OWN_WORDS.get(context.get("pattern"), (found["type"], found["msg"]))
    # A rule about several fields is checked for the whole body, and names the field at which its error is reported.
    path = (*found["loc"][1:], context["field"]) if "field" in context else found["loc"][1:]
    return errors.FieldError.at(*path, code=code, detail=_printable(detail))


def _code(field_errors: tuple[errors.FieldError, ...]) -> str:
    """The code of the rule if only one was broken; pydantic's codes become one code."""
    codes = {each.code for each in field_errors}
    return codes.pop() if len(codes) == 1 and not codes & _FRAMEWORK_CODES else "validation_failed"


def _printable(detail: str) -> str:
    return detail.encode("utf-8", "replace").decode()


def _answer(
    request: Request,
    status: int,
    code: str,
    detail: str,
    field_errors: tuple[errors.FieldError, ...] = (),
) -> Response:
    content = problem_details.body(
        status,
        code,
        detail,
        path=request_path(request),
        request_id=request.scope.get("request_id", ""),
        field_errors=field_errors,
    )
    return _response(status, content)


def _response(status: int, content: bytes, retry_after: int | None = None) -> Response:
    return Response(content, status, problem_details.headers_for(status, retry_after), problem_details.MEDIA_TYPE)
